"""Messages on their way, for the tests of delivery: rows that wait, and where they go."""

from datetime import timedelta
from typing import Any

from alerts.models import Destination, Notification
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
