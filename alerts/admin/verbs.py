"""What support staff do to alerts: each verb, who may, and what it says afterwards."""

from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import NamedTuple
from uuid import UUID

from django.db.models import Count, Q

from alerts import lifecycle, reconnects, silences
from alerts.causes import Cause
from alerts.models import Alert
from integrations_health import rechecks
from integrations_health.models import User

ACKNOWLEDGE = "alerts.acknowledge_alert"
RESOLVE = "alerts.resolve_alert"
SILENCE = "alerts.add_silence"
CHECK = "integrations_health.check_integration"
SEND = "alerts.send_reauth_link"

_OVER = "{} resolved before"


class Chosen(NamedTuple):
    """The alerts that somebody chose; `causes` when these are everything of whole causes."""

    ids: list[UUID]
    causes: list[Cause]


class Done(NamedTuple):
    """What became of it: the alerts that changed, in words, and why others were passed over."""

    changed: list[UUID]
    says: str
    passed_over: list[str]


Act = Callable[[Chosen, User, str], Done]


class Verb(NamedTuple):
    """One verb: the words on its button, the permission it asks for, what it does.

    `warns` returns what is to be confirmed before that is done to what was chosen, or nothing.
    """

    label: str
    permission: str
    act: Act
    warns: Callable[[Chosen], str] = lambda chosen: ""


def _acknowledge(chosen: Chosen, by: User, note: str) -> Done:
    changed = lifecycle.acknowledge(chosen.ids, by=by, note=note)
    rest = _rest(chosen, changed)
    return Done(
        changed,
        f"{_alerts(len(changed))} acknowledged.",
        rest.why(over=_OVER, acknowledged="{} already had somebody who looks after it"),
    )


def _unacknowledge(chosen: Chosen, by: User, note: str) -> Done:
    changed = lifecycle.unacknowledge(chosen.ids, by=by)
    why = _rest(chosen, changed).why(over=_OVER, unacknowledged="{} had nobody who looks after it")
    return Done(changed, f"{_alerts(len(changed))} no longer acknowledged.", why)


def _resolve(chosen: Chosen, by: User, note: str) -> Done:
    changed = lifecycle.resolve(chosen.ids, by=by)
    why = _rest(chosen, changed).why(over=_OVER)
    return Done(changed, f"{_alerts(len(changed))} resolved.", why)


def _silence(lasting: timedelta | None, words: str) -> Act:
    def silence(chosen: Chosen, by: User, note: str) -> Done:
        if lasting is not None and _names_causes(chosen):
            return _silence_causes(chosen, by, note, lasting)
        changed = silences.of_alerts(chosen.ids, by=by, lasting=lasting, comment=note)
        known = "{} had a silence that lasts as long"
        why = _rest(chosen, changed).why(over=_OVER, acknowledged=known, unacknowledged=known)
        return Done(changed, f"{_alerts(len(changed))} silenced {words}.", why)

    def _silence_causes(chosen: Chosen, by: User, note: str, lasting: timedelta) -> Done:
        made = silences.of_causes(chosen.causes, by=by, lasting=lasting, comment=note)
        count = f"{len(made)} cause{'' if len(made) == 1 else 's'}"
        new = "what opens of it meanwhile" if len(made) == 1 else "what opens of them meanwhile"
        known = len(chosen.causes) - len(made)
        return Done(
            chosen.ids if made else [],
            f"{count} silenced {words}: {_alerts(len(chosen.ids))}, and {new}.",
            [f"{known} had a silence that lasts as long"] if known else [],
        )

    return silence


def _names_causes(chosen: Chosen) -> bool:
    # A silence cannot name an error that has no code: it would hide all of the service.
    return bool(chosen.causes) and all(cause.error_code for cause in chosen.causes)


def _warns_of_silence(chosen: Chosen) -> str:
    return "What opens of the same cause meanwhile is hidden, too." if _names_causes(chosen) else ""


def _warns_of_resolving(chosen: Chosen) -> str:
    return (
        "Whoever was told of them hears that they are over. What still fails opens a new alert at "
        "its next check."
        if len(chosen.ids) > 1
        else ""
    )


def _check(chosen: Chosen, by: User, note: str) -> Done:
    of = Alert.objects.filter(pk__in=chosen.ids).values_list("integration", flat=True)
    asked = rechecks.ask(list(of.order_by().distinct()))
    return Done(chosen.ids if asked.due else [], asked.told, asked.passed_over)


def _send_link(chosen: Chosen, by: User, note: str) -> Done:
    asked = reconnects.ask(chosen.ids, by=by)
    count = len(asked.alert_ids)
    said = f"{count:,} {'owner is' if count == 1 else 'owners are'} sent a link to reconnect."
    return Done(asked.alert_ids, said, asked.passed_over)


def _warns_of_sending(chosen: Chosen) -> str:
    if len(chosen.ids) == 1:
        return ""
    return "Each owner whom reconnecting helps gets an e-mail that asks them to."


VERBS: dict[str, Verb] = {
    "acknowledge": Verb("Acknowledge", ACKNOWLEDGE, _acknowledge),
    "unacknowledge": Verb("Un-acknowledge", ACKNOWLEDGE, _unacknowledge),
    "silence-1h": Verb(
        "Silence for 1 h", SILENCE, _silence(timedelta(hours=1), "for 1 h"), _warns_of_silence
    ),
    "silence-4h": Verb(
        "Silence for 4 h", SILENCE, _silence(timedelta(hours=4), "for 4 h"), _warns_of_silence
    ),
    "silence": Verb("Silence until resolved", SILENCE, _silence(None, "until resolved")),
    "check": Verb("Check again now", CHECK, _check),
    "send-link": Verb("Send re-auth link", SEND, _send_link, _warns_of_sending),
    "resolve": Verb("Resolve", RESOLVE, _resolve, _warns_of_resolving),
}


class _Rest(NamedTuple):
    """The alerts that a verb passed over, as they are now."""

    over: int
    acknowledged: int
    unacknowledged: int
    gone: int

    def why(self, *, over: str = "", acknowledged: str = "", unacknowledged: str = "") -> list[str]:
        """Return what there is to say of each kind, where there is any."""
        words = (over, acknowledged, unacknowledged, "{} no longer there")
        if acknowledged and acknowledged == unacknowledged:
            open_ones = self._replace(acknowledged=self.acknowledged + self.unacknowledged)
            return open_ones._replace(unacknowledged=0).why(over=over, acknowledged=acknowledged)
        return [word.format(count) for word, count in zip(words, self, strict=True) if count]


def _rest(chosen: Chosen, changed: Sequence[UUID]) -> _Rest:
    left = list(set(chosen.ids) - set(changed))
    if not left:
        return _Rest(0, 0, 0, 0)
    found = Alert.objects.filter(pk__in=left).aggregate(
        over=Count("pk", filter=~Q(resolved_at=None)),
        acknowledged=Count("pk", filter=Q(resolved_at=None) & ~Q(acknowledged_at=None)),
        unacknowledged=Count("pk", filter=Q(resolved_at=None, acknowledged_at=None)),
    )
    return _Rest(**found, gone=len(left) - sum(found.values()))


def _alerts(count: int) -> str:
    return f"{count:,} alert{'' if count == 1 else 's'}"
