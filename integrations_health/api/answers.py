"""Send an answer as JSON, unless its reader has it already."""

from collections.abc import Callable, Mapping
from typing import Any

import orjson
from django.http import HttpRequest, HttpResponse
from django.utils.cache import get_conditional_response

# May be kept by the browser of the one who asked, who asks each time whether it still holds.
REVALIDATED = "private, no-cache"


def answer(
    body: Mapping[str, Any], *, status: int = 200, headers: Mapping[str, str] | None = None
) -> HttpResponse:
    """Return an answer that nobody in between keeps.

    Made at once, without REST framework's renderers: what can be negotiated has been by now.
    """
    return HttpResponse(
        orjson.dumps(body),
        status=status,
        content_type="application/json",
        headers={"Cache-Control": REVALIDATED, **(headers or {})},
    )


class AnswerAndMore(HttpResponse):
    """Does something more once it was sent: nobody waits for that."""

    def __init__(self, answer: HttpResponse, *, then: Callable[[], None]) -> None:
        """Send what `answer` says."""
        super().__init__(answer.content, status=answer.status_code, headers=answer.headers)
        self._then = then

    def close(self) -> None:
        """Let go what the answer needed, then do the rest."""
        super().close()
        self._then()


def unchanged(request: HttpRequest, headers: Mapping[str, str]) -> HttpResponse | None:
    """Return the answer to one who has this very state already, by its `ETag`, if they say so."""
    if "If-None-Match" not in request.headers:
        return None
    response = get_conditional_response(
        request, etag=headers["ETag"], response=HttpResponse(headers=dict(headers))
    )
    return response if response is not None and response.status_code == 304 else None
