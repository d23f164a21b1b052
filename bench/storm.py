"""Let ten thousand integrations fail within a minute: `python -m bench.storm`, seven minutes.

Each opens two alerts: its owner is told by mail, and staff by a webhook, by real senders with the
product's own settings. Measured are what a failing check costs beside a healthy one, and when who
hears of it, when nothing is noticed as the one outage that it is.
"""

import json
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from datetime import timedelta
from statistics import mean, quantiles
from typing import Any, NamedTuple

from bench import processes, stage, storm_rows
from bench.measure import ALWAYS
from bench.measure import run as measure_run
from bench.stage import ROOT, Broken, Stage
from bench.storm_rows import StormRows
from config import child
from tests import receivers
from tests.receivers import MailReceiver, WebReceiver

INTEGRATIONS = 10_000
WITHIN = timedelta(minutes=1)
FAILURES_BEFORE = 2
# The service behind the connection fails: as many calls as a healthy check makes.
FAULT = "service_500"
# The provider itself fails: its page, every probe, and those that are asked again.
FAULT_OF_PROVIDER = "500"
_WARM_UP = 2_000
_LONGEST_SECONDS = 300
_LOOK_SECONDS = 0.2
_STOP_SECONDS = 10
_SETTLE_SECONDS = 0.5


class _Cpu(NamedTuple):
    """CPU seconds so far: of the checks, of the senders, and of PostgreSQL for either."""

    worker: float
    postgres: float
    redis: float
    senders: float
    senders_postgres: float

    def since(self, earlier: "_Cpu") -> "_Cpu":
        return _Cpu._make(now - then for now, then in zip(self, earlier, strict=True))


class _Storm:
    """The rows of a storm, and whoever sends: the process, and the sessions that are not its."""

    def __init__(self, on: Stage, rows: StormRows) -> None:
        self.on, self.rows = on, rows
        self.senders: int | None = None
        self.others = rows.backends()

    def sweep(self, *, failures: int) -> dict[str, Any]:
        """Let everything be checked within the minute, and told if anybody sends; return the cost.

        `failures` is how often in a row each has failed before.
        """
        since = self.rows.spread(within=WITHIN, failures=failures)
        before = self._cpu()
        _wait(self.on, lambda: self.rows.unchecked(since=since) == 0, what="everything is checked")
        recorded = self.on.rows.recorded(since=since)
        if recorded.checks != INTEGRATIONS or recorded.good != (0 if failures else INTEGRATIONS):
            raise Broken(f"The checks found another thing than they should: {recorded}")
        checked = self._cpu().since(before)
        if self.senders is not None:
            _wait(self.on, lambda: self.rows.unsent() == 0, what="everybody is told")
        return self._costs(checked, self._cpu().since(before))

    def _costs(self, checked: _Cpu, told: _Cpu) -> dict[str, Any]:
        each = 1e6 / INTEGRATIONS
        costs = {
            "worker": checked.worker * each,
            "postgres": (checked.postgres - checked.senders_postgres) * each,
            "redis": checked.redis * each,
        }
        statements = self.on.rows.statements()
        return {
            "cpu_us_per_check": {
                **{name: round(cost, 1) for name, cost in costs.items()},
                "total": round(sum(costs.values()), 1),
            },
            "senders_cpu_seconds": {
                "worker": round(told.senders, 2),
                "postgres": round(told.senders_postgres, 2),
            },
            "sql_statements": sum(one.calls for one in statements if one.is_sent),
            "costliest": [
                {
                    "query": one.query[:100],
                    "calls": one.calls,
                    "us_per_check": round(one.milliseconds * 1000 / INTEGRATIONS, 1),
                }
                for one in statements[:15]
            ],
        }

    def _cpu(self) -> _Cpu:
        on, senders = self.on, self.senders
        theirs = set() if senders is None else self.rows.backends() - self.others
        return _Cpu(
            worker=processes.cpu_seconds(on.worker.pid),
            postgres=processes.cpu_seconds(on.postgres),
            redis=processes.cpu_seconds(on.redis),
            senders=0.0 if senders is None else processes.cpu_seconds(senders),
            senders_postgres=sum(map(processes.cpu_seconds, theirs)),
        )


