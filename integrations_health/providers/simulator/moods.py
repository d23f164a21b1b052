"""What shows now: an account's script, unless its provider or service has one of its own."""

from integrations_health.providers.simulator.accounts import Account, Surface
from integrations_health.providers.simulator.faults import OK, Family, Script, Step

# Where a provider's own fault shows; elsewhere its requests are fine.
_SHOWS_IN_STATUS = {Family.CONNECTION, Family.HTTP, Family.WIRE}


class Moods:
    """The scripts of whole providers and services."""

    def __init__(self) -> None:
        self._providers: dict[str, Script] = {}
        self._services: dict[tuple[str, str], Script] = {}

    def set(self, provider: str, script: Script | None, *, service: str = "") -> None:
        """Let a script speak for a provider, or for one service of it; None takes it back.

        A provider's script counts requests of any kind; a service's only calls of its tools.
        """
        scripts: dict[object, Script] = (
            self._services if service else self._providers  # type: ignore[assignment]
        )
        key: object = (provider, service) if service else provider
        if script is None:
            scripts.pop(key, None)
        else:
            scripts[key] = script

    def begin(self, provider: str) -> Step | None:
        """Return what the provider as a whole does to this request, using it up."""
        script = self._providers.get(provider)
        return script.take() if script else None

    def take(self, account: Account, surface: Surface, mood: Step | None) -> Step:
        """Return what this account shows in a request that `begin` gave `mood`, using it up."""
        if mood is not None:
            return _on(surface, mood)
        if surface is Surface.TOOL:
            script = self._services.get((account.provider, account.service.name))
            if script is not None:
                return script.take()
        return account.take(surface)

    def fault(self, account: Account, surface: Surface, mood: Step | None) -> Step:
        """Return what `take` would, using nothing up."""
        if mood is not None:
            return _on(surface, mood)
        if surface is Surface.TOOL:
            script = self._services.get((account.provider, account.service.name))
            if script is not None:
                return script.current
        return account.fault(surface)


def _on(surface: Surface, mood: Step) -> Step:
    if surface is Surface.TOOL or mood.family in _SHOWS_IN_STATUS:
        return mood
    return OK
