"""Say how integrations are, by cause: whose fault it is, since when, and what to do."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, tzinfo
from typing import NamedTuple, Protocol

from integrations_health import names, time_words
from integrations_health.advice import FINISH, HELD, NOTHING_TO_DO, OWNERS, Shown, cause
from integrations_health.outcomes import Cause, Outcome
from integrations_health.reauth_rules import Call
from integrations_health.status import Status

_MOST_NAMED = 3


class Outage(Protocol):
    """What a sentence needs to know of a provider's open incident."""

    @property
    def provider(self) -> str: ...
    @property
    def service(self) -> str: ...
    @property
    def opened_at(self) -> datetime: ...


class Trouble(NamedTuple):
    """Something to be said: its tone, the sentence, and since when it is so."""

    tone: str
    sentence: str
    since: datetime | None = None


class Banner(NamedTuple):
    """The top of the page: the most urgent sentence, and what is true besides."""

    tone: str
    sentence: str
    since: datetime | None
    more: list[str]


def banner(
    rows: Sequence[Shown], incidents: Sequence[Outage], *, now: datetime, zone: tzinfo
) -> Banner:
    """Return the sentences about `rows`, under the open `incidents` that concern them."""
    said = list(_troubles(rows, incidents, now=now, zone=zone)) or [_calm(rows)]
    first, *others = said
    more = [trouble.sentence for trouble in others]
    paused = [row for row in rows if row.is_paused]
    if paused and len(paused) < len(rows):
        more.append(f"{_listed(paused)} {_is(paused)} paused: nobody checks {_it(paused)}.")
    return Banner(first.tone, first.sentence, first.since, more)


def _troubles(
    rows: Sequence[Shown], incidents: Sequence[Outage], *, now: datetime, zone: tzinfo
) -> Iterator[Trouble]:
    watched = [row for row in rows if not row.is_paused]
    ill = [row for row in watched if row.own_status in {Status.UNHEALTHY, Status.DEGRADED}]
    yield from _grants([row for row in ill if cause(row.error_code) is Cause.USER_GRANT], now, zone)
    yield from _scopes([row for row in ill if cause(row.error_code) is Cause.USER_SCOPE], now, zone)
    for incident in incidents:
        yield _outage(incident, now, zone)
    others = [
        row
        for row in ill
        if cause(row.error_code) not in OWNERS
        and not any(_concerns(incident, row) for incident in incidents)
    ]
    for status in (Status.UNHEALTHY, Status.DEGRADED):
        yield from _failures([row for row in others if row.own_status == status], now, zone)
    unknown = [row for row in watched if row.own_status == Status.UNKNOWN and not row.is_new]
    unfinished = [row for row in unknown if row.error_code == Outcome.PENDING]
    if unfinished:
        sentence = f"{_listed(unfinished)} {_is(unfinished)} still being set up."
        yield Trouble("unknown", f"{sentence} {FINISH.format(it=_it(unfinished))}")
    if untold := [row for row in unknown if row.error_code != Outcome.PENDING]:
        sentence = f"We cannot tell how {_listed(untold)} {_is(untold)} right now."
        yield Trouble("unknown", f"{sentence} {NOTHING_TO_DO}")


def _grants(rows: Sequence[Shown], now: datetime, zone: tzinfo) -> Iterator[Trouble]:
    sure = [row for row in rows if row.own_status == Status.UNHEALTHY]
    if len(sure) == 1:
        (row,) = sure
        when = f" {time_words.on(row.since, now=now, zone=zone)}" if row.since else ""
        what = (
            f"Your {row.name} account was disconnected{when}."
            if row.error_code == Outcome.DISCONNECTED
            else f"Your {row.name} connection expired{when}."
        )
        yield Trouble("unhealthy", f"{what} {_then(sure, 'Reconnect it.')}", row.since)
    elif sure:
        what = f"{len(sure)} of your connections expired: {_listed(sure)}."
        if len({row.name for row in sure}) == 1:
            what = f"{len(sure)} of your {sure[0].name} connections expired."
        yield Trouble("unhealthy", f"{what} {_then(sure, 'Reconnect them.')}", _oldest(sure))
    unsure = [row for row in rows if row.own_status == Status.DEGRADED]
    if unsure:
        sentence = f"{_listed(unsure)} may have expired. We look again within a minute."
        yield Trouble("degraded", sentence, _oldest(unsure))


