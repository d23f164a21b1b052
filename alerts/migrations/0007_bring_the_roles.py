"""Bring the three roles of staff: support, operator, admin. Each can do what the one before can."""

from django.contrib.auth.management import create_permissions
from django.db import migrations

READ_BY_SUPPORT = {
    "integrations_health": (
        "user integration healthcheck healthhistory dailyhealth providerday rolledupday "
        "monitoringgap providerincident providerbudget heartbeat"
    ),
    "alerts": (
        "alert alertrule destination notification notificationitem staffnotice decision cooldown "
        "flap silence maintenancewindow"
    ),
}
SUPPORT = {
    "alerts": "acknowledge_alert add_silence change_silence delete_silence",
    "integrations_health": "check_integration",
}
OPERATOR = {
    "alerts": (
        "resolve_alert test_destination replay_notification "
        "add_alertrule change_alertrule delete_alertrule "
        "add_destination change_destination delete_destination "
        "add_maintenancewindow change_maintenancewindow delete_maintenancewindow"
    ),
    "integrations_health": "change_integration add_providerincident change_providerincident",
    "admin": "view_logentry",
    "django_celery_beat": "view_periodictask view_intervalschedule view_crontabschedule",
}
ADMIN = {
    "integrations_health": (
        "add_user change_user delete_user delete_integration "
        "view_apikey change_apikey delete_apikey"
    ),
    "auth": "view_group add_group change_group delete_group",
}


def bring(apps, schema_editor):
    using = schema_editor.connection.alias
    groups = apps.get_model("auth", "Group").objects.using(using)
    rights = set()
    for name, more in (("support", SUPPORT), ("operator", OPERATOR), ("admin", ADMIN)):
        rights |= _named(more)
        if name == "support":
            rights |= {
                (app, f"view_{model}")
                for app, models in READ_BY_SUPPORT.items()
                for model in models.split()
            }
        # A group that is there is somebody's own: it stays as they made it.
        group, is_new = groups.get_or_create(name=name)
        if is_new:
            group.permissions.set(_permissions(apps, rights, using=using))


def _named(more):
    return {(app, right) for app, rights in more.items() for right in rights.split()}


def _permissions(apps, rights, *, using):
    _make_permissions(apps, {app for app, _ in rights}, using=using)
    found = apps.get_model("auth", "Permission").objects.using(using)
    found = found.filter(codename__in=[right for _, right in rights]).select_related("content_type")
    chosen = [one for one in found if (one.content_type.app_label, one.codename) in rights]
    missing = rights - {(one.content_type.app_label, one.codename) for one in chosen}
    assert not missing, missing
    return chosen


def _make_permissions(apps, labels, *, using):
    """Make what Django would make only after the last migration."""
    for config in apps.get_app_configs():
        if config.label in labels:
            # Of an app as it was at some migration, Django does not know that it has models.
            before = getattr(config, "models_module", None)
            config.models_module = True
            create_permissions(config, verbosity=0, using=using, apps=apps)
            config.models_module = before


class Migration(migrations.Migration):
    dependencies = [
        ("alerts", "0006_name_what_people_may_do"),
        ("integrations_health", "0012_name_what_people_may_do"),
        ("admin", "0003_logentry_add_action_flag_choices"),
        ("auth", "0012_alter_user_first_name_max_length"),
        ("contenttypes", "0002_remove_content_type_name"),
        ("django_celery_beat", "0019_alter_periodictasks_options"),
    ]

    # Undone, they stay: who has a role keeps it.
    operations = [migrations.RunPython(bring, migrations.RunPython.noop)]
