"""Klavis's API: the key, the rate limit, the routes, the instances."""

from time import time

from integrations_health.providers.simulator import klavis_errors as errors
from integrations_health.providers.simulator import klavis_tools, klavis_users, leaks, links
from integrations_health.providers.simulator.accounts import Account, Surface
from integrations_health.providers.simulator.exchange import Exchange, NotJson, Refusal, Reply, say
from integrations_health.providers.simulator.faults import Family, Fault
from integrations_health.providers.simulator.fields import Field, Finding, check
from integrations_health.providers.simulator.services import BY_SERVER
from integrations_health.providers.simulator.world import Simulator

_CREATE = {
    "serverName": Field(is_required=True, least=1),
    "userId": Field(is_required=True, least=1),
    "platformName": Field(is_nullable=True),
    "connectionType": Field(choices=klavis_tools.CONNECTION_TYPES),
    "legacy": Field("boolean"),
    "isReadOnly": Field("boolean"),
}
_AUTHORIZE = {"instance_id", "client_id", "scope", "user_scope", "redirect_url"}


def answer(world: Simulator, exchange: Exchange) -> Reply:
    """Answer a request to Klavis."""
    scheme, _, key = exchange.header(b"authorization").partition(" ")
    if scheme.lower() != "bearer" or not key:
        return errors.detail(401, "Not authenticated")
    if key != world.api_key:
        return errors.detail(401, "Invalid API key")
    if not world.quotas["klavis"].take():
        return errors.detail(429, "Rate limit exceeded")
    mood = exchange.mood = world.moods.begin("klavis")
    if mood is not None and mood.family is Family.HTTP:
        return errors.failed(mood)
    try:
        reply = _route(world, exchange)
    except Refusal as refusal:
        reply = refusal.reply
    except NotJson as problem:
        reply = errors.invalid([Finding("body", "json_invalid", str(problem))])
    if mood is not None and mood.family is Family.WIRE:
        return reply._replace(step=mood)
    return reply


def authorize(world: Simulator, exchange: Exchange) -> Reply:
    """Show the page on which a user allows an instance, or take the answer that is posted."""
    sent = dict(exchange.parameters())
    unknown = [Finding(name, "extra_forbidden", "Unknown") for name in sent.keys() - _AUTHORIZE]
    id = sent.get("instance_id", "")
    if unknown or not id:
        missing = [Finding("instance_id", "missing", "Field required")]
        return errors.invalid(unknown or missing, where="query")
    account = world.population.find("klavis", id)
    if account is None or exchange.path != _oauth_path(account):
        return errors.instance_not_found()
    exchange.call.account = id
    if exchange.method != "POST":
        return links.page(account)
    if links.is_allowed(exchange):
        identity = exchange.form().get("identity", "")
        world.population.keep(account).heal(now=time(), identity=identity)
    return links.back(sent.get("redirect_url", ""), {})


def _route(world: Simulator, exchange: Exchange) -> Reply:
    match exchange.method, exchange.path[1:].split("/"):
        case "POST", ["mcp-server", "call-tool"]:
            return klavis_tools.call(world, exchange)
        case "POST", ["mcp-server", "list-tools"]:
            return klavis_tools.list_all(world, exchange)
        case "POST", ["mcp-server", "instance", "create"]:
            return _create(world, exchange)
        case "GET", ["mcp-server", "instance", id]:
            return _instance(world, exchange, id)
        case "DELETE", ["mcp-server", "instance", id]:
            world.population.delete(_found(world, exchange, id))
            return say(200, {"success": True, "message": "Instance deleted"})
        case "GET", ["mcp-server", "instance", id, "auth"]:
            return _auth_data(world, exchange, id)
        case "DELETE", ["mcp-server", "instance", id, "auth"]:
            klavis_users.forget(world, exchange, _found(world, exchange, id))
            return say(200, {"success": True, "message": "Authentication deleted"})
        case "GET", ["user", ""]:
            return klavis_users.list_all(world, exchange)
        case "GET", ["user", user_id, "integrations"]:
            return klavis_users.integrations(world, exchange, user_id)
        case "GET" | "DELETE", ["user", user_id, "auth", server]:
            return klavis_users.auth(world, exchange, user_id, server)
    return errors.detail(404, "Not Found")


def _create(world: Simulator, exchange: Exchange) -> Reply:
    body = exchange.json()
    findings = check(body, _CREATE)
    service = BY_SERVER.get(str(body.get("serverName", "")).lower())
    if service is None and not findings:
        findings = [Finding("serverName", "enum", "Unknown server")]
    if findings or service is None:
        return errors.invalid(findings)
    same = [a for a in world.population.of_user("klavis", body["userId"]) if a.service is service]
    # Asked twice, it is the same instance.
    account = (
        same[0]
        if same
        else world.connect("klavis", service.name, user_id=body["userId"], status="INITIATED")
    )
    exchange.call.account = account.id
    answer = {
        "serverUrl": world.server_url(account, origin=exchange.origin),
        "instanceId": account.id,
        "oauthUrl": _oauth_url(exchange, account),
    }
    return say(200, answer)


def _instance(world: Simulator, exchange: Exchange, id: str) -> Reply:
    account = _found(world, exchange, id)
    step = world.take(exchange, account, Surface.STATUS)
    if step.fault is Fault.GONE:
        return errors.instance_not_found()
    if step.family is Family.HTTP:
        return errors.failed(step)
    is_authenticated = klavis_users.is_authenticated(account, step)
    answer = {
        "instanceId": account.id,
        "authNeeded": True,
        "isAuthenticated": is_authenticated,
        "serverName": account.service.server,
        "platform": "",
        "externalUserId": account.user_id,
        "oauthUrl": _oauth_url(exchange, account),
    }
    return say(200, answer)._replace(step=step)


def _auth_data(world: Simulator, exchange: Exchange, id: str) -> Reply:
    account = _found(world, exchange, id)
    if account.status != "ACTIVE":
        return say(200, {"success": False, "authData": None, "error": "No auth data found"})
    # The real one hands out the tokens: nothing of ours has any business asking.
    exchange.call.is_forbidden = True
    tokens = {"access_token": leaks.ACCESS_TOKEN, "refresh_token": leaks.REFRESH_TOKEN}
    return say(200, {"success": True, "authData": tokens, "error": None})


def _found(world: Simulator, exchange: Exchange, id: str) -> Account:
    account = world.population.find("klavis", id)
    if account is None:
        raise Refusal(errors.instance_not_found())
    exchange.call.account = id
    return account


def _oauth_url(exchange: Exchange, account: Account) -> str:
    return f"{exchange.origin}{_oauth_path(account)}?instance_id={account.id}"


def _oauth_path(account: Account) -> str:
    return f"/oauth/{account.service.oauth}/authorize"
