"""A text column that is encrypted at rest."""

from functools import lru_cache
from typing import TYPE_CHECKING, Any

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.conf import settings
from django.core.checks import CheckMessage
from django.core.exceptions import ImproperlyConfigured
from django.db import models
from django.db.models import Lookup, Transform

if TYPE_CHECKING:
    Text = models.TextField[str, str]
else:
    Text = models.TextField

# A claim reads the same secrets at every check. A URL and its token weigh about 1 kB together.
REMEMBERED_SECRETS = 20_000


class UnreadableSecret(Exception):
    """A stored secret could not be decrypted with any key of FIELD_ENCRYPTION_KEYS."""


class Secret(str):
    """A decrypted text that does not show itself in a repr, a traceback or a log of values."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "<secret>"


class EncryptedTextField(Text):
    """Text that is stored encrypted with the first key of FIELD_ENCRYPTION_KEYS.

    The other keys still decrypt, and what is saved again moves to the first. No form shows or
    takes the value and no query can search for it. The empty text stays empty.
    """

    def get_prep_value(self, value: Any) -> Any:
        """Return `value` encrypted. The same text is never encrypted to the same bytes twice."""
        return encrypt(value) if value else value

    def from_db_value(self, value: str | None, *_: object) -> str | None:
        """Return `value` decrypted. Raises UnreadableSecret when no key fits."""
        return decrypt(value) if value else value

    def formfield(self, *_: Any, **__: Any) -> None:
        """Offer no form field: a secret is neither shown nor typed over unseen."""

    def get_lookup(self, lookup_name: str) -> "type[Lookup[Any]] | None":
        """Refuse every comparison, which could only compare ciphertexts and never be true."""
        return super().get_lookup(lookup_name) if lookup_name == "isnull" else None

    def get_transform(self, lookup_name: str) -> type[Transform] | None:
        """Refuse every function of the ciphertext."""
        return None


def encrypt(text: str) -> str:
    """Return `text` as it is stored."""
    return _fernet(tuple(settings.FIELD_ENCRYPTION_KEYS)).encrypt(text.encode()).decode()


def decrypt(stored: str) -> Secret:
    """Return the text that was stored as `stored`. Raises UnreadableSecret when no key fits."""
    return _decrypt(stored, tuple(settings.FIELD_ENCRYPTION_KEYS)) if stored else Secret()


@lru_cache(maxsize=REMEMBERED_SECRETS)
def _decrypt(stored: str, keys: tuple[str, ...]) -> Secret:
    try:
        return Secret(_fernet(keys).decrypt(stored).decode())
    except InvalidToken:
        raise UnreadableSecret(
            "A stored secret was encrypted with a key that FIELD_ENCRYPTION_KEYS does not hold. "
            "Add that key again, behind the newest one."
        ) from None


def require_keys(**_: object) -> list[CheckMessage]:
    """Let no release and no command begin with a key that is none. Raises ImproperlyConfigured."""
    _fernet(tuple(settings.FIELD_ENCRYPTION_KEYS))
    return []


@lru_cache(maxsize=4)
def _fernet(keys: tuple[str, ...]) -> MultiFernet:
    try:
        return MultiFernet([Fernet(key) for key in keys])
    except ValueError:
        raise ImproperlyConfigured(
            "FIELD_ENCRYPTION_KEYS holds something that is no key. Make keys with "
            "`python -c 'from cryptography.fernet import Fernet; "
            "print(Fernet.generate_key().decode())'`"
        ) from None
