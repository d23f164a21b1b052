"""No secret passes the one door, however it is wrapped; what people need to read does."""

import base64
import copy
import html
import json
import pickle
import string
import timeit
from collections.abc import Callable
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import given
from hypothesis import strategies as st

from integrations_health.plain_words import is_plain
from integrations_health.redaction import FRAGMENT, MARK, MOST, SafeText, redact

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


def split_over_lines(token: str, width: int) -> str:
    return "\n".join(token[i : i + width] for i in range(0, len(token), width))


def leaks(token: str, shown: str) -> list[str]:
    """Every run of FRAGMENT characters of `token` that can be read in `shown`."""
    joined = "".join(shown.split())
    secret = token.removeprefix("https://hooks.slack.com/services/")  # everybody knows that much
    pieces = {secret[i : i + FRAGMENT] for i in range(len(secret) - FRAGMENT + 1)}
    return [piece for piece in pieces if piece in shown or piece in joined]


@given(token=CANARIES, wrapping=st.sampled_from(sorted(WRAPPINGS)))
def test_no_eight_characters_of_a_token_survive_any_wrapping(token: str, wrapping: str) -> None:
    shown = redact(WRAPPINGS[wrapping](token))

    assert leaks(token, shown) == []


@given(
    token=CANARIES,
    width=st.integers(5, 76),
    wrapping=st.sampled_from(sorted(WRAPPINGS)),
)
def test_a_token_split_over_lines_does_not_survive(token: str, width: int, wrapping: str) -> None:
    shown = redact(WRAPPINGS[wrapping](split_over_lines(token, width)))

    assert leaks(token, shown) == []


@given(
    token=CANARIES,
    inner=st.sampled_from(sorted(WRAPPINGS)),
    outer=st.sampled_from(sorted(WRAPPINGS)),
)
def test_wrappings_inside_wrappings_do_not_help_a_token(token: str, inner: str, outer: str) -> None:
    wrapped = WRAPPINGS[inner](token)
    if outer == "in full width":
        wrapped = "".join(c for c in wrapped if "!" <= c <= "~")

    shown = redact(WRAPPINGS[outer](wrapped))

    assert leaks(token, shown) == []


@given(text=st.text(max_size=1_000))
def test_any_text_comes_out_short_printable_and_unchanged_by_a_second_pass(
    text: str,
) -> None:
    shown = redact(text)

    assert len(shown) <= MOST
    assert shown.isprintable()
    assert redact(shown) == shown
    shown.encode()


ALPHABET = st.sampled_from(
    [*"ab1 .,:;=/?#&%@'\"\\[]{}()<>_-+*\n…", "token", "password", "://", "https", "%41", "\\u0041",
     "&amp;", "expired", MARK, "401", "ya29.x", "example.com", "\u200b"]
)  # fmt: skip


@given(parts=st.lists(ALPHABET, max_size=60))
def test_redacting_twice_changes_nothing(parts: list[str]) -> None:
    shown = redact("".join(parts))

    assert redact(shown) == shown


