"""Who is asking is found out once, in the same way for every address of the API."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.test import Client
from django.utils import timezone

from integrations_health import api_keys, tokens
from integrations_health.access import OWN, Scope
from integrations_health.models import ApiKey, User
from tests import factories, keys

pytestmark = [pytest.mark.django_db, pytest.mark.urls("tests.integration.probe_urls")]
WHOEVER = "/api/whoever"


@pytest.fixture(autouse=True)
def shared_secret(settings: Any) -> None:
    settings.JWT_SECRET = keys.SECRET


def bearer(proof: str, **more: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {proof}", **more}


def token_of(user: User, *more: Scope) -> str:
    now = timezone.now()
    return tokens.issue(user, lifetime=timedelta(hours=1), scopes=OWN | {*more}, now=now)


def key(**options: Any) -> str:
    return api_keys.make("tests", **{"may_write": False, "expires_at": None} | options).key


def test_nobody_is_let_in_and_told_how_to_come_in(client: Client) -> None:
    answer = client.get(WHOEVER)

    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"].startswith("Bearer ")
    assert answer.json()["code"] == "not_authenticated"


def test_a_token_is_its_user(client: Client) -> None:
    user = factories.user()

    answer = client.get(WHOEVER, headers=bearer(token_of(user)))

    assert answer.json() == {
        "way": "token",
        "scopes": ["read", "write"],
        "userId": str(user.pk),
        "externalId": None,
        "seesEverybody": False,
    }


def test_a_token_with_the_scope_of_staff_sees_everybody(client: Client) -> None:
    token = token_of(factories.user(), Scope.STAFF)

    assert client.get(WHOEVER, headers=bearer(token)).json()["seesEverybody"] is True


def test_a_token_that_is_not_good_is_refused_even_beside_a_session(client: Client) -> None:
    client.force_login(factories.user())

    answer = client.get(WHOEVER, headers=bearer("nonsense"))

    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"].endswith('error="invalid_token"')
    assert "nonsense" not in answer.content.decode()


def test_a_key_server_that_does_not_answer_is_no_fault_of_the_token(
    client: Client, settings: Any
) -> None:
    settings.JWT_JWKS = f"/no/such/file/{uuid4()}"

    answer = client.get(WHOEVER, headers=bearer(keys.rs256().sign()))

    assert (answer.status_code, answer.json()["code"]) == (503, "key_server_unavailable")
    assert int(answer.headers["Retry-After"]) > 0


def test_a_session_is_its_user_and_staff_see_only_their_own(staff: Client) -> None:
    answer = staff.get(WHOEVER).json()

    assert (answer["way"], answer["seesEverybody"]) == ("session", False)


def test_a_session_changes_something_only_with_the_csrf_token() -> None:
    browser = Client(enforce_csrf_checks=True)
    browser.force_login(factories.user())
    browser.cookies["csrftoken"] = "t" * 32

    without = browser.post(WHOEVER, {}, content_type="application/json")
    foreign = browser.post(
        WHOEVER,
        {},
        content_type="application/json",
        headers={"X-CSRFToken": "t" * 32, "Origin": "https://evil.example"},
    )
    with_it = browser.post(
        WHOEVER, {}, content_type="application/json", headers={"X-CSRFToken": "t" * 32}
    )

    assert (without.status_code, without.json()["code"]) == (403, "csrf_failed")
    assert (foreign.status_code, foreign.json()["code"]) == (403, "csrf_failed")
    assert "evil" not in foreign.content.decode()
    assert with_it.status_code == 200


def test_a_session_of_a_switched_off_account_is_nobody(client: Client) -> None:
    user = factories.user()
    client.force_login(user)
    User.objects.filter(pk=user.pk).update(is_active=False)

    assert client.get(WHOEVER).status_code == 401


def test_an_api_key_reads_what_everybody_has(client: Client) -> None:
    answer = client.get(WHOEVER, headers=bearer(key())).json()

    assert (answer["way"], answer["scopes"], answer["userId"]) == ("api_key", ["read"], None)
    assert answer["seesEverybody"] is True


@pytest.mark.parametrize(("may_write", "status"), [(True, 200), (False, 403)])
def test_an_api_key_changes_something_only_with_the_right_to(
    client: Client, may_write: bool, status: int
) -> None:
    answer = client.post(WHOEVER, {}, "application/json", headers=bearer(key(may_write=may_write)))

    assert answer.status_code == status
    if status == 403:
        assert answer.json()["code"] == "scope_missing"


def _unknown() -> str:
    return f"ihk_{'0' * 12}_{'x' * 43}"


def _altered() -> str:
    return key()[:-1] + "\u00e9"


def _expired() -> str:
    return key(expires_at=timezone.now() - timedelta(seconds=1))


def _revoked() -> str:
    made = key()
    ApiKey.objects.update(revoked_at=timezone.now())
    return made


@pytest.mark.parametrize(
    "make", [_unknown, _altered, _expired, _revoked, lambda: "ihk_", lambda: "ihk_\x01_"]
)
def test_a_key_that_is_not_good_is_refused(client: Client, make: Callable[[], str]) -> None:
    shown = make()

    answer = client.get(WHOEVER, headers=bearer(shown))

    assert (answer.status_code, answer.json()["code"]) == (401, "refused")
    assert shown not in answer.content.decode()


@pytest.mark.parametrize("reference", ["pk", "external_id"])
def test_an_api_key_acts_for_the_user_it_names(client: Client, reference: str) -> None:
    user = factories.user(external_id="Jürgen-7")
    named = str(getattr(user, reference)).encode().decode("latin-1")

    answer = client.get(WHOEVER, headers=bearer(key(may_write=True), **{"X-Act-For": named})).json()

    assert (answer["userId"], answer["externalId"]) == (str(user.pk), "Jürgen-7")
    assert answer["seesEverybody"] is False


def test_a_user_whom_we_do_not_know_yet_has_nothing(client: Client) -> None:
    headers = bearer(key(may_write=True), **{"X-Act-For": "new-user"})

    answer = client.get(WHOEVER, headers=headers).json()

    assert (answer["userId"], answer["externalId"]) == (None, "new-user")
    assert answer["seesEverybody"] is False


def test_our_id_names_its_user_even_when_it_is_the_external_id_of_another(client: Client) -> None:
    user = factories.user()
    factories.user(external_id=str(user.pk))
    headers = bearer(key(may_write=True), **{"X-Act-For": str(user.pk)})

    assert client.get(WHOEVER, headers=headers).json()["userId"] == str(user.pk)


@pytest.mark.parametrize(
    ("may_write", "named", "status", "code"),
    [
        (False, "app-user-1", 403, "scope_missing"),
        (True, "", 400, "invalid_act_for"),
        (True, "x" * 256, 400, "invalid_act_for"),
        (True, "a\x01b", 400, "invalid_act_for"),
        (True, "\xff", 400, "invalid_act_for"),
        (True, "switched-off", 403, "user_inactive"),
    ],
)
def test_whom_nobody_can_act_for_is_refused(
    client: Client, may_write: bool, named: str, status: int, code: str
) -> None:
    factories.user(external_id="switched-off", is_active=False)
    headers = bearer(key(may_write=may_write), **{"X-Act-For": named})

    answer = client.get(WHOEVER, headers=headers)

    assert (answer.status_code, answer.json()["code"]) == (status, code)


@pytest.mark.parametrize("way", ["token", "session"])
def test_only_an_api_key_acts_for_somebody(client: Client, way: str) -> None:
    user, other = factories.user(), factories.user()
    headers = {"X-Act-For": str(other.pk)}
    if way == "session":
        client.force_login(user)
    else:
        headers |= bearer(token_of(user))

    answer = client.get(WHOEVER, headers=headers)

    assert (answer.status_code, answer.json()["code"]) == (400, "invalid_act_for")
