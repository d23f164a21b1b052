"""A body is read as far as anybody looks at it, whatever its length and however it is sent."""

import asyncio
import json
from collections.abc import Iterable, Mapping
from typing import Any

import pytest
from django.conf import settings as ours

from config.http_entry import BoundedHandler
from integrations_health.problems import MEDIA_TYPE
from tests import keys

pytestmark = pytest.mark.urls("tests.integration.probe_urls")
MOST = ours.DATA_UPLOAD_MAX_MEMORY_SIZE


@pytest.fixture(autouse=True)
def shared_secret(settings: Any) -> None:
    settings.JWT_SECRET = keys.SECRET


def ask(
    chunks: Iterable[bytes],
    *,
    query: bytes = b"",
    kind: str = "application/json",
    path: str = "/api/whoever",
) -> tuple[int, Any, str]:
    """Send a request in chunks, as an ASGI server hands them over."""
    sent = {"host": "localhost", "content-type": kind}
    sent["authorization"] = f"Bearer {keys.signed(keys.SECRET, 'HS256')}"
    scope = {
        "type": "http",
        "method": "POST",
        "path": path,
        "query_string": query,
        "headers": [(name.encode(), value.encode()) for name, value in sent.items()],
    }
    waiting = [{"type": "http.request", "body": chunk, "more_body": True} for chunk in chunks]
    waiting.append({"type": "http.request", "body": b""})
    heard: list[Mapping[str, Any]] = []

    async def receive() -> dict[str, Any]:
        if waiting:
            return waiting.pop(0)
        await asyncio.Event().wait()
        raise AssertionError("nobody sends more")

    async def send(message: Mapping[str, Any]) -> None:
        heard.append(message)

    asyncio.run(BoundedHandler()(scope, receive, send))
    answered = dict(heard[0]["headers"])[b"Content-Type"].decode()
    return heard[0]["status"], json.loads(b"".join(m.get("body", b"") for m in heard)), answered


def test_a_body_in_chunks_without_a_length_is_read() -> None:
    status, body, _ = ask([b'{"a"', b": 1}"])

    assert (status, body) == (200, {"sent": {"a": 1}})


def test_the_largest_body_is_read_and_a_larger_one_refused() -> None:
    largest = json.dumps("x" * (MOST - 2)).encode()

    assert ask([largest])[0] == 200
    assert ask([largest, b" "])[1]["code"] == "too_large"


def test_a_body_without_an_end_is_not_kept() -> None:
    status, body, kind = ask([b" " * MOST] * 200)

    assert (status, body["code"], kind) == (413, "too_large", MEDIA_TYPE)


def test_of_what_a_provider_tells_more_is_read_and_not_all_of_it() -> None:
    status, body, _ = ask([b" " * MOST] * 200, path="/api/hooks/whoever")

    assert (status, body) == (200, {"read": ours.LARGEST_PROVIDER_EVENT + 1})


def test_an_address_that_is_no_text_is_a_problem() -> None:
    status, body, kind = ask([b"{}"], query=b"a=\xff")

    assert (status, body["code"], kind) == (400, "malformed", MEDIA_TYPE)


@pytest.mark.parametrize("kind", ["text/plain; a*=bogus''x", "application/json; charset*=no''x"])
def test_a_type_in_a_charset_that_there_is_not_is_a_problem(kind: str) -> None:
    status, body, answered = ask([b"{}"], kind=kind)

    assert (status, body["code"], answered) == (400, "malformed", MEDIA_TYPE)
