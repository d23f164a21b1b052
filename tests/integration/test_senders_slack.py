"""Slack, against a receiver with its faults."""

import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from alerts.senders.base import MayWorkLater, NeverWorks
from alerts.senders.slack import SlackLine
from tests.receivers import WebReceiver
from tests.sending import message, send

RECEIVER = Path(__file__).with_name("verify_webhook.ts")


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
