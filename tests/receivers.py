"""Servers that take messages, or not, as a test says: a web server and a mail server."""

import asyncio
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import Message
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from aiosmtpd.controller import Controller

OK = 200


@dataclass(frozen=True, slots=True)
class Request:
    """One request that came in."""

    path: str
    headers: dict[str, str]
    body: bytes
    at: float
    # What it was answered; 0 for an answer that is no status.
    status: int = OK
    method: str = "POST"


@dataclass(slots=True)
class WebReceiver:
    """Takes whatever is posted. The answers are given in turn, and then 200."""

    port: int = 0
    answers: list[tuple[int, dict[str, str]] | Callable[[Any], None]] = field(default_factory=list)
    requests: list[Request] = field(default_factory=list)

    @property
    def host(self) -> str:
        """Return what DELIVERY_TRUSTED_HOSTS must name."""
        return f"127.0.0.1:{self.port}"

    @property
    def url(self) -> str:
        """Return an address that receives."""
        return f"http://{self.host}/hook"

    def answer(self, status: int, **headers: str) -> None:
        """Answer the next request that has no answer yet with a status."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        self.answers.append((status, named))

    def ids(self) -> list[str]:
        """Return the ids of the messages that came in."""
        return [request.headers["webhook-id"] for request in self.requests]


def text_of(mail: Message) -> str:
    """Return what a mail says to who reads text."""
    (part,) = (one for one in mail.walk() if one.get_content_type() == "text/plain")
    content = part.get_payload(decode=True)
    assert isinstance(content, bytes)
    return content.decode()


@contextmanager
def web(*, tls: ssl.SSLContext | None = None) -> Iterator[WebReceiver]:
    """Serve a receiver for the block."""
    receiver = WebReceiver()

    class Take(BaseHTTPRequestHandler):
        def do_PUT(self) -> None:
            self.do_POST()

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            headers = {name.lower(): value for name, value in self.headers.items()}
            answer = receiver.answers.pop(0) if receiver.answers else (OK, {})
            status = 0 if callable(answer) else answer[0]
            request = Request(self.path, headers, body, time.monotonic(), status, self.command)
            receiver.requests.append(request)
            if callable(answer):
                answer(self)
                return
            self.send_response(answer[0])
            for name, value in answer[1].items():
                self.send_header(name, value)
            self.send_header("content-length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Take)
    if tls is not None:
        server.socket = tls.wrap_socket(server.socket, server_side=True)
    receiver.port = server.server_port
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    try:
        yield receiver
    finally:
        server.shutdown()
        server.server_close()


@dataclass(slots=True)
class MailReceiver:
    """Takes whatever is mailed. The answers are given in turn: to senders, recipients and mails."""

    port: int = 0
    to_senders: list[str] = field(default_factory=list)
    to_recipients: list[str] = field(default_factory=list)
    to_mails: list[str] = field(default_factory=list)
    mails: list[tuple[list[str], Message]] = field(default_factory=list)
    seconds_until_an_answer: float = 0.0

    def ids(self) -> list[str]:
        """Return the ids of the messages that came in."""
        return [mail["Message-ID"].strip("<>").partition("@")[0] for _, mail in self.mails]

    async def handle_MAIL(
        self, server: Any, session: Any, envelope: Any, address: str, options: list[str]
    ) -> str:
        """Answer to a sender."""
        answer = self.to_senders.pop(0) if self.to_senders else "250 OK"
        if answer.startswith("2"):
            envelope.mail_from = address
        return answer

    async def handle_RCPT(
        self, server: Any, session: Any, envelope: Any, address: str, options: list[str]
    ) -> str:
        """Answer to a recipient."""
        answer = self.to_recipients.pop(0) if self.to_recipients else "250 OK"
        if answer.startswith("2"):
            envelope.rcpt_tos.append(address)
        return answer

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
        """Answer to a mail."""
        await asyncio.sleep(self.seconds_until_an_answer)
        answer = self.to_mails.pop(0) if self.to_mails else "250 OK"
        if answer.startswith("2"):
            mail = message_from_bytes(envelope.content, policy=policy.default)
            self.mails.append((envelope.rcpt_tos, mail))
        return answer


@contextmanager
def mail() -> Iterator[MailReceiver]:
    """Serve a mail server for the block."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        receiver = MailReceiver(port=probe.getsockname()[1])
    controller = Controller(receiver, hostname="127.0.0.1", port=receiver.port)
    controller.start()
    try:
        yield receiver
    finally:
        controller.stop()
