"""What a worker makes of a message that it received."""

from typing import Literal

from celery.worker import request, state

from config import broker_clock


class Request(request.Request):
    """A request that has expired once the broker's clock says so, whatever the worker's does."""

    def maybe_expire(self) -> Literal[True] | None:
        """Say whether nobody needs it any more; while the broker does not answer, it is needed."""
        now = broker_clock.now()
        if now is None or now <= self.expires:
            return None
        state.revoked.add(self.id)
        return True
