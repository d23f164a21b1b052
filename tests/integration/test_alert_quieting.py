"""What support staff silence and have checked again, by buttons."""

from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from alerts.models import Silence
from integrations_health.models import HealthCheck, User
from tests import factories
from tests.acting import CAUSE, act, said, ticked, timeouts
from tests.conftest import NOW

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("verb", "hours"), [("silence-1h", 1), ("silence-4h", 4), ("silence", None)]
)
def test_alerts_are_silenced_one_by_one(staff: Client, verb: str, hours: int | None) -> None:
    first, second = timeouts(2)

    act(staff, verb, **ticked(first, second), note="We know.")
    answer = act(staff, verb, **ticked(first, second))

    made = Silence.objects.order_by("id")
    assert {(one.alert_id, one.comment) for one in made} == {
        (first.pk, "We know."),
        (second.pk, "We know."),
    }
    lasts = {one.ends_at and one.ends_at - one.starts_at for one in made}
    assert lasts == {hours and timedelta(hours=hours)}
    assert all(isinstance(one.author, User) for one in made)
    assert "2 had a silence that lasts as long" in said(answer)[0]


def test_a_whole_cause_is_silenced_by_one_silence_after_a_question(staff: Client) -> None:
    timeouts(3)

    asked = act(staff, "silence-1h", only=f"cause:{CAUSE}")
    assert "What opens of the same cause meanwhile" in asked.content.decode()
    assert not Silence.objects.exists()

    answer = act(staff, "silence-1h", only=f"cause:{CAUSE}", confirmed="yes")
    act(staff, "silence-1h", only=f"cause:{CAUSE}", confirmed="yes")

    made = Silence.objects.get()
    assert (made.provider, made.service, made.error_code) == ("composio", "gmail", "timeout")
    assert said(answer) == ["1 cause silenced for 1 h: 3 alerts, and what opens of it meanwhile."]


@pytest.mark.parametrize("query", ["severity=critical", "state=open", "q=user"])
def test_a_part_of_a_cause_is_not_silenced_as_the_whole(staff: Client, query: str) -> None:
    timeouts(2)

    act(staff, "silence-1h", query, only=f"cause:{CAUSE}")

    assert set(Silence.objects.values_list("error_code", flat=True)) == {""}
    assert Silence.objects.exclude(alert=None).count() == 2


def test_a_cause_is_silenced_alert_by_alert_until_they_are_resolved(staff: Client) -> None:
    timeouts(3)

    act(staff, "silence", only=f"cause:{CAUSE}")

    assert Silence.objects.filter(ends_at=None).exclude(alert=None).count() == 3


def test_integrations_are_checked_again_once_a_minute(staff: Client) -> None:
    later = timezone.now() + timedelta(hours=1)
    due, paused = (
        factories.integration(next_check_at=later, slot_at=NOW),
        factories.integration(next_check_at=later, enabled=False),
    )
    alerts = [
        factories.alert(integration=due),
        factories.alert(integration=due),
        factories.alert(integration=paused),
    ]
    before = HealthCheck.objects.get(integration=due)

    answers = [act(staff, "check", **ticked(*alerts)) for _ in range(2)]

    assert [said(answer)[-1] for answer in answers] == [
        "1 integration will be checked within a minute. Passed over: 1 paused.",
        "0 integrations will be checked within a minute. Passed over: 1 paused, 1 checked by hand "
        "this minute.",
    ]
    health = HealthCheck.objects.get(integration=due)
    assert health.next_check_at <= timezone.now()
    # Nothing of the claim and of the state was touched.
    assert health.slot_at is None
    assert (health.check_seq, health.applied_seq, health.status, health.consecutive_failures) == (
        before.check_seq,
        before.applied_seq,
        before.status,
        before.consecutive_failures,
    )
    assert HealthCheck.objects.get(integration=paused).next_check_at == later
