"""Mail reaches whoever has an address and an account; all that ask are told the same of it."""

from typing import Any

import pytest
from django.db import connection

from alerts import reach
from integrations_health.models import Integration, User
from tests import factories

pytestmark = pytest.mark.django_db

PEOPLE = [
    pytest.param({"email": "ann@example.com"}, "ann@example.com", id="with-an-address"),
    pytest.param({"email": ""}, "", id="without-one"),
    pytest.param({"email": "bo@example.com", "is_active": False}, "", id="switched-off"),
    pytest.param({"email": "", "is_active": False}, "", id="neither"),
]


@pytest.mark.parametrize(("person", "expected"), PEOPLE)
def test_whoever_asks_is_told_the_same_of_whom_mail_reaches(
    person: dict[str, Any], expected: str
) -> None:
    owner = factories.user(**person)
    factories.integration(user=owner)

    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {reach.ADDRESS} FROM users u")
        by_statement = cursor.fetchone()
    by_path = Integration.objects.values_list(reach.address("user"), flat=True).get()

    assert (by_statement, by_path) == ((expected,), expected)
    assert reach.is_reached(owner) is bool(expected)
    assert User.objects.filter(reach.reached()).exists() is bool(expected)
    assert Integration.objects.filter(reach.reached("user")).exists() is bool(expected)


def test_mail_reaches_nobody_where_there_is_no_person() -> None:
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {reach.ADDRESS} FROM (VALUES (1)) n LEFT JOIN users u ON false")

        assert cursor.fetchone() == ("",)
