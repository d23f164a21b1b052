"""Let the key of a health row be its integration, so that each check writes one index less.

The column `id` stays in the table and keeps its values, for the release before this one and for
whoever reads the table beside us; nothing looks for it any more.
"""

import django.db.models.deletion
from django.db import migrations, models

# Both tables at once and in the order of the statements that read both: a claim that came between
# would end in a deadlock.
_LOCK = "LOCK TABLE integration_health_checks, user_integrations IN ACCESS EXCLUSIVE MODE"
_FREE = "ALTER TABLE user_integrations DROP CONSTRAINT every_integration_has_a_health_row"
_HOLD = """
ALTER TABLE user_integrations ADD CONSTRAINT every_integration_has_a_health_row
    FOREIGN KEY (id) REFERENCES integration_health_checks (integration_id)
    DEFERRABLE INITIALLY DEFERRED
"""
BY_INTEGRATION = """
ALTER TABLE integration_health_checks
    DROP CONSTRAINT integration_health_checks_pkey,
    DROP CONSTRAINT integration_health_checks_integration_id_key,
    ADD CONSTRAINT integration_health_checks_pkey PRIMARY KEY (integration_id)
"""
BY_ID = """
ALTER TABLE integration_health_checks
    DROP CONSTRAINT integration_health_checks_pkey,
    ADD CONSTRAINT integration_health_checks_pkey PRIMARY KEY (id),
    ADD CONSTRAINT integration_health_checks_integration_id_key UNIQUE (integration_id)
"""


class Migration(migrations.Migration):
    dependencies = [("integrations_health", "0020_continue_incidents")]

    operations = [
        migrations.RunSQL(
            [_LOCK, _FREE, BY_INTEGRATION, _HOLD],
            [_LOCK, _FREE, BY_ID, _HOLD],
            state_operations=[
                migrations.RemoveField(model_name="healthcheck", name="id"),
                migrations.AlterField(
                    model_name="healthcheck",
                    name="integration",
                    field=models.OneToOneField(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        primary_key=True,
                        related_name="health",
                        serialize=False,
                        to="integrations_health.integration",
                    ),
                ),
            ],
        ),
    ]
