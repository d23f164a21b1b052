"""Know of an alert since when it is so: its first failure comes before its third."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("alerts", "0010_list_alerts_of_a_person")]

    operations = [
        migrations.AddField(
            model_name="alert",
            name="began_at",
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.AddConstraint(
            model_name="alert",
            constraint=models.CheckConstraint(
                condition=models.Q(("began_at", None))
                | models.Q(("began_at__lte", models.F("created_at"))),
                name="an_alert_begins_before_it_opens",
            ),
        ),
    ]
