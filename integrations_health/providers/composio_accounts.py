"""What Composio says of accounts. Only their state is kept, never their credentials."""

from collections.abc import Collection, Iterable, Mapping
from contextlib import suppress
from typing import Any, Generic, NamedTuple, TypeVar

import msgspec

from integrations_health.providers import words
from integrations_health.providers.api import is_id
from integrations_health.providers.base import (
    Call,
    Connection,
    ConnectionState,
    Failure,
    Owned,
    ServerStatus,
)
from integrations_health.providers.composio_answers import as_text, envelope, instant, refused
from integrations_health.providers.http import Reply, bad_response, object_in

T = TypeVar("T")
STATES: Mapping[str, ConnectionState] = {
    "INITIALIZING": ConnectionState.PENDING,
    "INITIATED": ConnectionState.PENDING,
    "ACTIVE": ConnectionState.ACTIVE,
    "EXPIRED": ConnectionState.EXPIRED,
    "FAILED": ConnectionState.EXPIRED,
    "REVOKED": ConnectionState.EXPIRED,
    "INACTIVE": ConnectionState.DISABLED,
}
# Toolkits whose service has another name here.
SERVICES: Mapping[str, str] = {"googlecalendar": "calendar"}


class Account(msgspec.Struct):
    """What is read of an account to tell its state, as it came: nothing has looked at it yet."""

    id: Any = None
    user_id: Any = None
    status: Any = None
    status_reason: Any = None
    is_disabled: Any = None
    auth_config: Any = None
    experimental: Any = None


class Page(NamedTuple, Generic[T]):
    """A page of the list: its accounts, how many there are in all, and where the next begins."""

    items: list[T]
    total: int | None
    cursor: str


class _AccountPage(msgspec.Struct):
    items: list[Account]
    total_items: Any = None
    next_cursor: Any = None


_read_accounts = msgspec.json.Decoder(_AccountPage).decode


def page(reply: Reply) -> Page[Any] | Failure:
    """Read a page of the list of accounts."""
    if reply.status >= 400:
        return refused(reply)
    answer = object_in(reply)
    if isinstance(answer, Failure):
        return answer
    items, total, cursor = (answer.get(key) for key in ("items", "total_items", "next_cursor"))
    if not isinstance(items, list):
        return bad_response(reply.call, "the page has no list of items")
    return _page(items, total, cursor)


def account_page(reply: Reply) -> Page[Account] | Failure:
    """Read of a page of the list what tells the accounts' states, and skip the rest.

    An account brings a kilobyte of what is not asked for: not to make objects of it takes a fifth
    of the time. What does not look like such a page is read once more, as `page` reads it.
    """
    if reply.status < 400:
        with suppress(msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
            read = _read_accounts(reply.body)
            return _page(read.items, read.total_items, read.next_cursor)
    found = page(reply)
    if isinstance(found, Failure):
        return found
    return found._replace(items=[_account(item) for item in found.items])


def told(items: Iterable[Account], *, of: Collection[str], call: Call) -> dict[str, Owned]:
    """Tell, by id, how accounts of a list stand and whose they are, as far as `of` names them.

    Nearly all say nothing but "ACTIVE": those that say the same share one value.
    """
    alike: dict[str, ServerStatus | Failure] = {}
    found: dict[str, Owned] = {}
    for item in items:
        id, said = item.id, item.status
        if not isinstance(id, str) or id not in of:
            continue
        is_plain = isinstance(said, str) and not _says_more(item)
        word = alike.get(said) if is_plain else None
        if word is None:
            word = server_status(item, call=call)
            if is_plain:
                alike[said] = word
        found[id] = Owned(word, owner(item))
    return found


def owned(reply: Reply, *, id: str) -> Owned:
    """Read the answer about the one account `id`, and whose it is."""
    item = object_in(reply)
    whose = "" if isinstance(item, Failure) else owner(_account(item))
    return Owned(account_status(reply, id=id), whose)


def account_status(reply: Reply, *, id: str) -> ServerStatus | Failure:
    """Read the answer about the one account `id`."""
    if reply.status >= 400:
        said = envelope(reply.body)
        is_gone = reply.status in (404, 410) and said is not None and not said.is_of_no_route
        if said is not None and (is_gone or said.has_no_account):
            return ServerStatus(state=ConnectionState.GONE, call=reply.call, reason=said.text)
        return refused(reply)
    item = object_in(reply)
    if isinstance(item, Failure):
        return item
    if item.get("id") != id:
        return bad_response(reply.call, "the answer is about another account")
    return server_status(_account(item), call=reply.call)


def server_status(account: Account, *, call: Call) -> ServerStatus | Failure:
    """Tell the state of one account of a list, or on its own."""
    said, auth_config = account.status, account.auth_config
    reason = account.status_reason if isinstance(account.status_reason, str) else ""
    if not isinstance(said, str):
        return bad_response(call, "the account has no status")
    state = STATES.get(said) or STATES.get(said.strip().upper(), ConnectionState.UNKNOWN)
    if state is ConnectionState.EXPIRED and words.says_connecting_was_abandoned(reason):
        state = ConnectionState.ABANDONED
    if account.is_disabled is True:
        state = ConnectionState.DISABLED
    if isinstance(auth_config, dict) and auth_config.get("is_disabled") is True:
        # Nothing the user does can help: it is the configuration of our project.
        state = ConnectionState.MISCONFIGURED
    return ServerStatus(state, call, said, reason)


def _says_more(account: Account) -> bool:
    """Say whether more than its status may tell how an account stands."""
    auth_config = account.auth_config
    is_of_disabled = isinstance(auth_config, dict) and auth_config.get("is_disabled")
    return bool(account.status_reason or account.is_disabled or is_of_disabled)


def owner(account: Account) -> str:
    """Return whose an account is alone; "" for one that its owner shares with others."""
    sharing = account.experimental
    is_shared = isinstance(sharing, dict) and sharing.get("account_type") == "SHARED"
    return "" if is_shared else as_text(account.user_id)


def connection(item: Any) -> Connection | None:
    """Read one account of the list as a connection, None where something needed is missing."""
    if not isinstance(item, dict):
        return None
    toolkit, auth_config = item.get("toolkit"), item.get("auth_config")
    slug = as_text(toolkit.get("slug")) if isinstance(toolkit, dict) else ""
    id, user_id = as_text(item.get("id")), as_text(item.get("user_id"))
    if not (slug and user_id and is_id(id)):
        return None
    return Connection(
        provider="composio",
        service=SERVICES.get(slug, slug),
        server_instance_id=id,
        provider_user_id=user_id,
        auth_config_id=as_text(auth_config.get("id")) if isinstance(auth_config, dict) else "",
        connected_at=instant(item.get("created_at")),
    )


def _page(items: list[T], total: Any, cursor: Any) -> Page[T]:
    has_total = isinstance(total, int) and not isinstance(total, bool)
    return Page(items, total if has_total else None, cursor if isinstance(cursor, str) else "")


def _account(item: Any) -> Account:
    """Return an account of a list that was read as it came; what is no object says nothing."""
    said = item if isinstance(item, dict) else {}
    return Account(**{name: said.get(name) for name in Account.__struct_fields__})
