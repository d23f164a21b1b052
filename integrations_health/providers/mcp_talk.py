"""Talk to one MCP server in whichever era it lives."""

import asyncio
from collections.abc import Mapping
from contextlib import suppress
from typing import Any, NamedTuple
from uuid import UUID

import httpx

from integrations_health.outcomes import Outcome
from integrations_health.providers import http, mcp_messages, words
from integrations_health.providers.base import Failure, Gate, NoBudget
from integrations_health.providers.http import Reply, bad_response
from integrations_health.providers.mcp_messages import Answer

FAREWELL_SECONDS = 2

_HEADERS = {
    **http.HEADERS,
    "accept": "application/json, text/event-stream",
    "content-type": "application/json",
}
# What a server of the legacy era says to a modern request, when it does not just answer it. Those
# made with rmcp, the SDK for Rust, say 422 to whatever comes before a handshake.
_NOT_MODERN = frozenset({400, 404, 405, 406, 415, 422})
# The credential is the user's own, for a server of his own choice.
_REFUSALS = {401: Outcome.AUTH_EXPIRED, 403: Outcome.PERMISSION}


class Question(NamedTuple):
    """What to ask, in the words of both eras. `name` is the call's name for people."""

    name: str
    modern: str
    legacy: str
    params: Mapping[str, Any]


class Heard(NamedTuple):
    """What a server answered, in what HTTP reply, and whether it is of the modern era."""

    answer: Answer
    reply: Reply
    is_modern: bool


class Talk:
    """A conversation with the server at `url`, every request through the gate."""

    def __init__(
        self,
        client: http.Client,
        url: httpx.URL,
        *,
        token: str,
        gate: Gate,
        request_id: UUID | None = None,
    ) -> None:
        self._client = client
        self._url = url
        self._gate = gate
        self._headers = dict(_HEADERS)
        if token:
            self._headers["authorization"] = f"Bearer {token}"
        if request_id is not None:
            self._headers["x-request-id"] = str(request_id)

    async def ask(self, question: Question, *, is_legacy: bool) -> Heard | Failure:
        """Ask in the era the server was last seen in; where it refuses that one, in the other."""
        asks = [self._ask_modern, self._ask_legacy]
        refusals = []
        for ask in reversed(asks) if is_legacy else asks:
            heard = await ask(question)
            if not isinstance(heard, _Refused):
                return heard
            refusals.append(heard)
        without, shaking_hands = reversed(refusals) if is_legacy else refusals
        if not shaking_hands.is_modern:
            return shaking_hands.failure
        # Who refuses a handshake as only a modern server does had a reason for the other refusal.
        return without.heard or without.failure

    async def _ask_modern(self, question: Question) -> "Heard | Failure | _Refused":
        headers, body = mcp_messages.modern(question.modern, question.params)
        reply = await self._post(body, question.name, headers)
        if isinstance(reply, Failure):
            return reply
        answer = mcp_messages.answer(reply)
        wants_handshake = answer is not None and words.says_handshake_is_missing(answer.error)
        heard = None if answer is None else Heard(answer, reply, is_modern=True)
        if heard is not None and not wants_handshake and _is_of_modern(heard):
            return heard
        failure = _no_mcp(reply, answer)
        if not wants_handshake and reply.status not in _NOT_MODERN:
            return failure
        is_of_params = answer is not None and answer.code == mcp_messages.INVALID_PARAMS
        return _Refused(failure, heard=heard if is_of_params else None)

    async def _ask_legacy(self, question: Question) -> "Heard | Failure | _Refused":
        reply = await self._ask_with_handshake(question)
        if isinstance(reply, Reply) and reply.status == 404:
            # A server may forget a session between two requests. That is no failure, once.
            reply = await self._ask_with_handshake(question)
        if not isinstance(reply, Reply):
            return reply
        answer = mcp_messages.answer(reply)
        if answer is None or reply.status == 404:
            return bad_response(reply.call, _said(answer))
        return Heard(answer, reply, is_modern=False)

    async def _ask_with_handshake(self, question: Question) -> "Reply | Failure | _Refused":
        welcome = await self._post(mcp_messages.initialize(), "initialize", {})
        if isinstance(welcome, Failure):
            return welcome
        answer = mcp_messages.answer(welcome)
        if answer is None or answer.result is None:
            is_modern = answer is not None and (answer.is_modern or _has_no(welcome, answer))
            failure = _no_mcp(welcome, answer)
            is_refused = is_modern or welcome.status in _NOT_MODERN
            return _Refused(failure, is_modern) if is_refused else failure
        return await self._ask_in_session(question, mcp_messages.session(answer, welcome))

    async def _ask_in_session(
        self, question: Question, session: Mapping[str, str]
    ) -> Reply | Failure:
        reply = await self._post(mcp_messages.initialized(), "initialized", session)
        if isinstance(reply, Reply) and reply.status < 300:
            body = mcp_messages.legacy(question.legacy, question.params)
            reply = await self._post(body, question.name, session)
        # Neither from a server that is not there nor from one that forgot us already.
        if "mcp-session-id" in session and reply.call.http_status not in (None, 404):
            await self._take_leave(session)
        return reply

    async def _take_leave(self, session: Mapping[str, str]) -> None:
        """End the session, so that the server need not keep it. Nobody waits long for that."""
        with suppress(NoBudget, TimeoutError):
            async with asyncio.timeout(FAREWELL_SECONDS):
                await self._send("DELETE", b"", "end of session", session)

    async def _post(self, body: bytes, name: str, headers: Mapping[str, str]) -> Reply | Failure:
        reply = await self._send("POST", body, name, headers)
        if isinstance(reply, Reply) and reply.status in _REFUSALS:
            detail = reply.headers.get("www-authenticate") or http.opening(reply.body)
            return Failure(outcome=_REFUSALS[reply.status], call=reply.call, detail=detail)
        return reply

    async def _send(
        self, method: str, body: bytes, name: str, headers: Mapping[str, str]
    ) -> Reply | Failure:
        everything = http.raw({**self._headers, **headers})
        request = http.request(method, self._url, headers=everything, content=body)
        watch = mcp_messages.Watch()
        return await self._client.send(request, name=name, gate=self._gate, is_whole=watch)


class _Refused(NamedTuple):
    """The server refuses to talk in one era; it may well in the other.

    `heard` is what it says of the question itself, should it know no other era.
    """

    failure: Failure
    is_modern: bool = False
    heard: Heard | None = None


def _is_of_modern(heard: Heard) -> bool:
    answer, reply, _ = heard
    return reply.status < 300 or answer.is_modern or _has_no(reply, answer)


def _has_no(reply: Reply, answer: Answer) -> bool:
    """Say whether a modern server has no such method as it was asked for."""
    return reply.status == 404 and answer.code == mcp_messages.METHOD_NOT_FOUND


def _no_mcp(reply: Reply, answer: Answer | None) -> Failure:
    if reply.status in (404, 410):
        return Failure(outcome=Outcome.DISCONNECTED, call=reply.call, detail=_said(answer))
    return bad_response(reply.call, _said(answer))


def _said(answer: Answer | None) -> str:
    return answer.error if answer and answer.error else "there is no JSON-RPC in the answer"
