"""Read how Composio's accounts stand: many with one request where it can be, else one by one."""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from urllib.parse import urlencode

from integrations_health.outcomes import Outcome
from integrations_health.providers import bodies, http
from integrations_health.providers import composio_accounts as accounts
from integrations_health.providers.api import JsonApi
from integrations_health.providers.base import Call, Failure, Gate, NoBudget, Owned
from integrations_health.providers.together import together

PAGE = 100
LIST, ACCOUNT = "connected_accounts", "connected_account"
# Refusals that may be the fault of one id in a list.
_REFUSED_FOR_AN_ID = frozenset({400, 404, 413, 414, 422, 431})


async def statuses(api: JsonApi, ids: Sequence[str], gate: Gate) -> dict[str, Owned]:
    """Read up to a page of accounts; where the list cannot say it, one by one.

    Those that had no turn any more are left out. Raises NoBudget where not even the list had one.
    """
    items: list[accounts.Account] = []
    cursor = ""
    while True:
        reply = await ask_page(api, {"connected_account_ids": ",".join(ids)}, cursor, gate)
        read = reply if isinstance(reply, Failure) else accounts.account_page(reply)
        if isinstance(read, Failure):
            return await _despite(read, api, ids, gate)
        items += read.items
        cursor = read.cursor
        if not cursor or not read.items or len(items) >= len(ids):
            break
    call = Call(LIST, 200)
    wanted = set(ids)
    found = {
        item.id: Owned(accounts.server_status(item, call=call), accounts.owner(item))
        for item in items
        if isinstance(item.id, str) and item.id in wanted
    }
    missing = [id for id in ids if id not in found]
    if read.total is None or len(items) < read.total:
        # Never "gone": the provider itself says that there are more than it showed.
        detail = f"the page is short: {len(items)} of {read.total} accounts"
        return found | dict.fromkeys(missing, Owned(http.bad_response(call, detail)))
    return found | await _singly(api, missing, gate)


async def status(api: JsonApi, id: str, gate: Gate) -> Owned:
    """Read one account."""
    reply = await api.get(f"/connected_accounts/{id}", name=ACCOUNT, gate=gate)
    return Owned(reply) if isinstance(reply, Failure) else accounts.owned(reply, id=id)


async def ask_page(
    api: JsonApi, query: Mapping[str, str], cursor: str, gate: Gate
) -> http.Reply | Failure:
    """Ask for one page of the list of accounts."""
    parameters = {**query, "limit": str(PAGE), **({"cursor": cursor} if cursor else {})}
    # A hundred encoded commas double the time that it takes to read the address.
    path = f"/connected_accounts?{urlencode(parameters, safe=',')}"
    return await api.get(path, name=LIST, gate=gate, most=bodies.MOST_OF_A_LIST)


async def _despite(
    failure: Failure, api: JsonApi, ids: Sequence[str], gate: Gate
) -> dict[str, Owned]:
    """Find the id for which a list was refused by asking for half of it, and the other half."""
    refusal = failure.call.http_status
    # Who knows no such address as the list's says nothing of the ids.
    is_of_no_route = refusal == 404 and failure.outcome is Outcome.BAD_RESPONSE
    is_for_an_id = refusal in _REFUSED_FOR_AN_ID and not is_of_no_route
    if failure.detail != bodies.TOO_LARGE and not is_for_an_id:
        return dict.fromkeys(ids, Owned(failure))
    if len(ids) == 1:
        return await _singly(api, ids, gate)
    middle, found = len(ids) // 2, dict[str, Owned]()
    # One after the other: with little budget, one part at least is read to its end.
    for part in (ids[:middle], ids[middle:]):
        with suppress(NoBudget):
            found |= await statuses(api, part, gate)
    return found


async def _singly(api: JsonApi, ids: Sequence[str], gate: Gate) -> dict[str, Owned]:
    async def read(id: str) -> None:
        with suppress(NoBudget):
            found[id] = await status(api, id, gate)

    found: dict[str, Owned] = {}
    await together(map(read, ids))
    return found
