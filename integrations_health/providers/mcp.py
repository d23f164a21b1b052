"""Ask plain MCP servers, each at an address of its own, in either era of the protocol."""

from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID

import httpx

from integrations_health.outcomes import CheckTarget, Outcome
from integrations_health.providers import http, mcp_messages, words
from integrations_health.providers.base import (
    Account,
    Call,
    Connection,
    ConnectionState,
    Failure,
    Gate,
    RateLimit,
    ReauthLink,
    ServerStatus,
    ToolAnswer,
)
from integrations_health.providers.contents import data_in, first_text, hidden_failure
from integrations_health.providers.mcp_talk import Heard, Question, Talk
from integrations_health.providers.together import together

MOST_ORIGINS = 10_000
_STATUS = Question("server status", modern="server/discover", legacy="ping", params={})
# The tool is not there, or does not take what we send.
_OURS = frozenset(
    {mcp_messages.METHOD_NOT_FOUND, mcp_messages.INVALID_PARAMS, *mcp_messages.MODERN_ERRORS}
)


class Mcp:
    """MCP servers as a Provider. What connects us to one is its address, and perhaps a token.

    `base_url` and `api_key` are every provider's settings; here each server has its own. Its
    address comes from whoever registered it, so it must be public unless `is_private_allowed`.
    """

    name = "mcp"
    reads_in_bulk = False
    rate_limit: RateLimit | None = None  # of which server?

    def __init__(
        self,
        *,
        concurrency: int,
        deadline: timedelta,
        base_url: str = "",
        api_key: str = "",
        is_private_allowed: bool = False,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        self._client = http.Client(
            concurrency=concurrency,
            deadline=deadline,
            is_public_only=not is_private_allowed,
            transport=transport,
        )
        self._is_legacy: dict[bytes, bool] = {}

    async def get_server_status(self, target: CheckTarget, *, gate: Gate) -> ServerStatus | Failure:
        """Ask the server for a sign of life: `server/discover`, or the older `ping`."""
        heard = await self._ask(target, _STATUS, gate=gate)
        if isinstance(heard, Failure):
            if heard.outcome is not Outcome.DISCONNECTED:
                return heard
            return ServerStatus(state=ConnectionState.GONE, call=heard.call, reason=heard.detail)
        if heard.answer.result is None and heard.answer.code not in _OURS:
            return _failed(heard, Outcome.SERVER_ERROR)
        said = "modern" if heard.is_modern else "legacy"
        return ServerStatus(state=ConnectionState.ACTIVE, call=heard.reply.call, said=said)

    async def list_server_statuses(
        self, targets: Sequence[CheckTarget], *, gate: Gate
    ) -> Mapping[UUID, ServerStatus | Failure]:
        """Ask many servers, one by one."""
        found = await together([self.get_server_status(target, gate=gate) for target in targets])
        return {
            target.integration_id: status for target, status in zip(targets, found, strict=True)
        }

    async def call_tool(
        self,
        target: CheckTarget,
        *,
        tool: str,
        arguments: Mapping[str, Any],
        request_id: UUID,
        gate: Gate,
    ) -> ToolAnswer | Failure:
        """Call a tool of the server."""
        if not mcp_messages.is_visible(tool):
            return _not_asked("tool", "the name of the tool is missing or malformed")
        params = {"name": tool, "arguments": arguments}
        question = Question(tool, modern="tools/call", legacy="tools/call", params=params)
        heard = await self._ask(target, question, gate=gate, request_id=request_id)
        return heard if isinstance(heard, Failure) else _tool_answer(heard)

    async def start_reauth(
        self, target: CheckTarget, *, callback_url: str, gate: Gate
    ) -> ReauthLink | Failure:
        """Fail: a plain server has a token, which its owner changes by hand."""
        return _not_asked("link", "a plain MCP server has no sign-in that we could start")

    async def identify(self, target: CheckTarget, *, gate: Gate) -> Account | Failure:
        """Fail: a plain server knows nobody by a name of ours."""
        return _not_asked("account", "a plain MCP server has no accounts")

    async def discover(self, *, gate: Gate) -> AsyncIterator[Connection | Failure]:
        """Yield nothing: nobody keeps a list of plain servers but we."""
        nobody: tuple[Connection, ...] = ()
        for connection in nobody:
            yield connection

    async def aclose(self) -> None:
        """Close the connections."""
        await self._client.aclose()

    async def _ask(
        self,
        target: CheckTarget,
        question: Question,
        *,
        gate: Gate,
        request_id: UUID | None = None,
    ) -> Heard | Failure:
        url = _address(target.server_url)
        if isinstance(url, str):
            return _not_asked(question.name, url)
        token = target.server_token
        if token:
            if not mcp_messages.is_visible(token):
                return _not_asked(question.name, "the token has blanks or letters beyond ASCII")
            # HTTP knows one Authorization: the token's, not a password in the address.
            url = url.copy_with(userinfo=b"")
        origin = url.netloc
        talk = Talk(self._client, url, token=token, gate=gate, request_id=request_id)
        heard = await talk.ask(question, is_legacy=self._is_legacy.get(origin, False))
        if isinstance(heard, Heard):
            if len(self._is_legacy) >= MOST_ORIGINS:
                self._is_legacy.clear()
            self._is_legacy[origin] = not heard.is_modern
        return heard


def _tool_answer(heard: Heard) -> ToolAnswer | Failure:
    result, call = heard.answer.result, heard.reply.call
    if result is None:
        if heard.answer.code in _OURS or words.says_tool_is_unknown(heard.answer.error):
            return _failed(heard, Outcome.PROBE_MISCONFIGURED)
        return ToolAnswer(is_successful=False, call=call, error=heard.answer.error)
    text = first_text(result.get("content")) or ""
    kind = result.get("resultType", "complete")
    told = data_in(text)
    data = result.get("structuredContent", told)
    error = hidden_failure(told) or hidden_failure(data)
    if result.get("isError") is True:
        error = text
    if error is not None and words.says_tool_is_unknown(error):
        return Failure(outcome=Outcome.PROBE_MISCONFIGURED, call=call, detail=error)
    if error is None and kind != "complete":
        error = f"the tool asks back: {kind}"
    if error is not None:
        return ToolAnswer(is_successful=False, call=call, error=error)
    return ToolAnswer(is_successful=True, call=call, data=data)


def _address(text: str) -> httpx.URL | str:
    """Return the address of a server, or what is wrong with it."""
    try:
        url = httpx.URL(text)
    except httpx.InvalidURL:
        return "the address of the server is malformed"
    if url.scheme not in ("http", "https"):
        return "the address of the server must begin with http:// or https://"
    return url if url.host else "the address of the server names no host"


def _failed(heard: Heard, outcome: Outcome) -> Failure:
    return Failure(outcome=outcome, call=heard.reply.call, detail=heard.answer.error)


def _not_asked(name: str, detail: str) -> Failure:
    return Failure(outcome=Outcome.PROBE_MISCONFIGURED, call=Call(name), detail=detail)
