"""Say whom a member of the staff may make what: nobody gives a right that they do not have."""

from collections.abc import Collection, Iterable
from typing import Any

from django.contrib.auth.models import Group, Permission
from django.db.models import Q, QuerySet

from integrations_health.models import User


def grantable(actor: User) -> QuerySet[Permission]:
    """Return the permissions that `actor` may give and take: those they have."""
    everything = Permission.objects.all()
    return everything if actor.is_superuser else everything.filter(pk__in=_held([actor.pk]))


def assignable(actor: User) -> QuerySet[Group]:
    """Return the groups that `actor` may change, and put people in: none that can do more."""
    if actor.is_superuser:
        return Group.objects.all()
    beyond = Permission.objects.exclude(pk__in=_held([actor.pk]))
    return Group.objects.exclude(permissions__in=beyond)


def beyond(actor: User, people: Iterable[User]) -> list[User]:
    """Return those of `people` who have a right that `actor` has not.

    Whoever could give them a new password would have that right. A closed account counts like an
    open one, since it can be opened again.
    """
    if actor.is_superuser:
        return []
    own = set(_held([actor.pk]).values_list("pk", flat=True))
    return [
        person
        for person in people
        if person.is_superuser
        or not own.issuperset(_held([person.pk]).values_list("pk", flat=True))
    ]


def _held(people: Collection[Any]) -> QuerySet[Permission]:
    # Not by User.get_all_permissions, which says of a closed account that it has none.
    return Permission.objects.filter(Q(user__in=people) | Q(group__user__in=people)).distinct()
