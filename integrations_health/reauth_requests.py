"""Keep who was asked to connect again: the requests, and each way to a provider and back."""

from collections.abc import Collection, Mapping
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from django.conf import settings
from django.db import connection, transaction
from django.db.models import Q

from integrations_health import clock, reauth_tokens
from integrations_health.models import ReauthAttempt, ReauthRequest
from integrations_health.reauth_tokens import Kind, Token

LINK_LIFETIME = timedelta(days=14)
STATE_LIFETIME = timedelta(minutes=10)

_CLOSE_STALE = """
UPDATE reauth_requests r SET closed_at = GREATEST(r.opened_at, %(now)s)
FROM (
    SELECT held.id
    FROM unnest(%(integrations)s::uuid[], %(users)s::uuid[]) AS a(integration_id, user_id)
    JOIN reauth_requests held ON held.integration_id = a.integration_id
    WHERE held.closed_at IS NULL AND (held.user_id <> a.user_id OR held.expires_at <= %(now)s)
    ORDER BY held.integration_id FOR UPDATE OF held
) stale WHERE r.id = stale.id
"""
_OPEN = """
INSERT INTO reauth_requests AS r (id, integration_id, user_id, opened_at, expires_at)
SELECT a.*, %(now)s, %(until)s
FROM unnest(%(ids)s::uuid[], %(integrations)s::uuid[], %(users)s::uuid[])
    AS a(id, integration_id, user_id)
-- Ordered: two that open the same requests must not lock them crosswise.
ORDER BY a.integration_id
ON CONFLICT (integration_id) WHERE closed_at IS NULL
    DO UPDATE SET expires_at = GREATEST(r.expires_at, EXCLUDED.expires_at)
RETURNING r.integration_id, r.user_id, r.id, r.expires_at
"""


@transaction.atomic
def open_for(owners: Mapping[UUID, UUID], *, now: datetime | None = None) -> dict[UUID, Token]:
    """Ask owners, by integration, to connect again; return what a link is made of, by integration.

    Two statements, however many. An integration has one open request: asked again, it is that one,
    for fourteen more days.
    """
    if not owners:
        return {}
    at = now or clock.now()
    known: dict[str, Any] = {
        "integrations": list(owners),
        "users": list(owners.values()),
        "ids": [uuid4() for _ in owners],
        "now": at,
        "until": at + LINK_LIFETIME,
    }
    with connection.cursor() as cursor:
        cursor.execute(_CLOSE_STALE, known)
        cursor.execute(_OPEN, known)
        rows = cursor.fetchall()
    return {row[0]: Token(row[1], row[0], row[2], row[3]) for row in rows}


def link(token: Token) -> str:
    """Return the address of a request: ours, good until it ends, for its owner alone."""
    # Not reversed: who sends messages would have to load every view for it.
    return f"{settings.PUBLIC_URL}/reconnect/{reauth_tokens.sign(Kind.LINK, token)}/"


def begin(token: Token, *, attempt_id: UUID, announced_id: str, now: datetime) -> None:
    """Keep a way to the provider, and which connection was announced for it."""
    ReauthAttempt.objects.create(
        pk=attempt_id, request_id=token.nonce, announced_id=announced_id, began_at=now
    )


def ways_begun(integration_id: UUID, *, now: datetime) -> int:
    """Return how many ways to the provider of an integration are still good, or were so lately."""
    since = now - STATE_LIFETIME
    ways = ReauthAttempt.objects.filter(request__integration=integration_id, began_at__gt=since)
    return ways.count()


def left_or_announced(instance_ids: Collection[str]) -> set[str]:
    """Return which of these connections were left behind, or were made for a way back to us.

    They belong to integrations that there are: nobody watches them for themselves.
    """
    left = ReauthRequest.objects.filter(old_instance_id__in=instance_ids)
    announced = ReauthAttempt.objects.filter(announced_id__in=instance_ids)
    return {
        *left.values_list("old_instance_id", flat=True),
        *announced.values_list("announced_id", flat=True),
    }


def last_done(integration_id: UUID, user_id: UUID) -> ReauthRequest | None:
    """Return the last request by which an owner connected an integration again."""
    done = ReauthRequest.objects.filter(~Q(new_instance_id=""), integration_id=integration_id)
    return done.filter(user_id=user_id).order_by("-closed_at").first()
