"""How long a call takes: always the same for the same call."""

import zlib
from collections import Counter


class Latency:
    """Half to one and a half times `typical_ms`, drawn from the seed, who is asked and how often.

    Zero milliseconds draw nothing and remember nobody.
    """

    def __init__(self, typical_ms: float, *, seed: int) -> None:
        self.typical_ms = typical_ms
        self.seed = seed
        self._numbers: Counter[str] = Counter()

    def draw(self, whom: str) -> float:
        """Return the seconds that the next call of `whom` takes."""
        if not self.typical_ms:
            return 0
        self._numbers[whom] += 1
        drawn = zlib.crc32(f"{self.seed}:{whom}:{self._numbers[whom]}".encode()) / 2**32
        return self.typical_ms * (0.5 + drawn) / 1000
