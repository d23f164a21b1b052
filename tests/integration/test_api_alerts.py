"""GET /api/alerts: whose, which, in what order, and what is said of each."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.test import Client

from alerts import lifecycle
from alerts.models import Alert
from integrations_health.models import Integration, User
from tests import factories
from tests.callers import as_back_end, as_staff, as_user
from tests.sessions import execute
from tests.statements import counted_statements

pytestmark = pytest.mark.django_db
PATH = "/api/alerts"
MINUTE = timedelta(minutes=1)


def listed(client: Client, **query: Any) -> list[str]:
    answer = client.get(PATH, query)
    assert answer.status_code == 200, answer.content
    return [item["id"] for item in answer.json()["items"]]


def several(number: int, **fields: Any) -> list[str]:
    """Make alerts, a minute apart; return their ids, the newest first."""
    now = datetime.now(UTC) - 60 * MINUTE
    return [
        str(factories.alert(created_at=now - age * MINUTE, **fields).pk) for age in range(number)
    ]


def test_everybody_sees_what_is_theirs() -> None:
    mine = factories.alert()
    foreign = factories.alert(created_at=datetime.now(UTC) - MINUTE)
    owner: User = mine.user

    assert listed(as_user(owner)) == [str(mine.pk)]
    assert listed(as_back_end(acting_for=str(owner.external_id))) == [str(mine.pk)]
    assert listed(as_back_end(acting_for=str(owner.pk))) == [str(mine.pk)]
    assert listed(as_user(factories.user())) == []
    assert listed(as_staff(factories.user())) == [str(mine.pk), str(foreign.pk)]
    assert listed(as_back_end()) == [str(mine.pk), str(foreign.pk)]


def test_an_alert_says_what_the_contract_says() -> None:
    at = datetime(2026, 11, 24, 14, 2, 0, 123_000, tzinfo=UTC)
    watched = factories.integration(service="slack")
    one = factories.alert(
        integration=watched,
        error_code="auth_expired",
        message="Slack has failed 3 times in a row.",
        began_at=at - timedelta(minutes=15),
        created_at=at,
        told_at=at,
        sent_at=at,
    )
    factories.notification(alert=one, state="sent", sent_at=at)

    (item,) = as_user(one.user).get(PATH).json()["items"]

    assert item == {
        "id": str(one.pk),
        "integrationId": str(watched.pk),
        "userId": str(watched.user_id),
        "service": "slack",
        "provider": "composio",
        "type": "failure",
        "severity": "critical",
        "message": "Slack has failed 3 times in a row.",
        "errorCode": "auth_expired",
        "cause": "user_grant",
        "flapping": False,
        "since": "2026-11-24T13:47:00.123Z",
        "openedAt": "2026-11-24T14:02:00.123Z",
        "escalatedAt": None,
        "resolvedAt": None,
        "sentAt": "2026-11-24T14:02:00.123Z",
        "telling": {
            "state": "told",
            "says": "You were told by e-mail.",
            "at": "2026-11-24T14:02:00.123Z",
            "until": None,
        },
        "next": "Whoever was told hears when it works again.",
        "acknowledgement": None,
        "incidentId": None,
        "endsAlertId": None,
    }


def test_filters_choose() -> None:
    owner = factories.user()
    gmail, slack = (factories.integration(user=owner) for _ in range(2))
    loud, soft = several(2, integration=gmail)
    Alert.objects.filter(pk=soft).update(severity="warning")
    (over,) = several(1, integration=slack, severity="info", resolved_at=datetime.now(UTC))
    client = as_user(owner)

    assert set(listed(client, open="true")) == {loud, soft}
    assert listed(client, open="false") == [over]
    assert listed(client, severity="warning") == [soft]
    assert set(listed(client, severity=["warning", "info"])) == {soft, over}
    assert listed(client, integrationId=str(slack.pk)) == [over]
    assert len(listed(client, integrationId=[str(slack.pk), str(gmail.pk)])) == 3
    assert listed(client, integrationId=str(factories.alert().integration_id)) == []


@pytest.mark.parametrize(
    "query",
    [
        {"limit": "0"},
        {"limit": "201"},
        {"cursor": "x"},
        {"open": "maybe"},
        {"severity": "loud"},
        {"integrationId": "1"},
        {"user": "somebody"},
    ],
)
def test_what_cannot_be_asked_is_refused_by_name(query: dict[str, str]) -> None:
    answer = as_user(factories.user()).get(PATH, query)

    assert answer.status_code == 400
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert [error["field"] for error in answer.json()["errors"]] == list(query)


def test_pages_stay_right_while_alerts_arrive_and_go() -> None:
    watched = factories.integration()
    made = several(7, integration=watched)
    client = as_user(watched.user)
    first = client.get(PATH, {"limit": 3}).json()

    factories.alert(integration=watched)
    Alert.objects.filter(pk__in=[made[0], made[4]]).delete()
    lifecycle.acknowledge([Alert.objects.get(pk=made[3]).pk], by=watched.user)

    assert [item["id"] for item in first["items"]] == made[:3]
    assert listed(client, cursor=first["nextCursor"], limit=2) == [made[3], made[5]]


def test_alerts_of_one_instant_are_told_apart() -> None:
    watched = factories.integration()
    made = {str(factories.alert(integration=watched).pk) for _ in range(5)}
    Alert.objects.update(created_at=datetime(2026, 1, 1, tzinfo=UTC))
    client = as_user(watched.user)

    found: list[str] = []
    cursor: str | None = ""
    while cursor is not None:
        page = client.get(PATH, {"limit": 2} | ({"cursor": cursor} if cursor else {})).json()
        found += [item["id"] for item in page["items"]]
        cursor = page["nextCursor"]

    assert len(found) == 5
    assert set(found) == made


@pytest.mark.parametrize("number", [1, 30])
def test_a_page_costs_the_same_statements_for_one_and_for_many(number: int) -> None:
    watched = factories.integration()
    for _ in range(number):
        factories.notification(alert=factories.alert(integration=watched), is_collecting=False)
    client = as_user(watched.user)

    with counted_statements() as sent:
        assert len(listed(client)) == number

    assert len(sent) == 2


def test_a_page_that_is_known_is_not_sent_again() -> None:
    one = factories.alert()
    client = as_user(one.user)
    etag = client.get(PATH).headers["ETag"]

    known = client.get(PATH, headers={"If-None-Match": etag})
    lifecycle.acknowledge([one.pk], by=one.user)
    changed = client.get(PATH, headers={"If-None-Match": etag})

    assert (known.status_code, known.content, changed.status_code) == (304, b"", 200)


def test_alerts_of_what_changed_hands_stay_with_whose_they_were() -> None:
    one = factories.alert()
    heir = factories.user()
    Integration.objects.filter(pk=one.integration_id).update(user=heir)

    assert listed(as_user(heir)) == []


def test_a_page_of_somebodys_alerts_is_read_in_the_order_of_its_index() -> None:
    rule = factories.rule()
    several(40, rule=rule)
    mine = factories.alert(rule=rule)

    # Of so few rows any order will do; with statistics of many people only one index is cheap.
    execute("ANALYZE health_check_alerts")
    execute("SET LOCAL enable_seqscan = off")
    execute("SET LOCAL enable_sort = off")
    plan = Alert.objects.filter(user_id=mine.user_id).order_by("-created_at", "pk")[:50].explain()

    assert "idx_alerts_newest_of_user" in plan
    assert "Sort" not in plan
