"""Say which words are known to be harmless: those of `plain_words.txt`, alone or joined."""

import re
from pathlib import Path

WORDS = frozenset((Path(__file__).parent / "plain_words.txt").read_text().split())

# Harmless all of them, and the same in every answer of a provider.
_joined_before: set[str] = set()
_KEPT = 10_000

_JOINT = re.compile(r"[^A-Za-z0-9]+")
_HUMP = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+")
_CONTRACTION = re.compile(r"'(?:[stdm]|re|ve|ll)$")
_HTTP_STATUS = re.compile(r"[1-5]\d\d")


def is_plain(chunk: str) -> bool:
    """Say whether `chunk` is known words alone, as people, constants or code join them.

    Two digits may stand among them (`oauth2`, `v3.1`); an HTTP status may stand alone.
    """
    if chunk in WORDS or chunk in _joined_before:
        return True
    if not _is_joined(chunk):
        return False
    if len(_joined_before) >= _KEPT:
        _joined_before.clear()
    _joined_before.add(chunk)
    return True


def _is_joined(chunk: str) -> bool:
    if not chunk.isascii() or "@" in chunk:
        return False
    pieces = [piece for piece in _JOINT.split(_CONTRACTION.sub("", chunk)) if piece]
    if len(pieces) == 1 and _HTTP_STATUS.fullmatch(pieces[0]):
        return True
    humps = [hump for piece in pieces for hump in _humps(piece)]
    words = [hump for hump in humps if not hump.isdigit() and hump not in ("v", "V")]
    digits = sum(len(hump) for hump in humps if hump.isdigit())
    if not words:
        return not pieces  # punctuation alone, but no bare number
    # Short words in a row are what chance makes of a secret.
    is_wordy = len(words) == 1 or sum(map(len, words)) >= 3 * len(words)
    return digits <= 2 and is_wordy and all(word.lower() in WORDS for word in words)


def _humps(piece: str) -> list[str]:
    is_one_word = piece.islower() or piece.isupper() or piece[1:].islower()
    return [piece] if is_one_word and piece.lower() in WORDS else _HUMP.findall(piece)
