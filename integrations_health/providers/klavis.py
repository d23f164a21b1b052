"""Ask Klavis: https://www.klavis.ai/docs.

A server's address is its password: it is never logged and never part of a path. The tokens that
`GET .../auth` hands out are never asked for.
"""

from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import timedelta
from typing import Any
from urllib.parse import quote
from uuid import UUID

import httpx

from integrations_health.outcomes import CheckTarget, Outcome
from integrations_health.providers import http
from integrations_health.providers import klavis_answers as answers
from integrations_health.providers.api import JsonApi, is_id
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
from integrations_health.providers.together import together

USERS = 1_000
_INSTANCE, _CREATE = "instance", "instance/create"
_USERS, _INTEGRATIONS = "user", "user/integrations"


class Klavis:
    """Klavis's API as a Provider."""

    name = "klavis"
    reads_in_bulk = False

    def __init__(
        self,
        *,
        base_url: str,
        api_key: str,
        concurrency: int,
        deadline: timedelta,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        self._api = JsonApi(
            base_url,
            headers={"authorization": f"Bearer {api_key}"},
            concurrency=concurrency,
            deadline=deadline,
            transport=transport,
        )

    async def get_server_status(self, target: CheckTarget, *, gate: Gate) -> ServerStatus | Failure:
        """Read one instance."""
        reply = await self._instance(target, gate)
        return reply if isinstance(reply, Failure) else answers.told(reply, target)

    async def list_server_statuses(
        self, targets: Sequence[CheckTarget], *, gate: Gate
    ) -> Mapping[UUID, ServerStatus | Failure]:
        """Read many instances, one by one: Klavis has no list of them."""
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
        """Call a tool of the instance's server."""
        if not target.server_url:
            return _not_asked(tool, "the address of the server is missing")
        body = {
            "serverUrl": target.server_url,
            "toolName": tool,
            "toolArgs": arguments,
            "connectionType": "StreamableHttp",
        }
        reply = await self._api.post(
            "/mcp-server/call-tool", body, name=tool, gate=gate, request_id=request_id
        )
        return reply if isinstance(reply, Failure) else answers.tool_answer(reply)

    async def start_reauth(
        self, target: CheckTarget, *, callback_url: str, gate: Gate
    ) -> ReauthLink | Failure:
        """Read where the user signs in again; the instance stays the same."""
        reply = await self._instance(target, gate)
        if isinstance(reply, Failure):
            return reply
        told = answers.told(reply, target)
        if isinstance(told, ServerStatus) and told.state is ConnectionState.GONE:
            # Who opened the link would connect an account of theirs to somebody else's instance.
            return Failure(outcome=Outcome.DISCONNECTED, call=reply.call, detail=told.reason)
        return answers.link(reply, callback_url=callback_url, id=target.server_instance_id)

    async def identify(self, target: CheckTarget, *, gate: Gate) -> Account | Failure:
        """Read whose an instance is."""
        reply = await self._instance(target, gate)
        if isinstance(reply, Failure):
            return reply
        return answers.account(reply, id=target.server_instance_id)

    async def discover(self, *, gate: Gate) -> AsyncIterator[Connection | Failure]:
        """Yield what the project's users connected. Asking for an instance never makes a new one.

        There is no list of instances, but a user's servers have names, and `create` answers with
        the instance that is there already.
        """
        number, seen = 1, 0
        while True:
            reply = await self._api.get(
                f"/user/?page_size={USERS}&page_number={number}", name=_USERS, gate=gate
            )
            page = reply if isinstance(reply, Failure) else answers.users(reply)
            if isinstance(page, Failure):
                yield page
                return
            for user_id in page.ids:
                async for found in self._connections(user_id, gate):
                    yield found
                    if isinstance(found, Failure):
                        return
            seen += len(page.ids)
            number += 1
            if number > page.pages or not page.ids:
                break
        if seen < page.total:
            yield http.bad_response(
                Call(_USERS, 200), f"the list is short: {seen} of {page.total} users"
            )

    @property
    def rate_limit(self) -> RateLimit | None:
        """What the newest rate-limit headers said; Klavis documents none."""
        return self._api.rate_limit

    async def aclose(self) -> None:
        """Close the connections."""
        await self._api.aclose()

    async def _instance(self, target: CheckTarget, gate: Gate) -> http.Reply | Failure:
        if not is_id(target.server_instance_id):
            return _not_asked(_INSTANCE, "the id of the instance is missing or malformed")
        path = f"/mcp-server/instance/{target.server_instance_id}"
        return await self._api.get(path, name=_INSTANCE, gate=gate)

    async def _connections(self, user_id: str, gate: Gate) -> AsyncIterator[Connection | Failure]:
        path = f"/user/{quote(user_id, safe='')}/integrations"
        reply = await self._api.get(path, name=_INTEGRATIONS, gate=gate)
        servers = reply if isinstance(reply, Failure) else answers.servers(reply)
        if isinstance(servers, Failure):
            yield servers
            return
        for server in servers:
            body = {"serverName": server, "userId": user_id}
            reply = await self._api.post(
                "/mcp-server/instance/create", body, name=_CREATE, gate=gate
            )
            if isinstance(reply, Failure):
                yield reply
            else:
                yield answers.connection(reply, server=server, user_id=user_id)


def _not_asked(name: str, detail: str) -> Failure:
    return Failure(outcome=Outcome.PROBE_MISCONFIGURED, call=Call(name), detail=detail)
