"""Draw a bar as one small SVG: a line per tone, dashed so that each cell is a dash.

Eighteen thousand cells of 200 integrations would weigh a megabyte as elements. Scripts lay a named
element over each cell; without them the whole is named, trouble by trouble.
"""

from collections.abc import Sequence
from functools import lru_cache
from itertools import groupby

from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from integrations_health.bars import Bar, Tone

# A cell is four units wide, the last of which is the space to the next.
STEP, HEIGHT = 4, 32
# How much of the height a tone fills, from below: shape says what colour says.
_FILLS = {
    Tone.OK: 32,
    Tone.DEGRADED: 22,
    Tone.DOWN: 13,
    Tone.INCIDENT: 27,
    Tone.DOWN_IN_INCIDENT: 13,
}
_SHAPELESS = {Tone.NONE: "hatch", Tone.GAP: "gap"}
_MOST_TOLD = 5


def draw(bar: Bar, *, labels: Sequence[str], name: str) -> SafeString:
    """Return the bar's element: the drawing, its name, and what scripts need to know."""
    notes = "|".join(f"{index} {note}" for index, note in bar.notes.items())
    return format_html(
        '<div class="bar" data-bar="{}" data-notes="{}" data-name="{}"><svg viewBox="0 0 {} {}" '
        'preserveAspectRatio="none" role="img" aria-label="{}">{}</svg></div>',
        bar.tones,
        notes,
        name,
        len(bar.tones) * STEP - 1,
        HEIGHT,
        f"{name}: {told(bar, labels)}",
        _lines(bar.tones),
    )


def told(bar: Bar, labels: Sequence[str]) -> str:
    """Return the bar in words: its uptime, and the last cells with something to tell."""
    if bar.uptime is None:
        return "nothing is known yet"
    said = [f"{bar.uptime:g} % uptime"]
    last = list(bar.notes.items())[-_MOST_TOLD:]
    said += [f"{labels[index]}: {note}" for index, note in reversed(last)]
    if len(bar.notes) > len(last):
        said.append(f"and {len(bar.notes) - len(last)} more before")
    return "; ".join(said)


@lru_cache(maxsize=1024)
def _lines(tones: str) -> SafeString:
    """Return the drawing; most bars of a page look alike."""
    runs: dict[str, list[str]] = {}
    start = 0
    for tone, cells in groupby(tones):
        length = len(list(cells))
        runs.setdefault(tone, []).append(_run(Tone(tone), start, length))
        start += length
    return format_html_join(
        "", '<path class="t-{}" d="{}"{}/>', ((t, "".join(d), _paint(t)) for t, d in runs.items())
    )


def _run(tone: Tone, start: int, length: int) -> str:
    x, width = start * STEP, length * STEP - 1
    if tone in _SHAPELESS:
        return f"M{x} 0h{width}v{HEIGHT}h-{width}z"
    return f"M{x} {HEIGHT - _FILLS[tone] / 2:g}h{width}"


def _paint(tone: str) -> SafeString:
    shape = _SHAPELESS.get(Tone(tone))
    if shape:
        return format_html(' fill="url(#{})"', shape)
    return format_html(' stroke-width="{}"', _FILLS[Tone(tone)])
