"""What the page for everybody says first."""

from datetime import UTC, datetime, timedelta

import pytest

from integrations_health import public_words, windows
from integrations_health.bars import Bar
from integrations_health.models import ProviderIncident
from integrations_health.public_states import State
from integrations_health.public_status import Board, Line, Provider

NOW = datetime(2031, 3, 14, 12, tzinfo=UTC)
UP, IMPAIRED, OUT, UNKNOWN = State.OPERATIONAL, State.IMPAIRED, State.OUTAGE, State.UNKNOWN


def a_line(service: str, state: State, incident: ProviderIncident | None = None) -> Line:
    return Line(
        provider="composio",
        service=service,
        state=state,
        incident=incident,
        p95_ms=None,
        bar=Bar("", {}, None),
        uptimes={},
        is_small=False,
    )


def a_board(whole: State, *services: State, incident: ProviderIncident | None = None) -> Board:
    names = ("gmail", "slack", "calendar")
    provider = Provider(
        whole=a_line("", whole, incident),
        services=[
            a_line(name, state, incident) for name, state in zip(names, services, strict=False)
        ],
        has_incident=incident is not None,
    )
    return Board(
        as_of=NOW,
        window=windows.window("90d", now=NOW),
        providers=[provider],
        incidents=[] if incident is None else [incident],
    )


@pytest.mark.parametrize(
    ("board", "said"),
    [
        (a_board(UP, UP, UP), ["Everything works."]),
        (a_board(UP, UP, UNKNOWN), ["All that we can see works."]),
        (a_board(UNKNOWN, UNKNOWN), ["Nothing is known right now."]),
        (a_board(UP, UP, OUT), ["Slack through Composio is failing for many."]),
        (
            a_board(UP, IMPAIRED, OUT),
            ["Gmail through Composio is impaired.", "Slack through Composio is failing for many."],
        ),
        # All of it at once is one sentence.
        (a_board(OUT, OUT, OUT, OUT), ["Composio is failing for many."]),
    ],
)
def test_the_headline_names_what_fails(board: Board, said: list[str]) -> None:
    headline = public_words.headline(board)

    assert [headline.sentence, *headline.more] == said


def test_an_open_incident_comes_first_and_speaks_for_what_it_concerns() -> None:
    incident = ProviderIncident(provider="composio", opened_at=NOW - timedelta(minutes=26))

    headline = public_words.headline(a_board(OUT, OUT, incident=incident))

    assert headline == ("Composio is failing since 11:34 UTC.", [])


def test_nothing_is_known_of_an_empty_house() -> None:
    board = Board(as_of=NOW, window=windows.window("90d", now=NOW), providers=[], incidents=[])

    assert public_words.headline(board).sentence == "Nothing is known right now."
