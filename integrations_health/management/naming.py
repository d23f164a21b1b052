"""Find the person whom a command names, or say what to type."""

from argparse import ArgumentParser

from django.core.management.base import CommandError

from integrations_health import people
from integrations_health.models import User


def ask_for_person(parser: ArgumentParser) -> None:
    """Let a command take the name of a person."""
    parser.add_argument(
        "user", metavar="USER", help="our id of the user, the application's id, or the username"
    )


def person(reference: str) -> User:
    """Return the person. Raises CommandError when nobody, or more than one, may be meant."""
    try:
        return people.find(reference)
    except people.Unknown:
        raise CommandError(
            "No such user. Type our id, the application's id (external id), or the username."
        ) from None
    except people.Ambiguous:
        raise CommandError(
            "Several users may be meant. Type our id: `manage.py health_summary` or the admin "
            "show it."
        ) from None
