"""The identity of one check: the same check always has the same id."""

from datetime import datetime
from functools import lru_cache
from hashlib import blake2b
from uuid import UUID

_VERSION_7 = 0x7 << 76
_VARIANT = 0x2 << 62
# What RFC 9562 calls rand_a and rand_b: all but the time, the version and the variant.
_RAND_A, _RAND_B = 0xFFF << 64, 0x3FFF_FFFF_FFFF_FFFF


def check_id(integration_id: UUID, check_seq: int, checked_at: datetime) -> UUID:
    """Return the id of a check: shaped as a UUIDv7 (RFC 9562) whose time is `checked_at`.

    The bits that are random in RFC 9562 follow from the integration and the claim, so a result
    that is delivered twice has one id, and ids grow with time, which keeps the index compact.
    """
    seed = (integration_id.int << 64 | check_seq).to_bytes(24, "big")
    tail = int.from_bytes(blake2b(seed, digest_size=10).digest(), "big")
    return UUID(int=_dated(checked_at) | tail << 2 & _RAND_A | tail & _RAND_B)


# What a page of many said has one time.
@lru_cache(maxsize=100)
def _dated(at: datetime) -> int:
    return int(at.timestamp() * 1000) << 80 | _VERSION_7 | _VARIANT


def jitter(identity: UUID) -> float:
    """Return a number from -1 to 1 that follows from the check's integration and claim alone."""
    return (identity.int & 0xFFFFFFFF) / 0x7FFFFFFF - 1
