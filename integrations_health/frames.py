"""What open sockets are told of integrations, ready to be sent."""

import json
from collections.abc import Iterable
from typing import NamedTuple
from uuid import UUID

from integrations_health import shapes
from integrations_health.models import HealthCheck
from integrations_health.models.ownership import OwnedQuerySet
from integrations_health.overlay import Overlay, Turns
from integrations_health.reauth_offers import Offers


class Update(NamedTuple):
    """How one integration of a user is now: `text` is the frame."""

    owner: UUID
    integration_id: UUID
    version: int
    text: str


class Place(NamedTuple):
    """Whose an integration is, whom it is reached through, and the newest version there is."""

    owner: UUID
    provider: str
    version: int


def read(rows: OwnedQuerySet[HealthCheck]) -> list[Update]:
    """Return the update of each row. Two queries, and a third where a grant is dead."""
    # Before the rows: what is read after it may be newer, never older than the version says.
    overlay = Overlay.read()
    offers = Offers(overlay.incidents)
    return [_update(row, overlay, offers) for row in rows]


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
    return [[str(one.owner), str(one.integration_id), *one[2:]] for one in updates]


def unpacked(packed: Iterable[tuple[str, str, int, str]]) -> list[Update]:
    """Return what `packed` was made of."""
    return [Update(UUID(owner), UUID(pk), version, text) for owner, pk, version, text in packed]


def _update(row: HealthCheck, overlay: Overlay, offers: Offers) -> Update:
    incident, version = overlay.over(row)
    url = offers.url(row.integration_id, row)
    frame = shapes.update(row, incident=incident, reauth_url=url, version=version)
    text = json.dumps(frame, separators=(",", ":"))
    return Update(row.user_id, row.integration_id, version, text)
