"""E-mail, against a mail server with every fault."""

import socket
import time
from dataclasses import replace
from datetime import UTC, datetime
from email.message import EmailMessage
from typing import Any
from uuid import uuid4

import pytest

from alerts.senders import SENDERS
from alerts.senders.base import Address, MayWorkLater, NeverWorks, Outgoing
from alerts.senders.email import LONGEST_SUBJECT
from tests.receivers import MailReceiver


def message(**fields: Any) -> Outgoing:
    return replace(
        Outgoing(
            id=uuid4(),
            to=Address(email="ann@example.com"),
            made_at=datetime.now(UTC),
            subject="Gmail is failing",
            text="Gmail is failing.",
            html="<p>Gmail is failing.</p>",
        ),
        **fields,
    )


def send(*outgoing: Outgoing) -> None:
    with SENDERS["email"].open() as line:
        for one in outgoing:
            line.send(one)


def only(mail_server: MailReceiver) -> EmailMessage:
    ((_, mail),) = mail_server.mails
    assert isinstance(mail, EmailMessage)
    return mail


def test_a_mail_is_dated_by_the_databases_clock(mail_server: MailReceiver) -> None:
    databases = datetime(2026, 11, 24, 8, 15, tzinfo=UTC)

    send(message(made_at=databases))

    assert only(mail_server)["Date"].datetime == databases


def test_a_mail_has_text_and_html_and_the_headers_of_a_machine(mail_server: MailReceiver) -> None:
    sent = message()

    send(sent)

    mail = only(mail_server)
    assert mail["Message-ID"] == f"<{sent.id}@health.example.com>"
    assert mail["Auto-Submitted"] == "auto-generated"
    assert mail["List-Unsubscribe"] == "<mailto:health@example.com?subject=unsubscribe>"
    assert (mail["From"], mail["To"]) == ("Health <health@example.com>", "ann@example.com")
    text, html = mail.get_body(("plain",)), mail.get_body(("html",))
    assert text is not None
    assert text.get_content().strip() == sent.text
    assert html is not None
    assert html.get_content().strip() == sent.html


@pytest.mark.parametrize(
    "subject",
    [
        "x\r\nBcc: evil@example.com",
        "x\nBcc: evil@example.com\n\nbody",
        "x\u2028Bcc: evil@example.com",
        "x\x00\x0b\x85Bcc: evil@example.com",
        "\u202ereversed\u202c Bcc: evil@example.com",
        "\ud800 Bcc: evil@example.com",
        "🔥" * 10_000,
        "é" * 10_000,
        "\r\n",
    ],
)
def test_what_people_type_adds_no_header_and_loses_no_mail(
    mail_server: MailReceiver, subject: str
) -> None:
    send(message(subject=subject))

    ((recipients, mail),) = mail_server.mails
    assert recipients == ["ann@example.com"]
    assert mail["Bcc"] is None
    shown = str(mail["Subject"]).strip()  # of a folded line the first space stays
    assert len(shown) <= LONGEST_SUBJECT
    assert not any(letter in shown for letter in "\r\n\x00\u202e")


def test_many_mails_go_over_one_connection(mail_server: MailReceiver) -> None:
    sent = [message() for _ in range(5)]

    send(*sent)

    ids = [mail["Message-ID"] for _, mail in mail_server.mails]
    assert ids == [f"<{one.id}@health.example.com>" for one in sent]


@pytest.mark.parametrize("answer", ["451 try later", "421 closing", "452 full"])
def test_a_passing_refusal_is_worth_a_retry(mail_server: MailReceiver, answer: str) -> None:
    mail_server.to_mails.append(answer)

    with pytest.raises(MayWorkLater):
        send(message())


@pytest.mark.parametrize("answer", ["550 no such user", "553 not allowed"])
def test_a_lasting_refusal_of_a_recipient_is_not(mail_server: MailReceiver, answer: str) -> None:
    mail_server.to_recipients.append(answer)

    with pytest.raises(NeverWorks):
        send(message())


def test_a_lasting_refusal_of_a_mail_is_not_and_the_next_mail_goes_out(
    mail_server: MailReceiver,
) -> None:
    mail_server.to_mails.append("554 this looks like spam")

    with SENDERS["email"].open() as line:
        with pytest.raises(NeverWorks):
            line.send(message())
        line.send(message())

    assert len(mail_server.mails) == 1


@pytest.mark.parametrize("answer", ["530 say STARTTLS first", "550 no such sender", "421 later"])
def test_a_server_that_does_not_take_our_own_address_may_do_so_later(
    mail_server: MailReceiver, answer: str
) -> None:
    mail_server.to_senders.append(answer)

    with pytest.raises(MayWorkLater, match="our address as the sender"):
        send(message())


def test_what_ends_a_connection_fails_no_other_mail(mail_server: MailReceiver) -> None:
    mail_server.to_mails += ["250 OK", "421 too many mails over this connection"]
    before, failing, after = message(), message(), message()

    with SENDERS["email"].open() as line:
        line.send(before)
        with pytest.raises(MayWorkLater):
            line.send(failing)
        line.send(after)

    assert mail_server.ids() == [str(before.id), str(after.id)]


def test_greylisting_is_worth_a_retry(mail_server: MailReceiver) -> None:
    mail_server.to_recipients.append("450 greylisted")

    with pytest.raises(MayWorkLater):
        send(message())


def test_a_server_that_hangs_after_the_mail_costs_the_timeout(
    mail_server: MailReceiver, settings: Any
) -> None:
    settings.EMAIL_TIMEOUT = 0.5
    mail_server.seconds_until_an_answer = 3.0

    began_at = time.monotonic()
    with pytest.raises(MayWorkLater):
        send(message())

    assert time.monotonic() - began_at < 2.5


def test_a_server_that_is_away_may_be_back_later(settings: Any) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # nobody listens there
        settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
        settings.EMAIL_HOST, settings.EMAIL_PORT = taken.getsockname()

        with pytest.raises(MayWorkLater):
            send(message())


def test_a_server_without_the_encryption_that_we_want_may_have_it_later(
    mail_server: MailReceiver, settings: Any
) -> None:
    settings.EMAIL_USE_TLS = True

    with pytest.raises(MayWorkLater):
        send(message())

    assert mail_server.mails == []


@pytest.mark.parametrize(
    "address",
    [
        "ann@example.com\r\nBcc: evil@example.com",
        "no address",
        "",
        "ann@münchen。.example",  # an empty label, after a full stop of another script
        f"ann@{'ü' * 60}.example",
    ],
)
def test_what_is_no_address_gets_no_mail(mail_server: MailReceiver, address: str) -> None:
    with pytest.raises(NeverWorks):
        send(message(to=Address(email=address)))

    assert mail_server.mails == []
