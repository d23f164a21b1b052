"""Gather what Prometheus is told: each part for itself, and all of it within a few seconds.

A source that does not answer costs its own parts and nothing else. PostgreSQL and Redis are asked
when somebody wants to know, so that every process says the same; only what this process counted of
requests and statements is its own.
"""

import logging
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, suppress
from typing import NamedTuple

import prometheus_client
import redis
from celery.exceptions import SoftTimeLimitExceeded
from django.db import Error, connection, transaction
from prometheus_client import CollectorRegistry
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from alerts import watchdog as telling
from integrations_health import buffer, database_faults, metrics
from integrations_health.web_database import waiting

logger = logging.getLogger(__name__)

# Within the ten seconds that Prometheus waits by itself.
DEADLINE_SECONDS = 8.0
# Of a worker, for whom nobody waits.
PATIENCE_SECONDS = 15.0
# Whoever is slow was told so by PostgreSQL; who does not say even that is taken for dead.
GRACE_SECONDS = 1.0
# When each counter began, which Prometheus makes nothing of and which would double their number.
prometheus_client.disable_created_metrics()  # type: ignore[no-untyped-call]  # it is not

Limit = Callable[[float], AbstractContextManager[None]]
Read = Callable[[], Iterable[Metric]]


class Part(NamedTuple):
    """Something that is told: how it is read, and how long PostgreSQL may take for a statement."""

    read: Read
    seconds: float = 2.0


def messages() -> Iterator[Metric]:
    """Tell how many messages wait, were given up, and were sent."""
    family = GaugeMetricFamily(
        f"{metrics.PREFIX}notifications",
        "Messages by state; of the sent, those made within an hour. "
        f"{telling.MOST_COUNTED} of each at most.",
        labels=["channel", "state"],
    )
    for (channel, state), count in telling.messages().items():
        family.add_metric([channel, state], count)
    yield family


def kept_results() -> Iterator[Metric]:
    """Tell how much waits to be recorded."""
    yield GaugeMetricFamily(
        f"{metrics.PREFIX}result_buffer_length",
        "Parts of batches, of up to 200 checks, that wait for PostgreSQL to be recorded.",
        value=buffer.length(),
    )


Sources = Mapping[str, Sequence[Part]]
# What is read of each source. A new family is a part more.
SOURCES: Sources = {
    "postgresql": (
        Part(metrics.reckon, seconds=4.0),
        Part(metrics.gather),
        Part(metrics.checks_of_the_last_hour),
        Part(metrics.checks_ever),
        Part(metrics.pace),
        Part(metrics.incidents),
        Part(messages),
    ),
    "redis": (Part(kept_results),),
}


class NotRead(Exception):
    """A part could not be read; `is_source_away`: nor could any other of its source."""

    def __init__(self, *, is_source_away: bool) -> None:
        super().__init__()
        self.is_source_away = is_source_away


class Families(Collector):
    """What was read, as prometheus_client wants to be given it."""

    def __init__(self, families: Iterable[Metric]) -> None:
        self._families = list(families)

    def collect(self) -> Iterator[Metric]:
        """Return it."""
        yield from self._families


def keep_up() -> None:
    """Do what has to be done now and then, whether anybody asks or not, and with more patience."""
    for read in (metrics.reckon, metrics.gather):
        part = Part(read, seconds=PATIENCE_SECONDS)
        with suppress(NotRead):
            _read(part, limit=_statements_within, deadline=time.monotonic() + PATIENCE_SECONDS)


def registry(sources: Sources = SOURCES) -> CollectorRegistry:
    """Read every source, and return all that is the same whichever process is asked."""
    found = CollectorRegistry()
    found.register(Families(_families(sources)))
    return found


def text() -> bytes:
    """Return that, and what this process counted by itself, as Prometheus reads it."""
    own = prometheus_client.generate_latest(prometheus_client.REGISTRY)
    return prometheus_client.generate_latest(registry()) + own


def _families(sources: Sources) -> Iterator[Metric]:
    deadline = time.monotonic() + DEADLINE_SECONDS
    answers = GaugeMetricFamily(
        f"{metrics.PREFIX}source_up",
        "Whether all that is read of a source could be read.",
        labels=["source"],
    )
    for source, parts in sources.items():
        limit = _statements_within if source == "postgresql" else _no_limit
        is_up = True
        for part in parts:
            try:
                yield from _read(part, limit=limit, deadline=deadline)
            except NotRead as problem:
                is_up = False
                if problem.is_source_away:
                    break
        answers.add_metric([source], is_up)
    yield answers


def _read(part: Part, *, limit: Limit, deadline: float) -> list[Metric]:
    """Return what a part tells. Raises NotRead, also when no time is left to ask."""
    seconds = min(part.seconds, deadline - time.monotonic())
    if seconds <= 0:
        raise NotRead(is_source_away=True)
    try:
        with limit(seconds):
            return list(part.read())
    except (Error, redis.RedisError) as error:
        logger.warning(
            "metrics.not_read", extra={"part": part.read.__name__, "reason": type(error).__name__}
        )
        # Who refuses a statement says why by a code; who does not answer says nothing.
        is_refused = isinstance(error, Error) and database_faults.sqlstate_of(error)
        raise NotRead(is_source_away=not is_refused) from error
    except SoftTimeLimitExceeded:
        raise
    except Exception as error:
        # Whatever is wrong with one part, the others are told.
        logger.exception("metrics.failed", extra={"part": part.read.__name__})
        raise NotRead(is_source_away=False) from error


@contextmanager
def _statements_within(seconds: float) -> Iterator[None]:
    with waiting.at_most(seconds + GRACE_SECONDS), transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SELECT set_config('statement_timeout', %s, true)", [f"{seconds:.3f}s"])
        yield


@contextmanager
def _no_limit(seconds: float) -> Iterator[None]:
    # Its every command has a limit of its own.
    yield
