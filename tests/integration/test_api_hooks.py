"""POST /api/hooks/composio: who signed is let in, whoever else they may be."""

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
from django.test import Client
from redis import Redis

from integrations_health.models import Integration
from integrations_health.problems import MEDIA_TYPE
from tests import factories
from tests.hooks import PATH, SECRET, due, expired, headers, tell, watch_later
from tests.routes import METHODS
from tests.web_process import web

pytestmark = pytest.mark.django_db
OLDER = "whsec_of-before-it-was-rotated"
BODY = expired("ca_1")
UNSIGNED: dict[str, Callable[[], dict[str, str]]] = {
    "wrong secret": lambda: headers(BODY, secret=OLDER),
    "changed byte": lambda: headers(BODY + b" "),
    "too old": lambda: headers(BODY, at=int(time.time()) - 301),
    "too far ahead": lambda: headers(BODY, at=int(time.time()) + 310),
    "in thirty thousand years": lambda: headers(BODY, at=10**12 - 1),
    "a huge number": lambda: headers(BODY, at="9" * 10_000),
    "no number": lambda: headers(BODY, at="NaN"),
    "an empty id": lambda: headers(BODY, id=""),
    "not ASCII": lambda: headers(BODY) | {"webhook-signature": "v1,é"},
    "half a character": lambda: headers(BODY) | {"webhook-id": "\ud800"},
    "a NUL": lambda: headers(BODY) | {"webhook-id": "msg_1\x00"},
    "no id": lambda: _without("webhook-id"),
    "no time": lambda: _without("webhook-timestamp"),
    "no signature": lambda: _without("webhook-signature"),
    "nothing": dict,
}


@pytest.fixture(autouse=True)
def shared_secret(settings: Any, redis: Redis) -> None:
    settings.PROVIDERS["composio"]["webhook_secrets"] = [SECRET]


@pytest.fixture
def watched() -> Integration:
    return watch_later()


def _without(name: str) -> dict[str, str]:
    return {key: value for key, value in headers(BODY).items() if key != name}


@pytest.mark.parametrize("secret", [SECRET, OLDER])
def test_while_the_secret_is_rotated_both_are_good(
    watched: Integration, settings: Any, secret: str
) -> None:
    settings.PROVIDERS["composio"]["webhook_secrets"] = [SECRET, OLDER]

    tell(headers(BODY, secret=secret), BODY)

    assert due() == {watched.pk}


@pytest.mark.parametrize("case", UNSIGNED)
def test_what_is_not_signed_now_is_refused_without_a_reason(
    watched: Integration, case: str
) -> None:
    answer = tell(UNSIGNED[case](), BODY)

    body = answer.json()
    assert (answer.status_code, answer.headers["Content-Type"]) == (401, MEDIA_TYPE)
    assert (body["code"], body["detail"]) == ("refused", "It bears no signature that is good now.")
    assert answer.headers["WWW-Authenticate"].startswith("Signature ")
    assert answer.headers["Cache-Control"] == "no-store"
    assert due() == set()


@pytest.mark.parametrize("seconds", [-295, 295])
def test_a_clock_that_is_minutes_off_is_good_enough(watched: Integration, seconds: int) -> None:
    answer = tell(headers(BODY, at=int(time.time()) + seconds), BODY)

    assert (answer.status_code, due()) == (204, {watched.pk})


def test_who_signs_nothing_costs_no_question(staff: Client, django_assert_num_queries: Any) -> None:
    with django_assert_num_queries(0):
        answer = tell(headers(BODY, secret=OLDER), BODY, by=staff)

    assert answer.status_code == 401


def test_neither_a_session_nor_a_page_of_somebody_else_matters(
    watched: Integration, django_assert_num_queries: Any
) -> None:
    browser = Client(enforce_csrf_checks=True, headers={"Origin": "https://evil.example"})
    browser.force_login(factories.staff())

    # The time, the integrations, their health.
    with django_assert_num_queries(3):
        answer = tell(headers(BODY), BODY, by=browser)

    assert (answer.status_code, due()) == (204, {watched.pk})
    assert "Cookie" not in answer.headers.get("Vary", "")


def test_the_largest_body_is_heard_and_a_larger_one_refused(watched: Integration) -> None:
    largest = BODY + b" " * (256 * 1024 - len(BODY))

    refused, heard = [
        tell(headers(body, id=f"msg_{len(body)}"), body) for body in (largest + b" ", largest)
    ]

    assert (refused.status_code, refused.json()["code"]) == (413, "too_large")
    assert (heard.status_code, due()) == (204, {watched.pk})


@pytest.mark.parametrize("method", sorted({*METHODS} - {"POST"}))
def test_nothing_but_post_is_taken(method: str) -> None:
    answer = Client().generic(method, PATH)

    assert (answer.status_code, answer.headers["Allow"]) == (405, "POST")


@pytest.mark.parametrize("method", METHODS)
def test_without_a_secret_there_is_no_such_address(
    watched: Integration, settings: Any, method: str
) -> None:
    settings.PROVIDERS["composio"]["webhook_secrets"] = []
    said = headers(BODY, secret="") | {"X-Request-ID": "same"}

    here, nowhere = [
        Client().generic(method, path, BODY, headers=said) for path in (PATH, "/api/nowhere")
    ]

    assert (here.status_code, here.content) == (404, nowhere.content)
    assert sorted(here.headers.items()) == sorted(nowhere.headers.items())
    assert due() == set()


@pytest.mark.django_db(transaction=True)
def test_a_large_event_reaches_us_through_the_real_server(
    watched: Integration, tmp_path: Path
) -> None:
    body = expired("ca_1", scopes=["https://www.googleapis.com/auth/gmail.readonly"] * 4_000)
    garbage = {name.encode(): b"v1,\xff\xfe" for name in headers(body)}

    with web(tmp_path, COMPOSIO_WEBHOOK_SECRET=f"{OLDER}, {SECRET}") as server:
        refused, heard = [
            httpx.post(f"{server.url}{PATH}", content=body, headers=said, trust_env=False)
            for said in (garbage, headers(body))
        ]
        log = server.log()

    assert len(body) > 128 * 1024
    assert (refused.status_code, heard.status_code, due()) == (401, 204, {watched.pk})
    assert "Traceback" not in log
