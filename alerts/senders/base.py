"""What a sender is given, and how it says that it could not send."""

from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Protocol
from uuid import UUID


class MayWorkLater(Exception):
    """The message was not taken, and a retry can help.

    `wait` is what the other side asked for; `most_attempts` bounds retries that hardly ever help.
    """

    def __init__(
        self, reason: str, *, wait: timedelta | None = None, most_attempts: int | None = None
    ) -> None:
        super().__init__(reason)
        self.reason = reason
        self.wait = wait
        self.most_attempts = most_attempts


class NeverWorks(Exception):
    """The message was not taken, and no retry can help.

    `is_gone` says that the destination takes no message at all any more, `is_meant` that this is
    what staff wanted, and no news to them.
    """

    def __init__(self, reason: str, *, is_gone: bool = False, is_meant: bool = False) -> None:
        super().__init__(reason)
        self.reason = reason
        self.is_gone = is_gone
        self.is_meant = is_meant


@dataclass(frozen=True, kw_only=True, slots=True)
class Address:
    """Where a message goes: a mailbox, or the URL of a webhook or a Slack channel.

    `secrets` sign what goes to a webhook: the newest first, and while it is replaced the old one.
    """

    email: str = ""
    url: str = field(default="", repr=False)
    secrets: tuple[str, ...] = field(default=(), repr=False)


@dataclass(frozen=True, kw_only=True, slots=True)
class Outgoing:
    """One message as it goes out. `id` is the same at every attempt.

    `made_at` is when it was made for this attempt, by the database's clock. It is dated and signed
    so: this machine's clock may be so wrong that nobody takes the message.
    """

    id: UUID
    to: Address
    made_at: datetime
    subject: str = ""
    text: str = ""
    html: str = ""
    body: str = field(default="", repr=False)


class Line(Protocol):
    """An open way out, over which messages go one after another."""

    def send(self, message: Outgoing) -> None:
        """Send one message. Raises MayWorkLater or NeverWorks."""


class Sender(Protocol):
    """The code that delivers one kind of message."""

    kind: str
    # Between two messages to the same destination.
    pause: timedelta

    def open(self) -> AbstractContextManager[Line]:
        """Return a way out, for one thread. Raises MayWorkLater when it is entered."""
