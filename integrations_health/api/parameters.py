"""Read the parameters of a query, and say of each that cannot be taken what to send instead."""

import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from functools import partial
from typing import Any, NamedTuple
from uuid import UUID

from django.http import QueryDict

from integrations_health import typed_values
from integrations_health.positions import Position
from integrations_health.problems import FieldError, invalid
from integrations_health.registration import shown
from integrations_health.typed_values import Bad

MOST_VALUES = 20
_INSTANT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,6})?(Z|[+-]\d\d:\d\d)")
_OUR_ID = re.compile(r"[\da-fA-F]{8}(-[\da-fA-F]{4}){3}-[\da-fA-F]{12}", re.ASCII)
# Beyond, a calendar of ours would end while we reckon.
_EARLIEST, _LATEST = datetime(2000, 1, 1, tzinfo=UTC), datetime(2200, 1, 1, tzinfo=UTC)


class Rule(NamedTuple):
    """How the text of a parameter is read. One that may be repeated makes a list."""

    parse: Callable[[str], Any]
    is_repeatable: bool = False


def read(query: QueryDict, rules: Mapping[str, Rule]) -> dict[str, Any]:
    """Return what was sent, by the parameter's name. Raises Problem."""
    found: dict[str, Any] = {}
    errors: list[FieldError] = []
    for name, texts in query.lists():
        rule = rules.get(name)
        try:
            if rule is None:
                remedy = f"the parameters are {', '.join(rules)}" if rules else "leave it out"
                raise Bad("is not a parameter here", remedy)
            found[name] = _value(rule, texts)
        except Bad as bad:
            field = name if rule else shown(name)
            errors.append(FieldError(field=field, problem=bad.problem, remedy=bad.remedy))
    if errors:
        raise invalid(*errors)
    return found


def _value(rule: Rule, texts: list[str]) -> Any:
    if not all(text.strip() for text in texts):
        # Never "all", nor "those without": whichever it was, somebody meant the other.
        raise Bad("is empty", "send a value, or leave it out")
    if not rule.is_repeatable:
        if len(texts) > 1:
            raise Bad("is sent more than once", "send it once")
        return rule.parse(texts[0])
    if len(texts) > MOST_VALUES:
        raise Bad(f"is sent {len(texts)} times", f"{MOST_VALUES} is the most")
    return [rule.parse(text) for text in texts]


def limit(most: int) -> Rule:
    """Return the rule of how many a page holds."""
    return Rule(partial(typed_values.number, least=1, most=most, unit="a number"))


def choice(among: tuple[str, ...], *, is_repeatable: bool = False) -> Rule:
    """Return the rule of one word among some."""
    return Rule(partial(typed_values.choice, among=among), is_repeatable)


def instant(text: str) -> datetime:
    """Return an instant that is written as RFC 3339 has it. Raises Bad."""
    remedy = "send one such as 2026-01-31T09:00:00Z"
    if not _INSTANT.fullmatch(text):
        raise Bad("is not an instant", remedy)
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        raise Bad("is not an instant", remedy) from None
    if not _EARLIEST <= at < _LATEST:
        raise Bad("is too early or too late", "send one between the years 2000 and 2200")
    return at


def our_id(text: str) -> UUID:
    """Return an id of ours, written as we write it. Raises Bad."""
    if not _OUR_ID.fullmatch(text):
        raise Bad("is not an id", "send one such as 8d3f6c1e-3f0a-4c49-9a5b-6c2c2f0f6f01")
    return UUID(text)


CURSOR = Rule(Position.parse)
NAME = Rule(partial(typed_values.word, most=50), is_repeatable=True)
FLAG = Rule(typed_values.flag)
INSTANT = Rule(instant)
ID = Rule(partial(typed_values.exact, most=255))
OUR_IDS = Rule(our_id, is_repeatable=True)
