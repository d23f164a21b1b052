"""manage.py health_summary: how many integrations are how, and why."""

import json
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand

from integrations_health import summary
from integrations_health.summary import Row, Summary

HEADER = ("provider", "service", "status", "error code", "cause", "count")


class Command(BaseCommand):
    """Show the whole population on one screen."""

    help = "Count the integrations by provider, service, status and its reason."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Say what may be typed behind the command."""
        parser.add_argument("--json", action="store_true", help="write it as JSON")

    def handle(self, *args: Any, **options: Any) -> None:
        """Write the summary."""
        found = summary.summarize()
        self.stdout.write(json.dumps(_data(found)) if options["json"] else _table(found))


def _data(found: Summary) -> dict[str, Any]:
    return {
        "rows": [
            {
                "provider": row.provider,
                "service": row.service,
                "status": row.status,
                "errorCode": row.error_code,
                "cause": row.cause,
                "count": row.count,
            }
            for row in found.rows
        ],
        "neverChecked": found.never_checked,
        "paused": found.paused,
    }


def _table(found: Summary) -> str:
    if not found.rows:
        return "Nothing is watched yet. Use sync_integrations or import_integrations."
    rows = [HEADER, *map(_cells, found.rows)]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = [
        "  ".join(cell.ljust(width) for cell, width in zip(row[:-1], widths, strict=False))
        + f"  {row[-1].rjust(widths[-1])}"
        for row in rows
    ]
    total = sum(row.count for row in found.rows)
    foot = f"{total:,} watched, {found.never_checked:,} never checked, {found.paused:,} paused"
    return "\n".join([*lines, "", foot])


def _cells(row: Row) -> tuple[str, ...]:
    reason = (row.error_code or "-", row.cause or "-")
    return (row.provider, row.service, row.status, *reason, f"{row.count:,}")
