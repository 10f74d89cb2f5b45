"""Points in time: how Immich reads and writes them."""

import re
from datetime import UTC, datetime, timedelta, timezone
from email.utils import format_datetime
from functools import lru_cache
from pathlib import Path
from typing import Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

_ISO: Final = re.compile(
    r"(\d{4})-(\d{2})-(\d{2})(?:[T ](\d{2}):(\d{2})(?::(\d{2})(?:\.(\d+))?)?(Z|[+-]\d{2}:?\d{2})?)?$"
)
# Immich 3.1.0: a date-time in a JSON body needs a `T`, and `Z` or an offset with a colon.
_STRICT_ISO: Final = re.compile(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(?::\d{2}(?:\.\d+)?)?(?:Z|[+-]\d{2}:\d{2})$")


@lru_cache(maxsize=65536)
def milliseconds(moment: datetime) -> str:
    """`2024-05-01T06:00:00.000Z`: the form of most answers; microseconds are cut off, not rounded (both versions)."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


@lru_cache(maxsize=65536)
def microseconds(moment: datetime) -> str:
    """`2026-11-20T14:03:58.657385+00:00`: the form of assets nested by the database; trailing zeros are absent."""
    text = moment.astimezone(UTC).isoformat(timespec="seconds").removesuffix("+00:00")
    fraction = f".{moment.microsecond:06d}".rstrip("0") if moment.microsecond else ""
    return f"{text}{fraction}+00:00"


def cut_to_milliseconds(moment: datetime) -> datetime:
    """What is left of a moment after it went through the server's own date type."""
    return moment.replace(microsecond=moment.microsecond // 1000 * 1000)


def parse(text: str) -> tuple[datetime, timezone | None] | None:
    """Read an ISO date or date-time; a missing offset counts as UTC. 30 February rolls over.

    Returns the moment in UTC and the offset that was written (None without one), or None for anything unreadable."""
    match = _ISO.match(text)
    if match is None:
        return None
    year, month, day, hour, minute, second = (int(part) if part else 0 for part in match.groups()[:6])
    if not (1 <= month <= 12 and 1 <= day <= 31 and hour <= 23 and minute <= 59 and second <= 59 and year >= 1):
        return None
    fraction = int((match.group(7) or "0")[:6].ljust(6, "0"))
    offset = _offset(match.group(8))
    try:
        first = datetime(year, month, 1, hour, minute, second, fraction, tzinfo=offset or UTC)
        return (first + timedelta(days=day - 1)).astimezone(UTC), offset
    except OverflowError:
        return None


def parse_strict(text: str) -> datetime | None:
    """Read a date-time as Immich 3.1.0 does in search bodies: offset required, no roll-over."""
    parsed = parse(text) if _STRICT_ISO.match(text) else None
    if parsed is None:
        return None
    moment, offset = parsed
    written = moment.astimezone(offset or UTC).strftime("%Y-%m-%d")
    return moment if written == text[:10] else None


def _offset(text: str | None) -> timezone | None:
    if text is None:
        return None
    if text == "Z":
        return UTC
    minutes = int(text[1:3]) * 60 + int(text[-2:])
    return timezone(timedelta(minutes=-minutes if text[0] == "-" else minutes))


def zone_name(offset: timezone) -> str:
    """`UTC+2`, `UTC+5:30` or `UTC`: how Immich names a fixed offset."""
    minutes = round((offset.utcoffset(None) or timedelta()).total_seconds() / 60)
    if minutes == 0:
        return "UTC"
    sign = "-" if minutes < 0 else "+"
    hours, rest = divmod(abs(minutes), 60)
    return f"UTC{sign}{hours}" + (f":{rest:02d}" if rest else "")


def local_time(moment: datetime, zone: str | None) -> datetime:
    """The wall clock of `zone` at `moment`, labelled UTC as Immich stores `localDateTime`; unknown zones count as UTC."""
    return moment.astimezone(_zone(zone)).replace(tzinfo=UTC)


def from_local_time(wall: datetime, zone: str | None) -> datetime:
    """The moment at which the clock of `zone` shows a wall time that is labelled UTC; the reverse of `local_time`."""
    return wall.replace(tzinfo=_zone(zone)).astimezone(UTC)


def with_offset(moment: datetime, zone: str | None) -> str:
    """`2018-05-01T19:00:00+09:00`: a moment as the clock of `zone` shows it; without a zone as UTC."""
    return moment.astimezone(_zone(zone)).isoformat()


def written_at(file: Path) -> datetime:
    """The modification time of a file; the server's own date type holds milliseconds."""
    return datetime.fromtimestamp(file.stat().st_mtime_ns // 1_000_000 / 1000, UTC)


@lru_cache(maxsize=1024)
def _zone(name: str | None) -> timezone | ZoneInfo:
    if not name:
        return UTC
    match = re.match(r"UTC([+-])(\d{1,2})(?::(\d{2}))?$", name)
    if match is not None:
        minutes = int(match.group(2)) * 60 + int(match.group(3) or 0)
        return timezone(timedelta(minutes=-minutes if match.group(1) == "-" else minutes))
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError):
        return UTC


def http_date(moment: datetime) -> str:
    """`Fri, 20 Nov 2026 14:52:29 GMT`."""
    return format_datetime(moment.astimezone(UTC), usegmt=True)
