"""What Composio tells us: events, signed as it signs them, and what is due by them."""

import base64
import hashlib
import hmac
import json
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from django.test import Client

from integrations_health.models import HealthCheck, Integration
from integrations_health.providers.composio_events import EXPIRED
from tests import factories

PATH = "/api/hooks/composio"
SECRET = "whsec_bm90IHRvIGJlIGRlY29kZWQ"
LATER = datetime(2031, 3, 14, 9, 26, 53, tzinfo=UTC)


def signature(id: str, at: object, body: bytes, *, secret: str = SECRET) -> str:
    """Return the part of `webhook-signature` that a secret makes."""
    content = f"{id}.{at}.".encode() + body
    digest = hmac.new(secret.encode(), content, hashlib.sha256).digest()
    return f"v1,{base64.b64encode(digest).decode()}"


def headers(
    body: bytes, *, secret: str = SECRET, id: str = "msg_1", at: object = None
) -> dict[str, str]:
    """Return the headers of a call that is signed at `at`, or now."""
    signed_at = int(time.time()) if at is None else at
    return {
        "webhook-id": id,
        "webhook-timestamp": str(signed_at),
        "webhook-signature": signature(id, signed_at, body, secret=secret),
    }


def expired(account_id: object, **more: Any) -> bytes:
    """Return the event that an account can no longer be refreshed."""
    return json.dumps({"type": EXPIRED, "data": {"id": account_id, **more}}).encode()


def tell(said: Mapping[str, str], body: bytes, *, by: Client | None = None) -> Any:
    """Send an event and return the answer."""
    kind = "application/json"
    return (by or Client()).generic("POST", PATH, body, content_type=kind, headers=dict(said))


def watch_later(account_id: str = "ca_1", **fields: Any) -> Integration:
    """Make an integration that is healthy, and not due for years."""
    return factories.integration(
        server_instance_id=account_id, next_check_at=LATER, status="healthy", **fields
    )


def due() -> set[UUID]:
    """Return the ids of what is due now."""
    rows = HealthCheck.objects.filter(next_check_at__lte=datetime.now(UTC))
    return set(rows.values_list("integration_id", flat=True))
