"""Say why an integration is taken for what it is, whose fault that is, and what happens next."""

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta, tzinfo
from typing import Any, NamedTuple, Protocol

from integrations_health import names, time_words
from integrations_health.outcomes import MEANINGS, Cause, Outcome
from integrations_health.status import LADDER_TOP, HealthState, Status, ladder

_SENTENCES = {
    **{outcome.value: meaning.sentence for outcome, meaning in MEANINGS.items()},
    Outcome.OK.value: "The connection is there, and a real call through it worked.",
}
_CAUSES = {outcome.value: meaning.cause for outcome, meaning in MEANINGS.items()}
_FAULTS = {
    None: "Nobody's.",
    Cause.USER_GRANT: "Not {provider}'s and not {service}'s: the permission to use the account is "
    "gone. Only the account's owner can give it again.",
    Cause.USER_SCOPE: "Not {provider}'s and not {service}'s: the account's owner did not allow "
    "everything that is asked.",
    Cause.PROVIDER: "{provider}'s. Your connection itself may be fine.",
    Cause.SERVICE: "{service}'s: {provider} answers, but {service} behind it does not work well.",
    Cause.OURS: "Ours. It says nothing about your connection.",
}
_OWNERS = {Cause.USER_GRANT, Cause.USER_SCOPE}


class Watched(Protocol):
    """What a verdict needs to know of an integration's current row."""

    service: str
    provider: str
    enabled: bool
    status: str
    error_code: str
    metadata: Any
    consecutive_failures: int
    last_check_at: datetime | None
    next_check_at: datetime


class Said(NamedTuple):
    """What one call was answered: who was asked, by which call, the words and the numbers."""

    who: str
    call: str
    words: str
    numbers: str


class Verdict(NamedTuple):
    """What we think, why, and whose fault it is. `code` is the outcome it rests on."""

    sentence: str
    code: str
    fault: str
    evidence: list[Said]
    # Why the last check says nothing of its own, where the status stands from an earlier one.
    aside: str


class Outlook(NamedTuple):
    """What happens next: the next check, and why it is then."""

    next_check: str
    pace: str


def explain(health: Watched, *, incident_cause: str | None = None) -> Verdict:
    """Return why an integration's status is what it is. Takes whatever stands in `metadata`.

    `incident_cause` is whose fault the incident is that lies over it, None when there is none. What
    only the account's owner can mend stays theirs.
    """
    heard = health.metadata if isinstance(health.metadata, Mapping) else {}
    last = heard.get("outcome")
    code = health.error_code or (last if isinstance(last, str) else "")
    if health.last_check_at is None:
        return Verdict("It was not checked yet.", "", "", [], "")
    fault = _FAULTS[_CAUSES[code]] if code in _CAUSES else ""
    if incident_cause is not None and _CAUSES.get(code) not in _OWNERS:
        fault = _FAULTS[Cause.SERVICE if incident_cause == Cause.SERVICE else Cause.PROVIDER]
    called = {
        "provider": names.provider(health.provider),
        "service": names.service(health.service),
    }
    return Verdict(
        sentence=_SENTENCES.get(code) or "This is a kind of answer that we do not know.",
        code=code,
        fault=fault.format(**called),
        evidence=list(_evidence(heard, **called)),
        aside=_SENTENCES.get(str(last), "") if health.error_code and last != code else "",
    )


def outlook(
    health: Watched, *, is_running: bool, interval: timedelta, now: datetime, zone: tzinfo
) -> Outlook:
    """Return when an integration is looked at again, and why then; `is_running`: it is, now."""
    if not health.enabled:
        return Outlook("None: it is paused, and nobody checks it.", "")
    pace = _pace(health, interval)
    if is_running:
        return Outlook("It is being checked right now.", pace)
    wait = health.next_check_at - now
    if wait <= timedelta():
        return Outlook("In a moment: it is due.", pace)
    at = time_words.at(health.next_check_at, now=now, zone=zone)
    return Outlook(f"In {time_words.span(wait)}, at {at}.", pace)


def step(failures: int, *, interval: timedelta) -> tuple[int, int]:
    """Return on which step of the ladder so many failures in a row stand, and how many it has."""
    steps = next(
        number for number in range(1, 17) if _every(number, interval=interval) >= LADDER_TOP
    )
    return min(failures, steps), steps


def _pace(health: Watched, interval: timedelta) -> str:
    failures = health.consecutive_failures
    if not failures:
        return f"Every {time_words.span(interval)} while it works."
    at, steps = step(failures, interval=interval)
    row = "1 check" if failures == 1 else f"{failures} checks in a row"
    every = time_words.span(_every(failures, interval=interval))
    return f"After {row} without success every {every}: step {at} of {steps}."


def _every(failures: int, *, interval: timedelta) -> timedelta:
    failing = HealthState(status=Status.DEGRADED, consecutive_failures=failures)
    return ladder(failing, interval=interval)


def _evidence(heard: Mapping[str, Any], *, provider: str, service: str) -> Iterator[Said]:
    entries = heard.get("evidence")
    if not isinstance(entries, list):
        return
    for number, entry in enumerate(entries, start=1):
        if not isinstance(entry, Mapping):
            continue
        # The call through the connection comes last: what it says, the service says.
        is_probe = bool(heard.get("isProbed")) and number == len(entries)
        yield Said(
            service if is_probe else provider,
            str(entry.get("call") or ""),
            str(entry.get("said") or "nothing"),
            ", ".join(_numbers(entry)),
        )


def _numbers(entry: Mapping[str, Any]) -> Iterator[str]:
    if isinstance(entry.get("httpStatus"), int):
        yield f"HTTP {entry['httpStatus']}"
    if isinstance(entry.get("latencyMs"), int):
        yield f"{entry['latencyMs']} ms"
