"""Whatever happens in whatever order: the alerts are those of a model that one can read."""

from collections import Counter
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest
from django.db.models import Count
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from alerts import lifecycle
from alerts.models import Alert, AlertRule, Notification, NotificationItem
from integrations_health.models import ProviderIncident, User
from integrations_health.outcomes import Outcome
from tests import factories
from tests.alarms import check, look_again
from tests.conftest import NOW
from tests.integration.alarm_model import (
    COOLDOWN,
    HOUR,
    MESSAGES_PER_HOUR,
    THRESHOLD,
    Model,
    Watch,
)

pytestmark = pytest.mark.django_db(transaction=True)

# Every step is a handful of transactions.
SHORT = hypothesis_settings(max_examples=20, stateful_step_count=30)
OWNERS = [0, 0, 1]
outcomes = st.sampled_from(
    [
        Outcome.OK,
        Outcome.OK,
        Outcome.SERVER_ERROR,
        Outcome.SERVER_ERROR,
        Outcome.PERMISSION,
        Outcome.KEY_REJECTED,
    ]
)
which = st.integers(0, len(OWNERS) - 1)


class Alarms(RuleBasedStateMachine):
    """Three integrations of two people, one rule, and everything that may happen to them."""

    def __init__(self) -> None:
        super().__init__()
        self.now = NOW
        self.model = Model([Watch(owner=owner) for owner in OWNERS])
        people = [factories.user() for _ in set(OWNERS)]
        self.integrations = [
            factories.integration(status="healthy", user=people[owner]) for owner in OWNERS
        ]
        factories.rule(threshold=THRESHOLD, cooldown_minutes=COOLDOWN // timedelta(minutes=1))
        self.somebody = factories.user()

    def teardown(self) -> None:
        Notification.objects.all().delete()
        User.objects.all().delete()
        AlertRule.objects.all().delete()
        ProviderIncident.objects.all().delete()

    def open_alerts(self, number: int) -> list[Any]:
        alerts = Alert.objects.filter(integration=self.integrations[number], resolved_at=None)
        return list(alerts.values_list("pk", flat=True))

    @rule(number=which, outcome=outcomes)
    def check_one(self, number: int, outcome: Outcome) -> None:
        check(self.integrations[number], outcome=outcome, at=self.now)
        self.model.check(number, outcome, self.now)

    @rule(outcome=outcomes)
    def check_all(self, outcome: Outcome) -> None:
        check(*self.integrations, outcome=outcome, at=self.now)
        for watch in self.model.watches:
            self.model.see(watch, outcome, self.now)
        for number in range(len(OWNERS)):
            self.model.check(number, outcome, self.now)

    @rule(number=which, times=st.integers(2, 4))
    def fail_for_a_while(self, number: int, times: int) -> None:
        for _ in range(times):
            self.check_one(number, Outcome.SERVER_ERROR)
            self.pass_time(1)

    @rule(number=which, found=st.lists(outcomes, min_size=1, max_size=9))
    def live(self, number: int, found: list[Outcome]) -> None:
        for outcome in found:
            self.check_one(number, outcome)
            self.pass_time(7)
            self.look()
            self.send()

    @rule(number=which)
    def get_worse_unheard(self, number: int) -> None:
        self.silence(number, 10)
        for outcome in [Outcome.PERMISSION] * 2 + [Outcome.SERVER_ERROR] * 3:
            self.check_one(number, outcome)
        self.pass_time(20)
        self.look()
        self.look()

    @rule(number=which, times=st.integers(1, 4))
    def go_up_and_down(self, number: int, times: int) -> None:
        for _ in range(times):
            self.fail_for_a_while(number, THRESHOLD)
            self.check_one(number, Outcome.OK)

    @rule(minutes=st.sampled_from([1, 5, 20, 59, 61]))
    def pass_time(self, minutes: int) -> None:
        self.now += timedelta(minutes=minutes)

    @rule()
    def look(self) -> None:
        look_again(at=self.now)
        self.model.look_again(self.now)

    @rule()
    def send(self) -> None:
        Notification.objects.filter(is_collecting=True, collects_until__lte=self.now).update(
            is_collecting=False, state="sent", sent_at=self.now
        )
        self.model.send(self.now)

    @rule(number=which, minutes=st.sampled_from([10, 90]))
    def silence(self, number: int, minutes: int) -> None:
        until = self.now + timedelta(minutes=minutes)
        factories.silence(
            service="",
            integration=self.integrations[number],
            starts_at=self.now,
            ends_at=until,
        )
        watch = self.model.watches[number]
        watch.silenced_until = max(until, watch.silenced_until or until)

    @precondition(lambda self: not self.model.is_incident_open)
    @rule()
    def open_incident(self) -> None:
        factories.incident(opened_at=self.now)
        self.model.is_incident_open = True

    @precondition(lambda self: self.model.is_incident_open)
    @rule()
    def close_incident(self) -> None:
        ProviderIncident.objects.filter(closed_at=None).update(closed_at=self.now)
        self.model.is_incident_open, self.model.incident_closed_at = False, self.now

    @rule(number=which)
    def acknowledge(self, number: int) -> None:
        lifecycle.acknowledge(self.open_alerts(number), by=self.somebody, now=self.now)
        self.model.watches[number].is_acknowledged = self.model.watches[number].is_open

    @rule(number=which)
    def unacknowledge(self, number: int) -> None:
        lifecycle.unacknowledge(self.open_alerts(number), by=self.somebody, now=self.now)
        self.model.watches[number].is_acknowledged = False

    @rule(number=which)
    def resolve(self, number: int) -> None:
        lifecycle.resolve(self.open_alerts(number), by=self.somebody, now=self.now)
        if self.model.watches[number].is_open:
            self.model.end(number, self.now)

    @invariant()
    def the_open_alerts_are_those_of_the_model(self) -> None:
        found = {
            (self.numbers[one.integration_id], one.severity, one.told_at is None, one.is_flapping)
            for one in Alert.objects.filter(resolved_at=None)
        }
        assert found == {
            (number, "critical" if one.is_critical else "warning", not one.is_told, one.is_flapping)
            for number, one in enumerate(self.model.watches)
            if one.is_open
        }

    @invariant()
    def at_most_one_alert_is_open_per_integration(self) -> None:
        found = Alert.objects.filter(resolved_at=None).values_list("integration", flat=True)
        assert len(found) == len(set(found))

    @invariant()
    def what_was_told_is_what_the_model_tells(self) -> None:
        found = Counter(
            (self.numbers[item.alert.integration_id], item.event)
            for item in NotificationItem.objects.select_related("alert")
            if item.alert is not None
        )
        assert found == Counter((number, event) for number, _, event in self.model.told)

    @property
    def numbers(self) -> dict[Any, int]:
        return {one.pk: number for number, one in enumerate(self.integrations)}

    @invariant()
    def a_message_about_an_event_has_one_id(self) -> None:
        items = NotificationItem.objects.values("alert", "event", "recipient")
        assert not items.annotate(ids=Count("notification", distinct=True)).filter(ids__gt=1)

    @invariant()
    def the_cooldown_is_kept(self) -> None:
        for integration in self.integrations:
            opened = NotificationItem.objects.filter(
                alert__integration=integration, event="opened"
            ).order_by("created_at")
            at = list(opened.values_list("created_at", flat=True))
            assert all(later - sooner >= COOLDOWN for sooner, later in pairwise(at))

    @invariant()
    def pairs_are_complete(self) -> None:
        items = NotificationItem.objects.exclude(alert__resolved_at=None)
        ends = [
            set(items.filter(event=event).values_list("alert_id", "recipient"))
            for event in ("opened", "recovered")
        ]
        assert ends[0] == ends[1]

    @invariant()
    def nobody_has_more_messages_in_an_hour_than_they_may(self) -> None:
        for owner in {integration.user_id for integration in self.integrations}:
            messages = Notification.objects.filter(user_id=owner).order_by("collects_until")
            at: list[datetime] = list(messages.values_list("collects_until", flat=True))
            next_hour = zip(at, at[MESSAGES_PER_HOUR:], strict=False)
            assert all(later - sooner >= HOUR for sooner, later in next_hour)

    @invariant()
    def every_alert_that_is_held_back_says_why(self) -> None:
        untold = Alert.objects.filter(resolved_at=None, told_at=None)
        assert not untold.filter(held_back="").exists()


@pytest.mark.timeout(600)
@pytest.mark.usefixtures("no_rules")
def test_alerts_are_those_of_the_model(settings: Any) -> None:
    settings.NOTIFICATIONS_PER_HOUR = MESSAGES_PER_HOUR

    run_state_machine_as_test(Alarms, settings=SHORT)
