"""What Composio tells is known by its signature alone, and read no further than an id."""

import json
import time
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from standardwebhooks import Webhook

from integrations_health.providers.composio_events import (
    EXPIRED,
    MOST_SIGNATURES,
    Signed,
    expired_account,
    signed,
)
from integrations_health.providers.simulator import Simulator
from integrations_health.providers.simulator.composio_webhooks import expired_event
from tests.hooks import SECRET, expired, headers, signature

AT = 1_930_000_000
BODY = expired("ca_1")
GOOD = headers(BODY, at=AT)
OTHER = "whsec_another"
HEADERS = ("webhook-id", "webhook-timestamp", "webhook-signature")
ANY_TEXT = st.text(st.characters())
ANY_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.sampled_from(["type", "data", "id"]), inner),
)


def test_what_the_simulator_signs_is_known(simulator: Simulator) -> None:
    account = simulator.connect("composio", "gmail", status="EXPIRED")

    said, body = expired_event(account, SECRET, id="msg_7", at=AT)

    assert signed(said, body, secrets=[SECRET]) == Signed("msg_7", AT)
    assert expired_account(body) == account.id


def test_the_standards_own_library_agrees_once_it_is_given_the_raw_key(
    simulator: Simulator,
) -> None:
    library = Webhook(SECRET.encode())
    said, body = expired_event(simulator.connect("composio", "gmail"), SECRET)

    library.verify(body, said)
    at = int(time.time())
    theirs = library.sign("msg_1", datetime.fromtimestamp(at, UTC), BODY.decode())

    assert theirs == signature("msg_1", at, BODY)
    assert signed(headers(BODY, at=at) | {HEADERS[2]: theirs}, BODY, secrets=[SECRET])


def test_a_secret_is_not_decoded() -> None:
    decoded = Webhook(SECRET).sign("msg_1", datetime.fromtimestamp(AT, UTC), BODY.decode())

    assert signed(GOOD | {HEADERS[2]: decoded}, BODY, secrets=[SECRET]) is None


@pytest.mark.parametrize(
    ("changed", "body"),
    [
        ({}, BODY + b" "),
        ({}, BODY.replace(b"ca_1", b"ca_2")),
        ({}, b""),
        ({"webhook-id": "msg_2"}, BODY),
        ({"webhook-timestamp": str(AT + 1)}, BODY),
        ({"webhook-timestamp": f"{AT}.0"}, BODY),
        ({"webhook-timestamp": f"+{AT}"}, BODY),
        ({"webhook-timestamp": f"{AT}\n"}, BODY),
        ({"webhook-timestamp": "NaN"}, BODY),
        ({"webhook-timestamp": "9" * 10_000}, BODY),
        ({"webhook-signature": GOOD[HEADERS[2]].replace("v1,", "v1a,")}, BODY),
        ({"webhook-signature": GOOD[HEADERS[2]].replace("v1,", "")}, BODY),
        ({"webhook-signature": GOOD[HEADERS[2]][:-1]}, BODY),
        ({"webhook-signature": "v1,"}, BODY),
        ({"webhook-signature": signature("msg_1", AT, BODY, secret=OTHER)}, BODY),
    ],
)
def test_what_was_changed_on_the_way_is_not_signed(changed: dict[str, str], body: bytes) -> None:
    assert signed(GOOD | changed, body, secrets=[SECRET]) is None


@pytest.mark.parametrize("name", HEADERS)
@pytest.mark.parametrize("value", [None, ""])
def test_what_lacks_a_header_is_not_signed(name: str, value: str | None) -> None:
    rest = {key: text for key, text in GOOD.items() if key != name}
    empty = signature("" if name == "webhook-id" else "msg_1", AT, BODY)
    lacking = rest if value is None else {**rest, name: value}
    lacking |= {} if name == "webhook-signature" else {"webhook-signature": empty}

    assert signed(lacking, BODY, secrets=[SECRET]) is None


@pytest.mark.parametrize("at", ["1e9", "1_930_000_000", " 1930000000", "-5", "١٩٣", "9" * 13])
def test_a_time_that_is_no_number_of_seconds_is_not_taken_even_signed(at: str) -> None:
    assert signed(headers(BODY, at=at), BODY, secrets=[SECRET]) is None


