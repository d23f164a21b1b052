"""Hold the measurements against their targets, as JSON and as a table to read."""

from collections.abc import Iterator
from typing import Any, NamedTuple

from bench import storm_report

PROBED_AT_MOST = 3.5
STATUS_ONLY_AT_MOST = 0.7
LARGE_TABLE_AT_MOST = 1.3
MEMORY_AT_MOST_MB = 200
GROWTH_AT_MOST_MB = 2
API_AT_MOST = 2.0
FAILING_AT_MOST = 2.0
PAGE_AT_MOST_MS = 100
FRAME_AT_MOST_MS = 300
SOCKETS_GROWTH_AT_MOST_MB = 3
DEAF_AT_MOST_SECONDS = 16
# On an idle machine the same call costs the same, give or take this.
QUIET_WITHIN = 1.2


class Target(NamedTuple):
    """One thing that was promised, and what was measured."""

    name: str
    measured: float
    at_most: float
    unit: str

    @property
    def is_met(self) -> bool:
        """Whether the promise holds."""
        return self.measured <= self.at_most

    def as_json(self) -> dict[str, Any]:
        """Return the target with its verdict."""
        return {**self._asdict(), "is_met": self.is_met}


def in_bare_calls(run: dict[str, Any]) -> float:
    """Return what a check of a run costs, in bare calls made around it."""
    return _total(run) / float(run["bare_call_us"])


def growth(sizes: dict[str, dict[str, Any]]) -> float:
    """Return what a check costs in the large table, against one in the small table."""
    return _total(sizes["large"]) / _total(sizes["small"])


def targets(report: dict[str, Any]) -> list[Target]:
    """Return what was promised of the runs in `report`, costs as ratios to the bare call."""
    status_only = report["status_only"]
    memory = report["worker_memory_mb"]
    return [
        Target(
            "a check with its probe, in bare aiohttp calls",
            round(in_bare_calls(report), 2),
            PROBED_AT_MOST,
            "x",
        ),
        Target(
            "a check by status alone, in bare aiohttp calls",
            round(in_bare_calls(status_only), 2),
            STATUS_ONLY_AT_MOST,
            "x",
        ),
        *(
            Target(
                f"a check {how} in the large table, against the small one",
                round(growth(sizes), 2),
                LARGE_TABLE_AT_MOST,
                "x",
            )
            for how, sizes in (
                ("with its probe", report["table_sizes"]["probed"]),
                ("by status alone", report["table_sizes"]["status_only"]),
            )
        ),
        Target("the worker's memory at its peak", memory["peak"], MEMORY_AT_MOST_MB, "MB"),
        Target(
            "its growth from the first quarter to the last",
            round(memory["last_quarter"] - memory["first_quarter"], 1),
            GROWTH_AT_MOST_MB,
            "MB",
        ),
        Target(
            "a failing check of a storm, against a healthy one",
            report["storm"]["failing_alone"]["ratio"],
            FAILING_AT_MOST,
            "x",
        ),
        *_api_targets(report["api"]),
        *(
            Target(
                f"CPU of the status page with 200 integrations, {of}",
                report["status_page"][of]["cpu_ms"],
                PAGE_AT_MOST_MS,
                "ms",
            )
            for of in ("90d", "24h")
        ),
        *_socket_targets(report["sockets"]),
    ]


def _api_targets(api: dict[str, Any]) -> Iterator[Target]:
    for name, key in (
        ("GET .../health, in bare Django views", "health"),
        ("a list of 50, in bare Django views", "list"),
        ("p95 of GET .../health while 50 checks hang, against none", "while_checks_hang"),
    ):
        yield Target(name, api[key]["ratio"], API_AT_MOST, "x")


def _socket_targets(sockets: dict[str, Any]) -> Iterator[Target]:
    memory, deaf = sockets["memory_mb"], sockets["never_read"]
    p95 = sockets["commit_to_frame_ms"]["p95"]
    yield Target("p95 from commit to frame, 2,000 sockets", p95, FRAME_AT_MOST_MS, "ms")
    growth = round(memory["last_quarter"] - memory["first_quarter"], 1)
    yield Target("growth of memory while changes flow", growth, SOCKETS_GROWTH_AT_MOST_MB, "MB")
    yield Target("clients that do not read and stay", deaf["clients"] - deaf["closed"], 0, "")
    longest = deaf["closed_after_seconds_at_most"]
    yield Target("the longest of those that were closed", longest, DEAF_AT_MOST_SECONDS, "s")
    yield Target("clients that read and were lost", sockets["readers_lost"], 0, "")


