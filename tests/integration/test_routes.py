"""Every route, by every method, as every kind of caller: nobody reaches what is not theirs."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
import redis as redis_client
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver
from django.utils import timezone

from integrations_health import api_keys, tokens
from integrations_health.access import OWN, Scope
from integrations_health.models import Integration, User
from tests import factories, keys
from tests.routes import BODIES, CALLERS, LINES, METHODS, ROUTES, expected

pytestmark = pytest.mark.django_db
CANARY = "Canary of the owner"
# Whose answers may hold what the owner has.
TRUSTED = {"owner", "staff", "reader", "writer"}
STRANGERS = sorted(set(CALLERS) - TRUSTED)
# Guarded by Django's admin as a whole: looked at route by route below.
ADMIN = "admin/"
# Pages know sessions only; who brings a token is asked to sign in before anything is looked up.
STRANGERS_WITH_ID = [
    (method, route, caller)
    for method, route in LINES
    if "<id>" in route
    for caller in (("other", "seated", "acting") if route.startswith("api/") else ("seated",))
]


def patterns(of: URLResolver, prefix: str = "") -> Iterator[str]:
    """Yield the whole URL space, with `<id>` for every id."""
    for part in of.url_patterns:
        route = prefix + re.sub(r"<uuid:\w+>", "<id>", str(part.pattern))
        if isinstance(part, URLPattern):
            yield route
        else:
            yield from patterns(part, route)


ALL = sorted(patterns(get_resolver()))


class Cast:
    """An owner, what they have, and everybody else."""

    def __init__(self) -> None:
        self.owner, self.other = factories.user(), factories.user()
        self.integration = factories.integration(
            user=self.owner,
            display_name=CANARY,
            status="healthy",
            last_check_at=timezone.now(),
            error_message="",
        )
        factories.alert(pk=self.integration.pk, integration=self.integration, message=CANARY)

    def client(self, caller: str) -> Client:
        """Return the client of one of CALLERS."""
        if caller == "seated":
            browser = Client()
            browser.force_login(factories.staff())
            return browser
        proof = getattr(self, f"_{caller}")()
        return Client(headers={"Authorization": f"Bearer {proof}"} if proof else None)

    def _owner(self) -> str:
        return _token(self.owner)

    def _other(self) -> str:
        return _token(self.other)

    def _staff(self) -> str:
        return _token(factories.staff(), Scope.STAFF)

    def _anonymous(self) -> str:
        return ""

    def _expired(self) -> str:
        long_ago = datetime.now(UTC) - timedelta(days=2)
        return _token(self.owner, now=long_ago)

    def _reader(self) -> str:
        return api_keys.make("reader", may_write=False, expires_at=None).key

    def _writer(self) -> str:
        return api_keys.make("writer", may_write=True, expires_at=None).key


def _token(user: User, *more: Scope, now: datetime | None = None) -> str:
    return tokens.issue(
        user,
        lifetime=timedelta(hours=1),
        scopes=OWN | {*more},
        now=now or datetime.now(UTC),
    )


@pytest.fixture
def cast(settings: Any, redis: redis_client.Redis) -> Cast:
    settings.JWT_SECRET = keys.SECRET
    settings.PROVIDERS["composio"]["webhook_secrets"] = [keys.SECRET]
    return Cast()


def ask(client: Client, method: str, route: str, of: object, **headers: str) -> Any:
    """Send a request to a route, about the integration with the id `of`."""
    body = BODIES.get((method, route), dict)()
    content = {} if method in {"GET", "HEAD"} else {"data": body}
    path = "/" + route.replace("<id>", str(of))
    call = getattr(client, method.lower())
    kind = {} if method in {"GET", "HEAD"} else {"content_type": "application/json"}
    if method == "OPTIONS":
        content = {}
    return call(path, **content, **kind, headers=headers)


def content_of(answer: Any) -> str:
    return b"".join(answer).decode() if answer.streaming else answer.content.decode()


def test_every_route_has_its_lines() -> None:
    listed = {route for route in ALL if not route.startswith(ADMIN)}

    assert listed == set(ROUTES)


@pytest.mark.parametrize("caller", CALLERS)
@pytest.mark.parametrize("route", ROUTES)
def test_a_caller_is_answered_as_the_table_says(cast: Cast, route: str, caller: str) -> None:
    client = cast.client(caller)
    wrong = {}
    for method in METHODS:
        if not Integration.objects.filter(pk=cast.integration.pk).exists():
            cast.integration.save()  # the line before deleted it

        answer = ask(client, method, route, cast.integration.pk)

        if answer.status_code not in expected(method, route, caller):
            wrong[method] = (answer.status_code, sorted(expected(method, route, caller)))
        if caller not in TRUSTED:
            seen = content_of(answer)
            assert CANARY not in seen
            assert str(cast.integration.pk) not in seen
    assert wrong == {}


@pytest.mark.parametrize(("method", "route", "caller"), STRANGERS_WITH_ID)
def test_foreign_deleted_and_unknown_ids_are_the_same_to_the_byte(
    cast: Cast, method: str, route: str, caller: str
) -> None:
    deleted = factories.integration(user=cast.other)
    Integration.objects.filter(pk=deleted.pk).delete()
    client = cast.client("writer" if caller == "acting" else caller)
    headers = {"X-Request-ID": "same"}
    if caller == "acting":
        headers["X-Act-For"] = str(cast.other.pk)

    answers = [
        ask(client, method, route, of, **headers)
        for of in (cast.integration.pk, deleted.pk, uuid4())
    ]

    assert [answer.status_code for answer in answers] == [404, 404, 404]
    assert len({answer.content for answer in answers}) == 1
    assert len({str(sorted(answer.headers.items())) for answer in answers}) == 1


@pytest.mark.parametrize("caller", ["owner", "other", "anonymous", "expired", "reader", "writer"])
def test_nobody_but_signed_in_staff_sees_the_admin(cast: Cast, caller: str) -> None:
    client = cast.client(caller)

    for route in (route for route in ALL if route.startswith(ADMIN)):
        path = "/" + re.sub(r"<[^>]*>|\(\?P<url>\.\*\)\$", "1", route)
        answer = client.get(path)

        assert answer.status_code == 302, route
        assert CANARY not in content_of(answer)


def test_an_etag_of_the_owner_tells_nobody_else_anything(cast: Cast) -> None:
    path = f"/api/integrations/{cast.integration.pk}/health"
    etag = cast.client("owner").get(path).headers["ETag"]

    known = cast.client("owner").get(path, headers={"If-None-Match": etag})
    foreign = cast.client("other").get(path, headers={"If-None-Match": etag})

    assert (known.status_code, foreign.status_code) == (304, 404)


def test_an_export_holds_nothing_of_others(cast: Cast) -> None:
    path = f"/api/integrations/{cast.integration.pk}/health/history"

    answers = [cast.client(name).get(path, headers={"Accept": "text/csv"}) for name in STRANGERS]

    assert {answer.status_code for answer in answers} == {404, 401}
