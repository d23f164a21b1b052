"""Why an integration is taken for what it is, in words."""

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from integrations_health import verdicts
from integrations_health.outcomes import MEANINGS, Outcome
from integrations_health.status import LADDER_TOP
from integrations_health.verdicts import Said

NOW = datetime(2031, 3, 14, 12, tzinfo=UTC)
FIVE_MINUTES = timedelta(minutes=5)


@dataclass
class Health:
    service: str = "slack"
    provider: str = "composio"
    enabled: bool = True
    status: str = "unhealthy"
    error_code: str = "auth_expired"
    metadata: Any = None
    consecutive_failures: int = 0
    last_check_at: datetime | None = NOW
    next_check_at: datetime = NOW + timedelta(minutes=58)


EXPIRED = Health(
    metadata={
        "outcome": "auth_expired",
        "serverStatus": "ACTIVE",
        "isProbed": True,
        "evidence": [
            {"call": "GET account", "said": "ACTIVE", "httpStatus": 200, "latencyMs": None},
            {
                "call": "SLACK_TEST_AUTH",
                "said": "token_revoked",
                "httpStatus": 200,
                "latencyMs": 204,
            },
        ],
    }
)


def test_a_verdict_says_what_why_and_whose_fault() -> None:
    verdict = verdicts.explain(EXPIRED)

    assert verdict.sentence == "The connection expired or was revoked. Reconnect it."
    assert verdict.code == "auth_expired"
    assert verdict.fault.startswith("Not Composio's and not Slack's")
    assert verdict.evidence == [
        Said("Composio", "GET account", "ACTIVE", "HTTP 200"),
        Said("Slack", "SLACK_TEST_AUTH", "token_revoked", "HTTP 200, 204 ms"),
    ]
    assert verdict.aside == ""


@pytest.mark.parametrize("outcome", list(Outcome))
def test_every_outcome_has_a_sentence_and_somebody_or_nobody_to_blame(outcome: Outcome) -> None:
    code = "" if outcome is Outcome.OK else outcome.value

    verdict = verdicts.explain(Health(error_code=code, metadata={"outcome": outcome.value}))

    assert verdict.sentence
    assert verdict.fault
    assert "{" not in verdict.fault
    assert (verdict.fault == "Nobody's.") == (MEANINGS[outcome].cause is None)


@pytest.mark.parametrize(
    ("code", "cause", "whose"),
    [
        ("", "provider", "Composio's."),
        ("timeout", "service", "Slack's:"),
        ("internal_error", "provider", "Composio's."),
        ("auth_expired", "provider", "Not Composio's"),
        ("permission", "service", "Not Composio's"),
    ],
)
def test_an_incident_is_to_blame_unless_only_the_owner_can_mend_it(
    code: str, cause: str, whose: str
) -> None:
    verdict = verdicts.explain(
        Health(error_code=code, metadata={"outcome": code or "ok"}), incident_cause=cause
    )

    assert verdict.fault.startswith(whose)


def test_what_was_never_checked_has_no_verdict() -> None:
    verdict = verdicts.explain(Health(last_check_at=None, error_code="", metadata={}))

    assert verdict.sentence == "It was not checked yet."
    assert verdict.evidence == []


def test_a_check_that_says_nothing_is_told_beside_the_status_that_stands() -> None:
    stands = replace(EXPIRED, metadata={"outcome": "rate_limited"})

    verdict = verdicts.explain(stands)

    assert verdict.code == "auth_expired"
    assert verdict.aside == "The provider asked us to wait before we look again."


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3)
    ),
    max_leaves=8,
)
named = st.dictionaries(
    st.sampled_from(["outcome", "isProbed", "evidence", "call", "said", "httpStatus"]), json_values
)


@given(json_values | named | st.lists(named, max_size=3).map(lambda some: {"evidence": some}))
def test_whatever_stands_in_the_metadata_is_no_reason_to_fail(metadata: Any) -> None:
    assert verdicts.explain(Health(metadata=metadata)).sentence


def outlook(*, is_running: bool = False, **fields: Any) -> verdicts.Outlook:
    return verdicts.outlook(
        Health(**fields), is_running=is_running, interval=FIVE_MINUTES, now=NOW, zone=UTC
    )


@pytest.mark.parametrize(
    ("fields", "next_check"),
    [
        ({}, "In 58 min, at 12:58."),
        ({"next_check_at": NOW}, "In a moment: it is due."),
        ({"next_check_at": NOW - timedelta(hours=9)}, "In a moment: it is due."),
        ({"is_running": True}, "It is being checked right now."),
        ({"is_running": True, "next_check_at": NOW}, "It is being checked right now."),
        ({"enabled": False}, "None: it is paused, and nobody checks it."),
    ],
)
def test_the_next_check_is_told(fields: dict[str, Any], next_check: str) -> None:
    assert outlook(**fields).next_check == next_check


@pytest.mark.parametrize(
    ("failures", "pace"),
    [
        (0, "Every 5 min while it works."),
        (1, "After 1 check without success every 10 min: step 1 of 4."),
        (3, "After 3 checks in a row without success every 40 min: step 3 of 4."),
        (4, "After 4 checks in a row without success every 1 h: step 4 of 4."),
        (99, "After 99 checks in a row without success every 1 h: step 4 of 4."),
    ],
)
def test_the_pace_of_checks_is_told(failures: int, pace: str) -> None:
    assert outlook(consecutive_failures=failures).pace == pace


@given(st.integers(1, 10**6), st.integers(60, 3600).map(lambda s: timedelta(seconds=s)))
def test_the_ladder_ends_at_the_longest_wait(failures: int, interval: timedelta) -> None:
    at, steps = verdicts.step(failures, interval=interval)

    assert 1 <= at <= steps
    assert interval * 2**steps >= LADDER_TOP
    assert steps == 1 or interval * 2 ** (steps - 1) < LADDER_TOP
