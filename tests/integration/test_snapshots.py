"""The last known health in Redis: the newest stays, what is gone is gone, and it is its owner's."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
import redis as redis_client

from integrations_health import last_known, snapshots
from integrations_health.access import OWN, Caller, Scope, Way
from integrations_health.breaker import Breaker
from integrations_health.models import Integration, User
from tests import factories
from tests.callers import as_back_end, as_staff, as_user

HOURS_KEPT = 24
OWNER = UUID(int=1)


@pytest.fixture(autouse=True)
def _emptied(redis: redis_client.Redis, monkeypatch: pytest.MonkeyPatch) -> None:
    # What another test did to Redis is forgotten.
    monkeypatch.setattr(last_known, "_breaker", Breaker(rest_seconds=5.0))


def caller(**who: Any) -> Caller:
    return Caller(**{"way": Way.TOKEN, "scopes": OWN} | who)


def keep(pk: UUID, says: str, *, version: int, at: datetime) -> None:
    snapshots.keep(pk, {"says": says}, owner_id=OWNER, version=version, at=at)


def kept(pk: UUID, who: Caller | None = None) -> Any:
    found = snapshots.read(who or caller(user_id=OWNER), pk)
    return None if found is None else found.body["says"]


@pytest.mark.parametrize(
    ("version", "later", "stays"),
    [
        (8, timedelta(seconds=-9), "new"),
        (7, timedelta(seconds=1), "new"),
        (7, timedelta(), "new"),
        (7, timedelta(milliseconds=-1), "old"),
        (6, timedelta(seconds=9), "old"),
    ],
)
def test_an_older_answer_never_takes_the_place_of_a_newer_one(
    now: datetime, version: int, later: timedelta, stays: str
) -> None:
    pk = uuid4()
    keep(pk, "old", version=7, at=now)

    keep(pk, "new", version=version, at=now + later)

    assert kept(pk) == stays


def test_it_is_kept_for_a_day(redis: redis_client.Redis, now: datetime) -> None:
    keep(uuid4(), "this", version=1, at=now)

    (key,) = redis.keys("last-known:health:*")  # type: ignore[misc]  # redis-py types both its faces
    assert HOURS_KEPT * 3600 - 10 < int(redis.ttl(key)) <= HOURS_KEPT * 3600  # type: ignore[arg-type]


def test_none_is_kept_when_that_is_switched_off(settings: Any, now: datetime) -> None:
    settings.SNAPSHOT_KEPT = timedelta()
    pk = uuid4()

    keep(pk, "this", version=1, at=now)

    assert kept(pk) is None


def test_what_was_removed_does_not_come_back_by_an_answer_that_was_under_way(now: datetime) -> None:
    pk = uuid4()
    keep(pk, "before", version=1, at=now)

    snapshots.remove([pk])
    keep(pk, "late", version=9, at=now)

    assert kept(pk) is None


def test_it_is_shown_to_its_owner_and_to_who_sees_everybody(now: datetime) -> None:
    pk = uuid4()
    keep(pk, "this", version=1, at=now)
    snapshots.name(OWNER, "app-1")
    everybody = {
        "owner": caller(user_id=OWNER),
        "owner by the application's id": caller(external_id="app-1"),
        "staff": caller(user_id=uuid4(), scopes=OWN | {Scope.STAFF}),
        "back end": caller(way=Way.API_KEY),
        "other": caller(user_id=uuid4()),
        "other by the application's id": caller(external_id="app-2"),
        "back end for another": caller(way=Way.API_KEY, user_id=uuid4(), external_id="app-2"),
        "nobody": caller(),
    }

    seen = {name for name, who in everybody.items() if kept(pk, who) == "this"}

    assert seen == {"owner", "owner by the application's id", "staff", "back end"}


def test_an_id_of_the_application_that_may_have_changed_opens_nothing(now: datetime) -> None:
    pk = uuid4()
    keep(pk, "this", version=1, at=now)
    snapshots.name(OWNER, "app-1")

    snapshots.unname(OWNER)
    snapshots.name(OWNER, "app-1")  # by a request that had read it before

    assert kept(pk, caller(external_id="app-1")) is None


def test_without_redis_nothing_is_kept_and_nothing_fails(settings: Any, now: datetime) -> None:
    settings.REDIS_URL = "redis://127.0.0.1:1/0"
    pk = uuid4()

    keep(pk, "this", version=1, at=now)
    snapshots.remove([pk])

    assert kept(pk) is None


def test_a_redis_that_is_full_is_read_all_the_same(
    redis: redis_client.Redis, now: datetime
) -> None:
    pk = uuid4()
    keep(pk, "this", version=1, at=now)
    redis.config_set("maxmemory", 1)
    try:
        keep(other := uuid4(), "more", version=1, at=now)
        found = kept(pk), kept(other)
    finally:
        redis.config_set("maxmemory", 0)

    assert found == ("this", None)


def path_of(made: Integration) -> str:
    return f"/api/integrations/{made.pk}/health"


def owner_of(made: Integration) -> Caller:
    return caller(user_id=made.user_id)


def body_kept(made: Integration, who: Caller | None = None) -> Any:
    found = snapshots.read(who or owner_of(made), made.pk)
    return None if found is None else found.body


@pytest.mark.django_db
def test_whoever_reads_what_is_kept_is_as_its_owner_reads_it(now: datetime) -> None:
    made = factories.integration()
    factories.alert(
        integration=made,
        user=made.user,
        acknowledged_at=now,
        acknowledged_by=factories.staff(),
        acknowledgement_note="For us alone.",
    )

    by_staff = as_staff(factories.staff()).get(path_of(made)).json()
    of_staff = body_kept(made)
    by_owner = as_user(made.user).get(path_of(made)).json()

    assert "For us alone." in str(by_staff)
    assert "For us alone." not in str(of_staff)
    assert of_staff | {"asOf": by_owner["asOf"]} == by_owner


@pytest.mark.django_db
def test_nothing_is_kept_of_what_was_refused() -> None:
    made = factories.integration()

    as_user(factories.user()).get(path_of(made))

    assert body_kept(made) is None


@pytest.mark.django_db
@pytest.mark.parametrize("leaves", ["integration", "user"])
def test_what_leaves_the_database_leaves_redis(
    leaves: str, django_capture_on_commit_callbacks: Any
) -> None:
    made = factories.integration()
    as_user(made.user).get(path_of(made))
    pk, owner = made.pk, owner_of(made)
    before = snapshots.read(owner, pk)

    with django_capture_on_commit_callbacks(execute=True):
        (made if leaves == "integration" else made.user).delete()

    assert before is not None
    assert snapshots.read(owner, pk) is None


@pytest.mark.django_db
def test_the_applications_id_of_an_owner_is_known_until_it_changes(
    django_capture_on_commit_callbacks: Any,
) -> None:
    made = factories.integration(user=factories.user(external_id="app-old"))
    by_name = caller(external_id="app-old")
    as_back_end(acting_for="app-old").get(path_of(made))
    before = body_kept(made, by_name)

    with django_capture_on_commit_callbacks(execute=True):
        user = User.objects.get(pk=made.user_id)
        user.external_id = "app-new"
        user.save()

    assert before is not None
    assert body_kept(made, by_name) is None


@pytest.mark.django_db
def test_staff_are_not_taken_for_the_owner_of_what_they_read(settings: Any) -> None:
    settings.JWT_USER_CLAIM = "sub"
    made = factories.integration()
    staff = factories.staff(external_id="app-staff")

    answer = as_staff(staff).get(path_of(made))

    assert answer.status_code == 200
    assert body_kept(made, caller(external_id="app-staff")) is None
