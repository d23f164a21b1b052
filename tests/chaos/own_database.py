"""A web server on a PostgreSQL and a Redis that nobody else uses, so that a test may kill them."""

import hashlib
import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple
from uuid import UUID

import httpx
import psycopg
import redis

from config.postgres import Postgres
from config.valkey import Valkey
from tests import keys, web_process
from tests.chaos import processes
from tests.chaos.wire import Wire
from tests.web_process import Web

# What the Procfile gives `web`.
POOL = 16
_ADD_USER = """
INSERT INTO users (id, username, external_id, timezone, password, email, first_name, last_name,
    is_superuser, is_staff, is_active, date_joined)
SELECT id, id, 'app-' || id, 'UTC', '', '', '', '', false, false, true, now()
FROM (SELECT gen_random_uuid() AS id) AS new RETURNING id, external_id
"""
_ADD_INTEGRATION = """
INSERT INTO user_integrations (user_id, service, provider, server_instance_id, provider_user_id)
VALUES (%s, 'gmail', 'composio', gen_random_uuid(), 'somebody') RETURNING id
"""
_ADD_CHECKS = """
INSERT INTO integration_health_history
    (id, integration_id, user_id, service, status, outcome, response_time_ms, checked_at,
    error_code, error_message)
SELECT gen_random_uuid(), %s, %s, 'gmail', 'healthy', 'ok', 100 + n, now() - n * interval '1 s',
    '', '' FROM generate_series(1, 20) AS n
"""


class Known(NamedTuple):
    """An integration, its owner, and the application's id of the owner."""

    id: UUID
    owner: UUID
    external_id: str

    @property
    def path(self) -> str:
        """Return where its health is read."""
        return f"/api/integrations/{self.id}/health"


class Site:
    """The product's web server, and what it stands on."""

    def __init__(self, web: Web, postgres: Postgres, valkey: Valkey, wire: Wire, urls: Any) -> None:
        self.web = web
        self.wire = wire
        self._postgres = postgres
        self._valkey = valkey
        self.database_url, self.redis_url = urls
        # Each request comes on a connection of its own, as from many clients.
        limits = httpx.Limits(max_connections=None, max_keepalive_connections=0)
        self._client = httpx.Client(base_url=web.url, timeout=30, trust_env=False, limits=limits)

    @property
    def socket_url(self) -> str:
        """Return where its WebSocket is."""
        return f"ws{self.web.url.removeprefix('http')}/health-updates"

    def ask(self, path: str, proof: str = "", *, method: str = "GET", **more: Any) -> Any:
        """Return the answer to one request."""
        headers = more.pop("headers", {}) | ({"Authorization": f"Bearer {proof}"} if proof else {})
        return self._client.request(method, path, headers=headers, **more)

    def rows(self, query: str, *arguments: Any) -> list[tuple[Any, ...]]:
        """Return what a query finds, on a session that ends with it."""
        with psycopg.connect(self.database_url, autocommit=True) as session:
            found = session.execute(query, arguments)
            return found.fetchall() if found.description else []

    @contextmanager
    def session(self) -> Iterator[psycopg.Connection]:
        """Yield a session of the test's own, past the wire."""
        with psycopg.connect(self.database_url) as session:
            yield session

    @contextmanager
    def without_database(self) -> Iterator[None]:
        """Kill PostgreSQL for the block, and start it again."""
        # It waits for no disk, and what is a moment old would be lost with it.
        self.rows("CHECKPOINT")
        self._postgres.process.send_signal(signal.SIGQUIT)
        self._postgres.process.wait()
        try:
            yield
        finally:
            self._postgres.relaunch()
            processes.wait_until(self._database_answers, seconds=30, what="PostgreSQL is back")

    @contextmanager
    def frozen_database(self) -> Iterator[None]:
        """Stop PostgreSQL for the block where it stands, with all its sessions."""
        server = self._postgres.process.pid
        sessions = Path(f"/proc/{server}/task/{server}/children").read_text().split()
        frozen = [server, *map(int, sessions)]
        for pid in frozen:
            os.kill(pid, signal.SIGSTOP)
        try:
            yield
        finally:
            for pid in frozen:
                os.kill(pid, signal.SIGCONT)

    @contextmanager
    def only_reading(self) -> Iterator[None]:
        """Let PostgreSQL take no writes in the block, as a server that is nobody's primary."""
        try:
            self.rows("ALTER SYSTEM SET default_transaction_read_only = on")
            self.rows("SELECT pg_reload_conf()")
            processes.wait_until(
                lambda: self.rows("SHOW default_transaction_read_only") == [("on",)],
                seconds=10,
                what="it only reads",
            )
            yield
        finally:
            self.rows("BEGIN READ WRITE; COMMIT")
            self.rows("ALTER SYSTEM RESET default_transaction_read_only")
            self.rows("SELECT pg_reload_conf()")

    @contextmanager
    def without_redis(self) -> Iterator[None]:
        """Kill Redis for the block, and start it again, empty."""
        self._valkey.process.kill()
        self._valkey.process.wait()
        try:
            yield
        finally:
            self._valkey.relaunch()
            processes.wait_until(self._redis_answers, seconds=20, what="Redis is back")

    def open_files(self) -> int:
        """Return how many files and connections the web server has open."""
        return len(list(Path(f"/proc/{self.web.pid}/fd").iterdir()))

    def redis(self) -> redis.Redis:
        """Return a client of its Redis."""
        return redis.Redis.from_url(self.redis_url, socket_timeout=1)

    def _database_answers(self) -> bool:
        try:
            return self.rows("SELECT 1") == [(1,)]
        except psycopg.OperationalError:
            return False

    def _redis_answers(self) -> bool:
        try:
            with self.redis() as client:
                return bool(client.ping())
        except redis.RedisError:
            return False


