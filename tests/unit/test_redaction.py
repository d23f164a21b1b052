"""What people need to read passes the one door as it is; all else is marked."""

import base64
import copy
import pickle
import timeit
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from integrations_health.redaction import MARK, MOST, SafeText, redact


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
