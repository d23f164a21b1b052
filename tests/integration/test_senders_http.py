"""Webhooks and Slack, against receivers with every fault."""

import base64
import json
import ssl
import subprocess
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import deno
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from alerts.senders import SENDERS, posting, webhook
from alerts.senders.base import Address, MayWorkLater, NeverWorks, Outgoing
from alerts.senders.slack import SlackLine
from alerts.senders.webhook import WebhookLine
from integrations_health import network
from tests import receivers
from tests.receivers import Request, WebReceiver

RECEIVER = Path(__file__).with_name("verify_webhook.ts")
SECRET, OLD_SECRET = webhook.new_secret(), webhook.new_secret()
BODY = json.dumps({"type": "alert.opened", "data": {"note": "ümlaut"}}, ensure_ascii=False)


@pytest.fixture
def receiver(settings: Any) -> Iterator[WebReceiver]:
    with receivers.web() as running:
        settings.DELIVERY_TRUSTED_HOSTS = [running.host]
        yield running
    network.close()


def message(url: str, *, secrets: tuple[str, ...] = (SECRET,)) -> Outgoing:
    return Outgoing(id=uuid4(), to=Address(url=url, secrets=secrets), body=BODY)


def send(outgoing: Outgoing, kind: str = "webhook") -> None:
    with SENDERS[kind].open() as line:
        line.send(outgoing)


def is_verified(request: Request, secret: str) -> bool:
    """Let a receiver that shares no code with us verify a request."""
    body = base64.b64encode(request.body).decode()
    told = json.dumps({"headers": request.headers, "body": body, "secret": secret})
    command = [deno.find_deno_bin(), "run", "--quiet", "--no-remote", str(RECEIVER)]
    done = subprocess.run(command, input=told, capture_output=True, text=True, check=True)
    return done.stdout.strip() == "verified"


def test_a_webhook_is_verified_by_a_receiver_in_another_language(receiver: WebReceiver) -> None:
    sent = message(receiver.url)

    send(sent)

    (request,) = receiver.requests
    assert is_verified(request, SECRET)
    assert request.body.decode() == BODY
    assert request.headers["webhook-id"] == str(sent.id)
    assert request.headers["content-type"] == "application/json"


def test_a_changed_byte_or_another_secret_is_not_verified(receiver: WebReceiver) -> None:
    send(message(receiver.url))

    (request,) = receiver.requests
    assert not is_verified(replace(request, body=request.body + b" "), SECRET)
    assert not is_verified(request, OLD_SECRET)


def test_while_a_secret_is_replaced_both_verify(receiver: WebReceiver) -> None:
    send(message(receiver.url, secrets=(SECRET, OLD_SECRET)))

    (request,) = receiver.requests
    for secret in (SECRET, OLD_SECRET):
        assert is_verified(request, secret)
    assert len(request.headers["webhook-signature"].split(" ")) == 2


def test_a_time_in_another_zone_is_signed_as_the_instant_it_is() -> None:
    at = datetime.now(UTC)
    elsewhere = at.astimezone(datetime.now().astimezone().tzinfo) + timedelta()
    sent = message("https://example.com/")

    assert webhook.signed(sent, at=elsewhere) == webhook.signed(sent, at=at)


@pytest.mark.parametrize("secrets", [(), ("whsec_",), ("whsec_é",)])
def test_without_a_secret_nothing_is_sent(receiver: WebReceiver, secrets: tuple[str, ...]) -> None:
    with pytest.raises(NeverWorks):
        send(message(receiver.url, secrets=secrets))

    assert receiver.requests == []


@pytest.mark.parametrize("status", [500, 502, 503, 408, 425, 429])
def test_what_may_pass_is_worth_every_retry(receiver: WebReceiver, status: int) -> None:
    receiver.answer(status, retry_after="120")

    with pytest.raises(MayWorkLater) as later:
        send(message(receiver.url))

    assert later.value.wait == timedelta(seconds=120)
    assert later.value.most_attempts is None


@pytest.mark.parametrize("status", [400, 401, 404, 301, 302, 307])
def test_what_hardly_ever_passes_is_worth_a_few_retries(receiver: WebReceiver, status: int) -> None:
    receiver.answer(status, location=receiver.url)

    with pytest.raises(MayWorkLater) as later:
        send(message(receiver.url))

    assert later.value.most_attempts == posting.FEW_ATTEMPTS
    assert len(receiver.requests) == 1  # a redirect is not followed


def test_gone_means_that_the_destination_takes_nothing_any_more(receiver: WebReceiver) -> None:
    receiver.answer(410)

    with pytest.raises(NeverWorks) as never:
        send(message(receiver.url))

    assert never.value.is_gone


def drip(handler: Any) -> None:
    """Answer so slowly that no single wait is ever long."""
    try:
        for letter in "HTTP/1.1 200 OK\r\nx-slow: " + "x" * 10_000:
            handler.wfile.write(letter.encode())
            handler.wfile.flush()
            time.sleep(0.05)
    except OSError:
        return


