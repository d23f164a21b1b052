"""A provider is down, from its first 500 to the pages, the one mail to staff, and the end."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.test import Client

from alerts import delivery, notices
from alerts.models import Alert, NotificationItem, StaffNotice
from integrations_health import incidents, network, pipeline
from integrations_health.models import HealthCheck, HealthHistory, Integration, ProviderIncident
from integrations_health.pages import public
from integrations_health.providers.simulator import Simulator
from tests import factories
from tests.alarms import look_again
from tests.callers import as_user
from tests.outages import TICK, open_now
from tests.receivers import MailReceiver, text_of
from tests.watching import watch

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("default_rules")]

PROVIDERS = ("composio", "klavis")
NOBODY = "http://127.0.0.1:1"


class Day:
    """The time of a story, in ticks: what is due is checked, then everything looks and tells.

    It begins an hour ago, so that pages, which go by the clock, show all of it.
    """

    def __init__(self) -> None:
        self.now = datetime.now(UTC) - timedelta(hours=1)

    def pass_by(self, ticks: int = 1) -> None:
        """Let so many ticks pass."""
        for _ in range(ticks):
            self.now += TICK
            for provider in PROVIDERS:
                pipeline.run(provider, now=self.now)
            incidents.follow(now=self.now)
            look_again(at=self.now)
            notices.follow_incidents(now=self.now)
            delivery.run("email", now=self.now)

    def until(self, *, is_open: bool) -> int:
        """Let time pass until an incident is open, or none is; return how many ticks it took."""
        for ticks in range(1, 40):
            self.pass_by()
            if bool(open_now()) is is_open:
                return ticks
        raise AssertionError("Nothing changed.")


@pytest.fixture
def day(simulator: Simulator, settings: Any) -> Day:
    """Return the time of forty people at Composio and twenty at Klavis, who were well so far."""
    # What fails is asked once: each tick with a second try would take a second.
    settings.CHECK_DEADLINE = settings.CALL_DEADLINE
    day = Day()
    for provider, count in zip(PROVIDERS, (40, 20), strict=True):
        factories.budget(provider=provider, sweep_next_at=day.now, manual_next_at=day.now)
        for number in range(count):
            account = simulator.connect(
                provider, ("gmail", "slack")[number % 2], user_id=f"{provider}-{number}"
            )
            # Spread over the five minutes in which each is checked once.
            due = day.now + timedelta(minutes=5) * number / count
            watch(simulator, account, status="healthy", next_check_at=due)
    day.pass_by(12)
    assert set(HealthCheck.objects.values_list("status", flat=True)) == {"healthy"}
    return day


def of(provider: str) -> list[Integration]:
    return list(Integration.objects.filter(provider=provider).select_related("user"))


def shown(integrations: list[Integration]) -> list[Any]:
    """Return how each integration's own user is told it is."""
    return [
        as_user(one.user).get(f"/api/integrations/{one.pk}/health").json()["current"]
        for one in integrations
    ]


def checked(provider: str, *, since: datetime) -> list[Any]:
    """Return whose checks there were, one entry for each."""
    checks = HealthHistory.objects.filter(checked_at__gt=since)
    ids = checks.filter(integration_id__in=[one.pk for one in of(provider)])
    return list(ids.values_list("integration_id", flat=True))


def public_page(client: Client) -> str:
    public.board_of_now.forget()
    return client.get("/status/").content.decode()


