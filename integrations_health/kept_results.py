"""The results of a claim as bytes that may lie in Redis for a while, and back."""

import zlib
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple
from uuid import UUID

import msgspec

from integrations_health.outcomes import CheckResult
from integrations_health.redaction import SafeText, redact

# Of the shape of Kept and all within it; whoever changes that raises it. Another one is not read.
VERSION = 1
# So many lie together: 9 kB, or 64 at the very most.
AT_ONCE = 200
MOST_BYTES = 64 * 1024
# Repetitive text: the quickest level makes a quarter of it.
_COMPRESSION = 1


class Unreadable(Exception):
    """Bytes are no results that this release can read."""


class Kept(NamedTuple):
    """Results, and what is to be known to record them later as they would have been at once.

    `versions` are those of the rows that they answer, by integration, as the claim read them;
    `batch` is the claim that ends with them, None when others of it come later.
    """

    results: tuple[CheckResult, ...]
    versions: dict[UUID, int]
    batch: int | None


def parts(
    results: Sequence[CheckResult], versions: Mapping[UUID, int], *, batch: int | None
) -> Iterator[Kept]:
    """Return a claim's results in parts, one at least, of which the last one ends the claim."""
    for start in range(0, max(len(results), 1), AT_ONCE):
        part = tuple(results[start : start + AT_ONCE])
        is_last = start + AT_ONCE >= len(results)
        yield Kept(
            part,
            {one.integration_id: versions[one.integration_id] for one in part},
            batch if is_last else None,
        )


def pack(kept: Kept) -> bytes:
    """Return it as bytes. What a provider said was redacted before, as its type says."""
    return zlib.compress(_write(kept), _COMPRESSION)


def unpack(packed: bytes) -> Kept:
    """Return what was packed by this release's version. Raises Unreadable."""
    reader = zlib.decompressobj()
    try:
        return _read(reader.decompress(packed, MOST_BYTES * 100))
    except (zlib.error, msgspec.MsgspecError) as error:
        raise Unreadable(type(error).__name__) from error


def _as_text(value: Any) -> str:
    if isinstance(value, SafeText):
        return str(value)
    raise NotImplementedError


def _as_it_came(kind: type, value: Any) -> Any:
    # Redacting twice changes nothing; whatever lay there goes through the one door again.
    if kind is SafeText and isinstance(value, str):
        return redact(value)
    raise NotImplementedError


_write = msgspec.msgpack.Encoder(enc_hook=_as_text, uuid_format="bytes").encode
_read = msgspec.msgpack.Decoder(Kept, dec_hook=_as_it_came).decode
