"""Where a page of a list ended, as text that its reader need not understand."""

import struct
from base64 import urlsafe_b64decode, urlsafe_b64encode
from datetime import UTC, datetime, timedelta
from typing import NamedTuple, Self
from uuid import UUID

from integrations_health import typed_values

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_FORM = struct.Struct(">q16s")
_LENGTH = 32


class Position(NamedTuple):
    """The last row of a page: the instant by which the list is ordered, and the id.

    Neither ever changes, so the next page begins right behind it however rows come and go. It is
    no secret and no permission: whatever it says, a caller is shown only what they may see.
    """

    at: datetime
    id: UUID

    def __str__(self) -> str:
        microseconds = (self.at - _EPOCH) // _MICROSECOND
        return urlsafe_b64encode(_FORM.pack(microseconds, self.id.bytes)).decode()

    @classmethod
    def parse(cls, value: object) -> Self:
        """Return the position that `str` wrote. Raises typed_values.Bad."""
        try:
            if not isinstance(value, str) or len(value) != _LENGTH:
                raise ValueError
            microseconds, id_bytes = _FORM.unpack(urlsafe_b64decode(value))
            at = _EPOCH + microseconds * _MICROSECOND
        except (ValueError, OverflowError, struct.error):
            remedy = "take it from `nextCursor` of the page before, or leave it out"
            raise typed_values.Bad("is not a cursor of ours", remedy) from None
        return cls(at, UUID(bytes=id_bytes))
