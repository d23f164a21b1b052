"""Let checks end in one way or another, and read whom that alarmed."""

from datetime import datetime, timedelta

from alerts import owed
from alerts.models import Alert, Decision, NotificationItem
from integrations_health import pipeline, reauth_offers
from integrations_health.models import Integration
from integrations_health.outcomes import Outcome
from tests.conftest import NOW
from tests.results import claim, result

MINUTE = timedelta(minutes=1)


def check(
    *integrations: Integration,
    outcome: Outcome = Outcome.OK,
    at: datetime = NOW,
    took: int | None = 120,
) -> None:
    """Record that a check of each integration ended with `outcome`, in one batch."""
    # As minutes later, when the process reads anew how everybody is.
    reauth_offers.storms.forget()
    targets = claim(*integrations, now=at)
    pipeline.record(
        [result(target, outcome, at=at, response_time_ms=took) for target in targets], now=at
    )


def fail(
    *integrations: Integration,
    outcome: Outcome = Outcome.TIMEOUT,
    times: int = 3,
    at: datetime = NOW,
) -> None:
    """Record that many failures of each integration, a minute apart, the last of them at `at`."""
    for number in reversed(range(times)):
        check(*integrations, outcome=outcome, at=at - number * MINUTE, took=None)


def look_again(*, at: datetime) -> None:
    """Look at what was held back, as a tick at `at` does."""
    reauth_offers.storms.forget()
    owed.end_unwatched(now=at)
    owed.tell(now=at)


def alert() -> Alert:
    """Return the one alert that is no all-clear, read anew."""
    return Alert.objects.exclude(alert_type="recovered").get()


def told() -> list[tuple[str, str]]:
    """Return what was told to whom, in order: the event and the recipient."""
    return list(NotificationItem.objects.order_by("id").values_list("event", "recipient"))


def events() -> list[str]:
    """Return the events that were told, in order."""
    return [event for event, _ in told()]


def verdicts(of: Alert | None = None) -> list[str]:
    """Return what was decided, in order."""
    lines = Decision.objects.order_by("id")
    return list((lines if of is None else lines.filter(alert=of)).values_list("verdict", flat=True))


def last_reason() -> str:
    """Return the sentence of the last decision."""
    return Decision.objects.order_by("id").values_list("reason", flat=True).reverse()[0]
