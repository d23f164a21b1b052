"""Make what the status page shows: `python -m bench.status_rows`, with the product's environment.

One user with two hundred integrations, each with ninety days and two days of checks; prints the
cookie of a session as JSON.
"""

import json
from datetime import timedelta
from uuid import uuid4

import django

django.setup()

from django.conf import settings  # noqa: E402 - needs the settings
from django.test import Client  # noqa: E402
from django.utils import timezone  # noqa: E402

from integrations_health.management import demo_past  # noqa: E402
from integrations_health.models import HealthCheck, Integration, User  # noqa: E402

INTEGRATIONS = 200
_SERVICES = ("gmail", "calendar", "slack", "notion", "drive")
_PROVIDERS = ("composio", "klavis")


def main() -> None:
    """Write the rows, and say how to ask for the page."""
    user = User.objects.create_user(username=str(uuid4()))
    now = timezone.now()
    Integration.objects.bulk_create(
        Integration(
            user=user,
            service=_SERVICES[number % 5],
            provider=_PROVIDERS[number % 2],
            server_instance_id=f"ca_seen_{number}",
            display_name=f"Mailbox {number}",
            interval_seconds=3600,
        )
        for number in range(INTEGRATIONS)
    )
    demo_past.write(now=now)
    mine = HealthCheck.objects.filter(user=user)
    recent = {"last_check_at": now, "status_since": now - timedelta(hours=3)}
    mine.update(status="healthy", next_check_at=now + timedelta(hours=1), **recent)
    ill = mine.order_by("pk")[: INTEGRATIONS // 10].values("pk")
    HealthCheck.objects.filter(pk__in=ill).update(
        status="unhealthy",
        error_code="timeout",
        error_message="The provider did not answer in time.",
        consecutive_failures=3,
    )
    browser = Client()
    browser.force_login(user)
    print(json.dumps({"cookie": browser.cookies[settings.SESSION_COOKIE_NAME].value}))


if __name__ == "__main__":
    main()
