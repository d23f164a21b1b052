"""Bring the two rules that everybody starts with."""

from uuid import UUID

from django.db import migrations

RULES = [
    {
        "id": UUID("6f1b5a0e-3b0a-4f63-9d5b-0a1e7c1d0001"),
        "name": "Three failures in a row",
        "condition": "consecutive_failures",
        "threshold": 3,
        "severity": "critical",
        "action": "email",
        "cooldown_minutes": 60,
    },
    {
        "id": UUID("6f1b5a0e-3b0a-4f63-9d5b-0a1e7c1d0002"),
        "name": "Slower than five seconds",
        "condition": "response_time",
        "threshold": 5000,
        "severity": "warning",
        "action": "webhook",
        "cooldown_minutes": 30,
    },
]


def bring(apps, schema_editor):
    rules = apps.get_model("alerts", "AlertRule").objects
    for rule in RULES:
        rules.get_or_create(id=rule["id"], defaults=rule)


class Migration(migrations.Migration):
    dependencies = [("alerts", "0003_collect_items_into_messages")]

    # Undone, they stay: alerts tell by which rule they opened.
    operations = [migrations.RunPython(bring, migrations.RunPython.noop)]
