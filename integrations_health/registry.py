"""Who is watched: the one place that creates and changes integrations."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from typing import Any
from uuid import UUID, uuid4

from django.contrib.auth.hashers import make_password
from django.db import connection, transaction
from django.db.models import F
from django.db.models.functions import Now
from django.db.utils import OperationalError
from psycopg.errors import LockNotAvailable

from integrations_health import health_rows, live, mailboxes, schedule, unnest
from integrations_health.models import Integration, User
from integrations_health.registration import OPTIONAL, Refusal, Registration

# So many new ones are due at once; those beyond come one by one over their interval.
DUE_AT_ONCE = 300
SPREAD = timedelta(minutes=5)
# What a check asks with: who changes it wants to know at once whether it works now.
ASKED_WITH = frozenset(
    {"server_url", "server_token", "provider_user_id", "auth_config_id", "connected_at"}
    | {"interval_seconds", "probe_policy", "probe_every", "probe_tool", "probe_arguments"}
)
COLUMNS = ("id", "user", "service", "provider", "server_instance_id", *OPTIONAL)
NEEDS_URL = frozenset({"mcp"})
PATIENCE = timedelta(seconds=25)  # below the statement timeout of 30 s
_LOCK_ID = 7_316_204_551
_Key = tuple[str, str, str, UUID | str | None]


class Busy(Exception):
    """Another import or synchronisation is writing, so nothing was written."""


@dataclass(kw_only=True, slots=True)
class Changes:
    """What a bulk registration did, summed over its parts.

    `people` are the external ids of the users it made. `to_toggle` and `to_check` are what has
    still to be done to the health rows, which are touched last, by `writing`.
    """

    created: int = 0
    updated: int = 0
    unchanged: int = 0
    people: set[str] = field(default_factory=set)
    mailboxes: int = 0
    refused: list[Refusal] = field(default_factory=list)
    to_toggle: dict[UUID, bool] = field(default_factory=dict)
    to_check: set[UUID] = field(default_factory=set)

    def __str__(self) -> str:
        if not (self.created or self.updated or self.mailboxes):
            return "nothing changed"
        mailboxes = f"; new e-mail addresses: {self.mailboxes:,}" if self.mailboxes else ""
        return (
            f"{self.created:,} created, {self.updated:,} updated, {self.unchanged:,} unchanged; "
            f"new users: {len(self.people):,}{mailboxes}"
        )


@contextmanager
def writing(
    changes: Changes, *, patience: timedelta | None = PATIENCE
) -> Iterator[Callable[[], None]]:
    """Make one transaction of the registrations inside; calling what it yields will undo it all.

    Bulk writers take turns: two that write the same rows in another order would lock each other
    out. Raises Busy when the turn does not come within `patience`. Who writes but one integration
    needs no turn: None.
    """
    with transaction.atomic():
        if patience is not None:
            _take_turn(patience)
        yield partial(transaction.set_rollback, True)
        _settle(changes)


def register(registrations: Iterable[Registration], *, changes: Changes) -> None:
    """Create or update integrations, a thousand at most, in a constant number of statements.

    What was not said stays as it is: most of all, a pause. An entry that cannot be created is
    added to `changes.refused` and leaves no trace.
    """
    wanted = {_owner_key(registration): registration for registration in registrations}
    known = _known(wanted.values())
    new: list[Registration] = []
    differing: dict[UUID, dict[str, Any]] = {}
    for key, registration in wanted.items():
        row = known.get(key)
        if row is not None and differences(row, registration.said()):
            differing[row.pk] = registration.said()
        elif row is not None:
            changes.unchanged += 1
        elif registration.provider in NEEDS_URL and not registration.server_url:
            changes.refused.append(_without_url(registration))
        else:
            new.append(registration)
    _create(new, changes)
    change(differing, changes=changes)
    refused = {one.place for one in changes.refused}
    changes.mailboxes += mailboxes.keep(r for r in wanted.values() if r.place not in refused)


def _owner_key(registration: Registration) -> tuple[str, str, str, UUID | str]:
    owner = registration.user_id or registration.user
    return registration.provider, registration.server_instance_id, registration.service, owner


def _known(registrations: Iterable[Registration]) -> dict[_Key, Integration]:
    """Return the rows that there are, by the owner's id and by the owner's external id."""
    rows = Integration.objects.filter(
        provider__in={registration.provider for registration in registrations},
        server_instance_id__in={registration.server_instance_id for registration in registrations},
    ).annotate(external_id=F("user__external_id"))
    return {
        (row.provider, row.server_instance_id, row.service, owner): row
        for row in rows
        for owner in (row.user_id, row.external_id)
    }


def differences(row: Integration, said: Mapping[str, Any]) -> dict[str, Any]:
    """Return what of `said` is not so yet, by the name of the row's field."""
    return {name: value for name, value in said.items() if getattr(row, name) != value}


