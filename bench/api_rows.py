"""Make what the API is asked for: `python -m bench.api_rows`, with the product's environment.

One user with fifty integrations, each with a hundred checks; prints their ids and a token as JSON.
"""

import json
from datetime import datetime, timedelta
from uuid import uuid4

import django

django.setup()

from django.db.models.functions import Now  # noqa: E402 - needs the settings
from django.utils import timezone  # noqa: E402

from integrations_health import history, tokens  # noqa: E402
from integrations_health.access import OWN  # noqa: E402
from integrations_health.check_ids import check_id  # noqa: E402
from integrations_health.history import HistoryRow  # noqa: E402
from integrations_health.models import HealthCheck, Integration, User  # noqa: E402

INTEGRATIONS, CHECKS = 50, 100
_EVERY = timedelta(minutes=5)


def main() -> None:
    """Write the rows, and say how to ask for them."""
    user = User.objects.create(username=str(uuid4()), external_id=f"reader-{uuid4()}")
    made = [
        Integration(
            user=user,
            service="gmail",
            provider="composio",
            server_instance_id=f"ca_read_{number}",
            display_name=f"Mailbox {number}",
            interval_seconds=3600,
            provider_user_id=user.external_id or "",
        )
        for number in range(INTEGRATIONS)
    ]
    Integration.objects.bulk_create(made)
    now = timezone.now()
    HealthCheck.objects.filter(user=user).update(
        status="degraded",
        last_check_at=Now(),
        next_check_at=now + timedelta(days=1),
        status_since=Now(),
        response_time_ms=231,
        error_code="timeout",
        error_message="The provider did not answer in time.",
    )
    history.append([_check(one, number, now=now) for one in made for number in range(CHECKS)])
    token = tokens.issue(user, lifetime=timedelta(hours=1), scopes=OWN, now=now)
    print(
        json.dumps(
            {"user": str(user.pk), "integrations": [str(one.pk) for one in made], "token": token}
        )
    )


def _check(of: Integration, number: int, *, now: datetime) -> HistoryRow:
    checked_at = now - _EVERY * number
    is_good = number % 5 > 0
    return HistoryRow(
        id=check_id(of.pk, number, checked_at),
        integration_id=of.pk,
        user_id=of.user_id,
        service=of.service,
        status="healthy" if is_good else "degraded",
        outcome="ok" if is_good else "timeout",
        response_time_ms=100 + number if is_good else None,
        checked_at=checked_at,
        error_message="" if is_good else "The provider did not answer in time.",
        error_code="" if is_good else "timeout",
    )


if __name__ == "__main__":
    main()