def _scopes(rows: Sequence[Shown], now: datetime, zone: tzinfo) -> Iterator[Trouble]:
    if rows:
        what = f"{_listed(rows)} {'lacks' if len(rows) == 1 else 'lack'} a permission"
        then = _then(rows, f"Reconnect {_it(rows)} and allow it.")
        yield Trouble("degraded", f"{what}{_since(rows, now, zone)}. {then}", _oldest(rows))


def _then(rows: Iterable[Shown], act: str) -> str:
    """Return what is to be done, unless nobody is asked to do it now."""
    return HELD if all(row.reauth is Call.ON_HOLD for row in rows) else act


def _outage(incident: Outage, now: datetime, zone: tzinfo) -> Trouble:
    who = names.concerned(incident.provider, incident.service)
    since = time_words.since(incident.opened_at, now=now, zone=zone)
    sentence = f"{_capital(who)} is failing for everyone {since}. {NOTHING_TO_DO}"
    return Trouble("incident", sentence, incident.opened_at)


def _failures(rows: Sequence[Shown], now: datetime, zone: tzinfo) -> Iterator[Trouble]:
    by_reason: dict[tuple[str, bool], list[Shown]] = {}
    for row in rows:
        by_reason.setdefault((row.provider, row.error_code == Outcome.SLOW), []).append(row)
    for (through, is_slow), alike in by_reason.items():
        status = alike[0].own_status
        which = f"{_listed(alike)} through {names.provider(through)}"
        if is_slow:
            what = f"{which} {'answers' if len(alike) == 1 else 'answer'} slowly"
        elif status == Status.UNHEALTHY:
            what = f"{which} {_is(alike)} failing"
        else:
            what = f"{which} {_is(alike)} unsteady"
        sentence = f"{what}{_since(alike, now, zone)}. {NOTHING_TO_DO} We keep checking."
        yield Trouble(status, sentence, _oldest(alike))


def _calm(rows: Sequence[Shown]) -> Trouble:
    watched = [row for row in rows if not row.is_paused]
    new = [row for row in watched if row.is_new]
    if not rows:
        return Trouble("unknown", "Nothing is watched for you yet.")
    if not watched:
        return Trouble("paused", f"{_listed(rows)} {_is(rows)} paused: nobody checks {_it(rows)}.")
    if len(new) == len(watched):
        sentence = f"{_listed(new)} {_is(new)} being checked for the first time."
        return Trouble("unknown", sentence)
    works = len(watched) - len(new)
    if new:
        verb = "works" if works == 1 else "work"
        sentence = f"{works} of {len(watched)} {verb}, {len(new)} {_is(new)} being checked."
    elif works == 1:
        sentence = f"{watched[0].name} works."
    else:
        sentence = "Both integrations work." if works == 2 else f"All {works} integrations work."
    return Trouble("healthy", sentence)


def _concerns(incident: Outage, row: Shown) -> bool:
    return incident.provider in {row.provider, ""} and incident.service in {row.service, ""}


def _since(rows: Iterable[Shown], now: datetime, zone: tzinfo) -> str:
    oldest = _oldest(rows)
    return f" {time_words.since(oldest, now=now, zone=zone)}" if oldest else ""


def _oldest(rows: Iterable[Shown]) -> datetime | None:
    return min((row.since for row in rows if row.since), default=None)


def _listed(rows: Sequence[Shown]) -> str:
    counts = list(Counter(row.name for row in rows).items())
    shown = counts if len(counts) <= _MOST_NAMED else counts[: _MOST_NAMED - 1]
    called = [name if count == 1 else f"{count} {name} integrations" for name, count in shown]
    if others := len(rows) - sum(count for _, count in shown):
        called.append(f"{others} more")
    return " and ".join(filter(None, (", ".join(called[:-1]), called[-1])))


def _is(rows: Sequence[Shown]) -> str:
    return "is" if len(rows) == 1 else "are"


def _it(rows: Sequence[Shown]) -> str:
    return "it" if len(rows) == 1 else "them"


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
