"""No secret is read in the admin by anybody, neither on a page nor letter by letter by a filter."""

from collections.abc import Iterator
from typing import Any

import pytest
from django.contrib import admin
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Group
from django.db import connection, models
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django_celery_beat.models import CrontabSchedule, IntervalSchedule, PeriodicTask

from alerts.models import Destination
from integrations_health.models import ApiKey, Integration, User
from integrations_health.secrecy import is_secret, secrets_of
from tests import factories
from tests.admin_pages import MAKE, url
from tests.roles import ROLES, browser_of, member

pytestmark = pytest.mark.django_db

CANARY = "canary-7Q2"
WITH_SECRETS = (Integration, Destination, User, ApiKey)
# What a role must not even have a list of.
CLOSED: dict[str, set[type[models.Model]]] = {
    "support": {ApiKey, LogEntry, Group, PeriodicTask, IntervalSchedule, CrontabSchedule},
    "operator": {ApiKey, Group},
    "admin": set(),
}


@pytest.fixture
def rows() -> dict[type[models.Model], models.Model]:
    """Make a row of everything, with a canary in the place of each secret."""
    made = {model: make() for model, make in MAKE.items()}
    slack = factories.destination(kind="slack", name="Desk")
    factories.notification(destination=slack, body=CANARY)
    for model in WITH_SECRETS:
        model._default_manager.update(**dict.fromkeys(secrets_of(model), CANARY))
    for row in made.values():
        row.refresh_from_db()
    return made


def pages(model: type[models.Model], row: models.Model) -> Iterator[str]:
    yield url(model, "changelist")
    yield url(model, "changelist") + "?_popup=1&_to_field=id"
    yield url(model, "changelist") + "?all="
    yield url(model, "add")
    yield url(model, "add") + "?_popup=1"
    for page in ("change", "history", "delete"):
        yield url(model, page, row.pk)
        yield url(model, page, row.pk) + "?_popup=1"


@pytest.mark.timeout(300)  # some two hundred pages
@pytest.mark.parametrize("role", ROLES)
def test_no_page_of_the_admin_holds_a_secret(
    role: str, rows: dict[type[models.Model], models.Model]
) -> None:
    client = browser_of(member(role))
    addresses = ["/admin/", "/admin/tables/", "/admin/jsi18n/"]
    addresses += [f"/admin/{app}/" for app in {model._meta.app_label for model in rows}]
    addresses += [f"/admin/integrations_health/user/{rows[User].pk}/password/"]
    for model, row in rows.items():
        addresses += pages(model, row)

    answers = {address: client.get(address) for address in addresses}
    for model, row in rows.items():
        for action in ("delete_selected", "revoke", "acknowledge"):
            chosen = {"action": action, "_selected_action": [str(row.pk)]}
            answers[f"{action} of {model.__name__}"] = client.post(url(model, "changelist"), chosen)

    leaking = [name for name, answer in answers.items() if CANARY in text_of(answer)]
    assert leaking == []
    assert {answer.status_code for answer in answers.values()} <= {200, 302, 400, 403, 404}
    for model in rows:
        seen = answers[url(model, "changelist")].status_code
        assert seen == (403 if model in CLOSED[role] else 200), model


def text_of(answer: Any) -> str:
    """Return all that a browser is given."""
    return f"{answer.content.decode()} {answer.get('Location')}"


def paths_to_secrets(model: type[models.Model], depth: int = 2) -> Iterator[str]:
    """Yield the names by which a filter would reach a secret from this table."""
    for field in model._meta.concrete_fields:
        if is_secret(field):
            yield field.name
        elif depth and field.is_relation and field.related_model is not None:
            assert not isinstance(field.related_model, str)
            for path in paths_to_secrets(field.related_model, depth - 1):
                yield f"{field.name}__{path}"


@pytest.mark.usefixtures("rows")
@pytest.mark.parametrize("model", MAKE, ids=lambda model: model.__name__)
def test_no_list_is_filtered_by_a_secret(staff: Client, model: type[models.Model]) -> None:
    page = url(model, "changelist")
    paths = list(paths_to_secrets(model))

    for path in paths:
        for lookup in ("", "__startswith", "__gt", "__isnull"):
            hit, miss = (
                staff.get(page, {f"{path}{lookup}": value}) for value in (CANARY[:3], "zzz")
            )

            assert {hit.status_code, miss.status_code} <= {302, 400}, f"{path}{lookup}"
            assert (hit.status_code, hit.get("Location")) == (
                miss.status_code,
                miss.get("Location"),
            )
    assert paths or not any(
        field.related_model in WITH_SECRETS for field in model._meta.concrete_fields
    )


@pytest.mark.usefixtures("rows")
@pytest.mark.parametrize("model", MAKE, ids=lambda model: model.__name__)
def test_no_list_is_sorted_or_searched_by_a_secret(
    staff: Client, model: type[models.Model]
) -> None:
    secrets = {name for kind in WITH_SECRETS for name in secrets_of(kind)} - {"password"}

    with CaptureQueriesContext(connection) as queries:
        for order in ("1", "-1", "99", "-99", "password", "server_url", "1.2.3.4.5.6.7.8.9"):
            assert staff.get(url(model, "changelist"), {"o": order}).status_code in {200, 302}
        staff.get(url(model, "changelist"), {"q": CANARY})

    sorted_by = [query["sql"].partition("ORDER BY")[2] for query in queries]
    read = [query["sql"] for query in queries]
    assert not any(f'"{name}"' in sql for name in secrets for sql in read)
    assert not any("password" in clause for clause in sorted_by)


@pytest.mark.usefixtures("rows")
@pytest.mark.parametrize("field", ["password", "digest", "server_url", "address"])
def test_no_popup_answers_with_a_secret(staff: Client, field: str) -> None:
    answers = [
        staff.get(url(model, "changelist"), {"_popup": "1", "_to_field": field})
        for model in admin.site._registry
    ]

    assert {answer.status_code for answer in answers} == {400}


@pytest.mark.usefixtures("rows")
@pytest.mark.parametrize("role", ROLES)
def test_a_secret_in_a_form_is_ignored(role: str) -> None:
    integration = Integration.objects.defer().first()
    assert integration is not None
    form = {"interval_seconds": 600, "probe_policy": "always", "probe_every": 12, "enabled": "on"}

    answer = browser_of(member(role)).post(
        url(Integration, "change", integration.pk),
        form | {"server_url": "https://evil.example", "server_token": "x", "user": "x"},
    )

    integration.refresh_from_db()
    assert answer.status_code == (403 if role == "support" else 302)
    assert (integration.server_url, integration.server_token) == (CANARY, CANARY)
    assert integration.interval_seconds == (300 if role == "support" else 600)
