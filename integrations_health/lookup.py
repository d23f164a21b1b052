"""Find the one integration that a person means."""

from uuid import UUID

from django.db.models import Q

from integrations_health import typed_values
from integrations_health.models import Integration

SHOWN = 10
DIGITS = 32


class Unknown(Exception):
    """No integration has this id or this server instance id."""


class Ambiguous(Exception):
    """Several integrations may be meant: `candidates` are the first of them, `count` is all."""

    def __init__(self, candidates: list[Integration], *, count: int) -> None:
        super().__init__(f"{count} integrations")
        self.candidates = candidates
        self.count = count


def find(reference: str) -> Integration:
    """Return the integration with this id, this beginning of an id, or this server instance id.

    A full id is never ambiguous. Raises Unknown and Ambiguous.
    """
    if not typed_values.is_storable(reference):
        raise Unknown
    ids = _ids_from(reference)
    meant = Q(server_instance_id=reference)
    if ids is not None:
        meant |= Q(pk__range=ids)
    found = Integration.objects.filter(meant).select_related("user").order_by("pk")
    candidates = list(found[: SHOWN + 1])
    exact = [row for row in candidates if ids == (row.pk, row.pk)]
    if len(exact or candidates) == 1:
        return (exact or candidates)[0]
    if not candidates:
        raise Unknown
    raise Ambiguous(candidates[:SHOWN], count=found.count())


def _ids_from(reference: str) -> tuple[UUID, UUID] | None:
    """Return the first and the last id that begin with `reference`; None when none can."""
    digits = reference.strip().replace("-", "").lower()
    if not 0 < len(digits) <= DIGITS or not set(digits) <= set("0123456789abcdef"):
        return None
    return UUID(digits.ljust(DIGITS, "0")), UUID(digits.ljust(DIGITS, "f"))
