"""Where a page ended, as text and back."""

from datetime import UTC, datetime
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from integrations_health.positions import Position
from integrations_health.typed_values import Bad


@given(st.datetimes(timezones=st.just(UTC)), st.uuids())
def test_a_position_is_read_as_it_was_written(at: datetime, id: UUID) -> None:
    position = Position(at, id)

    assert Position.parse(str(position)) == position


@given(st.one_of(st.text(max_size=40), st.none(), st.integers()))
def test_what_is_no_position_is_refused_whatever_it_is(value: object) -> None:
    with pytest.raises(Bad) as refused:
        Position.parse(value)

    assert refused.value.problem == "is not a cursor of ours"


@pytest.mark.parametrize(
    "value",
    [
        "f" * 32,  # an instant that no calendar has
        "~" * 32,
        "é" * 32,
        str(Position(datetime(2026, 1, 1, tzinfo=UTC), UUID(int=1))) + "=",
    ],
)
def test_what_only_looks_like_one_is_refused(value: str) -> None:
    with pytest.raises(Bad):
        Position.parse(value)
