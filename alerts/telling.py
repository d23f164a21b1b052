"""Tell people of alerts, or hold them back, and say why."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from django.conf import settings

from alerts import cooldowns, planning, sight
from alerts.decisions import Line, Verdict
from alerts.holding import Facts, Held, Incident, Quiet, Reason, held_back
from alerts.models import Alert, NotificationItem
from alerts.planning import Item, Recipient
from alerts.rules import Rule
from alerts.sight import Watched
from integrations_health import reauth_offers, reauth_rules
from integrations_health.overlay import OpenIncidents

Event = NotificationItem.Event

# What telling may change of an alert.
WRITTEN = ("told_at", "escalation_told_at", "held_back", "held_until", "incident")


def as_written(alert: Alert) -> tuple[object, ...]:
    """Return what telling may change, as it is now."""
    return (
        alert.told_at,
        alert.escalation_told_at,
        alert.held_back,
        alert.held_until,
        alert.incident_id,
    )


class Owed(NamedTuple):
    """An alert of which somebody is still to be told: that it opened, or that it became worse."""

    alert: Alert
    rule: Rule
    watched: Watched

    @property
    def event(self) -> Event:
        """What is to be told."""
        return Event.OPENED if self.alert.told_at is None else Event.ESCALATED

    @property
    def pair(self) -> cooldowns.Pair:
        """Whose cooldown counts."""
        return self.rule.id, self.watched.id


def tell(owed: Sequence[Owed], *, ended: Sequence[Alert] = (), now: datetime) -> list[Line]:
    """Plan the messages of what is owed and not held back, and of what ended; return what to note.

    An opening waits for the cooldown of its rule and integration. An escalation does not, since it
    comes once in the life of an alert, but starts the cooldown anew. The end is told to everybody
    who was told of the beginning, whatever holds. The alerts are locked by the caller, who writes
    `WRITTEN` of those that are owed.
    """
    held = _held(owed, now=now) if owed else []
    free = [one for one, reason in zip(owed, held, strict=True) if reason is None]
    worse = [one.alert.id for one in free if one.event is Event.ESCALATED]
    told = planning.told_of([*worse, *(alert.id for alert in ended if alert.told_at is not None)])
    news = [
        [planning.recipient_of(one.rule, user_id=one.watched.user_id, email=one.watched.email)]
        if one.event is Event.OPENED
        else told.get(one.alert.id, [])
        for one in free
    ]
    items = [
        Item(who, one.event, one.alert.id)
        for one, recipients in zip(free, news, strict=True)
        for who in recipients
    ]
    items += [
        Item(who, Event.RECOVERED, alert.id) for alert in ended for who in told.get(alert.id, [])
    ]
    releases = planning.plan(items, now=now)
    latest = [_latest(recipients, releases) for recipients in news]
    _lengthen_cooldowns(zip(free, latest, strict=True), now=now)
    lines = [
        *(_hold(one, why) for one, why in zip(owed, held, strict=True) if why is not None),
        *(_told(*one, now=now) for one in zip(free, news, latest, strict=True)),
    ]
    return [line for line in lines if line is not None]


def tell_of_end(alert_ids: Sequence[UUID], *, now: datetime) -> None:
    """Plan the messages that alerts are over: everybody hears it who was told that they began."""
    told = planning.told_of(alert_ids)
    planning.plan(
        [Item(who, Event.RECOVERED, id) for id, everybody in told.items() for who in everybody],
        now=now,
    )


def _held(owed: Sequence[Owed], *, now: datetime) -> list[Held | None]:
    """Return why each is held back; this takes the cooldown of those that are not."""
    # A silence of one alert is of one that somebody saw.
    seen = [one.alert.id for one in owed if not one.alert._state.adding]
    quiets = sight.quiets(seen, now=now)
    shared = [quiet for quiet in quiets if quiet.alert_id is None]
    own: dict[UUID, list[Quiet]] = defaultdict(list)
    for quiet in quiets:
        if quiet.alert_id is not None:
            own[quiet.alert_id].append(quiet)
    incidents = OpenIncidents.read()
    held: list[Held | None] = []
    places: dict[cooldowns.Pair, int] = {}
    for place, one in enumerate(owed):
        over = incidents.over(provider=one.watched.provider, service=one.watched.service)
        incident = None if over is None else sight.incident(over)
        facts = _facts(one, over=incident, is_one_of_many=_is_one_of_many(one))
        about = [*own.get(one.alert.id, ()), *shared] if own else shared
        reason = held_back(facts, quiets=about)
        held.append(reason)
        if reason is not None:
            if reason.reason is Reason.INCIDENT and over is not None:
                one.alert.incident = over
        elif one.event is Event.OPENED:
            places[one.pair] = place
    cooled = {pair: _cooled_at(owed[place].rule, now=now) for pair, place in places.items()}
    for pair, until in cooldowns.take(cooled, now=now).items():
        held[places[pair]] = Held(Reason.COOLDOWN, "The same was told not long ago.", until)
    return held


def _is_one_of_many(one: Owed) -> bool:
    """Say whether its owner alone could mend it, but hardly lost it alone.

    A provider's incident is no reason: what it does to a grant shows in how many die.
    """
    is_owners = reauth_rules.is_owners(one.alert.error_code)
    return is_owners and one.watched.provider in reauth_offers.storms()


def _facts(one: Owed, *, over: Incident | None = None, is_one_of_many: bool = False) -> Facts:
    alert, watched = one.alert, one.watched
    # Only what was held back by an incident has one.
    has_one = alert.incident_id is not None and alert.incident is not None
    was_in = sight.incident(alert.incident) if has_one and alert.incident is not None else None
    return Facts(
        alert.id,
        one.rule,
        watched.id,
        watched.user_id,
        watched.service,
        watched.provider,
        alert.error_code,
        watched.email,
        watched.last_check_at,
        alert.acknowledged_at is not None,
        over or was_in,
        is_one_of_many,
    )


def _cooled_at(rule: Rule, *, now: datetime, release: datetime | None = None) -> datetime:
    """Return when the cooldown ends: it runs from when the message goes out at the latest."""
    soon = now + settings.NOTIFICATION_GROUPING
    return rule.cooldown + (soon if release is None else max(soon, release))


def _latest(recipients: Sequence[Recipient], releases: Mapping[str, datetime]) -> datetime | None:
    """Return when the last of them hears of it, None when nobody does."""
    return max((releases[who.key] for who in recipients), default=None)


def _lengthen_cooldowns(told: Iterable[tuple[Owed, datetime | None]], *, now: datetime) -> None:
    """Let cooldowns run on where a digest goes out later, or an escalation took none."""
    later: dict[cooldowns.Pair, datetime] = {}
    soon = now + settings.NOTIFICATION_GROUPING
    for one, release in told:
        if release is not None and (release > soon or one.event is Event.ESCALATED):
            later[one.pair] = _cooled_at(one.rule, now=now, release=release)
    cooldowns.lengthen(later)


def _hold(one: Owed, held: Held) -> Line | None:
    alert = one.alert
    is_known = (alert.held_back, alert.held_until) == (held.reason.value, held.until)
    alert.held_back, alert.held_until = held.reason.value, held.until
    if is_known:
        return None
    until = "" if held.until is None else f" Until {_clock(held.until)}."
    what = "Not sent" if one.event is Event.OPENED else "That it became worse is not sent"
    return Line(alert.id, Verdict.HELD_BACK, f"{what}: {held.why}{until}")


def _told(
    one: Owed, recipients: Sequence[Recipient], latest: datetime | None, *, now: datetime
) -> Line:
    alert = one.alert
    what = "that it opened" if one.event is Event.OPENED else "that it became worse"
    if one.event is Event.OPENED:
        alert.told_at = now
    # Whoever hears of it now hears how bad it is now.
    if alert.escalated_at is not None:
        alert.escalation_told_at = now
    alert.held_back, alert.held_until = "", None
    who = ", ".join(_called(recipient, one.rule) for recipient in recipients)
    digest = ""
    if latest is not None and latest > now + settings.NOTIFICATION_GROUPING:
        digest = f" In a digest at {_clock(latest)}: an hour's messages are used up."
    return Line(alert.id, Verdict.TOLD, f"Tells {who or 'nobody'} {what}.{digest}")


def _called(recipient: Recipient, rule: Rule) -> str:
    if recipient.destination_id is None:
        return "the owner by e-mail"
    is_named = recipient.destination_id == rule.destination_id
    return f"“{rule.destination_name}”" if is_named else f"a {recipient.channel} destination"


def _clock(at: datetime) -> str:
    return f"{at:%Y-%m-%d %H:%M} UTC"
