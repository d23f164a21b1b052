"""Nothing secret that a provider says reaches our database or our logs."""

import json
import logging
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

import pytest
from django.db import connection
from redis import Redis

from alerts import reconnects
from config import exposition
from integrations_health import pipeline
from integrations_health.models import HealthCheck
from integrations_health.providers.simulator import Simulator
from integrations_health.providers.simulator.composio_webhooks import expired_event
from integrations_health.providers.simulator.leaks import CANARIES
from tests import factories, hooks
from tests.conftest import NOW
from tests.deadlines import wait_for_answers
from tests.reconnecting import consent, expired, state_of
from tests.roles import browser_of
from tests.watching import watch

pytestmark = pytest.mark.django_db

CALL_DEADLINE = timedelta(seconds=20)
ECHOES = ["secret_echo", "revoked_but_active(secrets)", "service_500(secrets)", "500", "malformed"]


def everything_stored() -> str:
    """Return every row of every table as text, secrets at rest in their stored form."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
        tables = [name for (name,) in cursor.fetchall()]
        dumped: list[str] = []
        for table in tables:
            cursor.execute(f'SELECT to_jsonb(t)::text FROM "{table}" t')
            dumped.extend(row for (row,) in cursor.fetchall())
    return "\n".join(dumped)


def everything_logged(caplog: pytest.LogCaptureFixture) -> str:
    """Return every log record with all that is attached to it."""
    return "\n".join(
        f"{record.getMessage()} {json.dumps(vars(record), default=str)} {record.exc_text}"
        for record in caplog.records
    )


@pytest.mark.parametrize("provider", ["composio", "klavis", "mcp"])
def test_no_canary_of_a_providers_answer_is_kept_or_logged(
    provider: str, simulator: Simulator, caplog: pytest.LogCaptureFixture, settings: Any
) -> None:
    caplog.set_level(logging.DEBUG)
    # Nothing hangs here: on a busy machine every answer is waited for.
    wait_for_answers(settings, CALL_DEADLINE)
    echoing = [
        simulator.connect(provider, service, user_id=f"u{number}", script=script)
        for number, script in enumerate(ECHOES)
        for service in ("gmail", "calendar", "slack")
    ]
    for account in echoing:
        watch(simulator, account, next_check_at=NOW)

    while pipeline.run(provider, now=NOW):
        pass

    seen = everything_stored() + everything_logged(caplog) + exposition.text().decode()
    assert {account.id for account in echoing} <= {
        call.account for call in simulator.calls(provider=provider)
    }
    assert not HealthCheck.objects.filter(last_check_at=None).exists()
    assert [canary for canary in CANARIES if canary in seen] == []
    assert simulator.api_key not in seen


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("provider", ["composio", "klavis"])
def test_no_link_and_no_state_of_who_connects_again_is_kept_logged_or_shown(
    provider: str, simulator: Simulator, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    watched = expired(simulator, provider, user=factories.user(), display_name="Work mail")
    alert = factories.alert(integration=watched, error_code="auth_expired")
    mine, staff = browser_of(watched.user), browser_of(factories.staff())
    links = reconnects.links([watched.pk], owner=watched.user_id, now=datetime.now(UTC))
    link = urlsplit(links[watched.pk]).path

    away = mine.post(link)["Location"]
    logged = everything_logged(caplog)
    location = consent(away)
    caplog.clear()  # what this test itself asked of the simulator
    foreign = [staff.get(path).status_code for path in (link, location)]
    back = mine.get(location)
    shown = [
        mine.get(back["Location"]),
        mine.get("/"),
        staff.get(f"/admin/alerts/alert/{alert.pk}/change/"),
        staff.get(f"/admin/integrations_health/integration/{watched.pk}/change/"),
    ]

    seen = everything_stored() + logged + everything_logged(caplog)
    seen += "".join(answer.content.decode() for answer in shown)
    ways = {away, urlsplit(away).path.rsplit("/", 1)[-1] if provider == "composio" else away}
    assert {answer.status_code for answer in shown} == {200}
    assert foreign == [404, 404]
    assert "Work mail" in seen
    assert [part for part in (*ways, state_of(location), link) if part in seen] == []


def test_nothing_of_what_a_provider_tells_is_kept_or_logged(
    simulator: Simulator, redis: Redis, caplog: pytest.LogCaptureFixture, settings: Any
) -> None:
    caplog.set_level(logging.DEBUG)
    settings.PROVIDERS["composio"]["webhook_secrets"] = [hooks.SECRET]
    account = simulator.connect("composio", "gmail", status="EXPIRED", status_reason=CANARIES[0])
    watch(simulator, account, next_check_at=NOW)
    said, body = expired_event(account, hooks.SECRET, id="msg_canary")

    answers = [
        hooks.tell(said, body),
        hooks.tell(said, body + b" "),
        hooks.tell(hooks.headers(b"no event"), b"no event"),
    ]

    heard = [vars(record) for record in caplog.records if record.msg == "provider_event.heard"]
    kept = b"\n".join(key + (redis.dump(key) or b"") for key in redis.scan_iter())
    seen = everything_stored() + everything_logged(caplog) + str(kept)
    seen += "".join(f"{answer.content!r}{answer.headers}" for answer in answers)
    assert [answer.status_code for answer in answers] == [204, 401, 204]
    assert CANARIES[0] in body.decode()
    assert [(one["is_known"], one["due"]) for one in heard] == [(True, 1), (False, 0)]
    secrets = (CANARIES[0], "msg_canary", said["webhook-signature"][3:], hooks.SECRET)
    assert [secret for secret in secrets if secret in seen] == []


def test_the_secret_of_our_webhook_is_redacted_even_of_plain_words(
    simulator: Simulator, settings: Any
) -> None:
    secret = "error during token refresh"
    settings.PROVIDERS["composio"]["webhook_secrets"] = ["another", secret]
    account = simulator.connect(
        "composio", "gmail", status="EXPIRED", status_reason=f"Permanent {secret}"
    )
    watch(simulator, account, next_check_at=NOW)

    pipeline.run("composio", now=NOW)

    stored = everything_stored()
    assert "Permanent [redacted]" in stored
    assert secret not in stored
