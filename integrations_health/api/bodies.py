"""Read the members of a request's body: only these, each of its own type."""

from collections.abc import Iterable, Mapping
from typing import Any

from integrations_health.problems import FieldError, Problem, invalid
from integrations_health.registration import Refusal, shown

_TYPES: dict[str, type] = {
    "enabled": bool,
    "intervalSeconds": int,
    "probeEvery": int,
    "probeArguments": dict,
}
_NAMES: dict[type, str] = {bool: "true or false", int: "a whole number", dict: "an object"}


def members(data: object) -> Mapping[str, Any]:
    """Return the members of a body that speaks of an integration. Raises Problem.

    A file may say "600" or "yes"; JSON has numbers and truth values of its own.
    """
    if not isinstance(data, Mapping):
        raise Problem(status=400, code="malformed", detail="The body must be a JSON object.")
    errors = [error for name, value in data.items() if (error := _error(str(name), value))]
    if errors:
        raise invalid(*errors)
    return data


def errors_of(refusals: Iterable[Refusal]) -> list[FieldError]:
    """Return refusals as the errors of a problem."""
    return [
        FieldError(field=refusal.field, problem=refusal.problem, remedy=refusal.remedy)
        for refusal in refusals
    ]


def _error(name: str, value: object) -> FieldError | None:
    if value is None:
        return FieldError(field=shown(name), problem="is null", remedy="leave it out")
    wanted = _TYPES.get(name)
    # To Python, true is a number.
    is_right = wanted is None or (isinstance(value, wanted) and type(value) is wanted)
    if wanted is None or is_right:
        return None
    return FieldError(field=name, problem="is of another type", remedy=f"send {_NAMES[wanted]}")
