"""What must never be false, tried against PostgreSQL itself with raw SQL."""

import psycopg
import pytest
from django.apps import apps
from django.db import IntegrityError

from alerts.models import Alert, Cooldown, Flap
from tests import factories
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
    "integration_health_checks_integration_id_key": [
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
    "a_gap_ends_after_it_started": ["UPDATE monitoring_gaps SET ended_at = started_at"],
    "a_threshold_is_above_zero": ["UPDATE alert_rules SET threshold = 0"],
    "a_rule_looks_at_one_of_three_conditions": ["UPDATE alert_rules SET condition = 'mood'"],
    "a_rule_tells_by_one_of_three_channels": ["UPDATE alert_rules SET action = 'fax'"],
    "one_open_alert_per_rule_and_integration": [
        "INSERT INTO health_check_alerts"
        " (id, integration_id, user_id, rule_id, alert_type, severity, message)"
        " SELECT gen_random_uuid(), integration_id, user_id, rule_id, 'degraded', 'warning', ''"
        " FROM health_check_alerts",
    ],
    "an_alert_is_resolved_after_it_opened": [
        "UPDATE health_check_alerts SET resolved_at = created_at - interval '1 second'",
    ],
    "an_all_clear_is_never_open": ["UPDATE health_check_alerts SET alert_type = 'recovered'"],
    "an_alert_is_acknowledged_after_it_opened": [
        "UPDATE health_check_alerts SET acknowledged_at = created_at - interval '1 second'",
    ],
    "who_acknowledged_an_alert_did_so_at_some_time": [
        "UPDATE health_check_alerts SET acknowledged_by_id = user_id",
    ],
    "alert_type_is_one_of_the_three": ["UPDATE health_check_alerts SET alert_type = 'rumour'"],
    "severity_is_one_of_the_three": ["UPDATE health_check_alerts SET severity = 'mild'"],
    "only_an_all_clear_ends_another_alert": [
        "UPDATE health_check_alerts SET recovers_id = id",
    ],
    "who_resolved_an_alert_did_so_at_some_time": [
        "UPDATE health_check_alerts SET resolved_by_id = user_id",
    ],
    "an_escalation_is_told_to_who_knows_of_the_alert": [
        "UPDATE health_check_alerts SET escalation_told_at = now(), told_at = now()",
        "UPDATE health_check_alerts SET escalation_told_at = now(), escalated_at = now()",
    ],
    "an_error_rate_is_a_percentage": [
        "UPDATE alert_rules SET condition = 'error_rate', threshold = 101",
    ],
    "a_rate_looks_back_a_day_at_most": [
        "UPDATE alert_rules SET window_minutes = 1441",
        "UPDATE alert_rules SET window_minutes = 0",
        "UPDATE alert_rules SET minimum_checks = 0",
    ],
    "a_rule_warns_or_is_critical": ["UPDATE alert_rules SET severity = 'info'"],
    "a_destination_is_of_one_of_three_kinds": ["UPDATE alert_destinations SET kind = 'fax'"],
    "a_mailbox_and_nothing_else_has_an_email": [
        "UPDATE alert_destinations SET email = ''",
        "UPDATE alert_destinations SET kind = 'slack'",
    ],
    "one_collecting_notification_per_recipient": [
        "INSERT INTO notifications (id, channel, recipient, user_id, email, is_digest,"
        " is_collecting, state, attempts, body, last_error)"
        " SELECT gen_random_uuid(), channel, recipient, user_id, 'other@example.com', false,"
        " true, 'pending', 0, '', '' FROM notifications",
    ],
    "what_was_tried_collects_no_more": [
        "UPDATE notifications SET attempts = 1",
        "UPDATE notifications SET state = 'dead'",
    ],
    "a_notification_goes_to_a_destination_or_a_person": [
        "UPDATE notifications SET email = ''",
        "UPDATE notifications SET user_id = NULL",
        "UPDATE notifications SET channel = 'slack'",
        "UPDATE notifications SET destination_id = (SELECT id FROM alert_destinations)",
    ],
    "what_is_being_sent_has_a_lease": [
        "UPDATE notifications SET is_collecting = false, state = 'sending'",
    ],
    "a_sent_notification_knows_when": [
        "UPDATE notifications SET is_collecting = false, state = 'sent'",
    ],
    "a_notification_is_in_one_of_four_states": [
        "UPDATE notifications SET is_collecting = false, state = 'lost'",
    ],
    "a_notification_goes_by_one_of_three_channels": [
        "UPDATE notifications SET channel = 'fax', user_id = NULL, email = '',"
        " destination_id = (SELECT id FROM alert_destinations)",
    ],
    "nobody_is_told_an_event_of_an_alert_twice": [
        "INSERT INTO notification_items (notification_id, alert_id, event, recipient)"
        " SELECT notification_id, alert_id, event, recipient FROM notification_items",
    ],
    "nobody_is_told_a_notice_twice": [
        "INSERT INTO notification_items (notification_id, notice_id, event, recipient)"
        " SELECT i.notification_id, s.id, 'opened', 'user:1'"
        " FROM notification_items i, staff_notices s, generate_series(1, 2)",
    ],
    "an_item_tells_of_an_alert_or_of_a_notice": [
        "UPDATE notification_items SET alert_id = NULL",
        "UPDATE notification_items SET notice_id = (SELECT id FROM staff_notices)",
    ],
    "an_item_tells_one_of_three_events": ["UPDATE notification_items SET event = 'sung'"],
    "one_open_notice_per_kind_and_subject": [
        "INSERT INTO staff_notices (id, kind, subject, message)"
        " SELECT gen_random_uuid(), kind, subject, '' FROM staff_notices",
    ],
    "a_notice_closes_after_it_opened": [
        "UPDATE staff_notices SET closed_at = opened_at - interval '1 second'",
    ],
    "a_silence_ends": ["UPDATE alert_silences SET ends_at = NULL"],
    "a_silence_ends_after_it_started": ["UPDATE alert_silences SET ends_at = starts_at"],
    "a_silence_says_what_it_hides": ["UPDATE alert_silences SET service = ''"],
    "maintenance_ends_after_it_started": ["UPDATE maintenance_windows SET ends_at = starts_at"],
    "one_cooldown_per_rule_and_integration": [
        "INSERT INTO alert_cooldowns (rule_id, integration_id, until)"
        " SELECT rule_id, integration_id, now() FROM alert_cooldowns",
    ],
    "no_penalty_is_below_zero": ["UPDATE alert_flaps SET penalty = -1"],
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
