"""Try a destination out: send it a message that only says that messages arrive."""

import time
from datetime import datetime, timedelta

from alerts import contents, destinations
from alerts.models import Destination
from alerts.senders import SENDERS
from alerts.senders.base import MayWorkLater, NeverWorks
from integrations_health.fields import UnreadableSecret


def send(destination: Destination, *, now: datetime) -> str:
    """Send a test at once; return what went wrong in a sentence, or "" when it was taken.

    It is no notification: nobody tries it again. How it went is noted on the destination.
    """
    began_at = time.monotonic()
    error = ""
    try:
        message = contents.trial(destination, now=now)
        with SENDERS[destination.kind].open() as line:
            line.send(message)
    except (MayWorkLater, NeverWorks) as failed:
        error = failed.reason
    except UnreadableSecret:
        error = "Its secret cannot be read."
    took = timedelta(seconds=time.monotonic() - began_at)
    destinations.note(destination.pk, error=error, duration=took, now=now)
    return error
