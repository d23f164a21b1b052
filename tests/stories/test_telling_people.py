"""What people hear, from a check that fails to the mail in their box."""

from datetime import timedelta

import pytest

from alerts import delivery
from integrations_health.outcomes import Outcome
from tests import factories
from tests.alarms import MINUTE, check, fail
from tests.conftest import NOW
from tests.receivers import MailReceiver

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("default_rules")]

# What one recipient is to be told within half a minute is one message.
COLLECTED = timedelta(seconds=31)


def test_a_dead_grant_is_one_mail_with_the_cause_and_then_the_all_clear(
    mail_server: MailReceiver,
) -> None:
    owner = factories.user(email="ann@example.com", timezone="Europe/Berlin")
    mine = factories.integration(user=owner, status="healthy", service="gmail")
    recovered_at = NOW + timedelta(hours=2)

    fail(mine, outcome=Outcome.AUTH_EXPIRED, times=3)
    delivery.run("email", now=NOW)
    too_early = len(mail_server.mails)
    for seconds in (31, 60, 90):
        delivery.run("email", now=NOW + timedelta(seconds=seconds))
    check(mine, at=recovered_at)
    delivery.run("email", now=recovered_at + COLLECTED)

    assert too_early == 0
    (to, alarm), (_, all_clear) = mail_server.mails
    assert to == ["ann@example.com"]
    assert alarm["Subject"] == "Gmail via Composio is failing: the connection expired"
    assert f"/integrations/{mine.pk}/" in str(alarm)
    assert "(Europe/Berlin)" in str(alarm)
    assert str(all_clear["Subject"]).startswith("Gmail via Composio works again, after 2 h")


def test_two_services_of_a_person_that_fail_together_are_one_mail(
    mail_server: MailReceiver,
) -> None:
    owner = factories.user()
    mine = [
        factories.integration(user=owner, status="healthy", service=service)
        for service in ("gmail", "slack")
    ]

    fail(*mine)
    delivery.run("email", now=NOW + COLLECTED)

    ((_, mail),) = mail_server.mails
    assert "Gmail via Composio" in str(mail)
    assert "Slack via Composio" in str(mail)


def test_one_blip_wakes_nobody(mail_server: MailReceiver) -> None:
    mine = factories.integration(status="healthy")

    fail(mine, times=1)
    check(mine, at=NOW + MINUTE)
    delivery.run("email", now=NOW + timedelta(hours=1))

    assert mail_server.mails == []
