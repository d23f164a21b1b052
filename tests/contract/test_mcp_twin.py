"""Whatever the simulated servers are asked, they answer like the real one: status and code."""

import json
from collections.abc import Iterator
from typing import Any, NamedTuple

import httpx
import pytest
from mcp.server.mcpserver import MCPServer

from integrations_health.providers.simulator import Simulator
from tests.contract.asking import (
    INITIALIZE,
    LEGACY,
    MCP_CALL,
    MCP_HEADERS,
    META,
    META_PREFIX,
    MODERN,
    legacy,
    modern,
)
from tests.contract.serving import served

FUTURE_META = {**META, f"{META_PREFIX}protocolVersion": "2099-01-01"}


class Twins(NamedTuple):
    """The URLs of the real server and of the simulated one, modern and legacy."""

    real: str
    modern: str
    legacy: str


class Said(NamedTuple):
    """What counts of an answer: its status, its error's code and data, its result's shape."""

    status: int
    code: int | None
    data: Any
    keys: tuple[str, ...]
    is_error: bool | None


@pytest.fixture(scope="module")
def real() -> Iterator[str]:
    server = MCPServer("real")

    @server.tool(structured_output=False)
    def gmail_search_emails(query: str, maxResults: int = 1) -> str:
        return "[]"

    with served(server.streamable_http_app()) as url:
        yield f"{url}/mcp"


@pytest.fixture(scope="module")
def http() -> Iterator[httpx.Client]:
    with httpx.Client() as client:
        yield client


@pytest.fixture
def twins(real: str, simulator: Simulator) -> Twins:
    modern = simulator.connect("mcp", "gmail")
    legacy = simulator.connect("mcp", "gmail", is_legacy=True)
    return Twins(real, simulator.server_url(modern), simulator.server_url(legacy))


MODERN_REQUESTS: dict[str, dict[str, Any]] = {
    "a discovery": modern("server/discover"),
    "a list of tools": modern("tools/list"),
    "a call": modern("tools/call", MCP_CALL),
    "a call of a tool that is not there": modern("tools/call", {"name": "nope"}),
    "a call with a wrong argument": modern("tools/call", {**MCP_CALL, "arguments": {"query": 7}}),
    "a call without its argument": modern("tools/call", {**MCP_CALL, "arguments": {}}),
    "a ping, which is no more": modern("ping"),
    "an unknown method": modern("foo/bar"),
    "no name in the headers": modern("tools/call", MCP_CALL, mcp_name=None),
    "another name in the headers": modern("tools/call", MCP_CALL, mcp_name="other"),
    "no method in the headers": modern("tools/list", mcp_method=None),
    "a version of the future in the headers": modern(
        "tools/list", mcp_protocol_version="2099-01-01"
    ),
    "a future all of a piece": modern(
        "tools/list", {"_meta": FUTURE_META}, mcp_protocol_version="2099-01-01"
    ),
    "two versions": modern("tools/list", {"_meta": {**META, f"{META_PREFIX}protocolVersion": "1"}}),
    "no envelope": modern("tools/list", {"_meta": None}),
    "half an envelope": modern("tools/list", {"_meta": {f"{META_PREFIX}protocolVersion": MODERN}}),
    "no use for the answer": modern("tools/list", accept="text/html"),
    "another content type": {**modern("tools/list", content_type="text/plain")},
    "a notification": {
        "headers": {**MCP_HEADERS, "mcp-protocol-version": MODERN},
        "json": {"jsonrpc": "2.0", "method": "notifications/cancelled"},
    },
    "half a JSON": {"headers": modern("tools/list")["headers"], "content": b"{"},
    "a batch": {"headers": modern("tools/list")["headers"], "content": b"[]"},
}


@pytest.mark.parametrize("name", MODERN_REQUESTS)
def test_a_modern_server_answers_like_the_real_one(twins, http, name):
    request = MODERN_REQUESTS[name]

    real, simulated = (_said(http.post(url, **request)) for url in (twins.real, twins.modern))

    assert simulated == real


