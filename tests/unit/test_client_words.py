"""What a client may say to its socket."""

import json
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from integrations_health import client_words
from integrations_health.client_words import Malformed, Wish

ID = "5f0c3a52-7f0e-4c1e-9a54-0d4c7a7e1a01"


def test_a_subscription_names_ids_and_wants_no_answer() -> None:
    wish = client_words.read(json.dumps({"type": "subscribe", "integrationIds": [ID]}))

    assert wish == Wish(kind="subscribe", ids=[UUID(ID)], strange=[], wants_answer=False)


def test_an_id_counts_once_however_it_is_written() -> None:
    said = {"type": "unsubscribe", "integrationIds": [ID, ID.upper(), ID]}

    assert client_words.read(json.dumps(said)).ids == [UUID(ID)]


@pytest.mark.parametrize(
    "strange", ["", "7", "gmail", ID + "\n", f"{{{ID}}}", f"urn:uuid:{ID}", ID.replace("-", "")]
)
def test_what_is_no_id_is_handed_back_as_it_came(strange: str) -> None:
    said = {"type": "subscribe", "integrationIds": [strange, ID]}

    wish = client_words.read(json.dumps(said))

    assert (list(wish.ids), wish.strange) == ([UUID(ID)], [strange])


@pytest.mark.parametrize(
    ("text", "code"),
    [
        (None, "not_text"),
        ("", "not_json"),
        ("{", "not_json"),
        ("[" * 16_000, "not_json"),
        ("[]", "not_an_object"),
        ('"subscribe"', "not_an_object"),
        ("{}", "unknown_type"),
        ('{"type": "shout"}', "unknown_type"),
        ('{"type": ["subscribe"]}', "unknown_type"),
        ('{"type": "subscribe"}', "invalid_integration_ids"),
        ('{"type": "subscribe", "integrationIds": "all"}', "invalid_integration_ids"),
        ('{"type": "subscribe", "integrationIds": [7]}', "invalid_integration_ids"),
        ('{"type": "subscribe", "integrationIds": [null]}', "invalid_integration_ids"),
        ('{"type": "subscribe", "integrationIds": [], "ack": 1}', "invalid_ack"),
    ],
)
def test_what_cannot_be_followed_is_named(text: str | None, code: str) -> None:
    with pytest.raises(Malformed) as caught:
        client_words.read(text)

    assert caught.value.code == code


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


@given(
    st.text()
    | JSON.map(json.dumps)
    | st.fixed_dictionaries(
        {"type": st.sampled_from(client_words.KINDS)},
        optional={"integrationIds": JSON, "ack": JSON},
    ).map(json.dumps)
)
def test_nothing_that_is_said_surprises(text: str) -> None:
    said: Any
    try:
        said = client_words.read(text)
    except Malformed as problem:
        said = problem.detail

    assert said
