"""Empty the tables after a test that committed, for a tenth of what Django's TRUNCATE costs.

TRUNCATE gives each table and index a new file, whether there was anything in it or not, and makes
the permissions anew that it took away.
"""

from typing import Any

from django.db import connection
from django.test import TransactionTestCase

_flush = TransactionTestCase._fixture_teardown  # type: ignore[attr-defined]  # Django's own
# Each is locked first, as TRUNCATE would: whoever left a transaction open is noticed. Without
# triggers, so in any order, and what a trigger would keep goes, too.
_EMPTY = """
DO $$
DECLARE
    place regclass;
    is_used boolean;
BEGIN
    SET LOCAL session_replication_role = replica;
    FOR place IN
        SELECT oid FROM pg_class
        WHERE relkind IN ('r', 'p') AND NOT relispartition
            AND relnamespace = 'public'::regnamespace
            AND relname NOT IN ('django_migrations', 'django_content_type', 'auth_permission')
    LOOP
        EXECUTE format('LOCK TABLE %s IN ACCESS EXCLUSIVE MODE', place);
        EXECUTE format('SELECT EXISTS (SELECT FROM %s)', place) INTO is_used;
        IF is_used THEN
            EXECUTE format('DELETE FROM %s', place);
        END IF;
    END LOOP;
END $$
"""


def empty_tables(case: Any) -> None:
    """Delete every row but those that Django makes of the models; without the right to, flush."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_setting('is_superuser') = 'on'")
        (may_do_without_triggers,) = cursor.fetchone() or (False,)
        if may_do_without_triggers:
            cursor.execute(_EMPTY)
            return
    _flush(case)


def install() -> None:
    """Have Django's and pytest-django's tests empty the tables so."""
    TransactionTestCase._fixture_teardown = empty_tables  # type: ignore[attr-defined]
