"""Our client talks to real MCP servers of both eras, made with the published library."""

import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from uuid import UUID

import pytest
import pytest_asyncio
from mcp.server.mcpserver import MCPServer

from integrations_health.outcomes import CheckTarget, Outcome
from integrations_health.providers.base import ConnectionState, Failure, ServerStatus, ToolAnswer
from integrations_health.providers.mcp import Mcp
from tests.contract.serving import served
from tests.unit.asking import OPTIONS, Gatekeeper
from tests.unit.targets import target

# On a busy machine the old library takes longer to import than a call may last.
START = timedelta(seconds=60)
OLD_LIBRARY = Path(sys.prefix) / "mcp1"
KINDS = ["modern", "stateful", "stateful-json", "stateless", "stateless-json"]
# How many requests a call takes, the first one included that finds out the era.
FIRST = {"modern": 1, "stateful": 5, "stateful-json": 5, "stateless": 4, "stateless-json": 4}

_OLD_SERVER = """
import socket, sys, uvicorn
from mcp.server.fastmcp import FastMCP

kind, fd = sys.argv[1], int(sys.argv[2])
server = FastMCP("old", stateless_http="stateless" in kind, json_response="json" in kind)

@server.tool()
def gmail_search_emails(query: str, maxResults: int = 1) -> str:
    return '{"messages": []}'

@server.tool()
def revoked() -> str:
    raise ValueError("401 Client Error: Unauthorized for url: https://gmail.googleapis.com/")

config = uvicorn.Config(server.streamable_http_app(), log_level="error")
uvicorn.Server(config).run(sockets=[socket.socket(fileno=fd)])
"""


@contextmanager
def modern() -> Iterator[str]:
    server = MCPServer("new")

    @server.tool(structured_output=False)
    def gmail_search_emails(query: str, maxResults: int = 1) -> str:
        return '{"messages": []}'

    @server.tool()
    def revoked() -> str:
        raise ValueError("401 Client Error: Unauthorized for url: https://gmail.googleapis.com/")

    with served(server.streamable_http_app()) as url:
        yield url


@contextmanager
def old(kind: str) -> Iterator[str]:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port, fd = listener.getsockname()[1], listener.fileno()
        process = subprocess.Popen(
            [sys.executable, "-c", _OLD_SERVER, kind, str(fd)],
            pass_fds=[fd],
            env={**os.environ, "PYTHONPATH": str(OLD_LIBRARY)},
        )
    try:
        # It listens already: whoever comes before the server is up waits in the backlog.
        yield f"http://127.0.0.1:{port}"
    finally:
        process.kill()
        process.wait()


@pytest.fixture(scope="module", params=KINDS)
def server(request: pytest.FixtureRequest) -> Iterator[tuple[str, CheckTarget]]:
    """Return a kind of server, and an integration that lives on one."""
    kind = request.param
    if kind != "modern" and not OLD_LIBRARY.is_dir():
        pytest.skip(f"mcp 1.x is not in {OLD_LIBRARY}: type `make bootstrap`")
    with modern() if kind == "modern" else old(kind) as url:
        yield kind, target(provider="mcp", server_url=f"{url}/mcp")


@pytest_asyncio.fixture
async def mcp():
    """Yield a client whose first call may have to wait for a server to start."""
    provider = Mcp(**{**OPTIONS, "deadline": START}, is_private_allowed=True)
    yield provider
    await provider.aclose()


async def call(
    provider: Mcp, asked: CheckTarget, tool: str = "gmail_search_emails", **arguments: object
) -> tuple[ToolAnswer | Failure, int]:
    gate = Gatekeeper()
    heard = await provider.call_tool(
        asked, tool=tool, arguments=arguments, request_id=UUID(int=1), gate=gate
    )
    return heard, gate.passed


@pytest.mark.asyncio
async def test_a_tool_is_called_in_the_servers_own_era(server, mcp):
    kind, asked = server

    first, requests = await call(mcp, asked, query="x", maxResults=1)
    again, requests_again = await call(mcp, asked, query="x", maxResults=1)

    assert isinstance(first, ToolAnswer), first
    assert isinstance(again, ToolAnswer), again
    assert first.is_successful
    assert again.is_successful
    # The old library adds a structured answer of its own to the text.
    assert first.data in ({"messages": []}, {"result": '{"messages": []}'})
    assert requests == FIRST[kind]
    assert requests_again == max(1, FIRST[kind] - 1)


@pytest.mark.asyncio
async def test_a_server_that_lives_is_active(server, mcp):
    _, asked = server

    status = await mcp.get_server_status(asked, gate=Gatekeeper())

    assert isinstance(status, ServerStatus), status
    assert status.state is ConnectionState.ACTIVE


@pytest.mark.asyncio
async def test_a_tool_that_fails_says_what_its_server_says(server, mcp):
    kind, asked = server

    heard, _ = await call(mcp, asked, "revoked")

    assert isinstance(heard, ToolAnswer), heard
    assert not heard.is_successful
    # The newer library keeps the reason to itself.
    assert ("401 Client Error" in heard.error) == (kind != "modern")


@pytest.mark.asyncio
async def test_a_tool_that_is_not_there_is_our_mistake(server, mcp):
    _, asked = server

    heard, _ = await call(mcp, asked, "nope")

    assert isinstance(heard, Failure), heard
    assert heard.outcome is Outcome.PROBE_MISCONFIGURED


@pytest.mark.asyncio
async def test_a_path_without_a_server_is_gone(server, mcp):
    _, asked = server
    elsewhere = target(provider="mcp", server_url=f"{asked.server_url}/elsewhere")

    status = await mcp.get_server_status(elsewhere, gate=Gatekeeper())

    assert isinstance(status, ServerStatus), status
    assert status.state is ConnectionState.GONE
