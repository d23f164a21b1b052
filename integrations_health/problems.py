"""What went wrong, as RFC 9457 tells it: the one shape of every 4xx and 5xx under /api/."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

from django.http import HttpResponse
from rest_framework.exceptions import APIException

from integrations_health import request_ids

MEDIA_TYPE = "application/problem+json"
TYPE = "urn:integration-health:problem:"
INSTANCE = "urn:integration-health:request:"
RETRY_SECONDS = 5


@dataclass(frozen=True, kw_only=True, slots=True)
class FieldError:
    """One thing that was sent and cannot be taken. It never shows what was sent."""

    field: str
    problem: str
    remedy: str


class Problem(APIException):
    """A request cannot be answered as asked: raise it in a view, and the client is told.

    `members` are further members of the body, such as the last result. No text may come from an
    exception or from what the client sent.
    """

    def __init__(
        self,
        *,
        status: int,
        code: str,
        detail: str,
        title: str = "",
        errors: Sequence[FieldError] = (),
        headers: Mapping[str, str] | None = None,
        members: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(detail, code)
        self.status_code = status
        self.code = code
        self.text = detail
        self.title = title or HTTPStatus(status).phrase
        self.errors = errors
        self.headers = headers or {}
        self.members = members or {}


def not_found() -> Problem:
    """Say that there is nothing: of a foreign, a deleted and an unknown id in the same bytes."""
    return Problem(
        status=404, code="not_found", detail="There is nothing here, or it is not yours."
    )


def invalid(*errors: FieldError) -> Problem:
    """Say which fields cannot be taken."""
    return Problem(
        status=400,
        code="invalid",
        title="Invalid Request",
        detail="Some of what was sent cannot be taken; `errors` says what, and what to send.",
        errors=errors,
    )


def unavailable(code: str, detail: str, *, retry_after: int = RETRY_SECONDS) -> Problem:
    """Say that it may work in a moment."""
    return Problem(status=503, code=code, detail=detail, headers={"Retry-After": str(retry_after)})


def answer_of(problem: Problem) -> HttpResponse:
    """Return a problem as an answer.

    Its `instance` names the request and not the path, in which the id that was asked for would
    tell a foreign one from a deleted one.
    """
    request_id = request_ids.current()
    body = {
        "type": TYPE + problem.code,
        "title": problem.title,
        "status": problem.status_code,
        "detail": problem.text,
        "instance": INSTANCE + request_id,
        "code": problem.code,
        "requestId": request_id,
        "errors": [
            {"field": error.field, "problem": error.problem, "remedy": error.remedy}
            for error in problem.errors
        ],
        **problem.members,
    }
    return HttpResponse(
        json.dumps(body, ensure_ascii=False, separators=(",", ":")),
        status=problem.status_code,
        content_type=MEDIA_TYPE,
        headers={"Cache-Control": "no-store", **problem.headers},
    )