def test_a_drip_ends_by_the_total_deadline(
    receiver: WebReceiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(posting, "DEADLINE_SECONDS", 0.5)
    receiver.answers.append(drip)
    began_at = time.monotonic()

    with pytest.raises(MayWorkLater, match="in time"):
        send(message(receiver.url))

    assert time.monotonic() - began_at < 5


def test_a_body_that_never_ends_is_not_read(receiver: WebReceiver) -> None:
    def flood(handler: Any) -> None:
        handler.wfile.write(b"HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n")
        try:
            while True:
                handler.wfile.write(b"x" * 65_536)
        except OSError:
            return

    receiver.answers.append(flood)

    send(message(receiver.url))


def test_who_is_not_there_may_be_there_later(receiver: WebReceiver, settings: Any) -> None:
    settings.DELIVERY_TRUSTED_HOSTS = ["127.0.0.1:1", "nobody.invalid:443"]

    for url in ("http://127.0.0.1:1/", "https://nobody.invalid/"):
        with pytest.raises(MayWorkLater):
            send(message(url))


def test_a_proxy_of_the_environment_is_not_asked(
    receiver: WebReceiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    with receivers.web() as proxy:
        for name in ("http_proxy", "https_proxy", "all_proxy"):
            monkeypatch.setenv(name, f"http://{proxy.host}")

        send(message(receiver.url))

        assert proxy.requests == []
    assert len(receiver.requests) == 1


@pytest.mark.parametrize("kind", ["webhook", "slack"])
@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "[::1]", "0x7f.1", "localhost."])
def test_nothing_is_sent_into_our_own_network(
    receiver: WebReceiver, settings: Any, kind: str, host: str
) -> None:
    settings.DELIVERY_TRUSTED_HOSTS = []

    for scheme in ("http", "https"):
        with pytest.raises(NeverWorks):
            send(message(f"{scheme}://{host}:{receiver.port}/hook"), kind)
        with pytest.raises(NeverWorks):
            send(message(f"{scheme}://{host}/hook"), kind)

    assert receiver.requests == []


def test_a_name_that_changes_its_mind_is_asked_once() -> None:
    answers = [["93.184.216.34", "127.0.0.1"], ["127.0.0.1"]]
    asked: list[str] = []

    async def resolve(host: str, port: int) -> Sequence[str]:
        asked.append(host)
        return answers.pop(0)

    line = WebhookLine(resolve=resolve)
    for _ in range(2):  # a public one among private ones helps as little as a private one alone
        with pytest.raises(NeverWorks, match="private network"):
            line.send(message("https://rebinding.example/hook"))

    assert asked == ["rebinding.example"] * 2


def certificate(tmp_path: Any, name: str) -> tuple[ssl.SSLContext, ssl.SSLContext]:
    """Return what a server called `name` shows, and what trusts it."""
    key = ec.generate_private_key(ec.SECP256R1())
    called = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    made = (
        x509.CertificateBuilder()
        .subject_name(called)
        .issuer_name(called)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(datetime.now(UTC) - timedelta(days=1))
        .not_valid_after(datetime.now(UTC) + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .sign(key, hashes.SHA256())
    )
    path = tmp_path / "server.pem"
    encoding, plain = serialization.Encoding.PEM, serialization.NoEncryption()
    private = key.private_bytes(encoding, serialization.PrivateFormat.PKCS8, plain)
    path.write_bytes(private + made.public_bytes(encoding))
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(path)
    return server, ssl.create_default_context(cafile=str(path))


def test_the_number_is_connected_to_and_the_name_stays_in_tls_and_host(
    tmp_path: Any, settings: Any
) -> None:
    asked: list[str] = []

    async def resolve(host: str, port: int) -> Sequence[str]:
        asked.append(host)
        return ["127.0.0.1"]

    server, trusting = certificate(tmp_path, "hooks.example")
    names: list[str] = []
    server.sni_callback = lambda _socket, name, _context: names.append(name)
    with receivers.web(tls=server) as receiver:
        settings.DELIVERY_TRUSTED_HOSTS = [
            f"{name}.example:{receiver.port}" for name in ("hooks", "other")
        ]
        line = WebhookLine(resolve=resolve, tls=trusting)
        line.send(message(f"https://hooks.example:{receiver.port}/hook"))
        with pytest.raises(MayWorkLater):  # the certificate is another's
            line.send(message(f"https://other.example:{receiver.port}/hook"))
        host = f"hooks.example:{receiver.port}"
    network.close()

    assert [request.headers["host"] for request in receiver.requests] == [host]
    assert names == ["hooks.example", "other.example"]
    assert asked == ["hooks.example", "other.example"]


def test_slack_is_told_by_a_post_of_json(receiver: WebReceiver) -> None:
    sent = replace(message(receiver.url), body='{"text": "hello"}')

    send(sent, "slack")

    (request,) = receiver.requests
    assert json.loads(request.body) == {"text": "hello"}


def test_slack_s_wish_to_wait_is_known(receiver: WebReceiver) -> None:
    receiver.answer(429, retry_after="30")

    with pytest.raises(MayWorkLater) as later:
        send(message(receiver.url), "slack")

    assert later.value.wait == timedelta(seconds=30)


@pytest.mark.parametrize("status", [404, 410])
def test_a_removed_webhook_of_slack_is_gone(receiver: WebReceiver, status: int) -> None:
    receiver.answer(status)

    with pytest.raises(NeverWorks) as never:
        send(message(receiver.url), "slack")

    assert never.value.is_gone


def test_slack_is_at_slack_and_nowhere_else() -> None:
    async def resolve(host: str, port: int) -> Sequence[str]:
        raise AssertionError(host)

    with pytest.raises(NeverWorks, match=r"hooks\.slack\.com"):
        SlackLine(resolve=resolve).send(message("https://hooks.example.com/services/T0/B0/x"))


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("120", 120),
        ("0", 0),
        ("99999999999999999999", 86_400),
        ("-5", None),
        ("soon", None),
        ("", None),
        ("Wed, 21 Oct 2015 07:28:00 GMT", None),
        ("Thu, 01 Jan 2026 00:01:00 GMT", 60),
        ("Fri, 01 Jan 2038 00:00:00 GMT", 86_400),
    ],
)
def test_a_retry_after_is_seconds_or_a_date_or_nothing(text: str, seconds: int | None) -> None:
    now = datetime(2026, 1, 1, tzinfo=UTC)

    found = posting.retry_after(text, now=now)

    assert found == (None if seconds is None else timedelta(seconds=seconds))
