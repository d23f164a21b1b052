"""Make a message out of the rows that it tells of."""

from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import datetime
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from django.db.models import Q, QuerySet
from django.urls import reverse

from alerts import destinations, messages, reconnects
from alerts.models import Alert, Destination, Notification, NotificationItem, StaffNotice
from alerts.models.destination import Channel
from alerts.news import Told
from alerts.senders.base import Address, Outgoing
from integrations_health.models import Integration

Event = NotificationItem.Event
State = Notification.State


def outgoing(row: Notification, *, now: datetime) -> Outgoing:
    """Return a notification as it goes out. Raises fields.UnreadableSecret."""
    if row.destination_id is None:
        # Where they are reached by now: what waits, or is tried again, must not go elsewhere.
        to = Address(email=row.email if row.user is None else row.user.email)
    else:
        to = destinations.address_of(row.destination_id, now=now)
    if row.body:
        return Outgoing(id=row.pk, to=to, made_at=now, body=row.body)
    zone = row.user.timezone if row.user is not None else "UTC"
    return _written(
        _with_links(_told(row), row, now=now),
        channel=row.channel,
        id=row.pk,
        to=to,
        zone=zone,
        is_owner=row.user is not None,
        now=now,
    )


def trial(destination: Destination, *, now: datetime) -> Outgoing:
    """Return a message that only says that messages arrive. Raises fields.UnreadableSecret."""
    told = Told(
        event="opened",
        sentence=f"This is a test of “{destination.name}”: messages arrive here. Nothing is wrong.",
        id=uuid4(),
        began_at=now,
        is_notice=True,
        is_trial=True,
        page=_page(destination),
    )
    return _written(
        [told],
        channel=destination.kind,
        id=told.id,
        to=destinations.address_of(destination.pk, now=now),
        zone="UTC",
        is_owner=False,
        now=now,
    )


def _written(
    told: Sequence[Told],
    *,
    channel: str,
    id: UUID,
    to: Address,
    zone: str,
    is_owner: bool,
    now: datetime,
) -> Outgoing:
    match channel:
        case Channel.WEBHOOK:
            return Outgoing(id=id, to=to, made_at=now, body=messages.webhook(told, at=now))
        case Channel.SLACK:
            return Outgoing(id=id, to=to, made_at=now, body=messages.slack(told, id=id))
        case _:
            subject, text, html = messages.mail(told, zone=_known(zone), is_owner=is_owner)
            return Outgoing(id=id, to=to, made_at=now, subject=subject, text=text, html=html)


def _with_links(told: Sequence[Told], row: Notification, *, now: datetime) -> list[Told]:
    """Return what is told, with where its owner mends what they alone can mend.

    An owner gets a link of their own; programs get the page. Staff are asked to do nothing there.
    """
    to_mend = {one.integration_id for one in told if one.is_to_mend and one.integration_id}
    if not to_mend or (row.user is None and row.channel != Channel.WEBHOOK):
        return list(told)
    links = reconnects.links(to_mend, owner=row.user_id, now=now)
    return [
        replace(one, reauth_url=links.get(one.integration_id, ""))
        if one.is_to_mend and one.integration_id
        else one
        for one in told
    ]


def _told(row: Notification) -> list[Told]:
    items = NotificationItem.objects.filter(notification=row.replays_id or row.pk)
    # No secret of an integration is read for it.
    secrets = [f"alert__integration__{secret}" for secret in Integration.SECRETS]
    found = items.select_related("alert__integration", "alert__user", "notice")
    found = found.defer(*secrets, "alert__user__password")
    told = list(found.order_by("id"))
    over = {_thing(item) for item in told if item.event == Event.RECOVERED}
    begun = {_thing(item) for item in told if item.event == Event.OPENED}
    # What began and became worse, or began and ended, within one message is one line of it.
    shown = [
        item
        for item in told
        if item.event == Event.RECOVERED
        or (_thing(item) not in over and (item.event == Event.OPENED or _thing(item) not in begun))
    ]
    later = {_thing(item) for item in shown if item.event != Event.OPENED} - begun
    unheard = begun | _unheard(later, recipient=row.recipient) if later else begun
    return [_of(item, is_unheard=_thing(item) in unheard) for item in shown]


def _unheard(things: Collection[UUID | None], *, recipient: str) -> set[UUID | None]:
    """Return of which things the recipient never heard that they began: that message died."""
    of_them = NotificationItem.objects.filter(
        Q(alert__in=things) | Q(notice__in=things), recipient=recipient
    )
    sent = Q(notification__state=State.SENT) | Q(notification__replayed_by__state=State.SENT)
    dead = of_them.filter(event=Event.OPENED, notification__state=State.DEAD).exclude(sent)
    # An escalation says that it began where nothing else did.
    heard = of_them.filter(sent, event=Event.ESCALATED)
    return _things(dead) - _things(heard)


def _things(items: QuerySet[NotificationItem]) -> set[UUID | None]:
    return {thing for pair in items.values_list("alert", "notice") for thing in pair}


def _thing(item: NotificationItem) -> UUID | None:
    return item.alert_id or item.notice_id


def _of(item: NotificationItem, *, is_unheard: bool) -> Told:
    is_whole = is_unheard and item.event == Event.RECOVERED
    if item.notice is not None:
        notice = item.notice
        return Told(
            event=item.event,
            sentence=notice.message,
            id=notice.pk,
            began_at=notice.opened_at,
            ended_at=notice.closed_at,
            is_notice=True,
            kind=notice.get_kind_display(),
            is_whole=is_whole,
            page=_page(notice),
        )
    alert = item.alert
    assert alert is not None  # an item tells of an alert or of a notice
    watched = alert.integration
    return Told(
        event=Event.OPENED if is_unheard and item.event == Event.ESCALATED else item.event,
        sentence=alert.message,
        id=alert.pk,
        began_at=alert.since,
        opened_at=alert.created_at,
        ended_at=alert.resolved_at,
        end=_end(alert) if item.event == Event.RECOVERED else "",
        is_degraded=alert.alert_type == "degraded",
        severity=alert.severity,
        service=watched.service,
        provider=watched.provider,
        name=watched.display_name,
        error_code=alert.error_code,
        integration_id=watched.pk,
        user_id=alert.user_id,
        user=alert.user.external_id or "",
        is_whole=is_whole,
        page=_page(alert),
    )


def _page(row: Alert | Destination | StaffNotice) -> str:
    return reverse(f"admin:alerts_{row._meta.model_name}_change", args=[row.pk])


def _end(alert: Alert) -> str:
    if alert.resolved_by_id is not None:
        return "is taken for mended by our staff"
    return "" if alert.integration.enabled else "is no longer watched"


def _known(zone: str) -> str:
    try:
        ZoneInfo(zone)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return "UTC"
    return zone
