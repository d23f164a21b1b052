"""What the answers of probes mean."""

from typing import Any

import pytest

from integrations_health.outcomes import Outcome
from integrations_health.probes import judge, probe_for
from integrations_health.providers.base import Call, Failure, ToolAnswer
from tests.unit.targets import target

SLOW_MS = 5_000


def answer(
    *,
    is_successful: bool = True,
    data: Any = None,
    error: str = "",
    upstream_status: int | None = None,
    latency_ms: int = 120,
) -> ToolAnswer:
    return ToolAnswer(
        is_successful=is_successful,
        call=Call("GMAIL_GET_PROFILE", 200, latency_ms),
        data=data,
        error=error,
        upstream_status=upstream_status,
    )


def failed(error: str, upstream_status: int | None = None) -> ToolAnswer:
    return answer(is_successful=False, error=error, upstream_status=upstream_status)


@pytest.mark.parametrize(
    ("heard", "outcome"),
    [
        (answer(data={"emailAddress": "a@example.test"}), Outcome.OK),
        (answer(data=[]), Outcome.OK),
        (answer(data={"ok": True}), Outcome.OK),
        (answer(latency_ms=5_000), Outcome.OK),
        (answer(latency_ms=5_001), Outcome.SLOW),
        (answer(data={"ok": False, "error": "token_revoked"}), Outcome.AUTH_EXPIRED),
        (answer(data={"ok": False, "error": "missing_scope"}), Outcome.PERMISSION),
        (
            answer(data={"response_data": {"ok": False, "error": "account_inactive"}}),
            Outcome.AUTH_EXPIRED,
        ),
        (failed("invalid_grant: Token has been expired or revoked."), Outcome.AUTH_EXPIRED),
        (failed("401 Client Error: Unauthorized for url"), Outcome.AUTH_EXPIRED),
        (failed("Client error '401 Unauthorized' for url"), Outcome.AUTH_EXPIRED),
        (failed("Request had invalid authentication credentials.", 401), Outcome.AUTH_EXPIRED),
        (failed("something odd", 401), Outcome.AUTH_EXPIRED),
        (failed("Request had insufficient authentication scopes.", 403), Outcome.PERMISSION),
        (failed("forbidden", 403), Outcome.PERMISSION),
        (failed("Quota exceeded for quota metric 'Queries'", 403), Outcome.SERVICE_ERROR),
        (failed("Gmail API has not been used in project 123 before", 403), Outcome.SERVICE_ERROR),
        (failed("slow down", 429), Outcome.SERVICE_ERROR),
        (failed("Google Calendar API Error (503): backend"), Outcome.SERVICE_ERROR),
        (failed("backend error", 500), Outcome.SERVICE_ERROR),
        (failed("bad argument", 400), Outcome.PROBE_MISCONFIGURED),
        (failed("Returned 3 revoked certificates"), Outcome.SERVICE_ERROR),
        (failed("Error executing tool gmail_search_emails"), Outcome.SERVICE_ERROR),
        (failed(""), Outcome.SERVICE_ERROR),
    ],
)
def test_an_answer_means_an_outcome(heard: ToolAnswer, outcome: Outcome) -> None:
    assert judge(heard, slow_after_ms=SLOW_MS) is outcome


@pytest.mark.parametrize("outcome", [Outcome.TIMEOUT, Outcome.KEY_REJECTED, Outcome.RATE_LIMITED])
def test_a_call_without_an_answer_keeps_its_own_outcome(outcome: Outcome) -> None:
    failure = Failure(outcome=outcome, call=Call("GMAIL_GET_PROFILE"))

    assert judge(failure, slow_after_ms=SLOW_MS) is outcome


@pytest.mark.parametrize(
    ("provider", "service", "tool"),
    [
        ("composio", "gmail", "GMAIL_GET_PROFILE"),
        ("composio", "calendar", "GOOGLECALENDAR_LIST_CALENDARS"),
        ("composio", "slack", "SLACK_TEST_AUTH"),
        ("klavis", "gmail", "gmail_search_emails"),
        ("klavis", "calendar", "google_calendar_list_calendars"),
        ("klavis", "slack", "slack_user_list_channels"),
        ("mcp", "gmail", "gmail_search_emails"),
    ],
)
def test_each_known_service_has_a_probe_of_its_provider(
    provider: str, service: str, tool: str
) -> None:
    probe = probe_for(target(provider=provider, service=service))

    assert probe is not None
    assert probe.tool == tool


def test_a_service_without_a_probe_has_none() -> None:
    assert probe_for(target(service="notion")) is None


def test_an_integration_may_name_its_own_probe() -> None:
    probe = probe_for(target(service="notion", probe_tool="whoami", probe_arguments={"a": 1}))

    assert probe == ("whoami", {"a": 1})
