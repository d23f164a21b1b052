"""Values that people type are read as meant, or refused with what to type."""

import json
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from integrations_health import typed_values
from integrations_health.typed_values import Bad

interval = partial(typed_values.number, least=60, most=3600, unit="seconds")
policy = partial(typed_values.choice, among=("always", "every_nth"))
short = partial(typed_values.text, most=5)
exact = partial(typed_values.exact, most=5)
word = partial(typed_values.word, most=10)


@pytest.mark.parametrize(
    ("read", "typed", "meant"),
    [
        (short, "  abc ", "abc"),
        (short, "åäöüß", "åäöüß"),
        (word, "Gmail", "gmail"),
        (exact, "a b", "a b"),
        (interval, "60", 60),
        (interval, " 3600 ", 3600),
        (interval, 300, 300),
        (typed_values.flag, "Yes", True),
        (typed_values.flag, "0", False),
        (typed_values.flag, False, False),
        (policy, "Every_Nth", "every_nth"),
        (typed_values.url, "https://host.example/mcp?instance_id=1", None),
        (typed_values.url, "http://127.0.0.1:8080/", None),
        (typed_values.url, "", ""),
        (typed_values.email, " ann@münchen.example ", "ann@münchen.example"),
        (typed_values.email, "", ""),
        (typed_values.arguments, '{"limit": 1}', {"limit": 1}),
        (typed_values.arguments, {"limit": [1, None]}, {"limit": [1, None]}),
        (typed_values.arguments, {"path": "\\u0000"}, {"path": "\\u0000"}),
    ],
)
def test_a_good_value_is_read_as_it_is_meant(
    read: Callable[[object], Any], typed: object, meant: object
) -> None:
    assert read(typed) == (typed if meant is None else meant)


@pytest.mark.parametrize(
    ("read", "typed", "problem"),
    [
        (short, "abcdef", "has 6 characters"),
        (short, 7, "is not text"),
        (short, "a\0b", "has a control character"),
        (short, "a\nb", "has a control character"),
        (short, "a\u202eb", "has an invisible character"),
        (short, "a\u2067b", "has an invisible character"),
        (short, "a\udce9", "has bytes that are not UTF-8"),
        (exact, "a ", "begins or ends with a space"),
        (interval, "59", "is too small"),
        (interval, 3601, "is too large"),
        (interval, "5 minutes", "is not a whole number"),
        (interval, "300.5", "is not a whole number"),
        (interval, 300.0, "is not a whole number"),
        (interval, True, "is not a whole number"),
        (interval, "9" * 5000, "is not a whole number"),
        (typed_values.flag, "maybe", "is neither yes nor no"),
        (typed_values.flag, 1, "is neither yes nor no"),
        (policy, "sometimes", "is not one of the choices"),
        (policy, None, "is not one of the choices"),
        (typed_values.email, "ann at example.com", "is no e-mail address"),
        (typed_values.email, "ann@münchen。.example", "is no e-mail address"),
        (typed_values.email, f"ann@{'ü' * 60}.example", "is no e-mail address"),
        (typed_values.url, "host.example/mcp", "is not an address"),
        (typed_values.url, "file:///etc/passwd", "is not an address"),
        (typed_values.url, "https://", "is not an address"),
        (typed_values.url, "https://host:port/", "is not an address"),
        (typed_values.url, "https://[::1/", "is not an address"),
        (typed_values.url, "https://host/a b", "is not an address"),
        (typed_values.token, "pässwörd", "has a character that no HTTP header can carry"),
        (typed_values.token, "a\r\nX-Admin: 1", "has a control character"),
        (typed_values.arguments, "{limit: 1}", "is not JSON"),
        (typed_values.arguments, '{"limit": NaN}', "is not JSON"),
        (typed_values.arguments, '{"limit": 1e999}', "is not JSON"),
        (typed_values.arguments, "[1]", "is not a JSON object"),
        (typed_values.arguments, 5, "is not a JSON object"),
        (typed_values.arguments, {"a": "x" * 10_000}, "has 10,009 characters"),
        (typed_values.arguments, {"a": "\0"}, "has a character that cannot be stored"),
        (typed_values.arguments, '{"a": "\\ud800"}', "has a character that cannot be stored"),
        (typed_values.arguments, '{"a":' * 2_000 + "1" + "}" * 2_000, "is not JSON"),
        (typed_values.arguments, '{"a":' * 30 + "1" + "}" * 30, "is nested too deeply"),
    ],
)
def test_a_bad_value_is_refused_with_the_reason(
    read: Callable[[object], Any], typed: object, problem: str
) -> None:
    with pytest.raises(Bad) as refused:
        read(typed)

    assert refused.value.problem.startswith(problem)
    assert refused.value.remedy


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=10,
)


@given(st.dictionaries(st.text(), JSON, max_size=3))
def test_arguments_that_are_taken_can_be_stored(arguments: dict[str, Any]) -> None:
    try:
        taken = typed_values.arguments(arguments)
    except Bad:
        return

    assert taken == arguments
    assert "\0" not in _texts(taken)
    json.dumps(taken, allow_nan=False).encode()
    _texts(taken).encode()


def _texts(value: object) -> str:
    if isinstance(value, dict):
        return "".join(_texts(part) for pair in value.items() for part in pair)
    if isinstance(value, list):
        return "".join(map(_texts, value))
    return value if isinstance(value, str) else ""
