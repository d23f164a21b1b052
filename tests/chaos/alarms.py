"""People with mailboxes, checks that come at once, messages that collect no longer."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import timedelta
from email.message import Message
from uuid import UUID, uuid4

from integrations_health import fields
from integrations_health.providers.simulator import crowd
from tests import receivers
from tests.chaos.processes import Process
from tests.chaos.stack import AFTER_SILENCE, LEASE, Stack
from tests.receivers import MailReceiver, WebReceiver

STAFF_RULE = UUID(int=1)
# No less: in half of it a slow machine makes and sends a batch.
DELIVERY_LEASE = 6


@dataclass(frozen=True, kw_only=True, slots=True)
class Alarms:
    """A stack whose senders reach a mail server and a webhook."""

    stack: Stack
    mail: MailReceiver
    web: WebReceiver

    def start_senders(self, name: str = "senders", **settings: str) -> Process:
        """Start who sends, with two children."""
        return self.stack.start_worker(
            name,
            children=2,
            queue="notifications",
            **{
                "EMAIL_URL": f"smtp://127.0.0.1:{self.mail.port}",
                "PUBLIC_URL": "https://health.example.com",
                "DELIVERY_TRUSTED_HOSTS": self.web.host,
                "DELIVERY_LEASE_SECONDS": str(DELIVERY_LEASE),
                **settings,
            },
        )

    def watch(self, indices: range, *, failures: int = 0) -> None:
        """Watch accounts of people with mailboxes, which failed so often in a row before.

        None is due before the test says so.
        """
        database = self.stack.database
        database.connection.execute("DELETE FROM alert_rules WHERE action = 'webhook'")
        database.watch(indices, due_in=timedelta(hours=1))
        database.connection.execute("UPDATE users SET email = username || '@example.com'")
        database.connection.execute(
            "UPDATE integration_health_checks SET status = 'healthy', ok_streak = 1"
            if not failures
            else "UPDATE integration_health_checks SET status = 'degraded',"
            f" consecutive_failures = {failures}, failing_streak = {failures}"
        )

    def tell_staff(self) -> None:
        """Let a webhook for staff hear of every third failure in a row."""
        there = uuid4()
        self.stack.database.connection.execute(
            _ADD_DESTINATION,
            [there, fields.encrypt(self.web.url), fields.encrypt("whsec_c2VjcmV0")],
        )
        self.stack.database.connection.execute(_ADD_RULE, [STAFF_RULE, there])

    def check(self, *indices: int) -> None:
        """Let accounts be checked now, and wait until they are."""
        since = self.stack.database.now()
        named = self.make_due(*indices)
        self.stack.wait_until(
            lambda: not self.stack.database.rows(_UNCHECKED, named, since),
            seconds=2 * LEASE + AFTER_SILENCE,
            what="all that was due is checked",
        )

    def make_due(self, *indices: int) -> list[str]:
        """Let accounts be checked with the next tick; return their ids."""
        named = [crowd.account_id("composio", index) for index in indices]
        self.stack.database.connection.execute(_MAKE_DUE, [named])
        return named

    def let_out(self) -> None:
        """Let messages collect no longer, and wait until all are sent."""
        self.collect_no_longer()
        self.wait_until_sent()

    def collect_no_longer(self) -> None:
        """Let messages go out now."""
        self.stack.database.connection.execute(_LET_OUT)

    def wait_until_sent(self) -> None:
        """Wait until no message is on its way."""
        self.stack.wait_until(
            self._is_all_sent,
            seconds=3 * DELIVERY_LEASE + 2 * AFTER_SILENCE,
            what="every message is sent",
        )

    def _is_all_sent(self) -> bool:
        return not self.stack.database.rows("SELECT FROM notifications WHERE state <> 'sent'")

    def told(self, index: int) -> list[Message]:
        """Return the mails to the owner of an account, in order."""
        owner = f"{crowd.user_id(index)}@example.com"
        return [mail for to, mail in self.mail.mails if to == [owner]]


@contextmanager
def running(stack: Stack) -> Iterator[Alarms]:
    """Yield a stack with somebody who takes its messages."""
    with ExitStack() as cleanup:
        yield Alarms(
            stack=stack,
            mail=cleanup.enter_context(receivers.mail()),
            web=cleanup.enter_context(receivers.web()),
        )


_ADD_DESTINATION = """
INSERT INTO alert_destinations (id, name, kind, email, address, secret, previous_secret,
    is_for_staff, enabled, disabled_reason, last_error)
VALUES (%s, 'Staff', 'webhook', '', %s, %s, '', true, true, '', '')
"""
_ADD_RULE = """
INSERT INTO alert_rules (id, name, condition, threshold, action, destination_id, cooldown_minutes,
    enabled)
VALUES (%s, 'For staff', 'consecutive_failures', 3, 'webhook', %s, 60, true)
"""
_MAKE_DUE = """
UPDATE integration_health_checks h SET next_check_at = clock_timestamp()
FROM user_integrations i WHERE i.id = h.integration_id AND i.server_instance_id = ANY(%s)
"""
_UNCHECKED = """
SELECT FROM integration_health_checks h JOIN user_integrations i ON i.id = h.integration_id
WHERE i.server_instance_id = ANY(%s) AND (h.last_check_at IS NULL OR h.last_check_at < %s)
"""
_LET_OUT = """
UPDATE notifications SET collects_until = clock_timestamp(), next_attempt_at = clock_timestamp()
WHERE is_collecting
"""
