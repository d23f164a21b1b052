"""POST .../reauthenticate, and `reauthUrl` wherever health is shown."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from integrations_health import frames, reauth_offers, reauth_tokens
from integrations_health.models import HealthCheck, Integration, ReauthRequest, User
from integrations_health.reauth_tokens import Kind
from tests import factories
from tests.callers import as_back_end, as_user
from tests.reconnecting import dead

pytestmark = pytest.mark.django_db


@pytest.fixture
def owner() -> User:
    return factories.user()


def ask(client: Client, of: Integration) -> Any:
    return client.post(f"/api/integrations/{of.pk}/reauthenticate")


def test_a_link_of_ours_is_good_for_fourteen_days(owner: User) -> None:
    watched = dead(user=owner)

    answer = ask(as_user(owner), watched)

    body = answer.json()
    start = "http://127.0.0.1:8000/reconnect/"
    token = reauth_tokens.read(Kind.LINK, body["url"].removeprefix(start).rstrip("/"))
    in_14_days = datetime.now(UTC) + timedelta(days=14)
    assert (answer.status_code, set(body)) == (200, {"url", "expiresAt"})
    assert answer.headers["Cache-Control"] == "private, no-cache"
    assert body["url"].startswith(start)
    assert abs(datetime.fromisoformat(body["expiresAt"]) - in_14_days) < timedelta(minutes=1)
    assert token.user_id == owner.pk
    assert token.nonce == ReauthRequest.objects.get().pk


def test_a_back_end_asks_for_its_user_and_the_link_is_that_users(owner: User) -> None:
    watched = dead(user=owner)

    body = ask(as_back_end(acting_for=owner.external_id), watched).json()

    (request,) = ReauthRequest.objects.all()
    assert (request.user, body["url"].count("/reconnect/")) == (owner, 1)


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"status": "healthy", "error_code": "", "consecutive_failures": 0}, "reauth_not_needed"),
        ({"error_code": "timeout"}, "reauth_not_needed"),
        ({"provider": "mcp"}, "reauth_not_supported"),
    ],
)
def test_what_connecting_again_would_not_mend_is_a_conflict(
    owner: User, fields: dict[str, Any], code: str
) -> None:
    watched = dead(user=owner, **fields)

    answer = ask(as_user(owner), watched)

    assert (answer.status_code, answer.json()["code"]) == (409, code)
    assert not ReauthRequest.objects.exists()


def test_during_an_outage_nobody_is_given_a_link(owner: User) -> None:
    watched = dead(user=owner)
    factories.incident()

    answer = ask(as_user(owner), watched)

    assert (answer.status_code, answer.json()["code"]) == (409, "reauth_on_hold")


def test_a_foreign_one_is_not_there(owner: User) -> None:
    watched = dead()

    assert ask(as_user(owner), watched).status_code == 404
    assert not ReauthRequest.objects.exists()


def test_reading_offers_a_page_and_writes_nothing(owner: User) -> None:
    watched, fine = dead(user=owner), factories.integration(user=owner, status="healthy")
    page = f"http://127.0.0.1:8000/integrations/{watched.pk}/reconnect/"
    client = as_user(owner)

    listed = {
        one["id"]: one["health"]["reauthUrl"]
        for one in client.get("/api/integrations").json()["items"]
    }
    one = client.get(f"/api/integrations/{watched.pk}").json()["health"]["reauthUrl"]
    shown = client.get(f"/api/integrations/{watched.pk}/health").json()["current"]["reauthUrl"]
    (frame,) = frames.read(HealthCheck.objects.filter(integration=watched))

    assert listed == {str(watched.pk): page, str(fine.pk): None}
    assert one == shown == page
    assert f'"reauthUrl":"{page}"' in frame.text
    assert not ReauthRequest.objects.exists()


def test_the_etag_changes_when_it_is_offered_no_more(owner: User) -> None:
    watched, client = dead(user=owner), as_user(owner)
    path = f"/api/integrations/{watched.pk}/health"
    etag = client.get(path).headers["ETag"]
    for _ in range(5):
        dead(last_check_at=datetime.now(UTC))
    reauth_offers.storms.forget()

    answer = client.get(path, headers={"If-None-Match": etag})

    assert (answer.status_code, answer.json()["current"]["reauthUrl"]) == (200, None)


def test_a_list_costs_the_same_for_one_dead_grant_and_for_many(owner: User) -> None:
    dead(user=owner)
    client = as_user(owner)
    client.get("/api/integrations")
    reauth_offers.storms.forget()
    with CaptureQueriesContext(connection) as one:
        client.get("/api/integrations")
    for _ in range(10):
        dead(user=owner)
    reauth_offers.storms.forget()

    with CaptureQueriesContext(connection) as many:
        client.get("/api/integrations")

    assert len(many) == len(one)
