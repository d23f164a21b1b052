"""What one client may ask of the server, and what happens when it asks for more."""

import json
import socket
import time
from contextlib import ExitStack
from uuid import uuid4

import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import ClientConnection

from integrations_health.models import Integration, User
from tests import factories
from tests.chaos.processes import wait_until
from tests.live.conftest import session_of
from tests.live.serving import Server, change, heard, subscribe

# What is promised, and a second for a busy machine.
NOT_READING_SECONDS = 16


def test_what_cannot_be_followed_is_answered_and_the_socket_stays(
    server: Server, owner: User, session: str
) -> None:
    gmail = factories.integration(user=owner)

    with server.open(session=session) as client:
        for nonsense in ("{", "[]", '{"type": "subscribe", "integrationIds": 7}', b"\x00"):
            client.send(nonsense)
            error = heard(client)
            assert error["type"] == "error"
            assert error["code"]
            assert error["detail"]
        subscribe(client, gmail)

        assert heard(client)["integrationId"] == str(gmail.pk)


def test_a_socket_follows_a_thousand_integrations_at_most(
    server: Server, owner: User, session: str
) -> None:
    integrations = [factories.integration(user=owner) for _ in range(3)]
    unknown = [str(uuid4()) for _ in range(398)]

    with server.open(session=session) as client:
        subscribe(client, *integrations, ack=True)
        assert len([heard(client) for _ in range(4)]) == 4
        # What is unknown is not followed, so it counts for nothing.
        for _ in range(3):
            subscribe(client, *unknown, ack=True)
            assert len(heard(client)["unknownIds"]) == len(unknown)


def test_one_more_than_a_thousand_is_refused_whole(server: Server, owner: User) -> None:
    integrations = [str(one.pk) for one in _many(owner, 1_001)]

    with server.open(session=session_of(owner)) as client:
        for start in range(0, 1_000, 250):
            subscribe(client, *integrations[start : start + 250])
        for _ in range(1_000):
            heard(client)
        subscribe(client, integrations[-1], ack=True)

        assert heard(client)["code"] == "too_many_integrations"


def _many(owner: User, count: int) -> list[Integration]:
    return Integration.objects.bulk_create(
        Integration(
            user=owner, service="gmail", provider="composio", server_instance_id=f"many-{number}"
        )
        for number in range(count)
    )


def test_a_user_has_ten_sockets_at_most_and_a_closed_one_makes_room(
    server: Server, owner: User, session: str
) -> None:
    with ExitStack() as stack:
        clients = [stack.enter_context(server.open(session=session)) for _ in range(10)]

        with pytest.raises(InvalidStatus), server.open(session=session):
            pass
        with server.open(session=session_of(factories.user())):
            pass
        clients[0].close()

        wait_until(lambda: _opens(server, session), seconds=5, what="a closed socket makes room")


def _opens(server: Server, session: str) -> bool:
    try:
        with server.open(session=session):
            return True
    except InvalidStatus:
        return False


def test_a_giant_frame_closes_the_socket(server: Server, owner: User, session: str) -> None:
    with server.open(session=session) as client:
        client.send(json.dumps({"type": "subscribe", "integrationIds": ["x" * 20_000]}))

        assert code_of(client) == 1009


def test_who_talks_too_much_is_closed(server: Server, owner: User, session: str) -> None:
    with server.open(session=session) as client:
        for _ in range(21):
            subscribe(client)

        assert code_of(client) == 4429


def code_of(client: ClientConnection) -> int | None:
    try:
        while True:
            client.recv(timeout=10)
    except ConnectionClosed as closing:
        return closing.rcvd.code if closing.rcvd else None


def test_a_client_that_does_not_read_is_closed_and_holds_nothing(
    server: Server, owner: User, session: str
) -> None:
    integrations = _many(owner, 200)

    with socket.create_connection(("127.0.0.1", server.port)) as deaf:
        deaf.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
        _shake_hands(deaf, server, session)
        _say(deaf, {"type": "subscribe", "integrationIds": [str(one.pk) for one in integrations]})
        began = time.monotonic()
        # It takes what fits into the buffers of both sides, and not a byte more.
        while server.has_connection_from(deaf.getsockname()[1]):
            assert time.monotonic() - began < NOT_READING_SECONDS
            change(*integrations)
            time.sleep(0.1)


def test_an_idle_client_that_does_not_read_is_closed_too(server: Server, session: str) -> None:
    with socket.create_connection(("127.0.0.1", server.port)) as deaf:
        _shake_hands(deaf, server, session)

        wait_until(
            lambda: not server.has_connection_from(deaf.getsockname()[1]),
            seconds=NOT_READING_SECONDS,
            what="the server lets go of a client that answers no ping",
        )


def _shake_hands(client: socket.socket, server: Server, session: str) -> None:
    client.sendall(
        (
            f"GET /health-updates HTTP/1.1\r\nHost: 127.0.0.1\r\n"
            "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
            "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
            f"Origin: https://health.test\r\nCookie: sessionid={session}\r\n\r\n"
        ).encode()
    )
    assert client.recv(4_096).startswith(b"HTTP/1.1 101")


def _say(client: socket.socket, message: object) -> None:
    """Send a text frame by hand, masked by zeros."""
    text = json.dumps(message).encode()
    client.sendall(b"\x81\xfe" + len(text).to_bytes(2, "big") + bytes(4) + text)
