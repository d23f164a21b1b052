"""Ask a provider about a batch: the only place where checks open sockets."""

import asyncio
import logging
import random
import time
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple, TypeVar
from uuid import UUID

from django.conf import settings

from integrations_health import egress, judgement, probes
from integrations_health.budget import Allotment
from integrations_health.check_ids import check_id
from integrations_health.judgement import Judgement, ProbeWord, ServerWord
from integrations_health.outcomes import (
    TRANSIENT,
    CheckResult,
    CheckTarget,
    Evidence,
    Outcome,
    clamped_wait,
)
from integrations_health.providers.base import (
    ConnectionState,
    Failure,
    NoBudget,
    Provider,
    ServerStatus,
)
from integrations_health.redaction import redact

logger = logging.getLogger(__name__)

BULK_SIZE = 100
ATTEMPTS = 3
# Retries help against a hiccup and hurt in an outage: a batch may spend a tenth of itself on them.
RETRY_SHARE = 0.1
RETRIES_AT_LEAST = 3

A = TypeVar("A")


class Findings(NamedTuple):
    """What a batch found, what it could not ask, and how long the provider told us to wait."""

    results: list[CheckResult]
    deferred: list[CheckTarget]
    wait: timedelta | None

    @property
    def wait_of_deferred(self) -> timedelta:
        """After what time it makes sense to try again what had no turn."""
        return clamped_wait(self.wait) or settings.TICK


