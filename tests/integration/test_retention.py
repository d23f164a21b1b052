"""What ended long ago leaves; what is open stays, and all that was told of it."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from alerts import decisions, retention
from alerts.decisions import Line, Verdict
from alerts.models import Alert, Decision, Notification, NotificationItem, Silence, StaffNotice
from tests import factories
from tests.sessions import another_session

NOW = datetime(2026, 3, 15, 12, tzinfo=UTC)
# Two whole months before the running one are kept.
KEPT = datetime(2026, 1, 1, tzinfo=UTC)
BEFORE = KEPT - timedelta(seconds=1)
HOUR = timedelta(hours=1)


@pytest.fixture(autouse=True)
def _two_months(settings: Any) -> None:
    settings.HISTORY_MONTHS_KEPT = 2


def ended(at: datetime, **fields: Any) -> Alert:
    return factories.alert(created_at=at - HOUR, resolved_at=at, **fields)


def sent(alert: Alert, at: datetime, **fields: Any) -> Notification:
    return factories.notification(
        alert=alert, **{"state": "sent", "sent_at": at, "created_at": at} | fields
    )


@pytest.mark.django_db
def test_a_month_is_kept_as_a_whole_by_utc() -> None:
    gone, kept = ended(BEFORE), ended(KEPT)

    pruned = retention.prune(now=NOW)

    assert pruned == {"alerts": 1, "notices": 0, "messages": 0}
    assert Alert.objects.get() == kept
    assert gone.integration.alerts.count() == 0


@pytest.mark.django_db
def test_with_an_alert_goes_all_that_hangs_on_it() -> None:
    alert = ended(BEFORE)
    all_clear = ended(
        KEPT + HOUR, integration=alert.integration, alert_type="recovered", recovers=alert
    )
    for one in (alert, all_clear):
        decisions.append([Line(one.pk, Verdict.OPENED, "")], at=NOW)
    factories.silence(alert=alert)
    sent(alert, BEFORE)
    dead = sent(alert, BEFORE, event="recovered", state="dead", sent_at=None)
    factories.notification(
        alert=factories.alert(), state="sent", sent_at=KEPT, created_at=BEFORE, replays=dead
    ).items.all().delete()

    pruned = retention.prune(now=NOW)

    assert pruned == {"alerts": 1, "notices": 0, "messages": 2}
    for model in (Decision, Silence, Notification, NotificationItem):
        assert model.objects.count() == 0, model
    assert Alert.objects.get().recovers is None  # of the message that was sent again


@pytest.mark.django_db
def test_what_is_open_stays_however_old_and_so_does_what_was_told_of_it() -> None:
    still = factories.alert(created_at=BEFORE - HOUR)
    told = sent(still, BEFORE)
    # One message told of both.
    told.items.create(alert=ended(BEFORE), event="opened", recipient=told.recipient)
    factories.notice(opened_at=BEFORE, last_seen_at=BEFORE)

    pruned = retention.prune(now=NOW)

    assert pruned == {"alerts": 1, "notices": 0, "messages": 0}
    assert Alert.objects.get() == still
    assert told.items.get().alert == still
    assert StaffNotice.objects.count() == 1


@pytest.mark.django_db
def test_a_message_that_tells_of_nothing_and_is_on_its_way_stays_until_it_ended() -> None:
    waiting = factories.notification(created_at=BEFORE)
    waiting.items.all().delete()

    retention.prune(now=NOW)
    assert Notification.objects.get() == waiting

    Notification.objects.update(state="dead", is_collecting=False)
    retention.prune(now=NOW)
    assert not Notification.objects.exists()


@pytest.mark.django_db
def test_a_notice_goes_when_it_closed_long_ago() -> None:
    times = {"opened_at": BEFORE - HOUR, "last_seen_at": BEFORE - HOUR}
    old = factories.notice(**times, closed_at=BEFORE)
    kept = factories.notice(**times, closed_at=KEPT)
    told = sent(factories.alert(), BEFORE)
    told.items.all().delete()
    told.items.create(notice=old, event="opened", recipient=told.recipient)

    pruned = retention.prune(now=NOW)

    assert pruned == {"alerts": 0, "notices": 1, "messages": 1}
    assert StaffNotice.objects.get() == kept


@pytest.mark.django_db
def test_however_much_it_is_it_goes_in_portions() -> None:
    integration = factories.integration()
    for _ in range(7):
        sent(ended(BEFORE, integration=integration), BEFORE)

    late = retention.prune(now=NOW, at_once=3, within=timedelta())
    pruned = retention.prune(now=NOW, at_once=3)

    assert late == {"alerts": 0, "notices": 0, "messages": 0}
    assert pruned == {"alerts": 7, "notices": 0, "messages": 7}


@pytest.mark.django_db(transaction=True)
def test_nobody_waits_for_who_deletes_an_integration() -> None:
    held, free = ended(BEFORE), ended(BEFORE)

    with another_session() as session:
        session.execute(
            "SELECT FROM user_integrations WHERE id = %s FOR NO KEY UPDATE",
            [held.integration_id],
        )
        pruned = retention.prune(now=NOW)
        assert pruned["alerts"] == 1
        assert Alert.objects.get() == held
        assert free.integration.alerts.count() == 0

    assert retention.prune(now=NOW)["alerts"] == 1
