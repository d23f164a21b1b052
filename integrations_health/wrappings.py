"""Undo what text is wrapped in: JSON, URL and HTML escapes, look-alikes, invisible characters."""

import base64
import html
import json
import re
import unicodedata
from functools import lru_cache
from urllib.parse import quote, quote_plus, unquote

ROUNDS = 20

_ESCAPE = re.compile(r"\\(?:u([0-9A-Fa-f]{4})|x([0-9A-Fa-f]{2})|(.))", re.DOTALL)
_BLANKS = {"n": "\n", "r": "\n", "t": " ", "b": "", "f": " ", "v": " ", "0": ""}


def unwrapped(text: str) -> str | None:
    """Return `text` with every layer of escapes undone, None when there is no end to them."""
    for _ in range(ROUNDS):
        inner = _once(text)
        if inner == text:
            return text
        text = inner
    return None


def _once(text: str) -> str:
    if "&" in text:
        text = html.unescape(text)
    if "%" in text:
        text = unquote(text, errors="replace")
    if "\\" in text:
        text = _ESCAPE.sub(_unescaped, text)
    if not text.isascii():
        text = unicodedata.normalize("NFKC", text)
    return text if text.isprintable() else "".join(map(_visible, text))


def _unescaped(found: re.Match[str]) -> str:
    number = found[1] or found[2]
    return chr(int(number, 16)) if number else _BLANKS.get(found[3], found[3])


def _visible(character: str) -> str:
    """Return blanks as spaces or line ends and nothing for what has no shape."""
    if character in "\r\n\v\f\x85\u2028\u2029":
        return "\n"
    if character.isspace():
        return " "
    # Control, format (bidi, zero width), surrogates, private use, unassigned.
    return "" if unicodedata.category(character).startswith("C") else character


def replaced(text: str, secret: str, *, by: str) -> str:
    """Return `text` with `secret` replaced wherever it stands, in whatever usual encoding."""
    if text.isascii():
        # To look for it costs a twentieth of what to replace it does, and it is hardly ever there.
        folded = text.lower()
        if not any(form in folded for form in _folded_forms(secret)):
            return text
    return _pattern(secret).sub(by, text)


def _forms(secret: str) -> set[str]:
    """Return `secret` as it is, JSON-escaped, URL- and HTML-encoded, and in base64."""
    raw = secret.encode()
    return {
        secret,
        json.dumps(secret)[1:-1],
        quote(secret, safe=""),
        quote(secret),
        quote_plus(secret),
        html.escape(secret),
        base64.b64encode(raw).decode().rstrip("="),
        base64.urlsafe_b64encode(raw).decode().rstrip("="),
    }


@lru_cache(maxsize=4_096)
def _folded_forms(secret: str) -> tuple[str, ...]:
    # What is not ASCII may match it all the same: the sign of Kelvin is a k.
    return tuple({form.lower() if form.isascii() else "" for form in _forms(secret)})


@lru_cache(maxsize=4_096)
def _pattern(secret: str) -> re.Pattern[str]:
    longest_first = sorted(_forms(secret), key=len, reverse=True)
    return re.compile("|".join(map(re.escape, longest_first)), re.IGNORECASE)
