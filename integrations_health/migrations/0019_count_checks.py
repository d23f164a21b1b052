"""Count checks for Prometheus, and keep what the last hour came to."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("integrations_health", "0018_notice_incidents"),
    ]

    operations = [
        migrations.CreateModel(
            name="CheckCount",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("provider", models.CharField(max_length=50)),
                ("service", models.CharField(max_length=50)),
                ("outcome", models.CharField(max_length=50)),
                ("checks", models.IntegerField()),
            ],
            options={
                "db_table": "check_counts",
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("checks__gt", 0)), name="what_is_counted_is_some"
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="CheckTotal",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("provider", models.CharField(max_length=50)),
                ("service", models.CharField(max_length=50)),
                ("outcome", models.CharField(max_length=50)),
                ("checks", models.BigIntegerField()),
            ],
            options={
                "db_table": "check_totals",
                "constraints": [
                    models.UniqueConstraint(
                        fields=("provider", "service", "outcome"),
                        name="one_total_per_provider_service_and_outcome",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("checks__gt", 0)), name="a_total_is_of_some"
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="RecentChecks",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("service", models.CharField(max_length=50)),
                ("status", models.CharField(max_length=20)),
                ("checks", models.PositiveIntegerField()),
                ("average_ms", models.FloatField(null=True)),
                ("p95_ms", models.FloatField(null=True)),
            ],
            options={
                "verbose_name_plural": "recent checks",
                "db_table": "recent_checks",
                "constraints": [
                    models.UniqueConstraint(
                        fields=("service", "status"),
                        name="one_row_per_service_and_status_of_an_hour",
                    )
                ],
            },
        ),
    ]
