"""Whatever becomes of a receiver, and in whatever order: what it hears of an alert makes sense."""

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, rule, run_state_machine_as_test

from alerts import delivery
from alerts.models import Alert, AlertRule, Destination, Notification, NotificationItem, StaffNotice
from alerts.retries import MOST_ATTEMPTS
from integrations_health.models import User
from tests import factories, receivers
from tests.conftest import NOW
from tests.delivering import end, hears, hook, plan

pytestmark = pytest.mark.django_db(transaction=True)

SHORT = hypothesis_settings(max_examples=20, stateful_step_count=25)
# What may be heard of one alert, in this order. What was refused for good leaves a gap, which the
# next news closes: "whole" is an all-clear that says that it began, too.
SENSIBLE = {
    (),
    ("opened",),
    ("opened", "escalated"),
    ("opened", "recovered"),
    ("opened", "escalated", "recovered"),
    ("whole",),
}


class Deliveries(RuleBasedStateMachine):
    """One webhook, alerts that come and go, and a receiver that is there or not."""

    server: receivers.WebReceiver

    def __init__(self) -> None:
        super().__init__()
        self.now = NOW
        self.server.requests.clear()
        self.server.answers.clear()
        self.there = hook(self.server, last_success_at=NOW + timedelta(days=365))
        self.open: list[Alert] = []
        self.alerts: list[Alert] = []
        self.worse: set[Any] = set()

    def teardown(self) -> None:
        try:
            self.everything_is_heard_in_the_end()
        finally:
            Notification.objects.all().delete()
            StaffNotice.objects.all().delete()
            User.objects.all().delete()
            Destination.objects.all().delete()
            AlertRule.objects.all().delete()

    @rule()
    def open_one(self) -> None:
        one = factories.alert(created_at=self.now)
        self.alerts.append(one)
        self.open.append(one)
        plan(one, "opened", to=self.there, at=self.now)

    @rule(which=st.integers(0, 5))
    def get_worse(self, which: int) -> None:
        if which < len(self.open) and self.open[which].pk not in self.worse:
            self.worse.add(self.open[which].pk)
            plan(self.open[which], "escalated", to=self.there, at=self.now)

    @rule(which=st.integers(0, 5))
    def end_one(self, which: int) -> None:
        if which < len(self.open):
            end(self.open.pop(which), to=self.there, at=self.now)

    @rule(minutes=st.sampled_from([1, 1, 6, 35, 61, 200]))
    def pass_time(self, minutes: int) -> None:
        self.now += timedelta(minutes=minutes)

    @rule(tries=st.integers(1, 4), which=st.integers(0, 5))
    def be_away_while_one_gets_worse(self, tries: int, which: int) -> None:
        for _ in range(tries):
            self.pass_time(1)
            self.send([503])
        self.get_worse(which)
        self.pass_time(1)
        self.send([200] * 3)

    @rule(tries=st.integers(1, 4), which=st.integers(0, 5))
    def be_away_while_one_ends(self, tries: int, which: int) -> None:
        for _ in range(tries):
            self.pass_time(1)
            self.send([503])
        self.end_one(which)
        self.pass_time(1)
        self.send([200] * 3)

    @rule(statuses=st.lists(st.sampled_from([200, 200, 503, 503, 400]), min_size=1, max_size=5))
    def send(self, statuses: list[int]) -> None:
        for status in statuses:
            self.server.answers.clear()
            self.server.answers += [(status, {})] * 9
            delivery.run("webhook", now=self.now)
        self.server.answers.clear()
        self.what_was_heard_makes_sense()

    def heard(self) -> dict[str, list[str]]:
        taken = [request for request in self.server.requests if request.status == receivers.OK]
        found: dict[str, list[str]] = {str(one.pk): [] for one in self.alerts}
        for event, alert in hears(receivers.WebReceiver(requests=taken)):
            found[alert].append(event)
        return found

    def what_was_heard_makes_sense(self) -> None:
        for events in self.heard().values():
            assert tuple(events) in SENSIBLE

    def everything_is_heard_in_the_end(self) -> None:
        for _ in range(2 * MOST_ATTEMPTS):
            while delivery.run("webhook", now=self.now):
                pass
            self.now += timedelta(hours=27)
        self.what_was_heard_makes_sense()
        unsent = NotificationItem.objects.exclude(notification__state__in=["sent", "dead"])
        assert not unsent.exists()
        for one in self.alerts:
            died = one.notification_items.filter(notification__state="dead").exists()
            events = self.heard()[str(one.pk)]
            assert died or {"opened", "whole"} & set(events)
            assert died or one in self.open or events[-1] in {"recovered", "whole"}


@pytest.mark.timeout(600)
@pytest.mark.usefixtures("no_rules")
def test_what_a_receiver_hears_makes_sense(receiver: receivers.WebReceiver) -> None:
    class ToThisReceiver(Deliveries):
        server = receiver

    run_state_machine_as_test(ToThisReceiver, settings=SHORT)
