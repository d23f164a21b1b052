"""Let audit rows stay as they were written, and be found quickly."""

from django.db import migrations

# Only what says something: when a kind of rows is given up, Django empties `content_type_id`.
FORWARDS = """
CREATE INDEX idx_audit_of_row ON django_admin_log (content_type_id, object_id, action_time);

CREATE FUNCTION refuse_to_change_audit_rows() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'audit rows stay as they were written'
        USING ERRCODE = 'integrity_constraint_violation',
              HINT = 'Switch the account off instead of deleting it.';
END $$;

CREATE TRIGGER audit_rows_stay BEFORE DELETE OR UPDATE OF
    action_time, user_id, object_id, object_repr, action_flag, change_message
ON django_admin_log FOR EACH ROW EXECUTE FUNCTION refuse_to_change_audit_rows();
"""
BACKWARDS = """
DROP TRIGGER audit_rows_stay ON django_admin_log;
DROP FUNCTION refuse_to_change_audit_rows;
DROP INDEX idx_audit_of_row;
"""


class Migration(migrations.Migration):
    dependencies = [
        ("integrations_health", "0012_name_what_people_may_do"),
        ("admin", "0003_logentry_add_action_flag_choices"),
    ]

    operations = [migrations.RunSQL(FORWARDS, BACKWARDS)]
