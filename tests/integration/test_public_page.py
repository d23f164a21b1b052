"""The page for everybody, its JSON and its feed, asked for through the real URLs."""

import xml.etree.ElementTree as ET
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from integrations_health.pages import public
from integrations_health.public_status import LEAST_USERS
from tests import factories
from tests.statements import counted_statements

pytestmark = pytest.mark.django_db

HOUR = timedelta(hours=1)
PAGE, DATA, FEED = (
    reverse(name) for name in ("public-status", "public-status-data", "public-status-feed")
)
EVERY = pytest.mark.parametrize("address", [PAGE, DATA, FEED])


@pytest.fixture(autouse=True)
def _nothing_remembered() -> Iterator[None]:
    """Let each test read its own rows."""
    public.board_of_now.forget()
    yield
    public.board_of_now.forget()


def crowd(count: int = LEAST_USERS, **fields: Any) -> None:
    for _ in range(count):
        factories.integration(
            **{"status": "healthy", "last_check_at": datetime.now(UTC), "response_time_ms": 123}
            | fields
        )


@EVERY
def test_anybody_may_ask(address: str, client: Client) -> None:
    answer = client.get(address)

    assert answer.status_code == 200
    assert answer["Cache-Control"] == "public, max-age=30"
    assert "Set-Cookie" not in answer.headers


@EVERY
def test_caches_may_keep_it_for_all_since_it_is_the_same_for_all(
    address: str, client: Client, staff: Client
) -> None:
    crowd()

    anonymous, theirs = Client().get(address), staff.get(address)

    assert anonymous.content == theirs.content
    assert "Cookie" not in anonymous.get("Vary", "")
    assert "Vary" not in theirs or "Cookie" not in theirs["Vary"]


@EVERY
def test_what_did_not_change_is_not_sent_again(address: str, client: Client) -> None:
    tag = client.get(address)["ETag"]

    again = client.get(address, headers={"if-none-match": tag})

    assert again.status_code == 304
    assert again.content == b""


@EVERY
def test_it_can_be_switched_off(address: str, client: Client, settings: Any) -> None:
    settings.PUBLIC_STATUS_PAGE = False

    assert client.get(address).status_code == 404
    assert "Public status" not in client.get(reverse("sign-in")).text


@EVERY
def test_nothing_can_be_sent_to_it(address: str, client: Client) -> None:
    assert client.post(address).status_code == 405


@EVERY
def test_nothing_of_anybody_is_told(address: str, client: Client) -> None:
    canaries = {
        "display_name": "canary-name",
        "server_instance_id": "canary-connection",
        "error_message": "canary-error",
        "metadata": {"evidence": [{"said": "canary-said"}]},
        "server_url": "https://canary-url.example",
    }
    for number in range(LEAST_USERS):
        person = factories.user(username=f"canary-{number}", email=f"canary-{number}@example.com")
        unlike = {"server_instance_id": f"canary-connection-{number}"}
        factories.integration(user=person, **canaries | unlike, status="degraded")
    factories.incident(affected_users=98765)

    body = client.get(address).text

    assert "canary" not in body
    assert "98765" not in body


@EVERY
def test_a_service_that_one_person_uses_is_not_even_named(address: str, client: Client) -> None:
    crowd()
    factories.integration(service="canary", last_check_at=datetime.now(UTC))

    assert "anary" not in client.get(address).text


def test_a_provider_of_too_few_people_shows_no_number(client: Client) -> None:
    crowd(LEAST_USERS - 1)

    body = client.get(PAGE).text

    assert "Too few people" in body
    assert "123 ms" not in body


def test_the_page_says_how_providers_and_services_do(client: Client) -> None:
    crowd()
    crowd(service="slack", status="unhealthy", error_code="timeout")

    body = client.get(PAGE).text

    assert "Composio is failing for many." in body
    assert "123 ms" in body


