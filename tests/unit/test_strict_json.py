"""JSON that two readers could take for two things is refused, and so is what is built to hurt."""

import time

import pytest

from integrations_health.strict_json import DEEPEST, Unacceptable, read


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ('{"a": [1, 2.5, "é", null, true]}', {"a": [1, 2.5, "é", None, True]}),
        ("[" * DEEPEST + "]" * DEEPEST, None),
        ('"\\ud83d\\ude00"', "\U0001f600"),
        ("[" + "0," * 999 + "0]", [0] * 1000),
    ],
)
def test_good_json_is_read(text: str, value: object) -> None:
    assert value is None or read(text.encode()) == value


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "line 1, column 1"),
        ("{'a': 1}", "line 1, column 2"),
        ('{"a": 1} x', "column 10"),
        ("NaN", "NaN"),
        ('{"a": -Infinity}', "-Infinity"),
        ("1e999", "too large"),
        ("9" * 100_000, "digits"),
        ('{"a": 1, "a": 2}', "twice"),
        ("[" * 60_000, "deeper"),
        ("[" * (DEEPEST + 1) + "]" * (DEEPEST + 1), "deeper"),
        ('{"a":' * 60_000, "deeper"),
        ("[" + "0," * 1000 + "0]", "more than 1,000"),
        ('{"a": "x\\u0000"}', "NUL"),
        ('{"x\\u0000": 1}', "NUL"),
        ('"\\ud800"', "half a character"),
    ],
)
def test_bad_json_is_refused_quickly(text: str, reason: str) -> None:
    started = time.process_time()

    with pytest.raises(Unacceptable, match=reason):
        read(text.encode())

    assert time.process_time() - started < 0.1


def test_bytes_that_are_no_text_are_refused() -> None:
    with pytest.raises(Unacceptable, match="UTF-8"):
        read(b'"\xff"')
