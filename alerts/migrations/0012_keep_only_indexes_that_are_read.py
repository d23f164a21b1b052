"""Keep only the indexes that somebody reads, each without the rows that nobody looks for by it.

Every alert that opens writes all of them, and each foreign key is asked about every row: what only
tells of a row, or remembers something for it, is no longer held against it (ADR 37).
"""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("alerts", "0014_know_since_when"),
        ("integrations_health", "0014_count_tries_to_sign_in"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.RemoveConstraint(
            model_name="alert",
            name="one_open_alert_per_rule_and_integration",
        ),
        migrations.RemoveConstraint(
            model_name="cooldown",
            name="one_cooldown_per_rule_and_integration",
        ),
        migrations.RemoveConstraint(
            model_name="notificationitem",
            name="nobody_is_told_a_notice_twice",
        ),
        migrations.RemoveIndex(
            model_name="alert",
            name="idx_alerts_open_by_integration",
        ),
        migrations.RemoveIndex(
            model_name="decision",
            name="idx_decisions_by_age",
        ),
        migrations.AlterField(
            model_name="alert",
            name="acknowledged_by",
            field=models.ForeignKey(
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AlterField(
            model_name="alert",
            name="incident",
            field=models.ForeignKey(
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="alerts",
                to="integrations_health.providerincident",
            ),
        ),
        migrations.AlterField(
            model_name="alert",
            name="recovers",
            field=models.ForeignKey(
                blank=True,
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="+",
                to="alerts.alert",
            ),
        ),
        migrations.AlterField(
            model_name="alert",
            name="resolved_by",
            field=models.ForeignKey(
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AlterField(
            model_name="cooldown",
            name="integration",
            field=models.ForeignKey(
                db_constraint=False,
                db_index=False,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="+",
                to="integrations_health.integration",
            ),
        ),
        migrations.AlterField(
            model_name="cooldown",
            name="rule",
            field=models.ForeignKey(
                db_constraint=False,
                db_index=False,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="+",
                to="alerts.alertrule",
            ),
        ),
        migrations.AlterField(
            model_name="decision",
            name="actor",
            field=models.ForeignKey(
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AlterField(
            model_name="decision",
            name="alert",
            field=models.ForeignKey(
                db_constraint=False,
                db_index=False,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="decisions",
                to="alerts.alert",
            ),
        ),
        migrations.AlterField(
            model_name="notification",
            name="destination",
            field=models.ForeignKey(
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="notifications",
                to="alerts.destination",
            ),
        ),
        migrations.AlterField(
            model_name="notification",
            name="replays",
            field=models.ForeignKey(
                blank=True,
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="replayed_by",
                to="alerts.notification",
            ),
        ),
        migrations.AlterField(
            model_name="notification",
            name="user",
            field=models.ForeignKey(
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AlterField(
            model_name="notificationitem",
            name="alert",
            field=models.ForeignKey(
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="notification_items",
                to="alerts.alert",
            ),
        ),
        migrations.AlterField(
            model_name="notificationitem",
            name="notice",
            field=models.ForeignKey(
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="notification_items",
                to="alerts.staffnotice",
            ),
        ),
        migrations.AddIndex(
            model_name="alert",
            index=models.Index(
                condition=models.Q(("incident__isnull", False)),
                fields=["incident"],
                name="idx_alerts_incident",
            ),
        ),
        migrations.AddIndex(
            model_name="alert",
            index=models.Index(
                condition=models.Q(("acknowledged_by__isnull", False)),
                fields=["acknowledged_by"],
                name="idx_alerts_acknowledged_by",
            ),
        ),
        migrations.AddIndex(
            model_name="alert",
            index=models.Index(
                condition=models.Q(("resolved_by__isnull", False)),
                fields=["resolved_by"],
                name="idx_alerts_resolved_by",
            ),
        ),
        migrations.AddIndex(
            model_name="decision",
            index=models.Index(
                condition=models.Q(("actor__isnull", False)),
                fields=["actor"],
                name="idx_decisions_actor",
            ),
        ),
        migrations.AddIndex(
            model_name="notification",
            index=models.Index(
                condition=models.Q(("destination__isnull", False)),
                fields=["destination"],
                name="idx_notifications_destination",
            ),
        ),
        migrations.AddIndex(
            model_name="notification",
            index=models.Index(
                condition=models.Q(("user__isnull", False)),
                fields=["user"],
                name="idx_notifications_user",
            ),
        ),
        migrations.AddIndex(
            model_name="notification",
            index=models.Index(
                condition=models.Q(("replays__isnull", False)),
                fields=["replays"],
                name="idx_notifications_replays",
            ),
        ),
        migrations.AddConstraint(
            model_name="alert",
            constraint=models.UniqueConstraint(
                condition=models.Q(("resolved_at", None)),
                fields=("integration", "rule"),
                name="one_open_alert_per_rule_and_integration",
            ),
        ),
        migrations.AddConstraint(
            model_name="alert",
            constraint=models.UniqueConstraint(
                condition=models.Q(("recovers__isnull", False)),
                fields=("recovers",),
                name="an_alert_has_one_all_clear",
            ),
        ),
        migrations.AddConstraint(
            model_name="cooldown",
            constraint=models.UniqueConstraint(
                fields=("integration", "rule"), name="one_cooldown_per_rule_and_integration"
            ),
        ),
        migrations.AddConstraint(
            model_name="notificationitem",
            constraint=models.UniqueConstraint(
                condition=models.Q(("notice__isnull", False)),
                fields=("notice", "event", "recipient"),
                name="nobody_is_told_a_notice_twice",
            ),
        ),
    ]
