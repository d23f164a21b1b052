"""Give everybody a mailbox, and staff a webhook that hears of everything.

`python -m bench.storm_people URL`, with the product's environment.
"""

import sys

import django

django.setup()

from django.db.models import F, Value  # noqa: E402 - needs the settings
from django.db.models.functions import Concat  # noqa: E402

from alerts.models import AlertRule, Destination  # noqa: E402
from alerts.senders import webhook  # noqa: E402
from integrations_health.models import User  # noqa: E402


def main(url: str) -> None:
    """Write the rows: the rules that come with the product stay as they are."""
    User.objects.filter(email="").update(email=Concat(F("username"), Value("@example.com")))
    staff = Destination.objects.create(
        name="The staff's desk", kind="webhook", address=url, secret=webhook.new_secret()
    )
    AlertRule.objects.create(
        name="Three failures in a row, for staff",
        condition="consecutive_failures",
        threshold=3,
        action="webhook",
        destination=staff,
        cooldown_minutes=60,
    )


if __name__ == "__main__":
    main(sys.argv[1])
