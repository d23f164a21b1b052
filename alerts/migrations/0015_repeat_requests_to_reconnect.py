"""Let an owner be asked to reconnect once more when the link that they were sent has run out."""

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
        migrations.RemoveConstraint(
            model_name="notificationitem", name="nobody_is_told_an_event_of_an_alert_twice"
        ),
        migrations.AddConstraint(
            model_name="notificationitem",
            constraint=models.UniqueConstraint(
                fields=["alert", "event", "recipient", "repeats"],
                name="nobody_is_told_an_event_of_an_alert_twice",
            ),
        ),
        migrations.AddConstraint(
            model_name="notificationitem",
            constraint=models.CheckConstraint(
                condition=models.Q(repeats=0) | models.Q(event="asked"),
                name="only_a_request_to_reconnect_is_repeated",
            ),
        ),
        # Last, so undone first: the constraint of old would forbid what was repeated.
        migrations.RunSQL(
            migrations.RunSQL.noop, "DELETE FROM notification_items WHERE repeats > 0"
        ),
    ]
