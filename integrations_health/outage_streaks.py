"""How many looks in a row speak for a change: that an incident opens, or that it is over."""

from datetime import datetime, timedelta
from typing import NamedTuple

FAILING_LOOKS_UNTIL_OPEN = 2
FINE_LOOKS_UNTIL_OVER = 3
# Looks come every half minute; what was seen before a longer pause of ours is another story.
LONGEST_PAUSE = timedelta(seconds=100)


class Streak(NamedTuple):
    """What the last looks at a scope came to.

    `looks` of them in a row spoke for a change: for the end where an incident is open
    (`is_towards_end`), for an incident where none is. `judged_at` is the last one that said
    anything, None when none did.
    """

    looks: int = 0
    is_towards_end: bool = False
    judged_at: datetime | None = None

    @property
    def is_decided(self) -> bool:
        """Say whether what they speak for is to be done."""
        needed = FINE_LOOKS_UNTIL_OVER if self.is_towards_end else FAILING_LOOKS_UNTIL_OPEN
        return self.looks >= needed

    def turned(self) -> "Streak":
        """Return what is remembered once that is done: nothing speaks for the opposite yet."""
        return Streak(is_towards_end=not self.is_towards_end)


def follow(before: Streak, *, is_open: bool, speaks: bool | None, at: datetime) -> Streak:
    """Return the streak after one more look, at `at`, while an incident is open or not.

    `speaks` says whether the look speaks for a change; None: it saw too little to say anything.
    """
    is_same = before.is_towards_end is is_open
    if speaks is None:
        return before if is_same else Streak(is_towards_end=is_open)
    if not speaks:
        return Streak(is_towards_end=is_open, judged_at=at)
    is_in_a_row = (
        is_same and before.judged_at is not None and at - before.judged_at <= LONGEST_PAUSE
    )
    return Streak((before.looks if is_in_a_row else 0) + 1, is_open, at)
