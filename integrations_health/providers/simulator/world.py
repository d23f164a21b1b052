"""Everything the simulator knows, and what a test or a demo may do with it."""

import secrets
import uuid
from collections.abc import Callable
from dataclasses import replace
from itertools import count
from pathlib import Path
from time import time
from typing import Any

from integrations_health.providers.simulator.accounts import Account, Surface
from integrations_health.providers.simulator.crowd import Crowd
from integrations_health.providers.simulator.exchange import Exchange
from integrations_health.providers.simulator.faults import FINE, Script, Step
from integrations_health.providers.simulator.journal import Call, Journal
from integrations_health.providers.simulator.latency import Latency
from integrations_health.providers.simulator.moods import Moods
from integrations_health.providers.simulator.population import Population
from integrations_health.providers.simulator.quotas import Quota
from integrations_health.providers.simulator.services import SERVICES

API_KEY = "simulator-key"
PROVIDERS = ("composio", "klavis", "mcp")
_A_DAY = 86_400.0


class UnknownAccount(KeyError):
    """No account has this id."""


class Simulator:
    """The providers in one place. Its methods may be called from any thread while it serves.

    `base_url` is where it listens once it does; `api_key` is the key Composio and Klavis accept.
    """

    def __init__(
        self,
        *,
        api_key: str = API_KEY,
        crowd: int = 0,
        seed: int = 7,
        latency_ms: float = 0,
        log: Path | None = None,
    ) -> None:
        self.base_url = ""
        self.api_key = api_key
        self.latency = Latency(latency_ms, seed=seed)
        self.journal = Journal(log)
        self.population = Population(Crowd(crowd))
        self.moods = Moods()
        self.quotas = {provider: Quota() for provider in PROVIDERS}
        self.removed_tools: set[str] = set()
        self.subscriptions: dict[str, dict[str, Any]] = {}
        self.links: dict[str, str] = {}
        self.sessions: dict[str, str] = {}
        self.pending: list[Account] = []
        self._numbers = count(1)

    def connect(
        self,
        provider: str,
        service: str,
        *,
        user_id: str = "user-1",
        script: str = "ok",
        id: str = "",
        **changes: Any,
    ) -> Account:
        """Return a new account, active since yesterday; `changes` are other fields of Account.

        Raises BadScript, and KeyError for a provider or service there is not.
        """
        if provider not in PROVIDERS:
            raise KeyError(provider)
        known = SERVICES[service]
        number = next(self._numbers)
        born = time() - _A_DAY + number / 1000
        account = Account(
            provider=provider,
            id=id or _new_id(provider, service, number),
            service=known,
            user_id=user_id,
            identity=f"{user_id}@example.com",
            auth_config_id=f"ac_{known.toolkit}" if provider == "composio" else "",
            created_at=born,
            updated_at=born,
            script=Script.parse(script),
        )
        account = self.population.keep(replace(account, **changes))
        if account.expires_at is not None:
            self.pending.append(account)
        return account

    def account(self, id: str) -> Account:
        """Return the account with this id, kept from now on. Raises UnknownAccount."""
        for provider in PROVIDERS:
            account = self.population.find(provider, id)
            if account is not None:
                return self.population.keep(account)
        raise UnknownAccount(id)

    def script(self, account: Account | str, text: str, *, on: str = "") -> None:
        """Give an account a new script, from its first step on. Raises BadScript, UnknownAccount.

        With `on="status"` the script speaks for reading the account's status alone, whatever the
        faults in it: a single status read that hangs, say. An empty text takes that one back.
        """
        if isinstance(account, str):
            account = self.account(account)
        self.population.keep(account)
        if on == "status":
            account.status_script = Script.parse(text) if text else None
        else:
            account.script = Script.parse(text) if text else FINE

    def answers(self, provider: str, text: str | None, *, service: str = "") -> None:
        """Let a whole provider follow a script, whatever its accounts' say; None ends it.

        It counts requests of any kind. With `service` it speaks for that service's tool calls
        alone: the service behind the provider is down. Raises BadScript.
        """
        self.moods.set(provider, Script.parse(text) if text else None, service=service)

    def limit(self, provider: str, calls_per_minute: int) -> None:
        """Answer 429 to what exceeds this in a minute of the clock."""
        self.quotas[provider].limit = calls_per_minute

    def remove_tool(self, name: str) -> None:
        """Let a tool be gone from the catalogue, as after a rename."""
        self.removed_tools.add(name)

    def calls(self, *, account: Account | str = "", provider: str = "") -> list[Call]:
        """Return the requests seen so far, those of one account or provider if named."""
        id = account.id if isinstance(account, Account) else account
        return self.journal.calls(account=id, provider=provider)

    def wait_until(self, is_seen: Callable[[], bool], *, seconds: float = 5) -> bool:
        """Wait until `is_seen`, looking again with each request; return whether it is."""
        return self.journal.wait_for(is_seen, seconds=seconds)

    @property
    def forbidden_calls(self) -> list[Call]:
        """Return the requests that do harm to a user's connection, such as Composio's refresh."""
        return [call for call in self.journal.calls() if call.is_forbidden]

    def server_url(self, account: Account, *, origin: str = "") -> str:
        """Return where an account's own MCP server is."""
        base = origin or self.base_url
        if account.provider == "klavis":
            return f"{base}/mcp/?instance_id={account.id}"
        return f"{base}/mcp{'-legacy' if account.is_legacy else ''}/{account.id}"

    def take(self, exchange: Exchange, account: Account, surface: Surface) -> Step:
        """Return what an account shows in this exchange, and note whom it was about."""
        exchange.call.account = account.id
        return self.moods.take(account, surface, exchange.mood)

    def settle(self) -> None:
        """Let what was begun and not finished in time expire."""
        if self.pending:
            now = time()
            for account in self.pending:
                account.settle(now=now)
            self.pending = [account for account in self.pending if account.expires_at]


def _new_id(provider: str, service: str, number: int) -> str:
    if provider == "composio":
        return f"ca_{secrets.token_urlsafe(9)}"
    if provider == "klavis":
        return str(uuid.uuid4())
    return f"{service}-{number}"
