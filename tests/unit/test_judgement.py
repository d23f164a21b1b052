"""What server and probe mean together."""

from datetime import UTC, datetime, timedelta

import pytest

from integrations_health.judgement import ProbeWord, ServerWord, evidence, judge, needs_probe
from integrations_health.outcomes import CheckTarget, Outcome
from integrations_health.providers.base import (
    Call,
    ConnectionState,
    Failure,
    ServerStatus,
    ToolAnswer,
)
from tests.unit.targets import target

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
PAGE = Call("GET connected_accounts", 200)
TOOL = Call("GMAIL_GET_PROFILE", 200, 120)

WORKS = ToolAnswer(is_successful=True, call=TOOL)
DEAD_GRANT = ToolAnswer(is_successful=False, call=TOOL, error="invalid_grant")
NO_SCOPE = ToolAnswer(is_successful=False, call=TOOL, error="missing_scope")
HANGS = Failure(outcome=Outcome.TIMEOUT, call=Call("GMAIL_GET_PROFILE"))
LIST_FAILS = Failure(outcome=Outcome.SERVER_ERROR, call=Call("GET connected_accounts", 500))
KEY_REFUSED = Failure(outcome=Outcome.KEY_REJECTED, call=Call("GET connected_accounts", 401))
TOLD_TO_WAIT = Failure(outcome=Outcome.RATE_LIMITED, call=Call("GET connected_accounts", 429))


def says(state: ConnectionState, *, latency_ms: int | None = None) -> ServerStatus:
    return ServerStatus(state=state, call=PAGE._replace(latency_ms=latency_ms), said=state.upper())


ACTIVE = says(ConnectionState.ACTIVE)
PENDING = says(ConnectionState.PENDING)


@pytest.mark.parametrize(
    ("server", "probe", "outcome", "is_certain"),
    [
        (ACTIVE, WORKS, Outcome.OK, False),
        (ACTIVE, DEAD_GRANT, Outcome.AUTH_EXPIRED, False),
        (ACTIVE, NO_SCOPE, Outcome.PERMISSION, False),
        (ACTIVE, HANGS, Outcome.TIMEOUT, False),
        (ACTIVE, None, Outcome.OK, False),
        (None, WORKS, Outcome.OK, False),
        (None, HANGS, Outcome.TIMEOUT, False),
        (says(ConnectionState.EXPIRED), None, Outcome.AUTH_EXPIRED, True),
        (says(ConnectionState.GONE), None, Outcome.DISCONNECTED, False),
        (says(ConnectionState.DISABLED), None, Outcome.DISCONNECTED, False),
        (says(ConnectionState.MISCONFIGURED), None, Outcome.PROBE_MISCONFIGURED, False),
        (says(ConnectionState.UNKNOWN), WORKS, Outcome.OK, False),
        (says(ConnectionState.UNKNOWN), DEAD_GRANT, Outcome.AUTH_EXPIRED, False),
        (says(ConnectionState.UNKNOWN), None, Outcome.PROBE_MISCONFIGURED, False),
        (PENDING, None, Outcome.PENDING, False),
        (LIST_FAILS, None, Outcome.SERVER_ERROR, False),
        (LIST_FAILS, WORKS, Outcome.OK, False),
        (LIST_FAILS, DEAD_GRANT, Outcome.AUTH_EXPIRED, False),
        (KEY_REFUSED, None, Outcome.KEY_REJECTED, False),
        (TOLD_TO_WAIT, None, Outcome.RATE_LIMITED, False),
        (says(ConnectionState.ACTIVE, latency_ms=9_000), None, Outcome.SLOW, False),
    ],
)
def test_server_and_probe_together_mean_an_outcome(
    server: ServerWord, probe: ProbeWord, outcome: Outcome, is_certain: bool
) -> None:
    verdict = judge(target(), server, probe, at=NOW, slow_after_ms=5_000)

    assert verdict == (outcome, is_certain)


