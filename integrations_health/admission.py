"""Take in one integration that somebody asks us to watch, whoever they are."""

from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple
from urllib.parse import urlsplit
from uuid import UUID

from django.conf import settings
from django.db import connection
from django.db.models import Q

from integrations_health import addresses, mailboxes, registry
from integrations_health.models import Integration
from integrations_health.registration import FIELDS, Refusal, Registration
from integrations_health.registry import Changes

# What an end user may say of an integration. The rest decides in whose name our own key asks, and
# what; that is for the application's back end.
OF_EVERYBODY = frozenset(
    {"service", "provider", "serverInstanceId", "serverUrl", "serverToken"}
    | {"displayName", "intervalSeconds", "enabled"}
)
# What anybody may change of what is theirs.
CHANGEABLE = ("enabled", "displayName", "intervalSeconds")
_NAMES = {rule.attribute: name for name, rule in FIELDS.items()}


class Refused(Exception):
    """It cannot be watched as asked; `refusals` say why."""

    def __init__(self, refusals: Sequence[Refusal]) -> None:
        super().__init__(len(refusals))
        self.refusals = refusals


class Conflict(Refused):
    """What is watched already stands against it."""


class Admitted(NamedTuple):
    """The integration, and whether it is a new one."""

    id: UUID
    is_new: bool


def refusals_to_everybody(names: Sequence[str]) -> list[Refusal]:
    """Return what is wrong with fields that an end user says."""
    remedy = "leave it out; only the application's back end may say it"
    return [
        Refusal("", name, "is not yours to say", remedy)
        for name in names
        if name in FIELDS and name not in OF_EVERYBODY
    ]


def admit(registration: Registration, *, owner_name: str, is_trusted: bool) -> Admitted:
    """Watch an integration from now on; a user whom we do not know is made.

    `owner_name` is the application's id of the user, by which the providers know them, too; empty
    when there is none. `is_trusted` is the application's back end, or staff. Asked for what is
    watched in just this way already, it changes nothing. Raises Refused and Conflict.
    """
    if refusals := _unreachable(registration):
        raise Refused(refusals)
    with registry.writing(changes := Changes(), patience=None):
        _take_turn(registration)
        if known := _same(registration):
            return _known(known, registration)
        if not is_trusted and _is_watched_for_another(registration):
            raise Conflict([_taken()])
        named = _named(registration, owner_name)
        if not is_trusted and _is_asked_with_our_key(named) and not named.provider_user_id:
            raise Refused([_of_nobody()])
        registry.register([named], changes=changes)
        if changes.refused:
            raise Refused(changes.refused)
        made = _same(registration)
        assert made is not None
        # None was created: an import or a synchronisation, which takes no turn here, was quicker.
        return Admitted(made.pk, is_new=True) if changes.created else _known(made, registration)


def _take_turn(registration: Registration) -> None:
    """Wait until nobody else is registering this connection: a row to lock is not there yet."""
    name = f"{registration.provider}/{registration.server_instance_id}"
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [name])


def _known(row: Integration, registration: Registration) -> Admitted:
    """Return what is watched already. Raises Conflict where it is not watched in just this way."""
    if other := registry.differences(row, registration.said()):
        raise Conflict([_differs(name) for name in other])
    mailboxes.keep([registration])
    return Admitted(row.pk, is_new=False)


def _unreachable(registration: Registration) -> list[Refusal]:
    """Return what is wrong with an address that we ourselves would call.

    Names are judged again, by where they lead, whenever a connection is made.
    """
    is_called = registration.provider == "mcp" and registration.server_url
    if not is_called or settings.PROVIDERS["mcp"]["options"]["is_private_allowed"]:
        return []
    if addresses.is_named_private(urlsplit(registration.server_url or "").hostname or ""):
        remedy = "type one that the internet can reach"
        return [Refusal("", "serverUrl", "is an address in a private network", remedy)]
    return []


def _is_of(registration: Registration) -> Q:
    if registration.user_id is not None:
        return Q(user_id=registration.user_id)
    return Q(user__external_id=registration.user)


def _same(registration: Registration) -> Integration | None:
    return Integration.objects.filter(
        _is_of(registration),
        provider=registration.provider,
        service=registration.service,
        server_instance_id=registration.server_instance_id,
    ).first()


def _is_watched_for_another(registration: Registration) -> bool:
    # An account at a provider that we ask with our own key has one owner: who could register
    # somebody else's would be told how it is. Plain servers are named by whoever registers them.
    if not _is_asked_with_our_key(registration):
        return False
    return (
        Integration.objects.filter(
            provider=registration.provider,
            server_instance_id=registration.server_instance_id,
        )
        .exclude(_is_of(registration))
        .exists()
    )


def _is_asked_with_our_key(registration: Registration) -> bool:
    return bool(settings.PROVIDERS[registration.provider]["base_url"])


def _named(registration: Registration, owner_name: str) -> Registration:
    if registration.provider_user_id is not None or not owner_name:
        return registration
    return replace(registration, provider_user_id=owner_name)


def _differs(attribute: str) -> Refusal:
    name, problem = _NAMES[attribute], "is not what it is watched with"
    is_changeable = name in CHANGEABLE
    remedy = "change it with PATCH" if is_changeable else "remove the integration first"
    return Refusal("", name, problem, remedy)


def _taken() -> Refusal:
    problem = "belongs to somebody else's integration"
    return Refusal("", "serverInstanceId", problem, "send the id of a connection of your own")


def _of_nobody() -> Refusal:
    problem = "cannot be told to be yours: the application has given you no id of its own"
    remedy = "ask for it to be registered by the application's back end"
    return Refusal("", "serverInstanceId", problem, remedy)
