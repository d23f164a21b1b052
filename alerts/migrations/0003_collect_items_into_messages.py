"""Let a message tell of many alerts, and remember what the engine needs to know."""

import uuid

import django.core.validators
import django.db.models.deletion
import django.db.models.functions.datetime
from django.conf import settings
from django.db import migrations, models

import alerts.rules
import integrations_health.fields


class Migration(migrations.Migration):
    dependencies = [
        ("alerts", "0002_drop_messages_of_one_alert"),
        ("integrations_health", "0004_keep_history_by_month"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="Cooldown",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("until", models.DateTimeField()),
            ],
            options={
                "db_table": "alert_cooldowns",
            },
        ),
        migrations.CreateModel(
            name="Decision",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("at", models.DateTimeField()),
                (
                    "verdict",
                    models.CharField(
                        choices=[
                            ("opened", "Opened"),
                            ("escalated", "Escalated"),
                            ("told", "Told"),
                            ("held_back", "held back"),
                            ("flapping", "Flapping"),
                            ("acknowledged", "Acknowledged"),
                            ("unacknowledged", "Unacknowledged"),
                            ("resolved", "Resolved"),
                        ],
                        max_length=20,
                    ),
                ),
                ("reason", models.CharField(max_length=500)),
            ],
            options={
                "db_table": "alert_decisions",
            },
        ),
        migrations.CreateModel(
            name="Destination",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=uuid.uuid4, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("name", models.CharField(max_length=100, unique=True)),
                (
                    "kind",
                    models.CharField(
                        choices=[("email", "Email"), ("webhook", "Webhook"), ("slack", "Slack")],
                        max_length=20,
                    ),
                ),
                (
                    "email",
                    models.EmailField(
                        blank=True, default="", help_text="Only for kind email.", max_length=254
                    ),
                ),
                ("address", integrations_health.fields.EncryptedTextField(blank=True, default="")),
                ("secret", integrations_health.fields.EncryptedTextField(blank=True, default="")),
                (
                    "previous_secret",
                    integrations_health.fields.EncryptedTextField(blank=True, default=""),
                ),
                ("secret_rotated_at", models.DateTimeField(blank=True, editable=False, null=True)),
                (
                    "is_for_staff",
                    models.BooleanField(
                        default=False,
                        help_text="Hears what concerns the product itself, such as a refused key.",
                    ),
                ),
                ("enabled", models.BooleanField(default=True)),
                ("disabled_at", models.DateTimeField(blank=True, editable=False, null=True)),
                (
                    "disabled_reason",
                    models.CharField(blank=True, default="", editable=False, max_length=200),
                ),
                ("last_attempt_at", models.DateTimeField(blank=True, editable=False, null=True)),
                ("last_success_at", models.DateTimeField(blank=True, editable=False, null=True)),
                (
                    "last_error",
                    models.CharField(blank=True, default="", editable=False, max_length=200),
                ),
                (
                    "last_duration_ms",
                    models.PositiveIntegerField(blank=True, editable=False, null=True),
                ),
                (
                    "created_at",
                    models.DateTimeField(
                        db_default=django.db.models.functions.datetime.Now(), editable=False
                    ),
                ),
            ],
            options={
                "db_table": "alert_destinations",
            },
        ),
        migrations.CreateModel(
            name="Flap",
            fields=[
                (
                    "integration",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        primary_key=True,
                        related_name="+",
                        serialize=False,
                        to="integrations_health.integration",
                    ),
                ),
                ("penalty", models.FloatField()),
                ("counted_at", models.DateTimeField()),
                ("is_flapping", models.BooleanField(default=False)),
            ],
            options={
                "db_table": "alert_flaps",
            },
        ),
        migrations.CreateModel(
            name="MaintenanceWindow",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("service", models.CharField(blank=True, default="", max_length=50)),
                ("provider", models.CharField(blank=True, default="", max_length=50)),
                (
                    "error_code",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("ok", "ok"),
                            ("slow", "slow"),
                            ("timeout", "timeout"),
                            ("unreachable", "unreachable"),
                            ("server_error", "server_error"),
                            ("bad_response", "bad_response"),
                            ("service_error", "service_error"),
                            ("auth_expired", "auth_expired"),
                            ("permission", "permission"),
                            ("disconnected", "disconnected"),
                            ("pending", "pending"),
                            ("probe_misconfigured", "probe_misconfigured"),
                            ("rate_limited", "rate_limited"),
                            ("key_rejected", "key_rejected"),
                            ("internal_error", "internal_error"),
                        ],
                        default="",
                        max_length=50,
                    ),
                ),
                (
                    "starts_at",
                    models.DateTimeField(db_default=django.db.models.functions.datetime.Now()),
                ),
                ("comment", models.CharField(max_length=500)),
                (
                    "created_at",
                    models.DateTimeField(
                        db_default=django.db.models.functions.datetime.Now(), editable=False
                    ),
                ),
                ("ends_at", models.DateTimeField()),
            ],
            options={
                "db_table": "maintenance_windows",
            },
        ),
        migrations.CreateModel(
            name="Notification",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=uuid.uuid4, editable=False, primary_key=True, serialize=False
                    ),
                ),
                (
                    "channel",
                    models.CharField(
                        choices=[("email", "Email"), ("webhook", "Webhook"), ("slack", "Slack")],
                        max_length=20,
                    ),
                ),
                ("recipient", models.CharField(max_length=60)),
                ("email", models.EmailField(blank=True, default="", max_length=254)),
                ("is_digest", models.BooleanField(default=False)),
                ("is_collecting", models.BooleanField(default=True)),
                (
                    "collects_until",
                    models.DateTimeField(db_default=django.db.models.functions.datetime.Now()),
                ),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("pending", "Pending"),
                            ("sending", "Sending"),
                            ("sent", "Sent"),
                            ("dead", "Dead"),
                        ],
                        default="pending",
                        max_length=20,
                    ),
                ),
                ("attempts", models.PositiveSmallIntegerField(default=0)),
                (
                    "next_attempt_at",
                    models.DateTimeField(db_default=django.db.models.functions.datetime.Now()),
                ),
                ("leased_until", models.DateTimeField(blank=True, null=True)),
                ("lease_token", models.UUIDField(blank=True, null=True)),
                ("body", models.TextField(blank=True, default="")),
                ("last_error", models.CharField(blank=True, default="", max_length=200)),
                ("sent_at", models.DateTimeField(blank=True, null=True)),
                (
                    "created_at",
                    models.DateTimeField(
                        db_default=django.db.models.functions.datetime.Now(), editable=False
                    ),
                ),
            ],
            options={
                "db_table": "notifications",
            },
        ),
        migrations.CreateModel(
            name="NotificationItem",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "event",
                    models.CharField(
                        choices=[
                            ("opened", "Opened"),
                            ("escalated", "Escalated"),
                            ("recovered", "Recovered"),
                        ],
                        max_length=20,
                    ),
                ),
                ("recipient", models.CharField(max_length=60)),
                (
                    "created_at",
                    models.DateTimeField(
                        db_default=django.db.models.functions.datetime.Now(), editable=False
                    ),
                ),
            ],
            options={
                "db_table": "notification_items",
            },
        ),
        migrations.CreateModel(
            name="Silence",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("service", models.CharField(blank=True, default="", max_length=50)),
                ("provider", models.CharField(blank=True, default="", max_length=50)),
                (
                    "error_code",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("ok", "ok"),
                            ("slow", "slow"),
                            ("timeout", "timeout"),
                            ("unreachable", "unreachable"),
                            ("server_error", "server_error"),
                            ("bad_response", "bad_response"),
                            ("service_error", "service_error"),
                            ("auth_expired", "auth_expired"),
                            ("permission", "permission"),
                            ("disconnected", "disconnected"),
                            ("pending", "pending"),
                            ("probe_misconfigured", "probe_misconfigured"),
                            ("rate_limited", "rate_limited"),
                            ("key_rejected", "key_rejected"),
                            ("internal_error", "internal_error"),
                        ],
                        default="",
                        max_length=50,
                    ),
                ),
                (
                    "starts_at",
                    models.DateTimeField(db_default=django.db.models.functions.datetime.Now()),
                ),
                ("comment", models.CharField(max_length=500)),
                (
                    "created_at",
                    models.DateTimeField(
                        db_default=django.db.models.functions.datetime.Now(), editable=False
                    ),
                ),
                ("ends_at", models.DateTimeField(blank=True, null=True)),
            ],
            options={
                "db_table": "alert_silences",
            },
        ),
        migrations.CreateModel(
            name="StaffNotice",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=uuid.uuid4, editable=False, primary_key=True, serialize=False
                    ),
                ),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("key_rejected", "a provider refuses our key"),
                            ("probe_misconfigured", "our probe needs an update"),
                            ("destination_disabled", "a destination was switched off"),
                            ("notification_dead", "a message could not be delivered"),
                        ],
                        max_length=30,
                    ),
                ),
                ("subject", models.CharField(max_length=100)),
                ("message", models.TextField()),
                (
                    "opened_at",
                    models.DateTimeField(db_default=django.db.models.functions.datetime.Now()),
                ),
                (
                    "last_seen_at",
                    models.DateTimeField(db_default=django.db.models.functions.datetime.Now()),
                ),
                ("closed_at", models.DateTimeField(blank=True, null=True)),
            ],
            options={
                "db_table": "staff_notices",
            },
        ),
        migrations.AddField(
            model_name="alert",
            name="acknowledgement_note",
            field=models.CharField(blank=True, db_default="", default="", max_length=500),
        ),
        migrations.AddField(
            model_name="alert",
            name="error_code",
            field=models.CharField(blank=True, db_default="", default="", max_length=50),
        ),
        migrations.AddField(
            model_name="alert",
            name="escalated_at",
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name="alert",
            name="escalation_told_at",
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name="alert",
            name="held_back",
            field=models.CharField(
                blank=True,
                choices=[
                    ("rule_disabled", "rule disabled"),
                    ("acknowledged", "acknowledged"),
                    ("incident", "incident"),
                    ("maintenance", "maintenance"),
                    ("silence", "silence"),
                    ("no_destination", "no destination"),
                    ("cooldown", "cooldown"),
                ],
                db_default="",
                default="",
                max_length=20,
            ),
        ),
        migrations.AddField(
            model_name="alert",
            name="held_until",
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name="alert",
            name="is_flapping",
            field=models.BooleanField(db_default=False, default=False),
        ),
        migrations.AddField(
            model_name="alert",
            name="recovers",
            field=models.OneToOneField(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="all_clear",
                to="alerts.alert",
            ),
        ),
        migrations.AddField(
            model_name="alert",
            name="resolved_by",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddField(
            model_name="alert",
            name="told_at",
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name="alertrule",
            name="minimum_checks",
            field=models.PositiveIntegerField(
                db_default=5,
                default=5,
                help_text="Only for error_rate: it says nothing about fewer checks than these.",
                validators=[django.core.validators.MinValueValidator(1)],
            ),
        ),
        migrations.AddField(
            model_name="alertrule",
            name="name",
            field=models.CharField(db_default="", max_length=100),
        ),
        migrations.AddField(
            model_name="alertrule",
            name="provider",
            field=models.CharField(blank=True, db_default="", default="", max_length=50),
        ),
        migrations.AddField(
            model_name="alertrule",
            name="service",
            field=models.CharField(blank=True, db_default="", default="", max_length=50),
        ),
        migrations.AddField(
            model_name="alertrule",
            name="severity",
            field=models.CharField(
                choices=[("critical", "critical"), ("warning", "warning"), ("info", "info")],
                db_default=alerts.rules.Severity["CRITICAL"],
                default=alerts.rules.Severity["CRITICAL"],
                max_length=20,
            ),
        ),
        migrations.AddField(
            model_name="alertrule",
            name="user",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddField(
            model_name="alertrule",
            name="window_minutes",
            field=models.PositiveIntegerField(
                db_default=60,
                default=60,
                help_text="Only for error_rate: how far it looks back.",
                validators=[
                    django.core.validators.MinValueValidator(1),
                    django.core.validators.MaxValueValidator(1440),
                ],
            ),
        ),
        migrations.AlterField(
            model_name="alert",
            name="alert_type",
            field=models.CharField(
                choices=[
                    ("failure", "failure"),
                    ("degraded", "degraded"),
                    ("recovered", "recovered"),
                ],
                max_length=50,
            ),
        ),
        migrations.AlterField(
            model_name="alert",
            name="rule",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.RESTRICT,
                related_name="alerts",
                to="alerts.alertrule",
            ),
        ),
        migrations.AlterField(
            model_name="alert",
            name="severity",
            field=models.CharField(
                choices=[("critical", "critical"), ("warning", "warning"), ("info", "info")],
                max_length=20,
            ),
        ),
        migrations.AlterField(
            model_name="alertrule",
            name="condition",
            field=models.CharField(
                choices=[
                    ("consecutive_failures", "consecutive_failures"),
                    ("response_time", "response_time"),
                    ("error_rate", "error_rate"),
                ],
                max_length=50,
            ),
        ),
        migrations.AlterField(
            model_name="alertrule",
            name="cooldown_minutes",
            field=models.PositiveIntegerField(
                default=60, validators=[django.core.validators.MaxValueValidator(10080)]
            ),
        ),
        migrations.AddIndex(
            model_name="alert",
            index=models.Index(
                condition=models.Q(("resolved_at", None)),
                fields=["integration", "rule"],
                name="idx_alerts_open_by_integration",
            ),
        ),
        migrations.AddConstraint(
            model_name="alert",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("alert_type", "recovered"), ("recovers", None), _connector="OR"
                ),
                name="only_an_all_clear_ends_another_alert",
            ),
        ),
        migrations.AddConstraint(
            model_name="alert",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("resolved_by", None), ("resolved_at__isnull", False), _connector="OR"
                ),
                name="who_resolved_an_alert_did_so_at_some_time",
            ),
        ),
        migrations.AddConstraint(
            model_name="alert",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("escalation_told_at", None),
                    models.Q(("escalated_at__isnull", False), ("told_at__isnull", False)),
                    _connector="OR",
                ),
                name="an_escalation_is_told_to_who_knows_of_the_alert",
            ),
        ),
        migrations.AddField(
            model_name="cooldown",
            name="integration",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE,
                related_name="+",
                to="integrations_health.integration",
            ),
        ),
        migrations.AddField(
            model_name="cooldown",
            name="rule",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE, related_name="+", to="alerts.alertrule"
            ),
        ),
        migrations.AddField(
            model_name="decision",
            name="actor",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddField(
            model_name="decision",
            name="alert",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE,
                related_name="decisions",
                to="alerts.alert",
            ),
        ),
        migrations.AddConstraint(
            model_name="destination",
            constraint=models.CheckConstraint(
                condition=models.Q(("kind__in", ["email", "webhook", "slack"])),
                name="a_destination_is_of_one_of_three_kinds",
            ),
        ),
        migrations.AddConstraint(
            model_name="destination",
            constraint=models.CheckConstraint(
                condition=models.Q(("kind", "email"), ("email", ""), _connector="XOR"),
                name="a_mailbox_and_nothing_else_has_an_email",
            ),
        ),
        migrations.AddField(
            model_name="alertrule",
            name="destination",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="rules",
                to="alerts.destination",
            ),
        ),
        migrations.AddConstraint(
            model_name="alertrule",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("condition", "error_rate"), _negated=True),
                    ("threshold__lte", 100),
                    _connector="OR",
                ),
                name="an_error_rate_is_a_percentage",
            ),
        ),
        migrations.AddConstraint(
            model_name="alertrule",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("minimum_checks__gte", 1),
                    ("window_minutes__gte", 1),
                    ("window_minutes__lte", 1440),
                ),
                name="a_rate_looks_back_a_day_at_most",
            ),
        ),
        migrations.AddConstraint(
            model_name="alertrule",
            constraint=models.CheckConstraint(
                condition=models.Q(("severity__in", ["critical", "warning"])),
                name="a_rule_warns_or_is_critical",
            ),
        ),
        migrations.AddConstraint(
            model_name="flap",
            constraint=models.CheckConstraint(
                condition=models.Q(("penalty__gte", 0)), name="no_penalty_is_below_zero"
            ),
        ),
        migrations.AddField(
            model_name="maintenancewindow",
            name="author",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddField(
            model_name="maintenancewindow",
            name="integration",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="+",
                to="integrations_health.integration",
            ),
        ),
        migrations.AddField(
            model_name="maintenancewindow",
            name="rule",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="+",
                to="alerts.alertrule",
            ),
        ),
        migrations.AddField(
            model_name="maintenancewindow",
            name="user",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddField(
            model_name="notification",
            name="destination",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="notifications",
                to="alerts.destination",
            ),
        ),
        migrations.AddField(
            model_name="notification",
            name="user",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddField(
            model_name="notificationitem",
            name="alert",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="notification_items",
                to="alerts.alert",
            ),
        ),
        migrations.AddField(
            model_name="notificationitem",
            name="notification",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE,
                related_name="items",
                to="alerts.notification",
            ),
        ),
        migrations.AddField(
            model_name="silence",
            name="alert",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="silences",
                to="alerts.alert",
            ),
        ),
        migrations.AddField(
            model_name="silence",
            name="author",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddField(
            model_name="silence",
            name="integration",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="+",
                to="integrations_health.integration",
            ),
        ),
        migrations.AddField(
            model_name="silence",
            name="rule",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="+",
                to="alerts.alertrule",
            ),
        ),
        migrations.AddField(
            model_name="silence",
            name="user",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddConstraint(
            model_name="staffnotice",
            constraint=models.UniqueConstraint(
                condition=models.Q(("closed_at", None)),
                fields=("kind", "subject"),
                name="one_open_notice_per_kind_and_subject",
            ),
        ),
        migrations.AddConstraint(
            model_name="staffnotice",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("closed_at", None), ("closed_at__gte", models.F("opened_at")), _connector="OR"
                ),
                name="a_notice_closes_after_it_opened",
            ),
        ),
        migrations.AddField(
            model_name="notificationitem",
            name="notice",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="notification_items",
                to="alerts.staffnotice",
            ),
        ),
        migrations.AddConstraint(
            model_name="cooldown",
            constraint=models.UniqueConstraint(
                fields=("rule", "integration"), name="one_cooldown_per_rule_and_integration"
            ),
        ),
        migrations.AddIndex(
            model_name="decision",
            index=models.Index(fields=["alert", "at"], name="idx_decisions_of_alert"),
        ),
        migrations.AddIndex(
            model_name="decision",
            index=models.Index(fields=["at"], name="idx_decisions_by_age"),
        ),
        migrations.AddConstraint(
            model_name="maintenancewindow",
            constraint=models.CheckConstraint(
                condition=models.Q(("ends_at__gt", models.F("starts_at"))),
                name="maintenance_ends_after_it_started",
            ),
        ),
        migrations.AddIndex(
            model_name="notification",
            index=models.Index(
                condition=models.Q(("state__in", ["pending", "sending"])),
                fields=["channel", "next_attempt_at"],
                name="idx_notifications_due",
            ),
        ),
        migrations.AddIndex(
            model_name="notification",
            index=models.Index(
                fields=["recipient", "-collects_until"], name="idx_notifications_recipient"
            ),
        ),
        migrations.AddConstraint(
            model_name="notification",
            constraint=models.UniqueConstraint(
                condition=models.Q(("is_collecting", True)),
                fields=("recipient",),
                name="one_collecting_notification_per_recipient",
            ),
        ),
        migrations.AddConstraint(
            model_name="notification",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("is_collecting", False),
                    models.Q(("attempts", 0), ("state", "pending")),
                    _connector="OR",
                ),
                name="what_was_tried_collects_no_more",
            ),
        ),
        migrations.AddConstraint(
            model_name="notification",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("destination__isnull", False), ("email", ""), ("user", None)),
                    models.Q(
                        ("channel", "email"),
                        ("destination", None),
                        ("user__isnull", False),
                        models.Q(("email", ""), _negated=True),
                    ),
                    _connector="OR",
                ),
                name="a_notification_goes_to_a_destination_or_a_person",
            ),
        ),
        migrations.AddConstraint(
            model_name="notification",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("state", "sending"), _negated=True),
                    models.Q(("lease_token__isnull", False), ("leased_until__isnull", False)),
                    _connector="OR",
                ),
                name="what_is_being_sent_has_a_lease",
            ),
        ),
        migrations.AddConstraint(
            model_name="notification",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("state", "sent"), _negated=True),
                    ("sent_at__isnull", False),
                    _connector="OR",
                ),
                name="a_sent_notification_knows_when",
            ),
        ),
        migrations.AddConstraint(
            model_name="notification",
            constraint=models.CheckConstraint(
                condition=models.Q(("state__in", ["pending", "sending", "sent", "dead"])),
                name="a_notification_is_in_one_of_four_states",
            ),
        ),
        migrations.AddConstraint(
            model_name="notification",
            constraint=models.CheckConstraint(
                condition=models.Q(("channel__in", ["email", "webhook", "slack"])),
                name="a_notification_goes_by_one_of_three_channels",
            ),
        ),
        migrations.AddConstraint(
            model_name="silence",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("ends_at__isnull", False), ("alert__isnull", False), _connector="OR"
                ),
                name="a_silence_ends",
            ),
        ),
        migrations.AddConstraint(
            model_name="silence",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("ends_at", None), ("ends_at__gt", models.F("starts_at")), _connector="OR"
                ),
                name="a_silence_ends_after_it_started",
            ),
        ),
        migrations.AddConstraint(
            model_name="silence",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("alert", None),
                    ("error_code", ""),
                    ("integration", None),
                    ("provider", ""),
                    ("rule", None),
                    ("service", ""),
                    ("user", None),
                    _negated=True,
                ),
                name="a_silence_says_what_it_hides",
            ),
        ),
        migrations.AddConstraint(
            model_name="notificationitem",
            constraint=models.UniqueConstraint(
                fields=("alert", "event", "recipient"),
                name="nobody_is_told_an_event_of_an_alert_twice",
            ),
        ),
        migrations.AddConstraint(
            model_name="notificationitem",
            constraint=models.UniqueConstraint(
                fields=("notice", "event", "recipient"), name="nobody_is_told_a_notice_twice"
            ),
        ),
        migrations.AddConstraint(
            model_name="notificationitem",
            constraint=models.CheckConstraint(
                condition=models.Q(("alert", None), ("notice", None), _connector="XOR"),
                name="an_item_tells_of_an_alert_or_of_a_notice",
            ),
        ),
        migrations.AddConstraint(
            model_name="notificationitem",
            constraint=models.CheckConstraint(
                condition=models.Q(("event__in", ["opened", "escalated", "recovered"])),
                name="an_item_tells_one_of_three_events",
            ),
        ),
    ]
