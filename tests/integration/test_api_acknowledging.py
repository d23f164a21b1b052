"""POST /api/alerts/{id}/acknowledge: who is first stays, and nobody is named to anybody."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client

from alerts import lifecycle
from alerts.models import Alert, Decision
from alerts.serializers import LONGEST_NOTE
from integrations_health.access import Scope
from integrations_health.models import User
from tests import factories
from tests.callers import as_back_end, as_staff, as_user, send

pytestmark = pytest.mark.django_db


def acknowledge(client: Client, alert: Alert, body: Any = None) -> Any:
    return send(client, "post", f"/api/alerts/{alert.pk}/acknowledge", body)


def test_who_acknowledges_looks_after_it() -> None:
    one = factories.alert()

    answer = acknowledge(as_user(one.user), one, {"note": "I reconnect it."})

    assert answer.status_code == 200
    acknowledgement = answer.json()["acknowledgement"]
    assert (acknowledgement["by"], acknowledgement["note"]) == ("you", "I reconnect it.")
    assert answer.json()["telling"]["says"] == "Not sent, because you look after it."
    one.refresh_from_db()
    assert (one.acknowledged_by, one.acknowledgement_note) == (one.user, "I reconnect it.")


def test_no_body_is_no_note() -> None:
    one = factories.alert()

    answer = as_user(one.user).generic("POST", f"/api/alerts/{one.pk}/acknowledge")

    assert answer.status_code == 200
    assert answer.json()["acknowledgement"]["note"] is None


def test_who_was_first_stays() -> None:
    one = factories.alert()
    first = acknowledge(as_user(one.user), one, {"note": "First."})

    again = acknowledge(as_user(one.user), one, {"note": "Second."})

    assert again.status_code == 200
    assert again.json() == first.json()
    assert Decision.objects.count() == 1


def test_support_is_not_named_to_the_owner_and_its_note_is_its_own() -> None:
    one = factories.alert()
    kim = factories.staff(username="kim", email="kim@example.com")
    lifecycle.acknowledge([one.pk], by=kim, note="Ask their admin.")

    answer = acknowledge(as_user(one.user), one)

    acknowledgement = answer.json()["acknowledgement"]
    assert (acknowledgement["by"], acknowledgement["note"]) == ("support", None)
    for secret in (b"kim", b"Ask their admin", str(kim.pk).encode()):
        assert secret not in answer.content


def test_staff_and_a_back_end_that_acts_for_somebody_acknowledge() -> None:
    staffs, users = factories.alert(), factories.alert()
    somebody = factories.staff()

    by_staff = acknowledge(as_user(somebody, Scope.STAFF), staffs, {"note": "On it."})
    by_back_end = acknowledge(as_back_end(acting_for=str(users.user.external_id)), users)

    assert by_staff.json()["acknowledgement"]["by"] == "you"
    assert by_back_end.json()["acknowledgement"]["by"] == "you"
    assert Alert.objects.get(pk=staffs.pk).acknowledged_by == somebody
    assert Alert.objects.get(pk=users.pk).acknowledged_by == users.user


def test_a_back_end_says_for_whom() -> None:
    answer = acknowledge(as_back_end(), factories.alert())

    assert answer.status_code == 400
    assert [error["field"] for error in answer.json()["errors"]] == ["X-Act-For"]


@pytest.mark.parametrize("is_known", [True, False])
def test_nobody_acknowledges_what_is_not_theirs(is_known: bool) -> None:
    one = factories.alert()
    stranger = str(factories.user().external_id) if is_known else "nobody-yet"

    answer = acknowledge(as_back_end(acting_for=stranger), one)

    assert answer.status_code == 404
    assert Alert.objects.get(pk=one.pk).acknowledged_at is None


def test_what_is_over_cannot_be_acknowledged_but_a_repeated_word_can() -> None:
    over = factories.alert(resolved_at=datetime.now(UTC) + timedelta(minutes=1))
    known = factories.alert()
    first = acknowledge(as_user(known.user), known)
    lifecycle.resolve([known.pk], by=known.user)

    refused = acknowledge(as_user(over.user), over)
    repeated = acknowledge(as_user(known.user), known)

    assert (refused.status_code, refused.json()["code"]) == (409, "already_resolved")
    assert repeated.status_code == 200
    assert repeated.json()["acknowledgement"] == first.json()["acknowledgement"]


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"note": "x" * (LONGEST_NOTE + 1)}, "note"),
        ({"note": 7}, "note"),
        ({"note": None}, "note"),
        ({"note": "a\nb"}, "note"),
        ({"comment": "On it."}, "comment"),
    ],
)
def test_what_cannot_be_noted_is_refused_by_name(body: dict[str, Any], field: str) -> None:
    one = factories.alert()

    answer = acknowledge(as_user(one.user), one, body)

    assert answer.status_code == 400
    assert [error["field"] for error in answer.json()["errors"]] == [field]
    assert Alert.objects.get(pk=one.pk).acknowledged_at is None


def test_the_longest_note_is_kept_whole() -> None:
    one = factories.alert()

    answer = acknowledge(as_user(one.user), one, {"note": "x" * LONGEST_NOTE})

    assert answer.json()["acknowledgement"]["note"] == "x" * LONGEST_NOTE


@pytest.mark.django_db(transaction=True)
def test_of_many_at_once_one_is_first() -> None:
    one = factories.alert()
    people = [one.user, *(factories.staff() for _ in range(3))]

    def press(number: int) -> Any:
        person: User = people[number % len(people)]
        client = as_staff(person) if person.is_staff else as_user(person)
        try:
            return acknowledge(client, one, {"note": str(number)})
        finally:
            connection.close()

    with ThreadPoolExecutor(max_workers=20) as pool:
        answers = list(pool.map(press, range(20)))

    assert {answer.status_code for answer in answers} == {200}
    assert len({answer.json()["acknowledgement"]["at"] for answer in answers}) == 1
    (line,) = Decision.objects.all()
    one.refresh_from_db()
    assert (line.actor, line.reason) == (one.acknowledged_by, one.acknowledgement_note)
