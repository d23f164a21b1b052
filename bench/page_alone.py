"""What the status page costs with 200 integrations: `python -m bench.page_alone`.

Runs with the product's environment, in one process and through the whole chain of middleware.
Prints, for the longest and the finest range, the CPU milliseconds of one page here and in
PostgreSQL, its size and its SQL statements.
"""

import json
import time
from statistics import median
from uuid import uuid4

import django

django.setup()

from django.conf import settings  # noqa: E402 - needs the settings
from django.db import connection, reset_queries  # noqa: E402
from django.db.models.functions import Now  # noqa: E402
from django.test import Client  # noqa: E402
from django.utils import timezone  # noqa: E402

from bench import processes  # noqa: E402
from integrations_health.management import demo_past  # noqa: E402
from integrations_health.models import HealthCheck, Integration, User  # noqa: E402

INTEGRATIONS, WARM_UP, PAGES = 200, 5, 40
RANGES = ("90d", "24h")
_SERVICES = ("gmail", "calendar", "slack", "notion")
_PROVIDERS = ("composio", "klavis", "mcp")


def main() -> None:
    """Make somebody with 200 integrations and 90 days behind each, read the page, and clean up."""
    user = _make()
    client = Client(headers={"host": "localhost"})
    client.force_login(user)
    print(json.dumps({"integrations": INTEGRATIONS, **{of: _cost(client, of) for of in RANGES}}))
    user.delete()


def _cost(client: Client, of: str) -> dict[str, float]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        (backend,) = cursor.fetchone()
    spent = []
    for number in range(WARM_UP + PAGES):
        if number == WARM_UP:
            postgres = processes.cpu_seconds(backend)
        before = time.process_time()
        answer = client.get("/", {"range": of})
        spent.append((time.process_time() - before) * 1e3)
        assert answer.status_code == 200
    # By the hundredth of a second: only the sum over many pages tells.
    postgres = (processes.cpu_seconds(backend) - postgres) * 1e3 / PAGES
    web = median(spent[WARM_UP:])
    return {
        "cpu_ms": round(web + postgres, 1),
        "web_ms": round(web, 1),
        "postgres_ms": round(postgres, 1),
        "bytes": len(answer.content),
        "sql_statements": _statements(client, of),
    }


def _statements(client: Client, of: str) -> int:
    settings.DEBUG = True  # Django keeps the statements then
    reset_queries()
    client.get("/", {"range": of})
    settings.DEBUG = False
    return len(connection.queries)


def _make() -> User:
    user = User.objects.create(username=str(uuid4()), external_id=f"looker-{uuid4()}")
    Integration.objects.bulk_create(
        Integration(
            user=user,
            service=_SERVICES[number % len(_SERVICES)],
            provider=_PROVIDERS[number % len(_PROVIDERS)],
            server_instance_id=f"looked-at-{number}",
            display_name=f"Account {number}",
        )
        for number in range(INTEGRATIONS)
    )
    now = timezone.now()
    HealthCheck.objects.filter(user=user).update(
        status="healthy", last_check_at=Now(), next_check_at=now, status_since=Now()
    )
    demo_past.write(now=now)
    return user


if __name__ == "__main__":
    main()
