"""Lists of the admin are searched and filtered, and stay quick over large tables."""

from datetime import datetime

import pytest
from django.contrib import admin
from django.contrib.admin.models import CHANGE, LogEntry
from django.contrib.auth.models import Group
from django.contrib.contenttypes.models import ContentType
from django.db import connection, models
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django_celery_beat.models import PeriodicTask

from alerts.models import Alert, Notification
from integrations_health.models import (
    DailyHealth,
    HealthCheck,
    HealthHistory,
    Heartbeat,
    Integration,
    ProviderBudget,
    ProviderDay,
    ProviderIncident,
    RolledUpDay,
)
from integrations_health.staff_pages import MOST_ROWS_TO_LEAF_THROUGH
from tests import factories
from tests.admin_pages import MAKE, url
from tests.sessions import execute

pytestmark = pytest.mark.django_db

# Of these there is one row by nature: of a provider, a day, a clock.
ONE_OF_A_KIND = {
    Group,
    Heartbeat,
    PeriodicTask,
    ProviderBudget,
    ProviderDay,
    ProviderIncident,
    RolledUpDay,
}


@pytest.mark.parametrize("model", [HealthHistory, DailyHealth, HealthCheck, Alert, Notification])
def test_no_list_counts_a_whole_table(staff: Client, model: type[models.Model]) -> None:
    MAKE[model]()

    with CaptureQueriesContext(connection) as queries:
        staff.get(url(model, "changelist"))

    counts = [query["sql"] for query in queries if "COUNT(" in query["sql"].upper()]
    assert counts
    assert all(f"LIMIT {MOST_ROWS_TO_LEAF_THROUGH}" in sql for sql in counts)


@pytest.mark.parametrize(
    "model", [model for model in MAKE if model not in ONE_OF_A_KIND], ids=lambda one: one.__name__
)
def test_a_list_costs_the_same_however_many_rows_it_shows(
    staff: Client, model: type[models.Model]
) -> None:
    costs = []

    for rows in (2, 3):
        for _ in range(rows):
            MAKE[model]()
        with CaptureQueriesContext(connection) as queries:
            staff.get(url(model, "changelist"))
        costs.append(len(queries))

    assert costs[0] == costs[1]


def test_a_list_of_history_costs_the_same_whatever_its_length(staff: Client, now: datetime) -> None:
    integration = factories.integration()
    lengths = []

    for _ in range(2):
        for _ in range(20):
            factories.history(integration, checked_at=now)
        with CaptureQueriesContext(connection) as queries:
            staff.get(url(HealthHistory, "changelist"))
        lengths.append(len(queries))

    assert lengths[0] == lengths[1]


@pytest.mark.parametrize("model", [HealthHistory, DailyHealth])
def test_a_list_of_the_past_is_read_from_an_index(model: type[models.Model]) -> None:
    query = model._default_manager.order_by(*admin.site._registry[model].ordering or ())

    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")  # a table of no rows is always scanned
    plan = query[:100].explain()

    assert "Sort" not in plan.replace("Sort Key", "")
    assert "Index Scan Backward" in plan


def test_history_is_found_by_the_id_of_its_integration(staff: Client, now: datetime) -> None:
    wanted, other = factories.history(checked_at=now), factories.history(checked_at=now)
    page = url(HealthHistory, "changelist")

    found = staff.get(page, {"q": f" {wanted.integration_id} "}).context["cl"].result_list
    nonsense = staff.get(page, {"q": "gmail"})

    assert list(found) == [wanted]
    assert other not in found
    assert list(nonsense.context["cl"].result_list) == []
    assert "not the id of an integration" in nonsense.content.decode()


def test_history_is_filtered_by_service(staff: Client, now: datetime) -> None:
    gmail, slack = (
        factories.history(factories.integration(service=service), checked_at=now)
        for service in ("gmail", "slack")
    )

    answer = staff.get(url(HealthHistory, "changelist"), {"service": "slack"})

    assert list(answer.context["cl"].result_list) == [slack]
    assert gmail.service in answer.content.decode()


@pytest.mark.parametrize(("state", "expected"), [("open", 0), ("acknowledged", 1), ("resolved", 2)])
def test_alerts_are_filtered_by_what_is_left_to_do(
    staff: Client, now: datetime, state: str, expected: int
) -> None:
    alerts = [
        factories.alert(),
        factories.alert(acknowledged_at=now),
        factories.alert(acknowledged_at=now, resolved_at=now),
    ]

    answer = staff.get(url(Alert, "changelist"), {"state": state})

    assert list(answer.context["cl"].result_list) == [alerts[expected]]


@pytest.mark.parametrize("query", ["?service=%00", "?provider=%00", "?q=%00"])
def test_an_address_that_cannot_be_asked_for_is_refused(staff: Client, query: str) -> None:
    assert staff.get(url(Integration, "changelist") + query).status_code == 400
    assert staff.get("/admin/integrations_health/heartbeat/%00/change/").status_code == 400


def test_an_integration_is_found_by_the_name_of_its_user(staff: Client) -> None:
    wanted = factories.integration(user=factories.user(username="margarete"))
    factories.integration()

    answer = staff.get(url(Integration, "changelist"), {"q": "marg"})

    assert list(answer.context["cl"].result_list) == [wanted]


def test_the_audit_log_is_read_by_its_index() -> None:
    newest = admin.site.get_model_admin(LogEntry).ordering
    by, kind = factories.staff(), ContentType.objects.get_for_model(Alert)
    LogEntry.objects.bulk_create(
        LogEntry(user=by, content_type=kind, object_id=str(number), action_flag=CHANGE)
        for number in range(40)
    )
    of_a_row = LogEntry.objects.filter(content_type=kind, object_id="7").order_by("action_time")

    # Of so few rows any order will do; with statistics of many rows only one index is cheap.
    execute("ANALYZE django_admin_log")
    execute("SET LOCAL enable_seqscan = off")
    execute("SET LOCAL enable_sort = off")
    plans = [LogEntry.objects.order_by(*newest or ())[:100].explain(), of_a_row.explain()]

    assert "Index Scan Backward" in plans[0]
    assert "idx_audit_of_row" in plans[1]
    assert not any("Sort" in plan.replace("Sort Key", "") for plan in plans)
