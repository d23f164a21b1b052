"""Who is asked to connect again, and who is not."""

import pytest

from integrations_health import reauth_rules
from integrations_health.outcomes import Outcome
from integrations_health.reauth_rules import Call


@pytest.mark.parametrize(
    ("status", "error_code", "is_needed"),
    [
        ("unhealthy", "auth_expired", True),
        ("unhealthy", "disconnected", True),
        # Seen once: the second look decides.
        ("degraded", "auth_expired", False),
        ("degraded", "disconnected", False),
        ("degraded", "permission", True),
        ("unhealthy", "permission", True),
        ("healthy", "", False),
        ("unknown", "pending", False),
        ("unknown", "key_rejected", False),
        ("unhealthy", "timeout", False),
        ("degraded", "service_error", False),
        ("unhealthy", "a code of tomorrow", False),
    ],
)
def test_only_what_its_owner_alone_can_mend_asks_for_them(
    status: str, error_code: str, is_needed: bool
) -> None:
    def needs(*, is_enabled: bool) -> bool:
        return reauth_rules.needs_owner(status=status, error_code=error_code, is_enabled=is_enabled)

    assert needs(is_enabled=True) is is_needed
    assert not needs(is_enabled=False)


def test_of_all_outcomes_three_are_the_owners() -> None:
    assert {outcome for outcome in Outcome if reauth_rules.is_owners(outcome)} == {
        Outcome.AUTH_EXPIRED,
        Outcome.DISCONNECTED,
        Outcome.PERMISSION,
    }


@pytest.mark.parametrize(
    ("is_needed", "is_supported", "is_on_hold", "call"),
    [
        (True, True, False, Call.OFFERED),
        (True, True, True, Call.ON_HOLD),
        (True, False, True, Call.UNSUPPORTED),
        (True, False, False, Call.UNSUPPORTED),
        (False, True, True, Call.NOT_NEEDED),
        (False, False, False, Call.NOT_NEEDED),
    ],
)
def test_the_call_says_why_not(
    is_needed: bool, is_supported: bool, is_on_hold: bool, call: Call
) -> None:
    said = reauth_rules.decide(
        is_needed=is_needed, is_supported=is_supported, is_on_hold=is_on_hold
    )

    assert said is call


@pytest.mark.parametrize(
    ("checked", "dead", "people", "refused", "is_storm"),
    [
        (0, 0, 0, 0, False),
        (100, 0, 0, 0, False),
        (100, 29, 29, 0, False),
        (100, 30, 30, 0, True),
        (100, 100, 100, 0, True),
        (3, 0, 0, 3, True),
        # One of three may be refused for itself.
        (3, 0, 0, 1, False),
        (3, 0, 0, 2, True),
        (1, 0, 0, 1, True),
        (100, 0, 0, 29, False),
        (100, 10, 10, 20, True),
        # A family that changed its password is no storm, however much it connected.
        (12, 12, 4, 0, False),
        (5, 5, 5, 0, True),
        (10, 4, 4, 0, False),
    ],
)
def test_a_third_at_once_is_hardly_each_owners(
    checked: int, dead: int, people: int, refused: int, is_storm: bool
) -> None:
    said = reauth_rules.is_storm(checked=checked, dead=dead, people=people, refused=refused)

    assert said is is_storm
