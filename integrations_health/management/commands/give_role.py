"""manage.py give_role: make somebody a member of the staff, or end that."""

from argparse import ArgumentParser
from typing import Any

from django.contrib.auth.models import Group
from django.core.management.base import BaseCommand, CommandError
from django.db import transaction

from integrations_health.management import naming

NOBODY = "none"


class Command(BaseCommand):
    """Give one person one role, in place of whatever they had."""

    help = (
        "Give a person a role in the admin, such as support, operator or admin, in place of the "
        "roles they had; none ends their access to the admin. The person exists already."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Say what may be typed behind the command."""
        naming.ask_for_person(parser)
        parser.add_argument("role", metavar="ROLE", help="support, operator, admin or none")

    @transaction.atomic
    def handle(self, *args: Any, **options: Any) -> None:
        """Give the role. Raises CommandError when there is no such person or role."""
        groups = {group.name: group for group in Group.objects.order_by("name")}
        if options["role"] != NOBODY and options["role"] not in groups:
            known = ", ".join(groups)
            raise CommandError(f"No role {options['role']!r}. Type one of: {known}, {NOBODY}.")
        person = naming.person(options["user"])
        if person.is_superuser:
            raise CommandError(f"{person} is a superuser, who can do everything in any role.")
        person.groups.set([groups[options["role"]]] if options["role"] != NOBODY else [])
        person.is_staff = options["role"] != NOBODY
        person.save(update_fields=["is_staff"])
        self.stdout.write(f"{person}: {options['role']}")
