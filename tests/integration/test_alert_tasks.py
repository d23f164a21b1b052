"""What runs by itself for alerts, by the database's own clock."""

from datetime import UTC, datetime, timedelta

import pytest

from alerts import decisions, tasks
from alerts.decisions import Line, Verdict
from alerts.models import Alert, Decision, StaffNotice
from tests import factories
from tests.alarms import events

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("no_rules")]

HOUR = timedelta(hours=1)


def test_what_nobody_was_told_of_is_told_once() -> None:
    held = factories.alert(held_back="silence", created_at=datetime.now(UTC) - HOUR)

    for _ in range(3):
        tasks.look_again()

    assert events() == ["opened"]
    held.refresh_from_db()
    assert held.told_at is not None
    assert held.held_back == ""


def test_the_alerts_of_a_paused_integration_end() -> None:
    factories.alert(integration=factories.integration(enabled=False))

    tasks.look_again()

    assert not Alert.objects.filter(resolved_at=None).exists()


def test_a_fault_that_was_not_seen_for_long_is_over() -> None:
    long_ago = datetime.now(UTC) - 2 * HOUR
    factories.notice(opened_at=long_ago, last_seen_at=long_ago)
    lasting = factories.notice()

    tasks.close_stale_notices()

    assert StaffNotice.objects.filter(closed_at=None).get() == lasting


def test_old_decisions_go() -> None:
    line = Line(factories.alert().pk, Verdict.OPENED, "")
    decisions.append([line], at=datetime.now(UTC) - timedelta(days=91))
    decisions.append([line], at=datetime.now(UTC))

    tasks.prune_decisions()

    assert Decision.objects.count() == 1


def test_alerts_that_ended_long_ago_go() -> None:
    long_ago = datetime.now(UTC) - timedelta(days=800)
    factories.alert(created_at=long_ago, resolved_at=long_ago)
    kept = factories.alert()

    tasks.prune_alerts()

    assert Alert.objects.get() == kept
