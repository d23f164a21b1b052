"""Who hears of what, from the provider's answer to the message that waits to be sent."""

from datetime import datetime, timedelta

import pytest
from django.db.models import Min

from alerts.models import Alert, AlertRule, Notification, NotificationItem, StaffNotice
from integrations_health import pipeline
from integrations_health.models import HealthCheck, Integration
from integrations_health.providers.simulator import Simulator
from tests import factories
from tests.alarms import events, look_again, told
from tests.conftest import NOW
from tests.watching import health, watch

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("no_rules", "_default_rule")]

MINUTE = timedelta(minutes=1)


class Clock:
    """The time of a story: it stops wherever a check is due, looks again and sends."""

    def __init__(self) -> None:
        self.now = NOW

    def run(self, minutes: int) -> None:
        """Let so many minutes pass."""
        end = self.now + minutes * MINUTE
        while (due := self._next()) <= end:
            self.now = max(due, self.now)
            pipeline.run("composio", now=self.now)
            look_again(at=self.now)
            self._send()
        self.now = end
        look_again(at=self.now)
        self._send()

    def _next(self) -> datetime:
        due = HealthCheck.objects.aggregate(at=Min("next_check_at"))["at"]
        assert isinstance(due, datetime)
        return due

    def _send(self) -> None:
        Notification.objects.filter(is_collecting=True, collects_until__lte=self.now).update(
            is_collecting=False, state="sent", sent_at=self.now
        )


@pytest.fixture
def _default_rule() -> None:
    factories.rule(threshold=3, cooldown_minutes=60)


@pytest.fixture
def clock() -> Clock:
    return Clock()


def an_integration(simulator: Simulator, **fields: object) -> Integration:
    return watch(simulator, simulator.connect("composio", "gmail"), next_check_at=NOW, **fields)


def test_a_grant_dies(simulator: Simulator, clock: Clock) -> None:
    integration = an_integration(simulator)
    clock.run(10)
    simulator.script(integration.server_instance_id, "expired")
    clock.run(120)
    simulator.script(integration.server_instance_id, "ok")
    clock.run(60)

    owner = f"user:{integration.user_id}"
    assert told() == [("opened", owner), ("recovered", owner)]
    failure = Alert.objects.exclude(alert_type="recovered").get()
    assert failure.message.endswith("The connection expired or was revoked. Reconnect it.")
    assert Alert.objects.get(alert_type="recovered").message.startswith(
        "Gmail via Composio works again, after "
    )
    assert Notification.objects.filter(email=integration.user.email, state="sent").count() == 2


def test_one_blip(simulator: Simulator, clock: Clock) -> None:
    integration = an_integration(simulator)
    clock.run(6)
    simulator.answers("composio", "500")
    clock.run(6)
    assert health(integration).status == "degraded"
    simulator.answers("composio", None)
    clock.run(60)

    assert health(integration).status == "healthy"
    assert not Alert.objects.exists()
    assert told() == []


def test_a_flapping_account(simulator: Simulator, clock: Clock) -> None:
    AlertRule.objects.update(threshold=1)
    integration = an_integration(simulator)
    clock.run(2)
    for _ in range(180):
        # Every check finds the opposite of the last.
        is_fine = health(integration).status == "healthy"
        simulator.script(integration.server_instance_id, "missing_scope" if is_fine else "ok")
        clock.run(1)

    assert Alert.objects.filter(resolved_at=None).get().is_flapping
    # In three hours with some twenty ups and downs.
    assert len(events()) <= 3
    simulator.script(integration.server_instance_id, "ok")
    clock.run(60)

    assert not Alert.objects.filter(resolved_at=None).exists()
    assert events()[-1] == "recovered"


def test_a_new_integration_works_at_once(simulator: Simulator, clock: Clock) -> None:
    integration = an_integration(simulator)

    clock.run(30)

    assert health(integration).status == "healthy"
    assert not Alert.objects.exists()
    assert told() == []


def test_a_provider_goes_down_and_comes_back(simulator: Simulator, clock: Clock) -> None:
    many = [an_integration(simulator) for _ in range(2)]
    clock.run(6)
    simulator.answers("composio", "500")
    incident = factories.incident(provider="composio", opened_at=clock.now)
    clock.run(45)
    assert {health(one).status for one in many} == {"unhealthy"}
    assert set(Alert.objects.values_list("held_back", flat=True)) == {"incident"}

    simulator.answers("composio", None)
    incident.closed_at = clock.now
    incident.save()
    clock.run(90)

    assert {health(one).status for one in many} == {"healthy"}
    assert told() == []


def test_our_key_is_refused(simulator: Simulator, clock: Clock) -> None:
    somebody = factories.staff()
    for _ in range(5):
        an_integration(simulator)
    clock.run(6)
    simulator.answers("composio", "key_rejected")
    clock.run(60)

    assert told() == [("opened", f"user:{somebody.pk}")]
    assert StaffNotice.objects.get().subject == "composio"
    assert not Alert.objects.exists()


def test_one_person_with_many_dead_grants_gets_one_message(
    simulator: Simulator, clock: Clock
) -> None:
    owner = factories.user()
    for _ in range(5):
        an_integration(simulator, user=owner)
    clock.run(1)
    for integration in Integration.objects.all():
        simulator.script(integration.server_instance_id, "revoked")
    clock.run(120)

    opened = NotificationItem.objects.filter(event="opened")
    assert opened.count() == 5
    # Their checks drift apart by the jitter of the schedule.
    assert opened.values("notification").distinct().count() <= 3
