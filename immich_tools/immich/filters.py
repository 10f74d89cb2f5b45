"""Which assets a search asks for, and ranges of time as the server compares them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import MAXYEAR, UTC, datetime, timedelta
from typing import Any, Final

from attrs import frozen

from immich_tools.immich.convert import parse_time
from immich_tools.immich.models import AssetType, Visibility

MILLISECOND: Final = timedelta(milliseconds=1)
LONGEST_MONTH: Final = timedelta(days=31)
SHOWN: Final = (Visibility.TIMELINE, Visibility.ARCHIVE)


@frozen
class AssetFilter:
    """Which assets to list. Every search pins its visibility: the versions' defaults differ.

    :ivar visibility: one search each; LOCKED cannot be listed with an API key.
    :ivar path_part: any part of the original's path, whatever its case. More may be found (``_`` and ``%`` are wildcards to the server):
        compare the paths.
    :ivar is_motion: only stills with a motion video.
    :ivar taken_after, taken_before: both inclusive, to the millisecond.
    :ivar trashed: only assets in the trash (offline external ones included), instead of only those outside.
    :ivar with_exif, with_people: carry these details (slower).
    """

    visibility: tuple[Visibility, ...] = SHOWN
    type: AssetType | None = None
    library_id: str | None = None
    album_ids: tuple[str, ...] = ()
    tag_ids: tuple[str, ...] = ()
    person_ids: tuple[str, ...] = ()
    not_in_album: bool = False
    path_part: str | None = None
    is_motion: bool = False
    taken_after: datetime | None = None
    taken_before: datetime | None = None
    trashed: bool = False
    with_exif: bool = False
    with_people: bool = False

    @property
    def spans_library(self) -> bool:
        """Whether the timeline's month counts tell roughly how the result spreads over time."""
        narrowed = (
            self.album_ids or self.tag_ids or self.person_ids or self.library_id or self.not_in_album or self.path_part
        ) or self.is_motion
        return not (narrowed or self.taken_after or self.taken_before or self.trashed)


@frozen
class Window:
    """A range of time that is still to be read, both ends inclusive; None is open."""

    after: datetime | None = None
    before: datetime | None = None


def moment(at: datetime) -> str:
    """A moment as both versions accept it: UTC, milliseconds, ``Z``."""
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def up_to_millisecond(at: datetime) -> datetime:
    """The end of the millisecond that `at` falls into, as the server compares: it cuts bounds to milliseconds."""
    return at if at.microsecond % 1000 == 0 else at + MILLISECOND


def month_borders(buckets: Sequence[Mapping[str, Any]], size: int) -> list[datetime]:
    """Moments, newest first, that cut a library into parts of roughly `size` assets.

    :param buckets: the answer of ``/timeline/buckets``: how many assets each month has. Months are those of the wall clock where the
        assets were taken, so the parts are not exact; nothing depends on that.
    """
    borders: list[datetime] = []
    held = 0
    for bucket in sorted(buckets, key=lambda each: str(each["timeBucket"]), reverse=True):
        month = parse_time(bucket["timeBucket"])
        count = int(bucket["count"])
        held += count
        if month is None or month.year == MAXYEAR or held < size:
            continue
        parts = count // size
        end = min(month + LONGEST_MONTH, borders[-1]) if borders else month + LONGEST_MONTH
        slices = (month + (end - month) * part / parts for part in range(parts - 1, 0, -1))
        borders += [border.replace(microsecond=0) for border in slices]
        borders.append(month)
        held = 0
    return borders
