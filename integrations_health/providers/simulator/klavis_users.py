"""Klavis's view of users: who they are, what they connected, with which authentication."""

from math import ceil
from time import time
from typing import Any

from integrations_health.providers.simulator import klavis_errors as errors
from integrations_health.providers.simulator.accounts import Account, Surface, instant
from integrations_health.providers.simulator.exchange import Exchange, Reply, say
from integrations_health.providers.simulator.faults import OK, Family, Fault, Step
from integrations_health.providers.simulator.fields import Finding
from integrations_health.providers.simulator.services import BY_SERVER
from integrations_health.providers.simulator.world import Simulator

_MOST_USERS = 1000


def is_authenticated(account: Account, step: Step) -> bool:
    """Say whether authentication data is configured, which is not whether it works."""
    return account.status == "ACTIVE" and step.family is not Family.CONNECTION


def list_all(world: Simulator, exchange: Exchange) -> Reply:
    """List the users, page by page."""
    size, number = 100, 1
    for name, value in exchange.parameters():
        if name not in {"page_size", "page_number"} or not value.isdecimal():
            return errors.invalid([Finding(name, "int_parsing", "Invalid")], where="query")
        if name == "page_size":
            size = int(value)
        else:
            number = int(value)
    if not 1 <= size <= _MOST_USERS or number < 1:
        return errors.invalid([Finding("page_size", "range", "Out of range")], where="query")
    users = world.population.users("klavis")
    chosen = users[(number - 1) * size : number * size]
    answer = {
        "users": [_user(world, user) for user in chosen],
        "totalCount": len(users),
        "page": number,
        "pageSize": size,
        "totalPages": ceil(len(users) / size),
    }
    return say(200, answer)


def integrations(world: Simulator, exchange: Exchange, user_id: str) -> Reply:
    """List what one user connected."""
    accounts = world.population.of_user("klavis", user_id)
    if not accounts:
        return errors.detail(404, "User not found")
    shown: list[dict[str, Any]] = []
    spoiler = OK
    for account in accounts:
        step = world.moods.take(account, Surface.STATUS, exchange.mood)
        if step.family is Family.HTTP:
            return errors.failed(step)
        if step.family is Family.WIRE:
            spoiler = step
        if step.fault is not Fault.GONE:
            name, has_data = account.service.server, is_authenticated(account, step)
            shown.append({"name": name, "is_authenticated": has_data})
    return say(200, {"integrations": shown})._replace(step=spoiler)


def auth(world: Simulator, exchange: Exchange, user_id: str, server: str) -> Reply:
    """Show, or delete, one user's authentication at one server."""
    service = BY_SERVER.get(server.lower())
    found = [a for a in world.population.of_user("klavis", user_id) if a.service is service]
    if not found:
        return errors.detail(404, "User or server not found")
    account = found[0]
    if exchange.method == "DELETE":
        forget(world, exchange, account)
        return say(200, {"success": True, "message": "Authentication deleted"})
    step = world.take(exchange, account, Surface.STATUS)
    if step.family is Family.HTTP:
        return errors.failed(step)
    answer = {
        "success": True,
        "userId": user_id,
        "serverName": account.service.server,
        "authData": None,
        "isAuthenticated": is_authenticated(account, step),
        "message": None,
    }
    return say(200, answer)._replace(step=step)


def forget(world: Simulator, exchange: Exchange, account: Account) -> None:
    """Destroy an account's grant: only a new consent brings it back."""
    exchange.call.account = account.id
    world.population.keep(account).move_to("INITIATED", now=time())


def _user(world: Simulator, user_id: str) -> dict[str, Any]:
    oldest = min(account.created_at for account in world.population.of_user("klavis", user_id))
    return {"userId": user_id, "createdAt": instant(oldest)}
