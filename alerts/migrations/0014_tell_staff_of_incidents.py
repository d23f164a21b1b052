"""Let a notice to staff tell of an incident of a provider."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("alerts", "0013_keep_only_indexes_that_are_read"),
    ]

    operations = [
        migrations.AlterField(
            model_name="staffnotice",
            name="kind",
            field=models.CharField(
                choices=[
                    ("key_rejected", "a provider refuses our key"),
                    ("probe_misconfigured", "our probe needs an update"),
                    ("destination_disabled", "a destination was switched off"),
                    ("notification_dead", "a message could not be delivered"),
                    ("provider_incident", "a provider fails for many"),
                ],
                max_length=30,
            ),
        ),
    ]
