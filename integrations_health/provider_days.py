"""Add everybody's days up to days of a provider and of each service through it."""

from collections.abc import Sequence
from datetime import date

from django.db import connection

from integrations_health.models import ProviderDay
from integrations_health.outcomes import MEANINGS, Cause
from integrations_health.status import Vote

# What a check ends with when the provider or the service behind it fails, whoever asks.
NOT_THE_USERS = tuple(
    outcome.value
    for outcome, meaning in MEANINGS.items()
    if meaning.cause in {Cause.PROVIDER, Cause.SERVICE} and meaning.vote is not Vote.ABSTAINS
)

_ADD_UP = """
INSERT INTO provider_days (
    day, provider, service, users, observed_seconds, outage_seconds, impaired_seconds
)
SELECT %(day)s, i.provider, COALESCE(i.service, ''),
    -- Of whom nothing is known the numbers are not.
    count(DISTINCT d.user_id) FILTER (WHERE d.observed_seconds > 0),
    sum(d.observed_seconds), sum(d.outage_seconds), sum(d.impaired_seconds)
FROM integration_health_daily d JOIN user_integrations i ON i.id = d.integration_id
WHERE d.day = %(day)s
GROUP BY GROUPING SETS ((i.provider, i.service), (i.provider))
ON CONFLICT (day, provider, service) DO UPDATE SET
    users = EXCLUDED.users, observed_seconds = EXCLUDED.observed_seconds,
    outage_seconds = EXCLUDED.outage_seconds, impaired_seconds = EXCLUDED.impaired_seconds
"""


def add_up(day: date) -> None:
    """Add up a day that every integration has its DailyHealth of, anew where it was before."""
    with connection.cursor() as cursor:
        cursor.execute(_ADD_UP, {"day": day})


def read(*, since: date, least_users: int) -> Sequence[ProviderDay]:
    """Return the days of what at least so many people used, oldest first. One query."""
    days = ProviderDay.objects.filter(day__gte=since, users__gte=least_users)
    return list(days.order_by("day", "provider", "service"))
