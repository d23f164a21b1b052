"""Everything a run needs, started and stopped together: servers, simulator, one worker."""

import json
import os
import secrets
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from cryptography.fernet import Fernet

from bench import processes, rows
from config import child
from config.postgres import Postgres
from config.valkey import Valkey

ROOT = Path(__file__).resolve().parent.parent
CONCURRENCY = 50
_START_SECONDS = 30
_STOP_SECONDS = 10
_SIMULATOR = "integrations_health.providers.simulator"
_WORKER = (
    *("-m", "celery", "-A", "config", "worker", "--queues", "checks"),
    *("--concurrency", "1", "--pool", "prefork", "--loglevel", "warning"),
    *("--without-gossip", "--without-mingle"),
)


class Broken(Exception):
    """A run cannot go on; the text says why."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Stage:
    """What is running: where it listens, and which processes it consists of."""

    rows: rows.Rows
    environment: Mapping[str, str]
    provider_url: str
    postgres: int
    redis: int
    worker: subprocess.Popen[bytes]
    worker_log: Path

    @property
    def broker_url(self) -> str:
        """Where the worker hears of its tasks."""
        return self.environment["REDIS_URL"]

    def provider_calls(self) -> int:
        """Return how many calls the simulated provider has counted so far."""
        direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        with direct.open(f"{self.provider_url}/_simulator/counts") as answer:
            return int(json.load(answer).get(rows.PROVIDER, 0))

    def let_provider_answer(self, script: str) -> None:
        """Let the simulated provider answer everything by a script; an empty one ends that."""
        request = urllib.request.Request(
            f"{self.provider_url}/_simulator/answers",
            data=json.dumps({"provider": rows.PROVIDER, "script": script}).encode(),
            headers={"content-type": "application/json"},
        )
        direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        try:
            direct.open(request, timeout=5).close()
        except OSError as problem:
            raise Broken(f"The simulator did not take it: {problem}") from None

    def run_module(
        self, module: str, *arguments: str, variables: Mapping[str, str] | None = None
    ) -> bytes:
        """Run one of our modules with the product's environment and return what it printed.

        `variables` are added to the environment. Raises Broken.
        """
        command = [sys.executable, "-m", module, *arguments]
        environment = {**self.environment, **(variables or {})}
        process = child.start(command, output=subprocess.PIPE, env=environment, cwd=ROOT)
        try:
            printed, _ = process.communicate()
        finally:
            child.stop(process, signal_number=signal.SIGTERM, patience=_STOP_SECONDS)
        if process.returncode:
            raise Broken(f"{module} failed:\n{printed.decode(errors='replace')}")
        return printed

    @contextmanager
    def worker_held(self) -> Iterator[None]:
        """Keep the worker from doing anything: by its own ticks it would take what becomes due.

        And wait for what fills the table, which holds its rows until they are all there.
        """
        os.killpg(self.worker.pid, signal.SIGSTOP)
        try:
            yield
        finally:
            os.killpg(self.worker.pid, signal.SIGCONT)

    def check_worker(self) -> None:
        """Raise Broken, with the end of its log, when the worker has died."""
        if self.worker.poll() is not None:
            raise Broken(f"The worker ended:\n{self.log_end()}")

    def log_end(self) -> str:
        """Return the last lines of the worker's log."""
        return "\n".join(self.worker_log.read_text(errors="replace").splitlines()[-30:])


@contextmanager
def running(*, accounts: int) -> Iterator[Stage]:
    """Yield a stage whose simulated provider knows `accounts` accounts; leave nothing behind."""
    with ExitStack() as stack:
        folder = Path(
            stack.enter_context(
                tempfile.TemporaryDirectory(prefix="health-bench-", ignore_cleanup_errors=True)
            )
        )
        urls = stack.enter_context(_servers(folder))
        key = secrets.token_urlsafe(16)
        provider_url = stack.enter_context(_provider(folder, accounts=accounts, key=key))
        path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', os.defpath)}"
        environment = {**os.environ, "PATH": path, **urls, **_settings(provider_url, key)}
        _migrate(environment)
        table = stack.enter_context(rows.opened(urls["DATABASE_URL"]))
        log = folder / "worker.log"
        worker = stack.enter_context(_worker(log, environment))
        yield Stage(
            rows=table,
            environment=environment,
            provider_url=provider_url,
            postgres=processes.child_named("postgres"),
            redis=processes.child_named("valkey-server"),
            worker=worker,
            worker_log=log,
        )


