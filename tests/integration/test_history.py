"""Finished checks are appended and read back, on the real server."""

import os
import time
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.db import IntegrityError, connection, transaction

from integrations_health import history, partitions
from integrations_health.check_ids import check_id
from integrations_health.history import HistoryRow, MonthMissing
from integrations_health.models import HealthHistory, Integration
from tests import factories
from tests.statements import counted_statements

pytestmark = pytest.mark.django_db


def row(integration: Integration, checked_at: datetime, seq: int = 1, **values: Any) -> HistoryRow:
    return HistoryRow(
        id=check_id(integration.pk, seq, checked_at),
        integration_id=integration.pk,
        user_id=integration.user_id,
        service=integration.service,
        status="healthy",
        outcome="ok",
        response_time_ms=120,
        checked_at=checked_at,
        error_message="",
        error_code="",
    )._replace(**values)


def stored() -> list[HistoryRow]:
    return [
        HistoryRow(*values)
        for values in HealthHistory.objects.order_by("checked_at").values_list(*HistoryRow._fields)
    ]


def months_of_rows() -> list[tuple[str, datetime]]:
    """Return, for each row, in which partition it lies."""
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL TIME ZONE 'UTC'")  # Django takes it for granted when it reads
        cursor.execute(
            f"SELECT tableoid::regclass::text, checked_at FROM {history.TABLE} ORDER BY 2"
        )
        return list(cursor.fetchall())


@pytest.fixture(params=[history.append, history.append_late])
def write(request: pytest.FixtureRequest) -> Any:
    """Return one of the two ways to write rows."""
    return request.param


def test_rows_come_back_as_they_were_written(now: datetime, write: Any) -> None:
    integration = factories.integration()
    rows = [
        row(integration, now, 1),
        row(
            integration,
            now + timedelta(microseconds=1),
            2,
            status="unhealthy",
            outcome="auth_expired",
            response_time_ms=None,
            error_message="Die Verbindung ist „abgelaufen“.\t\\N\n👋",
            error_code="auth_expired",
        ),
    ]

    write(rows)

    assert stored() == rows


def test_a_batch_is_one_statement_whatever_its_size(now: datetime) -> None:
    integration = factories.integration()
    rows = [row(integration, now, seq) for seq in range(200)]

    with counted_statements() as sent:
        history.append(rows)

    assert len(sent) == 1
    assert HealthHistory.objects.count() == 200


def test_writing_nothing_asks_the_server_nothing(write: Any) -> None:
    with counted_statements() as sent:
        write([])

    assert sent == []


def test_a_late_row_that_is_there_already_stays_as_it_is(now: datetime) -> None:
    integration = factories.integration()
    first, second = row(integration, now, 1), row(integration, now, 2)
    history.append([first])

    added = history.append_late([first._replace(status="unhealthy"), second, second])

    assert added == [second]
    assert sorted(stored()) == sorted([first, second])


def test_a_missing_month_is_reported_and_nothing_is_written(now: datetime, write: Any) -> None:
    integration = factories.integration()
    far = datetime(2061, 5, 6, tzinfo=UTC)

    with pytest.raises(MonthMissing) as missing, transaction.atomic():
        write([row(integration, now), row(integration, far)])

    assert missing.value.table == history.TABLE
    assert missing.value.months == [date(2031, 3, 1), date(2061, 5, 1)]
    assert stored() == []


def test_a_broken_rule_is_no_missing_month(now: datetime, write: Any) -> None:
    integration = factories.integration()

    with pytest.raises(IntegrityError, match="status_in_history"), transaction.atomic():
        write([row(integration, now, status="fine")])


@pytest.fixture(params=["UTC", "America/Los_Angeles", "Pacific/Kiritimati"])
def zone(request: pytest.FixtureRequest) -> Iterator[str]:
    """Let process and session believe to be somewhere else."""
    before = os.environ.get("TZ")
    os.environ["TZ"] = request.param
    time.tzset()
    with connection.cursor() as cursor:
        cursor.execute("SELECT set_config('TimeZone', %s, true)", [request.param])
    yield request.param
    if before is None:
        del os.environ["TZ"]
    else:
        os.environ["TZ"] = before
    time.tzset()


@pytest.mark.parametrize(
    "edge",
    [
        datetime(2044, 2, 1, tzinfo=UTC),
        datetime(2043, 3, 1, tzinfo=UTC),  # after 28 days
        datetime(2044, 3, 1, tzinfo=UTC),  # after 29 days
        datetime(2045, 1, 1, tzinfo=UTC),
    ],
    ids="{:%Y-%m-%d}".format,
)
@pytest.mark.usefixtures("zone")
def test_rows_around_the_edge_of_a_month_land_in_their_months(edge: datetime) -> None:
    integration = factories.integration()
    last = partitions.later(edge.date(), -1)
    partitions.ensure(history.TABLE, last)
    rows = [
        row(integration, (edge + timedelta(seconds=second)).astimezone(), second)
        for second in (0, 1, 2)
    ]
    before = [
        row(integration, (edge - timedelta(seconds=second)).astimezone(), 10 + second)
        for second in (2, 1)
    ]

    with pytest.raises(MonthMissing) as missing, transaction.atomic():
        history.append([*before, *rows])
    for month in missing.value.months:
        partitions.ensure(history.TABLE, month)
    history.append([*before, *rows])

    assert missing.value.months == [last, edge.date()]
    assert months_of_rows() == [
        *((partitions.name(history.TABLE, last), row.checked_at) for row in before),
        *((partitions.name(history.TABLE, edge.date()), row.checked_at) for row in rows),
    ]


def test_the_newest_checks_come_first_across_months(now: datetime) -> None:
    integration = factories.integration()
    times = [now - timedelta(days=day) for day in range(0, 30, 3)]
    history.append([row(integration, at, seq) for seq, at in enumerate(times)])

    found = history.last(integration.pk, integration.user_id, limit=7)

    assert [check.checked_at for check in found] == times[:7]


def test_nobody_reads_the_checks_of_another_user(now: datetime) -> None:
    integration, stranger = factories.integration(), factories.user()
    history.append([row(integration, now)])

    assert history.last(integration.pk, stranger.pk) == []
    assert history.last(uuid4(), integration.user_id) == []


def test_reading_the_newest_checks_reads_no_more_than_these(now: datetime) -> None:
    integrations = [factories.integration() for _ in range(3)]
    history.append(
        [row(one, now - timedelta(minutes=seq), seq) for one in integrations for seq in range(900)]
    )
    first = integrations[0]
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE integration_health_history")
        # So few rows may as well be sorted; with many only the index will do.
        cursor.execute("SET LOCAL enable_sort = off; SET LOCAL enable_bitmapscan = off")
        cursor.execute(
            f"EXPLAIN (ANALYZE, COSTS OFF, TIMING OFF, SUMMARY OFF, BUFFERS OFF)"
            f" SELECT * FROM {history.TABLE} WHERE integration_id = %s AND user_id = %s"
            " ORDER BY checked_at DESC LIMIT 100",
            [first.pk, first.user_id],
        )
        plan = "\n".join(line for (line,) in cursor.fetchall())

    assert "Sort" not in plan
    assert "Seq Scan" not in plan
    assert "Index Scan" in plan
