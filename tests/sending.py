"""Send one message without rows, for the tests of senders."""

import json
from datetime import UTC, datetime
from uuid import uuid4

from alerts.senders import SENDERS, webhook
from alerts.senders.base import Address, Outgoing

SECRET, OLD_SECRET = webhook.new_secret(), webhook.new_secret()
BODY = json.dumps({"type": "alert.opened", "data": {"note": "ümlaut"}}, ensure_ascii=False)


def message(url: str, *, secrets: tuple[str, ...] = (SECRET,)) -> Outgoing:
    """Make a message to an address."""
    return Outgoing(
        id=uuid4(), to=Address(url=url, secrets=secrets), made_at=datetime.now(UTC), body=BODY
    )


def send(outgoing: Outgoing, kind: str = "webhook") -> None:
    """Send it as a sender of this kind does."""
    with SENDERS[kind].open() as line:
        line.send(outgoing)