@pytest.mark.parametrize(
    "text",
    [
        "",
        "ACTIVE",
        "INITIALIZING",
        "token_revoked",
        "invalid_grant",
        "Error: token_revoked",
        "Token has been expired or revoked.",
        "Connection initiation did not complete within 10 minutes",
        "Permanent auth error during token refresh",
        "Max auth failures reached",
        "OAuth callback failed during token exchange",
        "Connection status updated by user",
        "Auth config is disabled",
        "Revoked via user-initiated revoke endpoint",
        "Google Calendar API Error (401): Invalid Credentials",
        "Rate limit exceeded. Limit: 10000 requests per 1 minutes",
        "ActionExecute_ConnectedAccountNotFound",
        "ToolRouterV2_NoActiveConnection",
        "Unknown tool: GMAIL_GET_PROFILE",
        "Bearer token missing",
        "HTTP 503 Service Unavailable",
        '{"error":"invalid_grant","error_description":"Bad Request"}',
        "The user's account doesn't exist",
        "error 401 or 403",
    ],
)
def test_what_people_need_to_read_is_left_as_it_is(text: str) -> None:
    assert redact(text) == text


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("password=hunter2", "password=[redacted]"),
        ("password: correct connection", "password: [redacted]"),
        (
            '{"secret": "error token", "status": 401}',
            '{"secret": "[redacted]", "status": 401}',
        ),
        ("state=ab12&status=failed", "state=[redacted]&status=failed"),
        ("code=4711 was refused", "code=4711 was refused"),
        ("code=471100 was refused", "code=[redacted] was refused"),
        ("token abcdef", "token [redacted]"),
        ("Authorization: Basic ab12", "Authorization: [redacted]"),
        ("alice@example.com was removed", "[redacted] was removed"),
        ("call 4111 1111 1111 1111 now", "call [redacted] now"),
        (
            "https://user:pass@api.example.com/x?y=z",
            "https://api.example.com/[redacted]",
        ),
        ("See https://example.com.", "See https://example.com."),
        ("https://example.com:8443/", "https://example.com:8443/"),
        ("denied\u202e for\x00 \x07the user", "denied for the user"),
        ("gel\u00f6scht: invalid_grant", "[redacted]: invalid_grant"),
    ],
)
def test_what_nobody_needs_to_read_is_marked(text: str, shown: str) -> None:
    assert redact(text) == shown


@pytest.mark.parametrize(
    "wrapped",
    [
        "cannot use open sesame please",
        "cannot use OPEN SESAME please",
        "cannot use open%20sesame please",
        "cannot use open+sesame please",
        "cannot use open\\u0020sesame please",
        "cannot use open%2520sesame please",
        f"cannot use {base64.b64encode(b'open sesame').decode().rstrip('=')} please",
    ],
)
def test_a_secret_of_ours_is_marked_even_when_it_is_plain_words(wrapped: str) -> None:
    shown = redact(wrapped, secrets=["open sesame"])

    assert shown == "cannot use [redacted] please"


def test_a_secret_too_short_to_be_one_marks_nothing() -> None:
    assert redact("the error", secrets=["", "the"]) == "the error"


def test_a_secret_is_marked_in_text_that_was_shown_before() -> None:
    redact("connection")

    assert redact("connection", secrets=["connection"]) == MARK


def test_text_without_end_of_escapes_is_marked_whole() -> None:
    assert redact("%" + "25" * 40 + "41") == MARK


def test_long_text_is_cut_at_a_word() -> None:
    shown = redact("the server said no " * 100)

    assert len(shown) <= MOST
    assert shown.endswith(" ...")


def test_a_quarter_of_a_megabyte_is_judged_in_milliseconds() -> None:
    text = "%41&amp;\\u0041 a1b2c3 " * 12_000

    seconds = min(timeit.repeat(lambda: redact(text, secrets=["https://x.example/a?b=c"]),
                                number=1, repeat=3))  # fmt: skip

    assert seconds < 0.1


@pytest.mark.parametrize("word", ["", "ACTIVE"])
def test_words_of_every_check_cost_next_to_nothing(word: str) -> None:
    redact(word)

    seconds = min(timeit.repeat(lambda: redact(word), number=1_000, repeat=20)) / 1_000

    assert seconds < 1e-6


def test_safe_text_cannot_be_made_by_hand() -> None:
    with pytest.raises(TypeError, match="redact"):
        SafeText("ya29.secret")


@pytest.mark.parametrize(
    "duplicate",
    [copy.copy, copy.deepcopy, lambda text: pickle.loads(pickle.dumps(text))],
)
def test_safe_text_stays_safe_when_copied(
    duplicate: Callable[[SafeText], SafeText],
) -> None:
    text = redact("Token has been expired or revoked.")

    copied = duplicate(text)

    assert type(copied) is SafeText
    assert copied == text
