"""What there is to tell, in a subject and in lines."""

from typing import Any

import pytest

from alerts import messages, news
from tests.unit.test_messages import KEY, LATER, UPDATE, told


@pytest.mark.parametrize(
    ("one", "subject"),
    [
        ({}, "Gmail via Composio is failing: trouble at the provider"),
        ({"error_code": "auth_expired"}, "Gmail via Composio is failing: the connection expired"),
        ({"error_code": "permission"}, "Gmail via Composio is failing: a permission is missing"),
        ({"error_code": ""}, "Gmail via Composio is failing"),
        ({"name": "Ann's mail"}, "Ann's mail is failing: trouble at the provider"),
        ({"is_degraded": True}, "Gmail via Composio has trouble: trouble at the provider"),
        ({"event": "escalated"}, "Gmail via Composio became worse: trouble at the provider"),
        (
            {"event": "recovered", "ended_at": LATER},
            "Gmail via Composio works again, after 2 h 5 min",
        ),
        (
            {"event": "recovered", "ended_at": LATER, "is_whole": True},
            "Gmail via Composio was down for 2 h 5 min, and works again",
        ),
        (
            {"event": "recovered", "ended_at": LATER, "is_whole": True, "is_degraded": True},
            "Gmail via Composio had trouble for 2 h 5 min, and works again",
        ),
        (
            {"error_code": "slow", "is_degraded": True},
            "Gmail via Composio has trouble: it answers slowly",
        ),
        ({"error_code": "disconnected"}, "Gmail via Composio is failing: the account is gone"),
        (
            {"event": "recovered", "ended_at": LATER, "end": "is no longer watched"},
            "Gmail via Composio is no longer watched, after 2 h 5 min",
        ),
        (
            {
                "event": "recovered",
                "ended_at": LATER,
                "end": "is no longer watched",
                "is_whole": True,
            },
            "Gmail via Composio was down for 2 h 5 min, and is no longer watched",
        ),
        ({"is_notice": True, "sentence": KEY}, "Klavis refuses our key"),
        (
            {"is_notice": True, "sentence": KEY, "event": "recovered", "ended_at": LATER},
            "Over: Klavis refuses our key",
        ),
        ({"is_notice": True, "sentence": UPDATE}, "Our check of services at MCP needs an update"),
    ],
)
def test_a_subject_says_what_and_why(one: dict[str, Any], subject: str) -> None:
    assert news.subject([told(**one)]) == subject


def test_a_subject_counts_the_people() -> None:
    many = [told() for _ in range(412)]

    assert news.subject(many) == (
        "Gmail via Composio is failing: 412 users, trouble at the provider"
    )


def test_a_subject_tells_of_most_and_counts_the_rest() -> None:
    mixed = [*(told() for _ in range(3)), told(service="slack"), told(event="recovered")]

    assert news.subject(mixed).endswith("3 users, trouble at the provider (and 2 more)")


def test_a_subject_counts_notices_of_a_kind() -> None:
    dead = {"is_notice": True, "kind": "a message could not be delivered"}

    assert news.subject([told(**dead), told(**dead)]) == "A message could not be delivered (2)"


def test_all_clears_that_ended_otherwise_are_told_apart() -> None:
    over = {"event": "recovered", "ended_at": LATER}
    paused = told(**over, end="is no longer watched")

    assert news.subject([told(**over), told(**over), paused]) == (
        "Gmail via Composio works again: 2 users (and 1 more)"
    )


def test_a_line_never_says_that_what_was_paused_works_again() -> None:
    over = {"event": "recovered", "ended_at": LATER, "end": "is no longer watched"}

    plain, whole = (
        news.line(told(**over, is_whole=flag), zone="UTC").sentence for flag in (False, True)
    )

    assert plain == "Gmail via Composio is no longer watched, after 2 h 5 min."
    assert whole == (
        "Gmail via Composio was down for 2 h 5 min, and is no longer watched. "
        "It was: Gmail via Composio has failed 3 times in a row."
    )


ADVICE = "You need do nothing. We keep checking, and tell you when it works."


@pytest.mark.parametrize(
    ("fields", "advice"),
    [
        ({}, ADVICE),
        ({"error_code": "service_error"}, ADVICE),
        ({"event": "escalated"}, ADVICE),
        ({"ended_at": LATER}, "You need do nothing."),
        ({"error_code": "auth_expired"}, ""),
        ({"error_code": "permission"}, ""),
        ({"event": "recovered", "ended_at": LATER}, ""),
    ],
)
def test_who_can_do_nothing_about_it_is_told_so(fields: dict[str, Any], advice: str) -> None:
    one = told(**fields)

    assert news.line(one, zone="UTC").advice == advice
    for_owner, for_staff = (
        messages.mail([one], zone="UTC", is_owner=is_owner) for is_owner in (True, False)
    )
    assert all(advice in shown for shown in for_owner[1:])
    assert not any("do nothing" in shown for shown in for_staff)


@pytest.mark.parametrize(
    ("codes", "times"), [(["server_error"] * 3, 1), (["server_error", "auth_expired"], 1)]
)
def test_what_is_the_same_of_all_is_said_once(codes: list[str], times: int) -> None:
    some = [told(error_code=code) for code in codes]

    _, text, html = messages.mail(some, zone="UTC", is_owner=True)

    assert (text.count(ADVICE), html.count(ADVICE)) == (times, times)
    # Beside the line that it is about, where it is not about all.
    assert (f"{ADVICE}\n\nSee how it is" in text) is (len(set(codes)) == 1)
