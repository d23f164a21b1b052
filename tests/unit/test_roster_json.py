"""JSON of any size is read value by value, and what is wrong is found at its line and column."""

import io
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from integrations_health import roster_json
from integrations_health.roster_json import BadJson


def read(text: str, *, piece: int | None = None) -> list[tuple[int, Any]]:
    return list(roster_json.values(_Slow(text, piece) if piece else io.StringIO(text)))


class _Slow(io.StringIO):
    """A text that comes in pieces of a few characters."""

    def __init__(self, text: str, piece: int) -> None:
        super().__init__(text)
        self._piece = piece

    def read(self, size: int | None = -1) -> str:
        return super().read(self._piece)


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("[]", []),
        (' [ {"a": 1} ,\n {"b": [2]}\n] \n', [(1, {"a": 1}), (2, {"b": [2]})]),
        ('{"a": 1}', [(1, {"a": 1})]),
        ('{"a": 1}\n{"b": 2}\n', [(1, {"a": 1}), (2, {"b": 2})]),
        ('[\n\n{"a":\n1},\n12]', [(3, {"a": 1}), (5, 12)]),
    ],
)
@pytest.mark.parametrize("piece", [None, 1, 3])
def test_each_value_comes_with_its_line(
    text: str, values: list[tuple[int, Any]], piece: int | None
) -> None:
    assert read(text, piece=piece) == values


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ('[{"a": 1},\n  {"a" 2}]', "line 2, column 8"),
        ('[{"a": 1}\n {"a": 2}]', "line 2, column 2"),
        ('[{"a": 1},\n]', "line 2, column 1"),
        ('[{"a": 1}', "line 1, column 10"),
        ('[{"a": 1}]\n\nmore', "line 3, column 1"),
        ('[{"a": "b\0"}]', "line 1, column 10"),
        ('[\n {"a": NaN}]', "line 2, column 2"),
        ("[" * 100_000, "line 1, column 2"),
        ('[{"a": ' + "9" * 5_000 + "}]", "line 1, column 2"),
    ],
)
def test_what_is_no_json_is_told_with_line_and_column(text: str, place: str) -> None:
    with pytest.raises(BadJson) as bad:
        read(text)

    assert str(bad.value).startswith(place)


def test_a_value_of_a_megabyte_is_no_entry() -> None:
    text = io.StringIO('[{"a": "' + "x" * 3_000_000)

    with pytest.raises(BadJson, match="line 1, column 8: Unterminated string"):
        list(roster_json.values(text))

    assert text.tell() < 2_500_000


def test_a_name_that_is_given_twice_is_remembered() -> None:
    ((_, value),) = read('{"a": 1, "b": 2, "a": 3}')

    assert value.repeated == ("a",)


ENTRIES = st.lists(st.dictionaries(st.text(), st.text() | st.integers() | st.none()))


@given(ENTRIES, st.sampled_from([None, 1, "\t"]), st.integers(1, 9))
def test_any_list_is_read_as_json_reads_it(
    entries: list[dict[str, Any]], indent: int | str | None, piece: int
) -> None:
    text = json.dumps(entries, indent=indent)

    found = read(text, piece=piece)

    assert [value for _, value in found] == entries
