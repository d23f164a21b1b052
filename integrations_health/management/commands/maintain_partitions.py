"""Make the coming months of history and drop those that are past keeping."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import OperationalError

from integrations_health import clock, partitions


class Command(BaseCommand):
    """Bring the partitions in step with the calendar, one line for each change."""

    help = "Make the coming months of history and drop those older than HISTORY_MONTHS_KEPT."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Take --dry-run."""
        parser.add_argument("--dry-run", action="store_true", help="say it, but do not do it")

    def handle(self, *_: Any, dry_run: bool, **__: Any) -> None:
        """Print each change; do it, unless `dry_run`."""
        today = clock.today()
        changes = partitions.changes(today)
        for table, step in changes:
            self.stdout.write(partitions.describe(table, step))
            if not dry_run:
                self._apply(table, step)
        if not changes:
            self.stdout.write("nothing to do")

    def _apply(self, table: str, step: partitions.Step) -> None:
        try:
            partitions.apply(table, [step])
        except OperationalError as error:
            raise CommandError(
                f"could not {partitions.describe(table, step)}: {error}. "
                "Somebody uses the table in a long transaction; run this again."
            ) from error
