"""What is known of a destination: its secrets, how it answers, whether it is switched off."""

from datetime import datetime, timedelta
from uuid import UUID

from django.db import transaction
from django.db.models import Q
from django.db.models.functions import Greatest

from alerts import notices
from alerts.models import Destination, Notification, StaffNotice
from alerts.senders import webhook
from alerts.senders.base import Address

BOTH_SECRETS_FOR = timedelta(hours=24)
# Who has taken nothing for so long, and lets a message die, is given up.
SILENT_FOR = timedelta(days=3)


def address_of(destination_id: UUID, *, now: datetime) -> Address:
    """Return where its messages go, and the secrets that sign them.

    Raises fields.UnreadableSecret.
    """
    destination = Destination.objects.get(pk=destination_id)
    previous, rotated_at = destination.previous_secret, destination.secret_rotated_at
    is_rotating = bool(previous) and rotated_at is not None and now < rotated_at + BOTH_SECRETS_FOR
    return Address(
        email=destination.email,
        url=destination.address,
        secrets=tuple(
            secret for secret in (destination.secret, previous if is_rotating else "") if secret
        ),
    )


@transaction.atomic
def rotate_secret(destination: Destination, *, now: datetime) -> str:
    """Give a webhook a new secret and return it; for a day the old one signs too."""
    row = Destination.objects.select_for_update().get(pk=destination.pk)
    row.previous_secret, row.secret = row.secret, webhook.new_secret()
    row.secret_rotated_at = now
    row.save(update_fields=["secret", "previous_secret", "secret_rotated_at"])
    return row.secret


def note(destination_id: UUID, *, error: str, duration: timedelta, now: datetime) -> None:
    """Write down an attempt: an `error`, or none."""
    seen: dict[str, object] = {
        "last_attempt_at": now,
        "last_error": error,
        "last_duration_ms": int(duration.total_seconds() * 1000),
    }
    if not error:
        seen["last_success_at"] = now
    Destination.objects.filter(pk=destination_id).update(**seen)


@transaction.atomic
def disable(destination: Destination, reason: str, *, now: datetime) -> None:
    """Switch a destination off and tell staff by the others, once however often it is asked."""
    rows = Destination.objects.filter(pk=destination.pk, enabled=True)
    if rows.update(enabled=False, disabled_at=now, disabled_reason=reason):
        notices.open_notice(
            StaffNotice.Kind.DESTINATION_DISABLED,
            str(destination.pk),
            f"The {destination.kind} destination “{destination.name}” was switched off: {reason}",
            now=now,
            besides=destination.pk,
        )


@transaction.atomic
def enable(destination: Destination, *, now: datetime) -> None:
    """Switch a destination on again; what is said of it to staff is over."""
    Destination.objects.filter(pk=destination.pk).update(
        enabled=True, disabled_at=None, disabled_reason="", last_error=""
    )
    StaffNotice.objects.filter(
        kind=StaffNotice.Kind.DESTINATION_DISABLED, subject=str(destination.pk), closed_at=None
    ).update(closed_at=Greatest("opened_at", now))


def is_silent(destination: Destination, message: Notification, *, now: datetime) -> bool:
    """Say whether a destination has taken nothing for days, though there was something to take.

    `message` is one that has just died there. A destination of which nobody asked anything for
    days, and that refuses this one, may take the next.
    """
    # Read anew: since the batch began it may have taken another message.
    row = Destination.objects.only("last_success_at", "created_at").get(pk=destination.pk)
    last = row.last_success_at or row.created_at
    if last >= now - SILENT_FOR:
        return False
    refused = Q(pk=message.pk) | Q(created_at__gt=last)
    sent_there = Notification.objects.filter(refused, destination=destination)
    return sent_there.filter(created_at__lte=now - SILENT_FOR).exists()
