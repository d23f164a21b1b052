"""The demo's people: a dozen users, three providers, mostly well, and one of every kind of ill."""

import uuid
from typing import Any, NamedTuple

from integrations_health.providers.simulator.accounts import Account
from integrations_health.providers.simulator.world import Simulator

USERS = tuple(f"user-{number:03d}" for number in range(1, 13))
_BORN = 1_767_225_600.0  # 2026-01-01 UTC: the same accounts, with the same ages, at every start
_SERVICES = ("gmail", "calendar", "slack")
_NAMESPACE = uuid.UUID("5eed0000-0000-4000-8000-0000000de300")


class Patient(NamedTuple):
    """Who does not feel well, and how."""

    provider: str
    user: int
    service: str
    script: str


PATIENTS = (
    Patient("composio", 1, "gmail", "expired"),
    Patient("composio", 2, "calendar", "revoked_but_active"),
    Patient("composio", 3, "slack", "missing_scope"),
    Patient("composio", 4, "gmail", "ok*4, slow(6500)*2, again"),
    Patient("composio", 5, "calendar", "service_500"),
    Patient("composio", 6, "slack", "disabled"),
    Patient("composio", 7, "gmail", "initiated"),
    Patient("composio", 8, "calendar", "ok*3, 503*4, again"),
    Patient("composio", 9, "slack", "slack_ok_false(account_inactive)"),
    Patient("composio", 10, "gmail", "ok*2, gone"),
    Patient("composio", 11, "calendar", "service_quota"),
    Patient("klavis", 1, "slack", "hang"),
    Patient("klavis", 2, "gmail", "revoked_but_active"),
    Patient("klavis", 3, "calendar", "tool_gone"),
    Patient("klavis", 4, "slack", "malformed"),
    Patient("klavis", 5, "gmail", "ok*6, 502*2, again"),
    # The last of them: whoever comes after a refusal waits for a minute.
    Patient("klavis", 12, "gmail", "429*1, ok"),
    Patient("mcp", 1, "calendar", "revoked"),
    Patient("mcp", 2, "slack", "disconnect"),
    Patient("mcp", 3, "gmail", "html"),
    Patient("mcp", 4, "calendar", "ok*5, 500*3, again"),
    Patient("mcp", 5, "slack", "bad_arguments"),
)


def populate(simulator: Simulator) -> None:
    """Connect everybody, the same at every start."""
    scripts = {(p.provider, p.user, p.service): p.script for p in PATIENTS}
    for number, user in enumerate(USERS, start=1):
        for provider in ("composio", "klavis", "mcp"):
            for service in _of_user(provider, number):
                script = scripts.get((provider, number, service), "ok")
                _connect(simulator, provider, user, service, script, number)


def mcp_connections(simulator: Simulator) -> list[dict[str, str]]:
    """Return the plain MCP servers as the rows of an import file: nobody lists them for us."""
    return [
        {
            "user": account.user_id,
            "service": account.service.name,
            "provider": "mcp",
            "serverInstanceId": account.id,
            "serverUrl": simulator.server_url(account),
            "serverToken": account.token,
            "displayName": f"{account.service.server} ({account.user_id})",
        }
        for account in simulator.population.kept("mcp")
    ]


def _of_user(provider: str, number: int) -> tuple[str, ...]:
    if provider == "composio":
        # A few also connected something that nobody knows how to probe.
        return (*_SERVICES, "notion") if number % 4 == 0 else _SERVICES
    return _SERVICES if number <= 6 else (_SERVICES[number % 3],)


def _connect(
    simulator: Simulator, provider: str, user: str, service: str, script: str, number: int
) -> Account:
    more: dict[str, Any] = {}
    name = f"{provider}-{user}-{service}"
    match provider:
        case "composio":
            id = f"ca_demo-{user}-{service}"
        case "klavis":
            id = str(uuid.uuid5(_NAMESPACE, name))
        case _:
            id = f"{service}-{user}"
            more = {
                "token": f"mcp-{uuid.uuid5(_NAMESPACE, name).hex}",
                "is_legacy": number % 2 == 0,
                "is_sse": number % 4 == 0,
            }
    born = _BORN + number * 3600 + len(name)
    return simulator.connect(
        provider,
        service,
        user_id=user,
        script=script,
        id=id,
        created_at=born,
        updated_at=born,
        **more,
    )
