"""Composio's connected accounts: list, one, link, status, refresh, revoke, delete."""

import secrets
from time import time

from integrations_health.providers.simulator import composio_errors as errors
from integrations_health.providers.simulator.accounts import LINK_SECONDS, Account, Surface, instant
from integrations_health.providers.simulator.composio_json import item, shown
from integrations_health.providers.simulator.exchange import Exchange, Refusal, Reply, say
from integrations_health.providers.simulator.faults import FINE, Family, Fault, Script
from integrations_health.providers.simulator.fields import Field, check
from integrations_health.providers.simulator.services import BY_TOOLKIT, Service
from integrations_health.providers.simulator.world import Simulator

_LINK = {
    "auth_config_id": Field(is_required=True, least=1),
    "user_id": Field(is_required=True, least=1),
    "callback_url": Field(),
    "alias": Field(),
    "connection_data": Field("object"),
    "experimental": Field("object"),
}
_STATUS = {"enabled": Field("boolean", is_required=True)}
_UNREVOKABLE = {"notion"}


def one(world: Simulator, exchange: Exchange, id: str) -> Reply:
    """Answer for one account."""
    account = found(world, exchange, id)
    step = world.take(exchange, account, Surface.STATUS)
    if step.fault is Fault.GONE:
        return errors.account_not_found(exchange, id)
    if step.family is Family.HTTP:
        return errors.failed(exchange, step, world.quotas["composio"])
    return Reply(200, item(account, step, is_detail=True), step=step)


def link(world: Simulator, exchange: Exchange) -> Reply:
    """Begin a connection: a new account, and the page where its user allows it."""
    body = exchange.json()
    findings = check(body, _LINK)
    if findings:
        return errors.invalid(exchange, findings)
    service = _service(world, body["auth_config_id"])
    if service is None:
        return errors.not_found(exchange, f"Auth config {body['auth_config_id']} not found")
    now = time()
    account = world.connect(
        "composio",
        service.name,
        user_id=body["user_id"],
        auth_config_id=body["auth_config_id"],
        status="INITIATED",
        callback_url=body.get("callback_url", ""),
        created_at=now,
        updated_at=now,
        expires_at=now + LINK_SECONDS,
    )
    exchange.call.account = account.id
    token = f"lk_{secrets.token_urlsafe(12)}"
    world.links[token] = account.id
    answer = {
        "link_token": token,
        "redirect_url": f"{exchange.origin}/link/{token}",
        "expires_at": instant(now + LINK_SECONDS),
        "connected_account_id": account.id,
    }
    return say(201, answer)


def set_enabled(world: Simulator, exchange: Exchange, id: str) -> Reply:
    """Switch an account off, or on. Switching on says ACTIVE and mends nothing."""
    body = exchange.json()
    findings = check(body, _STATUS)
    if findings:
        return errors.invalid(exchange, findings)
    account = found(world, exchange, id)
    if not body["enabled"]:
        account.move_to("INACTIVE", "Connection status updated by user", now=time())
        return say(200, {"success": True})
    if account.script.current.family is Family.CONNECTION or account.status != "ACTIVE":
        account.script = Script.parse(Fault.REVOKED_BUT_ACTIVE)
    account.move_to("ACTIVE", now=time())
    return say(200, {"success": True})


def refresh(world: Simulator, exchange: Exchange, id: str) -> Reply:
    """Do what the deprecated refresh does: end a working connection and begin a new consent."""
    exchange.call.is_forbidden = True
    account = found(world, exchange, id)
    account.move_to("INITIATED", now=time())
    account.script, account.expires_at = FINE, time() + LINK_SECONDS
    world.pending.append(account)
    token = f"lk_{secrets.token_urlsafe(12)}"
    world.links[token] = account.id
    url = f"{exchange.origin}/link/{token}"
    return say(200, {"id": account.id, "status": "INITIATED", "redirect_url": url})


def revoke(world: Simulator, exchange: Exchange, id: str) -> Reply:
    """Revoke an account's grant at its service."""
    account = found(world, exchange, id)
    step = world.moods.fault(account, Surface.STATUS, exchange.mood)
    if account.service.name in _UNREVOKABLE:
        message = f"Toolkit {account.service.toolkit} does not support revocation"
        return errors.error(exchange, 400, message, code=10400, slug="HTTP_BadRequest")
    if shown(account, step).status != "ACTIVE":
        message = f"Connected account {id} is not revokable"
        return errors.error(exchange, 409, message, code=10409, slug="HTTP_Conflict")
    account.move_to("REVOKED", "Revoked via user-initiated revoke endpoint", now=time())
    return say(
        200,
        {
            "revoked_tokens": ["access_token", "refresh_token"],
            "connected_account": {"id": account.id, "status": account.status},
        },
    )


def delete(world: Simulator, exchange: Exchange, id: str) -> Reply:
    """Delete an account."""
    account = found(world, exchange, id)
    world.population.delete(account)
    return say(200, {"success": True})


def _service(world: Simulator, auth_config_id: str) -> Service | None:
    known = BY_TOOLKIT.get(auth_config_id.removeprefix("ac_"))
    others = (a for a in world.population.kept("composio") if a.auth_config_id == auth_config_id)
    other = next(others, None)
    return other.service if other else known


def found(world: Simulator, exchange: Exchange, id: str) -> Account:
    """Return the account with this id, noted in the log. Raises Refusal."""
    account = world.population.find("composio", id)
    if account is None:
        raise Refusal(errors.account_not_found(exchange, id))
    exchange.call.account = id
    return world.population.keep(account) if exchange.method != "GET" else account
