"""The door through which another process moves the simulator: `/_simulator/`, loopback only."""

from collections.abc import Callable
from dataclasses import asdict
from typing import Any

from integrations_health.providers.simulator.accounts import Account
from integrations_health.providers.simulator.exchange import (
    JSON,
    Exchange,
    NotJson,
    Receive,
    Reply,
    Scope,
    Send,
    say,
)
from integrations_health.providers.simulator.faults import BadScript
from integrations_health.providers.simulator.journal import Call
from integrations_health.providers.simulator.world import PROVIDERS, Simulator, UnknownAccount

PREFIX = "/_simulator/"


async def answer(world: Simulator, scope: Scope, receive: Receive, send: Send) -> None:
    """Do what is asked: POST a JSON object to one of `COMMANDS`, or GET one of `QUESTIONS`."""
    call = Call(0, 0, "", scope["method"], scope["path"])
    exchange = Exchange(scope, receive, send, call)
    await exchange.read()
    await exchange.finish(_reply(world, exchange))


def _reply(world: Simulator, exchange: Exchange) -> Reply:
    word = exchange.path[len(PREFIX) :]
    # A web page of somebody else's may send a form here, but no JSON without asking first.
    is_json = exchange.header(b"content-type").startswith(str(JSON[1], "ascii"))
    try:
        if exchange.method == "GET" and word in QUESTIONS:
            return say(200, QUESTIONS[word](world, dict(exchange.parameters())))
        if exchange.method == "POST" and word in COMMANDS and is_json:
            return say(200, COMMANDS[word](world, exchange.json()))
    except (BadScript, NotJson, UnknownAccount, TypeError, KeyError) as problem:
        return say(400, {"problem": str(problem)})
    return say(404, {"questions": list(QUESTIONS), "commands": list(COMMANDS)})


def _connect(world: Simulator, body: dict[str, Any]) -> dict[str, Any]:
    return _account(world, world.connect(body.pop("provider"), body.pop("service"), **body))


def _script(world: Simulator, body: dict[str, Any]) -> dict[str, Any]:
    world.script(body["account"], body["script"], on=body.get("on", ""))
    return {}


def _answers(world: Simulator, body: dict[str, Any]) -> dict[str, Any]:
    world.answers(body["provider"], body["script"], service=body.get("service", ""))
    return {}


def _change(world: Simulator, body: dict[str, Any]) -> dict[str, Any]:
    world.api_key = body.get("api_key", world.api_key)
    world.latency.typical_ms = body.get("latency_ms", world.latency.typical_ms)
    for provider, limit in body.get("limits", {}).items():
        world.limit(provider, limit)
    world.removed_tools.update(body.get("removed_tools", ()))
    return {}


def _clear(world: Simulator, body: dict[str, Any]) -> dict[str, Any]:
    world.journal.clear()
    return {}


def _accounts(world: Simulator, sent: dict[str, str]) -> list[dict[str, Any]]:
    return [
        _account(world, account)
        for provider in PROVIDERS
        for account in world.population.kept(provider)
    ]


def _calls(world: Simulator, sent: dict[str, str]) -> list[dict[str, Any]]:
    calls = world.journal.calls(
        account=sent.get("account", ""),
        provider=sent.get("provider", ""),
        after=int(sent.get("after", 0)),
    )
    return [asdict(call) for call in calls]


def _counts(world: Simulator, sent: dict[str, str]) -> dict[str, int]:
    return dict(world.journal.counts)


def _account(world: Simulator, account: Account) -> dict[str, Any]:
    return {
        "provider": account.provider,
        "id": account.id,
        "service": account.service.name,
        "user_id": account.user_id,
        "auth_config_id": account.auth_config_id,
        "status": account.status,
        "token": account.token,
        "server_url": "" if account.provider == "composio" else world.server_url(account),
    }


COMMANDS: dict[str, Callable[[Simulator, dict[str, Any]], dict[str, Any]]] = {
    "connect": _connect,
    "script": _script,
    "answers": _answers,
    "change": _change,
    "clear": _clear,
}
QUESTIONS: dict[str, Callable[[Simulator, dict[str, str]], Any]] = {
    "accounts": _accounts,
    "calls": _calls,
    "counts": _counts,
}
