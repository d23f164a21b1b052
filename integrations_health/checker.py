"""Ask a provider about a batch: the only place where checks open sockets."""

import asyncio
import logging
import time
from collections import deque
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import NamedTuple
from uuid import UUID

from django.conf import settings

from integrations_health import egress, judgement, probes
from integrations_health.allotment import Allotment
from integrations_health.check_ids import check_id
from integrations_health.crash_points import crash_point
from integrations_health.judgement import ProbeWord, ServerWord
from integrations_health.outcomes import CheckResult, CheckTarget, Outcome, clamped_wait
from integrations_health.patience import ATTEMPTS, Patience, is_transient
from integrations_health.providers.base import (
    BULK_SIZE,
    Failure,
    NoBudget,
    Provider,
    ServerStatus,
)

logger = logging.getLogger(__name__)


class Findings(NamedTuple):
    """What a batch found, what it could not ask, and how long the provider told us to wait."""

    results: list[CheckResult]
    deferred: list[CheckTarget]
    wait: timedelta | None

    @property
    def wait_of_deferred(self) -> timedelta:
        """After what time it makes sense to try again what had no turn."""
        return clamped_wait(self.wait) or settings.TICK


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
        self.results: dict[UUID, CheckResult] = {}
        self.unreachable: set[UUID] = set()
        self.wait: timedelta | None = None
        self._config = settings.PROVIDERS[provider.name]
        self._secrets = (self._config["api_key"], *self._config.get("webhook_secrets", ()))
        self._slow_after_ms = settings.SLOW_MS
        self._allotment = allotment
        self._patience = Patience(targets=len(targets))
        self._refused: Failure | None = None
        self._claimed_at = claimed_at
        self._started = time.monotonic()

    async def run(self) -> None:
        """Ask about everything, or stop at the deadline with what is there."""
        starts = range(0, len(self.targets), BULK_SIZE)
        chunks = [self.targets[start : start + BULK_SIZE] for start in starts]
        workers = -(-self._config["concurrency"] // len(chunks))
        try:
            async with asyncio.timeout(settings.BATCH_DEADLINE.total_seconds()):
                await asyncio.gather(*(self._ask_chunk(chunk, workers) for chunk in chunks))
        except TimeoutError:
            logger.warning("batch.deadline_passed", extra={"provider": self.provider.name})

    async def _ask_chunk(self, targets: Sequence[CheckTarget], workers: int) -> None:
        servers: dict[UUID, ServerWord] = {}
        if self.provider.reads_in_bulk:
            try:
                servers = await self._read_in_bulk(targets)
            except Exception:
                logger.exception("page.crashed", extra={"provider": self.provider.name})
                broken = (judgement.of_our_bug(one, at=self._now()) for one in targets)
                self.results |= {result.integration_id: result for result in broken}
                return
        todo: deque[tuple[CheckTarget, ServerWord]] = deque()
        at = self._now()
        for target in targets:
            server = servers.get(target.integration_id)
            if isinstance(server, ServerStatus) and not self._must_probe(target, server):
                self._settle(target, server, at=at)
            else:
                todo.append((target, server))
        await asyncio.gather(*(self._work(todo) for _ in range(min(workers, len(todo)))))

    def _settle(self, target: CheckTarget, server: ServerStatus, *, at: datetime) -> None:
        """Conclude at once: the page of many, read at `at`, said all that there is to ask."""
        id = check_id(target.integration_id, target.check_seq, at)
        try:
            self.results[target.integration_id] = self._judge(target, server, None, id=id, at=at)
        except Exception as error:
            self._break_off(target, error, at=at)

    async def _read_in_bulk(self, targets: Sequence[CheckTarget]) -> dict[UUID, ServerWord]:
        servers: dict[UUID, ServerWord] = {}
        asked = targets
        for attempt in range(1, ATTEMPTS + 1):
            try:
                heard = await self.provider.list_server_statuses(asked, gate=self._allotment.gate)
            except NoBudget:
                break
            servers.update(heard)
            failed = {id for id, word in heard.items() if is_transient(word)}
            if not failed or not await self._patience.may_retry(attempt, since=self._started):
                break
            asked = [target for target in asked if target.integration_id in failed]
        for failure in (word for word in servers.values() if isinstance(word, Failure)):
            self._heed(failure)
        return servers

    async def _work(self, todo: "deque[tuple[CheckTarget, ServerWord]]") -> None:
        while todo:
            target, server = todo.popleft()
            at = self._now()
            try:
                self.results[target.integration_id] = await self._check(target, server, at=at)
            except NoBudget:
                continue
            except Exception as error:
                self._break_off(target, error, at=at)

    def _break_off(self, target: CheckTarget, error: Exception, *, at: datetime) -> None:
        """Note one traceback and one internal error: the batch goes on."""
        about = {"integration_id": str(target.integration_id)}
        logger.error("check.crashed", extra=about, exc_info=error)
        self.results[target.integration_id] = judgement.of_our_bug(target, at=at)

    async def _check(self, target: CheckTarget, server: ServerWord, *, at: datetime) -> CheckResult:
        id = check_id(target.integration_id, target.check_seq, at)
        probe: ProbeWord = None
        if self._refused is not None:
            server = self._refused
        elif self.provider.reads_in_bulk:
            if server is None:
                raise NoBudget
        elif target.is_probe_due and probes.probe_for(target) is not None:
            # The probe proves more than the server's word, which is asked only when it fails: with
            # a provider that allows two calls a second, half the calls are half the delay.
            probe = await self._probe(target, None, id=id)
            is_good = judgement.is_good(probe, slow_after_ms=self._slow_after_ms)
            if not is_good and not judgement.is_final(probe):
                server = await self._status(target, probe)
            return self._conclude(target, server, probe, id=id, at=at)
        else:
            server = await self._status(target, None)
        if self._must_probe(target, server):
            probe = await self._probe(target, server, id=id)
        return self._conclude(target, server, probe, id=id, at=at)

    def _now(self) -> datetime:
        return self._claimed_at + timedelta(seconds=time.monotonic() - self._started)

    def _must_probe(self, target: CheckTarget, server: ServerWord) -> bool:
        return judgement.needs_probe(target, server) and probes.probe_for(target) is not None

    async def _probe(self, target: CheckTarget, server: ServerWord, *, id: UUID) -> ProbeWord:
        probe = probes.probe_for(target)
        assert probe is not None
        try:
            return await self._patience.ask(
                lambda: self.provider.call_tool(
                    target,
                    tool=probe.tool,
                    arguments=probe.arguments,
                    request_id=id,
                    gate=self._allotment.gate,
                )
            )
        except NoBudget:
            if isinstance(server, Failure):
                return None  # The failed status is an answer, too.
            raise

    async def _status(self, target: CheckTarget, probe: ProbeWord) -> ServerWord:
        try:
            return await self._patience.ask(
                lambda: self.provider.get_server_status(target, gate=self._allotment.gate)
            )
        except NoBudget:
            if probe is None:
                raise
            return None

    def _heed(self, answer: ServerWord | ProbeWord) -> None:
        """Stop asking where the provider said so: for a while, or because it refuses our key."""
        if not isinstance(answer, Failure) or not self._config["base_url"]:
            return
        if answer.outcome is Outcome.RATE_LIMITED:
            self.wait = max(self.wait or timedelta(), answer.retry_after or timedelta())
            self._allotment.block()
        elif answer.outcome is Outcome.KEY_REJECTED and answer.call.http_status == 401:
            self._refused = answer  # Any other refusal may concern this one connection alone.

    def _conclude(
        self, target: CheckTarget, server: ServerWord, probe: ProbeWord, *, id: UUID, at: datetime
    ) -> CheckResult:
        self._heed(probe)
        self._heed(server)
        heard = [word for word in (server, probe) if word is not None]
        if all(isinstance(word, Failure) and word.is_connection_level for word in heard):
            self.unreachable.add(target.integration_id)
        return self._judge(target, server, probe, id=id, at=at)

    def _judge(
        self, target: CheckTarget, server: ServerWord, probe: ProbeWord, *, id: UUID, at: datetime
    ) -> CheckResult:
        crash_point("judging", of=target.server_instance_id)
        return judgement.conclude(
            target,
            server,
            probe,
            id=id,
            at=at,
            slow_after_ms=self._slow_after_ms,
            secrets=(*self._secrets, target.server_url, target.server_token),
        )
