"""What there is to tell of an alert, or of a notice to staff: a subject, and a line for each."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple
from uuid import UUID
from zoneinfo import ZoneInfo

from alerts import words
from alerts.senders.email import one_line, visible
from integrations_health import reauth_rules, time_words
from integrations_health.outcomes import MEANINGS, Cause, Outcome

LONGEST_LINE = 400

_CAUSES = {
    Cause.USER_GRANT: "the connection expired",
    Cause.USER_SCOPE: "a permission is missing",
    Cause.PROVIDER: "trouble at the provider",
    Cause.SERVICE: "trouble at the service",
    Cause.OURS: "a fault of ours",
}
# Where the outcome says more than whose fault it is.
_OUTCOMES = {
    Outcome.SLOW.value: "it answers slowly",
    Outcome.DISCONNECTED.value: "the account is gone",
}
_MENDED_BY_OTHERS = {Cause.PROVIDER, Cause.SERVICE}
_NEWS = {
    "opened": "is failing",
    "escalated": "became worse",
    "recovered": "works again",
    "asked": "waits for you to reconnect it",
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Told:
    """One thing that a message tells: an event of an alert, or of a notice to staff.

    An all-clear `is_whole` when the recipient hears by it that anything was wrong at all.
    """

    event: str
    # How it ended where it does not work again, as far as anybody knows.
    end: str = ""
    sentence: str
    id: UUID
    # Since when it is so; we may have noticed later.
    began_at: datetime
    opened_at: datetime | None = None
    ended_at: datetime | None = None
    is_notice: bool = False
    kind: str = ""
    is_degraded: bool = False
    severity: str = ""
    service: str = ""
    provider: str = ""
    name: str = ""
    error_code: str = ""
    integration_id: UUID | None = None
    user_id: UUID | None = None
    # As the application calls them.
    user: str = ""
    is_whole: bool = False
    # Only says that messages arrive.
    is_trial: bool = False
    # Where staff look at it.
    page: str = ""
    # Where its owner connects it again, while they are asked to.
    reauth_url: str = field(default="", repr=False)

    @property
    def is_to_mend(self) -> bool:
        """Say whether it goes on, and its owner alone can mend it."""
        is_owners = reauth_rules.is_owners(self.error_code)
        return is_owners and self.event != "recovered" and self.ended_at is None

    @property
    def cause(self) -> Cause | None:
        """Return whose fault it is, as far as that is known."""
        known = self.error_code in Outcome.__members__.values()
        return MEANINGS[Outcome(self.error_code)].cause if known else None

    @property
    def because(self) -> str:
        """Return why, in a few words, as far as that is known."""
        return _OUTCOMES.get(self.error_code) or ("" if self.cause is None else _CAUSES[self.cause])

    @property
    def called(self) -> str:
        """Return what people call the integration."""
        return words.name(display_name=self.name, service=self.service, provider=self.provider)

    @property
    def news(self) -> str:
        """Return what is new of the integration."""
        if self.event == "opened" and self.is_degraded:
            return "has trouble"
        return self.end or _NEWS[self.event]

    @property
    def group(self) -> tuple[object, ...]:
        """Return what things share that are one line of news."""
        what = (self.is_notice, self.event, self.is_whole, self.end, self.kind)
        return (*what, self.service, self.provider, self.because)

    @property
    def trouble(self) -> str:
        """Return what is said of it once it is over."""
        return "had trouble" if self.is_degraded else "was down"


class Line(NamedTuple):
    """One thing as a mail or Slack says it.

    `advice` is for its owner, who cannot mend it; `whose` it is, for anybody else.
    """

    sentence: str
    when: str
    advice: str = ""
    whose: str = ""


def subject(told: Sequence[Told]) -> str:
    """Return the news in one line: what, how many, and why."""
    groups: dict[tuple[object, ...], list[Told]] = {}
    for one in told:
        groups.setdefault(one.group, []).append(one)
    # Bad news is not hidden behind good.
    largest = max(groups.values(), key=lambda some: (some[0].event != "recovered", len(some)))
    rest = len(told) - len(largest)
    more = f" (and {rest} more)" if rest else ""
    return one_line(f"{_news(largest)}{more}")


def line(one: Told, *, zone: str) -> Line:
    """Return what is so in a sentence, and since when, by the clock of `zone`."""
    since = "Sent" if one.is_trial else "Since"
    sentence, when = one.sentence, f"{since} {_local(one.began_at, zone)}."
    if one.event == "recovered" and one.ended_at is not None:
        lasted = time_words.span(one.ended_at - one.began_at)
        when = f"From {_local(one.began_at, zone)} to {_local(one.ended_at, zone)}."
        if one.is_notice:
            sentence = f"Over after {lasted}: {sentence}"
        elif one.is_whole:
            sentence = (
                f"{one.called} {one.trouble} for {lasted}, and {one.news}. It was: {sentence}"
            )
        else:
            sentence = f"{one.called} {one.news}, after {lasted}."
    elif one.ended_at is not None:
        # It waited, or was tried for long: what it tells is over by now.
        when = f"From {_local(one.began_at, zone)} to {_local(one.ended_at, zone)}: it is over."
    sentence = visible(sentence)
    if len(sentence) > LONGEST_LINE:
        sentence = f"{sentence[: LONGEST_LINE - 1]}…"
    whose = "" if one.is_notice else visible(one.user or str(one.user_id))
    return Line(sentence, when, _advice(one), whose)


def _advice(one: Told) -> str:
    if one.event == "recovered" or one.cause not in _MENDED_BY_OTHERS:
        return ""
    still = "" if one.ended_at is not None else " We keep checking, and tell you when it works."
    return f"You need do nothing.{still}"


def _news(told: Sequence[Told]) -> str:
    first = told[0]
    if first.is_notice:
        over = "Over: " if first.event == "recovered" else ""
        # A notice begins with what it is about: "Composio refuses our key: nothing there can ...".
        many = f"{_capital(first.kind)} ({len(told)})"
        said = many if len(told) > 1 else re.split(r"[:.] ", first.sentence)[0]
        return f"{over}{said}"
    is_alone = len({one.integration_id for one in told}) == 1
    people = len({one.user_id for one in told})
    called = (
        first.called
        if is_alone
        else words.name(display_name="", service=first.service, provider=first.provider)
    )
    # Bad news is not made less by what is only half as bad.
    news = next((one.news for one in told if not one.is_degraded), first.news)
    parts = []
    if not is_alone:
        parts.append(f"{people} users" if people > 1 else f"{len(told)} connections")
    if first.event == "recovered":
        if is_alone and first.ended_at is not None:
            lasted = time_words.span(first.ended_at - first.began_at)
            if first.is_whole:
                return f"{called} {first.trouble} for {lasted}, and {news}"
            return f"{called} {news}, after {lasted}"
    elif first.because:
        parts.append(first.because)
    return f"{called} {news}" + (f": {', '.join(parts)}" if parts else "")


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def _local(at: datetime, zone: str) -> str:
    return f"{at.astimezone(ZoneInfo(zone)):%a %d %b %Y, %H:%M} ({zone})"