@contextmanager
def _servers(folder: Path) -> Iterator[dict[str, str]]:
    # Always our own: the CPU time of servers that others use, too, would say nothing.
    postgres = Postgres(folder / "postgres", is_durable=True)
    with postgres.running() as url:
        rows.load_statistics(url)
    valkey = Valkey(folder / "valkey", is_durable=True)
    with postgres.running() as database_url, valkey.running() as redis_url:
        yield {"DATABASE_URL": database_url, "REDIS_URL": redis_url, "BROKER_URL": redis_url}


def _settings(provider_url: str, key: str) -> dict[str, str]:
    return {
        "SECRET_KEY": secrets.token_urlsafe(50),
        "FIELD_ENCRYPTION_KEYS": Fernet.generate_key().decode(),
        "COMPOSIO_BASE_URL": provider_url,
        "COMPOSIO_API_KEY": key,
        "COMPOSIO_CALLS_PER_MINUTE": "0",
        "COMPOSIO_CONCURRENCY": str(CONCURRENCY),
        "NO_PROXY": "127.0.0.1",
        # As long as a run: whose backend is whose must be known to its end.
        "DATABASE_KEEP_SECONDS": "7200",
    }


def _migrate(environment: Mapping[str, str]) -> None:
    command = [sys.executable, "manage.py", "migrate", "--verbosity=0"]
    done = subprocess.run(command, env=environment, cwd=ROOT, capture_output=True, check=False)
    if done.returncode:
        raise Broken(f"The database could not be prepared:\n{done.stderr.decode()}")


@contextmanager
def _provider(folder: Path, *, accounts: int, key: str) -> Iterator[str]:
    port = free_port()
    command = [sys.executable, "-m", _SIMULATOR, "--port", str(port), "--population", str(accounts)]
    environment = {**os.environ, "SIMULATOR_API_KEY": key}
    with (folder / "simulator.log").open("wb") as log:
        process = child.start(command, output=log, env=environment, cwd=ROOT)
    try:
        wait_for(process, port, log=folder / "simulator.log")
        yield f"http://127.0.0.1:{port}"
    finally:
        child.stop(process, signal_number=signal.SIGTERM, patience=_STOP_SECONDS)


@contextmanager
def _worker(log: Path, environment: Mapping[str, str]) -> Iterator[subprocess.Popen[bytes]]:
    with log.open("wb") as output:
        process = child.start(
            [sys.executable, *_WORKER], output=output, env=dict(environment), cwd=ROOT
        )
    try:
        yield process
    finally:
        child.stop(process, signal_number=signal.SIGTERM, patience=_STOP_SECONDS)


def command_of(process: str) -> list[str]:
    """Return how the Procfile starts a process of this name."""
    lines = (ROOT / "Procfile").read_text().splitlines()
    line = next(line for line in lines if line.startswith(f"{process}:"))
    return ["sh", "-c", f"exec {line.partition(':')[2].strip()}"]


def free_port() -> int:
    """Return a port that nobody listens at."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_for(process: subprocess.Popen[bytes], port: int, *, log: Path) -> None:
    """Wait until a server listens. Raises Broken, with its log, when it does not."""
    deadline = time.monotonic() + _START_SECONDS
    while process.poll() is None and time.monotonic() < deadline:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
        except OSError:
            time.sleep(0.05)
        else:
            return
    raise Broken(f"A server did not start:\n{log.read_text(errors='replace')}")
