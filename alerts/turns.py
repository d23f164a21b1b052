"""Who goes first of two messages about one thing, and when both go as one: from plain values.

Both wait to go to one recipient, the earlier because it was not taken yet: an alarm and its
all-clear, or an opening and the news that it became worse. A young one goes first and the other
follows. An old one is no news any more: it joins the later.
"""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple
from uuid import UUID

OLD = timedelta(hours=1)


class Pair(NamedTuple):
    """A message with news of a thing, and a later one with more of it; neither was taken yet."""

    earlier_id: UUID
    later_id: UUID
    # Since when the earlier news is to be told, and when its message is tried next.
    earlier_at: datetime
    earlier_due_at: datetime
    later_created_at: datetime
    # What was tried may be known to the recipient: nothing joins it any more.
    is_later_tried: bool = False
    has_later_waited: bool = False


class Turns(NamedTuple):
    """What to do before a batch is sent."""

    # Which message joins which.
    joins: dict[UUID, UUID]
    # Which message of the batch does not go now, and when it is looked at again.
    waits: dict[UUID, datetime]
    # Which message is tried now instead of later: there is more to tell, so it is worth a try.
    sooner: set[UUID]


def decide(pairs: Sequence[Pair], *, taken: Collection[UUID], now: datetime) -> Turns:
    """Return what to do about the pairs of a batch, whose messages are `taken`.

    With a pair of an earlier message, all pairs of it must be given: what joins, joins the first
    of the later ones, so that no other one overtakes.
    """
    firsts: dict[UUID, UUID] = {}
    for earlier_id in sorted({pair.earlier_id for pair in pairs}):
        of_it = [pair for pair in pairs if pair.earlier_id == earlier_id]
        first = min(of_it, key=lambda pair: (pair.later_created_at, pair.later_id))
        if any(pair.earlier_at + OLD <= now for pair in of_it) and not first.is_later_tried:
            firsts[earlier_id] = first.later_id
    turns = Turns({one: _last(one, firsts) for one in firsts}, {}, set())
    for pair in pairs:
        if pair.later_id in taken and not _goes_along(pair, turns):
            at = _until(pair, turns, taken=taken, now=now)
            turns.waits[pair.later_id] = max(at, turns.waits.get(pair.later_id, at))
    return turns


def _last(one: UUID, firsts: Mapping[UUID, UUID]) -> UUID:
    """Return what a message joins in the end: what it would join may itself join another."""
    for _ in firsts:
        one = firsts.get(one, one)
    return one


def _goes_along(pair: Pair, turns: Turns) -> bool:
    return pair.later_id in turns.joins or turns.joins.get(pair.earlier_id) == pair.later_id


def _until(pair: Pair, turns: Turns, *, taken: Collection[UUID], now: datetime) -> datetime:
    if pair.earlier_id in taken or pair.earlier_id in turns.joins:
        return now  # its turn is the next
    if pair.earlier_due_at <= now:
        return now
    if not pair.has_later_waited:
        turns.sooner.add(pair.earlier_id)
        return now
    if pair.is_later_tried:
        return pair.earlier_due_at
    return max(now, min(pair.earlier_due_at, pair.earlier_at + OLD))