@contextmanager
def running(folder: Path) -> Iterator[Site]:
    """Yield a site whose database has the tables and nobody in them; all of it ends with it."""
    postgres = Postgres(folder / "postgres", is_durable=False)
    valkey = Valkey(folder / "valkey", is_durable=False)
    with postgres.running() as database_url, valkey.running() as redis_url:
        environment = {"DATABASE_URL": database_url, "REDIS_URL": redis_url}
        processes.run(
            [sys.executable, "manage.py", "migrate", "--verbosity", "0"],
            environment={**os.environ, **environment},
        )
        wire = Wire(postgres.sockets / ".s.PGSQL.5432")
        try:
            with web_process.web(
                folder,
                **environment
                | {
                    "DATABASE_URL": f"postgresql://app@127.0.0.1:{wire.port}/app",
                    "JWT_SECRET": keys.SECRET,
                    "METRICS_TOKEN": keys.SECRET,
                },
            ) as web:
                yield Site(web, postgres, valkey, wire, (database_url, redis_url))
        finally:
            wire.end()


def watch(site: Site) -> Known:
    """Watch an integration of a new person, with a few checks in its past."""
    ((owner, external_id),) = site.rows(_ADD_USER)
    ((integration_id,),) = site.rows(_ADD_INTEGRATION, owner)
    site.rows(_ADD_CHECKS, integration_id, owner)
    return Known(integration_id, owner, external_id)


def api_key(site: Site, name: str, *, may_write: bool = True) -> str:
    """Make an API key, and return it."""
    prefix = hashlib.sha256(name.encode()).hexdigest()[:12]
    key = f"ihk_{prefix}_{'s' * 43}"
    site.rows(
        "INSERT INTO api_keys (id, name, prefix, digest, may_write) "
        "VALUES (gen_random_uuid(), %s, %s, %s, %s)",
        *(name, prefix, hashlib.sha256(key.encode()).hexdigest(), may_write),
    )
    return key


def token(owner: UUID, **claims: Any) -> str:
    """Return a token of a user, as the application signs them."""
    return keys.signed(keys.SECRET, "HS256", sub=str(owner), **claims)
