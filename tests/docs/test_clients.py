"""What docs/clients/ shows to the app's developers is true: it compiles, and its lines run."""

import json
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from integrations_health import api_keys, openapi, tokens
from integrations_health.access import OWN
from integrations_health.providers.simulator import Simulator, running
from tests import factories, keys
from tests.watching import watch
from tests.web_process import Web, web

CLIENTS = Path(__file__).parents[2] / "docs" / "clients"
DENO = Path(sys.executable).with_name("deno")
needs_deno = pytest.mark.skipif(not DENO.exists(), reason="SKIPPED ALOUD: there is no deno here")
needs_curl = pytest.mark.skipif(
    not (shutil.which("curl") and shutil.which("bash")),
    reason="SKIPPED ALOUD: there is no curl here",
)
# ```sh, with what the lines are for, if anything.
BLOCKS = re.findall(r"^```sh ?(\w*)\n(.*?)^```", (CLIENTS / "curl.md").read_text(), re.M | re.S)


class Ran(NamedTuple):
    """What the lines of a block said, one answer after another."""

    lines: str
    said: str


@pytest.fixture
def provider() -> Iterator[Simulator]:
    with running() as simulator:
        yield simulator


@pytest.fixture
def server(provider: Simulator, tmp_path: Path, transactional_db: None) -> Iterator[Web]:
    with web(
        tmp_path,
        JWT_SECRET=keys.SECRET,
        COMPOSIO_BASE_URL=provider.base_url,
        COMPOSIO_API_KEY=provider.api_key,
        COMPOSIO_CALLS_PER_MINUTE="0",
    ) as started:
        yield started


def typescript(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(DENO), *arguments], cwd=CLIENTS, capture_output=True, text=True, check=False
    )


@needs_deno
def test_the_typescript_is_sound() -> None:
    files = sorted(path.name for path in CLIENTS.glob("*.ts"))

    found = typescript("check", "--no-config", "--no-lock", *files)

    assert found.returncode == 0, found.stderr


@needs_deno
@pytest.mark.parametrize(
    "wrong",
    [
        'const a: Current["status"] = "fine";',
        "const a = (h: Health) => h.current.lastCheckAt.length;",
        'void call({ url: "", token: "" }, "listIntegrations", { query: { limit: "5" } });',
    ],
)
def test_the_types_refuse_what_is_wrong(wrong: str, tmp_path: Path) -> None:
    file = tmp_path / "wrong.ts"
    file.write_text(
        f'import type {{ Current, Health }} from "{CLIENTS}/types.ts";\n'
        f'import {{ call }} from "{CLIENTS}/api.ts";\n'
        f"{wrong}\nexport type Used = [Current, Health, typeof call];\n"
    )

    found = typescript("check", "--no-config", "--no-lock", str(file))

    assert found.returncode != 0
    assert "TS2" in found.stderr or "TS18" in found.stderr


def test_every_operation_but_a_providers_own_can_be_called_by_its_name() -> None:
    called = set(re.findall(r"^  (\w+): \[", (CLIENTS / "api.ts").read_text(), re.M))
    named = {
        operation["operationId"]
        for path, methods in openapi.document()["paths"].items()
        for operation in methods.values()
        if not path.startswith("/api/hooks/")
    }

    assert called == named


@needs_curl
def test_the_lines_for_curl_run(
    server: Web, provider: Simulator, settings: Any, tmp_path: Path
) -> None:
    settings.JWT_SECRET = keys.SECRET
    user = factories.user(external_id="app-user-7")
    watched = watch(provider, provider.connect("composio", "gmail", user_id="u"), user=user)
    factories.history(watched)
    # Of no rule, so that the check below does not end it.
    factories.alert(integration=watched, rule=None)
    now = datetime.now(UTC)
    known = {
        "URL": server.url,
        "TOKEN": tokens.issue(user, lifetime=timedelta(hours=1), scopes=OWN, now=now),
        "KEY": api_keys.make("curl", may_write=True, expires_at=None).key,
        "ID": str(watched.pk),
    }

    ran = [_run(lines, known) for purpose, lines in BLOCKS if purpose != "setup"]

    by_line = {one.lines: one.said for one in ran}
    assert len(by_line) > 10
    assert _said(by_line, "If-None-Match").strip() == "304"
    assert _said(by_line, "text/csv").splitlines()[-1].count(",") == 4
    assert json.loads(_said(by_line, "/health/check"))["status"] == "healthy"
    assert json.loads(_said(by_line, "ws-ticket"))["ticket"]
    assert "I reconnect it this afternoon." in _said(by_line, "/acknowledge")
    assert json.loads(_said(by_line, "limit=0"))["requestId"] == "example-1"
    assert str(watched.pk) in _said(by_line, "limit=5")


def _run(lines: str, known: dict[str, str]) -> Ran:
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", lines],
        env={"PATH": "/usr/bin:/bin:/usr/local/bin", **known},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, f"{lines}\n{done.stdout}\n{done.stderr}"
    return Ran(lines, done.stdout)


def _said(by_line: dict[str, str], part: str) -> str:
    (said,) = (said for lines, said in by_line.items() if part in lines)
    return said
