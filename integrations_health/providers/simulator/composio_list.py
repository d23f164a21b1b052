"""Composio's list of connected accounts: filters, order, pages, and what spoils them."""

import base64
from collections.abc import Iterable
from math import ceil
from typing import NamedTuple

from integrations_health.providers.simulator import composio_errors as errors
from integrations_health.providers.simulator.accounts import STATUSES, Account, Surface
from integrations_health.providers.simulator.composio_json import item, shown
from integrations_health.providers.simulator.exchange import Exchange, Refusal, Reply
from integrations_health.providers.simulator.faults import OK, Family, Fault
from integrations_health.providers.simulator.fields import Finding
from integrations_health.providers.simulator.population import Page
from integrations_health.providers.simulator.world import Simulator

_DEFAULT_LIMIT = 20
_ARRAYS = ("user_ids", "connected_account_ids", "auth_config_ids", "toolkit_slugs", "statuses")
_CHOICES = {
    "account_type": ("PRIVATE", "SHARED", "ALL"),
    "order_by": ("created_at", "updated_at"),
    "order_direction": ("asc", "desc"),
}
_KNOWN = {*_ARRAYS, *_CHOICES, "limit", "cursor"}


class Query(NamedTuple):
    """What was asked for. An absent filter is None; an empty one lets nobody through."""

    filters: dict[str, frozenset[str]]
    statuses: frozenset[str] | None
    ids: tuple[str, ...] | None
    account_type: str
    order_by: str
    is_descending: bool
    limit: int
    offset: int

    @property
    def is_plain(self) -> bool:
        """Say whether this asks for everybody, by age."""
        is_filtered = self.filters or self.statuses is not None or self.ids is not None
        by_age = self.order_by == "created_at"
        return by_age and not is_filtered and self.account_type == "PRIVATE"

    def matches(self, account: Account) -> bool:
        """Say whether an account passes every filter but the one on its status."""
        kind = "SHARED" if account.is_shared else "PRIVATE"
        if self.account_type not in {"ALL", kind}:
            return False
        values = {
            "user_ids": account.user_id,
            "auth_config_ids": account.auth_config_id,
            "toolkit_slugs": account.service.toolkit,
        }
        return all(values[name] in wanted for name, wanted in self.filters.items())


def read(exchange: Exchange) -> Query:
    """Return the query of a request. Raises Refusal."""
    sent, findings = _parameters(exchange)
    arrays = {name: _split(sent[name]) for name in _ARRAYS if name in sent}
    if set(arrays.get("statuses", ())) - set(STATUSES):
        findings.append(Finding("statuses", "choice", f"Expected any of {STATUSES}"))
    limit, offset = _number(sent.get("limit")), _offset(sent.get("cursor", ""))
    if limit < 1:
        findings.append(Finding("limit", "number", "Expected a positive number"))
    if offset < 0:
        findings.append(Finding("cursor", "string", "Unknown cursor"))
    if findings:
        raise Refusal(errors.invalid(exchange, findings))
    ids, statuses = (arrays.pop("connected_account_ids", None), arrays.pop("statuses", None))
    return Query(
        {name: frozenset(words) for name, words in arrays.items()},
        None if statuses is None else frozenset(statuses),
        ids,
        sent.get("account_type", "PRIVATE"),
        sent.get("order_by", "created_at"),
        sent.get("order_direction", "desc") == "desc",
        limit,
        offset,
    )


def _parameters(exchange: Exchange) -> tuple[dict[str, str], list[Finding]]:
    findings: list[Finding] = []
    sent: dict[str, str] = {}
    for name, value in exchange.parameters():
        if name not in _KNOWN:
            findings.append(Finding(name, "extra_forbidden", "Unrecognized parameter"))
        elif name in _CHOICES and value not in _CHOICES[name]:
            findings.append(Finding(name, "choice", f"Expected one of {_CHOICES[name]}"))
        # A parameter that comes twice is an array in the wrong style: they are comma-joined.
        elif name in sent:
            findings.append(Finding(name, "style", "Expected one comma-joined value"))
        sent[name] = value
    return sent, findings


def page(world: Simulator, exchange: Exchange) -> Reply:
    """Answer with one page of accounts."""
    query = read(exchange)
    found = _find(world, exchange, query)
    items: list[bytes] = []
    for account in found.accounts:
        step = world.moods.take(account, Surface.STATUS, exchange.mood)
        if step.family is Family.HTTP:
            return errors.failed(exchange, step, world.quotas["composio"])
        if step.family is Family.WIRE:
            return Reply(200, _page(found.total, [item(account, OK)], query), step=step)
        if step.fault is not Fault.SHORT_PAGE or exchange.mood is not None:
            items.append(item(account, step))
    if exchange.mood is not None and exchange.mood.fault is Fault.SHORT_PAGE:
        items = items[:-1]
    return Reply(200, _page(found.total, items, query))


def _find(world: Simulator, exchange: Exchange, query: Query) -> Page:
    if query.is_plain and not _hides_somebody(world, exchange):
        return world.population.slice(
            "composio",
            is_descending=query.is_descending,
            offset=query.offset,
            limit=query.limit,
        )
    if query.ids is not None:
        candidates: Iterable[Account] = _named(world, exchange, query)
    else:
        candidates = world.population.everyone(
            "composio", by=query.order_by, is_descending=query.is_descending
        )

    def wanted(account: Account) -> bool:
        step = world.moods.fault(account, Surface.STATUS, exchange.mood)
        if step.fault is Fault.GONE or not query.matches(account):
            return False
        return query.statuses is None or shown(account, step).status in query.statuses

    return world.population.page(candidates, wanted, offset=query.offset, limit=query.limit)


def _hides_somebody(world: Simulator, exchange: Exchange) -> bool:
    return exchange.mood is not None or any(
        account.is_shared or account.fault(Surface.STATUS).fault is Fault.GONE
        for account in world.population.kept("composio")
    )


def _named(world: Simulator, exchange: Exchange, query: Query) -> list[Account]:
    here: list[Account] = []
    for account in world.population.some("composio", query.ids or ()):
        fault = world.moods.fault(account, Surface.STATUS, exchange.mood).fault
        if fault in {Fault.REFUSED_BATCH, Fault.GONE}:
            # Nothing of it will be shown, so its step is used up here.
            world.moods.take(account, Surface.STATUS, exchange.mood)
        if fault is Fault.REFUSED_BATCH:
            finding = Finding("connected_account_ids", "id", f"Invalid id {account.id}")
            raise Refusal(errors.invalid(exchange, [finding]))
        if fault is not Fault.GONE:
            here.append(account)
    here.sort(key=lambda account: getattr(account, query.order_by), reverse=query.is_descending)
    return here


def _page(total: int, items: list[bytes], query: Query) -> bytes:
    end = query.offset + query.limit
    cursor = b'"%b"' % base64.urlsafe_b64encode(b"%d" % end) if end < total else b"null"
    return (
        b'{"items":[%b],"next_cursor":%b,"total_pages":%d,"current_page":%d,"total_items":%d}'
        % (
            b",".join(items),
            cursor,
            ceil(total / query.limit),
            query.offset // query.limit + 1,
            total,
        )
    )


def _split(value: str) -> tuple[str, ...]:
    return tuple(word for word in value.split(",") if word)


def _number(text: str | None) -> int:
    try:
        # The published client sends numbers as floats.
        return _DEFAULT_LIMIT if text is None else int(float(text))
    except (ValueError, OverflowError):
        return 0


def _offset(cursor: str) -> int:
    try:
        return int(base64.urlsafe_b64decode(cursor)) if cursor else 0
    except ValueError:
        return -1
