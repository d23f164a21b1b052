"""Is what was sent what the provider's documents say? Each finding, for the provider to word."""

from collections.abc import Mapping
from typing import Any, NamedTuple

_TYPES: dict[str, tuple[type, ...]] = {
    "string": (str,),
    "boolean": (bool,),
    "object": (dict,),
    "array": (list,),
    "number": (int, float),
    "integer": (int,),
}


class Field(NamedTuple):
    """What one field may hold. `item` is the type of an array's items."""

    kind: str = "string"
    is_required: bool = False
    is_nullable: bool = False
    choices: tuple[str, ...] = ()
    least: int = 0  # the shortest string, the emptiest array, the smallest number


class Finding(NamedTuple):
    """One thing that is wrong: which field, what kind of wrong, in words."""

    name: str
    kind: str
    text: str


def check(sent: Mapping[str, Any], fields: Mapping[str, Field]) -> list[Finding]:
    """Return everything that is wrong with what was sent; empty when it is right."""
    findings = [
        Finding(name, "extra_forbidden", "Unrecognized key") for name in sent if name not in fields
    ]
    for name, field in fields.items():
        if name not in sent:
            if field.is_required:
                findings.append(Finding(name, "missing", "Field required"))
            continue
        text = _problem(sent[name], field)
        if text:
            findings.append(Finding(name, f"{field.kind}_type", text))
    return findings


def _problem(value: Any, field: Field) -> str:
    if value is None and field.is_nullable:
        return ""
    is_bool_for_number = isinstance(value, bool) and field.kind != "boolean"
    if not isinstance(value, _TYPES[field.kind]) or is_bool_for_number:
        return f"Input should be a valid {field.kind}"
    if field.choices and value not in field.choices:
        return f"Input should be one of {', '.join(field.choices)}"
    size = len(value) if isinstance(value, str | list) else value
    if isinstance(size, int | float) and not isinstance(size, bool) and size < field.least:
        return f"Input should be at least {field.least}"
    return ""


def arguments(sent: Mapping[str, Any], schema: Mapping[str, Any]) -> list[Finding]:
    """Return everything that is wrong with a tool's arguments."""
    fields = {
        name: Field(kind["type"], is_required=name in schema["required"])
        for name, kind in schema["properties"].items()
    }
    return check(sent, fields)
