"""Notice incidents ourselves, and remember from look to look what was seen."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("integrations_health", "0017_hold_claims_in_rows_of_their_own"),
    ]

    operations = [
        migrations.AddField(
            model_name="providerincident",
            name="holds_checks",
            field=models.BooleanField(db_default=False),
        ),
        migrations.AddField(
            model_name="providerincident",
            name="is_detected",
            field=models.BooleanField(db_default=False),
        ),
        migrations.CreateModel(
            name="OutageStreak",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("provider", models.CharField(blank=True, max_length=50)),
                ("service", models.CharField(blank=True, max_length=50)),
                ("looks", models.PositiveSmallIntegerField(default=0)),
                ("is_towards_end", models.BooleanField(default=False)),
                ("judged_at", models.DateTimeField(blank=True, null=True)),
                ("asked_at", models.DateTimeField(blank=True, null=True)),
            ],
            options={
                "db_table": "outage_streaks",
                "constraints": [
                    models.UniqueConstraint(
                        fields=("provider", "service"), name="one_streak_per_provider_and_service"
                    )
                ],
            },
        ),
    ]
