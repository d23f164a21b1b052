"""Let a wider incident continue a narrower one."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("integrations_health", "0019_count_checks"),
    ]

    operations = [
        migrations.AddField(
            model_name="providerincident",
            name="continued_by",
            field=models.ForeignKey(
                blank=True,
                editable=False,
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="continues",
                to="integrations_health.providerincident",
            ),
        ),
        migrations.AddConstraint(
            model_name="providerincident",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("continued_by", None), ("closed_at__isnull", False), _connector="OR"
                ),
                name="an_incident_that_is_continued_is_closed",
            ),
        ),
    ]
