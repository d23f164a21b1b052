"""Make the tables of people, integrations and their health."""

import uuid

import django.contrib.auth.models
import django.contrib.auth.validators
import django.contrib.postgres.functions
import django.core.validators
import django.db.models.deletion
import django.db.models.expressions
import django.db.models.functions.datetime
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models

import integrations_health.fields
import integrations_health.timezones


class Migration(migrations.Migration):
    initial = True

    dependencies = [
        ("auth", "0012_alter_user_first_name_max_length"),
    ]

    operations = [
        migrations.CreateModel(
            name="Heartbeat",
            fields=[
                ("name", models.CharField(max_length=50, primary_key=True, serialize=False)),
                ("beaten_at", models.DateTimeField()),
            ],
            options={
                "db_table": "monitor_heartbeats",
            },
        ),
        migrations.CreateModel(
            name="ProviderBudget",
            fields=[
                ("provider", models.CharField(max_length=50, primary_key=True, serialize=False)),
                ("calls_per_minute", models.PositiveIntegerField(blank=True, null=True)),
                ("remaining", models.PositiveIntegerField(blank=True, null=True)),
                ("remaining_at", models.DateTimeField(blank=True, null=True)),
                (
                    "sweep_next_at",
                    models.DateTimeField(db_default=django.db.models.functions.datetime.Now()),
                ),
                (
                    "manual_next_at",
                    models.DateTimeField(db_default=django.db.models.functions.datetime.Now()),
                ),
                ("blocked_until", models.DateTimeField(blank=True, null=True)),
            ],
            options={
                "db_table": "provider_budgets",
            },
        ),
        migrations.CreateModel(
            name="User",
            fields=[
                ("password", models.CharField(max_length=128, verbose_name="password")),
                (
                    "last_login",
                    models.DateTimeField(blank=True, null=True, verbose_name="last login"),
                ),
                (
                    "is_superuser",
                    models.BooleanField(
                        default=False,
                        help_text=(
                            "Designates that this user has all permissions without explicitly "
                            "assigning them."
                        ),
                        verbose_name="superuser status",
                    ),
                ),
                (
                    "username",
                    models.CharField(
                        error_messages={"unique": "A user with that username already exists."},
                        help_text=(
                            "Required. 150 characters or fewer. Letters, digits and @/./+/-/_ only."
                        ),
                        max_length=150,
                        unique=True,
                        validators=[django.contrib.auth.validators.UnicodeUsernameValidator()],
                        verbose_name="username",
                    ),
                ),
                (
                    "first_name",
                    models.CharField(blank=True, max_length=150, verbose_name="first name"),
                ),
                (
                    "last_name",
                    models.CharField(blank=True, max_length=150, verbose_name="last name"),
                ),
                (
                    "email",
                    models.EmailField(blank=True, max_length=254, verbose_name="email address"),
                ),
                (
                    "is_staff",
                    models.BooleanField(
                        default=False,
                        help_text="Designates whether the user can log into this admin site.",
                        verbose_name="staff status",
                    ),
                ),
                (
                    "is_active",
                    models.BooleanField(
                        default=True,
                        help_text=(
                            "Designates whether this user should be treated as active. Unselect "
                            "this instead of deleting accounts."
                        ),
                        verbose_name="active",
                    ),
                ),
                (
                    "date_joined",
                    models.DateTimeField(
                        default=django.utils.timezone.now, verbose_name="date joined"
                    ),
                ),
                (
                    "id",
                    models.UUIDField(
                        default=uuid.uuid4, editable=False, primary_key=True, serialize=False
                    ),
                ),
                (
                    "external_id",
                    models.CharField(blank=True, max_length=255, null=True, unique=True),
                ),
                (
                    "timezone",
                    models.CharField(
                        default="UTC",
                        max_length=64,
                        validators=[integrations_health.timezones.validate_time_zone],
                    ),
                ),
                (
                    "groups",
                    models.ManyToManyField(
                        blank=True,
                        help_text=(
                            "The groups this user belongs to. A user will get all permissions "
                            "granted to each of their groups."
                        ),
                        related_name="user_set",
                        related_query_name="user",
                        to="auth.group",
                        verbose_name="groups",
                    ),
                ),
                (
                    "user_permissions",
                    models.ManyToManyField(
                        blank=True,
                        help_text="Specific permissions for this user.",
                        related_name="user_set",
                        related_query_name="user",
                        to="auth.permission",
                        verbose_name="user permissions",
                    ),
                ),
            ],
            options={
                "db_table": "users",
            },
            managers=[
                ("objects", django.contrib.auth.models.UserManager()),
            ],
        ),
        migrations.CreateModel(
            name="Integration",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        db_default=django.contrib.postgres.functions.RandomUUID(),
                        default=uuid.uuid4,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                ("service", models.CharField(max_length=50)),
                ("provider", models.CharField(max_length=50)),
                ("server_instance_id", models.CharField(max_length=255)),
                (
                    "display_name",
                    models.CharField(blank=True, db_default="", default="", max_length=200),
                ),
                ("enabled", models.BooleanField(db_default=True, default=True)),
                (
                    "interval_seconds",
                    models.PositiveIntegerField(
                        db_default=300,
                        default=300,
                        validators=[
                            django.core.validators.MinValueValidator(60),
                            django.core.validators.MaxValueValidator(3600),
                        ],
                    ),
                ),
                (
                    "probe_policy",
                    models.CharField(
                        choices=[
                            ("always", "at every check"),
                            ("every_nth", "at every n-th check"),
                            ("on_suspicion", "only on suspicion"),
                        ],
                        db_default="always",
                        default="always",
                        max_length=20,
                    ),
                ),
                (
                    "probe_every",
                    models.PositiveSmallIntegerField(
                        db_default=12,
                        default=12,
                        validators=[
                            django.core.validators.MinValueValidator(2),
                            django.core.validators.MaxValueValidator(1000),
                        ],
                    ),
                ),
                (
                    "probe_tool",
                    models.CharField(blank=True, db_default="", default="", max_length=200),
                ),
                ("probe_arguments", models.JSONField(blank=True, null=True)),
                (
                    "provider_user_id",
                    models.CharField(blank=True, db_default="", default="", max_length=255),
                ),
                (
                    "auth_config_id",
                    models.CharField(blank=True, db_default="", default="", max_length=255),
                ),
                (
                    "server_url",
                    integrations_health.fields.EncryptedTextField(
                        blank=True, db_default="", default=""
                    ),
                ),
                (
                    "server_token",
                    integrations_health.fields.EncryptedTextField(
                        blank=True, db_default="", default=""
                    ),
                ),
                ("connected_at", models.DateTimeField(blank=True, null=True)),
                (
                    "created_at",
                    models.DateTimeField(
                        db_default=django.db.models.functions.datetime.Now(), editable=False
                    ),
                ),
                (
                    "updated_at",
                    models.DateTimeField(
                        auto_now=True, db_default=django.db.models.functions.datetime.Now()
                    ),
                ),
                (
                    "user",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="integrations",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "db_table": "user_integrations",
            },
        ),
        migrations.CreateModel(
            name="HealthCheck",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        db_default=django.contrib.postgres.functions.RandomUUID(),
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                ("service", models.CharField(max_length=50)),
                ("provider", models.CharField(max_length=50)),
                ("enabled", models.BooleanField()),
                (
                    "status",
                    models.CharField(
                        choices=[
                            ("unknown", "unknown"),
                            ("healthy", "healthy"),
                            ("degraded", "degraded"),
                            ("unhealthy", "unhealthy"),
                        ],
                        db_default="unknown",
                        max_length=20,
                    ),
                ),
                ("response_time_ms", models.PositiveIntegerField(blank=True, null=True)),
                ("last_check_at", models.DateTimeField(blank=True, null=True)),
                (
                    "next_check_at",
                    models.DateTimeField(db_default=django.db.models.functions.datetime.Now()),
                ),
                ("consecutive_failures", models.PositiveIntegerField(db_default=0)),
                ("error_message", models.TextField(blank=True, db_default="")),
                ("error_code", models.CharField(blank=True, db_default="", max_length=50)),
                (
                    "metadata",
                    models.JSONField(blank=True, db_default=models.Value({}, models.JSONField())),
                ),
                (
                    "created_at",
                    models.DateTimeField(
                        db_default=django.db.models.functions.datetime.Now(), editable=False
                    ),
                ),
                (
                    "updated_at",
                    models.DateTimeField(
                        db_default=django.db.models.functions.datetime.Now(), editable=False
                    ),
                ),
                ("check_seq", models.BigIntegerField(db_default=0)),
                ("applied_seq", models.BigIntegerField(db_default=0)),
                ("slot_at", models.DateTimeField(blank=True, null=True)),
                ("leased_until", models.DateTimeField(blank=True, null=True)),
                ("crash_count", models.PositiveSmallIntegerField(db_default=0)),
                ("parked_at", models.DateTimeField(blank=True, null=True)),
                ("ok_streak", models.PositiveIntegerField(db_default=0)),
                ("failing_streak", models.PositiveIntegerField(db_default=0)),
                ("suspected_at", models.DateTimeField(blank=True, null=True)),
                ("active_since", models.DateTimeField(blank=True, null=True)),
                ("status_since", models.DateTimeField(blank=True, null=True)),
                ("state_version", models.BigIntegerField(db_default=0)),
                (
                    "user",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "integration",
                    models.OneToOneField(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="health",
                        to="integrations_health.integration",
                    ),
                ),
            ],
            options={
                "db_table": "integration_health_checks",
            },
        ),
        migrations.CreateModel(
            name="MonitoringGap",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("started_at", models.DateTimeField()),
                ("ended_at", models.DateTimeField()),
            ],
            options={
                "db_table": "monitoring_gaps",
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("ended_at__gt", models.F("started_at"))),
                        name="a_gap_ends_after_it_started",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="ProviderIncident",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=uuid.uuid4, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("provider", models.CharField(max_length=50)),
                ("service", models.CharField(blank=True, default="", max_length=50)),
                ("cause", models.CharField(max_length=50)),
                (
                    "opened_at",
                    models.DateTimeField(db_default=django.db.models.functions.datetime.Now()),
                ),
                ("closed_at", models.DateTimeField(blank=True, null=True)),
                ("affected_users", models.PositiveIntegerField(default=0)),
            ],
            options={
                "db_table": "provider_incidents",
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("closed_at", None)),
                        fields=("provider", "service"),
                        name="one_open_incident_per_provider_and_service",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("closed_at", None),
                            ("closed_at__gte", models.F("opened_at")),
                            _connector="OR",
                        ),
                        name="an_incident_closes_after_it_opened",
                    ),
                ],
            },
        ),
        migrations.AddConstraint(
            model_name="integration",
            constraint=models.UniqueConstraint(
                fields=("provider", "server_instance_id", "user", "service"),
                name="one_integration_per_user_service_and_connection",
            ),
        ),
        migrations.AddConstraint(
            model_name="integration",
            constraint=models.UniqueConstraint(
                fields=("id", "user", "service", "provider", "enabled"),
                name="a_health_row_can_copy_its_integration",
            ),
        ),
        migrations.AddConstraint(
            model_name="integration",
            constraint=models.CheckConstraint(
                condition=models.Q(("interval_seconds__gte", 60), ("interval_seconds__lte", 3600)),
                name="interval_is_a_minute_to_an_hour",
            ),
        ),
        migrations.AddConstraint(
            model_name="integration",
            constraint=models.CheckConstraint(
                condition=models.Q(("probe_every__gte", 2)),
                name="every_nth_probe_means_at_least_two",
            ),
        ),
        migrations.AddConstraint(
            model_name="integration",
            constraint=models.CheckConstraint(
                condition=models.Q(("probe_policy__in", ["always", "every_nth", "on_suspicion"])),
                name="probe_policy_is_one_of_the_three",
            ),
        ),
        migrations.AddConstraint(
            model_name="integration",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("provider", ""), _negated=True),
                    models.Q(("service", ""), _negated=True),
                ),
                name="an_integration_names_its_provider_and_service",
            ),
        ),
        migrations.AddIndex(
            model_name="healthcheck",
            index=models.Index(fields=["user", "service"], name="idx_health_user_service"),
        ),
        migrations.AddIndex(
            model_name="healthcheck",
            index=models.Index(
                condition=models.Q(("enabled", True)),
                fields=["provider", "next_check_at"],
                name="idx_health_next_check",
            ),
        ),
        migrations.AddIndex(
            model_name="healthcheck",
            index=models.Index(fields=["status"], name="idx_health_status"),
        ),
        migrations.AddConstraint(
            model_name="healthcheck",
            constraint=models.CheckConstraint(
                condition=models.Q(("applied_seq__lte", models.F("check_seq"))),
                name="no_result_is_applied_before_its_claim",
            ),
        ),
        migrations.AddConstraint(
            model_name="healthcheck",
            constraint=models.CheckConstraint(
                condition=models.Q(("status__in", ["unknown", "healthy", "degraded", "unhealthy"])),
                name="status_is_one_of_the_four",
            ),
        ),
        migrations.AddConstraint(
            model_name="healthcheck",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("status", "healthy"), _negated=True),
                    ("consecutive_failures", 0),
                    _connector="OR",
                ),
                name="a_healthy_integration_has_no_failures_in_a_row",
            ),
        ),
    ]
