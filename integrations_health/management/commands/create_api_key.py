"""manage.py create_api_key: a key for a program of the application."""

from argparse import ArgumentParser
from datetime import timedelta
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from integrations_health import api_keys, typed_values

LONGEST_NAME = 100
MOST_DAYS = 3650


class Command(BaseCommand):
    """Print a new API key, once."""

    help = (
        "Print a new API key. It is not kept and cannot be shown again. It reads what all users "
        "have; with --write it also changes, and acts for the user in the header X-Act-For."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Say what may be typed behind the command."""
        parser.add_argument("name", metavar="NAME", help="which program will have it")
        parser.add_argument("--write", action="store_true", help="let it change things, too")
        parser.add_argument("--days", type=int, help="how long it is valid (default: no end)")

    def handle(self, *args: Any, **options: Any) -> None:
        """Print the key, and nothing else. Raises CommandError when there can be none."""
        days = options["days"]
        if days is not None and not 1 <= days <= MOST_DAYS:
            raise CommandError(f"Type --days from 1 to {MOST_DAYS:,}.")
        try:
            name = typed_values.text(options["name"], most=LONGEST_NAME)
        except typed_values.Bad as bad:
            raise CommandError(f"NAME {bad.problem}: {bad.remedy}.") from None
        if not name:
            raise CommandError("NAME is empty: type which program will have the key.")
        made = api_keys.make(
            name,
            may_write=options["write"],
            expires_at=None if days is None else timezone.now() + timedelta(days=days),
        )
        self.stdout.write(made.key)
        self.stderr.write(f"Key {made.row.prefix} is made. It is not kept: copy it now.")
