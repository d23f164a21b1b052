"""What people read of services and providers."""

import pytest

from integrations_health import names


@pytest.mark.parametrize(
    ("provider", "service", "who"),
    [
        ("composio", "gmail", "Gmail through Composio"),
        ("klavis", "", "Klavis"),
        ("", "calendar", "Google Calendar"),
        ("", "", "Everything"),
    ],
)
def test_an_incident_names_whom_it_concerns(provider: str, service: str, who: str) -> None:
    assert names.concerned(provider, service) == who