def text(report: dict[str, Any]) -> str:
    """Return the report as a table, for a terminal and for RESULTS.md."""
    parts = (_runs, _references, storm_report.text, _api, _sockets, _targets, _doubts)
    return "\n\n".join(filter(None, ("\n".join(part(report)) for part in parts)))


def _runs(report: dict[str, Any]) -> Iterator[str]:
    sizes = report["table_sizes"]
    yield (
        "| CPU µs per check | rows | worker | postgres | redis | **total** | checks/s"
        " | SQL/batch | HTTP/check |"
    )
    yield "|---|---:|---:|---:|---:|---:|---:|---:|---:|"
    for name, run in (
        ("probe in every check", report),
        ("status only", report["status_only"]),
        ("probe, small table", sizes["probed"]["small"]),
        ("probe, large table", sizes["probed"]["large"]),
        ("status only, small table", sizes["status_only"]["small"]),
        ("status only, large table", sizes["status_only"]["large"]),
    ):
        cpu = run["cpu_us_per_check"]
        yield (
            f"| {name} | {run['rows']:,} | {cpu['worker']:.0f} | {cpu['postgres']:.0f}"
            f" | {cpu['redis']:.1f} | **{cpu['total']:.0f}** | {run['checks_per_second']:,.0f}"
            f" | {run['sql_statements_per_batch']:.1f} | {run['http_calls_per_check']:.3f} |"
        )


def _references(report: dict[str, Any]) -> Iterator[str]:
    references = report["references"]
    yield "| reference, CPU µs | in the order of time |"
    yield "|---|---|"
    for name, key in (
        ("bare aiohttp, the probe's call", "aiohttp_us_per_call"),
        ("bare default httpx, the same", "httpx_us_per_call"),
        ("bare aiohttp, statuses by the page, per integration", "aiohttp_page_us_per_integration"),
    ):
        yield f"| {name} | {', '.join(f'{us:.0f}' for us in references[key])} |"
    alone = references["sql_alone_us_per_check"]
    yield (
        "| the SQL alone, per check: worker + postgres | "
        + ", ".join(f"{one['worker_total']:.0f} + {one['postgres']:.0f}" for one in alone)
        + " |"
    )


def _api(report: dict[str, Any]) -> Iterator[str]:
    api = report["api"]
    yield "| the API, CPU µs per request: web + postgres | bare view | ours | bytes, both |"
    yield "|---|---:|---:|---:|"
    for name, key in (("GET .../health, 100 checks", "health"), ("a list of 50", "list")):
        one = api[key]
        yield (
            f"| {name} | {one['bare_us']:,} + {one['bare_postgres_us']:,}"
            f" | {one['ours_us']:,} + {one['ours_postgres_us']:,}"
            f" | {one['bare_bytes']:,}, {one['ours_bytes']:,} |"
        )


def _sockets(report: dict[str, Any]) -> Iterator[str]:
    sockets = report["sockets"]
    took, memory = sockets["commit_to_frame_ms"], sockets["memory_mb"]
    yield "| sockets | changes/s | frames | p50, p95, max ms | MB, kB per socket | CPU of a core |"
    yield "|---:|---:|---:|---:|---:|---:|"
    yield (
        f"| {sockets['sockets']:,} | {sockets['changes_per_second']} | {sockets['frames']:,}"
        f" | {took['p50']}, {took['p95']}, {took['max']}"
        f" | {memory['last_quarter']}, {memory['per_socket_kb']} | {sockets['cpu_share']:.0%} |"
    )


def _targets(report: dict[str, Any]) -> Iterator[str]:
    yield "| target | measured | at most | |"
    yield "|---|---:|---:|---|"
    for one in report["targets"]:
        verdict = "met" if one["is_met"] else "**missed**"
        unit = one["unit"]
        yield f"| {one['name']} | {one['measured']} {unit} | {one['at_most']} {unit} | {verdict} |"


def _doubts(report: dict[str, Any]) -> Iterator[str]:
    bare = report["references"]["aiohttp_us_per_call"]
    if max(bare) > QUIET_WITHIN * min(bare):
        yield (
            f"The bare call cost from {min(bare):.0f} to {max(bare):.0f} µs within this run: "
            "something else ran on the machine, and every figure is rough."
        )


def _total(run: dict[str, Any]) -> float:
    return float(run["cpu_us_per_check"]["total"])
