"""Secrets of every usual shape, and what they come wrapped in."""

import base64
import html
import json
import string
from collections.abc import Callable
from urllib.parse import quote, quote_plus

from hypothesis import strategies as st

from integrations_health.plain_words import is_plain

BASE62 = string.ascii_letters + string.digits
BASE64 = BASE62 + "+/"


def letters(alphabet: str, least: int, most: int) -> st.SearchStrategy[str]:
    return st.text(alphabet=alphabet, min_size=least, max_size=most)


CANARIES = st.one_of(
    letters(BASE62 + "-_", 30, 120).map(lambda rest: f"ya29.a0{rest}"),
    letters(BASE62 + "-_", 30, 80).map(lambda rest: f"1//0{rest}"),
    st.builds(
        "xox{}-{}-{}-{}".format,
        st.sampled_from("abeprs"),
        letters(string.digits, 10, 13),
        letters(string.digits, 10, 13),
        letters(BASE62, 24, 32),
    ),
    letters(BASE64, 32, 44).map(lambda rest: f"whsec_{rest}"),
    st.tuples(letters(BASE62, 20, 40), letters(BASE62, 20, 80), letters(BASE62 + "-_", 43, 43)).map(
        lambda parts: "eyJ" + ".".join(parts)
    ),
    st.uuids().map(str),
    st.uuids().map(lambda key: f"ak_{key.hex}"),
    letters(BASE62, 20, 64),
    letters(BASE64, 24, 64).map(lambda text: text + "=="),
    st.binary(min_size=16, max_size=48).map(bytes.hex),
    letters(string.ascii_lowercase, 16, 40),
    letters(string.ascii_uppercase, 16, 40),
    letters(string.digits, 12, 24),
    st.builds(
        "https://hooks.slack.com/services/T{}/B{}/{}".format,
        letters(string.ascii_uppercase + string.digits, 8, 10),
        letters(string.ascii_uppercase + string.digits, 8, 10),
        letters(BASE62, 24, 24),
    ),
).filter(lambda token: not is_plain(token))  # "ratelimitexceeded" is nobody's token

WRAPPINGS: dict[str, Callable[[str], str]] = {
    "alone": str,
    "in a sentence": lambda token: f"The access token {token} was revoked by its owner",
    "as an argument": lambda token: f"GET /v1/me?access_token={token}&limit=1 failed",
    "in a header": lambda token: f"Authorization: Bearer {token}\r\nAccept: */*",
    "in a base64 header": lambda token: (
        "Authorization: Basic " + base64.b64encode(f"user:{token}".encode()).decode()
    ),
    "in base64 alone": lambda token: base64.b64encode(token.encode()).decode(),
    "in url-safe base64": lambda token: base64.urlsafe_b64encode(token.encode()).decode(),
    "in hexadecimal": lambda token: token.encode().hex(),
    "in JSON": lambda token: json.dumps({"error": {"message": token, "code": 401}}),
    "in JSON in JSON": lambda token: json.dumps({"data": json.dumps({"refresh_token": token})}),
    "in JSON thrice": lambda token: json.dumps(json.dumps(json.dumps({"state": token}))),
    "with a named secret": lambda token: f"client_secret={token}; retry later",
    "in a password": lambda token: f"'password': '{token}', 'user': 'me'",
    "with every slash escaped": lambda token: json.dumps(token).replace("/", "\\/"),
    "as code points": lambda token: '{"code": "' + "".join(f"\\u{ord(c):04x}" for c in token),
    "as Python bytes": lambda token: "b'" + "".join(f"\\x{ord(c):02x}" for c in token) + "'",
    "URL-encoded": lambda token: f"https://a.example/cb?next={quote(token, safe='')}",
    "URL-encoded twice": lambda token: f"next={quote(quote(token, safe=''), safe='')}",
    "URL-encoded whole": lambda token: "".join(f"%{ord(c):02X}" for c in token),
    "plus-encoded": lambda token: f"q=is+{quote_plus(token)}+valid",
    "HTML-escaped": lambda token: f"<p title='{html.escape(token)}'>denied</p>",
    "as HTML numbers": lambda token: "".join(f"&#x{ord(c):x};" for c in token),
    "as a user": lambda token: f"cannot reach https://{token.replace('/', '')}:x@api.example.com/",
    "as a host": lambda token: f"cannot reach https://{token.replace('/', '')}.example.com/",
    "as a path": lambda token: f"cannot reach https://api.example.com/{token}",
    "as a fragment": lambda token: f"https://app.example.com/#access_token={token}",
    "in nested quotes": lambda token: f"""error: "cannot use '{{\\"token\\": \\"{token}\\"}}'" """,
    "in full width": lambda token: "".join(chr(ord(c) + 0xFEE0) for c in token),
    "with zero-width gaps": lambda token: "\u200b".join(token),
    "with soft hyphens": lambda token: "\u00ad".join(token),
    "with bidi marks": lambda token: "\u202e" + token + "\u202c",
    "with control characters": lambda token: "\x00".join(token),
    "in a mail address": lambda token: f"{token}@example.com does not exist",
    "glued to a word": lambda token: f"token_{token}_revoked",
    "as markdown": lambda token: f"`{token}` is **not** [valid](https://example.com/{token})",
    "behind much text": lambda token: "the server said " * 15 + token,
}
