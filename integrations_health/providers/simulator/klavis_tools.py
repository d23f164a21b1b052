"""Klavis's way to call a tool: through the server's URL, with failures that look like answers."""

import json
from typing import Any
from urllib.parse import parse_qs, urlsplit

from integrations_health.providers.simulator import klavis_errors as errors
from integrations_health.providers.simulator.accounts import Account, Surface
from integrations_health.providers.simulator.exchange import Exchange, Reply, say
from integrations_health.providers.simulator.failures import Failure, failure
from integrations_health.providers.simulator.faults import Family, Fault, Step
from integrations_health.providers.simulator.fields import Field, arguments, check
from integrations_health.providers.simulator.services import Service, Tool
from integrations_health.providers.simulator.world import Simulator

CONNECTION_TYPES = ("SSE", "StreamableHttp")
_FORMATS = ("openai", "anthropic", "gemini", "mcp_native")
_CALL = {
    "serverUrl": Field(is_required=True, least=1),
    "toolName": Field(is_required=True, least=1),
    "toolArgs": Field("object"),
    "connectionType": Field(choices=CONNECTION_TYPES),
    "headers": Field("object", is_nullable=True),
}
_LIST = {
    "serverUrl": Field(is_required=True, least=1),
    "connectionType": Field(choices=CONNECTION_TYPES),
    "format": Field(choices=_FORMATS),
    "headers": Field("object", is_nullable=True),
}
_NO_TOKEN = Failure("Invalid Credentials", 401)


def call(world: Simulator, exchange: Exchange) -> Reply:
    """Call a tool of an instance."""
    body = exchange.json()
    findings = check(body, _CALL)
    if findings:
        return errors.invalid(findings)
    account = _account(world, body["serverUrl"])
    if account is None:
        return say(200, _not_connected())
    step = world.take(exchange, account, Surface.TOOL)
    if step.fault is Fault.GONE:
        return say(200, _not_connected())
    if step.family is Family.HTTP:
        return errors.failed(step)
    tool = account.service.mcp_tools.get(body["toolName"])
    is_removed = body["toolName"] in world.removed_tools or step.fault is Fault.TOOL_GONE
    if tool is None or is_removed:
        return _result(f"Unknown tool: {body['toolName']}", is_error=True)
    return _result(text(account, tool, body.get("toolArgs") or {}, step))._replace(step=step)


def list_all(world: Simulator, exchange: Exchange) -> Reply:
    """List the tools of an instance."""
    body = exchange.json()
    findings = check(body, _LIST)
    if findings:
        return errors.invalid(findings)
    form = body.get("format", "mcp_native")
    account = _account(world, body["serverUrl"])
    if account is None:
        return say(200, {**_not_connected(), "tools": None, "format": form})
    exchange.call.account = account.id
    tools = [
        _described(tool, form)
        for tool in account.service.mcp_tools.values()
        if tool.name not in world.removed_tools
    ]
    return say(200, {"success": True, "tools": tools, "format": form, "error": None})


def text(account: Account, tool: Tool, sent: dict[str, Any], step: Step) -> str:
    """Return the text a Klavis server gives for a call, failures among them, none marked as one."""
    if step.family is Family.CONNECTION or account.status != "ACTIVE":
        return _hidden(account.service, _NO_TOKEN)
    findings = arguments(sent, tool.schema)
    if findings:
        words = "; ".join(f"{finding.name}: {finding.text}" for finding in findings)
        return _hidden(account.service, Failure(words, 400))
    if step.fault is Fault.SLACK_OK_FALSE:
        return json.dumps({"ok": False, "error": step.argument or "token_revoked"})
    if step.family is Family.ANSWER and step.fault is not Fault.SESSION_LOST:
        return _hidden(account.service, failure(step, account.service))
    return json.dumps(tool.answer(account.identity), indent=2)


def _hidden(service: Service, failed: Failure) -> str:
    if service.name == "gmail":
        return json.dumps({"error": failed.text})
    if service.name == "calendar":
        return f"Error: Google Calendar API Error ({failed.status}): {failed.text}"
    return f"Error: {failed.text}"


def _result(said: str, *, is_error: bool = False) -> Reply:
    result = {"content": [{"type": "text", "text": said}], "isError": is_error}
    return say(200, {"success": True, "result": result, "error": None})


def _not_connected() -> dict[str, Any]:
    text = "Failed to connect to the MCP server: 404 Not Found"
    return {"success": False, "result": None, "error": text}


def _account(world: Simulator, server_url: str) -> Account | None:
    ids = parse_qs(urlsplit(server_url).query).get("instance_id", [""])
    return world.population.find("klavis", ids[0])


def _described(tool: Tool, form: str) -> dict[str, Any]:
    about = {"name": tool.name, "description": tool.description}
    match form:
        case "openai":
            return {"type": "function", "function": {**about, "parameters": tool.schema}}
        case "anthropic":
            return {**about, "input_schema": tool.schema}
        case "gemini":
            return {**about, "parameters": tool.schema}
    return {**about, "inputSchema": tool.schema}
