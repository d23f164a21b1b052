"""Find the one person whom an id names: ours, the application's, or a username."""

from uuid import UUID

from django.db.models import Q

from integrations_health import typed_values
from integrations_health.models import User


class Unknown(Exception):
    """Nobody has this id."""


class Ambiguous(Exception):
    """Several people may be meant."""


class Inactive(Exception):
    """The person's account is switched off."""


def find(reference: str) -> User:
    """Return the person with this id, external id or username. Raises Unknown and Ambiguous.

    What is exactly our id is never ambiguous.
    """
    return _only(reference, Q(external_id=reference) | Q(username=reference))


def act_for(reference: str) -> User | None:
    """Return whom the application's back end means by our id or its own; None when it is new.

    Raises Inactive and Ambiguous.
    """
    try:
        found = _only(reference, Q(external_id=reference))
    except Unknown:
        return None
    if not found.is_active:
        raise Inactive
    return found


def _only(reference: str, meant: Q) -> User:
    if not typed_values.is_storable(reference):
        raise Unknown
    try:
        user_id = UUID(reference)
    except ValueError:
        user_id = None
    found = list(User.objects.filter(meant | Q(pk=user_id) if user_id else meant)[:3])
    exact = [user for user in found if user.pk == user_id]
    if not found:
        raise Unknown
    if len(exact or found) > 1:
        raise Ambiguous
    return (exact or found)[0]
