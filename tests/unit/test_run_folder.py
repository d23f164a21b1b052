"""What `make run` keeps: secrets that are never lost, and the way to the servers that run."""

from pathlib import Path

import pytest

from config import run_folder
from config.server_errors import CannotStart


def kept(var: Path) -> dict[str, str]:
    lines = (var / "secrets.env").read_text().splitlines()
    return dict(line.split("=", 1) for line in lines)


def test_secrets_are_made_once(tmp_path: Path) -> None:
    run_folder.make_secrets(tmp_path)
    first = kept(tmp_path)

    run_folder.make_secrets(tmp_path)

    assert first.keys() == run_folder.SECRETS.keys()
    assert kept(tmp_path) == first


@pytest.mark.parametrize("later", sorted(run_folder.ADDED_LATER))
def test_a_secret_that_came_with_a_later_version_is_added_to_the_others(
    tmp_path: Path, later: str
) -> None:
    run_folder.make_secrets(tmp_path)
    before = kept(tmp_path)
    older = {name: value for name, value in before.items() if name != later}
    text = "".join(f"{name}={value}\n" for name, value in older.items())
    (tmp_path / "secrets.env").write_text(text)

    run_folder.make_secrets(tmp_path)

    now = kept(tmp_path)
    assert now == older | {later: now[later]}
    assert len(now[later]) >= 32


def test_a_secret_whose_loss_loses_data_is_never_made_anew(tmp_path: Path) -> None:
    (tmp_path / "secrets.env").write_text("SECRET_KEY=kept\nSIMULATOR_API_KEY=kept\n")

    with pytest.raises(CannotStart, match="has no FIELD_ENCRYPTION_KEYS"):
        run_folder.make_secrets(tmp_path)

    assert kept(tmp_path) == {"SECRET_KEY": "kept", "SIMULATOR_API_KEY": "kept"}


def test_who_is_refused_leaves_the_way_to_the_servers_that_run(tmp_path: Path) -> None:
    with run_folder.held(tmp_path):
        run_folder.write_environment(tmp_path, {"REDIS_URL": "redis://here"})

        with pytest.raises(CannotStart, match="already"), run_folder.held(tmp_path):
            pass

        assert (tmp_path / "run.env").read_text() == "REDIS_URL=redis://here\n"
    assert not (tmp_path / "run.env").exists()
