"""Nothing is sent anywhere but to the public address that was checked."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from alerts.senders.base import MayWorkLater, NeverWorks
from alerts.senders.webhook import WebhookLine
from integrations_health import network
from tests import certificates, receivers
from tests.receivers import WebReceiver
from tests.sending import message, send

RECEIVER = Path(__file__).with_name("verify_webhook.ts")


def test_a_proxy_of_the_environment_is_not_asked(
    receiver: WebReceiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    with receivers.web() as proxy:
        for name in ("http_proxy", "https_proxy", "all_proxy"):
            monkeypatch.setenv(name, f"http://{proxy.host}")

        send(message(receiver.url))

        assert proxy.requests == []
    assert len(receiver.requests) == 1


@pytest.mark.parametrize("kind", ["webhook", "slack"])
@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "[::1]", "0x7f.1", "localhost."])
def test_nothing_is_sent_into_our_own_network(
    receiver: WebReceiver, settings: Any, kind: str, host: str
) -> None:
    settings.DELIVERY_TRUSTED_HOSTS = []

    for scheme in ("http", "https"):
        with pytest.raises(NeverWorks):
            send(message(f"{scheme}://{host}:{receiver.port}/hook"), kind)
        with pytest.raises(NeverWorks):
            send(message(f"{scheme}://{host}/hook"), kind)

    assert receiver.requests == []


def test_a_name_that_changes_its_mind_is_asked_once() -> None:
    answers = [["93.184.216.34", "127.0.0.1"], ["127.0.0.1"]]
    asked: list[str] = []

    async def resolve(host: str, port: int) -> Sequence[str]:
        asked.append(host)
        return answers.pop(0)

    line = WebhookLine(resolve=resolve)
    for _ in range(2):  # a public one among private ones helps as little as a private one alone
        with pytest.raises(NeverWorks, match="private network"):
            line.send(message("https://rebinding.example/hook"))

    assert asked == ["rebinding.example"] * 2


def test_the_number_is_connected_to_and_the_name_stays_in_tls_and_host(
    tmp_path: Any, settings: Any
) -> None:
    asked: list[str] = []

    async def resolve(host: str, port: int) -> Sequence[str]:
        asked.append(host)
        return ["127.0.0.1"]

    server, trusting = certificates.self_signed(tmp_path, called="hooks.example")
    names: list[str] = []
    server.sni_callback = lambda _socket, name, _context: names.append(name)
    with receivers.web(tls=server) as receiver:
        settings.DELIVERY_TRUSTED_HOSTS = [
            f"{name}.example:{receiver.port}" for name in ("hooks", "other")
        ]
        line = WebhookLine(resolve=resolve, tls=trusting)
        line.send(message(f"https://hooks.example:{receiver.port}/hook"))
        with pytest.raises(MayWorkLater):  # the certificate is another's
            line.send(message(f"https://other.example:{receiver.port}/hook"))
        host = f"hooks.example:{receiver.port}"
    network.close()

    assert [request.headers["host"] for request in receiver.requests] == [host]
    assert names == ["hooks.example", "other.example"]
    assert asked == ["hooks.example", "other.example"]


def test_an_address_that_does_not_answer_leaves_its_turn_to_the_next(settings: Any) -> None:
    async def resolve(host: str, port: int) -> Sequence[str]:
        return ["127.0.0.2", "127.0.0.1"]  # nobody listens at the first

    with receivers.web() as receiver:
        settings.DELIVERY_TRUSTED_HOSTS = [f"hooks.example:{receiver.port}"]
        WebhookLine(resolve=resolve).send(message(f"http://hooks.example:{receiver.port}/hook"))
    network.close()

    assert len(receiver.requests) == 1
