"""What the status page costs with 200 integrations: `python -m bench.page_alone`.

Runs with the product's environment, in one process and through the whole chain of middleware.
Prints the CPU milliseconds of one page, the median of many, its size and its SQL statements.
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

from integrations_health.management import demo_past  # noqa: E402
from integrations_health.models import HealthCheck, Integration, User  # noqa: E402

INTEGRATIONS, WARM_UP, PAGES = 200, 5, 40
_SERVICES = ("gmail", "calendar", "slack", "notion")
_PROVIDERS = ("composio", "klavis", "mcp")


def main() -> None:
    """Make somebody with 200 integrations and 90 days behind each, read the page, and clean up."""
    user = _make()
    client = Client(headers={"host": "localhost"})
    client.force_login(user)
    spent = []
    for number in range(WARM_UP + PAGES):
        before = time.process_time()
        answer = client.get("/")
        took = (time.process_time() - before) * 1e3
        assert answer.status_code == 200
        if number >= WARM_UP:
            spent.append(took)
    settings.DEBUG = True  # Django keeps the statements then
    reset_queries()
    client.get("/")
    print(
        json.dumps(
            {
                "integrations": INTEGRATIONS,
                "cpu_ms": round(median(spent), 1),
                "bytes": len(answer.content),
                "sql_statements": len(connection.queries),
            }
        )
    )
    user.delete()


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
