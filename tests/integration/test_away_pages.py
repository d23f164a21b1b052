"""Whatever raises while a page is made: when it was the database's absence, the page says so."""

from collections.abc import Callable
from typing import Any

import pytest
from django.db import InterfaceError, InternalError, OperationalError
from django.http import HttpRequest, HttpResponse
from django.test import Client

from integrations_health.pages.away import DatabaseAway

SAYS = "Our database does not answer."


def lost(get_response: Callable[[HttpRequest], HttpResponse]) -> Callable[[HttpRequest], Any]:
    """Lose the database outside of any view, as when a session is saved."""

    def answer(request: HttpRequest) -> HttpResponse:
        raise OperationalError("secret words of the driver")

    return answer


def odd(get_response: Callable[[HttpRequest], HttpResponse]) -> Callable[[HttpRequest], Any]:
    """Fail for another reason."""

    def answer(request: HttpRequest) -> HttpResponse:
        raise InternalError("secret words of the driver")

    return answer


def answer_of(settings: Any, middleware: Callable[..., Any], path: str) -> Any:
    name = f"{middleware.__module__}.{middleware.__name__}"
    settings.MIDDLEWARE = [*settings.MIDDLEWARE, name]
    return Client(raise_request_exception=False).get(path)


def test_a_database_lost_between_the_views_is_a_503(settings: Any) -> None:
    page = answer_of(settings, lost, "/sign-in/")

    assert page.status_code == 503
    assert SAYS in page.content.decode()
    assert "secret words" not in page.content.decode()
    assert 15 <= int(page.headers["Retry-After"]) <= 45


def test_under_the_api_it_is_a_problem(settings: Any) -> None:
    answer = answer_of(settings, lost, "/api/schema")

    assert (answer.status_code, answer.json()["code"]) == (503, "database_unavailable")


def test_what_is_our_own_fault_stays_a_500(settings: Any) -> None:
    page = answer_of(settings, odd, "/sign-in/")

    assert page.status_code == 500
    assert SAYS not in page.content.decode()


@pytest.mark.parametrize("error", [OperationalError, InterfaceError])
def test_the_page_says_what_to_do(error: type[Exception], rf: Any) -> None:
    page = DatabaseAway(lambda request: HttpResponse()).process_exception(rf.get("/"), error())

    assert page is not None
    assert "Wait half a minute, then try again" in page.content.decode()
    assert 'href="/">Try again' in page.content.decode()
