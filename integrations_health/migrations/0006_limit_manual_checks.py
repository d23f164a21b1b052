"""The instant of the last manual check stands in the row that it limits."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("integrations_health", "0005_keep_api_keys")]

    operations = [
        migrations.AddField(
            model_name="healthcheck",
            name="manual_at",
            field=models.DateTimeField(blank=True, null=True),
        ),
    ]
