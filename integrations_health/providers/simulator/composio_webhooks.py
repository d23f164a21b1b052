"""Composio's webhook subscriptions, and the signed event that it would send."""

import base64
import hashlib
import hmac
import json
import secrets
import uuid
from time import time
from typing import Any

from integrations_health.providers.simulator import composio_errors as errors
from integrations_health.providers.simulator.accounts import Account, instant
from integrations_health.providers.simulator.composio_json import item
from integrations_health.providers.simulator.exchange import Exchange, Reply, dump, say
from integrations_health.providers.simulator.faults import OK
from integrations_health.providers.simulator.fields import Field, Finding, check
from integrations_health.providers.simulator.world import Simulator

EXPIRED = "composio.connected_account.expired"
_VERSIONS = ("V1", "V2", "V3")
_CREATE = {
    "webhook_url": Field(is_required=True, least=1),
    "enabled_events": Field("array", is_required=True, least=1),
    "version": Field(choices=_VERSIONS),
}
_UPDATE = {name: field._replace(is_required=False) for name, field in _CREATE.items()}
_LONGEST_URL = 2048


def list_all(world: Simulator, exchange: Exchange) -> Reply:
    """List the project's subscriptions: none, or the one."""
    items = list(world.subscriptions.values())
    pages = {"next_cursor": None, "total_pages": 1, "current_page": 1, "total_items": len(items)}
    return say(200, {"items": items, **pages})


def create(world: Simulator, exchange: Exchange) -> Reply:
    """Subscribe; a project can do so once."""
    body = exchange.json()
    findings = check(body, _CREATE) or _url_findings(body)
    if findings:
        return errors.invalid(exchange, findings)
    if world.subscriptions:
        message = "A webhook subscription already exists for this project"
        return errors.error(exchange, 400, message, code=10400, slug="HTTP_BadRequest")
    now = instant(time())
    subscription = {
        "id": f"ws_{secrets.token_urlsafe(9)}",
        "version": "V3",
        **body,
        "secret": _new_secret(),
        "created_at": now,
        "updated_at": now,
    }
    world.subscriptions[subscription["id"]] = subscription
    return say(201, subscription)


def one(world: Simulator, exchange: Exchange, id: str) -> Reply:
    """Show one subscription."""
    subscription = world.subscriptions.get(id)
    return say(200, subscription) if subscription else _unknown(exchange, id)


def update(world: Simulator, exchange: Exchange, id: str) -> Reply:
    """Change one subscription; the events given replace those there were."""
    subscription = world.subscriptions.get(id)
    if subscription is None:
        return _unknown(exchange, id)
    body = exchange.json()
    findings = check(body, _UPDATE) or _url_findings(body)
    if findings:
        return errors.invalid(exchange, findings)
    subscription.update(body, updated_at=instant(time()))
    return say(200, subscription)


def rotate_secret(world: Simulator, exchange: Exchange, id: str) -> Reply:
    """Give one subscription a new secret."""
    subscription = world.subscriptions.get(id)
    if subscription is None:
        return _unknown(exchange, id)
    subscription.update(secret=_new_secret(), updated_at=instant(time()))
    return say(200, {"id": id, "secret": subscription["secret"]})


def expired_event(
    account: Account, secret: str, *, id: str = "", at: float | None = None
) -> tuple[dict[str, str], bytes]:
    """Return the headers and body of the event that an account can no longer be refreshed.

    `at` is the unix time it is signed with, `id` the message's, both new ones when left out.
    """
    moment = time() if at is None else at
    message = id or f"msg_{uuid.uuid4()}"
    body = dump(
        {
            "id": message,
            "timestamp": instant(moment),
            "type": EXPIRED,
            "metadata": {"project_id": "pr_simulator", "org_id": "ok_simulator"},
            "data": json.loads(item(account, OK, is_detail=True)),
        }
    )
    signed = f"{message}.{int(moment)}.".encode() + body
    # The key is the secret as it stands, unlike in libraries that decode a `whsec_` first.
    signature = base64.b64encode(hmac.new(secret.encode(), signed, hashlib.sha256).digest())
    headers = {
        "content-type": "application/json",
        "webhook-id": message,
        "webhook-timestamp": str(int(moment)),
        "webhook-signature": f"v1,{signature.decode()}",
        "x-composio-webhook-version": "V3",
        "x-composio-delivery-attempt": "1",
    }
    return headers, body


def _url_findings(body: dict[str, Any]) -> list[Finding]:
    url = body.get("webhook_url", "https://")
    if url.startswith("https://") and len(url) <= _LONGEST_URL:
        return []
    return [Finding("webhook_url", "url", "Expected an https URL of at most 2048 characters")]


def _new_secret() -> str:
    return f"whsec_{secrets.token_urlsafe(24)}"


def _unknown(exchange: Exchange, id: str) -> Reply:
    return errors.not_found(exchange, f"Webhook subscription {id} not found")
