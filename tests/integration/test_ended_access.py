"""What ends when somebody is switched off, and what does not: as the README has it."""

from typing import Any

import pytest
from django.test import Client
from redis import Redis

from integrations_health import api_keys
from integrations_health.models import ApiKey
from tests import factories
from tests.callers import as_user, send

pytestmark = pytest.mark.django_db
PATH = "/api/integrations"
NEW = {"service": "gmail", "provider": "composio", "serverInstanceId": "ca_new"}


def test_who_is_switched_off_is_signed_out_and_a_token_lasts_until_its_end(redis: Redis) -> None:
    mine = factories.integration()
    by_token, browser = as_user(mine.user), Client()
    browser.force_login(mine.user)

    mine.user.is_active = False
    mine.user.save()

    assert browser.get(PATH).status_code == 401
    assert send(by_token, "post", PATH, NEW).status_code == 403
    assert [item["id"] for item in by_token.get(PATH).json()["items"]] == [str(mine.pk)]
    assert send(by_token, "patch", f"{PATH}/{mine.pk}", {"enabled": False}).status_code == 200


def test_a_new_secret_ends_every_token(settings: Any) -> None:
    client = as_user(factories.user())
    assert client.get(PATH).status_code == 200

    settings.JWT_SECRET = "another secret, of which nobody knows anything yet"

    assert client.get(PATH).status_code == 401


def test_a_key_is_revoked_at_once() -> None:
    key = api_keys.make("tests", may_write=True, expires_at=None).key
    client = Client(headers={"Authorization": f"Bearer {key}"})
    assert client.get(PATH).status_code == 200

    ApiKey.objects.update(revoked_at="2026-01-01T00:00:00Z")

    assert client.get(PATH).status_code == 401
