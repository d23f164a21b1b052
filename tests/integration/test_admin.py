"""What support staff see and may do: everything they need, and no secret."""

import pytest
from django.apps import apps
from django.contrib import admin
from django.db import connection, models
from django.test import Client
from django.test.utils import CaptureQueriesContext

from alerts.models import Alert, Notification
from integrations_health.fields import EncryptedTextField
from integrations_health.models import (
    HealthCheck,
    Integration,
    User,
)
from integrations_health.staff_pages import ReadOnlyAdmin
from tests import factories
from tests.admin_pages import EXCUSED, MAKE, url

pytestmark = pytest.mark.django_db

READ_ONLY = [model for model in MAKE if isinstance(admin.site._registry.get(model), ReadOnlyAdmin)]
every_model = pytest.mark.parametrize("model", MAKE, ids=lambda model: model.__name__)
every_read_only_model = pytest.mark.parametrize("model", READ_ONLY, ids=lambda m: m.__name__)


def test_every_table_of_ours_is_in_the_admin_or_excused() -> None:
    ours = {
        model
        for app in ("integrations_health", "alerts")
        for model in apps.get_app_config(app).get_models()
    }

    assert ours - set(admin.site._registry) == set(EXCUSED)
    assert all(EXCUSED.values())


def test_every_page_of_the_admin_is_in_these_tests() -> None:
    assert set(admin.site._registry) == set(MAKE)


@every_model
def test_a_row_is_listed_and_shown(staff: Client, model: type[models.Model]) -> None:
    row = MAKE[model]()

    listed = staff.get(url(model, "changelist"))
    shown = staff.get(url(model, "change", row.pk))

    assert listed.status_code == shown.status_code == 200
    assert row in listed.context["cl"].result_list


@every_model
def test_a_visitor_without_a_staff_account_sees_nothing(
    client: Client, model: type[models.Model]
) -> None:
    client.force_login(factories.user())

    assert client.get(url(model, "changelist")).status_code == 302


@every_read_only_model
def test_a_row_that_the_product_owns_is_changed_by_nobody(
    staff: Client, model: type[models.Model]
) -> None:
    row = MAKE[model]()

    answers = [
        staff.post(url(model, "add"), {}),
        staff.post(url(model, "change", row.pk), {}),
        staff.post(url(model, "delete", row.pk), {"post": "yes"}),
    ]

    assert [answer.status_code for answer in answers] == [403, 403, 403]
    assert model._default_manager.filter(pk=row.pk).exists()


def test_no_page_shows_or_even_reads_a_secret(staff: Client) -> None:
    integration = factories.integration(server_url="https://a.example/part-of-a-secret")
    alert = factories.alert(integration=integration)
    factories.notification(alert=alert)
    pages = [
        *(url(model, "changelist") for model in (Integration, HealthCheck, Alert, Notification)),
        url(Integration, "change", integration.pk),
        url(Integration, "delete", integration.pk),
        url(HealthCheck, "change", integration.health.pk),
        url(Alert, "change", alert.pk),
    ]

    with CaptureQueriesContext(connection) as queries:
        answers = [staff.get(page) for page in pages]

    assert [answer.status_code for answer in answers] == [200] * len(pages)
    assert not any("part-of-a-secret" in answer.content.decode() for answer in answers)
    assert not any("server_url" in query["sql"] for query in queries)


def test_an_undecipherable_secret_does_not_close_the_admin(staff: Client) -> None:
    integration = factories.integration()
    with connection.cursor() as cursor:
        cursor.execute("UPDATE user_integrations SET server_url = 'damaged'")

    answers = [
        staff.get(url(Integration, "changelist")),
        staff.get(url(Integration, "change", integration.pk)),
    ]

    assert [answer.status_code for answer in answers] == [200, 200]


def test_a_message_is_shown_without_the_address_it_goes_to(staff: Client) -> None:
    slack = factories.destination(kind="slack", name="Desk", address="https://hooks.a/B0/secret")
    notification = factories.notification(destination=slack)
    pages = [url(Notification, "changelist"), url(Notification, "change", notification.pk)]

    with CaptureQueriesContext(connection) as queries:
        shown = [staff.get(page).content.decode() for page in pages]

    assert "Desk" in shown[1]
    assert not any("B0/secret" in page for page in shown)
    assert not any('"address"' in query["sql"] for query in queries)


def test_staff_can_pause_an_integration_and_no_secret_is_lost(staff: Client) -> None:
    integration = factories.integration(server_url="https://mcp.example.com/s/1")
    form = {"display_name": "", "interval_seconds": 600, "probe_policy": "always"}

    answer = staff.post(url(Integration, "change", integration.pk), form | {"probe_every": 12})

    assert answer.status_code == 302
    integration.refresh_from_db()
    assert (integration.enabled, integration.interval_seconds) == (False, 600)
    assert integration.server_url == "https://mcp.example.com/s/1"
    assert HealthCheck.objects.get(integration=integration).enabled is False


@pytest.mark.parametrize("model", [Integration, User], ids=lambda model: model.__name__)
def test_staff_can_delete_a_person_or_an_integration(
    staff: Client, model: type[models.Model]
) -> None:
    integration = factories.integration()
    factories.notification(alert=factories.alert(integration=integration))
    row = integration if model is Integration else integration.user

    answer = staff.post(url(model, "delete", row.pk), {"post": "yes"})

    assert answer.status_code == 302
    assert not Integration.objects.exists()
    assert not HealthCheck.objects.exists()


def test_staff_can_add_a_person(staff: Client) -> None:
    answer = staff.post(
        url(User, "add"),
        {
            "username": "new",
            "usable_password": "true",
            "password1": "long-enough-9",
            "password2": "long-enough-9",
        },
    )

    assert answer.status_code == 302
    assert User.objects.get(username="new").check_password("long-enough-9")


def test_every_secret_of_an_integration_is_known_to_its_admin() -> None:
    secrets = {
        field.name for field in Integration._meta.fields if isinstance(field, EncryptedTextField)
    }

    assert secrets == set(admin.site._registry[Integration].exclude or ())
