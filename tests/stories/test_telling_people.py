"""What people hear, from a check that fails to the mail in their box."""

import json
import re
from datetime import timedelta
from uuid import uuid4

import pytest

from alerts import delivery, lifecycle, notices
from alerts.models import Notification, StaffNotice
from integrations_health.models import Integration
from integrations_health.outcomes import Outcome
from tests import factories
from tests.alarms import MINUTE, alert, check, fail, look_again
from tests.conftest import NOW
from tests.delivering import again, hook
from tests.receivers import MailReceiver, WebReceiver, text_of
from tests.roles import browser_of

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
    (button,) = re.findall(r"Reconnect: https://health.example.com(/reconnect/\S+)", text_of(alarm))
    assert "works again" not in text_of(alarm)
    assert text_of(all_clear).count("/reconnect/") == 0
    # The link is the owner's own, and nobody else's.
    assert browser_of(owner).get(button).status_code == 200
    assert browser_of(factories.user()).get(button).status_code == 404
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


def test_what_is_paused_does_not_work_again(mail_server: MailReceiver) -> None:
    mine = factories.integration(status="healthy")
    fail(mine)
    delivery.run("email", now=NOW + COLLECTED)
    Integration.objects.filter(pk=mine.pk).update(enabled=False)

    look_again(at=NOW + 10 * MINUTE)
    delivery.run("email", now=NOW + 11 * MINUTE)

    (_, mail) = mail_server.mails[-1]
    assert mail["Subject"] == "Gmail via Composio is no longer watched, after 12 min"
    assert "works again" not in str(mail)


def test_what_is_resolved_by_hand_does_not_work_again(mail_server: MailReceiver) -> None:
    mine = factories.integration(status="healthy")
    fail(mine)
    delivery.run("email", now=NOW + COLLECTED)

    lifecycle.resolve([alert().pk], by=factories.staff(), now=NOW + 10 * MINUTE)
    delivery.run("email", now=NOW + 11 * MINUTE)

    (_, mail) = mail_server.mails[-1]
    assert mail["Subject"] == "Gmail via Composio is taken for mended by our staff, after 12 min"
    assert "works again" not in str(mail)


def test_bad_news_are_not_hidden_behind_good_ones(mail_server: MailReceiver) -> None:
    owner = factories.user()
    first, second, third = (
        factories.integration(user=owner, status="healthy", service=service)
        for service in ("gmail", "gmail", "slack")
    )
    fail(first, second)
    delivery.run("email", now=NOW + COLLECTED)

    fail(third, at=NOW + 20 * MINUTE)
    check(first, second, at=NOW + 20 * MINUTE)
    delivery.run("email", now=NOW + 21 * MINUTE)

    (_, mail) = mail_server.mails[-1]
    assert str(mail["Subject"]).startswith("Slack via Composio is failing")
    assert str(mail["Subject"]).endswith("(and 2 more)")


def test_a_person_whose_two_hundred_connections_fail_gets_one_short_mail(
    mail_server: MailReceiver,
) -> None:
    owner = factories.user()
    mine = [
        factories.integration(user=owner, status="healthy", display_name="🦄" * 200)
        for _ in range(200)
    ]

    fail(*mine)
    delivery.run("email", now=NOW + COLLECTED)

    ((_, mail),) = mail_server.mails
    assert "... and 180 more." in "".join(
        part.get_payload(decode=True).decode()  # type: ignore[union-attr]
        for part in mail.walk()
        if part.get_content_type() == "text/plain"
    )
    assert len(mail.as_bytes()) < 102_000  # beyond which Gmail cuts a mail short


def test_a_long_digest_fits_into_a_webhook(receiver: WebReceiver) -> None:
    staff = hook(receiver, is_for_staff=True)
    for _ in range(30):
        notices.open_notice(StaffNotice.Kind.NOTIFICATION_DEAD, str(uuid4()), "🦄" * 500, now=NOW)

    delivery.run("webhook", now=NOW + COLLECTED)

    (request,) = receiver.requests
    said = json.loads(request.body)["data"]
    assert said["count"] == 30
    assert 0 < len(said["items"]) < 30
    assert len(request.body) <= 20_000
    assert again(Notification.objects.get(destination=staff)).state == "sent"


def test_one_blip_wakes_nobody(mail_server: MailReceiver) -> None:
    mine = factories.integration(status="healthy")

    fail(mine, times=1)
    check(mine, at=NOW + MINUTE)
    delivery.run("email", now=NOW + timedelta(hours=1))

    assert mail_server.mails == []
