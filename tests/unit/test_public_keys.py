"""The key set is read again when it must be, and no more often."""

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from integrations_health.public_keys import (
    FRESH_SECONDS,
    PAUSE_SECONDS,
    KeySet,
    Unavailable,
    Unknown,
)
from tests import keys


class KeyServer(ThreadingHTTPServer):
    """Serves a key set, and counts how often."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Answer)
        self.body, self.status, self.asked = "{}", 200, 0
        self.url = f"http://127.0.0.1:{self.server_port}/jwks.json"


class _Answer(BaseHTTPRequestHandler):
    server: KeyServer

    def do_GET(self) -> None:
        self.server.asked += 1
        self.send_response(self.server.status)
        self.end_headers()
        self.wfile.write(self.server.body.encode())

    def log_message(self, *_: object) -> None:
        pass


class Hands:
    """A clock that a test moves."""

    at = 1_000.0

    def __call__(self) -> float:
        return self.at


@pytest.fixture
def key_server() -> Iterator[KeyServer]:
    with KeyServer() as server:
        threading.Thread(target=server.serve_forever, args=[0.01], daemon=True).start()
        yield server
        server.shutdown()


@pytest.fixture
def hands() -> Hands:
    return Hands()


def test_a_known_key_is_not_asked_for_again_while_it_is_fresh(
    key_server: KeyServer, hands: Hands
) -> None:
    pair = keys.es256()
    key_server.body = keys.key_set(pair)
    key_set = KeySet(key_server.url, monotonic=hands)

    for _ in range(5):
        key_set.key(pair.key_id)
        hands.at += FRESH_SECONDS / 5

    assert key_server.asked == 1
    key_set.key(pair.key_id)
    assert key_server.asked == 2


def test_a_new_key_is_found_at_once(key_server: KeyServer, hands: Hands) -> None:
    old, new = keys.es256(), keys.es256()
    key_server.body = keys.key_set(old)
    key_set = KeySet(key_server.url, monotonic=hands)
    key_set.key(old.key_id)
    key_server.body = keys.key_set(old, new)
    hands.at += PAUSE_SECONDS

    assert key_set.key(new.key_id).key_id == new.key_id


def test_made_up_key_ids_do_not_flood_the_key_server(key_server: KeyServer, hands: Hands) -> None:
    key_server.body = keys.key_set(keys.es256())
    key_set = KeySet(key_server.url, monotonic=hands)

    for number in range(50):
        with pytest.raises(Unknown):
            key_set.key(f"made-up-{number}")

    assert key_server.asked == 1


@pytest.mark.parametrize(
    ("status", "body"),
    [(500, ""), (302, ""), (200, "<html>"), (200, "[]"), (200, "{}"), (200, '{"keys": 1}'),
     (200, '{"keys": [' + "[" * 2_000), (200, " " * 300_000)],
)  # fmt: skip
def test_a_key_server_that_talks_nonsense_is_unavailable(
    key_server: KeyServer, hands: Hands, status: int, body: str
) -> None:
    key_server.status, key_server.body = status, body

    with pytest.raises(Unavailable):
        KeySet(key_server.url, monotonic=hands).key("any")


def test_keys_stay_good_while_their_server_is_away(key_server: KeyServer, hands: Hands) -> None:
    pair = keys.es256()
    key_server.body = keys.key_set(pair)
    key_set = KeySet(key_server.url, monotonic=hands)
    key_set.key(pair.key_id)
    key_server.status = 503
    hands.at += 2 * FRESH_SECONDS

    assert key_set.key(pair.key_id).key_id == pair.key_id
    with pytest.raises(Unavailable):
        key_set.key("another")


@pytest.mark.parametrize(
    "source", ["http://127.0.0.1:1/jwks.json", "http://127.0.0.1:port/", "/no/such/file"]
)
def test_where_nobody_answers_there_is_no_key(source: str, hands: Hands) -> None:
    key_set = KeySet(source, monotonic=hands)

    with pytest.raises(Unavailable):
        key_set.key("any")


def test_a_token_without_a_key_id_is_for_the_only_key(tmp_path: Path) -> None:
    one, two = keys.es256(), keys.es256()

    assert KeySet(keys.write(tmp_path, one)).key(None).key_id == one.key_id
    with pytest.raises(Unknown):
        KeySet(keys.write(tmp_path, one, two)).key(None)
