"""What a person chose to see on the status page; it lives in the address."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from datetime import datetime
from typing import Any, NamedTuple
from urllib.parse import urlencode

from integrations_health import names, windows
from integrations_health.overview import Row

SHOWS = {"": "All", "failing": "Failing", "unstable": "Unstable"}
SORTS = {"health": "Health", "name": "Name", "group": "Group"}
GROUPS = {"provider": "Provider", "service": "Service"}


class Group(NamedTuple):
    """Rows under one heading."""

    key: str
    name: str
    rows: Sequence[Row]

    @property
    def worst(self) -> Row:
        """The row that is worst off."""
        return min(self.rows, key=lambda row: row.severity)

    @property
    def failing(self) -> int:
        """How many do not work."""
        return sum(row.is_failing for row in self.rows)


@dataclass(frozen=True, kw_only=True, slots=True)
class Choice:
    """The range, the filter, the order and the grouping."""

    range: str = "90d"
    show: str = ""
    sort: str = "health"
    by: str = "provider"

    @classmethod
    def read(cls, asked: Mapping[str, Any]) -> "Choice":
        """Return what an address asks for; what it does not know is as if it was not asked."""
        allowed = {"range": windows.RANGES, "show": SHOWS, "sort": SORTS, "by": GROUPS}
        said = {name: str(asked[name]) for name in allowed if name in asked}
        return cls(**{name: value for name, value in said.items() if value in allowed[name]})

    def address(self, **changes: str) -> str:
        """Return the query of this choice with some changes; "?" alone for the usual one."""
        changed = replace(self, **changes)
        usual = Choice()
        said = {
            field.name: getattr(changed, field.name)
            for field in fields(Choice)
            if getattr(changed, field.name) != getattr(usual, field.name)
        }
        return f"?{urlencode(said)}"

    def groups(self, rows: Sequence[Row], *, now: datetime) -> list[Group]:
        """Return the chosen rows in their groups, in the chosen order."""
        named = names.provider if self.by == "provider" else names.service
        grouped: dict[str, list[Row]] = {}
        for row in sorted(filter(self._keeps(now), rows), key=self._order):
            grouped.setdefault(row.provider if self.by == "provider" else row.service, []).append(
                row
            )
        groups = [Group(key, named(key), rows) for key, rows in grouped.items()]
        if self.sort == "health":
            groups.sort(key=lambda group: (group.worst.severity, group.name))
        else:
            groups.sort(key=lambda group: group.name)
        return groups

    def _keeps(self, now: datetime) -> Callable[[Row], bool]:
        match self.show:
            case "failing":
                return lambda row: row.is_failing
            case "unstable":
                return lambda row: row.is_unstable(now=now)
            case _:
                return lambda row: True

    @property
    def _order(self) -> Callable[[Row], tuple[Any, ...]]:
        match self.sort:
            case "health":
                return lambda row: (row.severity, row.name.casefold(), row.id)
            case "group":
                return lambda row: (row.service, row.provider, row.name.casefold(), row.id)
            case _:
                return lambda row: (row.name.casefold(), row.id)
