"""The simulator as an ASGI application: whose request is it, and out with the answer."""

import asyncio
from urllib.parse import parse_qs

from integrations_health.providers.simulator import (
    composio,
    control,
    klavis,
    links,
    mcp_answers,
    mcp_legacy,
    mcp_modern,
    wire,
)
from integrations_health.providers.simulator.exchange import Exchange, Receive, Reply, Scope, Send
from integrations_health.providers.simulator.faults import Family
from integrations_health.providers.simulator.world import Simulator

_MCP, _LEGACY = "/mcp/", "/mcp-legacy/"


class App:
    """Speaks for all providers on one port.

    `is_steerable` opens `/_simulator/`, with which another process moves the simulator; for
    loopback only.
    """

    def __init__(self, world: Simulator, *, is_steerable: bool = False) -> None:
        self.world = world
        self.is_steerable = is_steerable

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        assert scope["type"] == "http"  # nothing to start, nothing to stop, no sockets
        path: str = scope["path"]
        if self.is_steerable and path.startswith(control.PREFIX):
            await control.answer(self.world, scope, receive, send)
            return
        provider = _provider(path)
        call = self.world.journal.open(provider, scope["method"], path)
        exchange = Exchange(scope, receive, send, call)
        call.request_id = exchange.header(b"x-request-id") or f"sim-{call.number:012x}"
        try:
            await exchange.read()
            reply = self._reply(provider, exchange)
            delay = self.world.latency.draw(call.account or path)
            if delay:
                await asyncio.sleep(delay)
            await wire.deliver(exchange, reply)
        finally:
            self.world.journal.close(call)

    def _reply(self, provider: str, exchange: Exchange) -> Reply:
        path = exchange.path
        match provider:
            case "composio":
                if path.startswith(links.LINK):
                    return links.answer(self.world, exchange)
                return composio.answer(self.world, exchange)
            case "klavis":
                if path.startswith("/oauth/"):
                    return klavis.authorize(self.world, exchange)
                return klavis.answer(self.world, exchange)
            case "mcp":
                return _ask_server(self.world, exchange)
        return mcp_answers.plain(404, "Not Found")


def _provider(path: str) -> str:
    if path.startswith((composio.PREFIX, links.LINK)):
        return "composio"
    if path.startswith((_MCP, _LEGACY)):
        return "mcp"
    if path.startswith(("/mcp-server/", "/user/", "/oauth/")):
        return "klavis"
    return ""


def _ask_server(world: Simulator, exchange: Exchange) -> Reply:
    is_legacy = exchange.path.startswith(_LEGACY)
    id = exchange.path[len(_LEGACY if is_legacy else _MCP) :]
    provider = "mcp"
    if not id:
        # Klavis's own servers: the instance is in the query, and knowing it is the permission.
        provider = "klavis"
        id = parse_qs(exchange.query.decode()).get("instance_id", [""])[0]
    account = world.population.find(provider, id)
    if account is None:
        return mcp_answers.plain(404, "Not Found")
    if not world.quotas["mcp"].take():
        return mcp_answers.plain(429, "Too Many Requests")
    refusal = mcp_answers.refuse(exchange, account)
    if refusal is not None:
        return refusal
    mood = exchange.mood = world.moods.begin("mcp")
    if mood is not None and mood.family is Family.HTTP:
        return mcp_answers.failed(exchange, mood)
    answer = mcp_legacy.answer if is_legacy else mcp_modern.answer
    return answer(world, exchange, account)
