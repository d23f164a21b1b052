"""Register the integrations that a file lists: all of them, or none."""

from collections.abc import Callable, Iterator
from hashlib import blake2b
from itertools import islice
from typing import BinaryIO, NamedTuple

from django.conf import settings

from integrations_health import registration, registry, roster
from integrations_health.registration import Refusal, Registration
from integrations_health.registry import Changes

CHUNK = 1_000


class Enrolled(NamedTuple):
    """What an import came to. Nothing was written unless `is_written`."""

    entries: int
    refused: int
    changes: Changes
    is_written: bool


def enrol(
    file: BinaryIO,
    *,
    report: Callable[[Refusal], None],
    is_partial: bool = False,
    is_dry_run: bool = False,
) -> Enrolled:
    """Register what `file` lists, in one transaction, and return what came of it.

    `report` is told of each refusal when it is found. After one nothing is written, unless
    `is_partial`: then the good entries are. Raises roster.Unreadable, registry.Busy; then nothing
    is written either.
    """
    changes = Changes()
    reading = _Reading(report)
    registrations = reading.registrations(file)
    with registry.writing(changes) as undo:
        while chunk := list(islice(registrations, CHUNK)):
            if is_partial or not reading.refused:
                registry.register(chunk, changes=changes)
                reading.refuse(changes.refused)
                changes.refused = []
        if not reading.entries:
            raise roster.Unreadable("it lists no integration")
        is_written = not is_dry_run and (is_partial or not reading.refused)
        if not is_written:
            undo()
    return Enrolled(reading.entries, reading.refused, changes, is_written)


class _Reading:
    """The good entries of a file, and a count of the others."""

    def __init__(self, report: Callable[[Refusal], None]) -> None:
        self.entries = 0
        self.refused = 0
        self._report = report
        self._places: dict[bytes, str] = {}

    def registrations(self, file: BinaryIO) -> Iterator[Registration]:
        """Yield what can be registered; report the rest."""
        providers = tuple(settings.PROVIDERS)
        for entry in roster.entries(file):
            self.entries += 1
            if isinstance(entry, Refusal):
                self.refuse([entry])
                continue
            read = registration.read(entry.said, place=entry.place, providers=providers)
            if isinstance(read, Registration) and (twin := self._twin(read)):
                problem = f"is the same integration as {twin}"
                read = [Refusal(entry.place, "", problem, "keep one of the two")]
            if isinstance(read, Registration):
                yield read
            else:
                self.refuse(read)

    def refuse(self, refusals: list[Refusal]) -> None:
        """Report what is wrong and count the entries it is wrong with."""
        self.refused += len({refusal.place for refusal in refusals})
        for refusal in refusals:
            self._report(refusal)

    def _twin(self, read: Registration) -> str | None:
        """Return where the same integration stood before, None for a new one."""
        key = (read.provider, read.server_instance_id, read.user, read.service)
        # A digest, so that a million entries fit: the ids may be long.
        digest = blake2b("\0".join(key).encode(), digest_size=16).digest()
        place = self._places.setdefault(digest, read.place)
        return None if place == read.place else place
