"""What messages say to machines, and to Slack."""

import json
from datetime import timedelta
from uuid import uuid4

import pytest

from alerts import messages
from alerts.senders.webhook import MOST_BYTES
from tests.unit.test_messages import AT, HOSTILE, LATER, told


@pytest.mark.parametrize("hostile", HOSTILE)
def test_nothing_typed_means_anything_to_slack(hostile: str) -> None:
    body = messages.slack([told(name=hostile, sentence=hostile)], id=uuid4())

    said = json.loads(body)
    texts = [said["text"], *(block.get("text", {}).get("text", "") for block in said["blocks"])]
    assert not any(letter in text for text in texts for letter in "<>")
    typed = [block["text"]["type"] for block in said["blocks"] if "text" in block]
    assert set(typed) == {"plain_text"}
    assert "evil.example|" not in said["blocks"][2]["elements"][0]["url"]


def test_a_slack_message_keeps_to_slack_s_limits() -> None:
    many = [told(name="&" * 500, sentence="&" * 5_000) for _ in range(100)]

    said = json.loads(messages.slack(many, id=uuid4()))

    header, section, actions, _ = said["blocks"]
    assert len(header["text"]["text"]) <= 150
    assert len(section["text"]["text"]) <= 3_000
    assert len(actions["elements"]) == 1


def test_a_webhook_says_what_happened_in_few_words() -> None:
    one = told(
        event="recovered",
        ended_at=LATER,
        sentence="secret words",
        user="app-ann",
        opened_at=AT + timedelta(minutes=3),
    )

    said = json.loads(messages.webhook([one], at=LATER))

    assert (said["type"], said["timestamp"]) == ("alert.recovered", "2026-08-03T14:07:00Z")
    assert said["data"] == {
        "alertId": str(one.id),
        "integrationId": str(one.integration_id),
        "userId": str(one.user_id),
        "user": "app-ann",
        "service": "gmail",
        "provider": "composio",
        "severity": "critical",
        "errorCode": "server_error",
        "cause": "provider",
        "since": "2026-08-03T12:02:00Z",
        "openedAt": "2026-08-03T12:05:00Z",
        "resolvedAt": "2026-08-03T14:07:00Z",
    }


def test_a_webhook_says_when_it_tells_of_the_opening_too() -> None:
    whole, plain = (
        json.loads(messages.webhook([told(event="recovered", is_whole=flag)], at=LATER))["data"]
        for flag in (True, False)
    )

    assert whole["tellsOpening"] is True
    assert "tellsOpening" not in plain


def test_a_webhook_of_many_is_a_digest_and_stays_small() -> None:
    many = [told(service="🦄" * 50, user="🦄" * 255, ended_at=LATER) for _ in range(10_000)]

    body = messages.webhook(many, at=AT)

    said = json.loads(body)
    assert (said["type"], said["data"]["count"]) == ("alert.digest", 10_000)
    assert 0 < len(said["data"]["items"]) < messages.MOST_IN_A_WEBHOOK
    assert len(body.encode()) <= MOST_BYTES
