"""What holds for every operation of the OpenAPI document: who may ask, and what may go wrong."""

from collections.abc import Iterator
from functools import lru_cache
from typing import Any

from drf_spectacular.extensions import OpenApiAuthenticationExtension
from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.openapi import AutoSchema
from drf_spectacular.renderers import OpenApiJsonRenderer, OpenApiYamlRenderer

from integrations_health.problems import INSTANCE, MEDIA_TYPE, TYPE

Document = dict[str, Any]
# An operation lists here what else it may answer, beside what every one may.
ALSO = "x-problems"
COMPOSIO_SIGNATURE = "composioSignature"

PROBLEM: Document = {
    "type": "object",
    "description": "What went wrong (RFC 9457). Some problems have further members.",
    "required": ["type", "title", "status", "detail", "instance", "code", "requestId", "errors"],
    "properties": {
        "type": {"type": "string", "format": "uri", "description": "The kind of problem."},
        "title": {"type": "string"},
        "status": {"type": "integer", "minimum": 400, "maximum": 599},
        "detail": {"type": "string", "description": "What to do about it, for people."},
        "instance": {"type": "string", "format": "uri", "description": "This request."},
        "code": {"type": "string", "description": "The kind of problem, for programs."},
        "requestId": {"type": "string", "description": "As in the header and in our log."},
        "errors": {"type": "array", "items": {"$ref": "#/components/schemas/FieldError"}},
    },
}
FIELD_ERROR: Document = {
    "type": "object",
    "description": "Something that was sent and cannot be taken.",
    "required": ["field", "problem", "remedy"],
    "properties": {
        "field": {"type": "string", "description": "`a.0.b` is within `a`; empty: all of it."},
        "problem": {"type": "string"},
        "remedy": {"type": "string", "description": "What to send instead."},
    },
}
SIGNATURE: Document = {
    "type": "apiKey",
    "in": "header",
    "name": "webhook-signature",
    "description": "`v1,` and the HMAC-SHA256 of `id.timestamp.body` in base64, made with the "
    "secret of Composio's webhook subscription; several stand one behind the other.",
}
HEADERS: Document = {
    "RequestId": {
        "description": "The `X-Request-ID` that was sent, or one of ours.",
        "schema": {"type": "string", "maxLength": 128},
    },
    "RetryAfter": {
        "description": "Seconds until it is worth asking again.",
        "schema": {"type": "integer", "minimum": 0},
    },
    "WWWAuthenticate": {"description": "How to prove who you are.", "schema": {"type": "string"}},
}
# By status: the name of the answer, what it means, a code that it may bear, a header of its own.
ANSWERS: dict[str, tuple[str, str, str, tuple[str, str] | None]] = {
    "400": ("Invalid", "Something that was sent cannot be taken.", "invalid", None),
    "401": (
        "NotAuthenticated",
        "Nobody said who is asking, or did not prove it.",
        "not_authenticated",
        ("WWW-Authenticate", "WWWAuthenticate"),
    ),
    "403": ("Forbidden", "The caller lacks the right.", "scope_missing", None),
    "404": ("NotFound", "There is nothing here, or it is not the caller's.", "not_found", None),
    "406": ("NotAcceptable", "None of the types in `Accept` can be made.", "not_acceptable", None),
    "409": ("Conflict", "It does not fit what is.", "conflict", None),
    "413": ("TooLarge", "The body is too large.", "too_large", None),
    "415": ("NotJson", "The body is of another type.", "unsupported_media_type", None),
    "429": (
        "TooMany",
        "It was asked for a moment ago.",
        "throttled",
        ("Retry-After", "RetryAfter"),
    ),
    "500": ("Failed", "Our own fault.", "internal_error", None),
    "503": (
        "Unavailable",
        "It may work in a moment.",
        "database_unavailable",
        ("Retry-After", "RetryAfter"),
    ),
}
EVERYWHERE = ("400", "406", "500", "503")


class Schema(AutoSchema):
    """Names the kind of thing that an operation is about."""

    def get_tags(self) -> list[str]:
        """Return the last module of the view: `health`, `history`, ..."""
        return [type(self.view).__module__.rpartition(".")[2].replace("_", " ")]


class BearerScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]  # of a library
    """How a token or an API key is sent."""

    target_class = "integrations_health.authentication.BearerAuthentication"
    name = "bearer"

    def get_security_definition(self, auto_schema: AutoSchema) -> Document:
        """Return the scheme."""
        return {
            "type": "http",
            "scheme": "bearer",
            "description": "A token (JWT) of the application for one of its users, or an API key "
            "(`ihk_...`) of its back end. A key that may write acts for the user whose id, ours or "
            "yours, stands in the header `X-Act-For`; without it, it sees everybody's.",
        }


class SessionScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]  # of a library
    """How a browser shows who is signed in."""

    target_class = "integrations_health.authentication.CallerOfSession"
    name = "session"

    def get_security_definition(self, auto_schema: AutoSchema) -> Document:
        """Return the scheme."""
        return {
            "type": "apiKey",
            "in": "cookie",
            "name": "sessionid",
            "description": "Whoever is signed in on the pages. What changes something needs the "
            "cookie `csrftoken` in the header `X-CSRFToken` as well.",
        }


def add_what_every_operation_shares(result: Document, **_: Any) -> Document:
    """Add the problems that may be answered, and the headers that always are."""
    components = result["components"]
    components["securitySchemes"][COMPOSIO_SIGNATURE] = SIGNATURE
    components["schemas"] |= {"Problem": PROBLEM, "FieldError": FIELD_ERROR}
    components["headers"] = HEADERS
    components["responses"] = {
        name: _answer(status, description, code, header)
        for status, (name, description, code, header) in ANSWERS.items()
    }
    for path, operation in _operations(result):
        for response in operation["responses"].values():
            response.setdefault("headers", {})["X-Request-ID"] = _header("RequestId")
        for status in _statuses(path, operation):
            operation["responses"].setdefault(
                status, {"$ref": f"#/components/responses/{ANSWERS[status][0]}"}
            )
        operation["responses"] = dict(sorted(operation["responses"].items()))
        operation.pop(ALSO, None)
    return result


@lru_cache(maxsize=1)
def document() -> Document:
    """Return the whole document; it does not change while a process lives."""
    made: Document = SchemaGenerator().get_schema(request=None, public=True)  # type: ignore[no-untyped-call]  # of a library
    return made


@lru_cache(maxsize=2)
def written(*, as_yaml: bool) -> bytes:
    """Return the document as text."""
    renderer = OpenApiYamlRenderer() if as_yaml else OpenApiJsonRenderer()
    text: bytes = renderer.render(document(), renderer_context={})
    return text


def _operations(result: Document) -> Iterator[tuple[str, Document]]:
    for path, methods in result["paths"].items():
        for operation in methods.values():
            yield path, operation


def _statuses(path: str, operation: Document) -> Iterator[str]:
    yield from EVERYWHERE
    yield from operation.get(ALSO, ())
    if operation.get("security"):
        yield from ("401", "403")
    if "{" in path:
        yield "404"
    if "requestBody" in operation:
        yield from ("413", "415")


def _answer(status: str, description: str, code: str, header: tuple[str, str] | None) -> Document:
    request_id = "5f0c7a52-2b0e-4c0c-9a49-6f1f0c9a3c11"
    example = {
        "type": TYPE + code,
        "title": description.rstrip("."),
        "status": int(status),
        "detail": description,
        "instance": INSTANCE + request_id,
        "code": code,
        "requestId": request_id,
        "errors": [{"field": "limit", "problem": "is too large", "remedy": "send 1 to 200"}]
        if status == "400"
        else [],
    }
    headers = {"X-Request-ID": _header("RequestId")}
    if header is not None:
        headers[header[0]] = _header(header[1])
    return {
        "description": description,
        "headers": headers,
        "content": {
            MEDIA_TYPE: {
                "schema": {"$ref": "#/components/schemas/Problem"},
                "examples": {"problem": {"value": example}},
            }
        },
    }


def _header(name: str) -> dict[str, str]:
    return {"$ref": f"#/components/headers/{name}"}
