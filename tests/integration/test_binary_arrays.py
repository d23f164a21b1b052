"""Numbers arrive in PostgreSQL as they were."""

import struct
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from integrations_health.binary_arrays import Array, bigints, floats, ints
from integrations_health.binary_sql import binary_cursor

pytestmark = pytest.mark.django_db


def sent_and_back(array: Array, kind: str) -> list[Any]:
    with binary_cursor() as cursor:
        row = cursor.execute(f"SELECT %b::{kind}[]", [array]).fetchone()
    assert row is not None
    return list(row[0])


@given(numbers=st.lists(st.integers(-(2**31), 2**31 - 1), max_size=50))
def test_ints(numbers: list[int]) -> None:
    assert sent_and_back(ints(numbers), "int") == numbers


@given(numbers=st.lists(st.integers(-(2**63), 2**63 - 1), max_size=50))
def test_bigints(numbers: list[int]) -> None:
    assert sent_and_back(bigints(numbers), "bigint") == numbers


@given(numbers=st.lists(st.floats(allow_nan=False), max_size=50))
def test_floats(numbers: list[float]) -> None:
    assert sent_and_back(floats(numbers), "float") == numbers


def test_they_are_joined_as_columns() -> None:
    with binary_cursor() as cursor:
        found = cursor.execute(
            "SELECT * FROM unnest(%b::int[], %b::bigint[], %b::float[])",
            [ints([1, 2]), bigints([3, 4]), floats([0.5, 6.0])],
        ).fetchall()

    assert found == [(1, 3, 0.5), (2, 4, 6.0)]


@pytest.mark.parametrize(("write", "number"), [(ints, 2**31), (bigints, 2**63)])
def test_what_does_not_fit_is_refused(write: Callable[[list[int]], Array], number: int) -> None:
    with pytest.raises(struct.error):
        write([1, number])
