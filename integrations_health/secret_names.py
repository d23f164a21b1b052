"""What introduces a secret in a text: the names that stand before one."""

import re

# After an open one a known word may follow ("token: expired"), after a closed one nothing is let
# through up to the next delimiter.
OPEN_NAMES = frozenset(
    {"bearer", "code", "jwt", "key", "nonce", "otp", "pin", "sid", "sig", "state"}
)
OPEN_ENDINGS = ("assertion", "challenge", "credential", "credentials", "hook", "session",
                "signature", "token", "verifier")  # fmt: skip
CLOSED_ENDINGS = ("apikey", "authorization", "cookie", "passphrase", "passwd", "password",
                  "privatekey", "pwd", "secret")  # fmt: skip

_NO_LETTERS = re.compile(r"[^a-z0-9]")


def bare(word: str) -> str:
    """Return the letters and numbers of a word, by which it may be the name of a secret."""
    return _NO_LETTERS.sub("", word.lower())
