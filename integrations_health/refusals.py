"""Turn whatever is raised while the API answers into a problem, never showing its text."""

import logging
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, cast

from django.core.exceptions import PermissionDenied as DjangoPermissionDenied
from django.core.exceptions import RequestDataTooBig
from django.http import Http404, HttpRequest, HttpResponse
from rest_framework import exceptions

from integrations_health import database_faults, problems, unavailability
from integrations_health.problems import FieldError, Problem

logger = logging.getLogger(__name__)

# What Django and its REST framework raise; their own texts may show what was sent.
KNOWN: dict[type[Exception], tuple[int, str, str]] = {
    exceptions.NotAuthenticated: (
        401,
        "not_authenticated",
        "Say who you are: `Authorization: Bearer` with a token or an API key, or sign in.",
    ),
    exceptions.PermissionDenied: (403, "forbidden", "You may not do this."),
    DjangoPermissionDenied: (403, "forbidden", "You may not do this."),
    exceptions.MethodNotAllowed: (
        405,
        "method_not_allowed",
        "This address does not take that method; the header `Allow` lists those it takes.",
    ),
    exceptions.NotAcceptable: (
        406,
        "not_acceptable",
        "None of the media types in the header `Accept` can be made here.",
    ),
    exceptions.UnsupportedMediaType: (
        415,
        "unsupported_media_type",
        "Send JSON, and the header `Content-Type: application/json`.",
    ),
    exceptions.Throttled: (429, "throttled", "Too many requests; `Retry-After` says when to ask."),
    exceptions.ParseError: (400, "malformed", "The request cannot be read."),
    RequestDataTooBig: (413, "too_large", "The body is larger than is accepted here."),
}
# Problem and remedy of a field, by the code that a serializer gives. Other codes keep the
# serializer's sentence, which names a limit and not the value.
FIELDS: dict[str, tuple[str, str]] = {
    "required": ("is missing", "send it"),
    "null": ("is null", "send a value, or leave it out"),
    "blank": ("is empty", "send a text, or leave it out"),
    "invalid_choice": ("is not one of the choices", "see the API's document for the choices"),
    "does_not_exist": ("does not exist", "send one that exists"),
    "incorrect_type": ("is of another type", "see the API's document for its type"),
    "not_a_list": ("is not a list", "send a list"),
    "not_a_dict": ("is not an object", "send an object"),
    "unique": ("is taken", "send another"),
}


def answer(error: Exception, context: Mapping[str, Any]) -> HttpResponse | None:
    """Return the answer to an error; None for our own fault, which Django logs and `500`s."""
    problem = _problem(error)
    if problem is None:
        return None
    response = problems.answer_of(problem)
    if challenge := getattr(error, "auth_header", None):
        response.headers["WWW-Authenticate"] = challenge
    return response


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Answer what Django itself does not accept."""
    problem = _problem(exception) or Problem(
        status=400, code="malformed", detail="The request cannot be read."
    )
    return problems.answer_of(problem)


def forbidden(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Answer what Django itself forbids."""
    return problems.answer_of(_known(DjangoPermissionDenied))


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Answer for an address that nothing has."""
    return problems.answer_of(problems.not_found())


def failed(request: HttpRequest) -> HttpResponse:
    """Answer for our own fault, which Django has logged."""
    return problems.answer_of(
        Problem(
            status=500,
            code="internal_error",
            detail="That is our fault, and it is in our log under this `requestId`.",
        )
    )


def unavailable(request: HttpRequest) -> HttpResponse:
    """Answer while the database is away."""
    return problems.answer_of(unavailability.for_now())


def is_api(request: HttpRequest) -> bool:
    """Say whether the API answers for an address; the rest are pages."""
    return request.path_info == "/api" or request.path_info.startswith("/api/")


def _problem(error: Exception) -> Problem | None:
    if isinstance(error, Problem):
        return error
    if isinstance(error, Http404 | exceptions.NotFound):
        return problems.not_found()
    if isinstance(error, exceptions.ValidationError):
        return problems.invalid(*_field_errors(error.get_full_details()))
    if database_faults.is_away(error):
        logger.warning("database.unavailable", extra={"reason": type(error).__name__})
        return unavailability.for_now()
    kind = next((known for known in KNOWN if isinstance(error, known)), None)
    if kind is None:
        return None
    wait = getattr(error, "wait", None)
    return _known(kind, headers={"Retry-After": str(int(wait) + 1)} if wait is not None else None)


def _known(kind: type[Exception], *, headers: Mapping[str, str] | None = None) -> Problem:
    status, code, detail = KNOWN[kind]
    return Problem(status=status, code=code, detail=detail, headers=headers)


def _field_errors(details: object, path: str = "") -> Iterator[FieldError]:
    if _is_said(details):
        said = cast(Mapping[str, str], details)
        problem, remedy = FIELDS.get(said["code"], ("cannot be taken", str(said["message"])))
        yield FieldError(field=path, problem=problem, remedy=remedy)
    elif isinstance(details, Mapping):
        for name, inner in details.items():
            own = "" if name == "non_field_errors" else str(name)
            yield from _field_errors(inner, ".".join(filter(None, (path, own))))
    elif isinstance(details, Sequence):
        is_many = not all(map(_is_said, details))
        for number, inner in enumerate(details):
            yield from _field_errors(inner, f"{path}.{number}" if is_many else path)


def _is_said(details: object) -> bool:
    """Say whether this is an error itself, and no field that happens to be called `code`."""
    return isinstance(details, Mapping) and isinstance(details.get("code"), str)