def test_a_provider_answers_500_to_everything_and_recovers(
    simulator: Simulator, day: Day, mail_server: MailReceiver, client: Client
) -> None:
    factories.staff(email="boss@example.com")
    simulator.answers("composio", "500")

    ticks = day.until(is_open=True)

    # Two minutes until nothing good is in sight and twenty were asked, two looks, and it is said.
    assert ticks <= 6
    incident = ProviderIncident.objects.get()
    assert (incident.provider, incident.service, incident.cause) == ("composio", "", "provider")
    assert (incident.is_detected, incident.affected_users) == (True, 40)
    at_composio = shown(of("composio"))
    assert {one["status"] for one in at_composio} == {"degraded"}
    assert {one["incident"]["id"] for one in at_composio} == {str(incident.pk)}
    assert {one["status"] for one in shown(of("klavis"))} == {"healthy"}
    (listed,) = as_user(of("klavis")[0].user).get("/api/incidents").json()["items"]
    assert (listed["id"], listed["closedAt"]) == (str(incident.pk), None)
    assert "Composio is failing" in public_page(client)
    client.force_login(of("composio")[0].user)
    assert "Composio" in client.get("/").content.decode()

    opened_at = day.now
    day.pass_by(24)

    # Some went on, and are down by now; whoever had to wait climbed no ladder. Klavis is as before.
    going_on = set(checked("composio", since=opened_at + TICK))
    assert len(going_on) == 10
    down = HealthCheck.objects.filter(status="unhealthy")
    assert set(down.values_list("integration_id", flat=True)) == going_on
    assert (
        HealthCheck.objects.exclude(integration__in=going_on)
        .filter(consecutive_failures__gt=2)
        .count()
        == 0
    )
    assert 40 <= len(checked("klavis", since=opened_at)) <= 60
    # One mail to staff, and none to anybody else, nor a word of reconnecting.
    ((to, mail),) = mail_server.mails
    assert to == ["boss@example.com"]
    assert "Composio is failing for 40 users" in mail["Subject"]
    assert "econnect" not in text_of(mail)
    assert Alert.objects.count() == 10
    assert set(Alert.objects.values_list("held_back", "incident")) == {("incident", incident.pk)}

    simulator.answers("composio", None)
    day.until(is_open=False)
    closed_at = day.now
    day.pass_by(3)

    # Everybody who waited was looked at since, and nobody was told of what is over.
    incident.refresh_from_db()
    assert (incident.closed_at, incident.holds_checks) == (closed_at, False)
    assert set(checked("composio", since=closed_at)) == {one.pk for one in of("composio")}
    recovered = shown(of("composio"))
    assert {(one["status"], one["incident"]) for one in recovered} == {("healthy", None)}
    assert "Composio is failing" not in public_page(client)
    assert not Alert.objects.filter(resolved_at=None).exists()
    assert not NotificationItem.objects.exclude(alert=None).exists()
    assert [to for to, _ in mail_server.mails] == [["boss@example.com"]] * 2
    assert str(mail_server.mails[1][1]["Subject"]).startswith("Over: Composio is failing")
    assert StaffNotice.objects.get().closed_at is not None


def test_our_own_network_is_cut(day: Day, mail_server: MailReceiver, settings: Any) -> None:
    factories.staff(email="boss@example.com")
    for name in PROVIDERS:
        settings.PROVIDERS[name]["base_url"] = NOBODY
    for one in of("klavis"):
        one.server_url = f"{NOBODY}/mcp"
        one.save()
    # Clients that were made before know the way that there was.
    network.close()
    cut_at = day.now

    day.pass_by(12)

    assert len(checked("composio", since=cut_at)) >= 40
    assert len(checked("klavis", since=cut_at)) >= 20
    assert ProviderIncident.objects.count() == Alert.objects.count() == 0
    assert set(HealthCheck.objects.values_list("status", flat=True)) == {"healthy"}
    # Nobody but staff is told, once it is no moment any more.
    ((recipients, mail),) = mail_server.mails
    assert recipients == ["boss@example.com"]
    for provider in ("Composio", "Klavis"):
        assert f"Our own checks at {provider} fail, by our network" in text_of(mail)


@pytest.mark.parametrize("fault", ["hang", "disconnect"])
def test_a_provider_that_answers_nobody_is_not_taken_for_our_own_network(
    simulator: Simulator, day: Day, fault: str
) -> None:
    """Klavis answers, so our network works."""
    simulator.answers("composio", fault)

    day.until(is_open=True)

    assert open_now() == {("composio", "")}


def test_a_service_behind_two_providers_fails(simulator: Simulator, day: Day) -> None:
    for provider in PROVIDERS:
        simulator.answers(provider, "service_500", service="gmail")

    day.until(is_open=True)
    day.pass_by(10)

    assert open_now() == {("", "gmail")}
    # Where one provider's answers come first, it is noticed there first.
    whole = ProviderIncident.objects.get(continued_by=None)
    assert (whole.closed_at, whole.cause) == (None, "service")
