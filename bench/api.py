"""Measure what the API costs: `python -m bench.api`, a minute or two.

The real server answers the product's own addresses and, beside them, bare Django views that run one
query and return as much JSON. Its CPU time is counted per request, in rounds that alternate.
"""

import http.client
import json
import secrets
import sys
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from statistics import median, quantiles
from typing import Any, NamedTuple

from bench import processes, stage
from bench.stage import ROOT, Broken, Stage
from config import child

REQUESTS, ROUNDS = 300, 5
HANGING = 50
# All of it happens while the callers of the checks wait, which they do for twelve seconds.
_LATENCY_SECONDS = 5
_TO_HANG_SECONDS = 5
_STOP_SECONDS = 10


class Reader(NamedTuple):
    """Who asks, and for what."""

    port: int
    user: str
    integrations: list[str]
    token: str


def measure(on: Stage) -> dict[str, Any]:
    """Return what the API costs, as ratios to the bare views, and how it bears hanging checks."""
    variables = {
        "JWT_SECRET": secrets.token_urlsafe(40),
        "DATABASE_POOL_SIZE": "16",
        "DJANGO_SETTINGS_MODULE": "bench.api_settings",
    }
    made = json.loads(on.run_module("bench.api_rows", variables=variables))
    log = on.worker_log.with_name("web.log")
    with _server({**on.environment, **variables}, log) as (port, pid):
        reader = Reader(port, made["user"], made["integrations"], made["token"])
        return {
            **_costs(reader, pid, postgres=on.postgres),
            "while_checks_hang": _latencies(on, reader),
        }


def _costs(reader: Reader, pid: int, *, postgres: int) -> dict[str, Any]:
    one = reader.integrations[0]
    pairs = {
        "health": (f"/bare/checks/{one}", f"/api/integrations/{one}/health"),
        "list": (f"/bare/integrations/{reader.user}", "/api/integrations?limit=50"),
    }
    found: dict[str, Any] = {}
    for name, paths in pairs.items():
        client = Client(reader)
        for path in paths:
            client.ask(path, times=REQUESTS)  # warm
        web: dict[str, list[float]] = {path: [] for path in paths}
        database: dict[str, list[float]] = {path: [] for path in paths}
        for _ in range(ROUNDS):
            for path in paths:
                before = processes.cpu_seconds(pid), processes.cpu_seconds(postgres)
                client.ask(path, times=REQUESTS)
                after = processes.cpu_seconds(pid), processes.cpu_seconds(postgres)
                web[path].append((after[0] - before[0]) / REQUESTS * 1e6)
                database[path].append((after[1] - before[1]) / REQUESTS * 1e6)
        bare, ours = paths
        found[name] = {
            "bare_us": round(median(web[bare])),
            "ours_us": round(median(web[ours])),
            "ratio": round(median(a / b for a, b in zip(web[ours], web[bare], strict=True)), 2),
            "bare_postgres_us": round(median(database[bare])),
            "ours_postgres_us": round(median(database[ours])),
            "bare_bytes": client.sizes[bare],
            "ours_bytes": client.sizes[ours],
        }
        client.close()
    return found


def _latencies(on: Stage, reader: Reader) -> dict[str, Any]:
    path = f"/api/integrations/{reader.integrations[0]}/health"
    quiet = _timed(reader, path)
    on.let_provider_answer("hang")
    callers = [
        threading.Thread(target=_check, args=[reader, one], daemon=True)
        for one in reader.integrations[:HANGING]
    ]
    before = on.provider_calls()
    for caller in callers:
        caller.start()
    _wait_until_hanging(on, since=before)
    hanging = _timed(reader, path)
    if not all(caller.is_alive() for caller in callers):
        raise Broken("The checks did not hang long enough to measure what else is answered.")
    on.let_provider_answer("")
    for caller in callers:
        caller.join()
    p95_quiet, p95_hanging = _p95(quiet), _p95(hanging)
    return {
        "hanging_checks": HANGING,
        "p95_ms_quiet": round(p95_quiet * 1e3, 2),
        "p95_ms_hanging": round(p95_hanging * 1e3, 2),
        "ratio": round(p95_hanging / p95_quiet, 2),
    }


class Client:
    """One kept connection to the server, and the size of what each path answered."""

    def __init__(self, reader: Reader) -> None:
        self.sizes: dict[str, int] = {}
        self._headers = {"Authorization": f"Bearer {reader.token}", "Accept": "application/json"}
        self._connection = http.client.HTTPConnection("127.0.0.1", reader.port, timeout=60)

    def ask(self, path: str, *, times: int = 1, method: str = "GET") -> int:
        """Ask some times, and return the last status. Raises Broken when one is a failure."""
        for _ in range(times):
            self._connection.request(method, path, headers=self._headers)
            answer = self._connection.getresponse()
            body = answer.read()
            if answer.status >= 400:
                raise Broken(f"{method} {path}: {answer.status} {body[:500]!r}")
        self.sizes[path] = len(body)
        return answer.status

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()


def _timed(reader: Reader, path: str) -> list[float]:
    client = Client(reader)
    client.ask(path, times=20)
    took = []
    ends_at = time.perf_counter() + _LATENCY_SECONDS
    while time.perf_counter() < ends_at:
        began = time.perf_counter()
        client.ask(path)
        took.append(time.perf_counter() - began)
    client.close()
    return took


def _check(reader: Reader, integration: str) -> None:
    client = Client(reader)
    client.ask(f"/api/integrations/{integration}/health/check", method="POST")
    client.close()


def _wait_until_hanging(on: Stage, *, since: int) -> None:
    deadline = time.monotonic() + _TO_HANG_SECONDS
    while on.provider_calls() < since + HANGING:
        if time.monotonic() > deadline:
            raise Broken("The checks by hand did not reach the provider in time.")
        time.sleep(0.1)


def _p95(took: Sequence[float]) -> float:
    return quantiles(took, n=20)[-1]


@contextmanager
def _server(environment: Mapping[str, str], log: Path) -> Iterator[tuple[int, int]]:
    port = stage.free_port()
    command = [sys.executable, "-m", "uvicorn", "config.asgi:application", "--port", str(port)]
    with log.open("wb") as output:
        process = child.start(
            [*command, "--no-access-log", "--log-level", "warning"],
            output=output,
            env=dict(environment),
            cwd=ROOT,
        )
    try:
        stage.wait_for(process, port, log=log)
        yield port, process.pid
    finally:
        child.stop(process, signal_number=15, patience=_STOP_SECONDS)


def main() -> int:
    """Measure and print."""
    with stage.running(accounts=1000) as started:
        print(json.dumps(measure(started), indent=2))
    return 0


if __name__ == "__main__":
    sys.exit(main())
