"""Make the tables of the past, partitioned by UTC month.

Django can create neither a partitioned table nor a primary key that Django itself does not see:
in the table the key must hold the partition column, in the model it is the id alone.
"""

import django.contrib.postgres.functions
import django.db.models.expressions
from django.db import migrations, models

HISTORY = """
CREATE TABLE integration_health_history (
    id uuid NOT NULL,
    integration_id uuid NOT NULL,
    user_id uuid NOT NULL,
    service varchar(50) NOT NULL,
    status varchar(20) NOT NULL,
    outcome varchar(50) NOT NULL,
    response_time_ms integer CHECK (response_time_ms >= 0),
    checked_at timestamptz NOT NULL,
    error_message text NOT NULL DEFAULT '',
    error_code varchar(50) NOT NULL DEFAULT '',
    PRIMARY KEY (id, checked_at),
    CONSTRAINT status_in_history_is_one_of_the_four
        CHECK (status IN ('unknown', 'healthy', 'degraded', 'unhealthy'))
) PARTITION BY RANGE (checked_at);
CREATE INDEX idx_history_integration
    ON integration_health_history (integration_id, checked_at DESC);
CREATE INDEX idx_history_aggregation ON integration_health_history (service, checked_at)
"""

DAILY = """
CREATE TABLE integration_health_daily (
    id uuid NOT NULL DEFAULT gen_random_uuid(),
    integration_id uuid NOT NULL,
    user_id uuid NOT NULL,
    service varchar(50) NOT NULL,
    day date NOT NULL,
    checks integer NOT NULL CHECK (checks >= 0),
    healthy_checks integer NOT NULL CHECK (healthy_checks >= 0),
    degraded_checks integer NOT NULL CHECK (degraded_checks >= 0),
    unhealthy_checks integer NOT NULL CHECK (unhealthy_checks >= 0),
    observed_seconds integer NOT NULL CHECK (observed_seconds >= 0),
    downtime_seconds integer NOT NULL CHECK (downtime_seconds >= 0),
    degraded_seconds integer NOT NULL CHECK (degraded_seconds >= 0),
    p50_ms integer CHECK (p50_ms >= 0),
    p95_ms integer CHECK (p95_ms >= 0),
    PRIMARY KEY (id, day),
    CONSTRAINT one_row_per_integration_and_day UNIQUE (integration_id, day),
    CONSTRAINT no_day_is_longer_than_what_was_observed CHECK (
        observed_seconds <= 86400 AND observed_seconds >= downtime_seconds + degraded_seconds
    )
) PARTITION BY RANGE (day)
"""

IN_THE_MODELS = [
    migrations.CreateModel(
        name="HealthHistory",
        fields=[
            ("id", models.UUIDField(editable=False, primary_key=True, serialize=False)),
            ("integration_id", models.UUIDField()),
            ("user_id", models.UUIDField()),
            ("service", models.CharField(max_length=50)),
            (
                "status",
                models.CharField(
                    choices=[
                        ("unknown", "unknown"),
                        ("healthy", "healthy"),
                        ("degraded", "degraded"),
                        ("unhealthy", "unhealthy"),
                    ],
                    max_length=20,
                ),
            ),
            ("outcome", models.CharField(max_length=50)),
            ("response_time_ms", models.PositiveIntegerField(null=True)),
            ("checked_at", models.DateTimeField()),
            ("error_message", models.TextField(blank=True, default="")),
            ("error_code", models.CharField(blank=True, default="", max_length=50)),
        ],
        options={
            "verbose_name_plural": "health history",
            "db_table": "integration_health_history",
            "indexes": [
                models.Index(
                    fields=["integration_id", "-checked_at"], name="idx_history_integration"
                ),
                models.Index(fields=["service", "checked_at"], name="idx_history_aggregation"),
            ],
            "constraints": [
                models.CheckConstraint(
                    condition=models.Q(
                        ("status__in", ["unknown", "healthy", "degraded", "unhealthy"])
                    ),
                    name="status_in_history_is_one_of_the_four",
                )
            ],
        },
    ),
    migrations.CreateModel(
        name="DailyHealth",
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
            ("integration_id", models.UUIDField()),
            ("user_id", models.UUIDField()),
            ("service", models.CharField(max_length=50)),
            ("day", models.DateField()),
            ("checks", models.PositiveIntegerField()),
            ("healthy_checks", models.PositiveIntegerField()),
            ("degraded_checks", models.PositiveIntegerField()),
            ("unhealthy_checks", models.PositiveIntegerField()),
            ("observed_seconds", models.PositiveIntegerField()),
            ("downtime_seconds", models.PositiveIntegerField()),
            ("degraded_seconds", models.PositiveIntegerField()),
            ("p50_ms", models.PositiveIntegerField(null=True)),
            ("p95_ms", models.PositiveIntegerField(null=True)),
        ],
        options={
            "verbose_name_plural": "daily health",
            "db_table": "integration_health_daily",
            "constraints": [
                models.UniqueConstraint(
                    fields=("integration_id", "day"), name="one_row_per_integration_and_day"
                ),
                models.CheckConstraint(
                    condition=models.Q(
                        (
                            "observed_seconds__gte",
                            django.db.models.expressions.CombinedExpression(
                                models.F("downtime_seconds"), "+", models.F("degraded_seconds")
                            ),
                        ),
                        ("observed_seconds__lte", 86400),
                    ),
                    name="no_day_is_longer_than_what_was_observed",
                ),
            ],
        },
    ),
]


class Migration(migrations.Migration):
    dependencies = [("integrations_health", "0003_leave_room_for_updates")]

    operations = [
        migrations.SeparateDatabaseAndState(
            database_operations=[
                migrations.RunSQL(HISTORY, "DROP TABLE integration_health_history"),
                migrations.RunSQL(DAILY, "DROP TABLE integration_health_daily"),
            ],
            state_operations=IN_THE_MODELS,
        ),
        migrations.CreateModel(
            name="RolledUpDay",
            fields=[
                ("day", models.DateField(primary_key=True, serialize=False)),
                ("is_final", models.BooleanField()),
            ],
            options={"db_table": "rolled_up_days"},
        ),
    ]
