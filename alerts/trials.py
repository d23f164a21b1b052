"""Try a destination out: send it a message that only says that messages arrive."""

from datetime import datetime, timedelta

from alerts import contents, destinations, lanes
from alerts.models import Destination
from alerts.senders import SENDERS
from integrations_health.fields import UnreadableSecret

# Somebody waits for the page: a mail server that answers each line late is not waited for.
DEADLINE = timedelta(seconds=16)


def send(destination: Destination, *, now: datetime, within: timedelta = DEADLINE) -> str:
    """Send a test at once; return what went wrong in a sentence, or "" when it was taken.

    It is no notification: nobody tries it again. How it went is noted on the destination.
    """
    took = timedelta()
    try:
        message = contents.trial(destination, now=now)
    except UnreadableSecret:
        error = "Its secret cannot be read."
    else:
        attempt = lanes.send_one(SENDERS[destination.kind], message, within=within)
        error = "" if attempt.error is None else attempt.error.reason
        took = attempt.duration
    destinations.note(destination.pk, error=error, duration=took, now=now)
    return error
