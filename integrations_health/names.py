"""What services and providers are called when people read of them."""

_SERVICES = {
    "gmail": "Gmail",
    "calendar": "Google Calendar",
    "slack": "Slack",
    "notion": "Notion",
}
_PROVIDERS = {"composio": "Composio", "klavis": "Klavis", "mcp": "MCP"}


def service(name: str) -> str:
    """Return a service's name as people write it."""
    return _SERVICES.get(name) or name.replace("_", " ").replace("-", " ").title()


def provider(name: str) -> str:
    """Return a provider's name as people write it."""
    return _PROVIDERS.get(name) or name.title()


def concerned(of_provider: str, of_service: str) -> str:
    """Return whom an incident concerns: a service through a provider, either, or everything."""
    known = filter(None, (service(of_service), provider(of_provider)))
    return " through ".join(known) or "Everything"
