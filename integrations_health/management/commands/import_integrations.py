"""manage.py import_integrations: watch the integrations that a file lists."""

import shutil
import sys
import tempfile
from argparse import ArgumentParser
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Any, BinaryIO, cast

from django.core.management.base import BaseCommand, CommandError

from integrations_health import enrolment, registry, roster
from integrations_health.enrolment import Enrolled
from integrations_health.fields import UnreadableSecret
from integrations_health.registration import FIELDS, Refusal


class Command(BaseCommand):
    """Register what a CSV or JSON file lists."""

    help = (
        "Watch the integrations that FILE lists: CSV with a header, or a JSON list of objects. "
        f"The fields are {', '.join(FIELDS)}; the first four are needed. An integration that is "
        "watched already is updated by the fields that are filled in, and stays paused unless "
        "`enabled` says otherwise. If any entry is refused, nothing is written."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Say what may be typed behind the command."""
        parser.add_argument("file", metavar="FILE", help="the file to read, - for standard input")
        parser.add_argument(
            "--dry-run", action="store_true", help="check the file and say what would change"
        )
        parser.add_argument(
            "--partial", action="store_true", help="write the good entries even if some are refused"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Import the file. Raises CommandError when it, or any entry of it, is refused."""
        path = options["file"]
        try:
            with _opened(path) as file:
                enrolled = enrolment.enrol(
                    file,
                    report=self._report,
                    is_partial=options["partial"],
                    is_dry_run=options["dry_run"],
                )
        except OSError as error:
            raise CommandError(f"{path} cannot be read: {error.strerror or error}.") from None
        except roster.Unreadable as error:
            raise CommandError(f"{path}: {error}. Nothing was written.") from None
        except registry.Busy:
            raise CommandError(
                "Another import or synchronisation is writing. Run this again when it is done."
            ) from None
        except UnreadableSecret as error:
            raise CommandError(f"{error} Nothing was written.") from None
        if enrolled.refused and not options["partial"]:
            raise CommandError(
                f"{enrolled.refused:,} of {enrolled.entries:,} entries refused, nothing was "
                "written. Mend them, or add --partial to write the others."
            )
        self.stdout.write(_counted(enrolled))

    def _report(self, refusal: Refusal) -> None:
        self.stderr.write(str(refusal))


@contextmanager
def _opened(path: str) -> Iterator[BinaryIO]:
    with nullcontext(sys.stdin.buffer) if path == "-" else Path(path).open("rb") as source:
        if source.seekable():
            yield cast(BinaryIO, source)
            return
        # Who types into a pipe may be slow; a transaction must not wait for them.
        with tempfile.TemporaryFile() as copy:
            shutil.copyfileobj(source, copy)
            copy.seek(0)
            yield cast(BinaryIO, copy)


def _counted(enrolled: Enrolled) -> str:
    counted = f"{enrolled.entries:,} entries: {enrolled.changes}"
    if enrolled.refused:
        counted += f"; refused: {enrolled.refused:,}"
    return counted if enrolled.is_written else f"Dry run, nothing was written. {counted}"
