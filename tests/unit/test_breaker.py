"""A breaker lets nobody wait for what does not answer, and finds out by one when it does again."""

from collections.abc import Callable

import pytest

from integrations_health.breaker import Breaker

REST = 5.0
Step = tuple[float, str, bool]

# At which second somebody asks, or hears how it went; and what the breaker says.
STORIES: dict[str, list[Step]] = {
    "closed, everybody asks": [(0, "admits", True), (0, "admits", True), (9, "admits", True)],
    "after a failure nobody asks until it has rested": [
        (0, "admits", True),
        (1, "fail", True),
        (1, "admits", False),
        (5.9, "admits", False),
        (6, "admits", True),
    ],
    "a trial is one's alone": [
        (0, "fail", True),
        (5, "admits", True),
        (5, "admits", False),
        (9.9, "admits", False),
    ],
    "a trial that succeeds lets everybody ask": [
        (0, "fail", True),
        (5, "admits", True),
        (5.1, "succeed", True),
        (5.1, "admits", True),
        (5.1, "admits", True),
    ],
    "a trial that fails lets it rest again, from then on": [
        (0, "fail", True),
        (5, "admits", True),
        (7, "fail", False),
        (11.9, "admits", False),
        (12, "admits", True),
    ],
    "a trial of which nobody hears is over after as long as a rest": [
        (0, "fail", True),
        (5, "admits", True),
        (10, "admits", True),
        (10, "admits", False),
    ],
    "in doubt, the next one tries at once and alone": [
        (0, "doubt", True),
        (0, "admits", True),
        (0, "admits", False),
        (0.1, "succeed", True),
        (0.1, "admits", True),
    ],
    "doubt ends no rest": [(0, "fail", True), (1, "doubt", False), (2, "admits", False)],
    "doubt ends no trial": [
        (0, "fail", True),
        (5, "admits", True),
        (6, "doubt", False),
        (6, "admits", False),
    ],
    "a late failure makes the rest longer": [
        (0, "fail", True),
        (3, "fail", False),
        (5, "admits", False),
        (8, "admits", True),
    ],
    "a failure says nothing when others succeeded meanwhile": [
        (2, "succeed", False),
        (3, "fail of what began at 1", False),
        (3, "admits", True),
        (3, "fail", True),
    ],
    "success that nobody doubted is no news": [(0, "admits", True), (1, "succeed", False)],
}


@pytest.mark.parametrize("story", STORIES.values(), ids=STORIES)
def test_a_breaker_admits(story: list[Step]) -> None:
    breaker = Breaker(rest_seconds=REST)
    does: dict[str, Callable[[float], bool]] = {
        "admits": lambda at: breaker.admits(now=at),
        "fail": lambda at: breaker.fail(began=at, now=at),
        "fail of what began at 1": lambda at: breaker.fail(began=1, now=at),
        "doubt": lambda at: breaker.doubt(now=at),
        "succeed": lambda at: breaker.succeed(now=at),
    }

    said = [(at, what, does[what](at)) for at, what, _ in story]

    assert said == story
