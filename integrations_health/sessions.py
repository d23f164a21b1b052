"""Sessions of browsers: Django's own, in the database."""

from typing import Any

from django.contrib.sessions.backends import db


class SessionStore(db.SessionStore):
    """Looks up only what can be the key of a session.

    A cookie may hold anything, a NUL too, which PostgreSQL would refuse with an error.
    """

    def _validate_session_key(self, key: Any) -> bool:
        return bool(super()._validate_session_key(key)) and key.isascii() and key.isalnum()  # type: ignore[misc]  # not among the stubs
