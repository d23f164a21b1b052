"""Make the table of each provider's days, over everybody.

It is filled from now on: of the days before it is not known who was to blame.
"""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("integrations_health", "0008_tell_outages_from_users_own_downtime")]

    operations = [
        migrations.CreateModel(
            name="ProviderDay",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("day", models.DateField()),
                ("provider", models.CharField(max_length=50)),
                ("service", models.CharField(blank=True, default="", max_length=50)),
                ("users", models.PositiveIntegerField()),
                ("observed_seconds", models.BigIntegerField()),
                ("outage_seconds", models.BigIntegerField()),
                ("impaired_seconds", models.BigIntegerField()),
            ],
            options={
                "db_table": "provider_days",
                "constraints": [
                    models.UniqueConstraint(
                        fields=["day", "provider", "service"],
                        name="one_row_per_provider_service_and_day",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            observed_seconds__gte=models.F("outage_seconds")
                            + models.F("impaired_seconds")
                        ),
                        name="no_provider_fails_longer_than_it_was_observed",
                    ),
                ],
            },
        ),
    ]
