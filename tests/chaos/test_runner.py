"""`make run`: everything starts, says what is wrong in one sentence, and leaves nothing behind."""

import json
import os
import signal
import socket
import stat
import sys
import urllib.request
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest
from websockets.sync.client import connect
from websockets.typing import Subprotocol

from tests.chaos.running import (
    Product,
    copy_tree,
    first_of,
    free_port,
    has_said,
    is_up,
    matching,
    processes_of,
    run,
    running,
    said,
    wait_until,
)

pytestmark = [
    pytest.mark.skipif(sys.platform != "linux", reason="reads /proc"),
    pytest.mark.timeout(240),
]


@pytest.fixture(scope="module")
def product(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Product]:
    """Return a product that runs; a test may kill what is started again."""
    tree, port = copy_tree(tmp_path_factory.mktemp("product")), free_port()
    with running(tree, PORT=str(port)) as process:
        wait_until(lambda: is_up(tree), what="the welcome")
        yield Product(tree, port, process.pid)


# The name of a process, and what its command line contains.
KILLED = {"web": "uvicorn config.asgi", "postgres": "/bin/postgres -D", "redis": "valkey-server"}


def open_socket(port: int, *, origin: str, token: str) -> None:
    """Open a live socket as a page of `origin` does. Raises InvalidStatus when it is refused."""
    with connect(
        f"ws://127.0.0.1:{port}/health-updates",
        additional_headers={"Origin": origin},
        subprotocols=[Subprotocol("bearer"), Subprotocol(token)],
        proxy=None,
    ):
        pass


def assert_refused(tree: Path, sentence: str, **variables: str) -> None:
    done = run(tree, "-m", "config.runner", **variables)

    assert done.returncode == 1
    assert sentence in done.stderr
    assert "Traceback" not in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1
    assert not processes_of(tree)


def test_a_newcomer_sees_the_demo_and_other_terminals_find_its_servers(product: Product) -> None:
    summary = run(product.tree, "manage.py", "health_summary", "--json")
    with urllib.request.urlopen(f"{product.url}/healthz", timeout=5) as answer:
        health = answer.read()
    token = run(product.tree, "manage.py", "issue_token", "user-001").stdout.strip()
    for host in ("localhost", "127.0.0.1"):
        open_socket(product.port, origin=f"http://{host}:{product.port}", token=token)

    assert json.loads(summary.stdout)["rows"], summary.stderr
    assert health == b"ok"


def test_a_second_run_in_the_same_tree_names_the_first(product: Product) -> None:
    done = run(product.tree, "-m", "config.runner", PORT=str(free_port()))

    assert done.returncode == 1
    assert f"already (process {product.pid})" in done.stderr
    assert "Traceback" not in done.stderr


def test_what_dies_is_started_again_and_the_product_is_ready_again(product: Product) -> None:
    wait_until(product.is_ready, what="a first /readyz")
    for name, words in KILLED.items():
        os.kill(first_of(matching(product.tree, words)), signal.SIGKILL)
        died = f"{name} was ended by SIGKILL; it starts again in 1 s."
        wait_until(partial(has_said, product.tree, died), what=died)
        wait_until(product.is_ready, what=f"ready again without {name}")


def test_nothing_is_left_when_the_runner_is_killed_and_the_next_run_finds_its_data(
    tree: Path,
) -> None:
    with running(tree, PORT=str(free_port())) as process:
        wait_until(lambda: is_up(tree), what="the welcome")
        wait_until(lambda: len(matching(tree, "celery")) >= 6, what="pool processes")
        process.kill()
        process.wait()
        wait_until(lambda: not processes_of(tree), what="an empty process table", patience=20)
    passwords = (tree / "var" / "credentials.txt").read_text()
    (tree / "said.txt").write_text("")
    with running(tree, PORT=str(free_port())) as process:
        wait_until(lambda: is_up(tree), what="the second welcome")
        second = said(tree)
        process.send_signal(signal.SIGINT)
        status = process.wait(60)

    assert "0 created" in second or "nothing changed" in second
    assert (tree / "var" / "credentials.txt").read_text() == passwords
    assert status == 0
    assert not processes_of(tree)
    secret_files = [tree / "var" / name for name in ("secrets.env", "credentials.txt", "run.pid")]
    assert {stat.S_IMODE(path.stat().st_mode) for path in secret_files} == {0o600}
    assert not (tree / "var" / "run.env").exists()


