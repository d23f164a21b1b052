"""Say whom mail reaches: who has an e-mail address, and an account that is not switched off."""

from django.db.models import Case, Q, Value, When

from integrations_health.models import User

# Where mail reaches the row of `users` that a statement calls `u`; empty where it does not, or
# where there is no such row.
ADDRESS = "CASE WHEN u.is_active THEN u.email ELSE '' END"


def is_reached(person: User) -> bool:
    """Say whether mail reaches this person."""
    return person.is_active and person.email != ""


def reached(path: str = "") -> Q:
    """Return the condition that it reaches the person at the end of a path, or the row itself."""
    to = f"{path}__" if path else ""
    return Q(**{f"{to}is_active": True}) & ~Q(**{f"{to}email": ""})


def address(path: str) -> Case:
    """Return where it reaches the person at the end of a path; empty where it does not."""
    return Case(When(reached(path), then=f"{path}__email"), default=Value(""))
