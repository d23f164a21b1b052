"""The messages of a destination, and sending dead ones again."""

from collections.abc import Iterable
from typing import Any, NamedTuple
from uuid import UUID

from django.contrib import messages
from django.db import transaction
from django.db.models import OuterRef, Prefetch, QuerySet, Subquery
from django.http import HttpRequest
from django.utils.html import format_html
from django.utils.safestring import SafeString

from alerts import delivery
from alerts.models import Alert, Destination, Notification, NotificationItem
from alerts.pairs import JOINED
from integrations_health import audit, clock

SHOWN = 25
ITEMS_SHOWN = 3
MOST_ITEMS = 200
TONES = {
    "sent": "healthy",
    "on": "healthy",
    "retrying": "degraded",
    "dead": "unhealthy",
    "off": "unhealthy",
    "open": "unhealthy",
}
MAY_REPLAY = "alerts.replay_notification"
_REFUSED = (
    "{} not sent again: sent anew before, not dead, or told in another message since.",
    "{} not sent again: their destination is off. Enable it first.",
)


class Entry(NamedTuple):
    """One message as a log shows it."""

    message: Notification
    state: str
    tone: str
    # What it tells: the events, and what they say.
    items: list[tuple[str, str]]
    # How many it tells beyond those.
    more: int
    is_replayable: bool


def of_destination(destination: Destination) -> list[Entry]:
    """Return the last messages of a destination, newest first, with what they tell."""
    rows = Notification.objects.filter(recipient=f"destination:{destination.pk}")
    # By the index over a recipient's messages.
    last = with_items(rows).order_by("-collects_until", "-pk")[:SHOWN]
    return [_entry(message) for message in last]


def _entry(message: Notification) -> Entry:
    state, items = state_of(message), items_of(message)
    return Entry(
        message=message,
        state=state,
        tone=TONES.get(state, ""),
        items=[(item.event, says(item)) for item in items[:ITEMS_SHOWN]],
        more=max(0, len(items) - ITEMS_SHOWN),
        is_replayable=is_replayable(message),
    )


def pill(word: str) -> SafeString:
    """Return a word about a message or a notice in the colour that it has."""
    return format_html('<span class="pill {}">{}</span>', TONES.get(word, ""), word)


def with_items(rows: QuerySet[Any]) -> QuerySet[Any]:
    """Return messages with what they tell, without bodies and secrets: two statements in all."""
    items = NotificationItem.objects.select_related("alert", "notice").annotate(
        all_clear=Subquery(Alert.objects.filter(recovers=OuterRef("alert")).values("message"))
    )
    ordered = items.order_by("pk")
    told = Prefetch("items", ordered), Prefetch("replays__items", ordered)
    secrets = (f"destination__{secret}" for secret in Destination.SECRETS)
    rows = rows.select_related("destination", "user", "replays").prefetch_related(*told)
    return rows.defer("body", "replays__body", *secrets)


def items_of(message: Notification) -> list[NotificationItem]:
    """Return what a message tells; a replay tells what the dead one did."""
    return list((message.replays or message).items.all())


def says(item: NotificationItem) -> str:
    """Return what an item says: of an end, that it ended, and not what it was."""
    if item.alert is None or item.event != NotificationItem.Event.RECOVERED:
        return str(item.alert or item.notice)
    return getattr(item, "all_clear", None) or f"It is over: {item.alert}"


def state_of(message: Notification) -> str:
    """Return how a message stands, in a word."""
    if message.state == Notification.State.DEAD and message.last_error == JOINED:
        return "joined"
    if message.state == Notification.State.PENDING and message.attempts:
        return "retrying"
    return "collecting" if message.is_collecting else message.state


def is_replayable(message: Notification) -> bool:
    """Say whether there is a sense in offering to send a message again."""
    return state_of(message) == Notification.State.DEAD


def send_again(request: HttpRequest, chosen: Iterable[UUID]) -> None:
    """Send dead messages again, each in a new one, once; tell the person what came of it."""
    sent, refused, off = 0, 0, 0
    rows = Notification.objects.filter(pk__in=list(chosen)).select_related("destination")
    secrets = (f"destination__{secret}" for secret in Destination.SECRETS)
    for message in rows.defer("body", *secrets).order_by("pk"):
        if message.destination is not None and not message.destination.enabled:
            off += 1
            continue
        try:
            with transaction.atomic():
                anew = delivery.replay(message, now=clock.now())
                audit.note(request, [message], f"Sent again, as message {anew.pk}.")
        except delivery.NotDead:
            refused += 1
        else:
            sent += 1
    if sent:
        messages.success(request, f"{sent} sent again, with new ids: within seconds.")
    for count, said in zip((refused, off), _REFUSED, strict=True):
        if count:
            messages.warning(request, said.format(count))
    if not sent + refused + off:
        messages.warning(request, "Nothing was chosen. Tick the messages to send again.")