def test_a_recycled_process_id_is_not_taken_for_a_running_product(tree: Path) -> None:
    var = tree / "var"
    var.mkdir()
    (var / "run.pid").write_text(f"{os.getpid()}\n")
    (var / "run.env").write_text("DATABASE_URL=postgresql://gone@127.0.0.1:1/gone\n")

    done = run(tree, "manage.py", "health_summary", SECRET_KEY="k", FIELD_ENCRYPTION_KEYS="k")

    assert "DATABASE_URL is not set" in done.stderr


def test_a_taken_port_is_named_with_one_to_try(tree: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]

        assert_refused(tree, f"Port {port} of 127.0.0.1 cannot be had", PORT=str(port))


def test_a_port_that_is_no_number_is_refused(tree: Path) -> None:
    assert_refused(tree, "PORT=eight is not understood", PORT="eight")


def test_a_host_that_nobody_can_have_is_refused(tree: Path) -> None:
    assert_refused(tree, "HOST=one..two is not known", PORT=str(free_port()), HOST="one..two")


def test_a_var_that_cannot_be_a_folder_is_refused(tree: Path) -> None:
    (tree / "var").write_text("")

    assert_refused(tree, "cannot be written (File exists)", PORT=str(free_port()))


def test_damaged_data_is_refused_and_left_alone(tree: Path) -> None:
    data = tree / "var" / "demo" / "postgres"
    data.mkdir(parents=True)
    (data / "PG_VERSION").write_text("\0\0")

    assert_refused(tree, "is damaged", PORT=str(free_port()))

    assert (data / "PG_VERSION").read_text() == "\0\0"


def test_a_lost_encryption_key_is_refused_rather_than_replaced(tree: Path) -> None:
    (tree / "var").mkdir()
    (tree / "var" / "secrets.env").write_text("SECRET_KEY=kept\nSIMULATOR_API_KEY=kept\n")

    assert_refused(tree, "has no FIELD_ENCRYPTION_KEYS", PORT=str(free_port()))


def test_a_release_step_that_fails_stops_the_start(tree: Path) -> None:
    (tree / "Procfile").write_text("release: python -c 'raise SystemExit(3)'\nweb: sleep 60\n")

    done = run(tree, "-m", "config.runner", PORT=str(free_port()))

    assert done.returncode == 1
    assert "release     | " not in done.stdout
    assert "release ended with status 3." in done.stdout
    assert "The product was not started" in done.stderr
    assert not processes_of(tree)


def with_web(tree: Path, program: str) -> dict[str, str]:
    """Have `web` be a Python program; return the variables that keep the demo out of it."""
    (tree / "web.py").write_text(program)
    (tree / "Procfile").write_text("release: python -V\nweb: python web.py\n")
    return {
        "PORT": str(free_port()),
        "COMPOSIO_API_KEY": "none",
        "COMPOSIO_BASE_URL": "http://127.0.0.1:1",
    }


def test_a_second_ctrl_c_kills_what_does_not_end(tree: Path) -> None:
    deaf = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
    variables = with_web(tree, f"{deaf}print('deaf', flush=True)\ntime.sleep(600)\n")

    with running(tree, **variables) as process:
        wait_until(partial(has_said, tree, "web         | deaf"), what="web")
        process.send_signal(signal.SIGINT)
        wait_until(partial(has_said, tree, "Stopping ..."), what="the first Ctrl-C")
        process.send_signal(signal.SIGINT)
        process.wait(15)

    assert "web did not end by itself and was killed." in said(tree)
    assert not processes_of(tree)


def test_what_dies_again_and_again_is_started_less_and_less_often(tree: Path) -> None:
    variables = with_web(tree, "raise SystemExit(3)\n")

    with running(tree, **variables):
        wait_until(partial(has_said, tree, "starts again in 4 s"), what="a third death")

    assert [f"starts again in {delay} s" in said(tree) for delay in (1, 2, 4)] == [True] * 3
    assert "web ended with status 3" in said(tree)


def test_an_empty_address_is_the_one_that_is_listened_at(tree: Path) -> None:
    show = "import os; print(os.environ['PUBLIC_URL'], flush=True); __import__('time').sleep(600)\n"
    variables = with_web(tree, show)
    address = f"http://localhost:{variables['PORT']}"

    with running(tree, **variables, PUBLIC_URL=""):
        wait_until(partial(has_said, tree, f"web         | {address}"), what="the address")
