"""Let the checks of a time be found by the blocks they lie in: each check writes one index less.

They are appended in the order of time, and whoever adds up a service's checks reads a stretch of
it. So an index of the blocks (BRIN) tells what is needed in a thousandth of the space. Each month
gets its own beside those who write; a run that was interrupted begins anew.
"""

from django.contrib.postgres.indexes import BrinIndex
from django.db import migrations

_INDEX = "idx_history_aggregation"
_HISTORY = "integration_health_history"
_BY_BLOCKS = "USING brin (service, checked_at) WITH (autosummarize = on)"
_BY_ROWS = "USING btree (service, checked_at)"
# Whoever reads the history for long is given way to, again and again: behind us, all would wait.
_GIVING_WAY = """
DO $$
BEGIN
    FOR tries IN 1..60 LOOP
        BEGIN
            SET LOCAL lock_timeout = '200ms';
            {statement};
            RETURN;
        EXCEPTION WHEN lock_not_available THEN
            PERFORM pg_sleep(0.1);
        END;
    END LOOP;
    RAISE EXCEPTION 'somebody reads the history for long: run migrate again when they are done';
END $$
"""
# A month that is made meanwhile comes with an index of its own.
_MONTHS = """
SELECT part.relname FROM pg_inherits link JOIN pg_class part ON part.oid = link.inhrelid
WHERE link.inhparent = %s::regclass AND NOT link.inhdetachpending AND NOT EXISTS (
    SELECT FROM pg_index own JOIN pg_inherits of_whole ON of_whole.inhrelid = own.indexrelid
    WHERE own.indrelid = part.oid AND of_whole.inhparent = %s::regclass
) ORDER BY 1
"""


def by_blocks(apps, schema_editor):
    _replace(schema_editor.connection, _BY_BLOCKS)


def by_rows(apps, schema_editor):
    _replace(schema_editor.connection, _BY_ROWS)


def _replace(connection, method):
    with connection.cursor() as cursor:
        # A month of many checks takes longer than any statement of the product may.
        cursor.execute("SET statement_timeout = 0")
        # Until nobody sees the state before it any more, its index waits; behind it, nobody does.
        cursor.execute("SET lock_timeout = 0")
        _give_way(cursor, f"DROP INDEX IF EXISTS {_INDEX}")
        _give_way(cursor, f"CREATE INDEX {_INDEX} ON ONLY {_HISTORY} {method}")
        cursor.execute(_MONTHS, [_HISTORY, _INDEX])
        for (month,) in cursor.fetchall():
            name = f"{month}_aggregation"
            _give_way(cursor, f"DROP INDEX IF EXISTS {name}")
            cursor.execute(f"CREATE INDEX CONCURRENTLY {name} ON {month} {method}")
            _give_way(cursor, f"ALTER INDEX {_INDEX} ATTACH PARTITION {name}")
        cursor.execute("RESET lock_timeout")
        cursor.execute("RESET statement_timeout")


def _give_way(cursor, statement):
    cursor.execute(_GIVING_WAY.format(statement=statement))


class Migration(migrations.Migration):
    dependencies = [("integrations_health", "0022_find_health_rows_by_their_integrations")]
    atomic = False

    operations = [
        migrations.SeparateDatabaseAndState(
            [migrations.RunPython(by_blocks, by_rows)],
            [
                migrations.RemoveIndex(model_name="healthhistory", name=_INDEX),
                migrations.AddIndex(
                    model_name="healthhistory",
                    index=BrinIndex(
                        autosummarize=True, fields=["service", "checked_at"], name=_INDEX
                    ),
                ),
            ],
        ),
    ]
