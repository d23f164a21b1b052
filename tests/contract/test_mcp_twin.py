"""Whatever the simulated servers are asked, they answer like the real one: status and code."""

import json
from collections.abc import Iterator
from typing import Any, NamedTuple

import httpx
import pytest
from mcp.server.mcpserver import MCPServer

from integrations_health.providers.simulator import Simulator
from tests.contract.serving import served

MODERN, LEGACY = "2026-07-28", "2025-11-25"
_META = "io.modelcontextprotocol/"
META: dict[str, Any] = {
    f"{_META}protocolVersion": MODERN,
    f"{_META}clientInfo": {"name": "health", "version": "1"},
    f"{_META}clientCapabilities": {},
}
FUTURE_META = {**META, f"{_META}protocolVersion": "2099-01-01"}
CALL = {"name": "gmail_search_emails", "arguments": {"query": "x"}}
BASE = {"accept": "application/json, text/event-stream", "content-type": "application/json"}


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


def _modern(method: str, params: Any = None, **headers: str | None) -> dict[str, Any]:
    params = {} if params is None else params
    sent: dict[str, str | None] = {
        **BASE,
        "mcp-protocol-version": MODERN,
        "mcp-method": method,
        "mcp-name": params.get("name"),
        **{name.replace("_", "-"): value for name, value in headers.items()},
    }
    message = {"jsonrpc": "2.0", "id": 1, "method": method, "params": {"_meta": META, **params}}
    return {
        "headers": {name: value for name, value in sent.items() if value is not None},
        "json": message,
    }


MODERN_REQUESTS: dict[str, dict[str, Any]] = {
    "a discovery": _modern("server/discover"),
    "a list of tools": _modern("tools/list"),
    "a call": _modern("tools/call", CALL),
    "a call of a tool that is not there": _modern("tools/call", {"name": "nope"}),
    "a call with a wrong argument": _modern("tools/call", {**CALL, "arguments": {"query": 7}}),
    "a call without its argument": _modern("tools/call", {**CALL, "arguments": {}}),
    "a ping, which is no more": _modern("ping"),
    "an unknown method": _modern("foo/bar"),
    "no name in the headers": _modern("tools/call", CALL, mcp_name=None),
    "another name in the headers": _modern("tools/call", CALL, mcp_name="other"),
    "no method in the headers": _modern("tools/list", mcp_method=None),
    "a version of the future in the headers": _modern(
        "tools/list", mcp_protocol_version="2099-01-01"
    ),
    "a future all of a piece": _modern(
        "tools/list", {"_meta": FUTURE_META}, mcp_protocol_version="2099-01-01"
    ),
    "two versions": _modern("tools/list", {"_meta": {**META, f"{_META}protocolVersion": "1"}}),
    "no envelope": _modern("tools/list", {"_meta": None}),
    "half an envelope": _modern("tools/list", {"_meta": {f"{_META}protocolVersion": MODERN}}),
    "no use for the answer": _modern("tools/list", accept="text/html"),
    "another content type": {**_modern("tools/list", content_type="text/plain")},
    "a notification": {
        "headers": {**BASE, "mcp-protocol-version": MODERN},
        "json": {"jsonrpc": "2.0", "method": "notifications/cancelled"},
    },
    "half a JSON": {"headers": _modern("tools/list")["headers"], "content": b"{"},
    "a batch": {"headers": _modern("tools/list")["headers"], "content": b"[]"},
}


@pytest.mark.parametrize("name", MODERN_REQUESTS)
def test_a_modern_server_answers_like_the_real_one(twins, http, name):
    request = MODERN_REQUESTS[name]

    real, simulated = (_said(http.post(url, **request)) for url in (twins.real, twins.modern))

    assert simulated == real


@pytest.mark.parametrize("method", ["GET", "DELETE"])
def test_a_modern_server_knows_nothing_but_post(twins, http, method):
    headers = {**BASE, "mcp-protocol-version": MODERN}

    real, simulated = (
        http.request(method, url, headers=headers) for url in (twins.real, twins.modern)
    )

    assert (simulated.status_code, real.status_code) == (405, 405)


def _legacy(method: str, params: Any = None, *, id: int | None = 2) -> dict[str, Any]:
    message: dict[str, Any] = {"jsonrpc": "2.0", "method": method}
    if id is not None:
        message["id"] = id
    if params is not None:
        message["params"] = params
    return message


INITIALIZE = {
    "protocolVersion": LEGACY,
    "capabilities": {},
    "clientInfo": {"name": "health", "version": "1"},
}
LEGACY_REQUESTS: dict[str, dict[str, Any]] = {
    "the end of the handshake": _legacy("notifications/initialized", id=None),
    "a ping": _legacy("ping"),
    "a list of tools": _legacy("tools/list"),
    "a call": _legacy("tools/call", CALL),
    "a call of a tool that is not there": _legacy("tools/call", {"name": "nope"}),
    "a call with a wrong argument": _legacy("tools/call", {**CALL, "arguments": {"query": 7}}),
    "an unknown method": _legacy("foo/bar"),
}


@pytest.mark.parametrize("name", LEGACY_REQUESTS)
def test_a_legacy_server_answers_like_the_real_one(twins, http, name):
    said = []

    for url in (twins.real, twins.legacy):
        opened = http.post(url, headers=BASE, json=_legacy("initialize", INITIALIZE, id=1))
        session = {**BASE, "mcp-session-id": opened.headers["mcp-session-id"]}
        session["mcp-protocol-version"] = LEGACY
        http.post(url, headers=session, json=_legacy("notifications/initialized", id=None))
        said.append(_said(http.post(url, headers=session, json=LEGACY_REQUESTS[name])))

    assert said[1] == said[0]


@pytest.mark.parametrize(
    ("headers", "message"),
    [
        (BASE, _legacy("ping")),
        ({**BASE, "mcp-session-id": "nobody's"}, _legacy("ping")),
        ({**BASE, "accept": "application/json"}, _legacy("initialize", INITIALIZE)),
        (BASE, _legacy("initialize", INITIALIZE)),
        (BASE, _legacy("initialize", {**INITIALIZE, "protocolVersion": "1999-01-01"})),
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
        opened = http.post(url, headers=BASE, json=_legacy("initialize", INITIALIZE, id=1))
        session = {**BASE, "mcp-session-id": opened.headers["mcp-session-id"]}
        ended = http.delete(url, headers=session)
        after = http.post(url, headers=session, json=_legacy("ping"))
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
