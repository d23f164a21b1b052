"""Write rows as CSV that no spreadsheet takes for a program."""

import csv
import io
from collections.abc import Iterable, Mapping, Sequence

# What makes a spreadsheet compute a cell; the wide forms are the same to some.
_STARTS_A_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")


def lines(rows: Iterable[Mapping[str, object]], *, columns: Sequence[str]) -> str:
    """Return rows as CSV lines: numbers as numbers, None as nothing, texts disarmed."""
    text = io.StringIO()
    csv.writer(text).writerows([_cell(row[name]) for name in columns] for row in rows)
    return text.getvalue()


def header(columns: Sequence[str]) -> str:
    """Return the first line: the names of the columns."""
    return lines([dict(zip(columns, columns, strict=True))], columns=columns)


def _cell(value: object) -> object:
    is_formula = isinstance(value, str) and value.startswith(_STARTS_A_FORMULA)
    return f"'{value}" if is_formula else value
