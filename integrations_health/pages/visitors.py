"""Who reads a page, as the domain knows callers."""

from django.contrib.auth.models import AnonymousUser

from integrations_health.access import OWN, Caller, Way
from integrations_health.models import User


def own(user: User | AnonymousUser) -> Caller:
    """Return a signed-in person as the owner of what is theirs, staff included.

    Staff see everybody's in the admin; these pages show each person their own.
    """
    assert isinstance(user, User)
    return Caller(way=Way.SESSION, scopes=OWN, user_id=user.pk)
