"""A list of everybody's integrations is read in the order in which they were made."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("integrations_health", "0006_limit_manual_checks")]

    operations = [
        migrations.AddIndex(
            model_name="integration",
            index=models.Index(fields=["created_at", "id"], name="idx_integration_in_order"),
        ),
    ]
