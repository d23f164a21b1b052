"""What descriptions of endpoints are made of."""

from typing import Any

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiExample, OpenApiParameter, OpenApiResponse


def example(value: dict[str, Any], *, of_request: bool = False) -> OpenApiExample:
    """Return what is sent or answered, as it looks."""
    return OpenApiExample(
        "example", value=value, request_only=of_request, response_only=not of_request
    )


def said(serializer: Any, value: dict[str, Any], description: str) -> OpenApiResponse:
    """Return an answer: its shape, how it looks, and what it means."""
    return OpenApiResponse(serializer, description=description, examples=[example(value)])


def query(name: str, kind: Any, description: str, **options: Any) -> OpenApiParameter:
    """Return a parameter of the address."""
    return OpenApiParameter(name, kind, OpenApiParameter.QUERY, description=description, **options)


def limit(most: int, usual: int) -> OpenApiParameter:
    """Return how many a page may hold."""
    kind = {"type": "integer", "minimum": 1, "maximum": most, "default": usual}
    return query("limit", kind, "How many a page holds.")


CURSOR = query("cursor", {"type": "string", "minLength": 1}, "`nextCursor` of the page before.")
NAME = {"type": "string", "pattern": r"^[^\s\x00-\x1f\x7f-\x9f]+$", "maxLength": 50}
USER = {"type": "string", "minLength": 1, "maxLength": 255}
ETAG = OpenApiParameter(
    "If-None-Match", OpenApiTypes.STR, OpenApiParameter.HEADER, description="An `ETag`."
)
UNCHANGED = OpenApiResponse(description="Nothing has changed since that `ETag`.")
