"""Read a file that lists integrations, CSV or JSON by its content, entry by entry."""

import csv
import io
from collections.abc import Iterator, Mapping
from functools import partial
from typing import BinaryIO, NamedTuple, TextIO

from integrations_health import roster_json
from integrations_health.registration import FIELDS, Refusal, shown

LONGEST_LINE = 1_000_000
DELIMITERS = ",;\t"


class Entry(NamedTuple):
    """One entry of a roster: where it stands, and its fields as they were typed."""

    place: str
    said: Mapping[str, object]


class Unreadable(Exception):
    """The file cannot be read to its end: what is wrong, and where."""


def entries(file: BinaryIO) -> Iterator[Entry | Refusal]:
    """Yield what the file lists, or a refusal for an entry that is no such thing.

    Bounded memory, whatever the size of the file. Raises Unreadable.
    """
    text = io.TextIOWrapper(file, encoding="utf-8-sig", errors="surrogateescape", newline="")
    first = text.read(1)
    while first and first.isspace():
        first = text.read(1)
    if not first:
        raise Unreadable("the file is empty: list at least one integration")
    text.seek(0)
    try:
        yield from _from_json(text) if first in "[{" else _from_csv(text)
    finally:
        text.detach()


def _from_json(text: TextIO) -> Iterator[Entry | Refusal]:
    try:
        for number, (line, value) in enumerate(roster_json.values(text), 1):
            place = f"line {line:,}, entry {number:,}"
            if not isinstance(value, roster_json.Object):
                yield Refusal(place, "", "is not an object", 'type {"user": ..., "service": ...}')
            elif value.repeated:
                (name, *_) = value.repeated
                yield Refusal(place, name if name in FIELDS else "", "is said twice", "say it once")
            else:
                yield Entry(place, value)
    except roster_json.BadJson as error:
        raise Unreadable(str(error)) from None


def _from_csv(text: TextIO) -> Iterator[Entry | Refusal]:
    lines = _Lines(text)
    header = next(line for line in lines if line.strip())
    delimiter = max(DELIMITERS, key=header.count)
    read_rows = partial(csv.reader, delimiter=delimiter, strict=True)
    names = _names(_cells(read_rows([header]), lines.number) or [], place=f"line {lines.number:,}")
    start = lines.number + 1
    rows = read_rows(lines)
    while (cells := _cells(rows, start)) is not None:
        if any(cell.strip() for cell in cells):
            yield _entry(names, cells, place=f"line {start:,}")
        start = lines.number + 1


def _cells(rows: Iterator[list[str]], line: int) -> list[str] | None:
    try:
        return next(rows, None)
    except csv.Error as error:
        raise Unreadable(f"line {line:,}: {error}; is a quotation mark missing?") from None


def _names(cells: list[str], *, place: str) -> list[str]:
    names = [cell.strip() for cell in cells]
    known = [name for name in names if name in FIELDS]
    if not known:
        # Not shown: a file without a header begins with somebody's data.
        raise Unreadable(f"{place}: this is no header; the fields are {', '.join(FIELDS)}")
    if unknown := [shown(name) or "a nameless one" for name in names if name not in FIELDS]:
        problem = f"the header has columns we do not know: {', '.join(unknown)}"
        raise Unreadable(f"{place}: {problem}; the fields are {', '.join(FIELDS)}")
    if twice := next((name for name in known if known.count(name) > 1), None):
        raise Unreadable(f"{place}: the column {twice} is there twice; keep one")
    return names


def _entry(names: list[str], cells: list[str], *, place: str) -> Entry | Refusal:
    if len(cells) != len(names):
        return Refusal(
            place, "", f"has {len(cells)} cells", f"the header has {len(names)}; quote commas"
        )
    said = zip(names, cells, strict=True)
    return Entry(place, {name: cell for name, cell in said if cell.strip()})


class _Lines:
    """The lines of a text, counted, none of them endless."""

    def __init__(self, text: TextIO) -> None:
        self.number = 0
        self._text = text

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        line = self._text.readline(LONGEST_LINE)
        if not line:
            raise StopIteration
        self.number += 1
        if len(line) == LONGEST_LINE:
            raise Unreadable(f"line {self.number:,}: it has more than {LONGEST_LINE:,} characters")
        return line
