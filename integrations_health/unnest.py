"""Write many rows in one statement: as arrays, one for each column."""

from collections.abc import Sequence
from operator import attrgetter
from typing import Any

from django.db import connection, models

from integrations_health.binary_sql import binary_cursor

# What their rows hold is what is stored. Asking these fields, too, value by value, took as long as
# all the rest of the writing.
_STORED_AS_HELD = (
    models.UUIDField,
    models.CharField,
    models.TextField,
    models.BooleanField,
    models.DateTimeField,
)


def insert(
    rows: Sequence[models.Model], *, columns: Sequence[str], may_be_there: bool = True
) -> int:
    """Insert these columns of unsaved rows of one model; return how many were.

    A row that conflicts is left out. Where none `may_be_there` already, it is an IntegrityError
    instead, and the others cost less: PostgreSQL need not look for each before it writes it. The
    other columns get the database's defaults.
    """
    table, names, arrays, values = _parts(rows, columns)
    ending = " ON CONFLICT DO NOTHING" if may_be_there else ""
    with binary_cursor() as cursor:
        cursor.execute(
            f"INSERT INTO {table} ({names}) SELECT * FROM unnest({arrays}){ending}", values
        )
        return int(cursor.rowcount)


def update(rows: Sequence[models.Model], *, columns: Sequence[str]) -> None:
    """Write these columns of rows of one model. The rows are locked by the caller."""
    key = rows[0]._meta.pk.name
    table, names, arrays, values = _parts(rows, [key, *columns])
    changed = ", ".join(f"{name} = new.{name}" for name in names.split(", ")[1:])
    with binary_cursor() as cursor:
        cursor.execute(
            f"UPDATE {table} SET {changed} FROM unnest({arrays}) AS new({names}) "
            f"WHERE {table}.{key} = new.{key}",
            values,
        )


def _parts(
    rows: Sequence[models.Model], columns: Sequence[str]
) -> tuple[str, str, str, list[list[Any]]]:
    """Return the table, its columns, their arrays' placeholders, and the arrays."""
    options = rows[0]._meta
    concrete = {field.name: field for field in options.concrete_fields}
    fields = [concrete[name] for name in columns]
    quote = connection.ops.quote_name
    # Without its length, a type does not cut what is too long: the column then refuses it.
    types = [(field.db_type(connection) or "text").split("(")[0] for field in fields]
    names = ", ".join(quote(field.column or field.name) for field in fields)
    arrays = ", ".join(f"%b::{name}[]" for name in types)
    return quote(options.db_table), names, arrays, [_column(rows, field) for field in fields]


def _column(rows: Sequence[models.Model], field: Any) -> list[Any]:
    """Return what is stored of one field of each row."""
    held = field.target_field if field.is_relation else field
    if type(held) in _STORED_AS_HELD and not getattr(held, "auto_now", False):
        return list(map(attrgetter(field.attname), rows))
    return [field.get_db_prep_save(field.pre_save(row, add=False), connection) for row in rows]
