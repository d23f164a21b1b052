"""What must never be false, tried against PostgreSQL itself with raw SQL."""

import psycopg
import pytest
from django.apps import apps
from django.db import IntegrityError

from alerts.models import Alert, Cooldown, Flap
from tests import factories, reconnecting
from tests.integration import breaks_of_alerts
from tests.sessions import execute

pytestmark = pytest.mark.django_db


@pytest.fixture
def _rows() -> None:
    """Make one valid row of each table that the statements below try to spoil."""
    integration = factories.integration(service="gmail", provider="composio")
    rule = factories.rule()
    alert = factories.alert(integration=integration, rule=rule)
    factories.notification(alert=alert)
    factories.api_key()
    factories.destination()
    factories.notice()
    factories.silence()
    factories.maintenance()
    Cooldown.objects.create(rule=rule, integration=integration, until=alert.created_at)
    Flap.objects.create(integration=integration, penalty=1, counted_at=alert.created_at)
    reconnecting.request(integration)
    factories.incident()
    factories.gap()
    factories.history(integration)
    factories.daily_health(integration)
    factories.provider_day()


# By the name of the constraint: statements that would make its sentence false.
BREAKS: dict[str, list[str]] = {
    "an_api_key_says_which_program_has_it": ["UPDATE api_keys SET name = ''"],
    "one_integration_per_user_service_and_connection": [
        "INSERT INTO user_integrations (user_id, service, provider, server_instance_id)"
        " SELECT user_id, service, provider, server_instance_id FROM user_integrations",
    ],
    "interval_is_a_minute_to_an_hour": [
        "UPDATE user_integrations SET interval_seconds = 59",
        "UPDATE user_integrations SET interval_seconds = 3601",
    ],
    "what_is_counted_is_some": [
        "INSERT INTO check_counts (provider, service, outcome, checks)"
        " VALUES ('composio', 'gmail', 'ok', 0)",
    ],
    "a_total_is_of_some": [
        "INSERT INTO check_totals (provider, service, outcome, checks)"
        " VALUES ('composio', 'gmail', 'ok', 0)",
    ],
    "one_total_per_provider_service_and_outcome": [
        "INSERT INTO check_totals (provider, service, outcome, checks)"
        " VALUES ('composio', 'gmail', 'ok', 1), ('composio', 'gmail', 'ok', 1)",
    ],
    "one_row_per_service_and_status_of_an_hour": [
        "INSERT INTO recent_checks (service, status, checks)"
        " VALUES ('gmail', 'healthy', 1), ('gmail', 'healthy', 1)",
    ],
    "nobody_tries_less_than_never": [
        "INSERT INTO sign_in_tries (key, tries, until) VALUES ('a digest', -1, now())"
    ],
    "every_nth_probe_means_at_least_two": ["UPDATE user_integrations SET probe_every = 1"],
    "probe_policy_is_one_of_the_three": ["UPDATE user_integrations SET probe_policy = 'never'"],
    "an_integration_names_its_provider_and_service": [
        "UPDATE user_integrations SET provider = ''",
        "UPDATE user_integrations SET service = ''",
    ],
    "a_health_row_equals_its_integration": [
        "UPDATE integration_health_checks SET enabled = NOT enabled",
        "UPDATE integration_health_checks SET provider = 'klavis'",
        "UPDATE integration_health_checks SET service = 'slack'",
        "UPDATE integration_health_checks SET user_id = gen_random_uuid()",
        "UPDATE integration_health_checks SET integration_id = gen_random_uuid()",
    ],
    "every_integration_has_a_health_row": ["DELETE FROM integration_health_checks"],
    "integration_health_checks_pkey": [
        "INSERT INTO integration_health_checks"
        " (integration_id, user_id, service, provider, enabled)"
        " SELECT integration_id, user_id, service, provider, enabled"
        " FROM integration_health_checks",
    ],
    "no_result_is_applied_before_its_claim": [
        "UPDATE integration_health_checks SET applied_seq = check_seq + 1",
    ],
    "status_is_one_of_the_four": ["UPDATE integration_health_checks SET status = 'fine'"],
    "a_healthy_integration_has_no_failures_in_a_row": [
        "UPDATE integration_health_checks SET status = 'healthy', consecutive_failures = 1",
    ],
    "status_in_history_is_one_of_the_four": [
        "UPDATE integration_health_history SET status = 'fine'",
    ],
    "one_row_per_integration_and_day": [
        "INSERT INTO integration_health_daily SELECT gen_random_uuid(), integration_id, user_id,"
        " service, day, 1, 1, 0, 0, 0, 0, 0 FROM integration_health_daily",
    ],
    "no_day_is_longer_than_what_was_observed": [
        "UPDATE integration_health_daily SET observed_seconds = 86401",
        "UPDATE integration_health_daily SET downtime_seconds = 86400, degraded_seconds = 1",
    ],
    "no_outage_is_longer_than_the_downtime": [
        "UPDATE integration_health_daily SET outage_seconds = downtime_seconds + 1",
        "UPDATE integration_health_daily SET impaired_seconds = degraded_seconds + 1",
    ],
    "one_row_per_provider_service_and_day": [
        "INSERT INTO provider_days"
        " (day, provider, service, users, observed_seconds, outage_seconds, impaired_seconds)"
        " SELECT day, provider, service, 1, 0, 0, 0 FROM provider_days",
    ],
    "no_provider_fails_longer_than_it_was_observed": [
        "UPDATE provider_days SET outage_seconds = observed_seconds, impaired_seconds = 1",
    ],
    "one_open_incident_per_provider_and_service": [
        "INSERT INTO provider_incidents (id, provider, service, cause, affected_users)"
        " SELECT gen_random_uuid(), provider, service, 'service', 0 FROM provider_incidents",
    ],
    "an_incident_closes_after_it_opened": [
        "UPDATE provider_incidents SET closed_at = opened_at - interval '1 second'",
    ],
    "an_incident_that_is_continued_is_closed": [
        "UPDATE provider_incidents SET closed_at = NULL, continued_by_id = id",
    ],
    "each_claimed_integration_has_its_number": [
        "INSERT INTO claimed_batches (provider, leased_until, integration_ids, check_seqs)"
        " VALUES ('composio', now(), ARRAY[gen_random_uuid()], ARRAY[1, 2])",
    ],
    "one_streak_per_provider_and_service": [
        "INSERT INTO outage_streaks (provider, service, looks, is_towards_end)"
        " VALUES ('composio', '', 1, false), ('composio', '', 2, false)",
    ],
    "one_open_reauth_request_per_integration": [
        "INSERT INTO reauth_requests (id, integration_id, user_id, expires_at)"
        " SELECT gen_random_uuid(), integration_id, user_id, now() FROM reauth_requests",
    ],
    "a_reauth_request_that_is_done_is_closed": [
        "UPDATE reauth_requests SET new_instance_id = 'ca_9'",
    ],
    "a_reauth_request_closes_after_it_opened": [
        "UPDATE reauth_requests SET closed_at = opened_at - interval '1 second'",
    ],
    "a_gap_ends_after_it_started": ["UPDATE monitoring_gaps SET ended_at = started_at"],
    **breaks_of_alerts.BREAKS,
}


