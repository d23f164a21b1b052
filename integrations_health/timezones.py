"""Names of time zones."""

from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from django.core.exceptions import ValidationError


def validate_time_zone(name: str) -> None:
    """Raise ValidationError unless `name` is an IANA time zone, such as Europe/Berlin."""
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise ValidationError(
            "%(name)s is not a time zone; type one such as Europe/Berlin.", params={"name": name}
        ) from None


def zone(name: str) -> ZoneInfo:
    """Return the time zone `name`; UTC when this machine does not know it (any more)."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return ZoneInfo("UTC")
