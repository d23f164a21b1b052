"""Give each request an id that its answer and its log lines bear."""

import re
from collections.abc import Awaitable, Callable
from contextlib import AbstractContextManager
from inspect import iscoroutinefunction
from typing import cast
from uuid import uuid4

from django.http import HttpRequest, HttpResponseBase
from django.utils.decorators import sync_and_async_middleware
from structlog.contextvars import bound_contextvars, get_contextvars

HEADER = "X-Request-ID"
_GOOD = re.compile(r"[A-Za-z0-9._-]{1,128}")

Answer = HttpResponseBase
Ask = Callable[[HttpRequest], Answer] | Callable[[HttpRequest], Awaitable[Answer]]


@sync_and_async_middleware
def middleware(get_response: Ask) -> Ask:
    """Bind the id of a request while it is answered, and send it back."""
    if iscoroutinefunction(get_response):

        async def answer_later(request: HttpRequest) -> Answer:
            with _bound(request):
                return _marked(await get_response(request))

        return answer_later

    def answer(request: HttpRequest) -> Answer:
        with _bound(request):
            return _marked(cast(Answer, get_response(request)))

    return answer


def current() -> str:
    """Return the id of the request that is answered now; empty when there is none."""
    return str(get_contextvars().get("request_id", ""))


def _bound(request: HttpRequest) -> AbstractContextManager[None]:
    sent = request.headers.get(HEADER, "")
    # What does not look like an id could forge a log line; it gets an id of ours.
    return bound_contextvars(request_id=sent if _GOOD.fullmatch(sent) else str(uuid4()))


def _marked(response: Answer) -> Answer:
    response.headers[HEADER] = current()
    return response
