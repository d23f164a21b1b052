"""manage.py prepare_demo: people who can sign in, and a population that is watched."""

import json
import os
import secrets
import tempfile
from argparse import ArgumentParser
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.contrib.auth.hashers import make_password
from django.contrib.auth.models import Group
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError
from django.db import transaction
from django.db.models import Value
from django.db.models.functions import Concat
from django.utils import timezone

from integrations_health.management import demo_past
from integrations_health.models import User
from integrations_health.providers.simulator import demo
from integrations_health.providers.simulator.world import Simulator

ADMIN = "admin"
SUPPORT = "support"
# One password for all of the demo's end users.
USERS = "user-NNN"
ACCOUNTS = (ADMIN, SUPPORT, USERS)
HEAD = (
    "# Who signs in to the demo. Made at random on the first run; remove the file for new ones.\n"
)


class Command(BaseCommand):
    """Make the demo's accounts and watch the simulator's population."""

    help = (
        "Against the provider simulator only: make the accounts `admin` and `support` and those of "
        "the demo's end users, with random passwords that are kept in a file, and watch everything "
        "that the simulator plays. Safe to run again at any time."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Say what may be typed behind the command."""
        parser.add_argument(
            "--credentials",
            type=Path,
            default=settings.VAR / "credentials.txt",
            help="where the passwords are kept (default: %(default)s)",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Prepare the demo. Raises CommandError when the provider is not a simulator of ours."""
        base_url = settings.PROVIDERS["composio"]["base_url"]
        if urlsplit(base_url).hostname not in {"127.0.0.1", "localhost", "::1"}:
            raise CommandError(
                "This is not the demo: COMPOSIO_BASE_URL does not point at a simulator on this "
                "machine. Start it with `make run` without provider keys."
            )
        call_command("sync_integrations", stdout=self.stdout, stderr=self.stderr)
        self._import_mcp(base_url)
        demo_past.write(now=timezone.now())
        try:
            _make_accounts(options["credentials"])
        except OSError as error:
            raise CommandError(
                f"{options['credentials']} cannot be written: {error.strerror}."
            ) from None

    def _import_mcp(self, base_url: str) -> None:
        simulator = Simulator(api_key="", crowd=0)
        demo.populate(simulator)
        simulator.base_url = base_url
        with tempfile.NamedTemporaryFile("w", suffix=".json") as file:
            json.dump(demo.mcp_connections(simulator), file)
            file.flush()
            call_command("import_integrations", file.name, stdout=self.stdout, stderr=self.stderr)


@transaction.atomic
def _make_accounts(path: Path) -> None:
    kept = _read(path)
    passwords = {name: kept.get(name) or secrets.token_urlsafe(12) for name in ACCOUNTS}
    # A file that was removed or lost means new passwords.
    is_new = passwords != kept
    if is_new:
        _write(path, passwords)
    _make_staff(ADMIN, passwords[ADMIN], is_new=is_new, is_superuser=True)
    support = _make_staff(SUPPORT, passwords[SUPPORT], is_new=is_new, is_superuser=False)
    support.groups.set(Group.objects.filter(name=SUPPORT))
    people = User.objects.filter(external_id__in=demo.USERS, is_staff=False)
    if is_new or people.filter(password__startswith="!").exists():
        # Hashed once: a hash is slow on purpose, and this password is one.
        people.update(password=make_password(passwords[USERS]))
    # Of a domain that nobody has. Without EMAIL_URL, what they are told are files.
    for name, whom in (("external_id", people), ("username", User.objects.filter(is_staff=True))):
        whom.filter(email="").update(email=Concat(name, Value("@example.com")))


def _make_staff(name: str, password: str, *, is_new: bool, is_superuser: bool) -> User:
    user, is_created = User.objects.get_or_create(
        username=name, defaults={"is_staff": True, "is_superuser": is_superuser}
    )
    if is_new or is_created:
        user.set_password(password)
        user.save(update_fields=["password"])
    return user


def _read(path: Path) -> dict[str, str]:
    try:
        lines = path.read_text().splitlines()
    except FileNotFoundError:
        return {}
    pairs = (line.split() for line in lines if not line.startswith("#"))
    return {pair[0]: pair[1] for pair in pairs if len(pair) == 2}


def _write(path: Path, passwords: dict[str, str]) -> None:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    path.unlink(missing_ok=True)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(HEAD)
        file.writelines(f"{name} {password}\n" for name, password in passwords.items())
