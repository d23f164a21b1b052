"""Statements that would make a constraint on alerts and messages false, by its name."""

BREAKS: dict[str, list[str]] = {
    "a_threshold_is_above_zero": ["UPDATE alert_rules SET threshold = 0"],
    "a_rule_looks_at_one_of_three_conditions": ["UPDATE alert_rules SET condition = 'mood'"],
    "a_rule_tells_by_one_of_three_channels": ["UPDATE alert_rules SET action = 'fax'"],
    "one_open_alert_per_rule_and_integration": [
        "INSERT INTO health_check_alerts"
        " (id, integration_id, user_id, rule_id, alert_type, severity, message)"
        " SELECT gen_random_uuid(), integration_id, user_id, rule_id, 'degraded', 'warning', ''"
        " FROM health_check_alerts",
    ],
    "an_alert_begins_before_it_opens": [
        "UPDATE health_check_alerts SET began_at = created_at + interval '1 second'",
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
    "an_alert_has_one_all_clear": [
        "INSERT INTO health_check_alerts (id, integration_id, user_id, recovers_id, alert_type,"
        " severity, message, resolved_at, created_at)"
        " SELECT gen_random_uuid(), integration_id, user_id, id, 'recovered', 'info', '',"
        " created_at, created_at FROM health_check_alerts, generate_series(1, 2)",
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
    "only_a_request_to_reconnect_is_repeated": ["UPDATE notification_items SET repeats = 1"],
    "an_item_tells_one_of_four_events": ["UPDATE notification_items SET event = 'sung'"],
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
