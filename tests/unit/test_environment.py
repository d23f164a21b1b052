"""The environment is read with what is written in files, and a mistake is named, not shown."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from django.core.exceptions import ImproperlyConfigured

from config import environment

NAME = "HEALTH_TEST_VARIABLE"


@pytest.fixture(autouse=True)
def nothing_is_set(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("IGNORE_ENV_FILES", "0")
    monkeypatch.setenv(NAME, "")


def read(var: Path, content: bytes) -> str:
    (var / "secrets.env").write_bytes(content)
    environment.load_files(var, root=var)
    return os.environ[NAME]


@pytest.mark.parametrize(
    ("content", "value"),
    [
        (b"%s=a b", "a b"),
        (b"export %s='a b'\n", "a b"),
        (b"# why\n\n  \n  # more\n%s=a=b#c\r\n", "a=b#c"),
        (b"\xef\xbb\xbf%s=with a mark of order\n", "with a mark of order"),
        (b"%s=\n", ""),
    ],
)
def test_a_file_says_what_the_environment_does_not(
    tmp_path: Path, content: bytes, value: str
) -> None:
    assert read(tmp_path, content % NAME.encode()) == value


@pytest.mark.parametrize("line", [f"{NAME} = hunter2", f"  {NAME}=hunter2", f"{NAME}: hunter2"])
def test_a_line_that_says_nothing_is_named_and_not_shown(
    tmp_path: Path, line: str, capfd: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(ImproperlyConfigured, match=r"Line 2 of .*secrets\.env is not") as error:
        read(tmp_path, f"# first\n{line}\n".encode())

    assert "hunter2" not in str(error.value) + "".join(capfd.readouterr())


def test_a_file_that_is_no_text_is_named(tmp_path: Path) -> None:
    with pytest.raises(ImproperlyConfigured, match=r"secrets\.env is not .* Save it as UTF-8"):
        read(tmp_path, f"{NAME}=M\xfcller\n".encode("latin-1"))


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody else")
def test_files_of_somebody_else_say_nothing(tmp_path: Path) -> None:
    var = tmp_path / "var"
    var.mkdir(mode=0o700)
    read(var, b"")
    os.seteuid(65_534)
    try:
        environment.load_files(var, root=var)
    finally:
        os.seteuid(0)


@pytest.mark.parametrize("has_ports", [False, True])
def test_hosts_are_read_as_browsers_say_them(
    monkeypatch: pytest.MonkeyPatch, has_ports: bool
) -> None:
    port = ":8080" if has_ports else ""
    said = [f"Health.Example.com{port}", f"10.0.0.7{port}", f"[::1]{port}"]
    monkeypatch.setenv(NAME, ", ".join(said))

    found = environment.hosts(NAME, default=[], has_ports=has_ports)

    assert found == [host.lower() for host in said]
    assert environment.hosts("HEALTH_TEST_NONE", default=["*", ".internal"]) == ["*", ".internal"]


@pytest.mark.parametrize(
    ("value", "has_ports"),
    [
        ("https://health.example.com", False),
        ("health.example.com:8000", False),
        ("::1", False),
        ("health.example.com/status", False),
        ("one.example.com two.example.com", False),
        ("chat.internal", True),
        ("https://chat.internal:443", True),
        ("chat.internal:https", True),
        ("[::1]", True),
    ],
)
def test_what_no_host_is_called_is_named(
    monkeypatch: pytest.MonkeyPatch, value: str, has_ports: bool
) -> None:
    monkeypatch.setenv(NAME, f"10.0.0.7{':80' * has_ports},{value}")

    with pytest.raises(ImproperlyConfigured, match=f"{NAME} is not understood. Type for"):
        environment.hosts(NAME, default=[], has_ports=has_ports)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("PUBLIC_URL", "health.example.com"),
        ("COMPOSIO_BASE_URL", "https://me:hunter2@backend.example.com:port"),
        ("KLAVIS_BASE_URL", "ftp://hunter2"),
        ("EGRESS_CANARY_URLS", "https://one.example.com,hunter2.example.com"),
        ("EGRESS_CANARY_URLS", "https://"),
        ("WS_ALLOWED_ORIGINS", "https://app.example.com:hunter2,https://two.example.com"),
        ("WS_ALLOWED_ORIGINS", "app.example.com"),
    ],
)
def test_what_is_no_address_is_named_and_not_shown(name: str, value: str) -> None:
    done = subprocess.run(
        [sys.executable, "-c", "from config import settings"],
        env={**os.environ, "IGNORE_ENV_FILES": "1", name: value},
        capture_output=True,
        text=True,
        check=False,
    )

    last = done.stderr.splitlines()[-1]
    assert f"{name} is not understood. Type for example: {name}=https://" in last
    assert "hunter2" not in done.stderr
