"""Walk the way of somebody who connects again: away to the simulator, and back."""

import re
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import httpx

from integrations_health import reauth, reauth_requests, reauth_return
from integrations_health.access import OWN, Caller, Way
from integrations_health.models import Integration, ReauthRequest, User
from integrations_health.outcomes import MEANINGS, Outcome
from integrations_health.providers.simulator import Simulator
from tests import factories
from tests.watching import watch


def caller(of: User) -> Caller:
    """Return a person as the pages know them."""
    return Caller(way=Way.SESSION, scopes=OWN, user_id=of.pk)


def dead(**fields: Any) -> Integration:
    """Make an integration whose grant is dead, beyond doubt."""
    return factories.integration(**dying(Outcome.AUTH_EXPIRED) | fields)


def dying(outcome: Outcome, status: str = "unhealthy") -> dict[str, Any]:
    """Return the health of an integration that ended with an outcome two hours ago."""
    at = datetime.now(UTC) - timedelta(hours=2)
    return {
        "status": status,
        "error_code": outcome.value,
        "error_message": MEANINGS[outcome].sentence,
        "consecutive_failures": 4,
        "last_check_at": at,
        "status_since": at,
        "next_check_at": datetime.now(UTC) + timedelta(minutes=40),
    }


def expired(simulator: Simulator, provider: str = "composio", **fields: Any) -> Integration:
    """Watch an account of the simulator whose grant is dead."""
    script = "expired" if provider == "composio" else "revoked"
    account = simulator.connect(provider, "gmail", user_id="alice", script=script)
    return watch(simulator, account, **dying(Outcome.AUTH_EXPIRED) | fields)


def request(of: Integration, **fields: Any) -> ReauthRequest:
    """Make an open request that an owner connects again."""
    until = datetime.now(UTC) + timedelta(days=14)
    return ReauthRequest.objects.create(
        **{"integration": of, "user": of.user, "expires_at": until} | fields
    )


def begin(watched: Integration, **fields: Any) -> str:
    """Return the provider's page to which an owner is sent."""
    return reauth.start(caller(watched.user), watched.pk, **fields)


def consent(url: str, answer: str = "allow") -> str:
    """Answer on the provider's page; return where that sends the browser back to."""
    said = httpx.post(url, data={"consent": answer}, trust_env=False)
    assert said.status_code == 302, said.text
    return said.headers["location"]


def come_back(
    by: User, location: str, *, now: datetime | None = None, **changed: str
) -> reauth_return.Ending:
    """Come back by an address; return what became of it."""
    sent = dict(parse_qsl(urlsplit(location).query)) | changed
    finished = reauth_return.finish(
        caller(by),
        state_of(location),
        status=sent.get("status", ""),
        account_id=sent.get("connected_account_id", ""),
        now=now,
    )
    return finished.ending


def state_of(location: str) -> str:
    """Return the state in the address of a way back."""
    return urlsplit(location).path.rstrip("/").rsplit("/", 1)[1]


def page_of(watched: Integration) -> str:
    """Return the path of the page on which an integration is connected again."""
    return f"/integrations/{watched.pk}/reconnect/"


def link_for(watched: Integration, **fields: Any) -> str:
    """Return the path of a link that was sent to the owner."""
    token = reauth_requests.open_for({watched.pk: watched.user_id}, **fields)[watched.pk]
    return urlsplit(reauth_requests.link(token)).path


def read(answer: Any) -> str:
    """Return a page that was shown, with its blanks joined."""
    assert answer.status_code == 200
    return re.sub(r"\s+", " ", answer.content.decode())
