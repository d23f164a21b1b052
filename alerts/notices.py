"""Tell staff, and nobody else, of what is our own fault."""

import logging
from collections.abc import Collection, Iterable, Sequence
from datetime import datetime, timedelta
from uuid import UUID, uuid4

from django.db import Error, connection, transaction
from django.db.models import Exists, OuterRef, Q
from django.db.models.functions import Greatest

from alerts import planning, reach
from alerts.models import Destination, Notification, NotificationItem, StaffNotice
from alerts.planning import Item, Recipient
from integrations_health import clock, names
from integrations_health.models import ProviderIncident, User
from integrations_health.outcomes import Observation, Outcome

logger = logging.getLogger(__name__)

Kind = StaffNotice.Kind
Event = NotificationItem.Event

_KINDS = {
    Outcome.KEY_REJECTED: Kind.KEY_REJECTED,
    Outcome.PROBE_MISCONFIGURED: Kind.PROBE_MISCONFIGURED,
    Outcome.INTERNAL_ERROR: Kind.CHECKS_FAIL,
}
_SENTENCES = {
    Kind.KEY_REJECTED: "{} refuses our key: nothing there can be checked. No user was told.",
    Kind.PROBE_MISCONFIGURED: "Our check of services at {} needs an update. No user was told.",
    Kind.CHECKS_FAIL: "Our own checks at {} fail, by our network or a fault of ours: how things "
    "are there is not known. No user was told.",
}
# A moment without a network is over before anybody can look.
_PATIENCE = {Kind.CHECKS_FAIL: timedelta(minutes=2)}
# Over when they were not seen for a while; a machine may be gone for good, its clock with it.
_ENDING = [*_SENTENCES, Kind.CHECK_PARKED, Kind.WRONG_CLOCK]
# Often enough to know that it goes on, seldom enough not to queue for one row.
_SEEN_AGAIN_AFTER = timedelta(minutes=1)
# The slowest row is looked at once an hour, and so is one that is parked.
_GONE_AFTER = timedelta(minutes=75)


def follow(observations: Sequence[Observation], *, now: datetime) -> None:
    """Open a notice per provider for our own faults among `observations`, once while it lasts."""
    faults = [seen for seen in observations if seen.outcome in _KINDS]
    if not faults:
        return
    for kind, provider in _by_provider(faults):
        said = _SENTENCES[kind].format(names.provider(provider))
        open_notice(kind, provider, said, now=now, after=_PATIENCE.get(kind, timedelta()))


def tell_of_parked(
    provider: str, integration_ids: Iterable[UUID], *, now: datetime | None = None
) -> None:
    """Open a notice that checks at a provider end their process, by the example of one of these.

    Never raises because of the database: whoever calls has claims in their hands, and what is
    parked is told of when it was tried again. `now` replaces the database's clock in tests.
    """
    said = (
        f"The check of an integration at {names.provider(provider)} ended its process again and "
        f"again: {min(integration_ids)} is tried once an hour from now on. No user was told."
    )
    try:
        with transaction.atomic():
            open_notice(Kind.CHECK_PARKED, provider, said, now=now or clock.now())
    except Error as error:
        logger.warning("notice.not_opened", extra={"reason": type(error).__name__})


