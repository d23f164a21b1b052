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


@lru_cache(maxsize=4_096)
def forms_of(secret: str) -> re.Pattern[str]:
    """Return what finds `secret` as it is, JSON-escaped, URL- and HTML-encoded, or in base64."""
    raw = secret.encode()
    forms = {
        secret,
        json.dumps(secret)[1:-1],
        quote(secret, safe=""),
        quote(secret),
        quote_plus(secret),
        html.escape(secret),
        base64.b64encode(raw).decode().rstrip("="),
        base64.urlsafe_b64encode(raw).decode().rstrip("="),
    }
    longest_first = sorted(forms, key=len, reverse=True)
    return re.compile("|".join(map(re.escape, longest_first)), re.IGNORECASE)
