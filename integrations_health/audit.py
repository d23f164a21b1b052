"""Write down what staff did: who, when, to what, and what it changed."""

from collections.abc import Callable, Iterable

from django.contrib.admin.models import ADDITION, CHANGE, DELETION, LogEntry
from django.contrib.contenttypes.models import ContentType
from django.db import models
from django.http import HttpRequest
from django.utils import timezone

from integrations_health import unnest
from integrations_health.secrecy import unread

__all__ = ["ADDITION", "CHANGE", "DELETION", "note"]

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
