"""Composio's tools: what one is, and running it."""

from typing import Any

from integrations_health.providers.simulator import composio_errors as errors
from integrations_health.providers.simulator.accounts import Account, Surface
from integrations_health.providers.simulator.composio_json import shown
from integrations_health.providers.simulator.exchange import Exchange, Reply, say
from integrations_health.providers.simulator.failures import failure
from integrations_health.providers.simulator.faults import OK, Family, Fault, Step
from integrations_health.providers.simulator.fields import Field, arguments, check
from integrations_health.providers.simulator.services import COMPOSIO_TOOLS, Service, Tool
from integrations_health.providers.simulator.world import Simulator

VERSION = "20260915_00"
_EXECUTE = {
    "connected_account_id": Field(),
    "user_id": Field(),
    "entity_id": Field(),
    "arguments": Field("object"),
    "version": Field(),
    "text": Field(),
    "custom_auth_params": Field("object"),
    "custom_connection_data": Field("object"),
    "allow_tracing": Field("boolean", is_nullable=True),
}
_DEAD = {"FAILED", "EXPIRED", "INACTIVE", "REVOKED", "INITIATED", "INITIALIZING"}


def retrieve(world: Simulator, exchange: Exchange, slug: str) -> Reply:
    """Describe one tool."""
    known = COMPOSIO_TOOLS.get(slug)
    if known is None or slug in world.removed_tools:
        return _unknown(exchange, slug)
    service, tool = known
    toolkit = {"slug": service.toolkit, "name": service.server, "logo": ""}
    deprecated = {
        "available_versions": [VERSION],
        "displayName": tool.description,
        "is_deprecated": False,
        "toolkit": {"logo": ""},
        "version": VERSION,
    }
    answer = {
        "slug": slug,
        "name": tool.description,
        "description": tool.description,
        "human_description": tool.description,
        "toolkit": toolkit,
        "input_parameters": tool.schema,
        "output_parameters": {"type": "object", "properties": {}},
        "scopes": [],
        "scope_requirements": None,
        "tags": ["readOnlyHint"],
        "no_auth": False,
        "version": VERSION,
        "available_versions": [VERSION],
        "is_deprecated": False,
        "deprecated": deprecated,
    }
    return say(200, answer)


def execute(world: Simulator, exchange: Exchange, slug: str) -> Reply:
    """Run a tool with an account's credentials."""
    body = exchange.json()
    findings = check(body, _EXECUTE)
    if findings:
        return errors.invalid(exchange, findings)
    known = COMPOSIO_TOOLS.get(slug)
    if known is None or slug in world.removed_tools:
        return _unknown(exchange, slug)
    if "text" in body and "arguments" in body:
        message = "Only one of 'text' or 'arguments' must be provided"
        return errors.error(exchange, 400, message, code=10400, slug="HTTP_BadRequest")
    service, tool = known
    user_id = body.get("user_id") or body.get("entity_id")
    id = body.get("connected_account_id", "")
    if id and not user_id:
        return errors.error(
            exchange,
            400,
            "User ID is required with a connected account",
            code=1811,
            slug="ActionExecute_ConnectedAccountEntityIdRequired",
        )
    account = _account(world, service, id, str(user_id))
    if account is None:
        return errors.account_not_found(exchange, id)
    return _run(world, exchange, account, tool, body.get("arguments") or {})


def _account(world: Simulator, service: Service, id: str, user_id: str) -> Account | None:
    if id:
        account = world.population.find("composio", id)
    else:
        of_user = world.population.of_user("composio", user_id)
        account = next((one for one in of_user if one.service is service), None)
    is_fitting = account and account.user_id == user_id and account.service is service
    return account if is_fitting else None


def _run(
    world: Simulator, exchange: Exchange, account: Account, tool: Tool, sent: dict[str, Any]
) -> Reply:
    step = world.take(exchange, account, Surface.TOOL)
    if step.fault is Fault.GONE:
        return errors.account_not_found(exchange, account.id)
    if step.family is Family.HTTP:
        return errors.failed(exchange, step, world.quotas["composio"])
    if step.fault is Fault.TOOL_GONE:
        return _removed(exchange, tool.name, step)
    state = shown(account, step if step.family is Family.CONNECTION else OK)
    if state.status in _DEAD or state.is_disabled or state.is_auth_config_disabled:
        message = f"Connected account {account.id} is in state {state.status}"
        return errors.error(exchange, 422, message, code=10422, slug="HTTP_UnprocessableEntity")
    findings = arguments(sent, tool.schema)
    if findings:
        text = "; ".join(f"{finding.text}: '{finding.name}'" for finding in findings)
        return _result(exchange, {}, error=f"Invalid request data provided: {text}")
    return _answer(exchange, account, tool, step)


def _answer(exchange: Exchange, account: Account, tool: Tool, step: Step) -> Reply:
    match step.fault:
        case Fault.SLACK_OK_FALSE:
            data = {"ok": False, "error": step.argument or "token_revoked"}
            return _result(exchange, data)
        case _ if step.family is Family.ANSWER and step.fault is not Fault.SESSION_LOST:
            failed = failure(step, account.service)
            data = {"message": failed.text, "status_code": failed.status}
            return _result(exchange, data, error=failed.text)
    return _result(exchange, tool.answer(account.identity))._replace(step=step)


def _result(exchange: Exchange, data: dict[str, Any], *, error: str | None = None) -> Reply:
    answer = {
        "data": data,
        "error": error,
        "successful": error is None,
        "log_id": f"log_{exchange.call.number:012x}",
        "session_info": None,
    }
    return say(200, answer)


def _unknown(exchange: Exchange, slug: str) -> Reply:
    message = f"Tool {slug} not found"
    return errors.error(exchange, 404, message, code=2401, slug="Tool_ToolNotFound")


def _removed(exchange: Exchange, slug: str, step: Step) -> Reply:
    if step.argument != "410":
        return _unknown(exchange, slug)
    message = f"Tool {slug} has been removed"
    return errors.error(exchange, 410, message, code=2410, slug="HTTP_Gone")
