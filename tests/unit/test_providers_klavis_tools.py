"""A tool call through Klavis: failures look like answers, and are dug out of them."""

import json
from typing import Any
from uuid import UUID

import httpx
import pytest

from integrations_health.fields import Secret
from integrations_health.outcomes import Outcome
from integrations_health.providers.base import Failure, ToolAnswer
from integrations_health.providers.klavis import Klavis
from tests.unit.asking import OPTIONS, Answer, Gatekeeper, Wire, said
from tests.unit.targets import target

pytestmark = pytest.mark.asyncio
ID = "0b0a3a3e-0000-4000-8000-000000000001"
SERVER_URL = f"https://gmail-mcp-server.klavis.ai/mcp/?instance_id={ID}"
# As the claim hands it over.
TARGET = target(provider="klavis", server_instance_id=ID, server_url=Secret(SERVER_URL))


def told(text: Any, *, is_error: Any = False) -> httpx.Response:
    result = {"content": [{"type": "text", "text": text}], "isError": is_error}
    return said({"success": True, "result": result, "error": None})


async def call(answer: Answer) -> tuple[ToolAnswer | Failure, Wire]:
    wire = Wire(answer)
    provider = Klavis(**OPTIONS, transport=wire)
    heard = await provider.call_tool(
        TARGET,
        tool="gmail_search_emails",
        arguments={"maxResults": 1},
        request_id=UUID(ID),
        gate=Gatekeeper(),
    )
    return heard, wire


async def test_a_tool_is_called_at_the_address_of_its_server() -> None:
    _, wire = await call(told("[]"))

    assert wire.paths == ["POST /mcp-server/call-tool"]
    assert json.loads(wire.requests[0].content) == {
        "serverUrl": SERVER_URL,
        "toolName": "gmail_search_emails",
        "toolArgs": {"maxResults": 1},
        "connectionType": "StreamableHttp",
    }


@pytest.mark.parametrize(
    ("text", "data"),
    [
        ("[]", []),
        ('{"messages": []}', {"messages": []}),
        ('{"error": null, "messages": []}', {"error": None, "messages": []}),
        ('{"ok": false, "error": "token_revoked"}', {"ok": False, "error": "token_revoked"}),
        ("3", 3),
    ],
)
async def test_json_that_is_no_bare_error_is_an_answer(text: str, data: Any) -> None:
    answer, _ = await call(told(text))

    assert isinstance(answer, ToolAnswer)
    assert answer.is_successful
    assert answer.data == data


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (told('{"error": "invalid_grant"}'), "invalid_grant"),
        (told('{"error": {"code": 401}}'), '{"code": 401}'),
        (
            told("Error: Google Calendar API Error (401): Invalid Credentials"),
            "Error: Google Calendar API Error (401): Invalid Credentials",
        ),
        (told("Error: token_revoked"), "Error: token_revoked"),
        (told('"Error: token_revoked"'), "Error: token_revoked"),
        (told("something unforeseen"), "something unforeseen"),
        (told(""), "the tool answered nothing"),
        (told(None), "the tool answered nothing"),
        (told('{"a": NaN}'), '{"a": NaN}'),
        (told("[]", is_error=True), "[]"),
        (said({"success": True, "result": {"content": []}}), "the tool answered nothing"),
        (said({"success": True, "result": {"content": "x"}}), "the tool answered nothing"),
        (said({"success": True, "result": None}), "the tool answered nothing"),
        (said({"success": False, "error": "no connection"}), "no connection"),
        (said({"success": False, "error": None, "result": {}}), ""),
    ],
)
async def test_a_failure_is_dug_out_of_a_good_looking_answer(
    answer: httpx.Response, error: str
) -> None:
    heard, _ = await call(answer)

    assert isinstance(heard, ToolAnswer)
    assert not heard.is_successful
    assert heard.error == error


@pytest.mark.parametrize(
    ("answer", "outcome"),
    [
        (told("Unknown tool: gmail_search_emails", is_error=True), Outcome.PROBE_MISCONFIGURED),
        (said({"success": False, "error": "Unknown tool: x"}), Outcome.PROBE_MISCONFIGURED),
        # Its servers say this, too, as if it were the tool's answer.
        (told("Unknown tool: slack_user_list_channels"), Outcome.PROBE_MISCONFIGURED),
        (told('{"error": "Unknown tool: gmail_search_emails"}'), Outcome.PROBE_MISCONFIGURED),
        (told("Error: Unknown tool: x"), Outcome.PROBE_MISCONFIGURED),
        (said({"detail": "Invalid API key"}, status=401), Outcome.KEY_REJECTED),
        (said({"detail": [{"msg": "required"}]}, status=422), Outcome.PROBE_MISCONFIGURED),
        (said({"detail": "Instance not found"}, status=404), Outcome.DISCONNECTED),
        (said({"detail": "Tool 'x' not found"}, status=404), Outcome.PROBE_MISCONFIGURED),
        (said({"detail": "Not Found"}, status=404), Outcome.BAD_RESPONSE),
        (said({"result": {}}), Outcome.BAD_RESPONSE),
        (said({"success": "true"}), Outcome.BAD_RESPONSE),
        (httpx.Response(200, content=b"<html>"), Outcome.BAD_RESPONSE),
    ],
)
async def test_an_answer_that_says_nothing_of_the_service_is_a_failure(
    answer: httpx.Response, outcome: Outcome
) -> None:
    heard, _ = await call(answer)

    assert isinstance(heard, Failure)
    assert heard.outcome is outcome
