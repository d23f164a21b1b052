"""Send a message by e-mail, through the server that Django's settings name."""

import contextlib
import re
import smtplib
import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from email.utils import format_datetime, parseaddr
from urllib.parse import urlsplit

from django.conf import settings
from django.core import mail
from django.core.exceptions import ValidationError
from django.core.mail import EmailMultiAlternatives
from django.core.mail.backends.base import BaseEmailBackend
from django.core.validators import validate_email
from django.utils.encoding import punycode

from alerts.senders.base import MayWorkLater, NeverWorks, Outgoing

KIND = "email"
LONGEST_SUBJECT = 150
_SPACES = re.compile(r"\s+")


class EmailLine:
    """A connection to the mail server, and another one when it may be over."""

    def __init__(self, connection: BaseEmailBackend) -> None:
        """Send over `connection`, which is open."""
        self._connection = connection
        self._may_be_over = False

    def send(self, message: Outgoing) -> None:
        """Hand the message over. Raises MayWorkLater or NeverWorks."""
        _check(message.to.email)
        if self._may_be_over:
            _close(self._connection)
            _open(self._connection)
            self._may_be_over = False
        try:
            with _failures():
                self._connection.send_messages([composed(message)])
        except MayWorkLater:
            # It broke off, or takes no more over one connection: no other message fails for that.
            self._may_be_over = True
            raise


class EmailSender:
    """Mailboxes."""

    kind = KIND
    pause = timedelta()

    @contextmanager
    def open(self) -> Iterator[EmailLine]:
        """Connect to the mail server. Raises MayWorkLater."""
        connection: BaseEmailBackend = mail.get_connection()
        try:
            _open(connection)
            yield EmailLine(connection)
        finally:
            _close(connection)


def composed(message: Outgoing) -> EmailMultiAlternatives:
    """Return the mail: text and HTML, with the id of the message as its own at every attempt."""
    host = urlsplit(settings.PUBLIC_URL).hostname or "localhost"
    made = EmailMultiAlternatives(
        subject=one_line(message.subject),
        body=message.text,
        from_email=settings.DEFAULT_FROM_EMAIL,
        to=[message.to.email],
        headers={
            "Date": format_datetime(message.made_at),
            "Message-ID": f"<{message.id}@{host}>",
            "Auto-Submitted": "auto-generated",
            "X-Auto-Response-Suppress": "All",
            "List-Unsubscribe": f"<mailto:{_reply_address()}?subject=unsubscribe>",
        },
    )
    made.attach_alternative(message.html, "text/html")
    return made


def one_line(text: str) -> str:
    """Return `text` as it may stand in a header: one visible line that is not long."""
    shown = visible(text)
    return shown if len(shown) <= LONGEST_SUBJECT else f"{shown[: LONGEST_SUBJECT - 1]}…"


def visible(text: str) -> str:
    """Return `text` in one line, without what cannot be seen."""
    shown = "".join(
        " " if unicodedata.category(letter) in {"Cc", "Zl", "Zp"} else letter
        for letter in text
        # Turns the direction of what follows, or cannot be sent at all.
        if unicodedata.category(letter) not in {"Cf", "Cs", "Co", "Cn"}
    )
    return _SPACES.sub(" ", shown).strip()


def _check(address: str) -> None:
    """Raise NeverWorks for an address that no mail server can be told."""
    try:
        validate_email(address)
        # It lets pass what is no name of a host: an empty label, one that is too long.
        punycode(address.rpartition("@")[2])
    except (ValidationError, UnicodeError):
        raise NeverWorks("The address is no e-mail address.") from None


def _reply_address() -> str:
    return parseaddr(settings.DEFAULT_FROM_EMAIL)[1]


def _open(connection: BaseEmailBackend) -> None:
    try:
        with _failures():
            connection.open()
    except NeverWorks as never:
        # Of the server, not of any message: staff can mend it.
        raise MayWorkLater(never.reason) from None


def _close(connection: BaseEmailBackend) -> None:
    # What was taken stays taken, however the goodbye goes.
    with contextlib.suppress(OSError, smtplib.SMTPException):
        connection.close()


@contextmanager
def _failures() -> Iterator[None]:
    """Turn what a mail server says into whether a retry can help."""
    try:
        yield
    except smtplib.SMTPRecipientsRefused as error:
        codes = [code for code, _ in error.recipients.values()]
        raise _by_code(max(codes), "The mail server refuses the recipient") from None
    except smtplib.SMTPAuthenticationError:
        raise MayWorkLater("The mail server refuses our sign-in.") from None
    except smtplib.SMTPSenderRefused as error:
        # As good as our sign-in: the sender is the same of every message, and staff can mend it.
        said = f"The mail server refuses our address as the sender ({error.smtp_code})."
        raise MayWorkLater(said) from None
    except smtplib.SMTPResponseException as error:
        raise _by_code(error.smtp_code, "The mail server refuses the message") from None
    except smtplib.SMTPNotSupportedError:
        raise NeverWorks("The mail server lacks what the message needs.") from None
    except (smtplib.SMTPException, OSError):
        raise MayWorkLater("The mail server could not be reached, or broke off.") from None


def _by_code(code: int, said: str) -> MayWorkLater | NeverWorks:
    said = f"{said} ({code})."
    return NeverWorks(said) if 500 <= code < 600 else MayWorkLater(said)
