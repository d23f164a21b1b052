"""Requests are counted by their views, and no stranger can make series of them."""

from collections.abc import Iterable
from types import SimpleNamespace
from typing import Any, cast

import pytest
from django.http import HttpRequest, HttpResponse
from django.test import AsyncClient, Client, RequestFactory
from django.urls import path
from prometheus_client import REGISTRY

from config.request_metrics import MOST_SERIES, Innermost

BY_VIEW = "django_http_requests_latency_seconds_by_view_method_count"
BY_STATUS = "django_http_responses_total_by_status_view_method_total"
ALL = "django_http_requests_before_middlewares_total"


def broken(request: HttpRequest) -> HttpResponse:
    raise LookupError


urlpatterns = [path("broken", broken, name="broken")]


def series(name: str) -> dict[tuple[str, ...], float]:
    """Return the values of a metric by their labels' values, in the labels' order."""
    return {
        tuple(value for _, value in sorted(sample.labels.items())): sample.value
        for family in REGISTRY.collect()
        for sample in family.samples
        if sample.name == name
    }


def added(name: str, before: dict[tuple[str, ...], float]) -> dict[tuple[str, ...], float]:
    """Return by how much a metric has grown since."""
    now = series(name)
    return {key: now[key] - before.get(key, 0) for key in now if now[key] != before.get(key, 0)}


def ask_views(names: Iterable[str]) -> None:
    """Count a request to each of some views, as one process would."""
    middleware = Innermost(lambda request: HttpResponse())
    for name in names:
        request = RequestFactory().get("/")
        request.resolver_match = cast(Any, SimpleNamespace(view_name=name))
        middleware(request)


def test_a_request_is_counted_once_and_measured_once() -> None:
    before, by_status, every = series(BY_VIEW), series(BY_STATUS), series(ALL)

    Client().get("/healthz")
    Client().head("/healthz")

    assert added(BY_VIEW, before) == {("GET", "config.pages.healthz"): 2}
    assert added(BY_STATUS, by_status) == {("GET", "200", "config.pages.healthz"): 2}
    assert added(ALL, every) == {(): 2}


@pytest.mark.asyncio
async def test_it_is_the_same_where_nothing_waits_for_a_thread() -> None:
    before, every = series(BY_VIEW), series(ALL)

    answer = await AsyncClient().get("/healthz")

    assert answer.status_code == 200
    assert added(BY_VIEW, before) == {("GET", "config.pages.healthz"): 1}
    assert added(ALL, every) == {(): 1}


def test_what_is_refused_and_what_is_nowhere_have_one_name_each() -> None:
    before = series(BY_STATUS)

    for method in ("POST", "PUT", "BREW"):
        Client().generic(method, "/healthz")
        Client().generic(method, "/api/integrations")
        Client().generic(method, "/nowhere")

    assert {view for _, _, view in added(BY_STATUS, before)} == {"refused", "<unnamed view>"}
    assert {method for method, _, _ in added(BY_STATUS, before)} == {"POST", "other"}


def test_what_a_view_raises_is_counted_and_measured_once(settings: Any) -> None:
    settings.ROOT_URLCONF = __name__
    before = series(BY_VIEW)
    raised = series("django_http_exceptions_total_by_type_total")

    Client(raise_request_exception=False).get("/broken")

    assert added("django_http_exceptions_total_by_type_total", raised) == {("LookupError",): 1}
    assert added(BY_VIEW, before) == {("GET", "broken"): 1}


def test_no_metric_has_more_series_than_it_may() -> None:
    before = series(BY_VIEW)

    ask_views(f"view {number}" for number in range(MOST_SERIES + 20))

    new = added(BY_VIEW, before)
    assert len(new) == MOST_SERIES + 1
    assert new["other", "other"] == 20
