"""Count the requests of this process as django-prometheus does, for little and in few series.

Its middleware waits for another thread at each of its steps, and takes whatever method and view a
stranger may think of for a series of its own.
"""

from collections import defaultdict
from http import HTTPStatus
from typing import Any

from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.utils.deprecation import MiddlewareMixin
from django_prometheus.middleware import PrometheusAfterMiddleware, PrometheusBeforeMiddleware

# Of one metric, by view: more than the product has, fewer than all methods at all views.
MOST_SERIES = 60
OTHER, REFUSED, ADMIN = "other", "refused", "admin"
_METHODS = {"GET": "GET", "HEAD": "GET", "POST": "POST", "PATCH": "PATCH", "DELETE": "DELETE"}
# What is answered to whoever tries any method at any address.
_REFUSALS = {HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN, HTTPStatus.METHOD_NOT_ALLOWED}


class Outermost(PrometheusBeforeMiddleware):  # type: ignore[misc]  # published without types
    """Counts requests and measures them with all that is done before and after the view."""

    async def __acall__(self, request: HttpRequest) -> HttpResponseBase:
        """Do the same as elsewhere, here: there is nothing in it to wait for."""
        self.process_request(request)
        response: HttpResponseBase = await self.get_response(request)
        self.process_response(request, response)
        return response


class Innermost(MiddlewareMixin):
    """Counts requests and measures them by their views."""

    get_response: Any

    def __init__(self, get_response: Any) -> None:
        """Begin to count."""
        super().__init__(get_response)
        self._counting = _Counting(get_response)

    async def __acall__(self, request: HttpRequest) -> HttpResponseBase:
        """Do the same as elsewhere, here: there is nothing in it to wait for."""
        self.process_request(request)
        response: HttpResponseBase = await self.get_response(request)
        return self.process_response(request, response)

    def process_request(self, request: HttpRequest) -> None:
        """Note when a request came."""
        self._counting.process_request(request)

    def process_response(
        self, request: HttpRequest, response: HttpResponseBase
    ) -> HttpResponseBase:
        """Count a request, now that it is known what became of it."""
        self._counting.decide(request, response)
        if request.resolver_match is not None:
            self._counting.process_view(request, None)
        self._counting.process_template_response(request, response)
        self._counting.process_response(request, response)
        return response

    def process_exception(self, request: HttpRequest, exception: Exception) -> None:
        """Count what a view raised; how long it took is measured when it is answered."""
        self._counting.count(request, exception)


class _Counting(PrometheusAfterMiddleware):  # type: ignore[misc]  # published without types
    """The library's counting, with fewer words for views, methods and templates."""

    def __init__(self, get_response: Any) -> None:
        super().__init__(get_response)
        self._seen: dict[Any, set[tuple[str, ...]]] = defaultdict(set)

    def decide(self, request: Any, response: HttpResponseBase) -> None:
        """Note that a request was refused, whatever it was for."""
        request.was_refused = response.status_code in _REFUSALS

    def count(self, request: Any, exception: Exception) -> None:
        """Count what was raised, by its kind and by the view."""
        raised, view = type(exception).__name__, self._get_view_name(request)
        self.label_metric(self.metrics.exceptions_by_type, request, type=raised).inc()
        self.label_metric(self.metrics.exceptions_by_view, request, view=view).inc()

    def label_metric(self, metric: Any, request: Any, response: Any = None, **labels: str) -> Any:
        """Return the series of `metric` that a request belongs to."""
        if "templatename" in labels:
            # The admin's are lists of what it looks for.
            is_ours = labels["templatename"].replace("/", "").replace(".", "").isidentifier()
            labels["templatename"] = labels["templatename"] if is_ours else ADMIN
        if "view" in labels:
            labels["view"] = _view(request, labels["view"])
            if "method" in labels:
                labels["method"] = _METHODS.get(labels["method"], OTHER)
            if not self._has_room(metric, tuple(labels.values())):
                labels |= {name: OTHER for name in ("view", "method") if name in labels}
        return super().label_metric(metric, request, response, **labels)

    def _has_room(self, metric: Any, series: tuple[str, ...]) -> bool:
        seen = self._seen[metric]
        if series not in seen and len(seen) < MOST_SERIES:
            seen.add(series)
        return series in seen


def _view(request: Any, name: str) -> str:
    if getattr(request, "was_refused", False):
        return REFUSED
    return ADMIN if name.startswith("admin:") else name
