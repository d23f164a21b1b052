"""A page of accounts says the same, read in parts or whole."""

import json
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from integrations_health.providers.base import Call, Failure
from integrations_health.providers.composio_accounts import (
    Account,
    Page,
    account_page,
    page,
)
from integrations_health.providers.http import Reply

_ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=5,
)  # fmt: skip
_ACCOUNT = st.fixed_dictionaries(
    {}, optional=dict.fromkeys((*Account.__struct_fields__, "data"), _ANYTHING)
)
_PAGE = st.fixed_dictionaries(
    {},
    optional={
        "items": st.lists(_ACCOUNT | _ANYTHING, max_size=4) | _ANYTHING,
        "total_items": _ANYTHING,
        "next_cursor": _ANYTHING,
    },
)


@given(_PAGE | _ANYTHING)
def test_reads_in_parts_what_it_reads_whole(answer: Any) -> None:
    assert _in_parts(json.dumps(answer).encode()) == _whole(json.dumps(answer).encode())


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<html>busy</html>",
        b'{"items": [{"id": NaN}]}',
        b'{"items": [{"id": "ca_1"}], "total_items": 1} and more',
        b'{"items": [' + b"[" * 100_000 + b"]" * 100_000 + b"]}",
        b'{"items": [{"id": "\xff"}]}',
    ],
    ids=["nothing", "a page for people", "no number", "two answers", "too deep", "no UTF-8"],
)
def test_refuses_in_the_same_words_what_is_no_json(body: bytes) -> None:
    found = _in_parts(body)

    assert isinstance(found, Failure)
    assert found == _whole(body)


def test_passes_an_error_on() -> None:
    refusal = Reply(404, httpx.Headers(), b'{"error": {"message": "none"}}', Call("list", 404))

    assert account_page(refusal) == page(refusal)


def _in_parts(body: bytes) -> Page[Any] | Failure:
    return account_page(_reply(body))


def _whole(body: bytes) -> Page[Any] | Failure:
    found = page(_reply(body))
    if isinstance(found, Failure):
        return found
    return found._replace(items=[_read(item) for item in found.items])


def _read(item: Any) -> Account:
    said = item if isinstance(item, dict) else {}
    return Account(*(said.get(name) for name in Account.__struct_fields__))


def _reply(body: bytes) -> Reply:
    return Reply(200, httpx.Headers(), body, Call("list", 200))
