"""While the database is away the API says so, soon, and still knows whose token is good."""

import time
from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import httpx
import pytest

from tests import hooks, keys
from tests.web_process import Web, web

# What a client waits at most for this answer: the pool's patience, and a busy machine.
PATIENCE_SECONDS = 6.0
ANY = f"/api/integrations/{uuid4()}/health"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Web]:
    with web(
        tmp_path_factory.mktemp("web"),
        DATABASE_URL="postgresql://nobody@127.0.0.1:1/away",
        JWT_SECRET=keys.SECRET,
        COMPOSIO_WEBHOOK_SECRET=hooks.SECRET,
    ) as started:
        yield started


def ask(server: Web, proof: str, method: str = "GET") -> httpx.Response:
    return httpx.request(
        method,
        f"{server.url}{ANY}",
        headers={"Authorization": f"Bearer {proof}"},
        timeout=30,
        trust_env=False,
    )


@pytest.mark.parametrize("proof", [keys.signed(keys.SECRET, "HS256"), f"ihk_{'0' * 12}_x"])
def test_what_needs_the_database_is_unavailable_and_never_missing(server: Web, proof: str) -> None:
    started = time.monotonic()

    answer = ask(server, proof)

    assert time.monotonic() - started < PATIENCE_SECONDS
    assert proof not in server.log()
    body: dict[str, Any] = answer.json()
    assert (answer.status_code, body["code"]) == (503, "database_unavailable")
    assert int(answer.headers["Retry-After"]) > 0


def test_a_token_that_is_not_good_is_refused_all_the_same(server: Web) -> None:
    answer = ask(server, keys.signed("somebody else's secret, long enough", "HS256"))

    assert (answer.status_code, answer.json()["code"]) == (401, "refused")


def test_a_good_token_is_known_before_the_database_is_asked(server: Web) -> None:
    answer = ask(server, keys.signed(keys.SECRET, "HS256"), "PUT")

    assert (answer.status_code, answer.json()["code"]) == (405, "method_not_allowed")


@pytest.mark.parametrize(
    ("secret", "expected"),
    [(hooks.SECRET, (503, "database_unavailable")), ("another", (401, "refused"))],
)
def test_what_a_provider_signed_is_to_be_sent_again(
    server: Web, secret: str, expected: tuple[int, str]
) -> None:
    body = hooks.expired("ca_1")

    answer = httpx.post(
        f"{server.url}{hooks.PATH}",
        content=body,
        headers=hooks.headers(body, secret=secret),
        timeout=30,
        trust_env=False,
    )

    assert (answer.status_code, answer.json()["code"]) == expected
