"""Read one value that a person typed, or say what to type instead."""

import json
import re
from typing import Any
from urllib.parse import urlsplit

YES_AND_NO = {
    **dict.fromkeys(("true", "yes", "on", "1"), True),
    **dict.fromkeys(("false", "no", "off", "0"), False),
}
LONGEST_JSON = 10_000
DEEPEST_JSON = 20
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")
# They make what stands behind them read backwards, a whole sentence of ours with it.
_TURNING = re.compile(r"[\u202a-\u202e\u2066-\u2069]")
# What a mail server makes of it is its own affair; a space or a second @ is a slip.
_EMAIL = re.compile(r"[^\s@<>,;:\"]+@[^\s@<>,;:\"]+\.[^\s@<>,;:\".]+")
_BROKEN = re.compile(r"[\ud800-\udfff]")
# As `json.dumps` writes them; two backslashes are a backslash, not an escape.
_BROKEN_JSON = re.compile(r"(?<!\\)(?:\\\\)*\\u0000|[\ud800-\udfff]")


class Bad(Exception):
    """A value cannot be taken. Neither `problem` nor `remedy` shows it: it may be a secret."""

    def __init__(self, problem: str, remedy: str) -> None:
        super().__init__(problem)
        self.problem = problem
        self.remedy = remedy


def text(value: object, *, most: int) -> str:
    """Return a text of up to `most` characters, trimmed. Raises Bad."""
    if not isinstance(value, str):
        raise Bad("is not text", "type it in quotes")
    trimmed = value.strip(" ")
    if len(trimmed) > most:
        raise Bad(f"has {len(trimmed):,} characters", f"{most:,} is the most")
    if _BROKEN.search(trimmed):
        raise Bad("has bytes that are not UTF-8", "save the file as UTF-8")
    if _CONTROL.search(trimmed):
        raise Bad("has a control character, such as a NUL or a line break", "remove it")
    if _TURNING.search(trimmed):
        raise Bad("has an invisible character that turns the text around", "type it by hand")
    return trimmed


def is_storable(value: str) -> bool:
    """Say whether PostgreSQL can be asked for a text; a terminal takes others, too."""
    return "\0" not in value and not _BROKEN.search(value)


def word(value: object, *, most: int) -> str:
    """Return a text in lower case, as the names of services and providers are. Raises Bad."""
    return text(value, most=most).lower()


def exact(value: object, *, most: int) -> str:
    """Return a text that stays as it is, such as an id. Raises Bad."""
    # Never trimmed in silence: two ids that differ by a space belong to two people.
    if text(value, most=most) != value:
        raise Bad("begins or ends with a space", "remove the space")
    return value


def email(value: object) -> str:
    """Return an e-mail address, or "" for none any more. Raises Bad."""
    said = text(value, most=254)
    if said and not (_EMAIL.fullmatch(said) and _is_host(said.rpartition("@")[2])):
        raise Bad("is no e-mail address", "type one such as ann@example.com")
    return said


def number(value: object, *, least: int, most: int, unit: str) -> int:
    """Return a whole number from `least` to `most`. Raises Bad, which names the `unit`."""
    remedy = f"type {unit} from {least:,} to {most:,}"
    try:
        found = int(value) if isinstance(value, str) else value
    except ValueError:
        found = None
    if not isinstance(found, int) or isinstance(found, bool):
        raise Bad("is not a whole number", remedy)
    if not least <= found <= most:
        raise Bad("is too small" if found < least else "is too large", remedy)
    return found


def flag(value: object) -> bool:
    """Return a yes or a no. Raises Bad."""
    if isinstance(value, bool):
        return value
    found = YES_AND_NO.get(value.strip().lower()) if isinstance(value, str) else None
    if found is None:
        raise Bad("is neither yes nor no", "type true or false")
    return found


def choice(value: object, *, among: tuple[str, ...]) -> str:
    """Return one of the words in `among`. Raises Bad."""
    found = value.strip().lower() if isinstance(value, str) else None
    if found not in among:
        raise Bad("is not one of the choices", f"type one of {', '.join(among)}")
    return found


def url(value: object) -> str:
    """Return an http or https address. Raises Bad."""
    address = exact(value, most=2000)
    try:
        parts = urlsplit(address)
        is_good = parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
    except ValueError:
        is_good = False
    if address and (not is_good or " " in address):
        raise Bad("is not an address", "type one such as https://host/mcp")
    return address


def token(value: object) -> str:
    """Return a secret that an HTTP header can carry. Raises Bad."""
    secret = exact(value, most=8000)
    if not secret.isascii():
        raise Bad("has a character that no HTTP header can carry", "copy the token again")
    return secret


def arguments(value: object) -> dict[str, Any]:
    """Return a JSON object, given as one or as its text, that the database can keep. Raises Bad."""
    remedy = 'type a JSON object such as {"limit": 1}'
    try:
        found = json.loads(value, parse_constant=_refuse) if isinstance(value, str) else value
        # A number such as 1e999 is read as infinite, which no JSON can say.
        written = json.dumps(found, ensure_ascii=False, allow_nan=False)
    except (ValueError, RecursionError):
        raise Bad("is not JSON", remedy) from None
    if not isinstance(found, dict):
        raise Bad("is not a JSON object", remedy)
    if len(written) > LONGEST_JSON:
        raise Bad(f"has {len(written):,} characters", f"{LONGEST_JSON:,} is the most")
    if _is_deeper(found, DEEPEST_JSON):
        raise Bad("is nested too deeply", f"{DEEPEST_JSON} levels are the most")
    if _BROKEN_JSON.search(written):
        raise Bad("has a character that cannot be stored", "remove the NUL or broken character")
    return found


def _refuse(name: str) -> object:
    raise ValueError(f"{name} is not JSON")


def _is_deeper(value: object, levels: int) -> bool:
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return levels < 0 or any(_is_deeper(part, levels - 1) for part in inner)


def _is_host(name: str) -> bool:
    """Say whether a name, in whatever script, can be told to a mail server: RFC 5890 has bounds."""
    try:
        return bool(name.encode("idna"))
    except UnicodeError:
        return False
