"""Many rows are written in one statement, as the ORM would write each of them."""

from datetime import datetime
from typing import Any
from uuid import uuid4

import pytest
from django.db import DataError, IntegrityError, connection, transaction

from integrations_health import unnest
from integrations_health.models import Integration
from integrations_health.registry import COLUMNS
from tests import factories
from tests.statements import counted_statements

pytestmark = pytest.mark.django_db


def unsaved(**fields: Any) -> Integration:
    given = {
        "id": uuid4(),
        "user": factories.user(),
        "service": "gmail",
        "provider": "mcp",
        "server_instance_id": "home",
    }
    return Integration(**given | fields)


def test_rows_come_back_as_they_were_written(now: datetime) -> None:
    full = unsaved(
        display_name="quotes \" ' and {braces}, \\ too",
        server_url="https://host/mcp",
        probe_arguments={"a": [1, None, 'quote "']},
        connected_at=now,
        enabled=False,
    )
    bare = unsaved(probe_arguments=None)

    with counted_statements() as sent:
        unnest.insert([full, bare], columns=COLUMNS)

    assert len(sent) == 1
    for row in (full, bare):
        stored = Integration.objects.get(pk=row.pk)
        assert all(getattr(stored, name) == getattr(row, name) for name in COLUMNS)
        assert stored.created_at is not None


def test_secrets_are_stored_encrypted() -> None:
    unnest.insert([unsaved(server_token="plain")], columns=COLUMNS)

    with connection.cursor() as cursor:
        cursor.execute("SELECT server_token FROM user_integrations")
        (stored,) = cursor.fetchall()
    assert "plain" not in stored[0]


def test_a_row_that_may_not_be_there_is_refused_when_it_is() -> None:
    same = unsaved()
    unnest.insert([same], columns=COLUMNS)

    with pytest.raises(IntegrityError), transaction.atomic():
        unnest.insert([same, unsaved()], columns=COLUMNS, may_be_there=False)

    assert Integration.objects.count() == 1


def test_a_row_that_is_there_already_is_left_out() -> None:
    made = factories.integration(display_name="theirs")
    same = unsaved(
        user=made.user,
        provider=made.provider,
        server_instance_id=made.server_instance_id,
        display_name="ours",
    )

    unnest.insert([same, unsaved()], columns=COLUMNS)

    assert sorted(Integration.objects.values_list("display_name", flat=True)) == ["", "theirs"]


def test_only_the_named_columns_are_updated() -> None:
    one, two = factories.integration(), factories.integration()
    for row in (one, two):
        row.display_name, row.probe_tool, row.interval_seconds = "new", "new", 600

    unnest.update([one, two], columns=["display_name", "interval_seconds"])

    changed = set(Integration.objects.values_list("display_name", "interval_seconds", "probe_tool"))
    assert changed == {("new", 600, "")}


def test_what_is_too_long_is_not_cut_in_silence() -> None:
    with pytest.raises(DataError):
        unnest.insert([unsaved(service="s" * 51)], columns=COLUMNS)
