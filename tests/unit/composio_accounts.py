"""Composio with accounts in it, some of which spoil the lists they are in."""

from collections.abc import Callable, Sequence
from typing import Any
from uuid import uuid5

import httpx

from integrations_health.outcomes import CheckTarget
from integrations_health.providers.base import Failure, ServerStatus
from integrations_health.providers.composio import Composio
from tests.unit.asking import OPTIONS, Gatekeeper, Wire, asked_for, said
from tests.unit.composio_shapes import account, page
from tests.unit.targets import INTEGRATION, target

Ids = Sequence[str]


def targets(count: int) -> list[CheckTarget]:
    """Return integrations on the accounts `ca_0`, `ca_1`, ..."""
    return [
        target(integration_id=uuid5(INTEGRATION, str(n)), server_instance_id=f"ca_{n}")
        for n in range(count)
    ]


class Accounts:
    """Composio with accounts that exist, some of which poison a list or are missing in it."""

    def __init__(
        self,
        *,
        poison: Ids = (),
        hidden: Ids = (),
        gone: Ids = (),
        refusal: int = 400,
        paged: Callable[[list[Any]], httpx.Response] = page,
    ) -> None:
        self.poison, self.hidden, self.gone = poison, hidden, gone
        self.refusal = refusal
        self.paged = paged
        self.wire = Wire(by=self.answer)
        self.composio = Composio(**OPTIONS, transport=self.wire)

    def answer(self, request: httpx.Request) -> httpx.Response:
        """Answer a request for a list or for one account."""
        id = request.url.path.removeprefix("/api/v3.1/connected_accounts").strip("/")
        if id:
            if id in self.gone:
                return said({"error": {"message": "not found", "code": 1810}}, status=404)
            return said(account(id=id))
        ids = asked_for(request, "connected_account_ids")
        if set(ids) & set(self.poison):
            return said({"error": {"message": "bad id", "code": 10400}}, status=self.refusal)
        return self.paged([account(id=id) for id in ids if id not in {*self.hidden, *self.gone}])

    async def read(self, count: int) -> dict[str, ServerStatus | Failure]:
        """Ask about `count` accounts, and return the answers by id."""
        asked = targets(count)
        heard = await self.composio.list_server_statuses(asked, gate=Gatekeeper())
        assert set(heard) == {each.integration_id for each in asked}
        return {each.server_instance_id: heard[each.integration_id] for each in asked}

    @property
    def sizes(self) -> list[int]:
        """How many ids each list was asked for."""
        lists = [r for r in self.wire.requests if r.url.path.endswith("/connected_accounts")]
        return [len(asked_for(request, "connected_account_ids")) for request in lists]
