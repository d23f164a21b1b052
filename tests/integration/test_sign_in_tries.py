"""Passwords are not guessed: tries are counted before a password is looked at."""

import re
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.test import Client

from integrations_health import sign_in_tries
from integrations_health.models import SignInTries, User
from integrations_health.sign_in_tries import (
    FORGOTTEN_AFTER,
    MOST_OF_ACCOUNT,
    MOST_OF_ACCOUNT_AND_ADDRESS,
    MOST_OF_ADDRESS,
)
from tests import factories
from tests.sessions import at_once

pytestmark = pytest.mark.django_db

PASSWORD = "correct horse battery staple"


@pytest.fixture
def ann() -> User:
    return factories.user(username="ann", external_id="app-ann", password=PASSWORD)


def sign_in(name: str, password: str = "wrong", *, address: str = "198.51.100.7") -> Any:
    return Client(REMOTE_ADDR=address).post("/sign-in/", {"username": name, "password": password})


def waits(name: str, address: str, *, tries: int, now: datetime) -> list[timedelta | None]:
    return [sign_in_tries.take(name, address, now=now) for _ in range(tries)]


@pytest.mark.usefixtures("ann")
@pytest.mark.parametrize("name", ["ann", "nobody"])
def test_after_too_many_tries_not_even_the_right_password_is_looked_at(name: str) -> None:
    for _ in range(MOST_OF_ACCOUNT_AND_ADDRESS):
        assert sign_in(name).status_code == 200

    refused = sign_in(name, PASSWORD)

    assert refused.status_code == 429
    assert 0 < int(refused["Retry-After"]) <= FORGOTTEN_AFTER.total_seconds()
    assert "Too many tries. Wait 15 min, then try again" in refused.content.decode()
    assert "_auth_user_id" not in refused.client.session


@pytest.mark.usefixtures("ann")
def test_it_is_told_of_nobody_whether_there_is_an_account() -> None:
    told = [
        [
            (answer.status_code, answer.context["form"].non_field_errors())
            for answer in (sign_in(name) for _ in range(MOST_OF_ACCOUNT_AND_ADDRESS + 1))
        ]
        for name in ("ann", "nobody")
    ]

    assert told[0] == told[1]


@pytest.mark.usefixtures("ann")
def test_who_guesses_keeps_nobody_out_who_is_elsewhere() -> None:
    for _ in range(MOST_OF_ACCOUNT_AND_ADDRESS + 1):
        sign_in("ann", address="198.51.100.7")

    assert sign_in("ann", PASSWORD, address="203.0.113.9").status_code == 302


@pytest.mark.usefixtures("ann")
def test_the_admin_has_no_other_door() -> None:
    for _ in range(MOST_OF_ACCOUNT_AND_ADDRESS + 1):
        sign_in("ann")

    answer = Client(REMOTE_ADDR="198.51.100.7").post(
        "/admin/login/", {"username": "ann", "password": PASSWORD}
    )

    assert answer["Location"].startswith("/sign-in/?next=/admin/")
    assert "_auth_user_id" not in answer.client.session


@pytest.mark.usefixtures("ann")
def test_signing_in_clears_ones_own_tries_and_no_others() -> None:
    for _ in range(MOST_OF_ACCOUNT_AND_ADDRESS - 1):
        sign_in("ann")
        sign_in("ben")

    assert sign_in("ann", PASSWORD).status_code == 302
    assert [sign_in("ann").status_code, sign_in("ben").status_code] == [200, 200]
    assert [sign_in("ann").status_code, sign_in("ben").status_code] == [200, 429]


def test_an_account_is_guessed_from_nowhere_for_ever(now: datetime) -> None:
    waited = [
        sign_in_tries.take("ann", f"198.51.100.{number}", now=now)
        for number in range(MOST_OF_ACCOUNT + 1)
    ]

    assert [number for number, wait in enumerate(waited) if wait] == [MOST_OF_ACCOUNT]


def test_an_address_guesses_no_endless_number_of_accounts(now: datetime) -> None:
    waited = [
        sign_in_tries.take(f"user-{number}", "198.51.100.7", now=now)
        for number in range(MOST_OF_ADDRESS + 1)
    ]

    assert [number for number, wait in enumerate(waited) if wait] == [MOST_OF_ADDRESS]


@pytest.mark.parametrize(
    ("one", "other", "is_one_place"),
    [
        ("2001:db8:1:2::1", "2001:db8:1:2:ffff::9", True),
        ("2001:db8:1:2::1", "2001:db8:1:3::1", False),
        ("198.51.100.7", "::ffff:198.51.100.7", True),
        ("198.51.100.7", "198.51.100.8", False),
    ],
)
def test_a_household_is_one_place(
    one: str, other: str, now: datetime, *, is_one_place: bool
) -> None:
    waits("ann", one, tries=MOST_OF_ACCOUNT_AND_ADDRESS, now=now)

    assert bool(sign_in_tries.take("ann", other, now=now)) is is_one_place


def test_tries_are_forgotten_and_swept_away(now: datetime) -> None:
    waits("ann", "198.51.100.7", tries=MOST_OF_ACCOUNT_AND_ADDRESS + 1, now=now)
    later = now + FORGOTTEN_AFTER + timedelta(seconds=1)

    assert sign_in_tries.take("ann", "198.51.100.7", now=later) is None
    assert sign_in_tries.take("ben", "203.0.113.9", now=later + 2 * FORGOTTEN_AFTER) is None
    assert SignInTries.objects.count() == 3


def test_the_wait_ends_when_it_was_said_however_often_one_tries(now: datetime) -> None:
    found = waits("ann", "198.51.100.7", tries=30, now=now)

    assert found[MOST_OF_ACCOUNT_AND_ADDRESS:] == [FORGOTTEN_AFTER] * 20


def test_what_was_typed_is_not_kept(now: datetime) -> None:
    sign_in_tries.take("a password, typed too early", "198.51.100.7", now=now)

    kept = SignInTries.objects.values_list("key", flat=True)
    assert [bool(re.fullmatch("[0-9a-f]{64}", key)) for key in kept] == [True, True, True]


@pytest.mark.django_db(transaction=True)
def test_tries_at_once_are_all_counted(now: datetime) -> None:
    let_through: list[int] = []

    def one_try(number: int) -> None:
        found = waits("ann", "198.51.100.7", tries=5, now=now)
        let_through.extend(number for wait in found if wait is None)

    at_once(12, one_try)

    assert len(let_through) == MOST_OF_ACCOUNT_AND_ADDRESS