def _create(registrations: Sequence[Registration], changes: Changes) -> None:
    if not registrations:
        return
    people = _people({r.user for r in registrations if r.user_id is None}, changes)
    rows = [
        Integration(
            id=uuid4(),
            user_id=registration.user_id or people[registration.user],
            service=registration.service,
            provider=registration.provider,
            server_instance_id=registration.server_instance_id,
            **registration.said(),
        )
        for registration in registrations
    ]
    # Somebody may have registered the same one since we looked: theirs stands.
    inserted = unnest.insert(rows, columns=COLUMNS)
    _spread([row.pk for row in rows[max(DUE_AT_ONCE - changes.created, 0) :]])
    changes.created += inserted
    changes.unchanged += len(rows) - inserted


def _people(external_ids: set[str], changes: Changes) -> dict[str, UUID]:
    """Return the users' ids by external id, of new users where there were none."""
    known = _user_ids(external_ids)
    missing = external_ids - known.keys()
    if not missing:
        return known
    # The name to sign in with is our id: an external id could be the name of a staff member.
    ids = [(uuid4(), external_id) for external_id in sorted(missing)]
    User.objects.bulk_create(
        [
            User(id=pk, username=str(pk), external_id=external_id, password=make_password(None))
            for pk, external_id in ids
        ],
        ignore_conflicts=True,
    )
    changes.people |= missing
    return _user_ids(external_ids)


def _user_ids(external_ids: set[str]) -> dict[str, UUID]:
    rows = User.objects.filter(external_id__in=external_ids).values_list("external_id", "pk")
    return {external_id: pk for external_id, pk in rows if external_id is not None}


def change(wanted: Mapping[UUID, Mapping[str, Any]], *, changes: Changes) -> None:
    """Change these fields of a thousand integrations at most, by id; what is gone stays gone."""
    if not wanted:
        return
    rows, names = [], {"updated_at"}
    # In order, and not their keys, which new alerts share: two that meet must not wait crosswise.
    locked = Integration.objects.select_for_update(no_key=True).filter(pk__in=wanted)
    for row in locked.order_by("pk"):
        new = differences(row, wanted[row.pk])
        changes.updated += 1
        if "enabled" in new:
            changes.to_toggle[row.pk] = new.pop("enabled")
        if new.keys() & ASKED_WITH:
            changes.to_check.add(row.pk)
        for name, value in new.items():
            setattr(row, name, value)
        rows.append(row)
        names |= new.keys()
    if rows:
        unnest.update(rows, columns=sorted(names))


def _settle(changes: Changes) -> None:
    """Pause, resume and make due what the registrations changed; health rows in order, and last."""
    resumed = {pk for pk, is_enabled in changes.to_toggle.items() if is_enabled}
    to_check = changes.to_check | resumed
    if touched := to_check | changes.to_toggle.keys():
        rows = health_rows.lock(touched)
        for is_enabled in (True, False):
            ids = [pk for pk, wanted in changes.to_toggle.items() if wanted is is_enabled]
            Integration.objects.filter(pk__in=ids).update(enabled=is_enabled, updated_at=Now())
        spread = SPREAD if len(to_check) > DUE_AT_ONCE else timedelta()
        schedule.make_due(sorted(to_check), spread=spread)
        owners = {pk: rows[pk].user_id for pk in changes.to_toggle if pk in rows}
        transaction.on_commit(partial(live.push, owners))
    changes.to_toggle.clear()
    changes.to_check.clear()


def _spread(integration_ids: Sequence[UUID]) -> None:
    if not integration_ids:
        return
    with connection.cursor() as cursor:
        cursor.execute(
            """
            UPDATE integration_health_checks h
            SET next_check_at =
                h.next_check_at + random() * i.interval_seconds * interval '1 second'
            FROM user_integrations i
            WHERE i.id = h.integration_id AND h.integration_id = ANY(%s)
            """,
            [list(integration_ids)],
        )


def _take_turn(patience: timedelta) -> None:
    with connection.cursor() as cursor:
        milliseconds = f"{patience / timedelta(milliseconds=1):.0f}"
        cursor.execute("SELECT set_config('lock_timeout', %s, true)", [milliseconds])
        try:
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_LOCK_ID])
        except OperationalError as error:
            if isinstance(error.__cause__, LockNotAvailable):
                raise Busy from None
            raise
        cursor.execute("SET LOCAL lock_timeout TO DEFAULT")


def _without_url(registration: Registration) -> Refusal:
    problem = f"is missing, and {registration.provider} can be asked nowhere else"
    return Refusal(registration.place, "serverUrl", problem, "type the address of the MCP server")
