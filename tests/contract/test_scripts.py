"""Scripts: how they are written, what uses them up, and who overrules whom."""

import json

import httpx
import pytest

from integrations_health.providers.simulator import BadScript, Fault, UnknownAccount, leaks
from integrations_health.providers.simulator.faults import FAMILIES, Script, Step
from integrations_health.providers.simulator.latency import Latency
from tests.contract.asking import LIST, MCP_CALL, call_tool, execute, modern


@pytest.mark.parametrize(
    ("text", "steps"),
    [
        ("ok", [Step(Fault.OK)]),
        (
            "ok*3, 500*5, hang",
            [Step(Fault.OK, "", 3), Step(Fault.HTTP_500, "", 5), Step(Fault.HANG)],
        ),
        (
            "429(Wed, 21 Oct 2026 07:28:00 GMT)*2",
            [Step(Fault.HTTP_429, "Wed, 21 Oct 2026 07:28:00 GMT", 2)],
        ),
        ("failed(so (401): no)", [Step(Fault.FAILED, "so (401): no")]),
        (" slow( 250 ) , ok ", [Step(Fault.SLOW, "250"), Step(Fault.OK)]),
    ],
)
def test_a_script_reads_as_it_is_written(text, steps):
    assert list(Script.parse(text).steps) == steps


@pytest.mark.parametrize(
    "text", ["", "nonsense", "ok*0", "ok ok", "ok;500", "again", "ok, again, 500", "ok*x", "ok(1"]
)
def test_a_script_that_says_nothing_sensible_is_refused(text):
    with pytest.raises(BadScript):
        Script.parse(text)


def test_the_last_step_stays():
    script = Script.parse("500*2, hang*2, ok")

    shown = [script.take().fault for _ in range(7)]

    assert shown == ["500", "500", "hang", "hang", "ok", "ok", "ok"]


def test_a_script_can_go_round():
    script = Script.parse("ok*2, 500, again")

    shown = [script.take().fault for _ in range(7)]

    assert shown == ["ok", "ok", "500", "ok", "ok", "500", "ok"]


def test_every_fault_belongs_somewhere():
    assert set(FAMILIES) == set(Fault) - {Fault.OK}


def test_faults_of_tools_are_used_up_by_calling_tools_alone(composio, simulator):
    account = simulator.connect("composio", "gmail", script="500*2, ok")

    for _ in range(5):
        composio.get(LIST)
    statuses = [execute(composio, account).status_code for _ in range(3)]

    assert statuses == [500, 500, 200]


def test_faults_of_connections_are_used_up_by_reading_the_status_alone(composio, simulator):
    account = simulator.connect("composio", "gmail", script="expired*2, ok")

    calls = [execute(composio, account).status_code for _ in range(3)]
    said = [composio.get(f"{LIST}/{account.id}").json()["status"] for _ in range(3)]

    assert calls == [422, 422, 422]
    assert said == ["EXPIRED", "EXPIRED", "ACTIVE"]


def test_a_service_without_a_tool_call_uses_everything_up_by_status(composio, simulator):
    account = simulator.connect("composio", "notion", script="500*2, ok")

    statuses = [composio.get(f"{LIST}/{account.id}").status_code for _ in range(3)]

    assert statuses == [500, 500, 200]


def test_a_provider_overrules_its_accounts(composio, klavis, simulator):
    account = simulator.connect("composio", "gmail", script="expired")
    simulator.connect("klavis", "gmail", user_id="user-1")

    simulator.answers("composio", "500*2, ok")

    statuses = [composio.get(LIST).status_code for _ in range(2)]
    assert statuses == [500, 500]
    assert composio.get(f"{LIST}/{account.id}").json()["status"] == "ACTIVE"
    assert klavis.get("/user/user-1/integrations").status_code == 200
    simulator.answers("composio", None)
    assert composio.get(f"{LIST}/{account.id}").json()["status"] == "EXPIRED"


def test_a_service_that_is_down_leaves_the_others_and_the_statuses_alone(composio, simulator):
    gmail = simulator.connect("composio", "gmail")
    slack = simulator.connect("composio", "slack")

    simulator.answers("composio", "service_500", service="gmail")

    assert composio.get(LIST).json()["total_items"] == 2
    assert not execute(composio, gmail).json()["successful"]
    assert execute(composio, slack, "SLACK_TEST_AUTH").json()["successful"]


def test_a_rejected_key_is_rejected_everywhere(composio, simulator):
    account = simulator.connect("composio", "gmail")

    simulator.answers("composio", "key_rejected")

    answers = [composio.get(LIST), execute(composio, account)]
    assert {answer.json()["error"]["code"] for answer in answers} == {801}


def test_nobody_scripts_an_account_that_is_not_there(simulator):
    with pytest.raises(UnknownAccount):
        simulator.script("ca_nobody", "ok")


@pytest.mark.parametrize("provider", ["composio", "klavis", "mcp"])
def test_secrets_are_spilled_in_every_shape(composio, klavis, simulator, provider):
    account = simulator.connect(provider, "gmail", script="secret_echo")
    read = {"composio": _composio_text, "klavis": _klavis_text, "mcp": _mcp_text}[provider]

    said = read(composio, klavis, simulator, account)

    assert [canary for canary in leaks.CANARIES if canary not in said] == []


@pytest.mark.parametrize("script", ["500(secrets)", "expired(secrets)"])
def test_errors_and_reasons_spill_secrets_too(composio, simulator, script):
    account = simulator.connect("composio", "gmail")
    simulator.script(account, script, on="status")

    said = composio.get(f"{LIST}/{account.id}").json()

    text = said["error"]["message"] if "error" in said else said["status_reason"]
    assert text == leaks.TEXT


def test_the_same_call_always_takes_the_same_time():
    first, second, other = Latency(100, seed=7), Latency(100, seed=7), Latency(100, seed=8)

    drawn = [first.draw("ca_1") for _ in range(20)]

    assert [second.draw("ca_1") for _ in range(20)] == drawn
    assert [other.draw("ca_1") for _ in range(20)] != drawn
    assert len(set(drawn)) == 20
    assert all(0.05 <= seconds <= 0.15 for seconds in drawn)


def _composio_text(composio, klavis, simulator, account):
    return execute(composio, account).json()["error"]


def _klavis_text(composio, klavis, simulator, account):
    said = call_tool(klavis, simulator, account).json()
    return json.loads(said["result"]["content"][0]["text"])["error"]


def _mcp_text(composio, klavis, simulator, account):
    said = httpx.post(simulator.server_url(account), **modern("tools/call", MCP_CALL)).json()
    return said["result"]["content"][0]["text"]
