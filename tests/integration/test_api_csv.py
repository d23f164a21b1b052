"""The past as a file: the whole range, while it is read, and nothing that a spreadsheet runs."""

import csv
import io
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.http import StreamingHttpResponse

from integrations_health import past_checks
from integrations_health.models import Integration
from tests import factories
from tests.callers import as_user, token_of
from tests.serving import our_server

WHOLE = {"from": "2031-03-01T00:00:00Z", "to": "2031-03-15T00:00:00Z"}
CSV = {"Accept": "text/csv"}


def path_of(made: Integration) -> str:
    return f"/api/integrations/{made.pk}/health/history"


def export(made: Integration, **query: Any) -> Any:
    return as_user(made.user).get(path_of(made), {**WHOLE, **query}, headers=CSV)


def rows_of(answer: Any) -> list[list[str]]:
    assert isinstance(answer, StreamingHttpResponse)
    return list(csv.reader(io.StringIO(answer.getvalue().decode())))


@pytest.mark.django_db
def test_the_file_holds_the_same_as_the_page(now: datetime) -> None:
    made = factories.integration()
    factories.history(
        made, checked_at=now, status="degraded", error_code="slow", error_message='So "slow", it is'
    )
    factories.history(made, checked_at=now - timedelta(minutes=5), response_time_ms=None)

    answer = export(made)

    assert answer.headers["Content-Type"] == "text/csv; charset=utf-8; header=present"
    assert answer.headers["Content-Disposition"] == (
        'attachment; filename="health-gmail-2031-03-01-raw.csv"'
    )
    assert rows_of(answer) == [
        ["checkedAt", "status", "responseTimeMs", "errorCode", "errorMessage"],
        ["2031-03-14T09:26:53.000Z", "degraded", "120", "slow", 'So "slow", it is'],
        ["2031-03-14T09:21:53.000Z", "healthy", "", "", ""],
    ]


@pytest.mark.django_db
@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r"])
def test_no_cell_is_a_formula(start: str, now: datetime) -> None:
    made = factories.integration()
    text = f"{start}HYPERLINK(1)"
    factories.history(made, checked_at=now, error_message=text, response_time_ms=7)

    (_, row) = rows_of(export(made))

    assert (row[2], row[4]) == ("7", f"'{text}")


@pytest.mark.django_db
def test_hours_have_columns_of_their_own(now: datetime) -> None:
    made = factories.integration()
    factories.history(made, checked_at=now)

    answer = export(made, resolution="hour")

    header, row = rows_of(answer)
    assert header[:3] == ["from", "to", "uptimePercent"]
    assert row[:2] == ["2031-03-14T09:00:00.000Z", "2031-03-14T10:00:00.000Z"]


@pytest.mark.django_db
def test_a_name_that_no_header_could_carry_does_no_harm() -> None:
    made = factories.integration(service='gm"ail; x=ü/..')

    answer = export(made)

    assert 'filename="health-gm-ail-x-2031-03-01-raw.csv"' in answer.headers["Content-Disposition"]


@pytest.mark.django_db
@pytest.mark.parametrize("field", ["limit", "cursor"])
def test_a_file_has_no_pages(field: str) -> None:
    made = factories.integration()
    value = "10" if field == "limit" else "A" * 32

    answer = export(made, **{field: value})

    assert answer.status_code == 400
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert answer.json()["errors"][0]["field"] == field


@pytest.mark.django_db
def test_nobody_elses_past_is_exported() -> None:
    made = factories.integration()

    answer = as_user(factories.user()).get(path_of(made), WHOLE, headers=CSV)

    assert answer.status_code == 404


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("accept", "kind"),
    [
        ("text/csv;charset=utf-8", "text/csv"),
        ("text/csv; header=present", "text/csv"),
        ("TEXT/CSV;q=0.9", "text/csv"),
        ("text/csv; charset=UTF-8, */*;q=0.1", "text/csv"),
        ("text/csv, application/json;q=0.1", "text/csv"),
        ("application/json;q=0, */*", "text/csv"),
        ("text/*", "text/csv"),
        ("text/csv;q=0.5, application/json", "application/json"),
        ("text/csv, application/json", "application/json"),
        ("text/csv;q=much, application/*;q=0.2", "text/csv"),
        ("*/*", "application/json"),
        ("", "application/json"),
    ],
)
def test_the_client_gets_what_it_would_rather_have(accept: str, kind: str) -> None:
    made = factories.integration()

    answer = as_user(made.user).get(path_of(made), WHOLE, headers={"Accept": accept})

    assert answer.status_code == 200
    assert answer.headers["Content-Type"].partition(";")[0] == kind


@pytest.mark.django_db
@pytest.mark.parametrize("accept", ["application/pdf", "text/csv;q=0, application/json;q=0"])
def test_another_kind_of_file_cannot_be_had(accept: str) -> None:
    made = factories.integration()

    answer = as_user(made.user).get(path_of(made), WHOLE, headers={"Accept": accept})

    assert answer.status_code == 406


@pytest.mark.django_db(transaction=True)
def test_a_long_range_is_sent_part_by_part_by_the_real_server(
    monkeypatch: pytest.MonkeyPatch, now: datetime
) -> None:
    monkeypatch.setattr(past_checks, "AT_ONCE", 10)
    made = factories.integration()
    for number in range(25):
        factories.history(made, checked_at=now - timedelta(minutes=number))
    headers = {**CSV, "Authorization": f"Bearer {token_of(made.user)}"}

    with our_server(monkeypatch) as server:
        answer = server.get(path_of(made), params=WHOLE, headers=headers)

    lines = answer.text.splitlines()
    assert answer.headers["Transfer-Encoding"] == "chunked"
    assert len(lines) == 1 + 25
    assert lines[1:] == sorted(set(lines[1:]), reverse=True)
