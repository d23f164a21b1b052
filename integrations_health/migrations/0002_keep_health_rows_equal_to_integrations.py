"""Let PostgreSQL itself hold an integration and its health row together.

Creating an integration, by whatever means, creates its health row. What the health row copies is
kept equal by a foreign key over all copied columns, and neither row can be without the other.
"""

from django.db import migrations

COPIES_FOLLOW = """
ALTER TABLE integration_health_checks ADD CONSTRAINT a_health_row_equals_its_integration
    FOREIGN KEY (integration_id, user_id, service, provider, enabled)
    REFERENCES user_integrations (id, user_id, service, provider, enabled)
    ON UPDATE CASCADE ON DELETE CASCADE
"""
COPIES_FOLLOW_NO_MORE = """
ALTER TABLE integration_health_checks DROP CONSTRAINT a_health_row_equals_its_integration
"""

# Once per statement, not per row: an import of many integrations costs one insert.
MAKE_HEALTH_ROWS = """
CREATE FUNCTION make_health_rows() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO integration_health_checks (integration_id, user_id, service, provider, enabled)
    SELECT id, user_id, service, provider, enabled FROM new_integrations;
    RETURN NULL;
END
$$;
CREATE TRIGGER a_new_integration_gets_a_health_row
    AFTER INSERT ON user_integrations REFERENCING NEW TABLE AS new_integrations
    FOR EACH STATEMENT EXECUTE FUNCTION make_health_rows()
"""
MAKE_HEALTH_ROWS_NO_MORE = """
DROP TRIGGER a_new_integration_gets_a_health_row ON user_integrations;
DROP FUNCTION make_health_rows()
"""

# Deferred, because for a moment within each insert and delete the health row is missing.
NONE_WITHOUT_HEALTH = """
ALTER TABLE user_integrations ADD CONSTRAINT every_integration_has_a_health_row
    FOREIGN KEY (id) REFERENCES integration_health_checks (integration_id)
    DEFERRABLE INITIALLY DEFERRED
"""
NONE_WITHOUT_HEALTH_NO_MORE = """
ALTER TABLE user_integrations DROP CONSTRAINT every_integration_has_a_health_row
"""


class Migration(migrations.Migration):
    dependencies = [("integrations_health", "0001_watch_integrations")]

    operations = [
        migrations.RunSQL(COPIES_FOLLOW, COPIES_FOLLOW_NO_MORE),
        migrations.RunSQL(MAKE_HEALTH_ROWS, MAKE_HEALTH_ROWS_NO_MORE),
        migrations.RunSQL(NONE_WITHOUT_HEALTH, NONE_WITHOUT_HEALTH_NO_MORE),
    ]