def test_one_good_signature_among_several_is_enough() -> None:
    several = f"v1a,xyz {signature('msg_1', AT, BODY, secret=OTHER)} {GOOD[HEADERS[2]]}"

    assert signed(GOOD | {HEADERS[2]: several}, BODY, secrets=[SECRET]) is not None


def test_only_so_many_signatures_are_looked_at() -> None:
    before = "v1,AAAA " * MOST_SIGNATURES

    assert signed(GOOD | {HEADERS[2]: before + GOOD[HEADERS[2]]}, BODY, secrets=[SECRET]) is None


@pytest.mark.parametrize("secrets", [[SECRET, OTHER], [OTHER, SECRET]])
def test_while_a_secret_is_rotated_both_sign(secrets: list[str]) -> None:
    by_either = [signed(headers(BODY, secret=one), BODY, secrets=secrets) for one in secrets]

    assert None not in by_either


@pytest.mark.parametrize("secrets", [[], [OTHER]])
def test_without_the_secret_nothing_is_signed(secrets: list[str]) -> None:
    assert signed(GOOD, BODY, secrets=secrets) is None


@pytest.mark.parametrize(
    ("seconds", "is_timely"),
    [(0, True), (300, True), (-300, True), (301, False), (-301, False), (10**11, False)],
)
def test_a_call_is_timely_for_five_minutes_either_way(seconds: int, is_timely: bool) -> None:
    now = datetime.fromtimestamp(AT, UTC)

    assert Signed("msg_1", AT + seconds).is_timely(now=now) is is_timely


def test_a_part_of_a_second_counts() -> None:
    now = datetime.fromtimestamp(AT, UTC) + timedelta(milliseconds=1)

    assert not Signed("msg_1", AT - 300).is_timely(now=now)


@given(id=ANY_TEXT, at=ANY_TEXT, signatures=ANY_TEXT, body=st.binary())
@example(id="é", at=str(AT), signatures="v1,é", body=b"")
@example(id="msg_1", at=str(AT), signatures="v1,\ud800", body=b"\x00")
@example(id="\ud800", at=str(AT), signatures="v1,x", body=b"")
def test_garbage_is_not_signed(id: str, at: str, signatures: str, body: bytes) -> None:
    said = {"webhook-id": id, "webhook-timestamp": at, "webhook-signature": signatures}

    assert signed(said, body, secrets=[SECRET]) is None


def test_the_account_is_found_beside_whatever_else_is_said() -> None:
    body = expired("ca_1", state={"val": {"access_token": "ya29..."}}, scopes=["a"] * 5_000)

    assert expired_account(body) == "ca_1"


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"null",
        b"NaN",
        b"[" * 200_000,
        b'{"type":"' + EXPIRED.encode() + b'","x":' + b"[" * 200_000,
        b'{"type":"' + EXPIRED.encode() + b'","data":{"id":"\xff"}}',
        b'{"type":"' + EXPIRED.encode() + b'","data":{"id":"\\ud800"}}',
        json.dumps([{"type": EXPIRED, "data": {"id": "ca_1"}}]).encode(),
        json.dumps({"data": {"id": "ca_1"}}).encode(),
        json.dumps({"type": [EXPIRED], "data": {"id": "ca_1"}}).encode(),
        json.dumps({"type": "composio.trigger.message", "data": {"id": "ca_1"}}).encode(),
        json.dumps({"type": EXPIRED}).encode(),
        json.dumps({"type": EXPIRED, "data": None}).encode(),
        json.dumps({"type": EXPIRED, "data": ["ca_1"]}).encode(),
        expired(None),
        expired(7),
        expired(["ca_1"]),
        expired(""),
        expired("ca_1\x00"),
        expired("ca_1\n"),
        expired("ca 1"),
        expired("c" * 256),
    ],
)
def test_what_tells_of_no_expired_account_names_none(body: bytes) -> None:
    assert expired_account(body) is None


@given(st.binary() | ANY_JSON.map(lambda value: json.dumps(value).encode()))
def test_no_bytes_at_all_are_too_much(body: Any) -> None:
    assert expired_account(body) is None
