"""Keep the e-mail addresses at which the application says that its users are told."""

from collections.abc import Iterable

from django.db import connection

from integrations_health.registration import Registration


def keep(registrations: Iterable[Registration]) -> int:
    """Write down the addresses that registrations name; return how many are new. One statement.

    Of a person who is named twice the last counts. Staff keep the address that staff gave them.
    """
    known = {
        (None if said.user_id is None else str(said.user_id), said.user): said.user_email
        for said in registrations
        if said.user_email is not None
    }
    if not known:
        return 0
    with connection.cursor() as cursor:
        cursor.execute(
            """
            WITH said AS (
                SELECT u.id, s.email
                FROM unnest(%s::uuid[], %s::text[], %s::text[]) AS s(id, external_id, email)
                JOIN users u ON u.id = s.id OR (s.id IS NULL AND u.external_id = s.external_id)
                WHERE u.email <> s.email AND NOT u.is_staff
                -- Ordered: two that write the same people must not lock them crosswise.
                ORDER BY u.id FOR NO KEY UPDATE OF u
            )
            UPDATE users SET email = said.email FROM said WHERE users.id = said.id
            """,
            [[id for id, _ in known], [user for _, user in known], list(known.values())],
        )
        return int(cursor.rowcount)
