"""What an alert says."""

from datetime import timedelta

import pytest

from alerts import words
from alerts.rules import Condition, Rate
from integrations_health.outcomes import Outcome
from tests.unit.test_rules import rule, seen


@pytest.mark.parametrize(
    ("service", "provider", "called"),
    [
        ("gmail", "composio", "Gmail via Composio"),
        ("calendar", "mcp", "Google Calendar via MCP"),
        ("our-crm", "klavis", "Our Crm via Klavis"),
    ],
)
def test_what_has_no_name_of_its_own_is_called_as_on_the_pages(
    service: str, provider: str, called: str
) -> None:
    assert words.name(display_name="", service=service, provider=provider) == called


def test_failures_in_a_row_are_counted_and_explained() -> None:
    what = seen(Outcome.AUTH_EXPIRED, consecutive_failures=3)

    assert words.opened("Gmail", rule(), what, rate=Rate()) == (
        "Gmail has failed 3 times in a row. The connection expired or was revoked. Reconnect it."
    )


def test_a_first_failure_is_no_row() -> None:
    what = seen(Outcome.TIMEOUT, consecutive_failures=1)

    assert words.opened("Gmail", rule(threshold=1), what, rate=Rate()) == (
        "Gmail has failed. The provider did not answer in time."
    )


def test_slowness_names_the_limit() -> None:
    slow = rule(Condition.RESPONSE_TIME, threshold=5000)

    assert words.opened("Gmail", slow, seen(response_time_ms=6234), rate=Rate()) == (
        "Gmail took 6.23 s to answer; 5 s is the limit."
    )


def test_an_error_rate_names_its_sample() -> None:
    rate_rule = rule(Condition.ERROR_RATE, threshold=50, window=timedelta(minutes=90))

    assert words.opened("Gmail", rate_rule, seen(), rate=Rate(6, 10)) == (
        "Gmail failed in 60 % of 10 checks within 1 h 30 min. The provider did not answer in time."
    )


def test_an_integration_is_called_by_its_own_name_first() -> None:
    names = {"service": "gmail", "provider": "composio"}

    assert words.name(display_name="Work mail", **names) == "Work mail"
    assert words.name(display_name="", **names) == "Gmail via Composio"


def test_the_all_clear_says_how_long_it_took() -> None:
    assert words.recovered("Gmail", after=timedelta(minutes=40)) == (
        "Gmail works again, after 40 min."
    )
