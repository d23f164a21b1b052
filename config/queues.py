"""How many tasks wait in the broker; a number that may be missing, since Redis may be away."""

import redis
from django.conf import settings

from config.celery import QUEUES
from integrations_health import quick_redis


def depths() -> dict[str, int] | None:
    """Return how many tasks wait in each queue; None when Redis does not answer in a second."""
    try:
        with quick_redis.connection(settings.BROKER_URL).pipeline(transaction=False) as ask:
            for name in QUEUES:
                ask.llen(name)
            return dict(zip(QUEUES, ask.execute(), strict=True))
    except redis.RedisError:
        return None
