"""Whatever goes wrong under /api/ is told in one shape, and never in the words of an exception."""

import json
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.test import Client

from integrations_health import api_keys
from tests.integration.probe_urls import CANARY

pytestmark = [pytest.mark.django_db, pytest.mark.urls("tests.integration.probe_urls")]
MEMBERS = ["type", "title", "status", "detail", "instance", "code", "requestId", "errors"]
JSON = "application/json"


@pytest.fixture
def program() -> Client:
    """Return a client that lets errors be answered, with an API key that may write."""
    made = api_keys.make("tests", may_write=True, expires_at=None)
    return Client(raise_request_exception=False, headers={"Authorization": f"Bearer {made.key}"})


def problem_of(answer: Any) -> dict[str, Any]:
    assert answer.headers["Content-Type"] == "application/problem+json"
    body: dict[str, Any] = answer.json()
    assert list(body)[: len(MEMBERS)] == MEMBERS
    assert body["status"] == answer.status_code
    assert body["requestId"] == answer.headers["X-Request-ID"]
    assert body["type"].endswith(body["code"])
    assert CANARY not in answer.content.decode()
    return body


@pytest.mark.parametrize(
    ("error", "status", "code"),
    [
        ("crash", 500, "internal_error"),
        ("missing", 404, "not_found"),
        ("database", 503, "database_unavailable"),
        ("conflict", 409, "not_needed"),
    ],
)
def test_what_a_view_raises_is_a_problem(
    program: Client, error: str, status: int, code: str
) -> None:
    answer = program.get(f"/api/fails/{error}")

    assert (answer.status_code, problem_of(answer)["code"]) == (status, code)


def test_a_problem_has_members_and_headers_of_its_own(program: Client) -> None:
    answer = program.get("/api/fails/conflict")

    assert problem_of(answer)["current"] == {"status": "healthy"}
    assert answer.headers["Retry-After"] == "7"


def test_our_own_fault_is_logged_with_the_id_of_the_request(
    program: Client, caplog: pytest.LogCaptureFixture
) -> None:
    answer = program.get("/api/fails/crash", headers={"X-Request-ID": "mine-1"})

    assert problem_of(answer)["requestId"] == "mine-1"
    assert [record.exc_info for record in caplog.records if record.exc_info]


@pytest.mark.parametrize(
    ("method", "path", "options", "status", "code"),
    [
        ("GET", "/api/nothing/here", {}, 404, "not_found"),
        ("GET", "/api", {}, 404, "not_found"),
        ("DELETE", "/api/whoever", {}, 405, "method_not_allowed"),
        ("OPTIONS", "/api/whoever", {}, 405, "method_not_allowed"),
        ("GET", "/api/whoever", {"headers": {"Accept": "image/png"}}, 406, "not_acceptable"),
        ("POST", "/api/whoever", {"data": "a", "content_type": "text/plain"}, 415,
         "unsupported_media_type"),
        ("POST", "/api/whoever", {"data": "{", "content_type": JSON}, 400, "malformed_json"),
        ("POST", "/api/whoever", {"data": " " * 70_000, "content_type": JSON}, 413, "too_large"),
        ("GET", "/api/whoever", {"headers": {"Host": "evil.example"}}, 400, "malformed"),
    ],
)  # fmt: skip
def test_what_django_and_its_framework_refuse_is_a_problem(
    program: Client, method: str, path: str, options: dict[str, Any], status: int, code: str
) -> None:
    answer = program.generic(method, path, **options)

    assert (answer.status_code, problem_of(answer)["code"]) == (status, code)


def test_an_error_of_a_field_names_it_and_not_its_value(program: Client) -> None:
    sent = {"color": CANARY, "sizes": [1, 7, CANARY]}

    body = problem_of(program.post("/api/fields", sent, JSON))

    assert body["code"] == "invalid"
    assert [error["field"] for error in body["errors"]] == ["color", "sizes.1", "sizes.2"]
    assert all(error["problem"] and error["remedy"] for error in body["errors"])


@pytest.mark.parametrize(
    ("sent", "fields"),
    [({}, ["color", "sizes"]), ([], [""]), ({"color": "red", "sizes": {}}, ["sizes"])],
)
def test_what_is_missing_is_named(program: Client, sent: object, fields: list[str]) -> None:
    body = problem_of(program.post("/api/fields", json.dumps(sent), JSON))

    assert [error["field"] for error in body["errors"]] == fields


def test_pages_keep_their_own_errors(program: Client) -> None:
    answer = program.get("/nothing/here")

    assert answer.status_code == 404
    assert answer.headers["Content-Type"].startswith("text/html")


@pytest.mark.parametrize("sent", ["a", "A-b.c_9", "x" * 128])
def test_an_id_of_a_request_comes_back(client: Client, sent: str) -> None:
    assert client.get("/healthz", headers={"X-Request-ID": sent}).headers["X-Request-ID"] == sent


@pytest.mark.parametrize("sent", ["", "x" * 129, "a b", "a\x85b", '"', "a\n{}"])
def test_what_is_no_id_is_replaced_by_one(client: Client, sent: str) -> None:
    got = client.get("/healthz", headers={"X-Request-ID": sent}).headers["X-Request-ID"]

    assert UUID(got).version == 4


def test_an_error_is_the_same_in_every_byte_for_every_id(program: Client) -> None:
    same = {"X-Request-ID": "same"}

    answers = {program.get(f"/api/{uuid4()}", headers=same).content for _ in range(3)}

    assert len(answers) == 1
