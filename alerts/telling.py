"""Tell people of alerts, or hold them back, and say why."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
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
from integrations_health import reauth_rules
from integrations_health.overlay import OpenIncidents
from integrations_health.reauth_offers import Offers

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
    held = _held(owed, now=now) if owed else {}
    free = [one for one in owed if one.alert.pk not in held]
    worse = [one.alert.pk for one in free if one.event is Event.ESCALATED]
    told = planning.told_of([*worse, *(alert.pk for alert in ended if alert.told_at is not None)])
    news = {
        one.alert.pk: told.get(one.alert.pk, [])
        if one.event is Event.ESCALATED
        else [planning.recipient_of(one.rule, user_id=one.watched.user_id, email=one.watched.email)]
        for one in free
    }
    items = [Item(who, one.event, one.alert.pk) for one in free for who in news[one.alert.pk]]
    items += [
        Item(who, Event.RECOVERED, alert.pk) for alert in ended for who in told.get(alert.pk, [])
    ]
    releases = planning.plan(items, now=now)
    _lengthen_cooldowns(free, news, releases, now=now)
    lines = [
        *(_hold(one, held[one.alert.pk]) for one in owed if one.alert.pk in held),
        *(_told(one, news[one.alert.pk], releases, now=now) for one in free),
    ]
    return [line for line in lines if line is not None]


def _held(owed: Sequence[Owed], *, now: datetime) -> dict[UUID, Held]:
    """Return, by alert, why it is held back; this takes the cooldown of those that are not."""
    quiets = sight.quiets([one.alert.pk for one in owed], now=now)
    shared = [quiet for quiet in quiets if quiet.alert_id is None]
    own: dict[UUID | None, list[Quiet]] = defaultdict(list)
    for quiet in quiets:
        own[quiet.alert_id].append(quiet)
    incidents = OpenIncidents.read()
    offers = Offers(incidents)
    held: dict[UUID, Held] = {}
    wait: dict[cooldowns.Pair, Owed] = {}
    for one in owed:
        over = incidents.over(provider=one.watched.provider, service=one.watched.service)
        incident = None if over is None else sight.incident(over)
        facts = _facts(one, over=incident)._replace(is_one_of_many=_is_one_of_many(one, offers))
        reason = held_back(facts, quiets=[*own[one.alert.pk], *shared])
        if reason is not None:
            held[one.alert.pk] = reason
            if reason.reason is Reason.INCIDENT and over is not None:
                one.alert.incident = over
        elif one.event is Event.OPENED:
            wait[one.pair] = one
    cooled = {pair: _cooled_at(one, now=now) for pair, one in wait.items()}
    for pair, until in cooldowns.take(cooled, now=now).items():
        why = "The same was told not long ago."
        held[wait[pair].alert.pk] = Held(Reason.COOLDOWN, why, until)
    return held


def _is_one_of_many(one: Owed, offers: Offers) -> bool:
    """Say whether its owner alone could mend it, and is not asked to while so many fail."""
    is_owners = reauth_rules.is_owners(one.alert.error_code)
    return is_owners and offers.is_on_hold(one.watched.provider, one.watched.service)


def _facts(one: Owed, *, over: Incident | None = None) -> Facts:
    alert, watched = one.alert, one.watched
    # Only what was held back by an incident has one.
    was_in = None if alert.incident is None else sight.incident(alert.incident)
    return Facts(
        alert_id=alert.pk,
        rule=one.rule,
        integration_id=watched.id,
        user_id=watched.user_id,
        service=watched.service,
        provider=watched.provider,
        error_code=alert.error_code,
        email=watched.email,
        last_check_at=watched.last_check_at,
        is_acknowledged=alert.acknowledged_at is not None,
        incident=over or was_in,
    )


def _cooled_at(one: Owed, *, now: datetime, release: datetime | None = None) -> datetime:
    """Return when the cooldown ends: it runs from when the message goes out at the latest."""
    soon = now + settings.NOTIFICATION_GROUPING
    return one.rule.cooldown + (soon if release is None else max(soon, release))


def _lengthen_cooldowns(
    free: Sequence[Owed],
    news: Mapping[UUID, Sequence[Recipient]],
    releases: Mapping[str, datetime],
    *,
    now: datetime,
) -> None:
    """Let cooldowns run on where a digest goes out later, or an escalation took none."""
    later: dict[cooldowns.Pair, datetime] = {}
    for one in free:
        release = max((releases[who.key] for who in news[one.alert.pk]), default=None)
        if release is not None:
            cooled_at = _cooled_at(one, now=now, release=release)
            if one.event is Event.ESCALATED or cooled_at > _cooled_at(one, now=now):
                later[one.pair] = cooled_at
    cooldowns.lengthen(later)


def _hold(one: Owed, held: Held) -> Line | None:
    alert = one.alert
    is_known = (alert.held_back, alert.held_until) == (held.reason.value, held.until)
    alert.held_back, alert.held_until = held.reason.value, held.until
    if is_known:
        return None
    until = "" if held.until is None else f" Until {_clock(held.until)}."
    what = "Not sent" if one.event is Event.OPENED else "That it became worse is not sent"
    return Line(alert.pk, Verdict.HELD_BACK, f"{what}: {held.why}{until}")


def _told(
    one: Owed,
    recipients: Sequence[Recipient],
    releases: Mapping[str, datetime],
    *,
    now: datetime,
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
    latest = max((releases[recipient.key] for recipient in recipients), default=now)
    waits = latest > now + settings.NOTIFICATION_GROUPING
    digest = f" In a digest at {_clock(latest)}: an hour's messages are used up." if waits else ""
    return Line(alert.pk, Verdict.TOLD, f"Tells {who or 'nobody'} {what}.{digest}")


def _called(recipient: Recipient, rule: Rule) -> str:
    if recipient.destination_id is None:
        return "the owner by e-mail"
    is_named = recipient.destination_id == rule.destination_id
    return f"“{rule.destination_name}”" if is_named else f"a {recipient.channel} destination"


def _clock(at: datetime) -> str:
    return f"{at:%Y-%m-%d %H:%M} UTC"
