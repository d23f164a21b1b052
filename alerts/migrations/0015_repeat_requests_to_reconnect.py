"""Count how often the same was told: a link to reconnect runs out, and may be sent anew."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("alerts", "0014_tell_staff_of_incidents"),
    ]

    operations = [
        migrations.AddField(
            model_name="notificationitem",
            name="repeats",
            field=models.PositiveSmallIntegerField(db_default=0, default=0),
        ),
    ]
