"""Who hears of what from the running product: workers, beat, senders, and servers that take it."""

import json
import re
from collections import Counter
from collections.abc import Iterator
from email.message import Message

import pytest

from integrations_health.providers.simulator import crowd
from tests.chaos import alarms
from tests.chaos.alarms import Alarms
from tests.chaos.processes import Process
from tests.chaos.stack import AFTER_SILENCE, LEASE, START_SECONDS, Stack

pytestmark = pytest.mark.chaos

# Of three people.
DEAD, BLIP, FLAPPING = 0, 3, 6
STORM = range(300)
KILLED = range(12)
PUBLIC_URL = "https://health.example.com"


@pytest.fixture(name="alarms")
def _alarms(stack: Stack) -> Iterator[Alarms]:
    with alarms.running(stack) as running:
        yield running


def test_a_dead_grant_a_blip_and_a_flapping_account(alarms: Alarms) -> None:
    stack = alarms.stack
    begin(alarms, accounts=FLAPPING + 1)
    for index in (DEAD, BLIP, FLAPPING):
        alarms.watch(range(index, index + 1))
    stack.database.connection.execute(_LOUD_RULE, [crowd.user_id(FLAPPING)])

    say(stack, DEAD, "expired")
    say(stack, BLIP, "service_500*1, ok")
    say(stack, FLAPPING, "missing_scope*1, ok*1, again")
    for _ in range(4):
        alarms.check(DEAD, BLIP, FLAPPING)
    alarms.let_out()
    (alarm,) = alarms.told(DEAD)
    assert alarm["Subject"] == "Gmail via Composio is failing: the connection expired"
    (button,) = (line for line in text_of(alarm).splitlines() if "http" in line)
    assert re.fullmatch(rf"Reconnect: {PUBLIC_URL}/reconnect/[\w.-]+/", button)

    say(stack, DEAD, "ok")
    for _ in range(4):
        alarms.check(DEAD, BLIP, FLAPPING)
    stack.database.connection.execute(_CALM)
    say(stack, FLAPPING, "ok")
    alarms.check(FLAPPING)
    alarms.let_out()

    assert [str(mail["Subject"]).partition(",")[0] for mail in alarms.told(DEAD)] == [
        "Gmail via Composio is failing: the connection expired",
        "Gmail via Composio works again",
    ]
    assert alarms.told(BLIP) == []
    # Up and down eight times, and two messages.
    assert events(stack, FLAPPING) == ["opened", "recovered"]
    assert not stack.database.rows("SELECT FROM health_check_alerts WHERE resolved_at IS NULL")


def test_in_a_storm_each_person_hears_once_and_staff_get_a_digest(alarms: Alarms) -> None:
    begin(alarms, accounts=len(STORM))
    alarms.watch(STORM, failures=2)
    alarms.tell_staff()
    alarms.stack.tell_simulator("answers", provider="composio", script="service_500")

    alarms.check(*STORM)
    alarms.let_out()

    people = Counter(to for tos, _ in alarms.mail.mails for to in tos)
    assert len(people) == len(STORM) / 3
    assert set(people.values()) == {1}
    bodies = [json.loads(request.body) for request in alarms.web.requests]
    assert sum(body["data"]["count"] for body in bodies) == len(STORM)
    assert len(bodies) <= 2
    assert max(len(request.body) for request in alarms.web.requests) < 20_000


def test_whoever_is_killed_between_commit_send_and_mark_loses_and_renames_nothing(
    alarms: Alarms,
) -> None:
    stack = alarms.stack
    stack.start_simulator(accounts=len(KILLED))
    stack.start_beat()
    # It has nothing to send yet.
    claims = alarms.start_senders("claims", CRASH_AT="after_notification_claim")
    before = stack.start_worker("before", CRASH_AT="before_commit")
    stack.wait_until_ready(before, claims)
    alarms.watch(KILLED, failures=2)
    alarms.tell_staff()
    stack.tell_simulator("answers", provider="composio", script="service_500")

    alarms.make_due(*KILLED)
    dies(stack, before)
    assert alerts(stack) == 0
    # Whoever comes after a crash takes what crashed one by one.
    dies(stack, stack.start_worker("after", CRASH_AT="after_recording"))
    assert 0 < alerts(stack) < 2 * len(KILLED)
    stack.start_worker("sound")
    stack.wait_until(
        lambda: alerts(stack) == 2 * len(KILLED),
        seconds=START_SECONDS + LEASE + AFTER_SILENCE,
        what="every failure is an alert to its owner, and one to staff",
    )
    alarms.collect_no_longer()
    dies(stack, claims)
    assert (alarms.mail.mails, alarms.web.requests) == ([], [])
    dies(stack, alarms.start_senders("marks", CRASH_AT="after_send_before_mark"))
    dies(stack, alarms.start_senders("halves", CRASH_AT="between_marks"))
    alarms.start_senders()
    alarms.wait_until_sent()

    planned = {str(id) for (id,) in stack.database.rows("SELECT id FROM notifications")}
    arrived = Counter([*alarms.mail.ids(), *alarms.web.ids()])
    assert len(planned) == len(KILLED) / 3 + 1
    assert set(arrived) == planned
    assert arrived.total() > len(planned)  # with the same id, whoever died before the mark
    # Whoever died between the two marks left the first of them: what is sent is known as sent.
    assert not stack.database.rows(
        "SELECT FROM health_check_alerts WHERE told_at IS NULL OR sent_at IS NULL"
    )


def begin(alarms: Alarms, *, accounts: int) -> None:
    """Start all of the product that tells people of checks."""
    stack = alarms.stack
    stack.start_simulator(accounts=accounts)
    stack.start_beat()
    stack.wait_until_ready(stack.start_worker(), alarms.start_senders())


def dies(stack: Stack, doomed: Process) -> None:
    """Wait until one of its processes has killed itself, and kill the rest of it."""
    stack.wait_until(
        lambda: "SIGKILL" in doomed.text(),
        seconds=START_SECONDS + LEASE + AFTER_SILENCE,
        what=f"{doomed.name} dies",
    )
    doomed.kill_tree()


def account(index: int) -> str:
    return crowd.account_id("composio", index)


def alerts(stack: Stack) -> int:
    count: int = stack.database.value("SELECT count(*) FROM health_check_alerts")
    return count


def text_of(mail: Message) -> str:
    (text,) = (part for part in mail.walk() if part.get_content_type() == "text/plain")
    return text.get_payload(decode=True).decode()  # type: ignore[union-attr]


def say(stack: Stack, index: int, script: str) -> None:
    """Let an account answer by a script."""
    stack.tell_simulator("script", account=account(index), script=script)


def events(stack: Stack, index: int) -> list[str]:
    """Return what the owner of an account was told, in order."""
    return [event for (event,) in stack.database.rows(_EVENTS, crowd.user_id(index))]


_LOUD_RULE = """
INSERT INTO alert_rules (id, name, condition, threshold, action, user_id, cooldown_minutes, enabled)
SELECT gen_random_uuid(), 'At once', 'consecutive_failures', 1, 'email', id, 60, true
FROM users WHERE username = %s
"""
# As if it had been quiet for two hours.
_CALM = "UPDATE alert_flaps SET counted_at = counted_at - interval '2 hours'"
_EVENTS = """
SELECT i.event FROM notification_items i JOIN users u ON i.recipient = 'user:' || u.id
WHERE u.username = %s ORDER BY i.id
"""
