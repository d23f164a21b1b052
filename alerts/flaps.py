"""Keep count of how restless integrations are."""

from collections.abc import Iterable, Mapping
from uuid import UUID

from alerts import flapping
from alerts.flapping import Unrest
from alerts.sight import Watched
from integrations_health.binary_sql import binary_cursor
from integrations_health.outcomes import Observation


def follow(observations: Iterable[Observation], watched: Mapping[UUID, Watched]) -> set[UUID]:
    """Count the changes of status in `observations`; return who flaps now."""
    changed: dict[UUID, Unrest] = {}
    restless: set[UUID] = set()
    for seen in observations:
        known = watched.get(seen.integration_id)
        if known is None:
            continue
        unrest = _after(seen, known.unrest)
        if unrest is not None and unrest.is_flapping:
            restless.add(known.id)
        if unrest is not None and _is_worth_writing(unrest, known.unrest, seen):
            changed[known.id] = unrest
    _write(changed)
    return restless


def _after(seen: Observation, unrest: Unrest | None) -> Unrest | None:
    if flapping.is_change(seen):
        return flapping.after_change(unrest, at=seen.at)
    return None if unrest is None else flapping.settled(unrest, at=seen.at)


def _is_worth_writing(new: Unrest, old: Unrest | None, seen: Observation) -> bool:
    return flapping.is_change(seen) or old is None or old.is_flapping is not new.is_flapping


def _write(changed: Mapping[UUID, Unrest]) -> None:
    if not changed:
        return
    ids = sorted(changed)
    columns = zip(*(changed[one] for one in ids), strict=True)
    with binary_cursor() as cursor:
        cursor.execute(
            """
            INSERT INTO alert_flaps (integration_id, penalty, counted_at, is_flapping)
            SELECT * FROM unnest(%b::uuid[], %b::float[], %b::timestamptz[], %b::bool[])
            ON CONFLICT (integration_id) DO UPDATE SET penalty = EXCLUDED.penalty,
                counted_at = EXCLUDED.counted_at, is_flapping = EXCLUDED.is_flapping
            """,
            [ids, *(list(column) for column in columns)],
        )
