"""What the same work costs without the product: bare clients, and the SQL alone."""

import json
from dataclasses import dataclass, field
from typing import Any

from bench import calls, processes
from bench.measure import ALWAYS
from bench.stage import Stage

# Enough for half a second of CPU time or more each.
_AIOHTTP_CALLS, _HTTPX_CALLS, _PAGES = 6_000, 700, 300


@dataclass(slots=True)
class References:
    """Microseconds of CPU time, measured again and again so that a drift of the machine shows."""

    aiohttp_call: list[float] = field(default_factory=list)
    httpx_call: list[float] = field(default_factory=list)
    aiohttp_page: list[float] = field(default_factory=list)
    sql_worker: list[dict[str, float]] = field(default_factory=list)
    sql_postgres: list[float] = field(default_factory=list)

    def measure_calls(self, stage: Stage) -> None:
        """Make the same calls with a bare aiohttp session and a bare default httpx client."""
        self.aiohttp_call.append(_bare(stage, "aiohttp", "probe", _AIOHTTP_CALLS))
        self.httpx_call.append(_bare(stage, "httpx", "probe", _HTTPX_CALLS))
        self.aiohttp_page.append(_bare(stage, "aiohttp", "page", _PAGES) / calls.PAGE)

    def measure_sql(self, stage: Stage, *, table: int, due: int) -> None:
        """Claim, apply and append results that are there already, over one connection."""
        with stage.worker_held():
            stage.rows.fill(table)
            stage.rows.make_due(due, policy=ALWAYS)
            before = processes.cpu_seconds(stage.postgres)
            printed = json.loads(stage.run_module("bench.sql_alone"))
            spent = processes.cpu_seconds(stage.postgres) - before
        self.sql_worker.append(printed["cpu_us_per_check"])
        self.sql_postgres.append(spent / printed["checks"] * 1e6)

    def around_last_run(self) -> float:
        """Return the microseconds of a bare call before and after what ran last: the fewer.

        Whatever else ran on the machine makes a call dearer, and must not flatter our ratio to it.
        """
        return min(self.aiohttp_call[-2:])

    def as_json(self) -> dict[str, Any]:
        """Return every single measurement, in microseconds of CPU time."""
        return {
            "aiohttp_us_per_call": _rounded(self.aiohttp_call),
            "httpx_us_per_call": _rounded(self.httpx_call),
            "aiohttp_page_us_per_integration": _rounded(self.aiohttp_page),
            "sql_alone_us_per_check": [
                {
                    "worker": {step: round(us, 1) for step, us in steps.items()},
                    "worker_total": round(sum(steps.values()), 1),
                    "postgres": round(postgres, 1),
                }
                for steps, postgres in zip(self.sql_worker, self.sql_postgres, strict=True)
            ],
        }


def _bare(stage: Stage, client: str, call: str, count: int) -> float:
    return float(stage.run_module("bench.bare", client, call, str(count)))


def _rounded(measured: list[float]) -> list[float]:
    return [round(us, 1) for us in measured]
