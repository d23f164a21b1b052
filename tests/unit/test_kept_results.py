"""What is kept of results, as bytes."""

import random
import zlib
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from msgspec.structs import replace

from integrations_health import judgement, kept_results
from integrations_health.check_ids import check_id
from integrations_health.kept_results import Kept, Unreadable
from integrations_health.outcomes import CheckResult, Evidence, Outcome
from integrations_health.providers.base import Call, ToolAnswer
from integrations_health.providers.simulator.leaks import CANARIES
from integrations_health.redaction import MOST, SafeText, redact
from tests.unit.targets import target

NOW = datetime(2031, 3, 14, 9, 26, 53, tzinfo=UTC)
ID = UUID(int=7)
FULL = CheckResult(
    integration_id=ID,
    check_seq=3,
    check_id=check_id(ID, 3, NOW),
    checked_at=NOW,
    outcome=Outcome.RATE_LIMITED,
    evidence=(
        Evidence("GMAIL_GET_PROFILE", redact("invalid_grant"), 429, 120),
        Evidence("GET /status", redact("")),
    ),
    response_time_ms=120,
    server_status=redact("ACTIVE"),
    is_active=True,
    is_certain=True,
    is_probed=True,
    wait=timedelta(seconds=1.5),
)
BARE = CheckResult(ID, 4, check_id(ID, 4, NOW), NOW, Outcome.OK)
KEPT = Kept((FULL, BARE), {ID: 9}, batch=5)
# KEPT as the release that has `kept_results.VERSION` writes it: it changes with the shape of what
# is kept, and then that number must be raised.
WRITTEN = (
    "93929cc4100000000000000000000000000000000703c41001c1a747bf4878eb9bf321077dcfff6ad6ff731c7cddac"
    "726174655f6c696d697465649294b1474d41494c5f4745545f50524f46494c45ad696e76616c69645f6772616e74cd"
    "01ad7894ab474554202f737461747573a0c0c078a6414354495645c3c3c3a65054312e35539cc41000000000000000"
    "00000000000000000704c41001c1a747bf4874798acb38d2fdcc583bd6ff731c7cdda26f6b90c0c0c0c2c2c081c410"
    "000000000000000000000000000000070905"
)
VERSION = 1
# The same with a result of thirteen values, the last one nil, as a later release may write it.
LONGER = WRITTEN.replace(
    "9c" + "c410" + "00" * 15 + "0704", "9d" + "c410" + "00" * 15 + "0704"
).replace("90c0c0c0c2c2c0", "90c0c0c0c2c2c0" + "c0")


def test_what_is_packed_comes_back_as_it_was() -> None:
    back = kept_results.unpack(kept_results.pack(KEPT))

    assert back == KEPT
    assert isinstance(back.results[0].evidence[0].said, SafeText)


def test_another_shape_is_another_version() -> None:
    assert len(LONGER) == len(WRITTEN) + 2
    assert kept_results.VERSION == VERSION
    assert zlib.decompress(kept_results.pack(KEPT)).hex() == WRITTEN


@pytest.mark.parametrize(
    "packed",
    [
        b"",
        b"neither one nor the other",
        kept_results.pack(KEPT)[:-9],
        zlib.compress(b""),
        zlib.compress(bytes.fromhex(WRITTEN)[:-1]),
        zlib.compress(bytes.fromhex(WRITTEN).replace(b"rate_limited", b"rate_unknown")),
        zlib.compress(b"\x93" + bytes(10_000_000)),
        zlib.compress(bytes.fromhex(LONGER)),
    ],
)
def test_what_was_not_packed_so_is_not_read(packed: bytes) -> None:
    with pytest.raises(Unreadable):
        kept_results.unpack(packed)


@pytest.mark.parametrize(("count", "sizes"), [(0, [0]), (200, [200]), (450, [200, 200, 50])])
def test_a_claim_ends_with_the_last_of_its_parts(count: int, sizes: list[int]) -> None:
    results = [replace(BARE, integration_id=UUID(int=number)) for number in range(count)]
    versions = {result.integration_id: 1 for result in results}

    parts = list(kept_results.parts(results, versions, batch=5))

    assert [len(part.results) for part in parts] == sizes
    assert [part.batch for part in parts] == [None] * (len(sizes) - 1) + [5]
    assert [one for part in parts for one in part.results] == results
    assert {id for part in parts for id in part.versions} == set(versions)


def test_the_longest_words_of_all_of_them_find_room() -> None:
    words = ["invalid", "token", "request", "service", "failed", "expired", "not", "found", "user"]
    results = []
    said = [redact(" ".join(random.choices(words, k=60))) for _ in range(40)]
    assert min(map(len, said)) > MOST - 20
    for number in range(kept_results.AT_ONCE):
        calls = tuple(Evidence("CALL", random.choice(said), 500, number) for _ in range(2))
        results.append(replace(FULL, integration_id=UUID(int=number), evidence=calls))

    packed = kept_results.pack(Kept(tuple(results), {}, None))

    assert len(packed) <= kept_results.MOST_BYTES


def test_no_secret_that_a_provider_says_is_among_the_bytes() -> None:
    said = " ".join(CANARIES)
    answer = ToolAnswer(is_successful=False, call=Call("GMAIL_GET_PROFILE", 200, 5), error=said)
    found = judgement.conclude(target(), None, answer, id=FULL.check_id, at=NOW, slow_after_ms=1)

    packed = kept_results.pack(Kept((found,), {}, None))

    written = zlib.decompress(packed).decode(errors="replace")
    assert [canary for canary in CANARIES if canary in written] == []