@pytest.mark.parametrize("method", ["GET", "DELETE"])
def test_a_modern_server_knows_nothing_but_post(twins, http, method):
    headers = {**MCP_HEADERS, "mcp-protocol-version": MODERN}

    real, simulated = (
        http.request(method, url, headers=headers) for url in (twins.real, twins.modern)
    )

    assert (simulated.status_code, real.status_code) == (405, 405)


LEGACY_REQUESTS: dict[str, dict[str, Any]] = {
    "the end of the handshake": legacy("notifications/initialized", id=None),
    "a ping": legacy("ping"),
    "a list of tools": legacy("tools/list"),
    "a call": legacy("tools/call", MCP_CALL),
    "a call of a tool that is not there": legacy("tools/call", {"name": "nope"}),
    "a call with a wrong argument": legacy("tools/call", {**MCP_CALL, "arguments": {"query": 7}}),
    "an unknown method": legacy("foo/bar"),
}


@pytest.mark.parametrize("name", LEGACY_REQUESTS)
def test_a_legacy_server_answers_like_the_real_one(twins, http, name):
    said = []

    for url in (twins.real, twins.legacy):
        opened = http.post(url, headers=MCP_HEADERS, json=legacy("initialize", INITIALIZE, id=1))
        session = {**MCP_HEADERS, "mcp-session-id": opened.headers["mcp-session-id"]}
        session["mcp-protocol-version"] = LEGACY
        http.post(url, headers=session, json=legacy("notifications/initialized", id=None))
        said.append(_said(http.post(url, headers=session, json=LEGACY_REQUESTS[name])))

    assert said[1] == said[0]


@pytest.mark.parametrize(
    ("headers", "message"),
    [
        (MCP_HEADERS, legacy("ping")),
        ({**MCP_HEADERS, "mcp-session-id": "nobody's"}, legacy("ping")),
        ({**MCP_HEADERS, "accept": "application/json"}, legacy("initialize", INITIALIZE)),
        (MCP_HEADERS, legacy("initialize", INITIALIZE)),
        (MCP_HEADERS, legacy("initialize", {**INITIALIZE, "protocolVersion": "1999-01-01"})),
    ],
    ids=["no session", "a wrong session", "no event streams", "a handshake", "an old version"],
)
def test_a_legacy_server_handles_a_newcomer_like_the_real_one(twins, http, headers, message):
    real, simulated = (
        http.post(url, headers=headers, json=message) for url in (twins.real, twins.legacy)
    )

    assert _said(simulated) == _said(real)


def test_a_session_ends_like_a_real_one(twins, http):
    statuses = []

    for url in (twins.real, twins.legacy):
        opened = http.post(url, headers=MCP_HEADERS, json=legacy("initialize", INITIALIZE, id=1))
        session = {**MCP_HEADERS, "mcp-session-id": opened.headers["mcp-session-id"]}
        ended = http.delete(url, headers=session)
        after = http.post(url, headers=session, json=legacy("ping"))
        statuses.append((ended.status_code, after.status_code))

    assert statuses == [(200, 404), (200, 404)]


def test_a_modern_request_to_a_legacy_server_runs_no_tool(twins, http):
    answer = http.post(twins.legacy, **MODERN_REQUESTS["a call"])

    assert answer.status_code == 400
    assert answer.json()["error"]["code"] == -32600


def _said(response: httpx.Response) -> Said:
    text = response.text
    if response.headers.get("content-type", "").startswith("text/event-stream"):
        text = next(line[6:] for line in text.splitlines() if line.startswith("data: "))
    message = json.loads(text) if text.startswith("{") else {}
    error, result = message.get("error", {}), message.get("result", {})
    is_error = result.get("isError")
    return Said(
        response.status_code, error.get("code"), error.get("data"), tuple(sorted(result)), is_error
    )
