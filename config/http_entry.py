"""Django's entry of HTTP, which keeps no more of a body than anybody reads."""

import io
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import django
from django.conf import settings
from django.core.exceptions import RequestAborted
from django.core.handlers.asgi import ASGIHandler, ASGIRequest
from django.http import HttpResponseBadRequest, HttpResponseBase

from integrations_health.problems import Problem, answer_of

Message = Mapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
# What providers tell by themselves.
HOOKS = "/api/hooks/"


class BoundedHandler(ASGIHandler):
    """Django's handler, which by itself would write a body of any size to the disk."""

    async def handle(self, scope: dict[str, Any], receive: Receive, send: Any) -> None:
        """Answer a request, of whose body comes one byte more than its address accepts."""
        is_hook = scope["path"].startswith(HOOKS)
        most = settings.LARGEST_PROVIDER_EVENT if is_hook else settings.DATA_UPLOAD_MAX_MEMORY_SIZE
        await super().handle(scope, _cut(receive, most=most + 1), send)

    async def read_body(self, receive: Receive) -> io.BytesIO:
        """Return the body, which stays in memory."""
        body = io.BytesIO()
        while True:
            message = await receive()
            if message["type"] == "http.disconnect":
                raise RequestAborted
            body.write(message.get("body", b""))
            # Read to its end all the same: until then the server takes no disconnect for one.
            if not message.get("more_body", False):
                break
        body.seek(0)
        return body

    def create_request(
        self, scope: Mapping[str, Any], body_file: Any
    ) -> tuple[ASGIRequest, None] | tuple[None, HttpResponseBase]:
        """Return the request, or an answer when it cannot be understood."""
        is_api = scope["path"].startswith("/api/")
        try:
            made = super().create_request(scope, body_file)
        except ValueError:  # of a `Content-Type`, say in a charset that there is not
            refused = answer_of(_malformed()) if is_api else HttpResponseBadRequest()
            return None, refused
        request = made[0]
        if request is None:
            return (None, answer_of(_not_text())) if is_api else made
        # A body that comes in chunks has no length of its own, and without one it is not read.
        if "CONTENT_LENGTH" not in request.META:
            request.META["CONTENT_LENGTH"] = str(len(body_file.getbuffer()))
        return request, None


def application() -> BoundedHandler:
    """Return the ASGI application for HTTP."""
    django.setup(set_prefix=False)
    return BoundedHandler()


def _cut(receive: Receive, *, most: int) -> Receive:
    """Return what receives `most` bytes of a body, and drops the rest of it."""
    left = most

    async def receive_some() -> Message:
        nonlocal left
        message = await receive()
        if "body" not in message:
            return message
        kept = message["body"][:left]
        left -= len(kept)
        return {**message, "body": kept}

    return receive_some


def _malformed() -> Problem:
    return Problem(status=400, code="malformed", detail="The request cannot be read.")


def _not_text() -> Problem:
    return Problem(status=400, code="malformed", detail="The address is not written in UTF-8.")
