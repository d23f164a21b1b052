"""Let the key of a health row be its integration, so that each check writes one index less.

The column `id` stays in the table and keeps its values, for the release before this one and for
whoever reads the table beside us; nothing looks for it any more.
"""

import django.db.models.deletion
from django.db import migrations, models

# Claims take the one table first and registrations the other, so this gives way sooner than anybody
# is told of a deadlock (after a second), and tries again.
_LOCK = """
DO $$
BEGIN
    FOR tries IN 1..60 LOOP
        BEGIN
            SET LOCAL lock_timeout = '200ms';
            LOCK TABLE integration_health_checks, user_integrations IN ACCESS EXCLUSIVE MODE;
            RETURN;
        EXCEPTION WHEN lock_not_available THEN
            PERFORM pg_sleep(0.1);
        END;
    END LOOP;
    RAISE EXCEPTION 'somebody holds integrations for long: run migrate again when they are done';
END $$
"""
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
