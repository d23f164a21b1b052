"""Read JSON values one by one from a text of any size: an array's, or one after the other."""

import json
from collections.abc import Iterator
from typing import Any, TextIO

PIECE = 65_536
LONGEST_VALUE = 1_000_000


class BadJson(Exception):
    """The text is not JSON: what is wrong, at which line and column."""


class Object(dict[str, Any]):
    """A JSON object that remembers which of its names were given more than once."""

    def __init__(self, pairs: list[tuple[str, Any]]) -> None:
        super().__init__(pairs)
        self.repeated: tuple[str, ...] = ()
        if len(self) < len(pairs):
            names = [name for name, _ in pairs]
            self.repeated = tuple(name for name in self if names.count(name) > 1)


def values(text: TextIO) -> Iterator[tuple[int, Any]]:
    """Yield each value with the line on which it begins. Raises BadJson."""
    source = _Source(text)
    is_array = source.peek() == "["
    if is_array:
        source.skip()
    is_first = True
    while (mark := source.peek()) and not (is_array and mark == "]"):
        if is_array and not is_first:
            source.expect(",")
            source.peek()
        is_first = False
        yield source.line, source.value()
    if is_array:
        source.expect("]")
        if source.peek():
            raise source.bad("something follows the list's end")


class _Source:
    """A text that is read piece by piece, and where we are in it."""

    def __init__(self, text: TextIO) -> None:
        self.line = 1
        self.column = 1
        self._text = text
        self._piece = ""
        self._at = 0
        self._decoder = json.JSONDecoder(object_pairs_hook=Object, parse_constant=_refuse)

    def peek(self) -> str:
        """Return the next character that is no white space, "" at the end."""
        while True:
            rest = len(self._piece)
            start = self._at
            while start < rest and self._piece[start] in " \t\r\n":
                start += 1
            self._move(start)
            if start < rest:
                return self._piece[start]
            if not self._read_on():
                return ""

    def skip(self) -> None:
        """Go past one character."""
        self._move(self._at + 1)

    def expect(self, mark: str) -> None:
        """Go past `mark`. Raises BadJson when something else stands here."""
        if (found := self.peek()) != mark:
            raise self.bad(f'expected "{mark}"' + ("" if found else " before the end of the file"))
        self.skip()

    def value(self) -> Any:
        """Return the value that begins here, and go past it. Raises BadJson."""
        while True:
            problem: BadJson | None = None
            try:
                value, end = self._decoder.raw_decode(self._piece, self._at)
                size = end - self._at
            except json.JSONDecodeError as error:
                problem = self.bad(error.msg, at=error.pos)
            except RecursionError:
                raise self.bad("it is nested too deeply") from None
            except ValueError as error:
                raise self.bad(str(error)) from None
            # What ends with the piece may go on in the next one: 12 may be the start of 123.
            is_whole = problem is None and end < len(self._piece)
            if not is_whole and len(self._piece) - self._at > LONGEST_VALUE:
                raise problem or self.bad(f"an entry is longer than {LONGEST_VALUE:,} characters")
            if is_whole or not self._read_on():
                break
        if problem is not None:
            raise problem
        self._move(self._at + size)
        return value

    def bad(self, problem: str, *, at: int | None = None) -> BadJson:
        """Return the complaint that `problem` stands at the index `at` of the piece, or here."""
        line, column = self._position(self._at if at is None else at)
        return BadJson(f"line {line:,}, column {column:,}: {problem}")

    def _read_on(self) -> bool:
        rest = len(self._piece) - self._at
        more = self._text.read(max(PIECE, rest))
        self._piece = self._piece[self._at :] + more
        self._at = 0
        return bool(more)

    def _move(self, at: int) -> None:
        self.line, self.column = self._position(at)
        self._at = at

    def _position(self, at: int) -> tuple[int, int]:
        newlines = self._piece.count("\n", self._at, at)
        if not newlines:
            return self.line, self.column + at - self._at
        return self.line + newlines, at - self._piece.rfind("\n", self._at, at)


def _refuse(name: str) -> Any:
    raise ValueError(f"{name} is not JSON")
