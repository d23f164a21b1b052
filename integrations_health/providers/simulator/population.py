"""Every account there is: those that were connected, and the crowd behind them."""

import heapq
from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from typing import NamedTuple

from integrations_health.providers.simulator.accounts import Account
from integrations_health.providers.simulator.crowd import Crowd

Wanted = Callable[[Account], bool]


class Page(NamedTuple):
    """One page of accounts, and how many there are on all pages."""

    accounts: list[Account]
    total: int


class Population:
    """Accounts by provider and id. What was never touched of the crowd is not kept."""

    def __init__(self, crowd: Crowd | None = None) -> None:
        self.crowd = crowd or Crowd(0)
        self._kept: dict[str, dict[str, Account]] = {}
        self._deleted: dict[str, set[str]] = {}
        self._touched: dict[str, int] = {}  # how many of the crowd are kept or deleted

    def keep(self, account: Account) -> Account:
        """Remember an account, a new one or one of the crowd that differs from now on."""
        accounts = self._kept.setdefault(account.provider, {})
        if account.id not in accounts:
            self._touch(account)
            accounts[account.id] = account
        return account

    def delete(self, account: Account) -> None:
        """Forget an account for good."""
        if self._kept.get(account.provider, {}).pop(account.id, None) is None:
            self._touch(account)
        self._deleted.setdefault(account.provider, set()).add(account.id)

    def find(self, provider: str, id: str) -> Account | None:
        """Return the account with this id."""
        account = self._kept.get(provider, {}).get(id)
        if account is not None:
            return account
        index = self.crowd.index_of(provider, id)
        if index is None or id in self._deleted.get(provider, ()):
            return None
        return self.crowd.account(provider, index)

    def of_user(self, provider: str, user_id: str) -> list[Account]:
        """Return the accounts of one user, the newest first."""
        found = [account for account in self.kept(provider) if account.user_id == user_id]
        found += self._untouched(provider, self.crowd.indices_of_user(user_id))
        return sorted(found, key=lambda account: account.created_at, reverse=True)

    def some(self, provider: str, ids: Iterable[str]) -> list[Account]:
        """Return the accounts that have one of these ids, each once."""
        found = (self.find(provider, id) for id in dict.fromkeys(ids))
        return [account for account in found if account is not None]

    def page(self, accounts: Iterable[Account], wanted: Wanted, *, offset: int, limit: int) -> Page:
        """Return the page of `accounts` that are wanted, in the order they come."""
        chosen: list[Account] = []
        total = 0
        for account in accounts:
            if wanted(account):
                if offset <= total < offset + limit:
                    chosen.append(account)
                total += 1
        return Page(chosen, total)

    def everyone(self, provider: str, *, by: str, is_descending: bool) -> Iterator[Account]:
        """Yield all accounts of a provider in the order of `created_at` or `updated_at`."""
        kept = sorted(
            self.kept(provider), key=lambda account: getattr(account, by), reverse=is_descending
        )
        size = self.crowd.size
        indices = range(size - 1, -1, -1) if is_descending else range(size)
        return heapq.merge(
            kept,
            self._untouched(provider, indices),
            key=lambda account: getattr(account, by),
            reverse=is_descending,
        )

    def slice(self, provider: str, *, is_descending: bool, offset: int, limit: int) -> Page:
        """Return a page of all accounts by `created_at`, without looking at the pages before it."""
        kept = self.kept(provider)
        total = len(kept) + self.crowd.size - self._touched.get(provider, 0)
        if self._touched.get(provider):
            everyone = self.everyone(provider, by="created_at", is_descending=is_descending)
            return Page(list(islice(everyone, offset, offset + limit)), total)
        # Nobody of the crowd was touched, and everybody else is younger than the crowd.
        kept.sort(key=lambda account: account.created_at, reverse=True)
        size = self.crowd.size
        chosen: list[Account] = []
        for place in range(offset, min(offset + limit, total)):
            age = place if is_descending else total - 1 - place  # counted from the youngest
            if age >= len(kept):
                chosen.append(self.crowd.account(provider, size - 1 - (age - len(kept))))
            else:
                chosen.append(kept[age])
        return Page(chosen, total)

    def users(self, provider: str) -> list[str]:
        """Return every user who has an account at a provider, sorted."""
        users = {account.user_id for account in self.kept(provider)}
        users.update(account.user_id for account in self._untouched_all(provider))
        return sorted(users)

    def kept(self, provider: str) -> list[Account]:
        """Return the accounts that were connected or touched, the oldest first."""
        # A copy made in one step: tests connect accounts while the server reads them.
        return list(self._kept.get(provider, {}).values())

    def _touch(self, account: Account) -> None:
        if self.crowd.index_of(account.provider, account.id) is not None:
            self._touched[account.provider] = self._touched.get(account.provider, 0) + 1

    def _untouched_all(self, provider: str) -> Iterator[Account]:
        return self._untouched(provider, range(self.crowd.size))

    def _untouched(self, provider: str, indices: Iterable[int]) -> Iterator[Account]:
        kept, deleted = self._kept.get(provider, {}), self._deleted.get(provider, set())
        for index in indices:
            account = self.crowd.account(provider, index)
            if account.id not in kept and account.id not in deleted:
                yield account
