"""Every request that our clients can send is one that the providers' documents describe."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import pytest
from klavis import Klavis as PublishedClient
from openapi_core import OpenAPI
from openapi_core.testing import MockRequest

from integrations_health.providers.base import Provider
from integrations_health.providers.composio import Composio
from integrations_health.providers.klavis import Klavis
from tests.unit.asking import DEADLINE, Gatekeeper, Wire, said
from tests.unit.targets import target

HERE = Path(__file__).parent
BASES = {"composio": "https://backend.composio.dev", "klavis": "https://api.klavis.ai"}
ID = "0b0a3a3e-0000-4000-8000-000000000001"
TARGET = target(
    server_instance_id=ID,
    provider_user_id="user-1",
    server_url=f"https://gmail-mcp-server.klavis.ai/mcp/?instance_id={ID}",
)
# In the published client, but not in the part of the document that we have.
NOT_DESCRIBED = {("GET", "/user/")}

ACCOUNT = {
    "id": ID,
    "user_id": "user-1",
    "status": "ACTIVE",
    "toolkit": {"slug": "gmail"},
    "auth_config": {"id": "ac_1"},
}
LINK = {"redirect_url": "https://connect.composio.dev/link/lk_1"}
# What both say, so that every client goes on to its next request.
ANSWERS: dict[str, Any] = {
    "items": [ACCOUNT],
    "total_items": 2,
    "next_cursor": "Mg==",
    "users": [{"userId": "user 1@example.com"}],
    "totalPages": 1,
    "totalCount": 1,
    "integrations": [{"name": "Gmail", "is_authenticated": True}],
    **ACCOUNT,
    **LINK,
}
Ask = Callable[[Provider], Awaitable[object]]


async def discover(provider: Provider) -> object:
    return [found async for found in provider.discover(gate=Gatekeeper())]


ASKS: dict[str, Ask] = {
    "one status": lambda p: p.get_server_status(TARGET, gate=Gatekeeper()),
    "many statuses": lambda p: p.list_server_statuses(
        [TARGET, target(integration_id=UUID(int=9), server_instance_id="ca_2")], gate=Gatekeeper()
    ),
    "a tool call": lambda p: p.call_tool(
        TARGET,
        tool="GMAIL_GET_PROFILE",
        arguments={"user_id": "me"},
        request_id=UUID(ID),
        gate=Gatekeeper(),
    ),
    "a link": lambda p: p.start_reauth(
        TARGET, callback_url="https://us.example.com/?a=b", gate=Gatekeeper()
    ),
    "an identity": lambda p: p.identify(TARGET, gate=Gatekeeper()),
    "a discovery": discover,
}


def provider(name: str, wire: Wire) -> Provider:
    options: dict[str, Any] = {
        "base_url": BASES[name],
        "api_key": "key-1",
        "concurrency": 2,
        "deadline": DEADLINE,
        "transport": wire,
    }
    if name == "klavis":
        return Klavis(**options)
    return Composio(**options, versions={"gmail": "20260915_00"})


def requests_of(name: str, ask: Ask) -> list[httpx.Request]:
    wire = Wire(said(ANSWERS))

    async def run() -> None:
        made = provider(name, wire)
        await ask(made)
        await made.aclose()

    asyncio.run(run())
    return wire.requests


@pytest.fixture(scope="module", params=sorted(BASES))
def document(request: pytest.FixtureRequest) -> tuple[str, OpenAPI, dict[str, Any]]:
    path = HERE / f"{request.param}-openapi.json"
    return request.param, OpenAPI.from_file_path(str(path)), json.loads(path.read_text())


@pytest.mark.parametrize("ask", ASKS.values(), ids=list(ASKS))
def test_our_requests_are_the_documented_ones(document, ask):
    name, openapi, text = document

    requests = requests_of(name, ask)

    assert requests
    for request in requests:
        if (request.method, request.url.path) in NOT_DESCRIBED:
            continue
        openapi.validate_request(_as_openapi(request))
        assert _unknown_names(request, text) == set()


def test_the_list_of_users_is_asked_for_as_the_published_client_does():
    theirs: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        theirs.append(request)
        return said({"users": [], "totalCount": 0, "page": 1, "pageSize": 9, "totalPages": 0})

    with httpx.Client(transport=httpx.MockTransport(answer)) as http:
        client = PublishedClient(api_key="key-1", httpx_client=http)
        client.user.get_all_users(page_size=1_000, page_number=1)
    ours = requests_of("klavis", ASKS["a discovery"])[0]

    assert (ours.method, ours.url) == (theirs[0].method, theirs[0].url)
    assert ours.headers["authorization"] == theirs[0].headers["authorization"]


@pytest.mark.parametrize("name", sorted(BASES))
def test_nothing_that_changes_a_connection_is_ever_asked(name):
    asked = {
        (request.method, request.url.path)
        for ask in ASKS.values()
        for request in requests_of(name, ask)
    }

    assert {method for method, _ in asked} == {"GET", "POST"}
    assert not [path for _, path in asked if path.endswith(("/refresh", "/status", "/auth"))]


def test_an_undocumented_field_would_be_noticed(document):
    name, _, text = document
    request = next(r for r in requests_of(name, ASKS["a tool call"]) if r.method == "POST")
    content = json.dumps({**json.loads(request.content), "entity_id": "x"}).encode()
    odd = httpx.Request("POST", request.url.copy_add_param("x", "y"), content=content)

    assert _unknown_names(odd, text) == {"entity_id", "x"}


def _as_openapi(request: httpx.Request) -> MockRequest:
    host = f"{request.url.scheme}://{request.url.host}"
    return MockRequest(
        host,
        request.method,
        request.url.path,
        args=dict(request.url.params),
        headers=dict(request.headers),
        data=request.content or None,
        content_type=request.headers.get("content-type", ""),
    )


def _unknown_names(request: httpx.Request, document: dict[str, Any]) -> set[str]:
    """Return the names in query and body that the document does not know: it allows any."""
    operation = _operation(request, document)
    parameters = {one["name"] for one in operation.get("parameters", []) if one["in"] == "query"}
    properties: set[str] = set()
    if "requestBody" in operation:
        schema = operation["requestBody"]["content"]["application/json"]["schema"]
        reference = schema.get("$ref", "").rpartition("/")[2]
        properties = set(
            (document["components"]["schemas"][reference] if reference else schema)["properties"]
        )
    sent = set(json.loads(request.content)) if request.content else set()
    return (set(request.url.params) - parameters) | (sent - properties)


def _operation(request: httpx.Request, document: dict[str, Any]) -> dict[str, Any]:
    parts = request.url.path.split("/")
    fitting = [
        path
        for path in document["paths"]
        if len(path.split("/")) == len(parts)
        and all(a == b or a.startswith("{") for a, b in zip(path.split("/"), parts, strict=True))
    ]
    # A path that says every word is meant before one with a blank.
    best = min(fitting, key=lambda path: path.count("{"))
    operation: dict[str, Any] = document["paths"][best][request.method.lower()]
    return operation
