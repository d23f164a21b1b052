"""What messages say."""

import json
from datetime import UTC, datetime, timedelta
from html.parser import HTMLParser
from typing import Any
from uuid import uuid4

import pytest

from alerts import messages
from alerts.news import Told

AT = datetime(2026, 8, 3, 12, 2, tzinfo=UTC)
LATER = AT + timedelta(hours=2, minutes=5)
KEY = "Klavis refuses our key: nothing there can be checked. No user was told."
UPDATE = "Our check of services at MCP needs an update. No user was told."
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


@pytest.mark.parametrize(
    ("some", "path"),
    [
        ([{"page": "/admin/alerts/alert/1/change/"}], "/admin/alerts/alert/1/change/"),
        ([{}, {}], "/admin/alerts/alert/?cause=composio%2Fgmail%2Fserver_error"),
        ([{}, {"service": "slack"}], "/admin/alerts/alert/"),
        (
            [{"event": "recovered"}, {"event": "recovered"}],
            "/admin/alerts/alert/?cause=composio%2Fgmail%2Fserver_error&state=resolved",
        ),
        ([{"is_notice": True}, {"is_notice": True}], "/admin/alerts/staffnotice/"),
        ([{}, {"is_notice": True}], "/admin/alerts/alert/?cause=composio%2Fgmail%2Fserver_error"),
    ],
    ids=["one", "of one cause", "of two", "all over", "notices", "both"],
)
def test_staff_are_led_to_what_they_are_told_of(
    settings: Any, some: list[dict[str, Any]], path: str
) -> None:
    settings.PUBLIC_URL = "https://health.example.com"

    label, url = messages.button([told(**one) for one in some], is_owner=False)

    assert (label, url) == ("Look at it", f"https://health.example.com{path}")


def test_staff_without_a_destination_are_not_told_that_a_connection_is_theirs() -> None:
    notice = told(is_notice=True, sentence=KEY, integration_id=None, page="/admin/here/")

    _, text, html = messages.mail([notice], zone="UTC", is_owner=True)

    for shown in (text, html):
        assert "You get this because you look after Integration Health." in shown
        assert "/admin/here/" in shown


def test_staff_are_told_whose_it_is_and_owners_are_not() -> None:
    one = told(user="app-ann")
    said = "app-ann: Gmail via Composio has failed"

    for_staff = messages.mail([one], zone="UTC", is_owner=False)[1:]
    for_owner = messages.mail([one], zone="UTC", is_owner=True)[1:]

    assert all(said in shown for shown in (*for_staff, messages.slack([one], id=uuid4())))
    assert not any("app-ann" in shown for shown in for_owner)


@pytest.mark.parametrize("is_owner", [True, False])
def test_a_notice_is_nobodys(is_owner: bool) -> None:
    notice = told(is_notice=True, sentence=KEY, user_id=None, integration_id=None)

    _, text, _ = messages.mail([notice], zone="UTC", is_owner=is_owner)

    assert f"* {KEY}" in text


@pytest.mark.parametrize(
    ("count", "said"), [(1, "this connection is yours"), (2, "these connections are yours")]
)
def test_an_owner_is_told_why_they_get_it(count: int, said: str) -> None:
    _, text, _ = messages.mail([told() for _ in range(count)], zone="UTC", is_owner=True)

    assert f"You get this because {said}." in text


def test_a_test_says_that_it_is_one_to_people_and_to_machines() -> None:
    said = "This is a test of “Desk”: messages arrive here. Nothing is wrong."
    trial = told(is_notice=True, is_trial=True, sentence=said)

    subject, text, _ = messages.mail([trial], zone="UTC", is_owner=False)

    assert subject == "This is a test of “Desk”"
    assert "Sent Mon 03 Aug 2026, 12:02 (UTC)." in text
    assert json.loads(messages.webhook([trial], at=AT)) == {
        "type": "test",
        "timestamp": "2026-08-03T12:02:00Z",
        "data": {"message": said},
    }


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
