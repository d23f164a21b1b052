"""Read what somebody notes about an alert."""

from alerts.serializers import LONGEST_NOTE
from integrations_health import typed_values
from integrations_health.api.bodies import members
from integrations_health.problems import FieldError, invalid
from integrations_health.registration import shown
from integrations_health.typed_values import Bad

NOTE = "note"


def read(data: object) -> str:
    """Return the note of a body, which may have none. Raises Problem."""
    said = members(data)
    errors = [
        FieldError(field=shown(name), problem="is not a field we know", remedy=f"send {NOTE}")
        for name in said
        if name != NOTE
    ]
    note = ""
    try:
        note = typed_values.text(said.get(NOTE, ""), most=LONGEST_NOTE)
    except Bad as bad:
        errors.append(FieldError(field=NOTE, problem=bad.problem, remedy=bad.remedy))
    if errors:
        raise invalid(*errors)
    return note
