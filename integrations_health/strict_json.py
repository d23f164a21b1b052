"""Read a request's JSON, and refuse what is ambiguous, too large or too deep."""

import json
import math
import re
from collections.abc import Mapping
from typing import IO, Any, NoReturn

from django.conf import settings
from rest_framework.parsers import BaseParser

from integrations_health.problems import Problem

DEEPEST = 20
LONGEST_LIST = 1_000
# PostgreSQL stores neither; a lone half of a pair is no character at all.
_UNSTORABLE = re.compile(r"[\x00\ud800-\udfff]")


class Unacceptable(Exception):
    """The text is JSON only to a lenient reader; says what is wrong without showing it."""


class StrictJSON(BaseParser):
    """Takes `application/json` as RFC 8259 recommends to write it."""

    media_type = "application/json"

    def parse(
        self,
        stream: IO[bytes],
        media_type: str | None = None,
        parser_context: Mapping[str, Any] | None = None,
    ) -> Any:
        """Return what the body says. Raises Problem."""
        most = settings.DATA_UPLOAD_MAX_MEMORY_SIZE
        body = stream.read(most + 1)
        if len(body) > most:
            raise Problem(
                status=413,
                code="too_large",
                detail=f"The body is larger than {most // 1024} kB, the most that is accepted.",
            )
        try:
            return read(body)
        except Unacceptable as error:
            raise Problem(status=400, code="malformed_json", detail=str(error)) from None


def read(body: bytes) -> Any:
    """Return what a JSON text says. Raises Unacceptable."""
    try:
        found = json.loads(
            body.decode(), parse_constant=_refuse, parse_float=_finite, object_pairs_hook=_unique
        )
    except UnicodeDecodeError:
        raise Unacceptable("The body is not UTF-8.") from None
    except json.JSONDecodeError as error:
        raise Unacceptable(
            f"The body is not JSON: line {error.lineno}, column {error.colno}."
        ) from None
    except ValueError:  # of int(): more digits than any number of ours has
        raise Unacceptable("The body has a number with too many digits.") from None
    except RecursionError:
        raise Unacceptable(f"The body is nested deeper than {DEEPEST} levels.") from None
    _look_through(found, DEEPEST)
    return found


def _look_through(value: object, levels: int) -> None:
    if isinstance(value, str):
        if _UNSTORABLE.search(value):
            raise Unacceptable("The body has a text with a NUL or half a character.")
        return
    if not isinstance(value, list | dict):
        return
    if not levels:
        raise Unacceptable(f"The body is nested deeper than {DEEPEST} levels.")
    if len(value) > LONGEST_LIST:
        raise Unacceptable(f"The body has a list of more than {LONGEST_LIST:,}.")
    for inner in [*value, *value.values()] if isinstance(value, dict) else value:
        _look_through(inner, levels - 1)


def _refuse(name: str) -> NoReturn:
    raise Unacceptable(f"The body says {name}, which is no JSON.")


def _finite(digits: str) -> float:
    number = float(digits)
    if not math.isfinite(number):
        raise Unacceptable("The body has a number that is too large.")
    return number


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    # Two readers would take two different ones for the value.
    found = dict(pairs)
    if len(found) != len(pairs):
        raise Unacceptable("The body has an object that names a member twice.")
    return found
