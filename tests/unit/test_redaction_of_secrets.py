"""No secret passes the one door, however it is wrapped."""

from hypothesis import given
from hypothesis import strategies as st

from integrations_health import redaction
from integrations_health.redaction import FRAGMENT, redact
from tests.unit.canaries import CANARIES, WRAPPINGS


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


def test_what_was_shown_before_is_hidden_once_it_is_a_secret_of_ours() -> None:
    # Only undone does it read "internal server".
    wrapped = "the key is internal%20server, says the provider"
    assert "internal server" in redact(wrapped)

    assert "internal server" not in redact(wrapped, secrets=["internal server"])
    assert "internal server" in redact(wrapped)


def test_no_secret_is_kept_to_be_known_again() -> None:
    token = "ya29.a0AfH6SMBx7Qw3kZ"
    redact(f"request failed with {token}")

    assert token not in f"{vars(redaction)}"
