"""Make a message out of the rows that it tells of."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from alerts import destinations, messages
from alerts.messages import Told
from alerts.models import Alert, Destination, Notification, NotificationItem
from alerts.models.destination import Channel
from alerts.senders.base import Address, Outgoing


def outgoing(row: Notification, *, now: datetime) -> Outgoing:
    """Return a notification as it goes out. Raises fields.UnreadableSecret."""
    if row.destination_id is None:
        to = Address(email=row.email)
    else:
        to = destinations.address_of(row.destination_id, now=now)
    if row.body:
        return Outgoing(id=row.pk, to=to, body=row.body)
    zone = row.user.timezone if row.user is not None else "UTC"
    return _written(
        _told(row),
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
        sentence=f"This is a test of “{destination.name}”. Nothing is wrong.",
        id=uuid4(),
        began_at=now,
        is_notice=True,
        kind="This is a test",
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
            return Outgoing(id=id, to=to, body=messages.webhook(told, at=now))
        case Channel.SLACK:
            return Outgoing(id=id, to=to, body=messages.slack(told, id=id))
        case _:
            subject, text, html = messages.mail(told, zone=_known(zone), is_owner=is_owner)
            return Outgoing(id=id, to=to, subject=subject, text=text, html=html)


def _told(row: Notification) -> list[Told]:
    items = NotificationItem.objects.filter(notification=row.replays_id or row.pk)
    # No secret of an integration is read for it.
    secrets = ("alert__integration__server_url", "alert__integration__server_token")
    found = items.select_related("alert__integration", "notice").defer(*secrets)
    return [_of(item) for item in found.order_by("id")]


def _of(item: NotificationItem) -> Told:
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
        )
    alert = item.alert
    assert alert is not None  # an item tells of an alert or of a notice
    watched = alert.integration
    return Told(
        event=item.event,
        sentence=alert.message,
        id=alert.pk,
        began_at=alert.created_at,
        ended_at=alert.resolved_at,
        end=_end(alert) if item.event == NotificationItem.Event.RECOVERED else "",
        is_degraded=alert.alert_type == "degraded",
        severity=alert.severity,
        service=watched.service,
        provider=watched.provider,
        name=watched.display_name,
        error_code=alert.error_code,
        integration_id=watched.pk,
        user_id=alert.user_id,
    )


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
