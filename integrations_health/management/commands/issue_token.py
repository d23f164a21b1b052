"""manage.py issue_token: a token of the kind that the application signs, for a developer."""

from argparse import ArgumentParser
from datetime import timedelta
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from integrations_health import tokens
from integrations_health.access import OWN, Scope
from integrations_health.management import naming

MOST_HOURS = 24 * 30


class Command(BaseCommand):
    """Print a token for one user."""

    help = (
        "Print a token with which a user calls the API, signed with JWT_SECRET. In production the "
        "application itself signs such tokens."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Say what may be typed behind the command."""
        naming.ask_for_person(parser)
        parser.add_argument(
            "--hours", type=int, default=1, help="how long it is valid (default: %(default)s)"
        )
        parser.add_argument("--staff", action="store_true", help="let it see everybody's")

    def handle(self, *args: Any, **options: Any) -> None:
        """Print the token, and nothing else. Raises CommandError when there can be none."""
        if not 1 <= options["hours"] <= MOST_HOURS:
            raise CommandError(f"Type --hours from 1 to {MOST_HOURS}.")
        try:
            token = tokens.issue(
                naming.person(options["user"]),
                lifetime=timedelta(hours=options["hours"]),
                scopes=OWN | {Scope.STAFF} if options["staff"] else OWN,
                now=timezone.now(),
            )
        except tokens.CannotIssue as error:
            raise CommandError(str(error)) from None
        self.stdout.write(token)
