"""Heed what a provider tells by itself: a reason to look at once, and never a verdict."""

import hashlib
import logging
from datetime import timedelta

import redis
from django import db
from django.conf import settings

from integrations_health import quick_redis, schedule
from integrations_health.models import Integration

logger = logging.getLogger(__name__)

# As long as one call stays timely, signed by a clock that is ahead.
REMEMBERED_FOR = timedelta(minutes=10)


def look_at(account_id: str, *, provider: str, event_id: str) -> int:
    """Make what is watched through a provider's account due at once; returns how many are.

    An event that is sent again within `REMEMBERED_FOR` has no second effect. While Redis is away
    it has one, and harms nobody.
    """
    key = f"provider-event:{provider}:{hashlib.sha256(event_id.encode()).hexdigest()}"
    if not _is_news(key):
        return 0
    watched = Integration.objects.filter(
        provider=provider, server_instance_id=account_id, enabled=True
    )
    try:
        return schedule.make_due(list(watched.values_list("pk", flat=True)), spread=timedelta())
    except db.Error:
        # The provider sends it again, which must not be taken for a second time.
        _forget(key)
        raise


def _is_news(key: str) -> bool:
    try:
        link = quick_redis.connection(settings.REDIS_URL)
        return bool(link.set(key, b"", nx=True, ex=REMEMBERED_FOR))
    except redis.RedisError as error:
        logger.warning("provider_event.not_remembered", extra={"reason": type(error).__name__})
        return True


def _forget(key: str) -> None:
    try:
        quick_redis.connection(settings.REDIS_URL).delete(key)
    except redis.RedisError as error:
        logger.warning("provider_event.not_forgotten", extra={"reason": type(error).__name__})
