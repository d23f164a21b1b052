"""What messages say."""

import json
from datetime import UTC, datetime, timedelta
from html.parser import HTMLParser
from typing import Any
from uuid import uuid4

import pytest

from alerts import messages
from alerts.senders.webhook import MOST_BYTES
from alerts.told import Told

AT = datetime(2026, 8, 3, 12, 2, tzinfo=UTC)
LATER = AT + timedelta(hours=2, minutes=5)
HOSTILE = [
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "</title><b>",
    "{{ 7*7 }}{% now 'Y' %}",
    "<!channel> <@U1> <https://evil.example|click> & co",
    "\u202egnp.exe",
    "line\r\nBcc: evil@example.com",
]


def told(**fields: Any) -> Told:
    usual: dict[str, Any] = {
        "event": "opened",
        "sentence": "Gmail via Composio has failed 3 times in a row.",
        "id": uuid4(),
        "began_at": AT,
        "severity": "critical",
        "service": "gmail",
        "provider": "composio",
        "error_code": "server_error",
        "integration_id": uuid4(),
        "user_id": uuid4(),
    }
    return Told(**usual | fields)


@pytest.mark.parametrize(
    ("one", "subject"),
    [
        ({}, "Gmail via Composio is failing: trouble at the provider"),
        ({"error_code": "auth_expired"}, "Gmail via Composio is failing: the connection expired"),
        ({"error_code": "permission"}, "Gmail via Composio is failing: a permission is missing"),
        ({"error_code": ""}, "Gmail via Composio is failing"),
        ({"name": "Ann's mail"}, "Ann's mail is failing: trouble at the provider"),
        ({"is_degraded": True}, "Gmail via Composio has trouble: trouble at the provider"),
        ({"event": "escalated"}, "Gmail via Composio became worse: trouble at the provider"),
        (
            {"event": "recovered", "ended_at": LATER},
            "Gmail via Composio works again, after 2 h 5 min",
        ),
        (
            {"event": "recovered", "ended_at": LATER, "is_whole": True},
            "Gmail via Composio was down for 2 h 5 min, and works again",
        ),
        (
            {"event": "recovered", "ended_at": LATER, "is_whole": True, "is_degraded": True},
            "Gmail via Composio had trouble for 2 h 5 min, and works again",
        ),
        ({"is_notice": True, "kind": "a provider refuses our key"}, "a provider refuses our key"),
        (
            {"is_notice": True, "kind": "our key", "event": "recovered", "ended_at": LATER},
            "Over: our key",
        ),
    ],
)
def test_a_subject_says_what_and_why(one: dict[str, Any], subject: str) -> None:
    assert messages.subject([told(**one)]) == subject


def test_a_subject_counts_the_people() -> None:
    many = [told() for _ in range(412)]

    assert messages.subject(many) == (
        "Gmail via Composio is failing: 412 users, trouble at the provider"
    )


def test_a_subject_tells_of_most_and_counts_the_rest() -> None:
    mixed = [*(told() for _ in range(3)), told(service="slack"), told(event="recovered")]

    assert messages.subject(mixed).endswith("3 users, trouble at the provider (and 2 more)")


def test_times_are_those_of_the_recipient_s_zone() -> None:
    _, text, html = messages.mail([told()], zone="Europe/Berlin", is_owner=True)

    for shown in (text, html):
        assert "Mon 03 Aug 2026, 14:02 (Europe/Berlin)" in shown


def test_the_all_clear_says_how_long_it_lasted() -> None:
    _, text, _ = messages.mail([told(event="recovered", ended_at=LATER)], zone="UTC", is_owner=True)

    assert "Gmail via Composio works again, after 2 h 5 min." in text
    assert "From Mon 03 Aug 2026, 12:02 (UTC) to Mon 03 Aug 2026, 14:07 (UTC)." in text


def test_an_alarm_that_comes_late_says_that_it_is_over() -> None:
    _, text, _ = messages.mail([told(ended_at=LATER)], zone="UTC", is_owner=True)

    assert "14:07 (UTC): it is over." in text


@pytest.mark.parametrize(
    ("link", "label"),
    [("", "See how it is"), ("https://health.example.com/reconnect/abc.def/", "Reconnect")],
)
def test_an_owner_gets_one_button_that_fits(settings: Any, link: str, label: str) -> None:
    settings.PUBLIC_URL = "https://health.example.com"
    one = told(reauth_url=link)

    _, text, html = messages.mail([one], zone="UTC", is_owner=True)

    url = link or f"https://health.example.com/integrations/{one.integration_id}/"
    assert f"{label}: {url}" in text
    assert html.count("<a ") == 1
    assert f'href="{url}"' in html


def test_a_long_message_lists_some_and_counts_the_rest() -> None:
    many = [told() for _ in range(messages.MOST_LISTED + 7)]

    _, text, html = messages.mail(many, zone="UTC", is_owner=False)

    assert text.count("has failed 3 times") == messages.MOST_LISTED
    assert "... and 7 more." in text
    assert "... and 7 more." in html


class Elements(HTMLParser):
    """Counts the elements of a page."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.found: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: object) -> None:
        self.found.append(tag)


@pytest.mark.parametrize("hostile", HOSTILE)
def test_what_people_typed_is_only_text(hostile: str) -> None:
    plain = messages.mail([told(name="x")], zone="UTC", is_owner=True)
    subject, _, html = messages.mail(
        [told(name=hostile, sentence=hostile)], zone="UTC", is_owner=True
    )

    assert Elements(html).found == Elements(plain[2]).found
    assert not any(letter in subject for letter in "\r\n\u202e")
    assert html.count("7*7") == hostile.count("7*7") * 3


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
    one = told(event="recovered", ended_at=LATER, sentence="secret words")

    said = json.loads(messages.webhook([one], at=LATER))

    assert (said["type"], said["timestamp"]) == ("alert.recovered", "2026-08-03T14:07:00Z")
    assert said["data"] == {
        "alertId": str(one.id),
        "integrationId": str(one.integration_id),
        "userId": str(one.user_id),
        "service": "gmail",
        "provider": "composio",
        "severity": "critical",
        "errorCode": "server_error",
        "cause": "provider",
        "openedAt": "2026-08-03T12:02:00Z",
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
    many = [told(service="ü" * 50, provider="ü" * 50, ended_at=LATER) for _ in range(10_000)]

    body = messages.webhook(many, at=AT)

    said = json.loads(body)
    assert (said["type"], said["data"]["count"]) == ("alert.digest", 10_000)
    assert len(body.encode()) < MOST_BYTES
