"""Register the connections that a provider lists, each with its owner."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from uuid import UUID

from integrations_health import reauth_requests, registry, typed_values
from integrations_health.models import Integration, User
from integrations_health.providers.base import Connection
from integrations_health.registration import Refusal, Registration
from integrations_health.registry import Changes

# The longest that fits, and whether it must be there.
_LENGTHS = {
    "server_instance_id": (255, True),
    "provider_user_id": (255, True),
    "service": (50, True),
    "auth_config_id": (255, False),
}


def adopt(connections: Sequence[Connection], *, changes: Changes) -> None:
    """Create what is new, and bring what we know of the rest up to date; both inside `writing`.

    A thousand connections at most, all of one provider. Nothing is ever disconnected, and what the
    provider does not say stays as it is. What cannot be kept is added to `changes.refused`. What
    was left behind when its owner connected again, or made for that, is nobody's own.
    """
    storable = [connection for connection in connections if _is_storable(connection, changes)]
    if not storable:
        return
    owners = _owners(storable)
    storable = _without_leftovers(storable, owners)
    if not storable:
        return
    homes = _homes(storable[0].provider, _strangers(storable, owners))
    registry.register(
        (
            _registration(connection, owner)
            for connection in storable
            for owner in owners[connection] or [homes.get(connection.provider_user_id)]
        ),
        changes=changes,
    )


def _without_leftovers(
    connections: Sequence[Connection], owners: dict[Connection, set[UUID]]
) -> list[Connection]:
    unwatched = [one.server_instance_id for one in connections if not owners[one]]
    leftovers = reauth_requests.left_or_announced(unwatched) if unwatched else set()
    return [one for one in connections if owners[one] or one.server_instance_id not in leftovers]


def _is_storable(connection: Connection, changes: Changes) -> bool:
    for name, (most, is_needed) in _LENGTHS.items():
        if problem := _problem(getattr(connection, name), most=most, is_needed=is_needed):
            place = f"a connection at {connection.provider}"
            changes.refused.append(Refusal(place, name, problem, "it is not watched"))
            return False
    return True


def _problem(value: str, *, most: int, is_needed: bool) -> str:
    if is_needed and not value:
        return "is empty"
    # Never trimmed: two ids that differ by a space belong to two people.
    if len(value) > most:
        return f"has {len(value):,} characters"
    try:
        typed_values.text(value, most=most)
    except typed_values.Bad as bad:
        return bad.problem
    return ""


def _owners(connections: Sequence[Connection]) -> dict[Connection, set[UUID]]:
    """Return who has each connection already: whose row names its provider user, or is named so."""
    rows = Integration.objects.filter(
        provider=connections[0].provider,
        server_instance_id__in={connection.server_instance_id for connection in connections},
    ).values_list(
        "server_instance_id", "service", "provider_user_id", "user__external_id", "user_id"
    )
    owners: defaultdict[tuple[str, str, str | None], set[UUID]] = defaultdict(set)
    for instance, service, provider_user, external_id, user_id in rows:
        owners[instance, service, provider_user or external_id].add(user_id)
    return {
        connection: owners[
            connection.server_instance_id, connection.service, connection.provider_user_id
        ]
        for connection in connections
    }


def _strangers(connections: Iterable[Connection], owners: dict[Connection, set[UUID]]) -> set[str]:
    """Return the provider users who have no connection here, and no user of their name."""
    names = {connection.provider_user_id for connection in connections if not owners[connection]}
    known = User.objects.filter(external_id__in=names).values_list("external_id", flat=True)
    return names - set(known)


def _homes(provider: str, strangers: set[str]) -> dict[str, UUID]:
    """Return whom a provider user belongs to by other connections, where that is one person."""
    people: defaultdict[str, set[UUID]] = defaultdict(set)
    rows = Integration.objects.filter(provider=provider, provider_user_id__in=strangers)
    for name, user_id in rows.values_list("provider_user_id", "user_id").distinct():
        people[name].add(user_id)
    # Where two people claim to be this one, it is not ours to decide: a third is made.
    return {name: users.pop() for name, users in people.items() if len(users) == 1}


def _registration(connection: Connection, owner: UUID | None) -> Registration:
    return Registration(
        user=connection.provider_user_id,
        user_id=owner,
        service=connection.service,
        provider=connection.provider,
        server_instance_id=connection.server_instance_id,
        provider_user_id=connection.provider_user_id,
        auth_config_id=connection.auth_config_id or None,
        server_url=connection.server_url or None,
        connected_at=connection.connected_at,
    )
