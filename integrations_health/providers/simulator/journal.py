"""What was asked of the simulator, when, and how it ended."""

import json
import threading
from collections import Counter, deque
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from time import time
from typing import IO

KEPT = 50_000


@dataclass(slots=True)
class Call:
    """One request. `status` is 0 until it is answered, and stays 0 when it never was.

    `started_at` and `ended_at` are unix seconds; `account` is empty for requests about many.
    """

    number: int
    started_at: float
    provider: str
    method: str
    path: str
    account: str = ""
    request_id: str = ""
    status: int = 0
    ended_at: float | None = None
    is_forbidden: bool = False


class Journal:
    """The newest requests in memory, the count of all, and, when a file is given, a line of each.

    Written by the server's thread; read from any.
    """

    def __init__(self, path: Path | None = None) -> None:
        self._calls: deque[Call] = deque(maxlen=KEPT)
        self._changed = threading.Condition()
        self._waiting = 0
        self._file: IO[str] | None = path.open("a", buffering=1) if path else None
        self._count = 0
        self.counts: Counter[str] = Counter()

    def open(self, provider: str, method: str, path: str) -> Call:
        """Note a request that begins."""
        self._count += 1
        call = Call(self._count, time(), provider, method, path)
        self._calls.append(call)
        self.counts[provider] += 1
        self._tell()
        return call

    def close(self, call: Call) -> None:
        """Note that a request ended, answered or not."""
        call.ended_at = time()
        if self._file is not None:
            self._file.write(json.dumps(asdict(call)) + "\n")
        self._tell()

    def calls(self, *, account: str = "", provider: str = "", after: int = 0) -> list[Call]:
        """Return the calls numbered above `after`, of one account or provider if named."""
        return [
            call
            for call in self._calls.copy()
            if call.number > after
            and (not account or call.account == account)
            and (not provider or call.provider == provider)
        ]

    def wait_for(self, is_seen: Callable[[], bool], *, seconds: float) -> bool:
        """Wait until `is_seen` or the time is up, looking after each request; say whether it is."""
        with self._changed:
            self._waiting += 1
            try:
                return self._changed.wait_for(is_seen, timeout=seconds)
            finally:
                self._waiting -= 1

    def clear(self) -> None:
        """Forget what was asked so far. Numbers go on."""
        self._calls.clear()
        self.counts.clear()

    def shut(self) -> None:
        """Close the file."""
        if self._file is not None:
            self._file.close()
            self._file = None

    def _tell(self) -> None:
        # Nobody waits while a benchmark runs, so nobody pays for the lock.
        if self._waiting:
            with self._changed:
                self._changed.notify_all()
