"""Secrets are encrypted at rest, by real keys and in a real column."""

import pytest
from cryptography.fernet import Fernet
from django.core.exceptions import FieldError, ImproperlyConfigured
from django.core.management import call_command
from django.db import connection
from django.forms import modelform_factory
from pytest_django import Settings

from integrations_health import fields
from integrations_health.fields import UnreadableSecret
from integrations_health.models import Integration
from tests import factories

pytestmark = pytest.mark.django_db

URL = "https://mcp.example.com/s/3f9c0a-the-secret-part"
OLD, NEW = Fernet.generate_key().decode(), Fernet.generate_key().decode()


def stored(integration: Integration, column: str = "server_url") -> str:
    """Return what lies in the table itself."""
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {column} FROM user_integrations WHERE id = %s", [integration.pk])
        return str(cursor.fetchone()[0])


def read(integration: Integration) -> str:
    return Integration.objects.get(pk=integration.pk).server_url


def test_a_secret_comes_back_as_it_was_and_is_not_in_the_table() -> None:
    integration = factories.integration(server_url=URL, server_token="Schlüssel 🔑")

    assert read(integration) == URL
    assert Integration.objects.get().server_token == "Schlüssel 🔑"
    assert "secret-part" not in stored(integration)
    assert "Schlüssel" not in stored(integration, "server_token")


def test_secrets_written_in_bulk_are_encrypted_too() -> None:
    integration = factories.integration()
    Integration.objects.update(server_url=URL)
    updated = stored(integration)
    integration.server_url = URL + "/2"
    Integration.objects.bulk_update([integration], ["server_url"])

    assert "secret-part" not in updated + stored(integration)
    assert read(integration) == URL + "/2"


def test_an_empty_secret_stays_empty() -> None:
    integration = factories.integration(server_url="")

    assert stored(integration) == ""
    assert read(integration) == ""
    assert fields.decrypt("") == ""


def test_a_wrong_key_is_an_error_that_says_what_to_do_and_shows_nothing(
    settings: Settings,
) -> None:
    settings.FIELD_ENCRYPTION_KEYS = [OLD]
    integration = factories.integration(server_url=URL)
    settings.FIELD_ENCRYPTION_KEYS = [NEW]

    with pytest.raises(UnreadableSecret, match="Add that key again") as error:
        read(integration)

    assert stored(integration) not in str(error.value)
    assert error.value.__cause__ is None


def test_a_damaged_secret_is_an_error_not_its_ciphertext() -> None:
    integration = factories.integration(server_url=URL)
    with connection.cursor() as cursor:
        cursor.execute("UPDATE user_integrations SET server_url = 'gAAAAA-damaged'")

    with pytest.raises(UnreadableSecret):
        read(integration)


def test_keys_can_be_changed_without_losing_a_secret(settings: Settings) -> None:
    settings.FIELD_ENCRYPTION_KEYS = [OLD]
    integration = factories.integration(server_url=URL)

    settings.FIELD_ENCRYPTION_KEYS = [NEW, OLD]
    Integration.objects.get(pk=integration.pk).save()
    settings.FIELD_ENCRYPTION_KEYS = [NEW]

    assert read(integration) == URL


def test_a_key_that_is_none_is_named_by_its_variable(settings: Settings) -> None:
    settings.FIELD_ENCRYPTION_KEYS = ["not a key"]

    with pytest.raises(ImproperlyConfigured, match="FIELD_ENCRYPTION_KEYS") as error:
        fields.encrypt(URL)

    assert "not a key" not in str(error.value)


def test_no_release_begins_with_a_key_that_is_none(settings: Settings) -> None:
    settings.FIELD_ENCRYPTION_KEYS = [OLD, "not a key"]

    with pytest.raises(ImproperlyConfigured, match="FIELD_ENCRYPTION_KEYS"):
        call_command("migrate", verbosity=0, skip_checks=False)


def test_a_secret_that_is_read_again_is_not_decrypted_again() -> None:
    cipher = fields.encrypt(URL)

    assert fields.decrypt(cipher) is fields.decrypt(cipher)


def test_a_remembered_secret_is_forgotten_with_its_key(settings: Settings) -> None:
    settings.FIELD_ENCRYPTION_KEYS = [OLD]
    cipher = fields.encrypt(URL)
    fields.decrypt(cipher)
    settings.FIELD_ENCRYPTION_KEYS = [NEW]

    with pytest.raises(UnreadableSecret):
        fields.decrypt(cipher)


def test_the_same_text_is_never_stored_as_the_same_bytes() -> None:
    first, second = (factories.integration(server_url=URL) for _ in range(2))

    assert stored(first) != stored(second)


def test_a_secret_does_not_show_itself_in_a_repr() -> None:
    factories.integration(server_url=URL)
    integration = Integration.objects.get()

    shown = (
        f"{integration!r} {integration.server_url!r} {[integration.server_url]} {vars(integration)}"
    )

    assert "secret-part" not in shown


def test_no_form_shows_a_secret() -> None:
    form = modelform_factory(Integration, fields="__all__")

    assert "display_name" in form.base_fields
    assert not {"server_url", "server_token"} & form.base_fields.keys()


@pytest.mark.parametrize("lookup", ["server_url", "server_url__contains", "server_url__lower"])
def test_no_query_searches_for_a_secret(lookup: str) -> None:
    with pytest.raises(FieldError):
        Integration.objects.filter(**{lookup: URL}).exists()
