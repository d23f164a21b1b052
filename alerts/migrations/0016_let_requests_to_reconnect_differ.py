"""Let an owner be asked to reconnect once more when the link that they were sent has run out.

The index is made beside those who write; a run that was interrupted begins anew.
"""

from django.db import migrations, models

_ITEMS = "notification_items"
_ONCE = "nobody_is_told_an_event_of_an_alert_twice"
_ASKED = "only_a_request_to_reconnect_is_repeated"
_MADE = "told_once_by_now"
# Whoever reads messages for long is given way to, again and again: behind us, all would wait.
_SWAP = """
DO $$
BEGIN
    FOR tries IN 1..60 LOOP
        BEGIN
            SET LOCAL lock_timeout = '200ms';
            ALTER TABLE {items}
                DROP CONSTRAINT {once},
                ADD CONSTRAINT {once} UNIQUE USING INDEX {made},
                DROP CONSTRAINT IF EXISTS {asked}{besides};
            RETURN;
        EXCEPTION WHEN lock_not_available THEN
            PERFORM pg_sleep(0.1);
        END;
    END LOOP;
    RAISE EXCEPTION 'somebody holds messages for long: run migrate again when they are done';
END $$
"""
_CHECK = f", ADD CONSTRAINT {_ASKED} CHECK (repeats = 0 OR event = 'asked') NOT VALID"


def _unique(columns, *, besides=""):
    swap = _SWAP.format(items=_ITEMS, once=_ONCE, made=_MADE, asked=_ASKED, besides=besides)
    return [
        # Many items take longer than any statement of the product may, and the index waits until
        # nobody sees the state before it any more; behind it, nobody does.
        "SET statement_timeout = 0",
        "SET lock_timeout = 0",
        f"DROP INDEX CONCURRENTLY IF EXISTS {_MADE}",
        f"CREATE UNIQUE INDEX CONCURRENTLY {_MADE} ON {_ITEMS} ({columns})",
        "RESET lock_timeout",
        swap,
    ]


class Migration(migrations.Migration):
    dependencies = [("alerts", "0015_repeat_requests_to_reconnect")]
    atomic = False

    operations = [
        migrations.RunSQL(
            [
                *_unique("alert_id, event, recipient, repeats", besides=_CHECK),
                f"ALTER TABLE {_ITEMS} VALIDATE CONSTRAINT {_ASKED}",
                "RESET statement_timeout",
            ],
            [
                # First: the constraint of old forbids what was repeated.
                f"DELETE FROM {_ITEMS} WHERE repeats > 0",
                *_unique("alert_id, event, recipient"),
                "RESET statement_timeout",
            ],
            state_operations=[
                migrations.RemoveConstraint(model_name="notificationitem", name=_ONCE),
                migrations.AddConstraint(
                    model_name="notificationitem",
                    constraint=models.UniqueConstraint(
                        fields=["alert", "event", "recipient", "repeats"], name=_ONCE
                    ),
                ),
                migrations.AddConstraint(
                    model_name="notificationitem",
                    constraint=models.CheckConstraint(
                        condition=models.Q(repeats=0) | models.Q(event="asked"), name=_ASKED
                    ),
                ),
            ],
        ),
    ]
