"""Faults below the JSON: bytes that come late, broken, without end, or not at all."""

import gzip
import json
import socket
import time
import zlib
from urllib.parse import urlsplit

import httpx
import pytest

from integrations_health.providers.simulator import Fault, running
from integrations_health.providers.simulator.faults import FAMILIES, Family
from tests.contract.asking import execute, modern

WIRE = sorted(fault for fault, family in FAMILIES.items() if family is Family.WIRE)
# Faults whose request ends only when somebody goes away.
WAITING = [Fault.HANG, Fault.DRIP, Fault.ENDLESS, Fault.SLOW]


@pytest.fixture
def ask(simulator, browser):
    """Return a call of a tool whose account follows the script given."""
    browser.headers["x-api-key"] = simulator.api_key

    def ask(script: str) -> httpx.Response:
        return execute(browser, simulator.connect("composio", "gmail", script=script))

    return ask


def opened(simulator, script: str) -> socket.socket:
    """Return a connection on which a server that follows the script has been asked."""
    account = simulator.connect("mcp", "gmail", script=script)
    url = urlsplit(simulator.server_url(account))
    request = modern("server/discover")
    message = json.dumps(request["json"])
    headers = {**request["headers"], "host": url.netloc, "content-length": str(len(message))}
    lines = [f"POST {url.path} HTTP/1.1", *(f"{name}: {value}" for name, value in headers.items())]
    connection = socket.create_connection((str(url.hostname), url.port or 0), timeout=5)
    connection.sendall("\r\n".join([*lines, "", message]).encode())
    return connection


def is_ended(simulator) -> bool:
    return all(call.ended_at for call in simulator.calls()) and bool(simulator.calls())


@pytest.mark.parametrize(
    ("script", "start"), [("malformed", b"{"), ("html", b"<!DOCTYPE"), ("empty", b"")]
)
def test_a_body_that_is_no_json_comes_with_a_200(ask, script, start):
    answer = ask(script)

    assert answer.status_code == 200
    assert answer.content.startswith(start)
    with pytest.raises(json.JSONDecodeError):
        json.loads(answer.content)


def test_invalid_utf8_is_that(ask):
    with pytest.raises(UnicodeDecodeError):
        ask("invalid_utf8").content.decode()


def test_a_body_is_nested_a_hundred_thousand_times(ask):
    assert ask("deep").content.count(b"{") > 100_000


def test_an_integer_has_a_hundred_thousand_digits(ask):
    assert b"9" * 100_000 in ask("huge_integer").content


@pytest.mark.parametrize("script", ["nan", "duplicate_keys"])
def test_what_a_careless_reader_takes_for_good_looks_good(ask, script):
    assert ask(script).json()["data"]


def test_duplicate_keys_contradict_themselves(ask):
    body = ask("duplicate_keys").content

    assert b'"successful":true' in body
    assert b'"successful":false' in body


def test_wrong_types_are_json_all_the_same(ask):
    said = ask("wrong_type").json()

    assert not isinstance(said["data"], dict)
    assert not isinstance(said["successful"], bool)


def test_a_huge_body_is_json_of_ten_megabytes(ask):
    assert len(ask("huge").json()["data"]["x"]) == 10_000_000


def test_a_bomb_is_small_on_the_wire_and_vast_unpacked(simulator):
    account = simulator.connect("klavis", "gmail", script="gzip_bomb")
    packed = b""

    with httpx.stream(
        "POST",
        f"{simulator.base_url}/mcp-server/call-tool",
        json={
            "serverUrl": simulator.server_url(account),
            "toolName": "gmail_search_emails",
            "toolArgs": {"query": "x"},
        },
        headers={"authorization": f"Bearer {simulator.api_key}", "accept-encoding": "identity"},
    ) as answer:
        for chunk in answer.iter_raw():
            packed += chunk
            if len(packed) > 20_000:
                break

    unpacked = zlib.decompressobj(31).decompress(packed)
    assert answer.headers["content-encoding"] == "gzip"
    assert len(unpacked) > 900 * len(packed)
    assert packed.startswith(gzip.compress(b"")[:3])


def test_a_header_can_be_longer_than_anybody_reads(simulator):
    with opened(simulator, "big_header") as connection:
        seen = 0
        while seen < 500_000:
            chunk = connection.recv(65_536)
            assert chunk
            assert b"\r\n\r\n" not in chunk
            seen += len(chunk)


def test_a_connection_is_closed_without_an_answer(ask):
    with pytest.raises((httpx.RemoteProtocolError, httpx.ReadError)):
        ask("disconnect")


def test_an_answer_breaks_off_half_way(ask):
    with pytest.raises((httpx.RemoteProtocolError, httpx.ReadError)):
        ask("truncated")


@pytest.mark.parametrize(
    ("script", "place"),
    [
        ("redirect", "http://169.254.169.254/latest/meta-data/"),
        ("redirect(http://127.0.0.1:9/sink)", "http://127.0.0.1:9/sink"),
    ],
)
def test_a_redirect_leads_where_nobody_should_go(ask, script, place):
    answer = ask(script)

    assert (answer.status_code, answer.headers["location"]) == (302, place)


def test_a_slow_answer_is_good_and_late(ask):
    started = time.monotonic()

    answer = ask("slow(300)")

    assert answer.json()["successful"]
    assert 0.3 <= time.monotonic() - started < 3


def test_a_hanging_answer_never_begins(browser, ask):
    browser.timeout = 0.2

    with pytest.raises(httpx.ReadTimeout):
        ask("hang")


def test_a_dripping_answer_goes_on_byte_by_byte(simulator):
    with opened(simulator, "drip(0.01)") as connection:
        received = b""
        while received.count(b"\r\n1\r\n \r\n") < 3:
            received += connection.recv(4096)

    assert received.startswith(b"HTTP/1.1 200")


@pytest.mark.parametrize("fault", WAITING)
def test_a_client_that_leaves_takes_its_request_along(simulator, fault):
    connection = opened(simulator, fault)
    assert simulator.wait_until(lambda: bool(simulator.calls()))

    connection.close()

    assert simulator.wait_until(lambda: is_ended(simulator))


@pytest.mark.parametrize("fault", [*WAITING, Fault.GZIP_BOMB, Fault.HUGE])
def test_nobody_who_waits_or_does_not_read_holds_the_server_up(fault):
    with running() as simulator, opened(simulator, fault) as connection:
        assert simulator.wait_until(lambda: bool(simulator.calls()))
        stopped_at = time.monotonic()
        # The server stops at the end of the block, the connection still open.
        connection_kept = connection.dup()
    took = time.monotonic() - stopped_at
    connection_kept.close()

    assert took < 1
    assert is_ended(simulator)


@pytest.mark.parametrize("fault", WIRE)
def test_every_fault_of_the_wire_has_its_way(simulator, fault):
    # Whatever it is, it happens at the bytes: nobody hears the good answer as it was meant.
    with opened(simulator, f"{fault}(300)" if fault is Fault.SLOW else fault) as connection:
        connection.settimeout(0.15)
        try:
            received = connection.recv(65_536)
        except (TimeoutError, ConnectionResetError):
            received = b""

    assert not received.endswith(b'"version":"1"}}}}')
