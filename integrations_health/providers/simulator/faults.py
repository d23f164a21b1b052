"""The closed list of ways to misbehave, and the little language that puts them in a row."""

import re
from enum import Enum, StrEnum, auto
from typing import NamedTuple, Self


class Fault(StrEnum):
    """What an account (or a whole provider) does when it is asked."""

    OK = "ok"
    # What the provider says of the connection.
    EXPIRED = "expired"
    FAILED = "failed"
    REVOKED = "revoked"
    INACTIVE = "inactive"
    DISABLED = "disabled"
    AUTH_CONFIG_DISABLED = "auth_config_disabled"
    INITIATED = "initiated"
    STRANGE_STATUS = "strange_status"
    GONE = "gone"
    SHORT_PAGE = "short_page"
    REFUSED_BATCH = "refused_batch"
    # What a tool answers while the connection reads active.
    REVOKED_BUT_ACTIVE = "revoked_but_active"
    SLACK_OK_FALSE = "slack_ok_false"
    MISSING_SCOPE = "missing_scope"
    SERVICE_500 = "service_500"
    SERVICE_QUOTA = "service_quota"
    TOOL_GONE = "tool_gone"
    BAD_ARGUMENTS = "bad_arguments"
    SECRET_ECHO = "secret_echo"
    SESSION_LOST = "session_lost"
    # The provider's own HTTP status.
    HTTP_500 = "500"
    HTTP_502 = "502"
    HTTP_503 = "503"
    HTTP_408 = "408"
    HTTP_429 = "429"
    KEY_REJECTED = "key_rejected"
    REDIRECT = "redirect"
    # An HTTP 200 whose body is no answer.
    MALFORMED = "malformed"
    HTML = "html"
    EMPTY = "empty"
    INVALID_UTF8 = "invalid_utf8"
    DEEP = "deep"
    HUGE_INTEGER = "huge_integer"
    NAN = "nan"
    DUPLICATE_KEYS = "duplicate_keys"
    WRONG_TYPE = "wrong_type"
    HUGE = "huge"
    GZIP_BOMB = "gzip_bomb"
    ENDLESS = "endless"
    BIG_HEADER = "big_header"
    # How the bytes come, or do not.
    SLOW = "slow"
    HANG = "hang"
    DRIP = "drip"
    DISCONNECT = "disconnect"
    TRUNCATED = "truncated"


class Family(Enum):
    """Where a fault shows itself."""

    CONNECTION = auto()  # in what the provider says of the connection
    ANSWER = auto()  # inside the good-looking answer of a tool
    HTTP = auto()  # in the HTTP status
    WIRE = auto()  # in the body or the bytes of an answer that would have been good


def _family(first: Fault, last: Fault) -> set[Fault]:
    faults = list(Fault)
    return set(faults[faults.index(first) : faults.index(last) + 1])


FAMILIES: dict[Fault, Family] = {
    **dict.fromkeys(_family(Fault.EXPIRED, Fault.REFUSED_BATCH), Family.CONNECTION),
    **dict.fromkeys(_family(Fault.REVOKED_BUT_ACTIVE, Fault.SESSION_LOST), Family.ANSWER),
    **dict.fromkeys(_family(Fault.HTTP_500, Fault.REDIRECT), Family.HTTP),
    **dict.fromkeys(_family(Fault.MALFORMED, Fault.TRUNCATED), Family.WIRE),
}


class BadScript(ValueError):
    """The text of a script could not be understood."""


class Step(NamedTuple):
    """One fault, what it is told in parentheses, and how often it shows before the next."""

    fault: Fault
    argument: str = ""
    times: int = 1

    @property
    def family(self) -> Family | None:
        """Return where it shows itself; None for `ok`."""
        return FAMILIES.get(self.fault)

    def number(self, default: float) -> float:
        """Return the argument as a number, or `default` without one."""
        return float(self.argument) if self.argument else default


OK = Step(Fault.OK)
_WORD = re.compile(
    r"\s*(?P<word>\w+)(?:\((?P<argument>(?:[^()]|\([^()]*\))*)\))?(?:\*(?P<times>\d+))?\s*(?:,|$)"
)
_AGAIN = "again"


class Script:
    """A row of steps: `ok*3, 500*5, slow(250)`. The last one stays, unless it is `again`.

    `429(120)`, `429(Wed, 21 Oct 2026 07:28:00 GMT)` and `429(none)` choose the Retry-After;
    `slow(250)` its milliseconds; `drip(0.1)` the seconds between two bytes; `redirect(URL)` the
    place; `tool_gone(410)` the status; the faults of connections and answers take the words to say.
    """

    __slots__ = ("_index", "_shown", "is_looping", "steps")

    def __init__(self, steps: tuple[Step, ...], *, is_looping: bool = False) -> None:
        self.steps = steps
        self.is_looping = is_looping
        self._index = 0
        self._shown = 0

    @classmethod
    def parse(cls, text: str) -> Self:
        """Return the script that `text` says. Raises BadScript."""
        steps: list[Step] = []
        is_looping = False
        position = 0
        while position < len(text):
            match = _WORD.match(text, position)
            if match is None or is_looping:
                raise BadScript(f"not understood from here on: {text[position:]!r}")
            position = match.end()
            if match["word"] == _AGAIN and steps:
                is_looping = True
            else:
                steps.append(_step(match))
        if not steps:
            raise BadScript("a script needs at least one word")
        return cls(tuple(steps), is_looping=is_looping)

    @property
    def current(self) -> Step:
        """Return the step that shows next."""
        return self.steps[self._index]

    def take(self) -> Step:
        """Return the step that shows now, and move on when it has shown often enough."""
        step = self.steps[self._index]
        if len(self.steps) == 1:
            return step
        self._shown += 1
        if self._shown >= step.times and (self.is_looping or self._index + 1 < len(self.steps)):
            self._index = (self._index + 1) % len(self.steps)
            self._shown = 0
        return step


def _step(match: re.Match[str]) -> Step:
    try:
        fault = Fault(match["word"])
    except ValueError:
        raise BadScript(f"there is no fault {match['word']!r}") from None
    times = int(match["times"] or 1)
    if times < 1:
        raise BadScript(f"{match['word']} must show at least once")
    return Step(fault, (match["argument"] or "").strip(), times)


FINE = Script((OK,))
