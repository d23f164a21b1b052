"""What proves to be a part of something wider goes on as that."""

from datetime import timedelta

import pytest

from integrations_health.models import Integration, ProviderIncident
from tests import factories
from tests.conftest import NOW
from tests.outages import crowd, look, open_now, vote

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("no_rules")]

AT = NOW + timedelta(seconds=5)


def test_a_service_that_turns_out_to_fail_everywhere_continues_what_was_seen_of_it() -> None:
    composio, klavis = (
        (crowd(10, provider=provider), crowd(5, provider=provider, service="slack"))
        for provider in ("composio", "klavis")
    )
    for (failing, fine), bad in ((composio, 10), (klavis, 0)):
        vote(failing, bad=bad, at=NOW)
        vote(fine, at=NOW)
    at = look(AT, times=2)
    first = ProviderIncident.objects.get()
    for failing, fine in (composio, klavis):
        vote(failing, bad=10, at=at)
        vote(fine, at=at)

    at = look(at, times=2)

    first.refresh_from_db()
    wider = ProviderIncident.objects.get(closed_at=None)
    assert (first.provider, first.service) == ("composio", "gmail")
    assert (wider.provider, wider.service, wider.continued_by) == ("", "gmail", None)
    assert (first.continued_by, first.closed_at) == (wider, wider.opened_at)

    vote(composio[0] + klavis[0], at=at)
    look(at, times=3)

    assert open_now() == set()
    assert ProviderIncident.objects.count() == 2


def test_a_provider_that_fails_as_a_whole_continues_the_incident_of_its_service() -> None:
    gmail, slack = crowd(10), crowd(5, service="slack")
    vote(gmail, bad=10, at=NOW)
    vote(slack, at=NOW)
    at = look(AT, times=2)
    vote(slack, bad=5, at=at)

    look(at, times=2)

    wider = ProviderIncident.objects.get(closed_at=None)
    assert (wider.provider, wider.service) == ("composio", "")
    assert ProviderIncident.objects.get(service="gmail").continued_by == wider


def test_what_somebody_opened_is_continued_by_nothing() -> None:
    mine = factories.incident(provider="composio", service="slack", opened_at=NOW)
    vote(crowd(10), bad=10, at=NOW)

    look(AT, times=2)

    assert open_now() == {("composio", "slack"), ("composio", "")}
    mine.refresh_from_db()
    assert mine.continued_by is None


@pytest.mark.parametrize("looked_at", [True, False])
def test_what_is_not_known_to_work_goes_on_when_the_wider_one_is_over(looked_at: bool) -> None:
    gmail, slack = crowd(10), crowd(110, service="slack")
    vote(gmail, bad=10, at=NOW)
    vote(slack, at=NOW)
    at = look(AT, times=2)
    # What was seen longer ago than five minutes says nothing.
    for bad, looks in ((110, 3 if looked_at else 12), (0, 3)):
        for _ in range(looks):
            vote(gmail if looked_at else gmail[:1], bad=10, at=at)
            vote(slack, bad=bad, at=at)
            at = look(at)
            assert open_now()

    assert open_now() == {("composio", "gmail")}
    first, wider, rest = ProviderIncident.objects.order_by("opened_at")
    assert (wider.service, wider.closed_at, wider.continued_by) == ("", rest.opened_at, None)
    assert (first.service, first.continued_by) == ("gmail", rest)
    assert (rest.affected_users, rest.cause, rest.is_detected) == (10, "provider", True)


def test_what_is_continued_twice_is_over_with_the_last() -> None:
    gmail, slack = crowd(10), crowd(110, service="slack")
    vote(gmail, bad=10, at=NOW)
    vote(slack, at=NOW)
    at = look(AT, times=2)
    for bad in (110, 0, 110):
        for _ in range(3):
            vote(gmail, bad=10, at=at)
            vote(slack, bad=bad, at=at)
            at = look(at)

    last = ProviderIncident.objects.get(closed_at=None)
    assert last.service == ""
    parts = ProviderIncident.objects.filter(service="gmail")
    assert [part.continued_by for part in parts] == [last, last]

    for _ in range(3):
        vote(gmail + slack, at=at)
        at = look(at)

    assert open_now() == set()


def gmail_fails_and(
    *, slack: list[Integration], elsewhere: list[Integration], bad: list[tuple[int, int, int]]
) -> None:
    """Let ten of Gmail through Composio fail; `bad` of Slack and of Gmail elsewhere, by looks."""
    gmail, at = crowd(10), AT
    for bad_slack, bad_elsewhere, looks in bad:
        vote(gmail, bad=10, at=at)
        vote(slack, bad=bad_slack, at=at)
        vote(elsewhere, bad=bad_elsewhere, at=at)
        at = look(at, times=looks)


def assert_gmail_goes_on_in(provider: str, service: str) -> None:
    assert open_now() == {(provider, service)}
    part = ProviderIncident.objects.get(provider="composio", service="gmail")
    assert part.continued_by == ProviderIncident.objects.get(closed_at=None)


def test_what_is_left_of_it_goes_on_in_another_that_explains_it() -> None:
    # Gmail through Composio; Gmail everywhere; all of Composio as well; Gmail elsewhere works.
    gmail_fails_and(
        slack=crowd(20, service="slack"),
        elsewhere=crowd(110, provider="klavis"),
        bad=[(0, 0, 2), (0, 110, 2), (20, 110, 2), (20, 0, 3)],
    )

    assert_gmail_goes_on_in("composio", "")


def test_what_is_left_of_it_goes_on_in_one_that_begins_with_the_same_look() -> None:
    # Gmail through Composio; all of Composio; Slack works again; Gmail fails elsewhere.
    gmail_fails_and(
        slack=crowd(110, service="slack"),
        elsewhere=crowd(10, provider="klavis"),
        bad=[(0, 0, 2), (110, 0, 2), (0, 0, 1), (0, 10, 2)],
    )

    assert_gmail_goes_on_in("", "gmail")
