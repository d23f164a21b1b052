"""The page of one integration, asked for through the real URLs."""

import re
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
from django.test import Client
from django.urls import reverse

from integrations_health.check_log import PAGE
from integrations_health.models import Integration, User
from integrations_health.pages import integration
from integrations_health.public_status import LEAST_USERS
from tests import factories
from tests.statements import counted_statements

pytestmark = pytest.mark.django_db

MINUTE = timedelta(minutes=1)
HOSTILE = '"><script>alert(1)</script>{{ 7|add:7 }}\u202e'


@pytest.fixture(autouse=True)
def _nothing_remembered() -> None:
    """Let each test count its own rows."""
    integration.everybody.forget()


@pytest.fixture
def owner(client: Client) -> User:
    """Return somebody who is signed in."""
    person = factories.user(timezone="Europe/Berlin")
    client.force_login(person)
    return person


def address(of: Integration, query: str = "") -> str:
    return reverse("integration", args=[of.pk]) + query


def checked(of: Integration, count: int, *, outcome: str = "ok", status: str = "healthy") -> None:
    for number in range(count):
        factories.history(
            of,
            checked_at=datetime.now(UTC) - (number + 1) * 5 * MINUTE,
            outcome=outcome,
            status=status,
        )


def without_what_differs(body: str, id: str) -> str:
    """Return a page without its own address and the proof of its forms, which is made anew."""
    return re.sub(r'(name="csrfmiddlewaretoken" value=)"\w+"', r"\1", body).replace(id, "")


def test_the_owner_sees_their_integration(client: Client, owner: User) -> None:
    watched = factories.integration(user=owner, display_name="Slack, example-hq", service="slack")

    page = client.get(address(watched))

    assert page.status_code == 200
    assert "Slack, example-hq" in page.text
    assert page["Cache-Control"].endswith("private")
    assert "no-store" in page["Cache-Control"]


def test_what_is_foreign_is_as_if_it_did_not_exist(client: Client, owner: User) -> None:
    foreign = factories.integration(display_name="not yours")
    unknown = uuid4()

    theirs = client.get(address(foreign))
    nobodys = client.get(reverse("integration", args=[unknown]))

    assert theirs.status_code == nobodys.status_code == 404
    assert without_what_differs(theirs.text, str(foreign.pk)) == without_what_differs(
        nobodys.text, str(unknown)
    )
    assert "not yours" not in theirs.text


def test_staff_see_no_page_of_somebody_else(staff: Client) -> None:
    assert staff.get(address(factories.integration())).status_code == 404


def test_who_is_not_signed_in_is_asked_to_sign_in(client: Client) -> None:
    page = client.get(address(factories.integration()))

    assert page.status_code == 302
    assert page["Location"].startswith(reverse("sign-in"))


def test_a_page_says_why_and_what_happens_next(client: Client, owner: User) -> None:
    now = datetime.now(UTC)
    watched = factories.integration(
        user=owner,
        service="slack",
        status="unhealthy",
        error_code="auth_expired",
        last_check_at=now,
        next_check_at=now + 58 * MINUTE + MINUTE / 2,
        consecutive_failures=4,
        metadata={
            "outcome": "auth_expired",
            "isProbed": True,
            "evidence": [{"call": "SLACK_TEST_AUTH", "said": "token_revoked", "httpStatus": 200}],
        },
    )

    body = client.get(address(watched)).text

    for said in (
        "Not Composio&#x27;s and not Slack&#x27;s",
        "token_revoked",
        "SLACK_TEST_AUTH",
        "HTTP 200",
        "In 58 min",
        "step 4 of 4",
    ):
        assert said in body


@pytest.mark.parametrize("others", [LEAST_USERS - 2, LEAST_USERS - 1])
def test_a_page_compares_with_everybody_when_they_are_enough_to_be_nobody(
    others: int, client: Client, owner: User
) -> None:
    failing = {"status": "unhealthy", "error_code": "timeout"}
    watched = factories.integration(user=owner, **failing)
    for _ in range(others):
        factories.integration(status="healthy")

    body = client.get(address(watched)).text

    assert ("does its part for 80 % of all" in body) == (others + 1 >= LEAST_USERS)
    assert ("For everybody" in body) == (others + 1 >= LEAST_USERS)


