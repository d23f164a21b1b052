"""One process's turn at a provider: batch after batch, and then the next provider's."""

import time
from datetime import datetime, timedelta

from integrations_health import fair_share, pipeline

# How long a worker goes on with the same provider: the others wait for it, and a message to itself
# for each batch costs 5 to 10 ms. With the last batch's deadline it stays below the task's limit.
TURN = timedelta(seconds=1)


def sweep(provider: str, *, turn: timedelta = TURN, now: datetime | None = None) -> bool:
    """Take batch after batch of a provider until the turn is over; say whether more may be due.

    Does nothing, and says no, while as many processes as may are at the provider already: they
    see to the rest. `now` replaces the database's clock in tests.
    """
    with fair_share.place(provider) as is_free:
        if not is_free:
            return False
        ends_at = time.monotonic() + turn.total_seconds()
        while is_more := pipeline.run(provider, now=now):
            if time.monotonic() >= ends_at:
                break
    return is_more
