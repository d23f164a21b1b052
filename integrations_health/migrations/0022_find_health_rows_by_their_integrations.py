"""Let a user's health rows be found by their integrations: each check writes an index less."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("integrations_health", "0021_know_health_rows_by_their_integration")]

    operations = [
        migrations.RemoveIndex(model_name="healthcheck", name="idx_health_user_service"),
        migrations.AlterField(
            model_name="healthcheck",
            name="user",
            field=models.ForeignKey(
                db_constraint=False,
                db_index=False,
                on_delete=django.db.models.deletion.DO_NOTHING,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
    ]