def test_an_incident_over_it_is_told(client: Client, owner: User) -> None:
    watched = factories.integration(
        user=owner, status="healthy", last_check_at=datetime.now(UTC), metadata={"outcome": "ok"}
    )
    factories.incident(opened_at=datetime.now(UTC) - 26 * MINUTE - MINUTE / 2)

    body = client.get(address(watched)).text

    assert "Composio has been failing for everyone since" in body
    assert "for 26 min" in body
    assert "Composio&#x27;s. Your connection itself may be fine." in body


def test_secrets_are_neither_shown_nor_read(client: Client, owner: User) -> None:
    watched = factories.integration(
        user=owner, server_url="https://canary-url.example", server_token="canary-token"
    )

    body = client.get(address(watched)).text

    assert "canary" not in body


@pytest.mark.parametrize("place", ["display_name", "said", "call", "error_code"])
def test_what_others_wrote_is_shown_as_text(place: str, client: Client, owner: User) -> None:
    now = datetime.now(UTC)
    said = {"call": "ping", "said": "fine"} | (
        {place: HOSTILE} if place in {"call", "said"} else {}
    )
    watched = factories.integration(
        user=owner,
        display_name=HOSTILE if place == "display_name" else "",
        status="unhealthy",
        error_code=HOSTILE[:50] if place == "error_code" else "timeout",
        last_check_at=now,
        metadata={"outcome": "timeout", "evidence": [said]},
    )

    body = client.get(address(watched)).text

    assert "&lt;script&gt;" in body
    assert "<script>" not in body
    assert "14\u202e" not in body


@pytest.mark.parametrize(
    "query",
    [
        "?range=1y", "?range=", "?outcome=nonsense", "?outcome=%00", "?older=x", "?older=%FF",
        "?older=" + "A" * 32, "?older=" + "_" * 32, "?older=" + "f" + "_" * 31, "?unknown=1",
        "?range=1h&range=7d&outcome=ok&older=",
    ],
)  # fmt: skip
def test_an_address_that_asks_for_nonsense_gets_a_page(
    query: str, client: Client, owner: User
) -> None:
    watched = factories.integration(user=owner)
    checked(watched, 3)

    assert client.get(address(watched, query)).status_code == 200


def test_links_keep_what_was_chosen_beside_them(client: Client, owner: User) -> None:
    watched = factories.integration(user=owner)
    checked(watched, 2, outcome="slow", status="degraded")

    body = client.get(address(watched, "?range=7d&outcome=slow")).text

    assert 'href="?range=30d&amp;outcome=slow#response"' in body
    assert 'href="?range=7d#checks"' in body


def test_the_log_goes_on_on_another_page(client: Client, owner: User) -> None:
    watched = factories.integration(user=owner)
    checked(watched, PAGE + 3)
    first = client.get(address(watched)).text
    older = re.search(r'href="(\?older=[^#"]+)#checks"', first)
    assert older is not None

    second = client.get(address(watched, older[1])).text

    assert first.count('class="found') == PAGE
    assert second.count('class="found') == 3
    assert "Older</a>" not in second
    assert "Newest</a>" in second


@pytest.mark.parametrize("checks", [0, 1, 60])
def test_a_page_costs_the_same_statements_however_much_there_is(
    checks: int, client: Client, owner: User
) -> None:
    watched = factories.integration(user=owner, status="degraded", error_code="slow")
    checked(watched, checks, outcome="slow", status="degraded")
    for number in range(checks and 3):
        factories.incident(service=f"other-{number}")
        factories.gap(ended_at=datetime.now(UTC) - number * timedelta(hours=3))

    with counted_statements() as sent:
        client.get(address(watched))

    assert len(sent) == 19
