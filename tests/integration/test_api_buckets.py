"""The past by the hour and by the day: counts, percentiles, uptime, and gaps that stay gaps."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from integrations_health import rollups
from integrations_health.models import DailyHealth, Integration, RolledUpDay
from tests import factories
from tests.callers import as_user
from tests.statements import counted_statements

pytestmark = pytest.mark.django_db
# Over by the database's clock, whatever that says.
DAY = datetime(2025, 3, 14, tzinfo=UTC)


def show(
    made: Integration, resolution: str, starts_at: datetime, ends_at: datetime, **more: Any
) -> Any:
    answer = as_user(made.user).get(
        f"/api/integrations/{made.pk}/health/history",
        {
            "resolution": resolution,
            "from": f"{starts_at:%Y-%m-%dT%H:%M:%SZ}",
            "to": f"{ends_at:%Y-%m-%dT%H:%M:%SZ}",
            **more,
        },
    )
    assert answer.status_code == 200, answer.content
    return answer.json()


def checked(made: Integration, *checks: tuple[int, str, int | None]) -> None:
    """Give an integration checks: how many minutes into the day, what they found, how fast."""
    for minutes, status, response_time_ms in checks:
        factories.history(
            made,
            checked_at=DAY + timedelta(minutes=minutes),
            status=status,
            response_time_ms=response_time_ms,
        )


@pytest.fixture
def made() -> Integration:
    return factories.integration()


def test_an_hour_counts_its_checks_and_measures_its_time(made: Integration) -> None:
    checked(
        made,
        (60, "healthy", 100),
        (75, "degraded", 200),
        (90, "unhealthy", None),
        (105, "healthy", 300),
        (120, "healthy", 400),
    )

    body = show(made, "hour", DAY + timedelta(hours=1), DAY + timedelta(hours=2))

    assert body == {
        "resolution": "hour",
        "from": "2025-03-14T01:00:00.000Z",
        "to": "2025-03-14T02:00:00.000Z",
        "items": [
            {
                "from": "2025-03-14T01:00:00.000Z",
                "to": "2025-03-14T02:00:00.000Z",
                "uptimePercent": 75.0,
                "totalChecks": 4,
                "healthyChecks": 2,
                "degradedChecks": 1,
                "unhealthyChecks": 1,
                "p50ResponseTimeMs": 200,
                "p95ResponseTimeMs": 290,
            }
        ],
        "nextCursor": None,
    }


def test_a_status_lasts_into_the_next_hour(made: Integration) -> None:
    checked(made, (45, "unhealthy", None), (90, "healthy", 100), (120, "healthy", 100))

    (second,) = show(made, "hour", DAY + timedelta(hours=1), DAY + timedelta(hours=2))["items"]

    assert (second["totalChecks"], second["uptimePercent"]) == (1, 50.0)


def test_an_hour_without_a_check_is_known_by_the_one_before(made: Integration) -> None:
    checked(made, (45, "unhealthy", None), (130, "healthy", 100))

    items = show(made, "hour", DAY + timedelta(hours=1), DAY + timedelta(hours=2))["items"]

    assert [(item["totalChecks"], item["uptimePercent"]) for item in items] == [(0, 0.0)]
    assert items[0]["p95ResponseTimeMs"] is None


def test_an_hour_of_which_nothing_is_known_is_left_out(made: Integration) -> None:
    checked(made, (0, "healthy", 100), (360, "healthy", 100))

    items = show(made, "hour", DAY, DAY + timedelta(hours=7))["items"]

    # A check speaks for two hours at most.
    assert [item["from"][11:13] for item in items] == ["06", "01", "00"]


def test_nobody_watched_is_nobodys_downtime(made: Integration) -> None:
    checked(made, (60, "unhealthy", None), (90, "healthy", 100), (120, "healthy", 100))
    factories.gap(started_at=DAY + timedelta(minutes=60), ended_at=DAY + timedelta(minutes=85))

    (hour,) = show(made, "hour", DAY + timedelta(hours=1), DAY + timedelta(hours=2))["items"]

    # 5 minutes of 35 were seen to be bad.
    assert hour["uptimePercent"] == 85.7


def test_the_range_is_widened_to_whole_hours(made: Integration) -> None:
    checked(made, (61, "healthy", 100))

    body = show(made, "hour", DAY + timedelta(minutes=100), DAY + timedelta(minutes=110))

    assert (body["from"][11:16], body["to"][11:16]) == ("01:00", "02:00")
    assert body["items"][0]["totalChecks"] == 1


def test_a_status_does_not_last_beyond_now(made: Integration) -> None:
    at = datetime.now(UTC)
    factories.history(made, checked_at=at - timedelta(seconds=90), status="unhealthy")

    body = show(made, "hour", at - timedelta(hours=3), at + timedelta(hours=3))

    assert len(body["items"]) <= 2
    assert {item["uptimePercent"] for item in body["items"]} == {0.0}


def test_hours_come_in_pages(made: Integration) -> None:
    checked(made, *((60 * hour, "healthy", 100) for hour in range(5)))
    ends_at = DAY + timedelta(hours=5)

    first = show(made, "hour", DAY, ends_at, limit=3)
    second = show(made, "hour", DAY, ends_at, limit=3, cursor=first["nextCursor"])

    hours = [item["from"][11:13] for page in (first, second) for item in page["items"]]
    assert hours == ["04", "03", "02", "01", "00"]
    assert second["nextCursor"] is None


def test_a_day_that_is_over_is_read_from_its_roll_up(made: Integration) -> None:
    rollups_of(made, DAY.date(), checks=288, unhealthy_checks=3, downtime_seconds=8_640)

    (day,) = show(made, "day", DAY, DAY + timedelta(days=1))["items"]

    assert day == {
        "from": "2025-03-14T00:00:00.000Z",
        "to": "2025-03-15T00:00:00.000Z",
        "uptimePercent": 90.0,
        "totalChecks": 288,
        "healthyChecks": 285,
        "degradedChecks": 0,
        "unhealthyChecks": 3,
        "p50ResponseTimeMs": 120,
        "p95ResponseTimeMs": 300,
    }


def rollups_of(made: Integration, day: date, **fields: int) -> None:
    healthy = fields["checks"] - fields["unhealthy_checks"]
    factories.daily_health(made, day=day, **{"healthy_checks": healthy, **fields})
    RolledUpDay.objects.create(day=day, is_final=False)


def test_a_day_that_is_not_rolled_up_yet_is_counted_alike(made: Integration) -> None:
    checked(
        made,
        (-30, "unhealthy", None),
        (10, "healthy", 100),
        (500, "unhealthy", 900),
        (560, "degraded", 250),
        (1_400, "healthy", 300),
    )
    ends_at = DAY + timedelta(days=1)

    live = show(made, "day", DAY, ends_at)["items"]
    rollups.roll_up(DAY.date())
    rolled = _as_shown(DailyHealth.objects.get())

    assert [{name: item[name] for name in rolled} for item in live] == [rolled]


def _as_shown(row: DailyHealth) -> dict[str, Any]:
    return {
        "uptimePercent": round(100 - 100 * row.downtime_seconds / row.observed_seconds, 1),
        "totalChecks": row.checks,
        "healthyChecks": row.healthy_checks,
        "degradedChecks": row.degraded_checks,
        "unhealthyChecks": row.unhealthy_checks,
        "p50ResponseTimeMs": row.p50_ms,
        "p95ResponseTimeMs": row.p95_ms,
    }


def test_days_that_are_rolled_up_and_today_make_one_list(made: Integration) -> None:
    rollups_of(made, DAY.date() - timedelta(days=1), checks=288, unhealthy_checks=0)
    checked(made, (10, "healthy", 100))

    items = show(made, "day", DAY - timedelta(days=2), DAY + timedelta(days=1))["items"]

    assert [item["from"][:10] for item in items] == ["2025-03-14", "2025-03-13"]
    assert [item["totalChecks"] for item in items] == [1, 288]


@pytest.mark.parametrize(("resolution", "statements"), [("hour", 3), ("day", 5)])
def test_a_range_costs_the_same_statements_whatever_it_holds(
    resolution: str, statements: int, made: Integration
) -> None:
    checked(made, *((5 * number, "healthy", 100) for number in range(100)))

    with counted_statements() as sent:
        show(made, resolution, DAY - timedelta(days=50), DAY + timedelta(days=1))

    assert len(sent) == statements
