"""Deliver what is due on one channel, from the claim to the mark."""

import logging
import random
from collections.abc import Callable
from datetime import datetime
from typing import TypeVar
from uuid import UUID, uuid4

from django.db import OperationalError, connection, transaction
from django.db.models.functions import Greatest

from alerts import claims, contents, destinations, lanes, notices, pairs, reach, retries
from alerts.lanes import Attempt
from alerts.models import Alert, Destination, Notification, NotificationItem, StaffNotice
from alerts.senders import SENDERS
from alerts.senders.base import MayWorkLater, NeverWorks, Outgoing
from integrations_health import clock
from integrations_health.crash_points import crash_point
from integrations_health.fields import UnreadableSecret

logger = logging.getLogger(__name__)

MARK_ATTEMPTS = 3
T = TypeVar("T")


class NotDead(Exception):
    """Only what was given up is sent anew, once unless that dies, too, and if it still tells."""


def run(channel: str, *, now: datetime | None = None) -> bool:
    """Deliver one batch; say whether more may be due. `now` replaces the clock in tests."""
    sender = SENDERS[channel]
    began_at, ends_at = now or clock.now(), lanes.budget_end()
    claim = claims.claim(channel, pause_until=began_at - sender.pause, now=began_at)
    if not claim.ids:
        return False
    crash_point("after_notification_claim")
    going = pairs.settle(claim, now=began_at)
    # One secret that cannot be read must not stop the others: each is read on its own, later.
    secrets = (f"destination__{secret}" for secret in Destination.SECRETS)
    rows = Notification.objects.select_related("destination", "user").defer(*secrets)
    found = rows.in_bulk(going)
    by_recipient: dict[str, list[Outgoing]] = {}
    for row in (found[pk] for pk in going if pk in found):
        try:
            made = _made(row, token=claim.token, now=began_at)
        except (MayWorkLater, NeverWorks) as error:
            _settle(row, error, token=claim.token, now=began_at)
        else:
            # All mail goes over one connection.
            lane = "" if channel == "email" else row.recipient
            by_recipient.setdefault(lane, []).append(made)
    unsent: list[UUID] = []
    for attempt in lanes.send(sender, list(by_recipient.values()), ends_at=ends_at):
        if not attempt.is_tried:
            unsent.append(attempt.message.id)
            continue
        crash_point("after_send_before_mark")
        at = now or clock.now()
        _note(found[attempt.message.id], attempt, now=at)
        _settle(found[attempt.message.id], attempt.error, token=claim.token, now=at)
    if unsent:
        claims.release(unsent, token=claim.token, now=now or clock.now())
    return claim.is_full or bool(unsent) or len(going) < len(claim.ids)


@transaction.atomic
def replay(message: Notification, *, now: datetime) -> Notification:
    """Send what a dead message told in a new one, with an id of its own. Raises NotDead."""
    # All that is sent anew of one message waits for that message's own row.
    first = message.replays_id or message.pk
    root = Notification.objects.select_for_update().defer("body").get(pk=first)
    dead = Notification.objects.defer("body").get(pk=message.pk)
    anew = Notification.objects.filter(replays=root).exclude(state=Notification.State.DEAD)
    # What joined another message has nothing left to tell.
    if dead.state != Notification.State.DEAD or anew.exists() or not root.items.exists():
        raise NotDead
    return Notification.objects.create(
        id=uuid4(),
        replays=root,
        channel=dead.channel,
        recipient=dead.recipient,
        destination=dead.destination,
        user=dead.user,
        email=dead.email,
        is_digest=dead.is_digest,
        is_collecting=False,
        collects_until=now,
        next_attempt_at=now,
    )


