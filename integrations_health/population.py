"""Count how everybody's integrations are now, per provider and per service through it."""

from datetime import datetime
from typing import NamedTuple

from django.db import connection

from integrations_health.provider_days import NOT_THE_USERS


class Standing(NamedTuple):
    """How the enabled integrations of a provider's service ("": of the provider) are now.

    `failing` and `impaired` are those of the `known` that are unhealthy or degraded for which the
    provider or the service is to blame. The percentile is over the last check of each. Of the
    `users`, something is known of `known_users`, and `measured_users` have a time to measure.
    """

    provider: str
    service: str
    users: int
    known: int
    failing: int
    impaired: int
    p95_ms: float | None
    last_check_at: datetime | None
    known_users: int = 0
    measured_users: int = 0

    @property
    def works_percent(self) -> int | None:
        """Return for how many of a hundred it works, as far as it is to blame; None if unknown.

        Only none is 0 and only all are 100.
        """
        if not self.known:
            return None
        bad = self.failing + self.impaired
        rounded = round(100 - 100 * bad / self.known)
        return min(max(rounded, 1), 99) if 0 < bad < self.known else rounded


_COUNT = """
SELECT provider, COALESCE(service, ''), count(DISTINCT user_id),
    count(*) FILTER (WHERE status <> 'unknown'),
    count(*) FILTER (WHERE status = 'unhealthy' AND error_code = ANY(%(not_the_users)s)),
    count(*) FILTER (WHERE status = 'degraded' AND error_code = ANY(%(not_the_users)s)),
    percentile_cont(0.95) WITHIN GROUP (ORDER BY response_time_ms),
    max(last_check_at),
    count(DISTINCT user_id) FILTER (WHERE status <> 'unknown'),
    count(DISTINCT user_id) FILTER (WHERE response_time_ms IS NOT NULL)
FROM integration_health_checks WHERE enabled
GROUP BY GROUPING SETS ((provider, service), (provider))
ORDER BY 1, 2
"""


def read() -> list[Standing]:
    """Return how everybody is, each provider before its services. One query."""
    with connection.cursor() as cursor:
        cursor.execute(_COUNT, {"not_the_users": list(NOT_THE_USERS)})
        return [Standing._make(row) for row in cursor.fetchall()]
