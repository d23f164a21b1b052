"""The one door between a provider's words and our database, logs and screens.

Nothing is searched for: what is not known to be harmless is dropped. Known are the words of
`plain_words.txt`, alone or joined (`token_revoked`, `InvalidToken`), HTTP statuses and marks.
Other short words and numbers pass only while they stand between known ones, so that no eight
characters of a secret pass in any wrapping, split or joined.
"""

import re
from collections.abc import Iterator, Sequence
from enum import IntEnum
from functools import lru_cache
from itertools import pairwise
from typing import Any, NamedTuple, TypeVar

from integrations_health import likenesses
from integrations_health.plain_words import is_plain
from integrations_health.secret_names import CLOSED_ENDINGS, OPEN_ENDINGS, OPEN_NAMES, bare
from integrations_health.wrappings import replaced, unwrapped

MOST = 300
MARK = "[redacted]"
FRAGMENT = 8  # so many characters of a secret in a row would be too many
WINDOW = 4_000  # what is judged of a long text; no more than MOST of it is shown

_AUTHORITY = r"(?:\[redacted\]|[^\s\"'`<>{}|\\^\[\]/?#])*"
_PATH = r"(?:/\[redacted\]|[^\s\"'`<>{}|\\^\[\]]*)"
_URL = rf"(?P<url>\b[A-Za-z][A-Za-z0-9+.-]*://{_AUTHORITY}{_PATH})"
_MARK = r"(?P<mark>\[redacted\])"
_CHUNK = r"(?P<chunk>(?:[^\s\"'`,;:=&?!()\[\]{}<>|*#$^\\]|(?<=[a-z])'(?=(?:[stdm]|re|ve|ll)\b))+)"
_ITEM, _ITEM_BUT_URLS = re.compile(f"{_URL}|{_MARK}|{_CHUNK}"), re.compile(f"{_MARK}|{_CHUNK}")
_ASSIGNED = re.compile(r"\s*[\"'`]?\s*(?:=>|:=|=|:)\s*(?P<quote>[\"'`]?)\s*")
_DELIMITER = re.compile(r"[\n,;&{}\"'`<>|]")
_DROPPED_PUNCTUATION = re.compile(r"[^\w\s.,:;!?()\[\]{}\"'/=<>&%*#+@-]|[\s]+", re.ASCII)
K = TypeVar("K")


class SafeText(str):
    """Text that went through `redact`, and through nothing else."""

    __slots__ = ()

    def __new__(cls, text: str, *, door: object = None) -> "SafeText":
        if door is not _DOOR:
            raise TypeError("SafeText is made by redact() alone")
        return super().__new__(cls, text)

    def __reduce__(self) -> tuple[Any, ...]:
        # Redacting twice changes nothing, so a copy may go through the door again.
        return redact, (str(self),)


class _Verdict(IntEnum):
    KNOWN = 0
    SHORT = 1  # may stay alone
    SECRET = 2  # goes, and takes its unknown neighbours along


class _Item(NamedTuple):
    before: str  # the punctuation and space in front
    text: str
    verdict: _Verdict


_DOOR = object()
# Words that come back in every check cost a look-up: the harmless as they are, others by a digest.
_seen: dict[str, SafeText] = {}
_judged_before: dict[tuple[bytes, int], SafeText] = {}
_alike: dict[tuple[bytes, int], SafeText] = {}
_KEPT = 1_000


def redact(text: str, *, secrets: Sequence[str] = (), limit: int = MOST) -> SafeText:
    """Return what may be shown of `text`, `limit` characters at most; the rest is marked.

    `secrets` are values of ours (keys, server URLs) that must not pass even when they are made of
    plain words; they are found in their usual encodings too. The result may be redacted again
    without change.
    """
    text = _without(secrets, text)
    seen = _seen.get(text)
    if seen is not None and len(seen) <= limit:
        return seen
    key = likenesses.digest(text[:WINDOW], *secrets), limit
    if (safe := _judged_before.get(key)) is None:
        safe = _safe(text, secrets, limit=limit)
        _keep(_judged_before, key, safe)
    if safe == text and len(text) <= 40:
        _keep(_seen, text, safe)
    return safe


def _safe(text: str, secrets: Sequence[str], *, limit: int) -> SafeText:
    plain = unwrapped(text[:WINDOW])
    if plain is None:
        return SafeText(MARK, door=_DOOR)
    plain = _without(secrets, plain)
    key = likenesses.digest(likenesses.of(plain)), limit
    if (safe := _alike.get(key)) is None:
        safe = SafeText(_written(_judged(plain), limit=limit), door=_DOOR)
        _keep(_alike, key, safe)
    return safe


def _without(secrets: Sequence[str], text: str) -> str:
    for secret in secrets:
        if len(secret) >= 4:
            text = replaced(text, secret, by=MARK)
    return text


def _keep(kept: dict[K, SafeText], key: K, safe: SafeText) -> None:
    if len(kept) >= _KEPT:
        kept.clear()
    kept[key] = safe