def name_of_broken(error: IntegrityError) -> str | None:
    assert isinstance(error.__cause__, psycopg.Error)
    name = error.__cause__.diag.constraint_name
    # A unique constraint of a partitioned table has a name of its own in each partition.
    if name and name.endswith("_integration_id_day_key"):
        return "one_row_per_integration_and_day"
    return name


@pytest.mark.usefixtures("_rows")
@pytest.mark.parametrize(
    ("constraint", "sql"), [(name, sql) for name, breaks in BREAKS.items() for sql in breaks]
)
def test_the_database_refuses_what_must_never_be(constraint: str, sql: str) -> None:
    with pytest.raises(IntegrityError) as refused:
        execute(sql)

    assert name_of_broken(refused.value) == constraint


def test_every_constraint_has_a_statement_that_tries_to_break_it() -> None:
    declared = {
        constraint.name
        for app in ("integrations_health", "alerts")
        for model in apps.get_app_config(app).get_models()
        for constraint in model._meta.constraints
    }

    # What a foreign key refers to; the primary key alone makes it true.
    assert declared - BREAKS.keys() == {"a_health_row_can_copy_its_integration"}


def test_a_resolved_alert_leaves_room_for_a_new_one() -> None:
    alert = factories.alert()
    execute("UPDATE health_check_alerts SET resolved_at = created_at")

    again = factories.alert(integration=alert.integration, rule=alert.rule)

    assert Alert.objects.filter(resolved_at=None).get() == again


def test_a_closed_incident_leaves_room_for_a_new_one() -> None:
    factories.incident()
    execute("UPDATE provider_incidents SET closed_at = opened_at")

    factories.incident()
