"""A key is kept such that nobody can read it, and its use is noted."""

from datetime import timedelta

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Permission
from django.test import Client
from django.utils import timezone

from integrations_health import api_keys
from integrations_health.models import ApiKey
from tests import factories
from tests.admin_pages import url
from tests.sessions import another_session

pytestmark = pytest.mark.django_db


def key() -> str:
    return api_keys.make("tests", may_write=False, expires_at=None).key


def test_the_key_itself_is_not_kept() -> None:
    shown = key()

    kept = str(ApiKey.objects.values().get())

    assert shown.split("_", 2)[2] not in kept


def test_the_use_of_a_key_is_noted_at_most_once_a_minute() -> None:
    shown, now = key(), timezone.now()

    noted = []
    for seconds in (0, 30, 59, 60):
        api_keys.read(shown, now=now + timedelta(seconds=seconds))
        noted.append(ApiKey.objects.get().last_used_at)

    assert noted == [now, now, now, now + timedelta(seconds=60)]


@pytest.mark.django_db(transaction=True)
def test_a_use_that_cannot_be_noted_fails_nothing() -> None:
    shown, now = key(), timezone.now()

    with another_session() as session:
        session.execute("SELECT 1 FROM api_keys FOR UPDATE")
        caller = api_keys.read(shown, now=now)

    assert caller.sees_everybody
    assert ApiKey.objects.get().last_used_at is None


def test_staff_revoke_a_key_and_never_see_what_proves_it(staff: Client) -> None:
    shown = key()
    row = ApiKey.objects.get()
    pages = [url(ApiKey, "changelist"), url(ApiKey, "change", row.pk)]

    seen = "".join(staff.get(page).content.decode() for page in pages)
    staff.post(pages[0], {"action": "revoke", "_selected_action": [str(row.pk)]})

    assert LogEntry.objects.get().object_id == str(row.pk)
    assert row.prefix in seen
    assert row.digest not in seen
    with pytest.raises(api_keys.Refused, match="revoked"):
        api_keys.read(shown, now=timezone.now())


def test_who_may_only_look_revokes_nothing(client: Client) -> None:
    key()
    client.force_login(viewer := factories.user(is_staff=True))
    viewer.user_permissions.set(Permission.objects.filter(codename="view_apikey"))

    client.post(
        url(ApiKey, "changelist"),
        {"action": "revoke", "_selected_action": [str(ApiKey.objects.get().pk)]},
    )

    assert ApiKey.objects.get().revoked_at is None