def test_an_open_incident_is_the_headline(client: Client) -> None:
    crowd()
    opened_at = datetime.now(UTC) - HOUR
    factories.incident(service="gmail", opened_at=opened_at)

    body = client.get(PAGE).text

    assert "Gmail through Composio is failing since" in body
    assert "Impaired" in body


def test_without_any_trouble_everything_works(client: Client) -> None:
    crowd()

    assert "Everything works." in client.get(PAGE).text


def test_the_json_says_what_the_page_says(client: Client) -> None:
    crowd()
    yesterday = datetime.now(UTC).date() - timedelta(days=1)
    factories.provider_day(day=yesterday, outage_seconds=8_640)
    incident = factories.incident(opened_at=datetime.now(UTC) - 2 * HOUR, service="gmail")

    said = client.get(DATA).json()

    assert said["status"] == "impaired"
    [composio] = said["providers"]
    assert (composio["provider"], composio["status"]) == ("composio", "impaired")
    assert composio["days"] == [{"day": yesterday.isoformat(), "uptimePercent": 99.0}]
    assert composio["p95ResponseTimeMs"] == 123
    assert [service["service"] for service in composio["services"]] == ["gmail"]
    assert [one["id"] for one in said["incidents"]] == [str(incident.pk)]


def items(client: Client) -> list[dict[str, str | None]]:
    channel = ET.fromstring(client.get(FEED).content).find("channel")
    assert channel is not None
    return [{part.tag: part.text for part in item} for item in channel.iter("item")]


def test_an_incident_is_one_item_of_the_feed_from_its_beginning_to_its_end(
    client: Client,
) -> None:
    began = datetime.now(UTC) - 2 * HOUR
    incident = factories.incident(service="gmail", opened_at=began)
    [opened] = items(client)
    incident.closed_at = began + timedelta(minutes=26)
    incident.save()
    public.board_of_now.forget()

    [closed] = items(client)

    assert opened["title"] == "Gmail through Composio is failing"
    assert closed["title"] == "Gmail through Composio was failing (resolved)"
    assert "26 min" in str(closed["description"])
    assert opened["guid"] == closed["guid"] == str(incident.pk)
    assert opened["link"] == f"http://testserver{PAGE}#incident-{incident.pk}"


def test_what_goes_on_as_a_wider_outage_is_over_when_that_is(client: Client) -> None:
    began = datetime.now(UTC) - 3 * HOUR
    wider = factories.incident(opened_at=began + HOUR)
    narrow = factories.incident(
        service="gmail", opened_at=began, closed_at=began + HOUR, continued_by=wider
    )

    [_, item] = items(client)

    assert item["title"] == "Gmail through Composio was failing (continued)"
    assert str(item["description"]).endswith(" UTC on: Composio is failing.")
    page = client.get(PAGE).content.decode()
    assert 'class="timeline-state">Continued<' in page
    assert 'class="timeline-state">Over<' not in page
    [_, said] = client.get(DATA).json()["incidents"]
    assert (said["id"], said["continuedBy"]) == (str(narrow.pk), str(wider.pk))

    wider.closed_at = began + 2 * HOUR
    wider.save()
    public.board_of_now.forget()

    [_, item] = items(client)
    assert item["title"] == "Gmail through Composio was failing (resolved)"
    assert str(item["description"]).endswith(" UTC on: Composio was failing.")
    assert 'class="timeline-state">Continued<' not in client.get(PAGE).content.decode()


@EVERY
def test_hostile_names_are_shown_as_text(address: str, client: Client) -> None:
    hostile = "<script>alert(1)</script>"
    crowd(provider=hostile)
    factories.incident(provider=hostile, opened_at=datetime.now(UTC) - HOUR)

    answer = client.get(address)

    if address == DATA:
        assert answer["Content-Type"] == "application/json"
    else:
        assert "<script>alert" not in answer.text.lower()


def test_asking_again_within_seconds_reads_nothing(client: Client) -> None:
    client.get(PAGE)

    with counted_statements() as sent:
        client.get(PAGE)
        client.get(DATA)

    assert sent == []
