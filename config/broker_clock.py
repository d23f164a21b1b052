"""Let messages run out by the broker's clock: those of two machines need not agree.

Celery dates the end of a message by the sender's clock and judges it by the receiver's. A worker
ten minutes ahead would take its share of all wake-ups and throw them away.
"""

from datetime import UTC, datetime
from typing import Any, cast

import redis
from celery import Celery, signals
from django.conf import settings

from integrations_health import quick_redis


def now() -> datetime | None:
    """Return the broker's time, in UTC; None when it does not answer within a second."""
    try:
        said = cast("tuple[int, int]", quick_redis.connection(settings.BROKER_URL).time())
    except redis.RedisError:
        return None
    seconds, microseconds = said
    return datetime.fromtimestamp(seconds, UTC).replace(microsecond=microseconds)


def install(app: Celery) -> None:
    """Date the messages of `app`, and judge them in its workers, by the broker's clock."""
    # A name: whoever only sends does not load what is a worker's.
    app.Task.Request = "config.broker_requests:Request"
    signals.before_task_publish.connect(_date, weak=False)


def _date(*, headers: dict[str, Any], **_: Any) -> None:
    if headers.get("expires") is None:
        return
    worth = datetime.fromisoformat(headers["expires"]) - datetime.now(UTC)
    if brokers := now():
        headers["expires"] = (brokers + worth).isoformat()
