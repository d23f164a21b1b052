"""Send an answer as JSON."""

from collections.abc import Mapping
from typing import Any

import orjson
from django.http import HttpResponse

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
