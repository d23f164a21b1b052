"""Show what a storm cost and who heard of it when, as tables to read."""

from collections.abc import Iterator
from typing import Any


def text(report: dict[str, Any]) -> Iterator[str]:
    """Yield the lines of the report's storm."""
    storm = report["storm"]
    yield (
        f"| {storm['integrations']:,} within {storm['within_seconds']:.0f} s, CPU µs per check"
        " | worker | postgres | redis | **total** | to healthy |"
    )
    yield "|---|---:|---:|---:|---:|---:|"
    for name, key in (
        ("healthy", "healthy"),
        ("failing, two alerts each", "failing_alone"),
        ("the same, while people are told", "failing"),
        ("the provider itself answers 500", "failing_of_provider"),
    ):
        cpu = storm[key]["cpu_us_per_check"]
        yield (
            f"| {name} | {cpu['worker']:.0f} | {cpu['postgres']:.0f} | {cpu['redis']:.0f}"
            f" | **{cpu['total']:.0f}** | {storm[key].get('ratio', 1)}x |"
        )
    yield ""
    yield "| who hears of it | seconds from commit to sent: p50, p95, max | messages |"
    yield "|---|---:|---:|"
    messages, times = storm["messages"], storm["seconds_to_sent"]
    people = (
        f"{messages['people']:,} people, {messages['per_person_mean']} each"
        f" ({messages['per_person_max']} at most)"
    )
    for name, channel, said in (
        ("owners, by mail", "email", people),
        ("staff, by webhook", "webhook", f"{messages['to_staff']} in all"),
    ):
        took = times[channel]
        yield f"| {name} | {took['p50']}, {took['p95']}, {took['max']} | {said} |"
    senders = storm["failing"]["senders_cpu_seconds"]
    yield ""
    yield (
        f"SQL statements per alert, from its check to its message: "
        f"{storm['sql_statements_per_alert']}. CPU of the senders: {senders['worker']} s,"
        f" and {senders['postgres']} s of PostgreSQL."
    )