def open_notice(
    kind: StaffNotice.Kind,
    subject: str,
    message: str,
    *,
    now: datetime,
    besides: UUID | None = None,
    after: timedelta = timedelta(),
) -> None:
    """Open a notice and tell staff, unless they know one of this kind and subject that is open.

    `besides` is a destination that is not told: the notice is about it. They are told when it is
    still so `after` a while.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            """
            INSERT INTO staff_notices AS s (id, kind, subject, message, opened_at, last_seen_at)
            VALUES (%s, %s, %s, %s, %s, %s)
            ON CONFLICT (kind, subject) WHERE closed_at IS NULL
                DO UPDATE SET last_seen_at = EXCLUDED.last_seen_at
                WHERE s.last_seen_at < %s
            RETURNING id, xmax = 0, opened_at
            """,
            [uuid4(), kind.value, subject, message, now, now, now - _SEEN_AGAIN_AFTER],
        )
        row = cursor.fetchone()
    if row is None:
        return
    notice_id, is_new, opened_at = row
    if now - opened_at < after:
        return
    # At first there may have been nobody to tell.
    if is_new or not NotificationItem.objects.filter(notice=notice_id).exists():
        whom = staff(besides=besides)
        planning.plan([Item(who, Event.OPENED, notice_id=notice_id) for who in whom], now=now)


@transaction.atomic
def close_stale(*, now: datetime) -> None:
    """Close the notices of faults that were not seen for more than the longest pause."""
    stale = StaffNotice.objects.select_for_update(skip_locked=True).filter(
        closed_at=None,
        kind__in=[kind.value for kind in _ENDING],
        last_seen_at__lt=now - _GONE_AFTER,
    )
    _end(list(stale.order_by("pk").values_list("pk", flat=True)), now=now)


@transaction.atomic
def close_over(kind: StaffNotice.Kind, subject: str, *, now: datetime) -> None:
    """Close the notice of a fault that is over, and tell whoever was told of it."""
    rows = StaffNotice.objects.select_for_update(skip_locked=True)
    over = rows.filter(kind=kind.value, subject=subject, closed_at=None)
    if ids := list(over.values_list("pk", flat=True)):
        _end(ids, now=now)


@transaction.atomic
def follow_incidents(*, now: datetime) -> None:
    """Open a notice of each incident that we detected, and close it when the incident is over.

    An incident is told once, also when its notice is closed by hand while it goes on. One that
    another continues is over when that is, and is not told again when that is of the same scope.
    """
    known = StaffNotice.objects.filter(kind=Kind.PROVIDER_INCIDENT.value)
    same = {name: OuterRef(name) for name in ("provider", "service")}
    before = ProviderIncident.objects.filter(continued_by=OuterRef("pk"), **same)
    incidents = ProviderIncident.objects.filter(~Exists(before), is_detected=True, closed_at=None)
    # Locked, so that none ends, and is told to be over, between the look at it and its notice.
    for incident in incidents.order_by("pk").select_for_update(skip_locked=True):
        subject = str(incident.pk)
        if not known.filter(subject=subject).exclude(closed_at=None).exists():
            open_notice(Kind.PROVIDER_INCIDENT, subject, _said_of(incident), now=now)
    opened = known.filter(closed_at=None).order_by("pk").select_for_update(skip_locked=True)
    ids = {UUID(subject): pk for pk, subject in opened.values_list("pk", "subject")}
    closed = ProviderIncident.objects.filter(pk__in=ids).exclude(closed_at=None)
    over = closed.filter(Q(continued_by=None) | Q(continued_by__closed_at__isnull=False))
    _end([ids[incident] for incident in over.values_list("pk", flat=True)], now=now)


def _said_of(incident: ProviderIncident) -> str:
    who = names.concerned(incident.provider, incident.service)
    users = incident.affected_users
    people = "1 user" if users == 1 else f"{users:,} users"
    return f"{who} is failing for {people}: their alerts about it wait until it is over."


def _end(ids: Sequence[UUID], *, now: datetime) -> None:
    """Close notices, and tell whoever was told of them, and can still be, that they are over."""
    StaffNotice.objects.filter(pk__in=ids).update(closed_at=Greatest("opened_at", now))
    can_be_told = Q(notification__user=None) | reach.reached("notification__user")
    told = NotificationItem.objects.filter(can_be_told, notice__in=ids, event=Event.OPENED)
    items = [
        Item(_recipient(item.notification), Event.RECOVERED, notice_id=item.notice_id)
        for item in told.select_related("notification")
    ]
    planning.plan(items, now=now)


def close(notice_ids: Collection[UUID], *, now: datetime) -> list[UUID]:
    """Close notices by hand; return those that were open. What goes on opens a new one."""
    rows = StaffNotice.objects.filter(pk__in=notice_ids, closed_at=None).order_by("pk")
    ids = list(rows.select_for_update().values_list("pk", flat=True))
    StaffNotice.objects.filter(pk__in=ids).update(closed_at=Greatest("opened_at", now))
    return ids


def staff(*, besides: UUID | None = None) -> list[Recipient]:
    """Return who hears of our own faults: the destinations for it, else the staff by e-mail."""
    named = Destination.objects.filter(is_for_staff=True, enabled=True).values_list("pk", "kind")
    found = [planning.destination(pk, kind) for pk, kind in named if pk != besides]
    if found:
        return found
    people = User.objects.filter(reach.reached(), is_staff=True)
    return [planning.person(pk, email) for pk, email in people.values_list("pk", "email")]


def _recipient(told: Notification) -> Recipient:
    return Recipient(told.recipient, told.channel, told.destination_id, told.user_id, told.email)


def _by_provider(faults: Sequence[Observation]) -> list[tuple[StaffNotice.Kind, str]]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT DISTINCT f.kind, i.provider FROM unnest(%s::uuid[], %s::text[]) AS f(id, kind)"
            " JOIN user_integrations i USING (id) ORDER BY 1, 2",
            [
                [seen.integration_id for seen in faults],
                [_KINDS[seen.outcome].value for seen in faults],
            ],
        )
        return [(Kind(kind), provider) for kind, provider in cursor.fetchall()]
