"""What a load balancer asks: does this process answer, and can it do its work."""

from collections.abc import Callable
from datetime import timedelta

import redis
from django.conf import settings
from django.db import DatabaseError, connection
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_safe

from integrations_health import partitions, quick_redis, watchdog

# A schedule that nobody looked at for so long is late for every integration.
LONGEST_SILENCE = max(timedelta(seconds=60), 12 * settings.TICK)


class NotReady(Exception):
    """One part is not ready; the text says what is wrong, without a secret."""


@never_cache
@csrf_exempt
@require_safe
def healthz(request: HttpRequest) -> HttpResponse:
    """Answer 200 as long as this process answers at all; asks nobody else."""
    return HttpResponse("ok", content_type="text/plain")


@never_cache
@csrf_exempt
@require_safe
def readyz(request: HttpRequest) -> JsonResponse:
    """Answer 200 when every part is ready, else 503; the body says how each part is."""
    found = {name: _state(look) for name, look in PARTS.items()}
    is_ready = all(state == "ok" for state in found.values())
    return JsonResponse({"ready": is_ready, **found}, status=200 if is_ready else 503)


def _state(look: Callable[[], None]) -> str:
    try:
        look()
    except NotReady as error:
        return str(error)
    except DatabaseError:
        return "the database does not answer"
    except redis.RedisError:
        return "Redis does not answer"
    return "ok"


def _database() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")


def _redis() -> None:
    quick_redis.connection(settings.REDIS_URL).ping()


def _partitions() -> None:
    today = timezone.now().date()
    for table in partitions.TABLES:
        if partitions.ready_until(table) <= today:
            raise NotReady(f"{table} has no place for this month: run maintain_partitions")


def _scheduler() -> None:
    beaten_at = watchdog.beaten_at()
    if beaten_at is None:
        raise NotReady("nothing has looked at the schedule yet: is a worker of `checks` running?")
    silence = timezone.now() - beaten_at
    if silence > LONGEST_SILENCE:
        raise NotReady(
            f"nobody has looked at the schedule for {silence.total_seconds():.0f} s: "
            "is a worker of `checks` running?"
        )


PARTS = {
    "database": _database,
    "redis": _redis,
    "partitions": _partitions,
    "scheduler": _scheduler,
}
