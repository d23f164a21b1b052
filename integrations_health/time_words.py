"""Say instants and spans in words, in a person's time zone."""

from datetime import UTC, datetime, timedelta, tzinfo

_NAMES_OF_DAYS_REACH_BACK = 6
_MINUTE, _HOUR, _DAY = 60, 3600, 86_400


def span(length: timedelta) -> str:
    """Return a length of time in its two largest units, such as `2 d 4 h`, `26 min`, `9 s`."""
    seconds = max(int(length.total_seconds()), 0)
    if seconds < _MINUTE:
        return f"{seconds} s"
    if seconds < _HOUR:
        return f"{seconds // _MINUTE} min"
    if seconds < _DAY:
        return _joined(seconds // _HOUR, "h", seconds % _HOUR // _MINUTE, "min")
    return _joined(seconds // _DAY, "d", seconds % _DAY // _HOUR, "h")


def at(instant: datetime, *, now: datetime, zone: tzinfo) -> str:
    """Return an instant as short as it can be told from others: `14:02`, `Tue 14:02`, `3 Nov`."""
    local = instant.astimezone(zone)
    days = _days_between(instant, now, zone)
    if days == 0:
        return f"{local:%H:%M}"
    if abs(days) <= _NAMES_OF_DAYS_REACH_BACK:
        return f"{local:%a %H:%M}"
    return day(instant, now=now, zone=zone)


def exactly(instant: datetime, *, zone: tzinfo) -> str:
    """Return an instant with its day and its time: `3 Nov, 14:02`."""
    local = instant.astimezone(zone)
    return f"{local.day} {local:%b, %H:%M}"


def since(instant: datetime, *, now: datetime, zone: tzinfo) -> str:
    """Return since when: `since 14:02`, `since Tuesday 14:02`, `since 3 Nov`."""
    local = instant.astimezone(zone)
    if 0 < _days_between(instant, now, zone) <= _NAMES_OF_DAYS_REACH_BACK:
        return f"since {local:%A %H:%M}"
    return f"since {at(instant, now=now, zone=zone)}"


def on(instant: datetime, *, now: datetime, zone: tzinfo) -> str:
    """Return when something happened once: `at 14:02`, `on Tuesday`, `on 3 Nov`."""
    local = instant.astimezone(zone)
    days = _days_between(instant, now, zone)
    if days == 0:
        return f"at {local:%H:%M}"
    if 0 < days <= _NAMES_OF_DAYS_REACH_BACK:
        return f"on {local:%A}"
    return f"on {day(instant, now=now, zone=zone)}"


def day(instant: datetime, *, now: datetime, zone: tzinfo) -> str:
    """Return the day of an instant, with its year where it is not this one: `3 Nov`."""
    local = instant.astimezone(zone)
    year = "" if local.year == now.astimezone(zone).year else f" {local.year}"
    return f"{local.day} {local:%b}{year}"


def utc(instant: datetime) -> str:
    """Return an instant in UTC, to the second, for those who hover over a local time."""
    return f"{instant.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"


def _days_between(instant: datetime, now: datetime, zone: tzinfo) -> int:
    return (now.astimezone(zone).date() - instant.astimezone(zone).date()).days


def _joined(large: int, large_unit: str, small: int, small_unit: str) -> str:
    rest = f" {small} {small_unit}" if small else ""
    return f"{large} {large_unit}{rest}"
