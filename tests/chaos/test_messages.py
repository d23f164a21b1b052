"""F8: a worker dies between taking a message, sending it, and noting that it is sent."""

from collections import Counter
from collections.abc import Iterator
from typing import Any
from uuid import UUID, uuid4

import pytest

from integrations_health import fields
from tests import receivers
from tests.chaos.database import Database
from tests.chaos.stack import AFTER_SILENCE, Stack
from tests.receivers import MailReceiver, WebReceiver

pytestmark = pytest.mark.chaos

LEASE_SECONDS = 3
MESSAGES = 6


@pytest.fixture
def web() -> Iterator[WebReceiver]:
    with receivers.web() as receiver:
        yield receiver


@pytest.fixture
def mail() -> Iterator[MailReceiver]:
    with receivers.mail() as receiver:
        yield receiver


@pytest.mark.parametrize("channel", ["webhook", "email"])
@pytest.mark.parametrize(
    ("point", "was_sent"), [("after_notification_claim", False), ("after_send_before_mark", True)]
)
def test_a_sender_that_dies_loses_no_message_and_renames_none(
    stack: Stack, web: WebReceiver, mail: MailReceiver, channel: str, point: str, was_sent: bool
) -> None:
    settings: dict[str, Any] = {
        "DELIVERY_LEASE_SECONDS": str(LEASE_SECONDS),
        "DELIVERY_TRUSTED_HOSTS": web.host,
        "EMAIL_URL": f"smtp://127.0.0.1:{mail.port}",
    }
    doomed = stack.start_worker("doomed", queue="notifications", CRASH_AT=point, **settings)
    stack.wait_until_ready(doomed)
    planned = plan(stack.database, channel, url=web.url)
    # Nobody ticks: a worker that hears nothing wakes itself.
    stack.wait_until(
        lambda: "SIGKILL" in doomed.text(), seconds=AFTER_SILENCE, what=f"it dies {point}"
    )
    doomed.kill_tree()
    stack.start_worker("sound", queue="notifications", **settings)

    stack.wait_until(
        lambda: not stack.database.rows("SELECT FROM notifications WHERE state <> 'sent'"),
        seconds=20 + LEASE_SECONDS + AFTER_SILENCE,
        what="every message is sent",
    )

    arrived = Counter(map(UUID, web.ids() if channel == "webhook" else mail.ids()))
    assert set(arrived) == planned
    assert max(arrived.values()) <= 2
    assert (arrived.total() > MESSAGES) is was_sent


def plan(database: Database, channel: str, *, url: str) -> set[UUID]:
    """Plan messages about a notice to staff, each to a recipient of its own."""
    notice = uuid4()
    database.connection.execute(
        "INSERT INTO staff_notices (id, kind, subject, message)"
        " VALUES (%s, 'key_rejected', 'composio', 'The provider refuses our key.')",
        [notice],
    )
    planned = set()
    for number in range(MESSAGES):
        there, id = uuid4(), uuid4()
        is_mail = channel == "email"
        database.connection.execute(
            _ADD_DESTINATION,
            [
                there,
                f"Desk {number}",
                channel,
                f"desk-{number}@example.com" if is_mail else "",
                "" if is_mail else fields.encrypt(url),
                "" if is_mail else fields.encrypt("whsec_c2VjcmV0"),
            ],
        )
        recipient = f"destination:{there}"
        database.connection.execute(_ADD_MESSAGE, [id, channel, recipient, there])
        database.connection.execute(_ADD_ITEM, [id, notice, recipient])
        planned.add(id)
    return planned


_ADD_DESTINATION = """
INSERT INTO alert_destinations (id, name, kind, email, address, secret, previous_secret,
    is_for_staff, enabled, disabled_reason, last_error)
VALUES (%s, %s, %s, %s, %s, %s, '', false, true, '', '')
"""
_ADD_MESSAGE = """
INSERT INTO notifications (id, channel, recipient, destination_id, email, is_digest, is_collecting,
    state, attempts, body, last_error)
VALUES (%s, %s, %s, %s, '', false, true, 'pending', 0, '', '')
"""
_ADD_ITEM = """
INSERT INTO notification_items (notification_id, notice_id, event, recipient)
VALUES (%s, %s, 'opened', %s)
"""
