"""Who goes first of an alarm and its all-clear, and when both go as one: decided from plain values.

Both wait in two messages to one recipient, the alarm because it was not taken yet. A young alarm
goes first and the all-clear follows. An old one is no alarm any more: it joins the all-clear.
"""

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple
from uuid import UUID

OLD = timedelta(hours=1)


class Pair(NamedTuple):
    """A message with an alarm, and a later one with its all-clear; neither was taken yet."""

    alarm_id: UUID
    clear_id: UUID
    # Since when the alarm is to be told, and when its message is tried next.
    alarm_at: datetime
    alarm_due_at: datetime
    clear_created_at: datetime
    # What was tried may be known to the recipient: nothing joins it any more.
    is_clear_tried: bool = False
    has_clear_waited: bool = False


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

    With a pair of an alarm, all pairs of its message must be given: what joins, joins the first
    all-clear, so that no other one overtakes.
    """
    turns = Turns({}, {}, set())
    for alarm_id in sorted({pair.alarm_id for pair in pairs}):
        of_it = [pair for pair in pairs if pair.alarm_id == alarm_id]
        first = min(of_it, key=lambda pair: (pair.clear_created_at, pair.clear_id))
        if any(pair.alarm_at + OLD <= now for pair in of_it) and not first.is_clear_tried:
            turns.joins[alarm_id] = first.clear_id
    for pair in pairs:
        if pair.clear_id in taken and turns.joins.get(pair.alarm_id) != pair.clear_id:
            at = _until(pair, turns, taken=taken, now=now)
            turns.waits[pair.clear_id] = max(at, turns.waits.get(pair.clear_id, at))
    return turns


def _until(pair: Pair, turns: Turns, *, taken: Collection[UUID], now: datetime) -> datetime:
    if pair.alarm_id in taken or pair.alarm_id in turns.joins:
        return now  # its turn is the next
    if pair.alarm_due_at <= now:
        return now
    if not pair.has_clear_waited:
        turns.sooner.add(pair.alarm_id)
        return now
    if pair.is_clear_tried:
        return pair.alarm_due_at
    return max(now, min(pair.alarm_due_at, pair.alarm_at + OLD))
