"""Composio's API: the key, the rate limit, the routes."""

from integrations_health.providers.simulator import (
    composio_accounts,
    composio_list,
    composio_tools,
    composio_webhooks,
)
from integrations_health.providers.simulator import composio_errors as errors
from integrations_health.providers.simulator.exchange import Exchange, NotJson, Refusal, Reply, say
from integrations_health.providers.simulator.faults import Family
from integrations_health.providers.simulator.fields import Finding
from integrations_health.providers.simulator.quotas import WINDOW_SECONDS
from integrations_health.providers.simulator.world import Simulator

PREFIX = "/api/v3.1/"
_WINDOW = (b"x-ratelimit-window-size", b"%ds" % WINDOW_SECONDS)


def answer(world: Simulator, exchange: Exchange) -> Reply:
    """Answer a request to Composio."""
    quota = world.quotas["composio"]
    is_within = quota.take()
    if exchange.header(b"x-api-key") != world.api_key:
        has_key = exchange.header(b"x-api-key")
        reply = errors.bad_key(exchange) if has_key else errors.no_key(exchange)
    elif not is_within:
        reply = errors.rate_limited(quota, str(quota.seconds_left))
    else:
        reply = _answer(world, exchange)
    limits = (
        (b"x-ratelimit", b"%d" % quota.limit),
        (b"x-ratelimit-remaining", b"%d" % quota.remaining),
        _WINDOW,
        (b"x-request-id", exchange.call.request_id.encode("latin-1")),
    )
    return reply._replace(headers=(*reply.headers, *limits))


def _answer(world: Simulator, exchange: Exchange) -> Reply:
    world.settle()
    mood = exchange.mood = world.moods.begin("composio")
    if mood is not None and mood.family is Family.HTTP:
        return errors.failed(exchange, mood, world.quotas["composio"])
    try:
        reply = _route(world, exchange)
    except Refusal as refusal:
        reply = refusal.reply
    except NotJson as problem:
        reply = errors.invalid(exchange, [Finding("body", "json", str(problem))])
    if mood is not None and mood.family is Family.WIRE:
        return reply._replace(step=mood)
    return reply


def _route(world: Simulator, exchange: Exchange) -> Reply:
    match exchange.method, exchange.path[len(PREFIX) :].split("/"):
        case "POST", ["tools", "execute", slug]:
            return composio_tools.execute(world, exchange, slug)
        case "GET", ["connected_accounts"]:
            return composio_list.page(world, exchange)
        case "GET", ["connected_accounts", id]:
            return composio_accounts.one(world, exchange, id)
        case "POST", ["connected_accounts", "link"]:
            return composio_accounts.link(world, exchange)
        case "POST", ["connected_accounts", id, "revoke"]:
            return composio_accounts.revoke(world, exchange, id)
        case "POST", ["connected_accounts", id, "refresh"]:
            return composio_accounts.refresh(world, exchange, id)
        case "PATCH", ["connected_accounts", id, "status"]:
            return composio_accounts.set_enabled(world, exchange, id)
        case "DELETE", ["connected_accounts", id]:
            return composio_accounts.delete(world, exchange, id)
        case "GET", ["tools", slug]:
            return composio_tools.retrieve(world, exchange, slug)
        case "GET", ["auth", "session", "info"]:
            project = {"id": "pr_simulator", "name": "simulator"}
            return say(200, {"project": project})
        case _, ["webhook_subscriptions", *rest]:
            return _webhooks(world, exchange, rest)
    return errors.not_found(exchange, f"Cannot {exchange.method} {exchange.path}")


def _webhooks(world: Simulator, exchange: Exchange, rest: list[str]) -> Reply:
    match exchange.method, rest:
        case "GET", []:
            return composio_webhooks.list_all(world, exchange)
        case "POST", []:
            return composio_webhooks.create(world, exchange)
        case "GET", [id]:
            return composio_webhooks.one(world, exchange, id)
        case "PATCH", [id]:
            return composio_webhooks.update(world, exchange, id)
        case "POST", [id, "rotate_secret"]:
            return composio_webhooks.rotate_secret(world, exchange, id)
    return errors.not_found(exchange, f"Cannot {exchange.method} {exchange.path}")
