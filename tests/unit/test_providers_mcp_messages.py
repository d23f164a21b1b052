"""The answers of MCP servers are found in JSON and in event streams."""

import json
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from integrations_health.providers import mcp_messages
from integrations_health.providers.base import Call
from integrations_health.providers.http import Reply
from integrations_health.providers.mcp_messages import Answer, Watch

GOOD = {"jsonrpc": "2.0", "id": 1, "result": {"a": "b"}}
BAD = {"jsonrpc": "2.0", "id": 1, "error": {"code": -32602, "message": "no"}}
NEWS = {"jsonrpc": "2.0", "method": "notifications/message", "params": {}}
FOREIGN = {"jsonrpc": "2.0", "id": 2, "result": {"c": "d"}}
ANSWER = Answer({"a": "b"})


def event(message: Any, end: str = "\n") -> str:
    return f"event: message{end}data: {json.dumps(message)}{end}{end}"


def reply(body: str | bytes, kind: str) -> Reply:
    content = body.encode() if isinstance(body, str) else body
    headers = httpx.Headers({"content-type": kind} if kind else {})
    return Reply(200, headers, content, Call("ping", 200, 1))


@pytest.mark.parametrize(
    ("body", "answer"),
    [
        (json.dumps(GOOD), ANSWER),
        (json.dumps(BAD), Answer(None, -32602, "no")),
        (json.dumps({**GOOD, "id": None}), ANSWER),
        (json.dumps({"jsonrpc": "2.0", "error": {"code": -1}}), Answer(None, -1, "")),
        (json.dumps({"jsonrpc": "2.0", "id": 1, "error": {"code": "x", "message": "y"}}), None),
        (json.dumps(FOREIGN), None),
        (json.dumps(NEWS), None),
        (json.dumps({"id": 1, "result": {}}), None),
        (json.dumps({"jsonrpc": "2.0", "id": 1, "result": "text"}), None),
        (json.dumps({"jsonrpc": "2.0", "id": 1, "error": "text"}), None),
        (json.dumps([GOOD]), None),
        ("", None),
        ("Not Found", None),
    ],
)  # fmt: skip
def test_an_answer_is_found_in_json(body: str, answer: Answer | None) -> None:
    assert mcp_messages.answer(reply(body, "application/json; charset=utf-8")) == answer


STREAMS = [
    event(GOOD),
    event(GOOD, "\r\n"),
    event(GOOD, "\r"),
    ": a comment\n\n" + event(NEWS) + event(FOREIGN) + "event: ping\n\n" + event(GOOD),
    "id: 7\nretry: 5\ndata:" + json.dumps(GOOD) + "\n\n",
    "data: \n\n" + event(GOOD),
    # One message over several lines is one message.
    'data: {"jsonrpc": "2.0", "id": 1,\ndata:  "result": {"a": "b"}}\n\n',
]


@pytest.mark.parametrize("stream", STREAMS)
def test_an_answer_is_found_in_an_event_stream(stream: str) -> None:
    assert mcp_messages.answer(reply(stream, "text/event-stream;charset=utf-8")) == ANSWER


@pytest.mark.parametrize(
    "stream", ["", "data: {", event(NEWS), event(GOOD).rstrip("\n"), "data: \udcff\n\n"]
)
def test_a_stream_without_a_finished_answer_has_none(stream: str) -> None:
    body = stream.encode(errors="surrogateescape")

    assert mcp_messages.answer(reply(body, "text/event-stream")) is None


@pytest.mark.parametrize("stream", STREAMS)
@given(cuts=st.lists(st.integers(1, 40), max_size=8))
def test_a_watch_sees_the_answer_as_soon_as_it_is_there(stream: str, cuts: list[int]) -> None:
    body, rest, seen = bytearray(), stream.encode() + b": more\n\n" * 9, []
    watch = Watch()

    for cut in [*cuts, len(rest)]:
        body += rest[:cut]
        rest = rest[cut:]
        seen.append(watch(body))
        if seen[-1]:
            break

    assert seen[-1]
    assert mcp_messages.answer(reply(bytes(body), "text/event-stream")) == ANSWER


def test_a_watch_looks_at_each_byte_once_however_they_drip() -> None:
    looked_at = 0

    class Counted(bytearray):
        def __getitem__(self, key: Any) -> Any:
            nonlocal looked_at
            looked_at += key.stop - key.start
            return super().__getitem__(key)

    body, watch = Counted(), Watch()

    for _ in range(500):
        body += b": x\n\n"
        watch(body)

    assert looked_at <= len(body)


@given(body=st.binary(max_size=300))
def test_any_bytes_are_an_answer_or_none(body: bytes) -> None:
    for kind in ("application/json", "text/event-stream", ""):
        found = mcp_messages.answer(reply(body, kind))

        assert found is None or isinstance(found, Answer)


@pytest.mark.parametrize(
    ("version", "id", "headers"),
    [
        (
            "2025-06-18",
            "abc",
            {"mcp-protocol-version": "2025-06-18", "mcp-session-id": "abc"},
        ),
        ("2025-06-18", None, {"mcp-protocol-version": "2025-06-18"}),
        (None, None, {"mcp-protocol-version": "2025-11-25"}),
        ("a b\r\nx: y", "a b", {"mcp-protocol-version": "2025-11-25"}),
        (7, "x" * 2_000, {"mcp-protocol-version": "2025-11-25"}),
    ],
)
def test_a_session_repeats_only_what_fits_into_a_header(
    version: Any, id: str | None, headers: dict[str, str]
) -> None:
    welcome = Answer({"protocolVersion": version})
    said = reply("", "")._replace(headers=httpx.Headers({"mcp-session-id": id} if id else {}))

    assert mcp_messages.session(welcome, said) == headers
