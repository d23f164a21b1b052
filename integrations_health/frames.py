"""What open sockets are told of integrations, ready to be sent."""

import json
from collections.abc import Iterable
from typing import NamedTuple
from uuid import UUID

from integrations_health import shapes
from integrations_health.models import HealthCheck
from integrations_health.models.ownership import OwnedQuerySet
from integrations_health.overlay import OpenIncidents, Turns


class Update(NamedTuple):
    """How one integration is now: `text` is the frame."""

    integration_id: UUID
    version: int
    text: str


class Place(NamedTuple):
    """Whose an integration is, whom it is reached through, and the newest version there is."""

    owner: UUID
    provider: str
    version: int


def read(rows: OwnedQuerySet[HealthCheck]) -> list[tuple[UUID, Update]]:
    """Return owner and update of each row. Three queries."""
    # The version first: what is read after it may be newer, never older than the version says.
    turns, incidents = Turns.read(), OpenIncidents.read()
    return [(row.user_id, _update(row, turns, incidents)) for row in rows]


def places(rows: OwnedQuerySet[HealthCheck]) -> dict[UUID, Place]:
    """Return where each row stands, by its integration. Two queries."""
    turns = Turns.read()
    columns = ("integration_id", "user_id", "provider", "service", "state_version")
    return {
        integration_id: Place(
            owner, provider, turns.version(version, provider=provider, service=service)
        )
        for integration_id, owner, provider, service, version in rows.values_list(*columns)
    }


def packed(updates: Iterable[Update]) -> list[list[str | int]]:
    """Return updates as they travel through the channel layer."""
    return [[str(update.integration_id), update.version, update.text] for update in updates]


def unpacked(packed: Iterable[tuple[str, int, str]]) -> list[Update]:
    """Return what `packed` was made of."""
    return [Update(UUID(pk), version, text) for pk, version, text in packed]


def _update(row: HealthCheck, turns: Turns, incidents: OpenIncidents) -> Update:
    version = turns.version(row.state_version, provider=row.provider, service=row.service)
    incident = incidents.over(provider=row.provider, service=row.service)
    frame = shapes.update(row, incident=incident, version=version)
    return Update(row.integration_id, version, json.dumps(frame, separators=(",", ":")))
