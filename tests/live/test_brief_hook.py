"""The customer's own hook, unchanged, shows what the server tells."""

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from integrations_health.models import User
from integrations_health.outcomes import Outcome
from tests import factories
from tests.live.serving import ORIGIN, Server, change

HERE = Path(__file__).parent
DENO = Path(sys.executable).with_name("deno")
pytestmark = pytest.mark.skipif(not DENO.exists(), reason="SKIPPED ALOUD: there is no deno here")


class Page:
    """A page that uses the hook; what it shows comes line by line."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process

    def shows(self) -> Any:
        """Return the next thing that it shows."""
        assert self._process.stdout is not None
        return json.loads(self._process.stdout.readline())

    def unmount(self) -> int:
        """Take the page away, and return how it ended."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        return self._process.wait(timeout=20)


@contextmanager
def page(server: Server, session: str, *integration_ids: str) -> Iterator[Page]:
    arguments = [
        *(str(HERE / "brief_hook.ts"), f"ws://127.0.0.1:{server.port}", ORIGIN),
        *(f"sessionid={session}", *integration_ids),
    ]
    with subprocess.Popen(
        [
            *(str(DENO), "run", "--no-check", "--no-config", "--no-lock"),
            *("--allow-net", "--allow-read", str(HERE / "brief_page.ts"), *arguments),
        ],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            yield Page(process)
        finally:
            process.kill()


def test_the_hook_shows_how_things_are_and_become_and_who_is_unwell(
    server: Server, owner: User, session: str
) -> None:
    gmail = factories.integration(user=owner, service="gmail", status="healthy")
    key = f"integration-health/{gmail.pk}"

    with page(server, session, str(gmail.pk)) as shown:
        first = shown.shows()
        change(gmail, outcome=Outcome.SLOW)
        second = shown.shows()
        while True:
            change(gmail, outcome=Outcome.UNREACHABLE)
            third = shown.shows()
            if third[key]["current"]["status"] == "unhealthy":
                break
        notification = shown.shows()
        ended = shown.unmount()

    assert first[key]["current"]["status"] == "healthy"
    assert second[key]["current"]["status"] == "degraded"
    assert second[key]["statistics"] == "kept"
    assert third[key]["current"]["errorMessage"]
    assert notification["notification"]["message"] == "gmail integration is experiencing issues"
    assert ended == 0
