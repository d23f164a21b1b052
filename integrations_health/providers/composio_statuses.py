"""Read how Composio's accounts stand: many with one request where it can be, else one by one."""

import asyncio
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress

from integrations_health.outcomes import Outcome
from integrations_health.providers import bodies, http
from integrations_health.providers import composio_accounts as accounts
from integrations_health.providers.api import JsonApi
from integrations_health.providers.base import Call, Failure, Gate, NoBudget, Owned
from integrations_health.providers.together import together

PAGE = 100
# So many deadlines of a call for what a list did not tell: a batch has three times as long.
PATIENCE = 2
ONE_BY_ONE_AT_ONCE = 10
LIST, ACCOUNT = "connected_accounts", "connected_account"
# Refusals that may be the fault of one id in a list.
_REFUSED_FOR_AN_ID = frozenset({400, 404, 413, 414, 422, 431})


async def statuses(
    api: JsonApi, ids: Sequence[str], gate: Gate, *, until: float | None = None
) -> dict[str, Owned]:
    """Read up to a page of accounts; where the list cannot say it, one by one.

    Those that had no turn any more are left out, and what the list does not tell by the instant
    `until` (monotonic). Raises NoBudget where not even the list had a turn.
    """
    items: list[accounts.Account] = []
    cursor = ""
    while True:
        reply = await ask_page(api, {"connected_account_ids": ",".join(ids)}, cursor, gate)
        read = reply if isinstance(reply, Failure) else accounts.account_page(reply)
        until = until or time.monotonic() + PATIENCE * api.deadline.total_seconds()
        if isinstance(read, Failure):
            return await _despite(read, api, ids, gate, until=until)
        items += read.items
        cursor = read.cursor
        if not cursor or not read.items or len(items) >= len(ids):
            break
    call = Call(LIST, 200)
    found = accounts.told(items, of=set(ids), call=call)
    missing = [id for id in ids if id not in found]
    if read.total is None or len(items) < read.total:
        # Never "gone": the provider itself says that there are more than it showed.
        detail = f"the page is short: {len(items)} of {read.total} accounts"
        return found | dict.fromkeys(missing, Owned(http.bad_response(call, detail)))
    return found | await _singly(api, missing, gate, until=until)


async def status(api: JsonApi, id: str, gate: Gate) -> Owned:
    """Read one account."""
    reply = await api.get(f"/connected_accounts/{id}", name=ACCOUNT, gate=gate)
    return Owned(reply) if isinstance(reply, Failure) else accounts.owned(reply, id=id)


async def ask_page(
    api: JsonApi, query: Mapping[str, str], cursor: str, gate: Gate
) -> http.Reply | Failure:
    """Ask for one page of the list of accounts."""
    asked = {**query, "limit": str(PAGE), **({"cursor": cursor} if cursor else {})}
    most = bodies.MOST_OF_A_LIST
    return await api.get_page("/connected_accounts", asked, name=LIST, gate=gate, most=most)


async def _despite(
    failure: Failure, api: JsonApi, ids: Sequence[str], gate: Gate, *, until: float
) -> dict[str, Owned]:
    """Find the id for which a list was refused by asking for half of it, and the other half."""
    refusal = failure.call.http_status
    # Who knows no such address as the list's says nothing of the ids.
    is_of_no_route = refusal == 404 and failure.outcome is Outcome.BAD_RESPONSE
    is_for_an_id = refusal in _REFUSED_FOR_AN_ID and not is_of_no_route
    if failure.detail != bodies.TOO_LARGE and not is_for_an_id:
        return dict.fromkeys(ids, Owned(failure))
    if len(ids) == 1:
        return await _singly(api, ids, gate, until=until)
    middle, found = len(ids) // 2, dict[str, Owned]()
    # One after the other: with little budget or time, one part at least is read to its end.
    for part in (ids[:middle], ids[middle:]):
        if time.monotonic() < until:
            with suppress(NoBudget):
                found |= await statuses(api, part, gate, until=until)
    return found


async def _singly(
    api: JsonApi, ids: Sequence[str], gate: Gate, *, until: float
) -> dict[str, Owned]:
    places, found = asyncio.Semaphore(ONE_BY_ONE_AT_ONCE), dict[str, Owned]()

    async def read(id: str) -> None:
        async with places:
            if time.monotonic() < until:
                with suppress(NoBudget):
                    found[id] = await status(api, id, gate)

    await together([read(id) for id in ids])
    return found
