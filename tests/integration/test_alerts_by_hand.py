"""What people do about alerts, and whose they see."""

from datetime import timedelta

import pytest

from alerts import lifecycle
from alerts.models import Alert, Decision
from integrations_health.access import OWN, Caller, Scope, Way
from integrations_health.outcomes import Outcome
from tests import factories
from tests.alarms import MINUTE, alert, check, events, fail, verdicts
from tests.conftest import NOW
from tests.statements import counted_statements

LATER = NOW + timedelta(minutes=40)

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("no_rules")]


def test_who_acknowledges_first_stays() -> None:
    opened = factories.alert(created_at=NOW)
    first, second = factories.staff(), factories.staff()

    assert lifecycle.acknowledge([opened.pk], by=first, note="On it.", now=LATER) == [opened.pk]
    assert lifecycle.acknowledge([opened.pk], by=second, now=LATER + MINUTE) == []

    again = alert()
    assert (again.acknowledged_by, again.acknowledged_at) == (first, LATER)
    assert again.acknowledgement_note == "On it."
    (line,) = Decision.objects.all()
    assert (line.verdict, line.actor, line.reason) == ("acknowledged", first, "On it.")


def test_a_note_that_is_too_long_is_cut() -> None:
    opened = factories.alert(created_at=NOW)

    lifecycle.acknowledge([opened.pk], by=factories.staff(), note="x" * 600, now=LATER)

    assert alert().acknowledgement_note == "x" * 500


def test_an_acknowledgement_can_be_taken_back() -> None:
    opened = factories.alert(created_at=NOW)
    somebody = factories.staff()
    lifecycle.acknowledge([opened.pk], by=somebody, now=LATER)

    assert lifecycle.unacknowledge([opened.pk], by=somebody, now=LATER) == [opened.pk]
    assert lifecycle.unacknowledge([opened.pk], by=somebody, now=LATER) == []

    again = alert()
    assert (again.acknowledged_by, again.acknowledged_at) == (None, None)
    assert verdicts() == ["acknowledged", "unacknowledged"]


def test_what_is_resolved_is_not_acknowledged() -> None:
    resolved = factories.alert(created_at=NOW, resolved_at=NOW)

    assert lifecycle.acknowledge([resolved.pk], by=factories.staff(), now=LATER) == []


def test_many_are_acknowledged_with_one_statement() -> None:
    alerts = [factories.alert(created_at=NOW) for _ in range(20)]
    somebody = factories.staff()

    with counted_statements() as sent:
        changed = lifecycle.acknowledge([one.pk for one in alerts], by=somebody, now=LATER)

    assert len(sent) == 1
    assert set(changed) == {one.pk for one in alerts}
    assert Decision.objects.count() == 20


def test_what_is_resolved_by_hand_is_told_to_whoever_was_told() -> None:
    factories.rule()
    integration = factories.integration(status="healthy")
    fail(integration)
    somebody = factories.staff()

    assert lifecycle.resolve([alert().pk], by=somebody, now=LATER) == [alert().pk]
    assert lifecycle.resolve([alert().pk], by=somebody, now=LATER) == []

    assert (alert().resolved_at, alert().resolved_by) == (LATER, somebody)
    assert events() == ["opened", "recovered"]
    assert verdicts() == ["opened", "told", "resolved"]


def test_what_still_fails_after_that_is_a_new_alert() -> None:
    factories.rule(cooldown_minutes=0)
    integration = factories.integration(status="healthy")
    fail(integration)
    lifecycle.resolve([alert().pk], by=factories.staff(), now=NOW + MINUTE)

    check(integration, outcome=Outcome.TIMEOUT, at=LATER)

    assert Alert.objects.filter(resolved_at=None).get().created_at == LATER
    assert events() == ["opened", "recovered", "opened"]


def test_nobody_sees_the_alerts_of_another() -> None:
    mine, other = factories.alert(), factories.alert()

    def seen_by(caller: Caller) -> set[Alert]:
        return set(Alert.objects.visible_to(caller))

    assert seen_by(Caller(way=Way.TOKEN, scopes=OWN, user_id=mine.user_id)) == {mine}
    assert seen_by(Caller(way=Way.SESSION, scopes=frozenset({Scope.STAFF}))) == {mine, other}
    assert seen_by(Caller(way=Way.TOKEN, scopes=OWN, user_id=factories.user().pk)) == set()
    assert seen_by(Caller(way=Way.TOKEN, scopes=OWN)) == set()
