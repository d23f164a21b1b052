"""Ask Composio: https://docs.composio.dev, API v3.1.

It only reads, with one exception: `start_reauth` makes a link when a person asks for it. Never does
it refresh, enable or disable an account: each of these changes what it should only look at.
"""

from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID

import httpx

from integrations_health.outcomes import CheckTarget, Outcome
from integrations_health.providers import composio_accounts as accounts
from integrations_health.providers import composio_answers as answers
from integrations_health.providers import http
from integrations_health.providers.api import JsonApi, is_id
from integrations_health.providers.base import (
    Account,
    Call,
    Connection,
    Failure,
    Gate,
    Owned,
    RateLimit,
    ReauthLink,
    ServerStatus,
    ToolAnswer,
)
from integrations_health.providers.composio_identity import account
from integrations_health.providers.composio_statuses import (
    ACCOUNT,
    LIST,
    PAGE,
    ask_page,
    status,
    statuses,
)
from integrations_health.providers.together import together

_LINK = "link"


class Composio:
    """Composio's API as a Provider. `versions` pins toolkits: {"gmail": "20260915_00"}."""

    name = "composio"
    reads_in_bulk = True

    def __init__(
        self,
        *,
        base_url: str,
        api_key: str,
        concurrency: int,
        deadline: timedelta,
        versions: Mapping[str, str] | None = None,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        self._versions = versions or {}
        self._api = JsonApi(
            f"{base_url.rstrip('/')}/api/v3.1",
            headers={"x-api-key": api_key},
            concurrency=concurrency,
            deadline=deadline,
            transport=transport,
        )

    async def get_server_status(self, target: CheckTarget, *, gate: Gate) -> ServerStatus | Failure:
        """Read one account."""
        id = target.server_instance_id
        owned = await status(self._api, id, gate) if is_id(id) else Owned(_not_an_id())
        return owned.told_to(target.provider_user_id)

    async def list_server_statuses(
        self, targets: Sequence[CheckTarget], *, gate: Gate
    ) -> Mapping[UUID, ServerStatus | Failure]:
        """Read many accounts, a hundred with each request."""
        asked = dict.fromkeys(target.server_instance_id for target in targets)
        ids = list(filter(is_id, asked))
        found = {id: Owned(_not_an_id()) for id in asked if not is_id(id)}
        parts = (ids[start : start + PAGE] for start in range(0, len(ids), PAGE))
        for read in await together([statuses(self._api, part, gate) for part in parts]):
            found.update(read)
        return {
            target.integration_id: found[id].told_to(target.provider_user_id)
            for target in targets
            if (id := target.server_instance_id) in found
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
        """Run a tool with the account's credentials. A tool call is metered: somebody pays."""
        id = target.server_instance_id
        if not is_id(id):
            return _not_an_id()
        if not is_id(tool):
            return _not_asked("tool", "the name of the tool is missing or malformed")
        if not target.provider_user_id:
            return _not_asked(tool, "the user's id at Composio is missing")
        # With the account alone Composio answers ActionExecute_ConnectedAccountEntityIdRequired.
        body: dict[str, Any] = {
            "connected_account_id": id,
            "user_id": target.provider_user_id,
            "arguments": arguments,
        }
        version = self._versions.get(tool.partition("_")[0].lower())
        if version:
            body["version"] = version
        reply = await self._api.post(
            f"/tools/execute/{tool}", body, name=tool, gate=gate, request_id=request_id
        )
        return reply if isinstance(reply, Failure) else answers.tool_answer(reply)

    async def start_reauth(
        self, target: CheckTarget, *, callback_url: str, gate: Gate
    ) -> ReauthLink | Failure:
        """Make a link that lives ten minutes. It connects a new account, with an id of its own."""
        if not target.provider_user_id:
            return _not_asked(_LINK, "the user's id at Composio is missing")
        auth_config_id = target.auth_config_id or await self._auth_config_id(target, gate)
        if isinstance(auth_config_id, Failure):
            return auth_config_id
        body = {
            "auth_config_id": auth_config_id,
            "user_id": target.provider_user_id,
            "callback_url": callback_url,
        }
        reply = await self._api.post("/connected_accounts/link", body, name=_LINK, gate=gate)
        return reply if isinstance(reply, Failure) else answers.link(reply)

    async def identify(self, target: CheckTarget, *, gate: Gate) -> Account | Failure:
        """Read whose one account is."""
        id = target.server_instance_id
        if not is_id(id):
            return _not_an_id()
        reply = await self._api.get(f"/connected_accounts/{id}", name=ACCOUNT, gate=gate)
        return reply if isinstance(reply, Failure) else account(reply, id=id)

    async def discover(self, *, gate: Gate) -> AsyncIterator[Connection | Failure]:
        """Yield every account of the project, oldest first, so that new ones shift no page."""
        query = {"order_by": "created_at", "order_direction": "asc"}
        seen: set[str] = set()
        unread = 0
        page = await self._page(query, "", gate)
        while isinstance(page, accounts.Page):
            known = len(seen)
            for item in page.items:
                connection = accounts.connection(item)
                if connection is None:
                    unread += 1
                elif connection.server_instance_id not in seen:
                    seen.add(connection.server_instance_id)
                    yield connection
            if not page.cursor or len(seen) == known:
                if page.total is None or len(seen) < page.total or unread:
                    detail = f"the list is short: {len(seen)} of {page.total} accounts"
                    yield http.bad_response(Call(LIST, 200), detail)
                return
            page = await self._page(query, page.cursor, gate)
        yield page

    @property
    def rate_limit(self) -> RateLimit | None:
        """What the newest headers said of our organization's budget."""
        return self._api.rate_limit

    async def aclose(self) -> None:
        """Close the connections."""
        await self._api.aclose()

    async def _auth_config_id(self, target: CheckTarget, gate: Gate) -> str | Failure:
        found = await self.identify(target, gate=gate)
        if isinstance(found, Failure):
            return found
        missing = http.bad_response(Call(ACCOUNT, 200), "the account has no auth config")
        return found.connection.auth_config_id or missing

    async def _page(
        self, query: Mapping[str, str], cursor: str, gate: Gate
    ) -> accounts.Page[Any] | Failure:
        reply = await ask_page(self._api, query, cursor, gate)
        return reply if isinstance(reply, Failure) else accounts.page(reply)


def _not_asked(name: str, detail: str) -> Failure:
    return Failure(outcome=Outcome.PROBE_MISCONFIGURED, call=Call(name), detail=detail)


def _not_an_id() -> Failure:
    return _not_asked(ACCOUNT, "the id of the connected account is missing or malformed")
