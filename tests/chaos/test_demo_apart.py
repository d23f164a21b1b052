"""After the demo: whoever sets a key watches real accounts, and none of the demo's."""

import json
import signal
import sys
from pathlib import Path

import pytest

from tests.chaos.running import free_port, is_up, run, running, wait_until

pytestmark = [
    pytest.mark.skipif(sys.platform != "linux", reason="reads /proc"),
    pytest.mark.timeout(240),
]

# Of a provider that is away: nothing is asked of a real one.
KEY = {"COMPOSIO_API_KEY": "real", "COMPOSIO_BASE_URL": "http://127.0.0.1:1"}


def watched(tree: Path, **variables: str) -> list[dict[str, object]]:
    """Run the product until it is up; return what it watches by then."""
    (tree / "said.txt").write_text("")
    with running(tree, PORT=str(free_port()), **variables) as process:
        wait_until(lambda: is_up(tree), what="the welcome")
        summary = run(tree, "manage.py", "health_summary", "--json", **variables)
        process.send_signal(signal.SIGINT)
        process.wait(60)
    rows: list[dict[str, object]] = json.loads(summary.stdout)["rows"]
    return rows


def test_a_key_finds_nothing_of_the_demo_and_the_demo_is_there_again_without_it(tree: Path) -> None:
    demo, real, demo_again = watched(tree), watched(tree, **KEY), watched(tree)

    assert demo
    assert real == []
    assert demo_again
