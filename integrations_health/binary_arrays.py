"""Long lists of numbers as arrays of PostgreSQL, for `%b` in statements of the hot path.

psycopg asks each value of a list what it is and has it written by itself, which takes three times
as long; here whoever makes the array says what its values are. The form is that of `array_send` in
PostgreSQL's source: dimensions, whether there are nulls, the values' type, length and lower bound,
then each value behind its length.
"""

import struct
from collections.abc import Collection
from itertools import chain, repeat

import psycopg
from psycopg.abc import Buffer
from psycopg.adapt import Dumper
from psycopg.pq import Format

_HEAD = ">iiIii"
_INT4, _INT8, _FLOAT8 = 23, 20, 701


class Array(bytes):
    """An array as it is sent. The statement says of what, as in `%b::bigint[]`."""

    __slots__ = ()


def ints(values: Collection[int]) -> Array:
    """Return an `int[]`. Raises struct.error for what does not fit."""
    return _numbers("i", _INT4, values)


def bigints(values: Collection[int]) -> Array:
    """Return a `bigint[]`. Raises struct.error for what does not fit."""
    return _numbers("q", _INT8, values)


def floats(values: Collection[float]) -> Array:
    """Return a `float[]`."""
    return _numbers("d", _FLOAT8, values)


def _numbers(kind: str, type_oid: int, values: Collection[float]) -> Array:
    if not values:
        return Array(struct.pack(">iiI", 0, 0, type_oid))
    parts = chain.from_iterable(zip(repeat(struct.calcsize(kind)), values))
    form = _HEAD + f"i{kind}" * len(values)
    return Array(struct.pack(form, 1, 0, type_oid, len(values), 1, *parts))


class _Dumper(Dumper):
    format = Format.BINARY

    def dump(self, obj: bytes) -> Buffer:
        return obj


psycopg.adapters.register_dumper(Array, _Dumper)
