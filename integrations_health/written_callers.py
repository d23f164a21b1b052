"""Write who is asking into Redis, and read it from there."""

import json
from datetime import datetime
from uuid import UUID

from integrations_health.access import Caller, Scope, Way


def written(caller: Caller, **besides: str) -> str:
    """Return a caller as text; what stands `besides` is for whoever looks for it."""
    return json.dumps(
        {
            "way": caller.way,
            "scopes": sorted(caller.scopes),
            "user_id": None if caller.user_id is None else str(caller.user_id),
            "external_id": caller.external_id,
            "key_id": None if caller.key_id is None else str(caller.key_id),
            "expires_at": None if caller.expires_at is None else caller.expires_at.isoformat(),
            **besides,
        }
    )


def read(text: bytes) -> Caller:
    """Return the caller that was written."""
    said = json.loads(text)
    return Caller(
        way=Way(said["way"]),
        scopes=frozenset(Scope(scope) for scope in said["scopes"]),
        user_id=None if said["user_id"] is None else UUID(said["user_id"]),
        external_id=said["external_id"],
        key_id=None if said["key_id"] is None else UUID(said["key_id"]),
        expires_at=(
            None if said["expires_at"] is None else datetime.fromisoformat(said["expires_at"])
        ),
    )