def _judged(text: str) -> list[_Item]:
    items: list[_Item] = []
    end = 0
    for found in (_ITEM if "://" in text else _ITEM_BUT_URLS).finditer(text):
        before, word = text[end : found.start()], found.group()
        end = found.end()
        if found.lastgroup == "url":
            scheme, _, rest = word.partition("://")
            rest = rest.rstrip(".,;:!?()/#=&*$")
            end = found.start() + len(scheme) + 3 + len(rest)
            items += _origin(before, scheme, rest)
        elif found.lastgroup == "mark":
            items.append(_Item(before, word, _Verdict.KNOWN))
        else:
            items.append(_Item(before, word, _verdict(word)))
    items.append(_Item(text[end:], "", _Verdict.KNOWN))
    return _without_split_numbers(_without_named(items))


def _origin(before: str, scheme: str, rest: str) -> Iterator[_Item]:
    """Yield a URL's scheme, host and port; whatever stands behind them becomes a mark."""
    if not is_plain(scheme):
        yield _Item(before, f"{scheme}://{rest}", _Verdict.SECRET)
        return
    authority, *path = re.split(r"[/?#]", rest, maxsplit=1)
    host, _, port = authority.rpartition("@")[2].partition(":")
    labels = re.split(r"([.-])", host)
    yield _Item(before, scheme, _Verdict.KNOWN)
    for joint, label in zip(["://", *labels[1::2]], labels[::2], strict=True):
        verdict = _Verdict.KNOWN if label == MARK else _verdict(label)
        yield _Item(joint, label, verdict)
    if port:
        yield _Item(":", port, _verdict(port))
    if path and path[0]:
        yield _Item("/", MARK, _Verdict.KNOWN if path[0] == MARK else _Verdict.SECRET)


def _verdict(chunk: str) -> _Verdict:
    if is_plain(chunk):
        return _Verdict.KNOWN
    if len(chunk) >= FRAGMENT or not chunk.isascii() or "@" in chunk:
        return _Verdict.SECRET
    bare = chunk.strip(".-_/+%~")
    if bare.isdigit():
        return _Verdict.SHORT if len(bare) <= 5 else _Verdict.SECRET
    is_mixed = any(map(str.isdigit, bare)) and any(map(str.isalpha, bare))
    return _Verdict.SECRET if is_mixed and len(bare) > 4 else _Verdict.SHORT


def _without_named(items: list[_Item]) -> list[_Item]:
    """Mark what stands behind the name of a secret."""
    marked = [items[0]]
    closing: re.Pattern[str] | None = None
    for name, item in pairwise(items):
        if closing is not None and closing.search(item.before):
            closing = None
        elif closing is None:
            closing, verdict = _behind(name.text, item)
            item = item if verdict is item.verdict else item._replace(verdict=verdict)
        if closing is not None and item.text and item.text != MARK:
            item = item._replace(verdict=_Verdict.SECRET)
        marked.append(item)
    return marked


def _behind(name: str, item: _Item) -> tuple[re.Pattern[str] | None, _Verdict]:
    """Judge what follows `name`: up to where all is secret, and the verdict on the next word."""
    assigned = _ASSIGNED.fullmatch(item.before)
    if assigned is None and not item.before.isspace():
        return None, item.verdict
    key = bare(name)
    is_closed = key.endswith(CLOSED_ENDINGS)
    if is_closed and assigned is not None and item.text != MARK:
        return re.compile(assigned["quote"] or _DELIMITER.pattern), item.verdict
    if is_closed or key in OPEN_NAMES or key.endswith(OPEN_ENDINGS):
        is_number = key == "code" and item.text.isdigit() and len(item.text) <= 5
        if item.verdict is _Verdict.SHORT and not is_number:
            return None, _Verdict.SECRET
    return None, item.verdict


def _without_split_numbers(items: list[_Item]) -> list[_Item]:
    """Take statuses that stand beside another number for a number that was split."""
    numbers = [item.text.strip(".-").isdigit() for item in items]
    return [
        item._replace(verdict=_Verdict.SHORT)
        if item.verdict is _Verdict.KNOWN and is_number and (is_left or is_right)
        else item
        for item, is_left, is_number, is_right in zip(
            items, [False, *numbers], numbers, [*numbers[1:], False], strict=False
        )
    ]


def _written(items: list[_Item], *, limit: int) -> str:
    """Put the items together again, runs of unknown ones as one mark where they are too long."""
    text = ""
    for before, word in _marked_runs(items):
        text += _shown_between(before) + word
        if len(text.strip()) > limit:
            break
    text = " ".join(text.split())
    if len(text) <= limit:
        return text
    cut = text.rfind(" ", 0, limit - 3)
    return f"{text[:cut]} ..." if cut > 0 else MARK


# No letter and no number stands between two words, so no secret is kept.
@lru_cache(maxsize=1_000)
def _shown_between(before: str) -> str:
    return _DROPPED_PUNCTUATION.sub(" ", before)


def _marked_runs(items: list[_Item]) -> Iterator[tuple[str, str]]:
    run: list[_Item] = []
    for item in items:
        if item.verdict is not _Verdict.KNOWN:
            run.append(item)
            continue
        yield from _shown(run)
        run = []
        yield item.before, item.text


def _shown(run: list[_Item]) -> Iterator[tuple[str, str]]:
    is_secret = any(item.verdict is _Verdict.SECRET for item in run)
    if run and (is_secret or sum(len(item.text) for item in run) >= FRAGMENT):
        yield run[0].before, MARK
    else:
        yield from ((item.before, item.text) for item in run)
