from django.db import migrations, models
from django.db.models import Q


class Migration(migrations.Migration):
    dependencies = [("alerts", "0007_bring_the_roles")]

    operations = [
        migrations.AddIndex(
            "notification",
            models.Index(
                fields=["channel"], condition=Q(state="dead"), name="idx_notifications_dead"
            ),
        )
    ]