@pytest.mark.parametrize(
    ("word", "is_needed"),
    [
        (None, True),
        (ACTIVE, True),
        (says(ConnectionState.UNKNOWN), True),
        (LIST_FAILS, True),
        (PENDING, False),
        (says(ConnectionState.EXPIRED), False),
        (says(ConnectionState.GONE), False),
        (KEY_REFUSED, False),
        (TOLD_TO_WAIT, False),
    ],
)
def test_a_probe_is_made_only_where_it_can_add_something(word: ServerWord, is_needed: bool) -> None:
    assert needs_probe(target(), word) is is_needed


def test_who_was_connected_is_probed_even_when_the_provider_says_pending() -> None:
    assert needs_probe(target(was_connected=True), PENDING)


@pytest.mark.parametrize("probe", [DEAD_GRANT, NO_SCOPE, HANGS])
def test_what_fails_within_a_minute_of_connecting_is_pending(probe: ProbeWord) -> None:
    fresh = target(connected_at=NOW - timedelta(seconds=59))

    verdict = judge(fresh, ACTIVE, probe, at=NOW, slow_after_ms=5_000)

    assert verdict.outcome is Outcome.PENDING


@pytest.mark.parametrize(
    ("settled", "probe", "outcome"),
    [
        (target(connected_at=NOW - timedelta(seconds=60)), DEAD_GRANT, Outcome.AUTH_EXPIRED),
        (target(connected_at=NOW + timedelta(days=365_000)), DEAD_GRANT, Outcome.AUTH_EXPIRED),
        (target(connected_at=NOW - timedelta(seconds=5)), WORKS, Outcome.OK),
    ],
)
def test_the_grace_ends_after_a_minute_and_hides_no_success(
    settled: CheckTarget, probe: ProbeWord, outcome: Outcome
) -> None:
    verdict = judge(settled, ACTIVE, probe, at=NOW, slow_after_ms=5_000)

    assert verdict.outcome is outcome


def test_the_word_of_the_provider_needs_no_grace() -> None:
    fresh = target(connected_at=NOW)

    verdict = judge(fresh, says(ConnectionState.EXPIRED), None, at=NOW, slow_after_ms=5_000)

    assert verdict == (Outcome.AUTH_EXPIRED, True)


def test_credentials_that_vanish_are_no_set_up_in_progress() -> None:
    verdict = judge(target(was_connected=True), PENDING, DEAD_GRANT, at=NOW, slow_after_ms=5_000)

    assert verdict.outcome is Outcome.AUTH_EXPIRED


def test_credentials_that_vanish_where_there_is_no_probe_are_a_dead_grant() -> None:
    gone = target(was_connected=True, service="notion")

    verdict = judge(gone, PENDING, None, at=NOW, slow_after_ms=5_000)

    assert verdict == (Outcome.AUTH_EXPIRED, False)


def test_a_probe_that_the_provider_does_not_know_hides_no_vanished_credentials() -> None:
    unknown_tool = Failure(outcome=Outcome.PROBE_MISCONFIGURED, call=TOOL)

    verdict = judge(target(was_connected=True), PENDING, unknown_tool, at=NOW, slow_after_ms=5_000)

    assert verdict == (Outcome.AUTH_EXPIRED, False)


def test_credentials_that_never_were_are_a_set_up_in_progress() -> None:
    verdict = judge(target(was_connected=False), PENDING, DEAD_GRANT, at=NOW, slow_after_ms=5_000)

    assert verdict.outcome is Outcome.PENDING


@pytest.mark.parametrize(
    ("was_connected", "expected"),
    [(False, (Outcome.PENDING, False)), (True, (Outcome.AUTH_EXPIRED, True))],
)
def test_what_nobody_finished_setting_up_is_dead_for_whoever_was_connected(
    was_connected: bool, expected: tuple[Outcome, bool]
) -> None:
    abandoned = says(ConnectionState.ABANDONED)

    verdict = judge(
        target(was_connected=was_connected), abandoned, None, at=NOW, slow_after_ms=5_000
    )

    assert verdict == expected


def test_the_evidence_names_each_call_and_what_it_said() -> None:
    heard = evidence(ACTIVE, DEAD_GRANT)

    assert [(item.call, item.said) for item in heard] == [
        ("GET connected_accounts", "ACTIVE"),
        ("GMAIL_GET_PROFILE", "invalid_grant"),
    ]
