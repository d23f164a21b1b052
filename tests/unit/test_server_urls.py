"""Where PostgreSQL and Redis are is a URL each, and a mistake in it is named without showing it."""

import os
import socket
import subprocess
import sys
import threading
from contextlib import suppress
from pathlib import Path

import pytest

from config import server_urls
from config.server_urls import NotUnderstood
from tests import certificates

KNOCK = "from config.celery import app; app.connection_for_write().connect()"


def run(code: str, **variables: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, **variables},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("postgres://me:p%2F%23@db:5433/health", {"PASSWORD": "p/#", "HOST": "db", "PORT": 5433}),
        ("postgresql://me@/health?host=%2Frun%2Fpg", {"OPTIONS": {"host": "/run/pg"}}),
        ("postgresql://one,two/health?target_session_attrs=read-write", {"HOST": "one,two"}),
        ("postgresql://?service=health", {"OPTIONS": {"service": "health"}}),
        ("postgresql://db/health?isolation_level=2", {"OPTIONS": {"isolation_level": 2}}),
    ],
)
def test_a_postgresql_is_named_by_a_url(url: str, expected: dict[str, object]) -> None:
    found = server_urls.database(url)

    assert found | expected == found


@pytest.mark.parametrize(
    "url",
    [
        "health",
        "//me:hunter2@db/health",
        "mysql://me:hunter2@db/health",
        "sqlite://:memory:",
        "postgresql://me:hunter2@db/",
        "postgresql://me:hun/ter2@db/health",
        "postgresql://me:hun?ter2@db/health",
        "postgresql://db:port/health",
        "postgresql://db/health?sslmod=require",
    ],
)
def test_what_is_no_postgresql_is_refused(url: str) -> None:
    with pytest.raises(NotUnderstood) as problem:
        server_urls.database(url)

    assert str(problem.value) == ""


@pytest.mark.parametrize(
    "url", ["redis://", "redis://:p%2F@cache:6379/3", "rediss://cache/", "unix:///run/redis?db=1"]
)
def test_a_redis_is_named_by_a_url(url: str) -> None:
    assert server_urls.redis(url) == url


@pytest.mark.parametrize("word", ["required", "optional", "none"])
def test_celerys_word_for_whose_certificates_are_trusted_is_understood(word: str) -> None:
    said = server_urls.redis(f"rediss://cache/0?ssl_cert_reqs=CERT_{word.upper()}&socket_timeout=3")

    assert said == f"rediss://cache/0?ssl_cert_reqs={word}&socket_timeout=3"


@pytest.mark.parametrize(
    "url",
    [
        "cache:6379",
        "http://cache",
        "unix:///run/redis",
        "redis://cache:port/0",
        "redis://cache/first",
        "redis://:hun/ter2@cache",
        "redis://:hun#ter2@cache/0",
        "redis://cache/0?ssl_cert_reqs=none",
        "rediss://cache/0?ssl_cert_reqs=perhaps",
        "redis://cache/0?socket_timeout=long",
        "redis://cache/0?no_such_option=1",
    ],
)
def test_what_is_no_redis_is_refused(url: str) -> None:
    with pytest.raises(NotUnderstood):
        server_urls.broker(url)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("DATABASE_URL", "//me:hunter2@db/health"),
        ("DATABASE_URL", "postgresql://me:hunter2/@db/health"),
        ("REDIS_URL", "http://:hunter2@cache"),
        ("CHANNELS_URL", "redis://:hunter2/@cache"),
        ("BROKER_URL", "unix:///run/hunter2"),
    ],
)
def test_a_mistake_is_named_and_not_shown(name: str, value: str) -> None:
    done = run("from config import settings", **{name: value})

    assert f"{name} is not understood. Type " in done.stderr.splitlines()[-1]
    assert "hunter2" not in done.stderr


def test_what_the_url_says_to_postgresql_is_said_beside_our_own_limits() -> None:
    url = "postgresql://db/health?options=-csearch_path%3Dwatched"
    show = "from config import settings; print(settings.DATABASES['default']['OPTIONS']['options'])"

    said = run(show, DATABASE_URL=url).stdout

    assert said.startswith("-csearch_path=watched -c statement_timeout=30000 ")


def test_a_broker_nobody_vouches_for_is_sent_no_password(tmp_path: Path) -> None:
    heard: list[bytes] = []
    context, _ = certificates.self_signed(tmp_path, called="127.0.0.1")
    with socket.create_server(("127.0.0.1", 0)) as server:

        def answer() -> None:
            with suppress(OSError):  # until nobody listens any more
                while True:
                    link, _ = server.accept()
                    with link, suppress(OSError), context.wrap_socket(link, True) as safe:
                        heard.append(safe.recv(4096))

        answering = threading.Thread(target=answer)
        answering.start()
        try:
            done = run(KNOCK, REDIS_URL=f"rediss://:hunter2@127.0.0.1:{server.getsockname()[1]}/0")
        finally:
            server.shutdown(socket.SHUT_RDWR)
            answering.join()

    assert "certificate verify failed" in done.stderr
    assert heard == []
