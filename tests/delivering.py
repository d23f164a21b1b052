"""Messages on their way, for the tests of delivery: rows that wait, and where they go."""

import json
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction

from alerts import planning
from alerts.models import Alert, Destination, Notification
from alerts.planning import Item
from tests import factories
from tests.conftest import NOW
from tests.receivers import WebReceiver

SOON = NOW + timedelta(minutes=1)


def waiting(**fields: Any) -> Notification:
    """Make a message that collects no more and is due."""
    return factories.notification(**{"collects_until": NOW, "next_attempt_at": NOW} | fields)


def hook(receiver: WebReceiver, **fields: Any) -> Destination:
    """Make a destination at a receiver of the tests."""
    return factories.destination(kind="webhook", address=receiver.url, **fields)


def again(notification: Notification) -> Notification:
    """Return a message, read anew."""
    notification.refresh_from_db()
    return notification


def plan(alert: Alert, event: str, *, to: Destination | None = None, at: datetime = NOW) -> None:
    """Plan that an event of an alert is told to its owner, or to a destination."""
    who = planning.person(alert.user_id, alert.user.email)
    if to is not None:
        who = planning.destination(to.pk, to.kind)
    planning.plan([Item(who, event, alert.pk)], now=at)


def end(alert: Alert, *, to: Destination | None = None, at: datetime = NOW) -> None:
    """Resolve an alert and plan its all-clear, at once as the engine does."""
    with transaction.atomic():
        Alert.objects.filter(pk=alert.pk).update(resolved_at=at)
        plan(alert, "recovered", to=to, at=at)


def hears(receiver: WebReceiver) -> list[tuple[str, str]]:
    """Return what came in, in order: the kind of news and the alert; `whole` is both in one."""
    heard: list[tuple[str, str]] = []
    for request in receiver.requests:
        said = json.loads(request.body)
        kind = said["type"].partition(".")[2]
        items = said["data"]["items"] if kind == "digest" else [{"type": kind, **said["data"]}]
        for item in items:
            event = "whole" if item.get("tellsOpening") else item["type"]
            heard.append((event, item["alertId"]))
    return heard
