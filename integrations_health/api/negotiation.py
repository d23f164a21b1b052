"""Which of its media types an answer has: the one that the client wants most (RFC 9110, 12.5.1)."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from rest_framework.exceptions import NotAcceptable
from rest_framework.negotiation import DefaultContentNegotiation
from rest_framework.renderers import BaseRenderer
from rest_framework.request import Request


class _Range(NamedTuple):
    """A media range of `Accept`, `*` where anything will do, and how much it is wanted."""

    kind: str
    subkind: str
    quality: float

    def covers(self, media_type: str) -> bool:
        kind, _, subkind = media_type.partition("/")
        return self.kind in ("*", kind) and self.subkind in ("*", subkind)

    @property
    def is_wider(self) -> int:
        return (self.kind == "*") + (self.subkind == "*")


class ByQuality(DefaultContentNegotiation):
    """Heeds `q`, which REST framework's own way takes for one more parameter of the type."""

    def select_renderer(
        self, request: Request, renderers: Iterable[BaseRenderer], format_suffix: str | None = None
    ) -> tuple[BaseRenderer, str]:
        """Return the renderer that is wanted most, of equals the first. Raises NotAcceptable."""
        # Parameters of a type say nothing of which is meant: each of ours is there in one form.
        ranges = [_range(text) for text in self.get_accept_list(request) or ["*/*"]]
        ranges.sort(key=lambda one: one.is_wider)
        offered = list(renderers)
        best = max(offered, key=lambda one: _quality(one.media_type or "", ranges))
        if not _quality(best.media_type or "", ranges):
            raise NotAcceptable(available_renderers=offered)
        return best, best.media_type or ""


def _quality(media_type: str, ranges: Sequence[_Range]) -> float:
    """Return how much a type is wanted: of the ranges that cover it the narrowest decides."""
    return next((one.quality for one in ranges if one.covers(media_type)), 0.0)


def _range(text: str) -> _Range:
    media_type, *parameters = (word.strip().lower() for word in text.split(";"))
    kind, _, subkind = media_type.partition("/")
    said = dict(parameter.partition("=")[::2] for parameter in parameters)
    try:
        quality = min(max(float(said.get("q", 1)), 0.0), 1.0)
    except ValueError:
        quality = 1.0
    return _Range(kind, subkind, quality)
