"""Accounts by the hundred thousand that exist only while they are looked at."""

import uuid
from dataclasses import dataclass

from integrations_health.providers.simulator.accounts import Account
from integrations_health.providers.simulator.services import SERVICES

SERVICE_NAMES = ("gmail", "calendar", "slack")
PROVIDERS = ("composio", "klavis", "mcp")
_BORN = 1_735_689_600.0  # 2025-01-01 UTC; the n-th account is n seconds younger
_KLAVIS = 0x5EED0000_0000_4000_8000_000000000000


def account_id(provider: str, index: int) -> str:
    """Return the id of the `index`-th account of the crowd at a provider."""
    if provider == "composio":
        return f"ca_{index:09d}"
    if provider == "klavis":
        return str(uuid.UUID(int=_KLAVIS + index))
    return f"server-{index:09d}"


def user_id(index: int) -> str:
    """Return the user of the `index`-th account: each user has one of every service."""
    return f"user-{index // len(SERVICE_NAMES):06d}"


def service_name(index: int) -> str:
    """Return the service of the `index`-th account: round robin."""
    return SERVICE_NAMES[index % len(SERVICE_NAMES)]


@dataclass(frozen=True, slots=True)
class Crowd:
    """`size` accounts at each provider, made when asked for and forgotten afterwards."""

    size: int

    def account(self, provider: str, index: int) -> Account:
        """Return the `index`-th account of a provider."""
        service, user = SERVICES[service_name(index)], user_id(index)
        born = _BORN + index
        return Account(
            provider=provider,
            id=account_id(provider, index),
            service=service,
            user_id=user,
            identity=f"{user}@example.com",
            auth_config_id=f"ac_{service.toolkit}" if provider == "composio" else "",
            created_at=born,
            updated_at=born,
        )

    def index_of(self, provider: str, id: str) -> int | None:
        """Return which of the crowd has this id; None when none has."""
        try:
            if provider == "klavis":
                index = uuid.UUID(id).int - _KLAVIS
            else:
                index = int(id.removeprefix("ca_" if provider == "composio" else "server-"))
        except ValueError:
            return None
        is_one = 0 <= index < self.size and account_id(provider, index) == id
        return index if is_one else None

    def indices_of_user(self, user: str) -> range:
        """Return which of the crowd belong to a user."""
        digits = user.removeprefix("user-")
        each = len(SERVICE_NAMES)
        if not digits.isdecimal() or user_id(int(digits) * each) != user:
            return range(0)
        return range(int(digits) * each, min(int(digits) * each + each, self.size))
