"""Dates that say nothing about when a photo was taken: what clocks and programs write that do not know. Pure."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Final

FIRST_PHOTOGRAPH: Final = 1826
"""The year of the oldest photograph that is preserved: Niépce, "View from the Window at Le Gras" (Harry Ransom Center)."""
_ZONES: Final = timedelta(hours=14)
"""How far a local time may be from UTC: the same moment is written with or without its zone."""
_DAY: Final = timedelta(days=1)
_EPOCHS: Final = (
    datetime(1904, 1, 1, tzinfo=UTC),  # QuickTime, MP4 and HFS: zero seconds (ISO/IEC 14496-12, creation_time)
    datetime(1970, 1, 1, tzinfo=UTC),  # Unix; also what programs write for minus one second
    datetime(1980, 1, 1, tzinfo=UTC),  # DOS, FAT and ZIP: the first date that they can hold (PKWARE APPNOTE 4.4.6)
    datetime(1980, 1, 6, tzinfo=UTC),  # GPS: week zero (IS-GPS-200, 3.3.4), of receivers without a fix
    datetime(2038, 1, 19, 3, 14, 7, tzinfo=UTC),  # the last second of signed 32 bits
    datetime(2106, 2, 7, 6, 28, 15, tzinfo=UTC),  # the last second of unsigned 32 bits
)
"""A day from these on, in any zone, is a placeholder."""
_LAST: Final = datetime(9999, 1, 1, tzinfo=UTC)
"""From here on: the largest date that programs can hold."""
_DEFAULTS: Final = (
    datetime(2000, 1, 1, tzinfo=UTC),  # cameras whose clock was never set (mrwes.net/camera-date-matters)
    datetime(2001, 1, 1, tzinfo=UTC),  # Apple's reference date (NSDate)
    datetime(2012, 1, 1, tzinfo=UTC),  # cameras after their battery was empty
    datetime(2002, 12, 8, 12, tzinfo=UTC),  # Android (issuetracker.google.com/36967504)
)
"""The first minute from these on is a placeholder: a clock that starts there, or a field that nobody filled. Later moments of these days
may be those of photographs."""
_MINUTE: Final = timedelta(minutes=1)


def is_placeholder(date: datetime) -> bool:
    """Whether a date is one that clocks and programs write that do not know when a photo was taken.

    :param date: aware, with the offset of the place where it was taken as far as that is known.
    """
    if date.year < FIRST_PHOTOGRAPH or date >= _LAST:
        return True
    if any(epoch - _ZONES <= date < epoch + _DAY + _ZONES for epoch in _EPOCHS):
        return True
    # In UTC, and as a clock on the spot showed it.
    return any(start <= each < start + _MINUTE for start in _DEFAULTS for each in (date, date.replace(tzinfo=UTC)))
