"""The groups of the channel layer, by whom they are for: one per user, one per provider."""

import re
from uuid import UUID

# What a channel layer takes as a name is narrower than what we take as a provider's.
_STRANGE = re.compile(r"[^a-zA-Z0-9_.-]")
_LONGEST = 80


def of_user(user_id: UUID) -> str:
    """Return the group that hears of one user's integrations, and of their access."""
    return f"user.{user_id.hex}"


def of_provider(provider: str) -> str:
    """Return the group that hears of a provider's incidents."""
    return f"incident.{_STRANGE.sub('-', provider)[:_LONGEST]}"
