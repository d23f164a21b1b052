"""Webhooks, against a receiver with every fault."""

import base64
import json
import subprocess
import time
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import deno
import httpx
import pytest

from alerts.senders import posting, webhook
from alerts.senders.base import MayWorkLater, NeverWorks
from tests.receivers import Request, WebReceiver
from tests.sending import BODY, OLD_SECRET, SECRET, message, send

RECEIVER = Path(__file__).with_name("verify_webhook.ts")


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


def test_the_machines_own_clock_signs_nothing(receiver: WebReceiver) -> None:
    databases = message(receiver.url).made_at - timedelta(hours=1)

    send(replace(message(receiver.url), made_at=databases))

    (request,) = receiver.requests
    assert request.headers["webhook-timestamp"] == f"{int(databases.timestamp())}"


def test_a_time_in_another_zone_is_signed_as_the_instant_it_is() -> None:
    sent = message("https://example.com/")
    elsewhere = sent.made_at.astimezone(ZoneInfo("Asia/Kathmandu"))

    assert webhook.signed(replace(sent, made_at=elsewhere)) == webhook.signed(sent)


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
    headers = httpx.Headers({"date": "Thu, 01 Jan 2026 00:00:00 GMT", "retry-after": text})

    found = posting.retry_after(headers)

    assert found == (None if seconds is None else timedelta(seconds=seconds))
