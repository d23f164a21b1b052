"""The bars of everybody: each day as it was for all who use a provider or a service."""

from collections.abc import Mapping
from datetime import date, timedelta

from integrations_health import uptime
from integrations_health.bars import Bar, Tone
from integrations_health.models import ProviderDay
from integrations_health.public_states import State
from integrations_health.windows import Window

# Parts of a day's observed time from which it is shown as out, as troubled, or as impaired.
DAY_OUT_FROM, DAY_TROUBLED_FROM, DAY_IMPAIRED_FROM = 0.05, 0.01, 0.1

_TONES = {
    State.OPERATIONAL: Tone.OK,
    State.IMPAIRED: Tone.DEGRADED,
    State.OUTAGE: Tone.DOWN,
    State.UNKNOWN: Tone.NONE,
}
_UNDER_INCIDENT = {
    Tone.OK: Tone.INCIDENT,
    Tone.DEGRADED: Tone.INCIDENT,
    Tone.NONE: Tone.INCIDENT,
    Tone.DOWN: Tone.DOWN_IN_INCIDENT,
}


def draw(
    days: Mapping[date, ProviderDay], *, today: State, touched: Mapping[int, int], window: Window
) -> Bar:
    """Return the bar of a group: its days as they were, and today as it is now."""
    tones: list[Tone] = []
    notes: dict[int, str] = {}
    for index in range(window.cells):
        day = days.get(window.start.date() + timedelta(days=index))
        is_today = index == window.cells - 1
        tone = _TONES[today] if is_today else _tone(day)
        if touched.get(index):
            tone = _UNDER_INCIDENT[tone]
        tones.append(tone)
        note = ", ".join(_said(day, touched.get(index, 0), now=today if is_today else None))
        if note:
            notes[index] = note
    observed = sum(day.observed_seconds for day in days.values())
    down = sum(day.outage_seconds for day in days.values())
    return Bar("".join(tones), notes, uptime.percent(observed, down) if observed else None)


def _tone(day: ProviderDay | None) -> Tone:
    if day is None or not day.observed_seconds:
        return Tone.NONE
    out = day.outage_seconds / day.observed_seconds
    if out >= DAY_OUT_FROM:
        return Tone.DOWN
    is_impaired = day.impaired_seconds / day.observed_seconds >= DAY_IMPAIRED_FROM
    return Tone.DEGRADED if is_impaired or out >= DAY_TROUBLED_FROM else Tone.OK


def _said(day: ProviderDay | None, incidents: int, *, now: State | None) -> list[str]:
    said = []
    if now is not None:
        said.append(f"{now} now")
    elif day is not None and day.observed_seconds:
        said.append(f"{uptime.percent(day.observed_seconds, day.outage_seconds):g} %")
    if incidents:
        said.append("1 incident" if incidents == 1 else f"{incidents} incidents")
    return said
