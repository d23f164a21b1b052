"""Write down what staff did: who, when, to what, and what it changed."""

from collections.abc import Callable, Collection, Iterable
from typing import Any

from django.contrib.admin.models import ADDITION, CHANGE, DELETION, LogEntry
from django.contrib.contenttypes.models import ContentType
from django.db import connection, models
from django.http import HttpRequest
from django.utils import timezone

from integrations_health import unnest
from integrations_health.binary_sql import binary_cursor
from integrations_health.secrecy import unread

__all__ = ["ADDITION", "CHANGE", "DELETION", "note", "note_many"]

_LONGEST_NAME = 200
_WRITTEN = (
    "action_time",
    "user",
    "content_type",
    "object_id",
    "object_repr",
    "action_flag",
    "change_message",
)


def note(
    request: HttpRequest,
    rows: Iterable[models.Model],
    message: str | Callable[[models.Model], str],
    *,
    action: int = CHANGE,
) -> None:
    """Write one audit row for each of `rows`, all of one model: one statement for all of them.

    `message` says in a sentence what was done, without a secret: "Acknowledged: we know of it.",
    or is a function that says so of a row. Call it in the transaction that does what it says. A
    queryset is read first, in a statement of its own and without its secrets.
    """
    chosen = list(unread(rows) if isinstance(rows, models.QuerySet) else rows)
    if not chosen:
        return
    assert request.user.is_authenticated, "only who is signed in does anything"
    kind, at = ContentType.objects.get_for_model(chosen[0]), timezone.now()
    entries = [
        LogEntry(
            action_time=at,
            user_id=request.user.pk,
            content_type=kind,
            object_id=str(row.pk),
            object_repr=str(row)[:_LONGEST_NAME],
            action_flag=action,
            change_message=message(row) if callable(message) else message,
        )
        for row in chosen
    ]
    unnest.insert(entries, columns=_WRITTEN)


def note_many(
    request: HttpRequest,
    model: type[models.Model],
    keys: Collection[Any],
    message: str,
    *,
    named_by: str,
) -> None:
    """Write one audit row for each of many rows that were changed, in one statement.

    As `note`, but no row is read here: the column `named_by` holds what its row is called.
    """
    assert request.user.is_authenticated, "only who is signed in does anything"
    if not keys:
        return
    quote = connection.ops.quote_name
    fields = model._meta.concrete_fields
    columns = {field.name: quote(field.column or field.name) for field in fields}
    key, name = columns[model._meta.pk.name], columns[named_by]
    with binary_cursor() as cursor:
        cursor.execute(
            f"""
            INSERT INTO {quote(LogEntry._meta.db_table)} (action_time, user_id, content_type_id,
                object_id, object_repr, action_flag, change_message)
            SELECT %b::timestamptz, %b::uuid, %b::int, r.{key}::text, left(r.{name}, %b::int),
                %b::smallint, %b::text
            FROM {quote(model._meta.db_table)} r WHERE r.{key} = ANY(%b)
            """,
            [
                timezone.now(),
                request.user.pk,
                ContentType.objects.get_for_model(model).pk,
                _LONGEST_NAME,
                CHANGE,
                message,
                list(keys),
            ],
        )