def measure(on: Stage) -> dict[str, Any]:
    """Return what a failing check costs beside a healthy one, and when who hears of it."""
    with on.worker_held():
        on.rows.fill(INTEGRATIONS)
    # The worker is connected from here on.
    measure_run(on, table=INTEGRATIONS, due=_WARM_UP, policy=ALWAYS)
    with ExitStack() as stack:
        rows = stack.enter_context(storm_rows.opened(on.environment["DATABASE_URL"]))
        mail = stack.enter_context(receivers.mail())
        web = stack.enter_context(receivers.web())
        variables = {
            "EMAIL_URL": f"smtp://127.0.0.1:{mail.port}",
            "DELIVERY_TRUSTED_HOSTS": web.host,
            "DJANGO_SETTINGS_MODULE": "config.settings",
        }
        on.run_module("bench.storm_people", web.url, variables=variables)
        environment = {**on.environment, **variables}
        stack.enter_context(_started(on, "beat", environment))
        storm = _Storm(on, rows)
        healthy = storm.sweep(failures=0)
        # On few cores whoever sends and receives makes the checks dearer: first without them.
        on.let_provider_answer(FAULT_OF_PROVIDER)
        of_provider = storm.sweep(failures=FAILURES_BEFORE)
        rows.forget_alerts()
        on.let_provider_answer(FAULT)
        alone = storm.sweep(failures=FAILURES_BEFORE)
        rows.forget_alerts()
        storm.senders = stack.enter_context(_started(on, "notifications", environment))
        failing = storm.sweep(failures=FAILURES_BEFORE)
        on.let_provider_answer("")
        heard = _heard(rows, mail, web, statements=failing["sql_statements"])
        rows.calm()
        return {
            "integrations": INTEGRATIONS,
            "within_seconds": WITHIN.total_seconds(),
            "healthy": healthy,
            **{
                name: {**run, "ratio": _ratio(run, healthy)}
                for name, run in (
                    ("failing_alone", alone),
                    ("failing", failing),
                    ("failing_of_provider", of_provider),
                )
            },
            **heard,
        }


def _heard(
    rows: StormRows, mail: MailReceiver, web: WebReceiver, *, statements: int
) -> dict[str, Any]:
    """Return when who heard of what, once everybody did. Raises Broken when somebody did not."""
    told = rows.told()
    mails = Counter(address for to, _ in mail.mails for address in to)
    by_channel = {
        channel: [one.seconds for one in told if one.channel == channel]
        for channel in ("email", "webhook")
    }
    if any(len(seconds) != INTEGRATIONS for seconds in by_channel.values()):
        raise Broken(f"{len(told)} alerts were told of, not {2 * INTEGRATIONS}.")
    return {
        "alerts": len(told),
        "sql_statements_per_alert": round(statements / len(told), 2),
        "seconds_to_sent": {channel: _spread(times) for channel, times in by_channel.items()},
        "messages": {
            "people": len(mails),
            "per_person_max": max(mails.values()),
            "per_person_mean": round(mean(mails.values()), 2),
            "to_staff": len(set(web.ids())),
        },
    }


def _ratio(run: Mapping[str, Any], to: Mapping[str, Any]) -> float:
    return round(run["cpu_us_per_check"]["total"] / to["cpu_us_per_check"]["total"], 2)


def _spread(seconds: Sequence[float]) -> dict[str, float]:
    parts = quantiles(seconds, n=20)
    return {
        "p50": round(parts[9], 1),
        "p95": round(parts[18], 1),
        "max": round(max(seconds), 1),
    }


def _wait(on: Stage, is_so: Callable[[], bool], *, what: str) -> None:
    deadline = time.monotonic() + _LONGEST_SECONDS
    while not is_so():
        on.check_worker()
        if time.monotonic() > deadline:
            raise Broken(f"After {_LONGEST_SECONDS} s it is not so that {what}:\n{on.log_end()}")
        time.sleep(_LOOK_SECONDS)
    time.sleep(_SETTLE_SECONDS)


@contextmanager
def _started(on: Stage, name: str, environment: Mapping[str, str]) -> Iterator[int]:
    with on.worker_log.with_name(f"{name}.log").open("wb") as output:
        process = child.start(
            stage.command_of(name), output=output, env=dict(environment), cwd=ROOT
        )
    try:
        yield process.pid
    finally:
        child.stop(process, signal_number=15, patience=_STOP_SECONDS)


def main() -> int:
    """Measure and print."""
    with stage.running(accounts=INTEGRATIONS + 1000) as started:
        print(json.dumps(measure(started), indent=2))
    return 0


if __name__ == "__main__":
    sys.exit(main())
