"""Show instants as <time> elements: local time, and UTC on hover."""

from dataclasses import dataclass
from datetime import datetime, tzinfo

from django.utils.safestring import SafeString

from integrations_health import shapes, time_words

NEVER = SafeString("never")
_RELATIVE, _ABSOLUTE = SafeString(" data-relative"), SafeString("")


@dataclass(frozen=True, kw_only=True, slots=True)
class Moments:
    """Shows instants to somebody in a time zone, now."""

    now: datetime
    zone: tzinfo

    def at(self, instant: datetime | None) -> SafeString:
        """Return an instant as `14:02`, `Tue 14:02` or `3 Nov`."""
        return self._element(instant, _ABSOLUTE)

    def relative(self, instant: datetime | None) -> SafeString:
        """Return an instant like `at`, for scripts to turn into `2 min ago` or `in 3 min`."""
        return self._element(instant, _RELATIVE)

    def exactly(self, instant: datetime | None) -> SafeString:
        """Return an instant as `3 Nov, 14:02`."""
        if instant is None:
            return NEVER
        return self._said(instant, _ABSOLUTE, time_words.exactly(instant, zone=self.zone))

    def _element(self, instant: datetime | None, how: SafeString) -> SafeString:
        if instant is None:
            return NEVER
        said = time_words.at(instant, now=self.now, zone=self.zone)
        return self._said(instant, how, said)

    def _said(self, instant: datetime, how: SafeString, said: str) -> SafeString:
        # Numbers and our own words only; `format_html` would cost a long page a tenth of its time.
        return SafeString(
            f'<time datetime="{shapes.instant(instant)}" title="{time_words.utc(instant)}"{how}>'
            f"{said}</time>"
        )
