"""Silences by hand, what they hide, and that every way to say so agrees."""

import itertools
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest

from alerts import hiding, holding, quiet_words, sight, silences
from alerts.causes import Cause
from alerts.models import Alert, MaintenanceWindow, Silence
from tests import factories
from tests.alarms import fail, look_again
from tests.conftest import NOW
from tests.statements import counted_statements

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("no_rules")]

HOUR = timedelta(hours=1)


def test_many_are_silenced_with_one_statement() -> None:
    alerts = [factories.alert() for _ in range(20)]
    somebody = factories.staff()

    with counted_statements() as sent:
        silenced = silences.of_alerts(
            [one.pk for one in alerts], by=somebody, lasting=HOUR, comment="Known.", now=NOW
        )

    assert len(sent) == 1
    assert set(silenced) == {one.pk for one in alerts}
    found = Silence.objects.values_list("author", "comment", "starts_at", "ends_at").distinct()
    assert list(found) == [(somebody.pk, "Known.", NOW, NOW + HOUR)]


def test_causes_are_silenced_with_one_statement() -> None:
    causes = [Cause("composio", "gmail", "timeout"), Cause("klavis", "slack", "server_error")]
    somebody = factories.staff()

    with counted_statements() as sent:
        made = silences.of_causes(causes, by=somebody, lasting=HOUR, now=NOW)

    assert len(sent) == 1
    assert len(made) == 2
    assert silences.of_causes(causes, by=somebody, lasting=HOUR, now=NOW) == []


def test_what_is_over_is_not_silenced() -> None:
    over = factories.alert(resolved_at=NOW + HOUR)

    assert silences.of_alerts([over.pk], by=factories.staff(), lasting=HOUR, now=NOW) == []


def test_a_longer_silence_comes_on_top_and_a_shorter_one_does_not() -> None:
    alert, somebody = factories.alert(), factories.staff()
    lengths = [HOUR, 4 * HOUR, HOUR, None, 4 * HOUR, None]

    made = [
        bool(silences.of_alerts([alert.pk], by=somebody, lasting=length, now=NOW))
        for length in lengths
    ]

    assert made == [True, True, False, True, False, False]


def test_a_silence_of_one_alert_holds_it_back_until_it_ends() -> None:
    factories.rule()
    factories.silence(starts_at=NOW - HOUR, ends_at=NOW + timedelta(minutes=1))
    fail(factories.integration(status="healthy"))
    alert = Alert.objects.get()
    silences.of_alerts([alert.pk], by=factories.staff(), lasting=HOUR, now=NOW)

    look_again(at=NOW + timedelta(minutes=2))
    alert.refresh_from_db()
    assert (alert.held_back, alert.held_until) == ("silence", NOW + HOUR)

    look_again(at=NOW + HOUR + timedelta(minutes=1))
    alert.refresh_from_db()
    assert alert.told_at is not None


def test_silences_of_other_alerts_are_not_even_read() -> None:
    mine, other = factories.alert(), factories.alert()
    for alert in (mine, other):
        silences.of_alerts([alert.pk], by=factories.staff(), lasting=None, now=NOW)

    assert [quiet.alert_id for quiet in sight.quiets([mine.pk], now=NOW)] == [mine.pk]


@pytest.mark.parametrize("model", [Silence, MaintenanceWindow])
def test_only_what_is_on_is_ended(model: type[Silence | MaintenanceWindow]) -> None:
    make = factories.silence if model is Silence else factories.maintenance
    on = make(starts_at=NOW - HOUR, ends_at=NOW + HOUR)
    over = make(starts_at=NOW - 2 * HOUR, ends_at=NOW - HOUR)
    to_come = make(starts_at=NOW + HOUR, ends_at=NOW + 2 * HOUR)
    new = make(starts_at=NOW, ends_at=NOW + HOUR)
    ids = [on.pk, over.pk, to_come.pk, new.pk]

    with counted_statements() as sent:
        ended = silences.end(model, ids, now=NOW)

    assert len(sent) == 1
    assert sorted(ended) == [on.pk, new.pk]
    on.refresh_from_db()
    assert on.ends_at == NOW
    assert silences.end(model, ids, now=NOW + timedelta(seconds=1)) == []


def test_every_way_to_say_what_is_hidden_agrees() -> None:
    alerts = [
        factories.alert(
            integration=factories.integration(service=service, provider=provider), error_code=code
        )
        for service, provider, code in itertools.product(
            ["gmail", "slack"], ["composio", "klavis"], ["timeout", "auth_expired"]
        )
    ]
    one = alerts[0]
    fields: list[tuple[str, Any]] = [
        ("service", "gmail"),
        ("provider", "composio"),
        ("error_code", "timeout"),
        ("user", one.user),
        ("integration", one.integration),
        ("rule", one.rule),
        ("alert", one),
    ]
    matchers = [
        factories.silence(
            **{
                "service": "",
                "starts_at": NOW - HOUR,
                "ends_at": None if "alert" in chosen else NOW + HOUR,
            }
            | chosen
        )
        for size in (1, 2, 3)
        for chosen in map(dict, itertools.combinations(fields, size))
    ]
    rules = sight.rules()

    counted = hiding.counts(matchers)
    for matcher in matchers:
        hidden = set(Alert.objects.filter(hiding.matching(matcher)))
        quiet = sight.quiet(matcher)
        assert hidden == {
            alert
            for alert in alerts
            if quiet.matches(_facts(alert, rules[alert.rule_id or uuid4()]).matter)
        }
        assert hidden == {alert for alert in alerts if hiding.about(alert, [matcher])}
        assert counted[matcher.pk] == len(hidden) == hiding.preview(matcher).total


def _facts(alert: Alert, rule: Any) -> holding.Facts:
    watched = alert.integration
    return holding.Facts(
        alert.pk,
        rule,
        watched.pk,
        alert.user_id,
        watched.service,
        watched.provider,
        alert.error_code,
        email="",
        last_check_at=None,
    )


def test_what_each_hides_is_counted_with_one_statement() -> None:
    matchers = [factories.silence(service=service) for service in ("gmail", "slack", "notion")]
    everything = factories.maintenance(service="")
    factories.alert()

    with counted_statements() as sent:
        counted = hiding.counts(matchers)

    assert len(sent) == 1
    assert list(counted.values()) == [1, 0, 0]
    assert hiding.counts([everything]) == {everything.pk: 1}


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({}, "on"),
        ({"starts_at": NOW + HOUR, "ends_at": NOW + 2 * HOUR}, "to come"),
        ({"starts_at": NOW - 2 * HOUR, "ends_at": NOW - HOUR}, "over"),
    ],
)
def test_a_silence_is_on_to_come_or_over(fields: dict[str, Any], expected: str) -> None:
    made = factories.silence(**{"starts_at": NOW} | fields)

    assert quiet_words.state(made, now=NOW) == expected
