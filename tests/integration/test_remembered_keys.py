"""That an API key was good is remembered for the time in which nobody can look, and not longer."""

from datetime import timedelta
from typing import Any

import pytest
import redis as redis_client
from django.test import Client, RequestFactory
from django.utils import timezone
from rest_framework.request import Request

from integrations_health import api_keys, last_known
from integrations_health.access import Caller, Scope, Way
from integrations_health.api.health import Health
from integrations_health.api.history import History
from integrations_health.breaker import Breaker
from integrations_health.models import ApiKey
from integrations_health.permissions import MayByScope
from integrations_health.problems import Problem
from tests.admin_pages import url

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _emptied(redis: redis_client.Redis, monkeypatch: pytest.MonkeyPatch) -> None:
    # What another test did to Redis is forgotten.
    monkeypatch.setattr(last_known, "_breaker", Breaker(rest_seconds=5.0))


def used_key(**options: Any) -> str:
    """Make a key, and use it."""
    key = api_keys.make("tests", **{"may_write": False, "expires_at": None} | options).key
    api_keys.read(key, now=timezone.now())
    return key


def remembered(key: str) -> Caller | None:
    return api_keys.remembered(key, now=timezone.now())


def test_a_key_that_was_used_is_remembered_with_its_rights_for_some_minutes(
    redis: redis_client.Redis,
) -> None:
    ends_at = timezone.now() + timedelta(hours=1)
    key = used_key(may_write=True, expires_at=ends_at)

    known = remembered(key)

    assert known == Caller(
        way=Way.API_KEY,
        scopes=frozenset({Scope.READ, Scope.WRITE}),
        key_id=ApiKey.objects.get().pk,
        expires_at=ends_at,
        is_remembered=True,
    )
    (name,) = redis.keys("last-known:api-key:*")  # type: ignore[misc]  # redis-py types both its faces
    assert 0 < int(redis.ttl(name)) <= 15 * 60  # type: ignore[arg-type]


def test_neither_the_key_nor_its_secret_is_kept(redis: redis_client.Redis) -> None:
    key = used_key()

    (name,) = redis.keys("*")  # type: ignore[misc]  # redis-py types both its faces

    secret = key.rpartition("_")[2].encode()
    assert secret not in name
    assert secret not in redis.get(name)  # type: ignore[operator]


def test_a_key_that_nobody_used_or_that_differs_is_not_remembered() -> None:
    unused = api_keys.make("tests", may_write=False, expires_at=None).key

    assert remembered(unused) is None
    assert remembered(used_key()[:-1] + "!") is None


def test_a_key_that_expires_meanwhile_is_not_remembered() -> None:
    ends_at = timezone.now() + timedelta(minutes=5)
    key = used_key(expires_at=ends_at)

    assert api_keys.remembered(key, now=ends_at - timedelta(seconds=1)) is not None
    assert api_keys.remembered(key, now=ends_at) is None


@pytest.mark.parametrize("ends", ["revoked by staff", "deleted", "revoked by hand", "by SQL"])
def test_a_key_that_ended_is_not_remembered_even_by_who_read_it_before(
    staff: Client, ends: str, django_capture_on_commit_callbacks: Any
) -> None:
    key = used_key()
    row = ApiKey.objects.get()
    text = last_known.kept(f"last-known:api-key:{row.digest}")
    assert text is not None

    with django_capture_on_commit_callbacks(execute=True):
        if ends == "revoked by staff":
            chosen = {"action": "revoke", "_selected_action": [str(row.pk)]}
            staff.post(url(ApiKey, "changelist"), chosen)
        elif ends == "deleted":
            row.delete()
        elif ends == "revoked by hand":
            row.revoked_at = timezone.now()
            row.save()
        else:
            ApiKey.objects.update(revoked_at=timezone.now())
            with pytest.raises(api_keys.Refused):
                api_keys.read(key, now=timezone.now())

    # As a request does that read the row just before it ended.
    last_known.keep(
        f"last-known:api-key:{row.digest}", text.decode(), good_for=api_keys.REMEMBERED_FOR
    )

    assert remembered(key) is None


def test_a_remembered_key_opens_nothing_but_the_last_known_state() -> None:
    request = Request(RequestFactory().get("/api/whatever"))
    caller: Any = Caller(
        way=Way.API_KEY, scopes=frozenset({Scope.READ, Scope.WRITE}), is_remembered=True
    )
    request.user = caller

    assert MayByScope().has_permission(request, Health())
    with pytest.raises(Problem) as refused:
        MayByScope().has_permission(request, History())

    assert refused.value.status_code == 503
