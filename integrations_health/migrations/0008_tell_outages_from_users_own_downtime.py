"""Keep apart which part of a day's downtime the provider or the service was to blame for.

Days that were rolled up before know no such part.
"""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("integrations_health", "0007_list_integrations_in_order")]

    operations = [
        migrations.AddField(
            model_name="dailyhealth",
            name="outage_seconds",
            field=models.PositiveIntegerField(db_default=0, default=0),
        ),
        migrations.AddField(
            model_name="dailyhealth",
            name="impaired_seconds",
            field=models.PositiveIntegerField(db_default=0, default=0),
        ),
        migrations.AddConstraint(
            model_name="dailyhealth",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    outage_seconds__lte=models.F("downtime_seconds"),
                    impaired_seconds__lte=models.F("degraded_seconds"),
                ),
                name="no_outage_is_longer_than_the_downtime",
            ),
        ),
    ]
