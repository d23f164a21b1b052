"""Find the days of trouble among all days, nine million of a month of 300,000 integrations."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("integrations_health", "0014_count_tries_to_sign_in")]

    operations = [
        migrations.AddIndex(
            model_name="dailyhealth",
            index=models.Index(
                condition=models.Q(("healthy_checks__lt", models.F("checks"))),
                fields=["day", "integration_id"],
                name="idx_daily_trouble",
            ),
        ),
    ]
