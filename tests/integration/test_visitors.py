"""Who may keep a socket open, asked one by one or all at once."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY, get_user
from django.contrib.sessions.models import Session
from django.http import HttpRequest
from django.test import Client

from integrations_health import api_keys, visitors
from integrations_health.access import OWN, Caller, Way
from integrations_health.authentication import caller_of_session
from integrations_health.models import ApiKey, User
from integrations_health.sessions import SessionStore
from integrations_health.signed_in import users_of
from integrations_health.visitors import Visitor
from tests import factories
from tests.live.conftest import session_of
from tests.statements import counted_statements

pytestmark = pytest.mark.django_db
NOW = datetime.now(UTC)


def by_session(user: User, key: str = "") -> Visitor:
    return Visitor(
        caller=caller_of_session(user), user_id=user.pk, session_key=key or session_of(user)
    )


def by_token(user: User, **more: Any) -> Visitor:
    caller = Caller(way=Way.TOKEN, scopes=OWN, external_id=user.external_id, **more)
    return Visitor(caller=caller, user_id=user.pk)


def stranger(name: str) -> Visitor:
    return Visitor(caller=Caller(way=Way.TOKEN, scopes=OWN, external_id=name), user_id=None)


def by_key(**more: Any) -> Visitor:
    made = api_keys.make("the app", may_write=False, expires_at=None)
    caller = api_keys.read(made.key, now=NOW)
    return Visitor(caller=caller, user_id=more.get("user_id"))


def test_each_hears_of_their_own_proof_in_a_crowd() -> None:
    signed_out, off, borrowed = (factories.user() for _ in range(3))
    gone = by_session(signed_out)
    closed = by_session(off)
    revoked, ended = by_key(), by_token(factories.user(), expires_at=NOW)
    crowd = [
        (by_session(factories.user()), True),
        (gone, False),
        (closed, False),
        (by_session(borrowed, session_of(factories.user())), False),
        (by_session(factories.user(), "made-up"), False),
        (by_token(factories.user()), True),
        (by_token(off), False),
        (ended, False),
        (by_token(factories.user(), expires_at=NOW + timedelta(seconds=1)), True),
        (stranger("nobody-knows"), True),
        (stranger(off.external_id or ""), False),
        (by_key(), True),
        (revoked, False),
        (by_key(user_id=off.pk), False),
        (Visitor(caller=Caller(way=Way.API_KEY, key_id=uuid4()), user_id=None), False),
    ]
    SessionStore(gone.session_key).flush()
    User.objects.filter(pk=off.pk).update(is_active=False)
    assert revoked.caller.key_id is not None
    ApiKey.objects.filter(pk=revoked.caller.key_id).update(revoked_at=NOW - timedelta(seconds=1))

    together = visitors.which_stay([one for one, _ in crowd], now=NOW)

    assert together == [stays for _, stays in crowd]
    assert together == [visitors.may_stay(one, now=NOW) for one, _ in crowd]


def test_many_cost_as_many_statements_as_one_of_each() -> None:
    def one_of_each() -> list[Visitor]:
        return [by_session(factories.user()), by_token(factories.user()), stranger("x"), by_key()]

    few, many = one_of_each(), [one for _ in range(20) for one in one_of_each()]

    with counted_statements() as of_few:
        visitors.which_stay(few, now=NOW)
    with counted_statements() as of_many:
        assert all(visitors.which_stay(many, now=NOW))

    assert len(of_many) == len(of_few) == 4


def new_password(user: User, key: str) -> None:
    user.set_password("something new")
    user.save()


def new_password_here(user: User, key: str) -> None:
    new_password(user, key)
    change(key, {HASH_SESSION_KEY: user.get_session_auth_hash()})


def change(key: str, said: dict[str, Any]) -> None:
    store = SessionStore(key)
    store.update(said)
    store.save()


CHANGES: dict[str, Callable[[User, str], Any]] = {
    "nothing": lambda user, key: None,
    "a new password": new_password,
    "a new password, in this session": new_password_here,
    "a closed account": lambda user, key: User.objects.filter(pk=user.pk).update(is_active=False),
    "no account": lambda user, key: user.delete(),
    "signed out": lambda user, key: SessionStore(key).flush(),
    "run out": lambda user, key: Session.objects.update(expire_date=NOW - timedelta(days=1)),
    "another way to sign in": lambda user, key: change(key, {BACKEND_SESSION_KEY: "a.way.of.old"}),
    "no proof": lambda user, key: change(key, {HASH_SESSION_KEY: ""}),
    "somebody unknown": lambda user, key: change(key, {SESSION_KEY: str(uuid4())}),
    "spoilt": lambda user, key: Session.objects.update(session_data="spoilt"),
}


@pytest.mark.parametrize("what", CHANGES)
def test_who_is_signed_in_is_as_django_has_it(what: str) -> None:
    user = factories.user()
    key = session_of(user)
    CHANGES[what](user, key)

    ours = users_of({key}, now=datetime.now(UTC)).get(key)

    # Last, since Django ends a session that proves nothing.
    request = HttpRequest()
    request.session = SessionStore(key)
    theirs = get_user(request)
    assert ours == (theirs if theirs.is_authenticated else None)


def test_a_session_that_is_signed_with_a_secret_of_old_stays_as_it_is(settings: Any) -> None:
    user = factories.user()
    key = session_of(user)
    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = "a new one", [settings.SECRET_KEY]

    found = users_of({key}, now=datetime.now(UTC))

    assert found == {key: user}
    assert SessionStore(key).exists(key)


@pytest.mark.parametrize("key", ["", "short", "with\0nul-and-more", "äöü-äöü-äöü"])
def test_what_cannot_be_a_key_is_nobodys(key: str) -> None:
    assert users_of({key}, now=NOW) == {}


def test_who_is_not_signed_in_in_a_session_is_nobody() -> None:
    browser = Client()
    key = browser.session.session_key
    assert key

    assert users_of({key}, now=datetime.now(UTC)) == {}


@pytest.mark.parametrize("said", ["nobody", "", 7, None])
def test_a_session_that_names_nobody_hinders_no_other(said: object) -> None:
    user, odd = factories.user(), SessionStore()
    odd[SESSION_KEY] = said
    odd.create()
    assert odd.session_key
    good = session_of(user)

    assert users_of({odd.session_key, good}, now=datetime.now(UTC)) == {good: user}
