"""What somebody chose to see of one integration's past; it lives in the address."""

from collections.abc import Mapping
from typing import Any, NamedTuple
from urllib.parse import urlencode

from integrations_health import response_times, typed_values
from integrations_health.detail import Asked
from integrations_health.outcomes import Outcome
from integrations_health.positions import Position

_OUTCOMES = frozenset(outcome.value for outcome in Outcome)


class Look(NamedTuple):
    """The range of the chart, and the outcome and the page of the log."""

    range: str = response_times.DEFAULT.name
    outcome: str = ""
    older: str = ""

    @classmethod
    def read(cls, asked: Mapping[str, Any]) -> "Look":
        """Return what an address asks for; what it does not know is as if it was not asked."""
        range, outcome, older = (str(asked.get(name, "")) for name in cls._fields)
        return cls(
            range if range in response_times.RANGES else cls().range,
            outcome if outcome in _OUTCOMES else "",
            older if _is_place(older) else "",
        )

    def address(self, **changes: str) -> str:
        """Return the query of this look with some changes; "?" alone for the usual one."""
        changed, usual = self._replace(**changes), Look()
        said = {
            name: value
            for name, value in changed._asdict().items()
            if value != getattr(usual, name)
        }
        return f"?{urlencode(said)}"

    def asked(self) -> Asked:
        """Return what to read."""
        return Asked(
            range=response_times.RANGES[self.range],
            outcome=self.outcome,
            older_than=Position.parse(self.older) if self.older else None,
        )


def _is_place(text: str) -> bool:
    try:
        Position.parse(text)
    except typed_values.Bad:
        return False
    return True
