"""The published MCP clients, of both eras, work against the simulated servers."""

import asyncio
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from mcp import Client, MCPError

from integrations_health.providers.simulator import Account, Simulator

OLD_CLIENT = Path(sys.prefix) / "mcp1"
# How a server of each kind is made.
KINDS: dict[str, dict[str, Any]] = {
    "modern": {},
    "legacy, event stream": {"is_legacy": True},
    "legacy, JSON": {"is_legacy": True, "is_sse": False},
    "legacy, no session": {"is_legacy": True, "has_sessions": False},
}
_OLD_SCRIPT = """
import asyncio, json, sys
from mcp import ClientSession
from mcp.client.streamable_http import streamable_http_client

async def main(url):
    async with streamable_http_client(url) as (read, write, _):
        async with ClientSession(read, write) as session:
            await session.initialize()
            await session.send_ping()
            tools = await session.list_tools()
            result = await session.call_tool("gmail_search_emails", {"query": "x"})
            print(json.dumps([tools.tools[0].name, result.isError, result.content[0].text]))

asyncio.run(main(sys.argv[1]))
"""


@pytest.fixture(params=KINDS, ids=list(KINDS))
def account(request: pytest.FixtureRequest, simulator: Simulator) -> Account:
    return simulator.connect("mcp", "gmail", **KINDS[request.param])


def test_tools_are_listed_and_called(simulator, account):
    async def talk():
        async with Client(simulator.server_url(account)) as client:
            return await client.list_tools(), await client.call_tool(
                "gmail_search_emails", {"query": "x"}
            )

    tools, result = asyncio.run(talk())

    assert [tool.name for tool in tools.tools] == ["gmail_search_emails", "gmail_list_labels"]
    assert not result.is_error
    assert result.content[0].text == "[]"


def test_a_failed_call_is_marked(simulator, account):
    simulator.script(account, "revoked_but_active")

    async def talk():
        async with Client(simulator.server_url(account)) as client:
            return await client.call_tool("gmail_search_emails", {"query": "x"})

    result = asyncio.run(talk())

    assert result.is_error
    assert "invalid_grant" in result.content[0].text


@pytest.mark.parametrize("script", ["expired", "500", "503", "429", "missing_scope", "gone"])
def test_a_server_that_refuses_lets_nobody_in(simulator, account, script):
    simulator.script(account, script)

    async def talk():
        async with Client(simulator.server_url(account)) as client:
            await client.call_tool("gmail_search_emails", {"query": "x"})

    with pytest.raises((MCPError, ExceptionGroup)):
        asyncio.run(talk())


def test_klavis_servers_speak_mcp_themselves(simulator):
    account = simulator.connect("klavis", "slack")

    async def talk():
        async with Client(simulator.server_url(account)) as client:
            return await client.call_tool("slack_user_list_channels", {"limit": 1})

    result = asyncio.run(talk())

    assert json.loads(result.content[0].text)["channels"][0]["name"] == "general"


@pytest.mark.skipif(not OLD_CLIENT.is_dir(), reason="mcp 1.30 is not installed beside mcp 2.3")
@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind.startswith("legacy")])
def test_the_client_before_the_stateless_revision_works(simulator, kind):
    account = simulator.connect("mcp", "gmail", **KINDS[kind])

    done = subprocess.run(
        [sys.executable, "-c", _OLD_SCRIPT, simulator.server_url(account)],
        env={**os.environ, "PYTHONPATH": str(OLD_CLIENT)},
        capture_output=True,
        check=False,
        timeout=60,
    )

    assert done.returncode == 0, done.stderr.decode()
    assert json.loads(done.stdout) == ["gmail_search_emails", False, "[]"]
