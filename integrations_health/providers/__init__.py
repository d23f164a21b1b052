"""The providers we can ask, by name."""

from django.conf import settings
from django.utils.module_loading import import_string

from integrations_health.providers.base import Provider

# Loaded when first asked for: who only reads words or values needs no HTTP client.
PROVIDERS: dict[str, str] = {
    "composio": "integrations_health.providers.composio.Composio",
    "klavis": "integrations_health.providers.klavis.Klavis",
    "mcp": "integrations_health.providers.mcp.Mcp",
}


class UnknownProvider(KeyError):
    """There is no provider of this name."""

    def __str__(self) -> str:
        return f"there is no provider {self.args[0]!r}, only {', '.join(PROVIDERS)}"


def connect(name: str) -> Provider:
    """Return a new client of the provider `name`, as the settings say. Raises UnknownProvider.

    It opens its connections on first use, in the event loop that runs then, and keeps them until
    `aclose()`.
    """
    if name not in PROVIDERS:
        raise UnknownProvider(name)
    config = settings.PROVIDERS[name]
    provider: Provider = import_string(PROVIDERS[name])(
        base_url=config["base_url"],
        api_key=config["api_key"],
        concurrency=config["concurrency"],
        deadline=settings.CALL_DEADLINE,
        **config.get("options", {}),
    )
    return provider


def load() -> None:
    """Import every provider's client now, so that processes forked later need not, and share it."""
    for path in PROVIDERS.values():
        import_string(path)


def configured() -> list[str]:
    """Return the names of the providers we can ask: those with a key, and plain MCP always."""
    return [name for name in PROVIDERS if name == "mcp" or settings.PROVIDERS[name]["api_key"]]
