"""Let whoever watches hear of a pause: it changes what is shown, so it raises the version.

Whoever pauses, by whatever means: the flag reaches the health row by a foreign key. Updates that do
not name the flag, as those of every check, never wake the trigger.
"""

from django.db import migrations

RAISE = """
CREATE FUNCTION raise_state_version() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.state_version := OLD.state_version + 1;
    RETURN NEW;
END
$$;
CREATE TRIGGER a_pause_raises_the_version
    BEFORE UPDATE OF enabled ON integration_health_checks
    FOR EACH ROW WHEN (OLD.enabled IS DISTINCT FROM NEW.enabled)
    EXECUTE FUNCTION raise_state_version()
"""
RAISE_NO_MORE = """
DROP TRIGGER a_pause_raises_the_version ON integration_health_checks;
DROP FUNCTION raise_state_version()
"""


class Migration(migrations.Migration):
    dependencies = [("integrations_health", "0010_index_only_what_is_not_healthy")]

    operations = [migrations.RunSQL(RAISE, RAISE_NO_MORE)]
