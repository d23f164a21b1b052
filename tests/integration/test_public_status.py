"""What anybody may know, read on the real server."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from integrations_health import public_bars, public_states, public_status
from integrations_health.bars import Tone
from integrations_health.models import ProviderDay
from integrations_health.population import Standing
from integrations_health.public_states import State
from integrations_health.public_status import LEAST_USERS, Board, Line
from tests import factories
from tests.statements import counted_statements

pytestmark = pytest.mark.django_db

DAY = timedelta(days=1)
FAILING = {"status": "unhealthy", "error_code": "timeout"}


def crowd(count: int, *, now: datetime, **fields: Any) -> None:
    """Make integrations of as many people."""
    for _ in range(count):
        factories.integration(**{"status": "healthy", "last_check_at": now} | fields)


def lines(board: Board) -> dict[tuple[str, str], Line]:
    return {
        (line.provider, line.service): line
        for provider in board.providers
        for line in (provider.whole, *provider.services)
    }


def test_an_empty_house_has_an_empty_board(now: datetime) -> None:
    board = public_status.read(now=now)

    assert (board.providers, board.incidents, board.state) == ([], [], State.UNKNOWN)


def test_each_provider_is_told_of_with_its_services(now: datetime) -> None:
    crowd(LEAST_USERS, now=now)
    crowd(LEAST_USERS, now=now, service="slack", **FAILING)
    crowd(LEAST_USERS, now=now, provider="klavis")

    board = public_status.read(now=now)

    assert {key: line.state for key, line in lines(board).items()} == {
        ("composio", ""): State.OUTAGE,
        ("composio", "gmail"): State.OPERATIONAL,
        ("composio", "slack"): State.OUTAGE,
        ("klavis", ""): State.OPERATIONAL,
        ("klavis", "gmail"): State.OPERATIONAL,
    }
    assert [provider.state for provider in board.providers] == [State.OUTAGE, State.OPERATIONAL]
    assert board.state is State.OUTAGE


def test_a_service_of_too_few_people_is_hidden_behind_its_provider(now: datetime) -> None:
    crowd(LEAST_USERS, now=now)
    crowd(LEAST_USERS - 1, now=now, service="slack", response_time_ms=100)

    assert list(lines(public_status.read(now=now))) == [("composio", ""), ("composio", "gmail")]


def test_many_connections_of_few_people_are_few(now: datetime) -> None:
    person = factories.user()
    crowd(9, now=now, user=person, response_time_ms=100)

    [whole] = lines(public_status.read(now=now)).values()

    assert whole.is_small
    assert (whole.state, whole.p95_ms) == (State.UNKNOWN, None)
    assert set(whole.bar.tones) == {Tone.NONE}
    assert public_status.read(now=now).state is State.UNKNOWN


def test_what_is_known_of_too_few_among_many_is_not_told(now: datetime) -> None:
    crowd(LEAST_USERS, now=now, status="unknown")
    crowd(LEAST_USERS - 1, now=now, response_time_ms=100, **FAILING)

    found = lines(public_status.read(now=now)).values()

    assert {(line.is_small, line.state, line.p95_ms) for line in found} == {
        (False, State.UNKNOWN, None)
    }


def test_a_day_of_too_few_people_is_not_told(now: datetime) -> None:
    crowd(LEAST_USERS, now=now)
    factories.provider_day(day=(now - DAY).date(), users=LEAST_USERS - 1, outage_seconds=864_000)
    factories.provider_day(day=(now - 2 * DAY).date(), users=LEAST_USERS)

    whole = lines(public_status.read(now=now))["composio", ""]

    assert whole.bar.tones[-3:] == "ono"
    assert whole.uptimes == {87: 100.0}


@pytest.mark.parametrize(
    ("outage", "impaired", "tone", "note"),
    [
        (0.0, 0.0, Tone.OK, "100 %"),
        (0.009, 0.0, Tone.OK, "99.1 %"),
        (0.01, 0.0, Tone.DEGRADED, "99 %"),
        (0.0, 0.1, Tone.DEGRADED, "100 %"),
        (0.05, 0.0, Tone.DOWN, "95 %"),
        (1.0, 0.0, Tone.DOWN, "0 %"),
    ],
)
def test_a_day_looks_as_bad_as_it_was(
    outage: float, impaired: float, tone: Tone, note: str, now: datetime
) -> None:
    window = public_status.read(now=now).window
    day = ProviderDay(
        day=window.start.date(),
        observed_seconds=10_000,
        outage_seconds=round(10_000 * outage),
        impaired_seconds=round(10_000 * impaired),
    )

    bar = public_bars.draw({day.day: day}, today=State.OPERATIONAL, touched={}, window=window)

    assert bar.tones == tone + "n" * 88 + "o"
    assert bar.notes == {0: note, 89: "operational now"}
    assert bar.uptime == float(note.removesuffix(" %"))


def test_an_open_incident_lowers_the_banner_although_checks_are_green(now: datetime) -> None:
    crowd(LEAST_USERS, now=now)
    factories.incident(provider="composio", service="slack", opened_at=now - timedelta(hours=1))

    board = public_status.read(now=now)

    assert board.state is State.IMPAIRED
    assert len(board.open) == 1
    assert lines(board)["composio", "gmail"].state is State.OPERATIONAL


@pytest.mark.parametrize(
    ("provider", "service"), [("composio", "gmail"), ("composio", ""), ("", "gmail")]
)
def test_an_incident_lies_over_what_it_concerns(provider: str, service: str, now: datetime) -> None:
    crowd(LEAST_USERS, now=now)
    crowd(LEAST_USERS, now=now, provider="klavis", service="slack")
    factories.incident(provider=provider, service=service, opened_at=now - 2 * DAY)

    board = lines(public_status.read(now=now))

    assert board["composio", "gmail"].state is State.IMPAIRED
    assert board["composio", "gmail"].bar.tones[-4:] == "niii"
    assert board["composio", "gmail"].bar.notes[89] == "impaired now, 1 incident"
    assert board["klavis", "slack"].state is State.OPERATIONAL


def test_an_incident_makes_an_outage_no_better(now: datetime) -> None:
    crowd(LEAST_USERS, now=now, **FAILING)
    factories.incident(opened_at=now - timedelta(hours=1))

    assert public_status.read(now=now).state is State.OUTAGE


def test_incidents_are_recent_for_two_weeks(now: datetime) -> None:
    factories.incident(opened_at=now - 20 * DAY, closed_at=now - 13 * DAY)
    factories.incident(opened_at=now - 20 * DAY, closed_at=now - 15 * DAY)
    factories.incident(opened_at=now - 200 * DAY, closed_at=now - 91 * DAY)
    factories.incident(opened_at=now - 30 * DAY)

    board = public_status.read(now=now)

    assert len(board.incidents) == 3
    assert [one.closed_at for one in board.recent] == [now - 13 * DAY, None]


@pytest.mark.parametrize(
    ("known", "failing", "impaired", "state"),
    [
        (100, 0, 9, State.OPERATIONAL),
        (100, 5, 5, State.IMPAIRED),
        (100, 49, 51, State.IMPAIRED),
        (100, 50, 0, State.OUTAGE),
        (0, 0, 0, State.UNKNOWN),
    ],
)
def test_a_group_does_as_well_as_most_of_it(
    known: int, failing: int, impaired: int, state: State, now: datetime
) -> None:
    standing = Standing("composio", "", 9, known, failing, impaired, None, now)

    assert public_states.state_of(standing, now=now) is state


def test_nothing_is_known_of_now_when_nobody_looked_lately(now: datetime) -> None:
    standing = Standing("composio", "", 9, 9, 0, 0, None, now - timedelta(hours=3))

    assert public_states.state_of(standing, now=now) is State.UNKNOWN


def test_the_board_costs_three_statements_however_many_there_are(now: datetime) -> None:
    crowd(LEAST_USERS, now=now)
    for service in ("gmail", "slack", "calendar"):
        crowd(LEAST_USERS, now=now, provider="klavis", service=service)
    factories.incident()

    with counted_statements() as sent:
        public_status.read(now=now)

    assert len(sent) == 3
