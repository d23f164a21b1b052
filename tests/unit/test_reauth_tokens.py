"""What a browser carries: only what we signed, for this purpose, unchanged."""

from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
from django.test import override_settings

from integrations_health import reauth_tokens
from integrations_health.reauth_tokens import Forged, Kind, Token

AT = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)


def token() -> Token:
    return Token(uuid4(), uuid4(), uuid4(), AT + timedelta(days=14))


@pytest.mark.parametrize("kind", Kind)
def test_what_was_signed_is_read_back(kind: Kind) -> None:
    made = token()

    assert reauth_tokens.read(kind, reauth_tokens.sign(kind, made)) == made


def test_the_same_is_the_same_text_which_an_address_and_a_mail_leave_alone() -> None:
    made = token()

    text = reauth_tokens.sign(Kind.LINK, made)

    assert text == reauth_tokens.sign(Kind.LINK, made)
    assert set(text) <= set("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.")
    assert len(text) < 160


def test_a_link_is_no_state_and_a_state_no_link() -> None:
    made = token()

    for one, other in ((Kind.LINK, Kind.STATE), (Kind.STATE, Kind.LINK)):
        with pytest.raises(Forged):
            reauth_tokens.read(other, reauth_tokens.sign(one, made))


def test_no_letter_can_be_changed_added_or_left_out() -> None:
    text = reauth_tokens.sign(Kind.STATE, token())
    spoilt = [text[:place] + _other(text[place]) + text[place + 1 :] for place in range(len(text))]
    spoilt += [text[:place] + text[place + 1 :] for place in range(len(text))]

    for one in [*spoilt, text + "A", "A" + text, text + "=", text + "\n", text.upper()]:
        with pytest.raises(Forged):
            reauth_tokens.read(Kind.STATE, one)


def _other(letter: str) -> str:
    return "B" if letter == "A" else "A"


@pytest.mark.parametrize("text", ["", ".", "a", "a.b", "\0.\0", "é.é", "." * 500, "a" * 10_000])
def test_nonsense_is_forged(text: str) -> None:
    with pytest.raises(Forged):
        reauth_tokens.read(Kind.LINK, text)


def test_the_half_of_one_does_not_go_with_the_signature_of_another() -> None:
    mine, other = (reauth_tokens.sign(Kind.STATE, token()) for _ in range(2))

    with pytest.raises(Forged):
        reauth_tokens.read(Kind.STATE, f"{mine.split('.')[0]}.{other.split('.')[1]}")


def test_a_rotated_secret_key_still_reads_the_links_of_the_old_one() -> None:
    made = token()
    with override_settings(SECRET_KEY="the old one"):
        text = reauth_tokens.sign(Kind.LINK, made)

    with override_settings(SECRET_KEY="the new one", SECRET_KEY_FALLBACKS=["the old one"]):
        assert reauth_tokens.read(Kind.LINK, text) == made
    with override_settings(SECRET_KEY="the new one"), pytest.raises(Forged):
        reauth_tokens.read(Kind.LINK, text)
