"""Make who looks: `python -m bench.socket_rows USERS`, with the product's environment.

So many users with five integrations each; prints each one's token and ids as JSON.
"""

import json
import sys
from datetime import timedelta
from uuid import uuid4

import django

django.setup()

from django.utils import timezone  # noqa: E402 - needs the settings

from integrations_health import tokens  # noqa: E402
from integrations_health.access import OWN  # noqa: E402
from integrations_health.models import HealthCheck, Integration, User  # noqa: E402

INTEGRATIONS_EACH = 5
# Nobody else's: what is claimed as due shall be theirs alone.
PROVIDER = "klavis"


def main(users: int) -> None:
    """Write the rows, and say how to look at them."""
    now = timezone.now()
    people = User.objects.bulk_create(User(username=f"looker-{uuid4()}") for _ in range(users))
    made = Integration.objects.bulk_create(
        Integration(
            user=user,
            service="gmail",
            provider=PROVIDER,
            server_instance_id=f"ca_look_{uuid4().hex}",
            interval_seconds=3600,
        )
        for user in people
        for _ in range(INTEGRATIONS_EACH)
    )
    HealthCheck.objects.filter(user__in=people).update(next_check_at=now + timedelta(days=1))
    ids: dict[str, list[str]] = {str(user.pk): [] for user in people}
    for one in made:
        ids[str(one.user_id)].append(str(one.pk))
    print(
        json.dumps(
            [
                {
                    "token": tokens.issue(user, lifetime=timedelta(hours=1), scopes=OWN, now=now),
                    "integrations": ids[str(user.pk)],
                }
                for user in people
            ]
        )
    )


if __name__ == "__main__":
    main(int(sys.argv[1]))
