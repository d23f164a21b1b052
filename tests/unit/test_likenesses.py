"""What differs from another text in nothing but its ids is judged like it."""

from itertools import combinations
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from integrations_health import likenesses
from integrations_health.redaction import redact
from integrations_health.wrappings import unwrapped

IDS = st.one_of(
    st.uuids().map(str),
    st.from_regex(r"[A-Za-z0-9_-]{8,30}", fullmatch=True),
    st.sampled_from(["req-100-token", "500-500-500", "a1b2c3secret", "12345678", "v-400-oauth2"]),
)
AROUND = st.lists(
    st.sampled_from(
        [*'ab1 .,:;=/?#&%@"\\{}-\n', "token", "password", "code", "://", "expired", "401",
         '"request_id":', '"secret":', "https://example.com/", "&quot;", "%22", '\\"', "x7Gd2mQ9"]
    ),
    max_size=12,
).map("".join)  # fmt: skip


@given(before=AROUND, after=AROUND, ids=st.lists(IDS, min_size=2, max_size=4))
def test_texts_that_are_alike_come_out_the_same(before: str, after: str, ids: list[str]) -> None:
    texts = [unwrapped(f'{before}"{id}"{after}') for id in ids]
    plain = [text for text in texts if text is not None]
    # The space at the end is not shown: with another number of them, each is judged on its own.
    shown = [redact(text + " " * place) for place, text in enumerate(plain, start=1)]

    for one, other in combinations(range(len(plain)), 2):
        if likenesses.of(plain[one]) == likenesses.of(plain[other]):
            assert shown[one] == shown[other]


def test_an_id_of_its_own_makes_no_difference() -> None:
    # One in millions has no letter.
    ids = [f"req-{uuid4()}" for _ in range(50)]
    texts = {likenesses.of(f'{{"message":"failed","request_id":"{id}"}}') for id in ids}

    assert len(texts) == 1


@pytest.mark.parametrize(
    "word", ["4f9a1c-token", "x91y2z3secret", "12345678", "server-error", "a1"]
)
def test_what_may_change_the_judgement_of_others_is_no_id(word: str) -> None:
    assert likenesses.of(f'"{word}"') == f'"{word}"'


def test_what_differs_from_call_to_call_in_its_id_alone_is_not_judged_anew() -> None:
    words = "the provider could not say why it failed and asked for patience " * 4
    first, second = (f'{{"message":"{words}","request_id":"req-{uuid4()}"}}' for _ in range(2))

    # The very same text, not an equal one.
    assert redact(first) is redact(second)
    assert redact(first) is not redact(first.replace("patience", "repair"))
