"""Commands that give a developer a token or a key print it, and nothing that is not needed."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from integrations_health import api_keys, tokens
from integrations_health.access import Scope
from integrations_health.models import ApiKey, User
from tests import factories, keys
from tests.commands import run

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def shared_secret(settings: Any) -> None:
    settings.JWT_SECRET = keys.SECRET


@pytest.mark.parametrize("named_by", ["pk", "external_id", "username"])
def test_a_token_is_issued_for_the_user_who_is_named(named_by: str) -> None:
    user = factories.user()

    ran = run("issue_token", str(getattr(user, named_by)))

    caller = tokens.read(ran.out.strip())
    assert (caller.user_id, caller.sees_everybody, ran.error) == (user.pk, False, "")


def test_a_token_lives_as_long_as_is_typed_and_may_be_of_staff() -> None:
    user = factories.user()

    caller = tokens.read(run("issue_token", user.username, "--hours", "5", "--staff").out.strip())

    assert caller.expires_at is not None
    assert abs(caller.expires_at - timezone.now() - timedelta(hours=5)) < timedelta(minutes=1)
    assert caller.may(Scope.STAFF)


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        (["nobody"], "No such user"),
        (["a\0b"], "No such user"),
        (["a\udcfcb"], "No such user"),
        (["both"], "Several users"),
        (["known", "--hours", "0"], "--hours"),
        (["known", "--hours", "9999"], "--hours"),
    ],
)
def test_a_token_that_cannot_be_issued_says_why(arguments: list[str], error: str) -> None:
    factories.user(username="known")
    factories.user(username="both")
    factories.user(external_id="both")

    ran = run("issue_token", *arguments)

    assert (ran.out, error in ran.error) == ("", True)


def test_without_a_secret_no_token_is_issued(settings: Any) -> None:
    settings.JWT_SECRET = ""

    assert "JWT_SECRET" in run("issue_token", factories.user().username).error


@pytest.mark.parametrize(("arguments", "may_write"), [([], False), (["--write"], True)])
def test_a_key_is_printed_once_and_works(arguments: list[str], may_write: bool) -> None:
    ran = run("create_api_key", "billing", *arguments)

    caller = api_keys.read(ran.out.strip(), now=timezone.now())
    assert caller.may(Scope.WRITE) is may_write
    assert ApiKey.objects.get().name == "billing"
    assert ran.out.strip() not in ran.err


def test_a_key_ends_after_the_days_that_are_typed() -> None:
    key = run("create_api_key", "billing", "--days", "2").out.strip()

    api_keys.read(key, now=timezone.now() + timedelta(days=1))
    with pytest.raises(api_keys.Refused, match="expired"):
        api_keys.read(key, now=timezone.now() + timedelta(days=3))


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        ([""], "NAME is empty"),
        (["x" * 101], "NAME has 101 characters"),
        (["a\nb"], "NAME has a control character"),
        (["billing", "--days", "0"], "--days"),
    ],
)
def test_a_key_that_cannot_be_made_says_why(arguments: list[str], error: str) -> None:
    ran = run("create_api_key", *arguments)

    assert (ran.out, error in ran.error) == ("", True)
    assert not ApiKey.objects.exists()


def test_a_user_without_an_external_id_gets_no_token_that_names_one(settings: Any) -> None:
    settings.JWT_USER_CLAIM = "uid"
    User.objects.create(username="plain")

    assert "external id" in run("issue_token", "plain").error
