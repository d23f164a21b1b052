"""Read what mails go out by: the URL of a mail server, and whom they are from."""

from typing import Any

import environ
from django.core.exceptions import ImproperlyConfigured
from django.core.mail.message import sanitize_address


class NotUnderstood(ValueError):
    """No mail goes out by it. The text shows nothing of it: it may hold a password."""


def server(url: str) -> dict[str, Any]:
    """Return a mail server as Django is told of one; files for no URL. Raises NotUnderstood."""
    try:
        found: dict[str, Any] = environ.Env.email_url_config(url or "filemail:///")
    except (ImproperlyConfigured, KeyError, ValueError):
        raise NotUnderstood from None
    if url and found["EMAIL_HOST"] is None:
        raise NotUnderstood
    return found


def sender(address: str) -> str:
    """Return an address that mails can be from, with or without a name. Raises NotUnderstood."""
    try:
        # As each mail will be: what cannot be written there would let none of them go out.
        is_written = "@" in sanitize_address(address, "utf-8")
    except (TypeError, ValueError):
        is_written = False
    if not is_written:
        raise NotUnderstood
    return address
