from django.contrib.auth.management import create_permissions
from django.db import migrations, models

NAME = "send_reauth_link"
REASONS = [
    ("rule_disabled", "rule disabled"),
    ("acknowledged", "acknowledged"),
    ("incident", "incident"),
    ("many_at_once", "many at once"),
    ("maintenance", "maintenance"),
    ("silence", "silence"),
    ("no_destination", "no destination"),
    ("cooldown", "cooldown"),
]


def grant(apps, schema_editor):
    """Let whoever may acknowledge alerts in a role also send owners a link."""
    using = schema_editor.connection.alias
    config = next(one for one in apps.get_app_configs() if one.label == "alerts")
    # Django would make it only after the last migration.
    before = getattr(config, "models_module", None)
    config.models_module = True
    create_permissions(config, verbosity=0, using=using, apps=apps)
    config.models_module = before
    permissions = apps.get_model("auth", "Permission").objects.using(using)
    of_alerts = permissions.filter(content_type__app_label="alerts")
    new = of_alerts.get(codename=NAME)
    groups = apps.get_model("auth", "Group").objects.using(using)
    for group in groups.filter(
        name__in=["support", "operator", "admin"],
        permissions__in=of_alerts.filter(codename="acknowledge_alert"),
    ):
        group.permissions.add(new)


class Migration(migrations.Migration):
    dependencies = [
        ("alerts", "0012_keep_only_indexes_that_are_read"),
        ("integrations_health", "0015_keep_reauth_requests"),
    ]

    operations = [
        migrations.AlterModelOptions(
            name="alert",
            options={
                "permissions": (
                    ("acknowledge_alert", "Can acknowledge alerts, and take that back"),
                    ("resolve_alert", "Can resolve alerts by hand"),
                    ("send_reauth_link", "Can send owners a link to reconnect"),
                )
            },
        ),
        migrations.AlterField(
            model_name="alert",
            name="held_back",
            field=models.CharField(
                blank=True, choices=REASONS, db_default="", default="", max_length=20
            ),
        ),
        migrations.AlterField(
            model_name="notificationitem",
            name="event",
            field=models.CharField(
                choices=[
                    ("opened", "Opened"),
                    ("escalated", "Escalated"),
                    ("recovered", "Recovered"),
                    ("asked", "Asked to reconnect"),
                ],
                max_length=20,
            ),
        ),
        migrations.RemoveConstraint(
            model_name="notificationitem", name="an_item_tells_one_of_three_events"
        ),
        migrations.AddConstraint(
            model_name="notificationitem",
            constraint=models.CheckConstraint(
                condition=models.Q(event__in=["opened", "escalated", "recovered", "asked"]),
                name="an_item_tells_one_of_four_events",
            ),
        ),
        # Undone, it stays: who has a role keeps it.
        migrations.RunPython(grant, migrations.RunPython.noop),
    ]
