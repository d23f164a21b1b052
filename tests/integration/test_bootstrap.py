"""The virtual environment is made once, mended when it is broken, and never half there."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from config.environment import ROOT

NOTHING_TO_INSTALL = "# nothing\n"
# No index is reached: what is installed here needs none, and what needs one must say so.
OFFLINE = {"PIP_NO_INDEX": "1", "UV_OFFLINE": "1"}


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """Return a fresh clone whose list of requirements is empty."""
    tree = tmp_path / "tree"
    (tree / "config").mkdir(parents=True)
    shutil.copy(ROOT / "config" / "bootstrap.py", tree / "config")
    (tree / "requirements.txt").write_text(NOTHING_TO_INSTALL)
    (tree / "requirements-dev.txt").write_text(f"{NOTHING_TO_INSTALL}# and more\n")
    (tree / "requirements-mcp1.txt").write_text(NOTHING_TO_INSTALL)
    return tree


def bootstrap(tree: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "config/bootstrap.py", *arguments],
        cwd=tree,
        # With the uv that is beside us, if there is one: it saves a look for another.
        env={**os.environ, **OFFLINE, "PATH": f"{Path(sys.executable).parent}:{os.defpath}"},
        capture_output=True,
        text=True,
        check=False,
    )


def works(tree: Path) -> bool:
    python = tree / ".venv" / "bin" / "python"
    prefix = subprocess.run(
        [python, "-c", "import sys; print(sys.prefix)"], capture_output=True, text=True, check=True
    )
    is_whole = not (tree / ".venv" / "unfinished").exists()
    return is_whole and prefix.stdout.strip() == str(tree / ".venv")


def test_a_fresh_clone_gets_an_environment_of_its_own(tree: Path) -> None:
    done = bootstrap(tree)

    assert done.returncode == 0, done.stderr
    assert works(tree)


def test_a_second_run_changes_and_says_nothing(tree: Path) -> None:
    bootstrap(tree)
    before = (tree / ".venv" / "installed.json").stat().st_mtime_ns

    second = bootstrap(tree)

    assert (second.returncode, second.stdout, second.stderr) == (0, "", "")
    assert (tree / ".venv" / "installed.json").stat().st_mtime_ns == before


def test_what_developers_have_is_enough_to_run(tree: Path) -> None:
    bootstrap(tree, "--dev")

    run = bootstrap(tree)

    assert (run.returncode, run.stdout) == (0, "")


def test_a_list_that_changed_is_installed(tree: Path) -> None:
    bootstrap(tree)
    (tree / "requirements.txt").write_text("# nothing else\n")

    changed = bootstrap(tree)

    assert "Installed" in changed.stdout


def test_an_environment_that_was_left_unfinished_is_made_anew(tree: Path) -> None:
    bootstrap(tree)
    (tree / ".venv" / "unfinished").touch()
    (tree / ".venv" / "half a package").touch()

    bootstrap(tree)

    assert works(tree)
    assert not (tree / ".venv" / "half a package").exists()


def test_an_environment_without_its_python_is_made_anew(tree: Path) -> None:
    bootstrap(tree)
    (tree / ".venv" / "bin" / "python").unlink()

    bootstrap(tree)

    assert works(tree)


def test_an_environment_that_was_moved_is_made_anew(tree: Path) -> None:
    bootstrap(tree)
    moved = tree.rename(tree.with_name("moved"))

    bootstrap(moved)

    assert works(moved)


def test_what_cannot_be_installed_is_one_sentence_and_tried_again(tree: Path) -> None:
    (tree / "requirements.txt").write_text("a-package==1.0 --hash=sha256:" + "0" * 64 + "\n")

    refused = bootstrap(tree)

    assert refused.returncode == 1
    assert refused.stderr.startswith("requirements.txt cannot be installed (")
    assert len(refused.stderr.splitlines()) == 1
    (tree / "requirements.txt").write_text(NOTHING_TO_INSTALL)
    assert bootstrap(tree).returncode == 0
    assert works(tree)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_that_cannot_be_written_is_named(tree: Path) -> None:
    tree.chmod(0o500)

    refused = bootstrap(tree)

    tree.chmod(0o700)
    assert refused.returncode == 1
    assert f"{tree / '.venv'} cannot be made" in refused.stderr
    assert len(refused.stderr.splitlines()) == 1
