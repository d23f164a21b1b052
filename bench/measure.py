"""Measure one run: so many integrations made due, checked by the worker until none is left."""

import time
from dataclasses import dataclass
from datetime import datetime
from statistics import median
from typing import Any

from celery import Celery

from bench import processes, rows
from bench.stage import Broken, Stage

ALWAYS, STATUS_ONLY = "always", "on_suspicion"
_LONGEST_SECONDS = 300
_LOOK_SECONDS = 0.1
# After the last result the worker still settles its budget and hears that nothing more is due.
_SETTLE_SECONDS = 0.3


@dataclass(frozen=True, kw_only=True, slots=True)
class Cpu:
    """CPU time taken by each part of the product, in seconds."""

    worker: float
    postgres: float
    redis: float

    def __sub__(self, earlier: "Cpu") -> "Cpu":
        return Cpu(
            worker=self.worker - earlier.worker,
            postgres=self.postgres - earlier.postgres,
            redis=self.redis - earlier.redis,
        )

    def __add__(self, other: "Cpu") -> "Cpu":
        return Cpu(
            worker=self.worker + other.worker,
            postgres=self.postgres + other.postgres,
            redis=self.redis + other.redis,
        )


@dataclass(frozen=True, kw_only=True, slots=True)
class Run:
    """What one run cost. Memory is in bytes, in the order of time."""

    table: int
    checks: int
    seconds: float
    cpu: Cpu
    http_calls: int
    statements: list[rows.Statement]
    memory: list[int]

    @property
    def batches(self) -> int:
        """How many batches wrote history: each does it once, and with nothing else."""
        return sum(one.calls for one in self.statements if one.query.startswith("COPY "))

    def as_json(self) -> dict[str, Any]:
        """Return the run in the words and units of the report."""
        each = 1e6 / self.checks
        worker, postgres, redis = (
            seconds * each for seconds in (self.cpu.worker, self.cpu.postgres, self.cpu.redis)
        )
        quarter = max(len(self.memory) // 4, 1)
        return {
            "rows": self.table,
            "checks": self.checks,
            "checks_per_second": round(self.checks / self.seconds, 1),
            "cpu_us_per_check": {
                "worker": round(worker, 1),
                "postgres": round(postgres, 1),
                "redis": round(redis, 1),
                "total": round(worker + postgres + redis, 1),
            },
            "sql_statements_per_batch": round(
                sum(one.calls for one in self.statements) / self.batches, 2
            ),
            "http_calls_per_check": round(self.http_calls / self.checks, 4),
            "worker_memory_mb": {
                "peak": _megabytes(max(self.memory, default=0)),
                "first_quarter": _megabytes(median(self.memory[:quarter] or [0])),
                "last_quarter": _megabytes(median(self.memory[-quarter:] or [0])),
            },
            "statements": [self._statement(one) for one in self.statements],
        }

    def _statement(self, statement: rows.Statement) -> dict[str, Any]:
        return {
            "query": statement.query[:100],
            "per_batch": round(statement.calls / self.batches, 2),
            "us_per_check": round(statement.milliseconds * 1000 / self.checks, 2),
        }


def run(stage: Stage, *, table: int, due: int, policy: str) -> Run:
    """Check `due` integrations out of `table`, in rounds where there are fewer, and add up.

    Raises Broken when the worker ends, stops checking, or finds anything but health.
    """
    with stage.worker_held():
        stage.rows.fill(table)
    parts = []
    left = due
    while left > 0:
        parts.append(_round(stage, table=table, due=min(left, table), policy=policy))
        left -= parts[-1].checks
    return parts[0] if len(parts) == 1 else _sum(parts)


def _round(stage: Stage, *, table: int, due: int, policy: str) -> Run:
    with stage.worker_held():
        stage.rows.make_due(due, policy=policy)
        calls, cpu, since = stage.provider_calls(), _cpu(stage), stage.rows.now()
    with processes.MemoryWatch(stage.worker.pid) as memory:
        _wake(stage)
        _wait(stage)
    spent = _cpu(stage) - cpu
    recorded = stage.rows.recorded(since=since)
    if recorded.checks != due or recorded.good != due:
        raise Broken(
            f"Of {due} checks {recorded.checks} were recorded and {recorded.good} found health:"
            f"\n{stage.log_end()}"
        )
    return Run(
        table=table,
        checks=due,
        seconds=_seconds(since, recorded),
        cpu=spent,
        http_calls=stage.provider_calls() - calls,
        statements=stage.rows.statements(),
        memory=memory.sizes,
    )


def _wake(stage: Stage) -> None:
    with Celery(broker=stage.broker_url) as app:
        app.send_task(
            "integrations_health.tasks.check_batch",
            kwargs={"provider": rows.PROVIDER},
            queue="checks",
        )


def _wait(stage: Stage) -> None:
    deadline = time.monotonic() + _LONGEST_SECONDS
    while stage.rows.is_any_due():
        stage.check_worker()
        if time.monotonic() > deadline:
            raise Broken(f"After {_LONGEST_SECONDS} s there is more to do:\n{stage.log_end()}")
        time.sleep(_LOOK_SECONDS)
    time.sleep(_SETTLE_SECONDS)


def _cpu(stage: Stage) -> Cpu:
    return Cpu(
        worker=processes.cpu_seconds(stage.worker.pid),
        postgres=processes.cpu_seconds(stage.postgres),
        redis=processes.cpu_seconds(stage.redis),
    )


def _seconds(since: datetime, recorded: rows.Recorded) -> float:
    assert recorded.last_at is not None
    return (recorded.last_at - since).total_seconds()


def _sum(parts: list[Run]) -> Run:
    statements: dict[str, rows.Statement] = {}
    for one in (statement for part in parts for statement in part.statements):
        before = statements.get(one.query, rows.Statement(one.query, 0, 0.0))
        statements[one.query] = rows.Statement(
            one.query, before.calls + one.calls, before.milliseconds + one.milliseconds
        )
    cpu = parts[0].cpu
    for part in parts[1:]:
        cpu += part.cpu
    return Run(
        table=parts[0].table,
        checks=sum(part.checks for part in parts),
        seconds=sum(part.seconds for part in parts),
        cpu=cpu,
        http_calls=sum(part.http_calls for part in parts),
        statements=sorted(statements.values(), key=lambda one: -one.milliseconds),
        memory=[size for part in parts for size in part.memory],
    )


def _megabytes(size: float) -> float:
    return round(size / 1_000_000, 1)