def _made(row: Notification, *, token: UUID, now: datetime) -> Outgoing:
    """Return the message as it goes out. Raises MayWorkLater or NeverWorks."""
    if row.attempts > retries.MOST_ATTEMPTS:
        raise NeverWorks("Whoever tried to send it died each time.")
    if row.destination is not None and not row.destination.enabled:
        raise NeverWorks("The destination is switched off.")
    if row.user is not None and not reach.is_reached(row.user):
        if row.user.email:
            raise NeverWorks("The person's account is switched off.", is_meant=True)
        raise NeverWorks("The person has no e-mail address any more.")
    try:
        outgoing = contents.outgoing(row, now=now)
    except UnreadableSecret:
        raise NeverWorks("Its secret cannot be read.") from None
    except Exception:  # a bug of ours in one message must not stop the others
        logger.exception("notification.not_made", extra={"notification_id": str(row.pk)})
        raise MayWorkLater(lanes.OUR_FAULT) from None
    if outgoing.body != row.body:
        claims.freeze(row.pk, outgoing.body, token=token)
    return outgoing


def _note(row: Notification, attempt: Attempt, *, now: datetime) -> None:
    """Write down on the destination how it answered."""
    where, error = row.destination_id, "" if attempt.error is None else attempt.error.reason
    if where is not None:
        took = attempt.duration
        _firmly(lambda: destinations.note(where, error=error, duration=took, now=now))


def _settle(
    row: Notification, error: MayWorkLater | NeverWorks | None, *, token: UUID, now: datetime
) -> None:
    """Write down what became of a message."""
    if error is None:
        # First, since it is true whatever comes next: who is killed here leaves no gap.
        try:
            _firmly(lambda: _was_heard(row, now=now))
            crash_point("between_marks")
        finally:
            _firmly(lambda: claims.mark_sent(row.pk, token=token, now=now))
        return
    wait = None
    if isinstance(error, MayWorkLater):
        wait = retries.delay(
            row.attempts,
            jitter=random.uniform(-1, 1),
            wait=error.wait,
            most_attempts=error.most_attempts,
        )
    if wait is None:
        _firmly(lambda: _give_up(row, error, token=token, now=now))
    else:
        at, why = now + wait, error.reason
        _firmly(lambda: claims.retry(row.pk, token=token, at=at, error=why))


@transaction.atomic
def _give_up(
    row: Notification, error: MayWorkLater | NeverWorks, *, token: UUID, now: datetime
) -> None:
    if not claims.bury(row.pk, token=token, error=error.reason):
        return
    logger.error("notification.dead", extra={"notification_id": str(row.pk), "why": error.reason})
    there = row.destination
    is_gone = isinstance(error, NeverWorks) and error.is_gone
    if (
        there is not None
        and there.enabled
        and (is_gone or destinations.is_silent(there, row, now=now))
    ):
        destinations.disable(there, error.reason, now=now)
    if isinstance(error, NeverWorks) and error.is_meant:
        return
    notices.open_notice(
        StaffNotice.Kind.NOTIFICATION_DEAD,
        row.recipient,
        f"A message to {_called(row)} could not be delivered: {error.reason}",
        now=now,
        besides=row.destination_id,
    )


def _called(row: Notification) -> str:
    """Return by what name staff know the recipient; never by an address."""
    return f"“{row.destination}”" if row.destination is not None else f"the user {row.user}"


@transaction.atomic
def _was_heard(row: Notification, *, now: datetime) -> None:
    """Note on the alerts when they were first told of; what was said of the recipient is over."""
    # Who hears that it became worse, or ended, has heard that it began, or hears that, too.
    told = NotificationItem.objects.filter(notification=row.replays_id or row.pk).exclude(
        event=NotificationItem.Event.ASKED
    )
    # Ordered: whoever records checks locks alerts in this order, too.
    alerts = Alert.objects.filter(pk__in=told.values("alert"), sent_at=None).order_by("pk")
    ids = list(alerts.select_for_update().values_list("pk", flat=True))
    Alert.objects.filter(pk__in=ids).update(sent_at=now)
    StaffNotice.objects.filter(
        kind=StaffNotice.Kind.NOTIFICATION_DEAD, subject=row.recipient, closed_at=None
    ).update(closed_at=Greatest("opened_at", now))


def _firmly(write: Callable[[], T]) -> T:
    """Write again when a lock or a lost connection was in the way: the message is out by now."""
    for _ in range(MARK_ATTEMPTS - 1):
        try:
            return write()
        except OperationalError as error:
            if connection.in_atomic_block:
                raise
            logger.warning("notification.not_marked_yet", extra={"reason": type(error).__name__})
            connection.close()
    return write()
