"""The demo: its people, the command that runs it, and the door through which it is moved."""

import json
import os
import signal
import subprocess
import sys
from collections import Counter

import httpx
import pytest

from integrations_health.providers.simulator import Simulator, demo
from integrations_health.providers.simulator.app import App
from integrations_health.providers.simulator.faults import Fault, Script
from integrations_health.providers.simulator.serve import is_loopback
from tests.contract.asking import LIST
from tests.contract.serving import served

COMMAND = [sys.executable, "-m", "integrations_health.providers.simulator"]


def everybody(simulator):
    return [
        (account.provider, account.id, account.user_id, account.service.name, account.token)
        for provider in ("composio", "klavis", "mcp")
        for account in simulator.population.kept(provider)
    ]


def test_the_demo_is_the_same_at_every_start():
    first, second = Simulator(), Simulator()

    demo.populate(first)
    demo.populate(second)

    assert everybody(first) == everybody(second)


def test_the_demo_is_mostly_well_and_has_everybody_who_is_not():
    simulator = Simulator()

    demo.populate(simulator)

    accounts = [a for p in ("composio", "klavis", "mcp") for a in simulator.population.kept(p)]
    ill = [a for a in accounts if a.script.steps != Script.parse("ok").steps]
    services = Counter(account.service.name for account in accounts)
    assert len(ill) == len(demo.PATIENTS) < len(accounts) / 3
    assert {account.user_id for account in accounts} == set(demo.USERS)
    assert set(services) == {"gmail", "calendar", "slack", "notion"}


@pytest.mark.parametrize(
    "kind",
    [
        {Fault.EXPIRED, Fault.REVOKED, Fault.FAILED},
        {Fault.DISABLED, Fault.INACTIVE},
        {Fault.GONE},
        {Fault.INITIATED},
        {Fault.REVOKED_BUT_ACTIVE},
        {Fault.SLACK_OK_FALSE},
        {Fault.MISSING_SCOPE},
        {Fault.SERVICE_500},
        {Fault.SERVICE_QUOTA},
        {Fault.TOOL_GONE},
        {Fault.BAD_ARGUMENTS},
        {Fault.HTTP_500, Fault.HTTP_502, Fault.HTTP_503},
        {Fault.HTTP_429},
        {Fault.MALFORMED, Fault.HTML},
        {Fault.SLOW},
        {Fault.HANG},
        {Fault.DISCONNECT},
    ],
    ids=lambda kind: min(kind),
)
def test_every_kind_of_ill_is_in_the_demo(kind):
    steps = {step.fault for p in demo.PATIENTS for step in Script.parse(p.script).steps}

    assert steps & kind


def test_the_command_serves_the_demo_until_it_is_told_to_stop(tmp_path):
    log = tmp_path / "calls.jsonl"
    process = subprocess.Popen(
        [*COMMAND, "--port", "0", "--log", str(log)],
        env={**os.environ, "SIMULATOR_API_KEY": "k3y"},
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    url = process.stdout.readline().split()[-1]

    listed = httpx.get(f"{url}{LIST}", headers={"x-api-key": "k3y", "x-request-id": "id-1"})
    process.send_signal(signal.SIGTERM)
    code = process.wait(timeout=5)
    process.stdout.close()

    line = json.loads(log.read_text())
    assert listed.json()["total_items"] > 30
    assert code in {0, -signal.SIGTERM}
    assert (line["path"], line["status"], line["request_id"]) == (LIST, 200, "id-1")
    assert line["started_at"] <= line["ended_at"]


def test_the_command_prints_the_servers_to_import():
    done = subprocess.run(
        [*COMMAND, "--print-mcp", "--port", "8123"], capture_output=True, check=True
    )

    rows = json.loads(done.stdout)
    assert {row["service"] for row in rows} == {"gmail", "calendar", "slack"}
    assert all(row["serverUrl"].startswith("http://127.0.0.1:8123/mcp") for row in rows)
    assert set(rows[0]) == {
        "user",
        "service",
        "provider",
        "serverInstanceId",
        "serverUrl",
        "serverToken",
        "displayName",
    }


@pytest.mark.parametrize(
    ("options", "complaint"),
    [
        (["--population", "few"], "--population"),
        (["--host", "0.0.0.0"], "SIMULATOR_API_KEY"),
        (["--host", "192.0.2.1", "--print-mcp", "--port", "x"], "--port"),
    ],
)
def test_the_command_refuses_what_makes_no_sense(options, complaint):
    environment = {name: word for name, word in os.environ.items() if name != "SIMULATOR_API_KEY"}

    done = subprocess.run([*COMMAND, *options], capture_output=True, text=True, env=environment)

    assert done.returncode != 0
    assert complaint in done.stderr


def test_another_process_connects_scripts_and_reads(browser, simulator):
    made = browser.post(
        "/_simulator/connect",
        json={"provider": "mcp", "service": "gmail", "user_id": "user-9", "is_legacy": True},
    ).json()
    browser.post("/_simulator/script", json={"account": made["id"], "script": "500*2, ok"})
    browser.post("/_simulator/answers", json={"provider": "composio", "script": "503"})
    browser.post("/_simulator/change", json={"api_key": "new", "limits": {"klavis": 5}})
    composio = browser.get(LIST, headers={"x-api-key": "new"})

    calls = browser.get("/_simulator/calls", params={"provider": "composio"}).json()

    assert made["server_url"] == f"{simulator.base_url}/mcp-legacy/{made['id']}"
    assert simulator.account(made["id"]).script.current.fault is Fault.HTTP_500
    assert (composio.status_code, simulator.quotas["klavis"].limit) == (503, 5)
    assert [(call["path"], call["status"]) for call in calls] == [(LIST, 503)]
    assert browser.get("/_simulator/counts").json() == {"composio": 1}


@pytest.mark.parametrize(
    ("word", "body"),
    [
        ("script", {"account": "nobody", "script": "ok"}),
        ("script", {"account": "nobody"}),
        ("connect", {"provider": "mcp", "service": "gmail", "script": "nonsense"}),
        ("connect", {"provider": "mcp", "service": "fax"}),
        ("connect", {"provider": "mcp", "service": "gmail", "surprise": 1}),
        ("connect", {"provider": "pigeon", "service": "gmail"}),
        ("connect", []),
    ],
    ids=str,
)
def test_the_door_says_what_it_does_not_understand(browser, word, body):
    answer = browser.post(f"/_simulator/{word}", json=body)

    assert answer.status_code == 400
    assert answer.json()["problem"]


def test_a_form_of_some_web_page_moves_nothing(browser, simulator):
    answer = browser.post("/_simulator/clear", data={})

    assert answer.status_code == 404


def test_the_door_is_shut_where_others_could_reach_it():
    with served(App(Simulator())) as url:
        answer = httpx.get(f"{url}/_simulator/calls")

    assert answer.status_code == 404


@pytest.mark.parametrize(
    ("host", "is_ours"),
    [
        ("127.0.0.1", True),
        ("127.9.9.9", True),
        ("::1", True),
        ("localhost", True),
        ("0.0.0.0", False),
        ("::", False),
        ("10.0.0.1", False),
        ("example.com", False),
    ],
)
def test_only_this_machine_is_loopback(host, is_ours):
    assert is_loopback(host) is is_ours
