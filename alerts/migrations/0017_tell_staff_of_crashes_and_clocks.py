"""Let a notice to staff tell of checks that fail by our fault, and of wrong clocks."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("alerts", "0016_let_requests_to_reconnect_differ"),
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
                    ("checks_fail", "our own checks fail"),
                    ("check_parked", "a check ends its process"),
                    ("wrong_clock", "a machine's clock is wrong"),
                    ("provider_incident", "a provider fails for many"),
                ],
                max_length=30,
            ),
        ),
    ]
