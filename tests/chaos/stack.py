"""The whole product in real processes, on a database and a broker of its own, with time scaled."""

import json
import os
import socket
import sys
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import redis
from celery import Celery

from integrations_health.providers.simulator.journal import Call
from integrations_health.providers.simulator.world import API_KEY
from tests.chaos import broker, database, ledger, processes
from tests.chaos.database import Database
from tests.chaos.ledger import Ledger, Probe
from tests.chaos.processes import Process

TICK = 1.0
CALL_DEADLINE = 0.5
# What config.settings makes of CALL_DEADLINE_SECONDS.
LEASE = CALL_DEADLINE * 12
SILENT_TICKS = 3
START_SECONDS = 20.0
# What may pass until a worker has woken itself and is done with a few batches.
AFTER_SILENCE = (SILENT_TICKS + 2) * TICK + 3.0


class Stack:
    """A database, a broker, the simulator, and as many workers and beats as a test starts."""

    def __init__(self, database: Database, broker_url: str, directory: Path) -> None:
        self.database = database
        self.directory = directory
        self.log = directory / "calls.jsonl"
        self.processes: list[Process] = []
        self.began_at = database.now().timestamp()
        self._port = _free_port()
        base_url = f"http://127.0.0.1:{self._port}"
        self._environment = {
            **os.environ,
            "DATABASE_URL": database.url,
            "REDIS_URL": broker_url,
            "BROKER_URL": broker_url,
            "COMPOSIO_BASE_URL": base_url,
            "COMPOSIO_API_KEY": API_KEY,
            "COMPOSIO_CALLS_PER_MINUTE": "0",
            "COMPOSIO_CONCURRENCY": "50",
            "KLAVIS_BASE_URL": base_url,
            "KLAVIS_API_KEY": API_KEY,
            "TICK_SECONDS": f"{TICK:g}",
            "CALL_DEADLINE_SECONDS": f"{CALL_DEADLINE:g}",
            "CHECK_BATCH_SIZE": "20",
            "CHECK_WAKE_UPS": "4",
            "CRASH_AT": "",
            "SIMULATOR_LOG": str(self.log),
        }

    def start_simulator(self, *, accounts: int, latency_ms: float = 20) -> None:
        """Start the provider, with so many accounts of the crowd."""
        self._start(
            "simulator",
            [
                *("-m", "integrations_health.providers.simulator", "--port", str(self._port)),
                *("--population", str(accounts), "--latency-ms", f"{latency_ms:g}"),
            ],
        )

    def start_worker(
        self,
        name: str = "worker",
        *,
        children: int = 1,
        queue: str = "checks",
        **settings: str,
    ) -> Process:
        """Start a worker of a queue with so many children, `settings` in its environment."""
        return self._start(
            name,
            [
                *("-m", "celery", "-A", "config", "worker", "-n", f"{name}@%h"),
                *("-Q", queue, "-c", str(children), "-l", "INFO"),
                *("--without-gossip", "--without-mingle"),
            ],
            **settings,
        )

    def start_beat(self, name: str = "beat") -> Process:
        """Start a beat."""
        return self._start(
            name, ["-m", "celery", "-A", "config", "beat", "-l", "INFO", "--pidfile="]
        )

    def wake(self, batches: int, *, task_id: str | None = None) -> None:
        """Ask for so many batches at Composio, as a tick does; with one id as if redelivered."""
        with Celery(broker=self._environment["BROKER_URL"], set_as_current=False) as messenger:
            for _ in range(batches):
                messenger.send_task(
                    "integrations_health.tasks.check_batch",
                    kwargs={"provider": "composio"},
                    queue="checks",
                    task_id=task_id,
                    ignore_result=True,
                )

    def has_no_messages(self) -> bool:
        """Say whether every message was taken and acknowledged."""
        with redis.Redis.from_url(self._environment["BROKER_URL"]) as client:
            return not client.llen("checks") and not client.hlen("unacked")

    def run(self, *command: str, **settings: str) -> None:
        """Run a Python command of the product to its end."""
        processes.run([sys.executable, *command], environment={**self._environment, **settings})

    def tell_simulator(self, word: str, **body: Any) -> None:
        """Move the simulator: `script`, `answers`, `change`, ... as its control door has them."""
        request = urllib.request.Request(
            f"http://127.0.0.1:{self._port}/_simulator/{word}",
            data=json.dumps(body).encode(),
            headers={"content-type": "application/json"},
        )
        with urllib.request.urlopen(request, timeout=5) as answer:
            answer.read()

    def wait_until(self, is_so: Callable[[], bool], *, seconds: float, what: str) -> float:
        """Wait until `is_so` and return the seconds it took. Raises NotInTime."""
        return processes.wait_until(is_so, seconds=seconds, what=what, watching=self.processes)

    def wait_until_ready(self, *workers: Process) -> None:
        """Wait until workers take messages and the simulator, if any was started, answers."""
        self.wait_until(
            lambda: all("ready." in worker.text() for worker in workers),
            seconds=START_SECONDS,
            what="the workers are ready",
        )
        if any(process.name == "simulator" for process in self.processes):
            self.wait_until(self._answers, seconds=START_SECONDS, what="the simulator answers")

    def wait_until_all_checked(self, *, seconds: float) -> float:
        """Wait until every integration has a finished check; return the seconds it took."""
        return self.wait_until(
            lambda: self.database.unchecked() == 0, seconds=seconds, what="everything is checked"
        )

    def wait_for_ticks(self, count: int) -> None:
        """Wait until the schedule was looked at for so many ticks more."""
        seen_at = self.database.last_tick_at()
        self.wait_until(
            lambda: self.database.last_tick_at() >= seen_at + timedelta(seconds=count * TICK),
            seconds=count * TICK + AFTER_SILENCE,
            what=f"{count} more ticks",
        )

    def calls(self) -> list[Call]:
        """Return every request that the provider answered so far."""
        return ledger.read_calls(self.log)

    def probes(self) -> list[Probe]:
        """Return the probes among them."""
        return ledger.probes_of(self.calls())

    def audit(self) -> Ledger:
        """Hold the provider's log against the history, from the beginning of the run until now."""
        return ledger.audit(
            self.database.watched(),
            self.probes(),
            self.database.finished(),
            lease=LEASE,
            since=self.began_at,
            until=self.database.now().timestamp(),
        )

    def end(self) -> None:
        """Kill whatever still runs."""
        for process in reversed(self.processes):
            process.kill_tree()

    def _start(self, name: str, arguments: list[str], **settings: str) -> Process:
        process = Process(
            name,
            [sys.executable, *arguments],
            environment={**self._environment, **settings},
            output=self.directory / f"{name}.log",
        )
        self.processes.append(process)
        return process

    def _answers(self) -> bool:
        try:
            socket.create_connection(("127.0.0.1", self._port), timeout=1).close()
        except OSError:
            return False
        return True


@contextmanager
def running(directory: Path, *, broker_url: str = "") -> Iterator[Stack]:
    """Yield a stack on a database as migrations left it; kill all of it afterwards.

    Its broker is a database of the tests' server where no other is given.
    """
    with ExitStack() as cleanup:
        own_database = cleanup.enter_context(database.copy())
        stack = Stack(own_database, broker_url or cleanup.enter_context(broker.own()), directory)
        cleanup.callback(stack.end)
        yield stack


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port