def calls_for(provider: Provider, targets: Sequence[CheckTarget]) -> int:
    """Return how many calls a batch may need, retries included."""
    asking = sum(target.is_probe_due for target in targets) if provider.reads_in_bulk else 0
    pages = -(-len(targets) // BULK_SIZE)
    needed = pages + asking if provider.reads_in_bulk else 2 * len(targets)
    return needed + _retries(len(targets))


async def check(
    provider: Provider,
    targets: Sequence[CheckTarget],
    *,
    allotment: Allotment,
    claimed_at: datetime,
) -> Findings:
    """Ask about every target within the batch's deadline; what had no turn is deferred.

    `claimed_at` is the database's clock at the claim: together with this machine's monotonic clock
    it dates the results, so that a worker whose wall clock is wrong dates them right.
    """
    batch = _Batch(provider, targets, allotment=allotment, claimed_at=claimed_at)
    await batch.run()
    results = await egress.acquit(list(batch.results.values()), batch.unreachable, provider.name)
    deferred = [target for target in targets if target.integration_id not in batch.results]
    return Findings(results, deferred, batch.wait)


class _Batch:
    """One round of questions to one provider."""

    def __init__(
        self,
        provider: Provider,
        targets: Sequence[CheckTarget],
        *,
        allotment: Allotment,
        claimed_at: datetime,
    ) -> None:
        self.provider = provider
        self.targets = targets
        self.allotment = allotment
        self.results: dict[UUID, CheckResult] = {}
        self.unreachable: set[UUID] = set()
        self.wait: timedelta | None = None
        self._refused: Failure | None = None
        self._retries_left = _retries(len(targets))
        self._claimed_at = claimed_at
        self._started = time.monotonic()

    async def run(self) -> None:
        """Ask about everything, or stop at the deadline with what is there."""
        chunks = [
            self.targets[start : start + BULK_SIZE]
            for start in range(0, len(self.targets), BULK_SIZE)
        ]
        workers = -(-settings.PROVIDERS[self.provider.name]["concurrency"] // len(chunks))
        try:
            async with asyncio.timeout(settings.BATCH_DEADLINE.total_seconds()):
                await asyncio.gather(*(self._ask_chunk(chunk, workers) for chunk in chunks))
        except TimeoutError:
            logger.warning("batch.deadline_passed", extra={"provider": self.provider.name})

    async def _ask_chunk(self, targets: Sequence[CheckTarget], workers: int) -> None:
        servers: dict[UUID, ServerWord] = {}
        if self.provider.reads_in_bulk:
            servers = await self._statuses(targets)
        todo = deque((target, servers.get(target.integration_id)) for target in targets)
        await asyncio.gather(*(self._work(todo) for _ in range(min(workers, len(todo)))))

    async def _statuses(self, targets: Sequence[CheckTarget]) -> dict[UUID, ServerWord]:
        servers: dict[UUID, ServerWord] = {}
        asked = targets
        for attempt in range(1, ATTEMPTS + 1):
            try:
                heard = await self.provider.list_server_statuses(asked, gate=self.allotment.gate)
            except NoBudget:
                break
            servers.update(heard)
            asked = [target for target in asked if _is_transient(heard[target.integration_id])]
            if not asked or not await self._may_retry(attempt, since=self._started):
                break
        for server in servers.values():
            self._heed(server)
        return servers

    async def _work(self, todo: "deque[tuple[CheckTarget, ServerWord]]") -> None:
        while todo:
            target, server = todo.popleft()
            try:
                self.results[target.integration_id] = await self._check(target, server)
            except NoBudget:
                continue
            except Exception:
                # One traceback, one internal error, and the batch goes on.
                logger.exception(
                    "check.crashed", extra={"integration_id": str(target.integration_id)}
                )
                self.results[target.integration_id] = self._result(
                    target, None, None, Judgement(Outcome.INTERNAL_ERROR), at=self._now()
                )

    async def _check(self, target: CheckTarget, server: ServerWord) -> CheckResult:
        at = self._now()
        if self._refused is not None:
            return self._conclude(target, self._refused, None, at=at)
        if self.provider.reads_in_bulk and server is None:
            raise NoBudget
        probe = None
        if self._must_probe(target, server):
            probe = await self._probe(target, server, at=at)
        if not self.provider.reads_in_bulk and (probe is None or not _is_good(probe)):
            server = await self._status(target, probe)
        self._heed(probe)
        self._heed(server)
        return self._conclude(target, server, probe, at=at)

    def _must_probe(self, target: CheckTarget, server: ServerWord) -> bool:
        if probes.probe_for(target) is None or not judgement.needs_probe(server):
            return False
        is_as_ever = isinstance(server, ServerStatus) and server.state is ConnectionState.ACTIVE
        return target.is_probe_due or (self.provider.reads_in_bulk and not is_as_ever)

    async def _probe(self, target: CheckTarget, server: ServerWord, *, at: datetime) -> ProbeWord:
        probe = probes.probe_for(target)
        assert probe is not None
        identity = check_id(target.integration_id, target.check_seq, at)
        try:
            return await self._ask(
                lambda: self.provider.call_tool(
                    target,
                    tool=probe.tool,
                    arguments=probe.arguments,
                    request_id=identity,
                    gate=self.allotment.gate,
                )
            )
        except NoBudget:
            if isinstance(server, Failure):
                return None  # The failed status is an answer, too.
            raise

    async def _status(self, target: CheckTarget, probe: ProbeWord) -> ServerWord:
        try:
            return await self._ask(
                lambda: self.provider.get_server_status(target, gate=self.allotment.gate)
            )
        except NoBudget:
            if probe is None:
                raise
            return None

    async def _ask(self, call: Callable[[], Awaitable[A | Failure]]) -> A | Failure:
        since = time.monotonic()
        answer = await call()
        attempt = 1
        while _is_transient(answer) and await self._may_retry(attempt, since=since):
            attempt += 1
            try:
                answer = await call()
            except NoBudget:
                break
        return answer

    async def _may_retry(self, attempt: int, *, since: float) -> bool:
        pause = random.uniform(0.5, 1) * 2 ** (attempt - 1)
        last_start = settings.CHECK_DEADLINE - settings.CALL_DEADLINE
        is_late = time.monotonic() - since + pause > last_start.total_seconds()
        if attempt >= ATTEMPTS or is_late or self._retries_left <= 0:
            return False
        self._retries_left -= 1
        await asyncio.sleep(pause)
        return True

    def _heed(self, answer: ServerWord | ProbeWord) -> None:
        """Stop asking where the provider said so: for a while, or because it refuses our key."""
        if not isinstance(answer, Failure) or not settings.PROVIDERS[self.provider.name]["base_url"]:
            return
        if answer.outcome is Outcome.RATE_LIMITED:
            self.wait = max(self.wait or timedelta(), answer.retry_after or timedelta())
            self.allotment.block()
        elif answer.outcome is Outcome.KEY_REJECTED:
            self._refused = answer

    def _conclude(
        self, target: CheckTarget, server: ServerWord, probe: ProbeWord, *, at: datetime
    ) -> CheckResult:
        verdict = judgement.judge(target, server, probe, at=at, slow_after_ms=settings.SLOW_MS)
        if any(isinstance(word, Failure) and word.is_connection_level for word in (server, probe)):
            self.unreachable.add(target.integration_id)
        return self._result(target, server, probe, verdict, at=at)

    def _result(
        self,
        target: CheckTarget,
        server: ServerWord,
        probe: ProbeWord,
        verdict: Judgement,
        *,
        at: datetime,
    ) -> CheckResult:
        waits = [word.retry_after for word in (probe, server) if isinstance(word, Failure)]
        own_call = probe if probe is not None or self.provider.reads_in_bulk else server
        return CheckResult(
            integration_id=target.integration_id,
            check_seq=target.check_seq,
            check_id=check_id(target.integration_id, target.check_seq, at),
            checked_at=at,
            outcome=verdict.outcome,
            is_certain=verdict.is_certain,
            evidence=judgement.evidence(server, probe) or _NOTHING_ASKED,
            response_time_ms=own_call.call.latency_ms if own_call is not None else None,
            server_status=judgement.server_word(server),
            is_active=judgement.is_active(server),
            is_probed=probe is not None,
            wait=next((wait for wait in waits if wait is not None), None),
        )

    def _now(self) -> datetime:
        return self._claimed_at + timedelta(seconds=time.monotonic() - self._started)


def _retries(targets: int) -> int:
    return max(RETRIES_AT_LEAST, int(targets * RETRY_SHARE))


def _is_transient(answer: object) -> bool:
    return isinstance(answer, Failure) and answer.outcome in TRANSIENT


def _is_good(probe: ProbeWord) -> bool:
    return probe is not None and probes.judge(probe, slow_after_ms=settings.SLOW_MS) in {
        Outcome.OK,
        Outcome.SLOW,
    }


_NOTHING_ASKED = (Evidence(call="our own code", said=redact("the check crashed before it ended")),)
