"""Listing every asset of a library, completely or not at all.

Why not page 1, 2, 3 …: Immich 2 sorts by ``fileCreatedAt`` alone and pages with OFFSET, so assets with equal timestamps fall differently
on different pages and some are never seen (17 of 200,098 measured on 2.3.1), and page N costs N times page 1 on every version.

Here each request asks for page 1 below a moving upper bound, ``takenBefore``. Answers are cut to milliseconds while the server holds
microseconds, so the bound is the last item's time plus one millisecond and ids already seen are dropped. More assets than a page within
one millisecond are read with OFFSET inside that instant, again and again until the server's own count is reached. The range of time is
cut into windows of similar size (``/timeline/buckets``) that are read in parallel. At the end ``/search/statistics`` must agree with
what was read, before and after; if it does not, all is read again, and then the listing stops with an error.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any, Final, TypeAlias

from attrs import evolve, frozen

from immich_sdk.api.search import search_asset_statistics, search_assets
from immich_sdk.api.timeline import get_time_buckets
from immich_sdk.models.asset_visibility import AssetVisibility
from immich_sdk.models.metadata_search_dto import MetadataSearchDto
from immich_sdk.models.statistics_search_dto import StatisticsSearchDto
from immich_tools.errors import IncompleteListing
from immich_tools.i18n import _
from immich_tools.immich.connection import Connection
from immich_tools.immich.convert import asset_from_json, parse_time
from immich_tools.immich.models import Asset, AssetType, Visibility

PAGE_SIZE: Final = 1000
WINDOW_SIZE: Final = 4 * PAGE_SIZE
PASSES: Final = 3
INSTANT_PASSES: Final = 40
MILLISECOND: Final = timedelta(milliseconds=1)
SHOWN: Final = (Visibility.TIMELINE, Visibility.ARCHIVE)

Item: TypeAlias = dict[str, Any]


@frozen
class AssetFilter:
    """Which assets to list. Every search pins its visibility: the versions' defaults differ.

    :ivar visibility: one listing each; LOCKED cannot be listed with an API key.
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
    taken_after: datetime | None = None
    taken_before: datetime | None = None
    trashed: bool = False
    with_exif: bool = False
    with_people: bool = False

    @property
    def spans_library(self) -> bool:
        """Whether the timeline's month counts tell roughly how the result spreads over time."""
        narrowed = self.album_ids or self.tag_ids or self.person_ids or self.library_id or self.not_in_album
        return not (narrowed or self.taken_after or self.taken_before or self.trashed)


def moment(at: datetime) -> str:
    """A moment as both versions accept it: UTC, milliseconds, ``Z``."""
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


class Listing:
    """Reads what one `AssetFilter` with one visibility describes."""

    def __init__(self, connection: Connection, wanted: AssetFilter, visibility: Visibility) -> None:
        self._connection = connection
        self._wanted = wanted
        self._visibility = visibility

    def count(self, after: datetime | None = None, before: datetime | None = None) -> int:
        """How many there are, by the server's own count."""
        body = self._criteria(after, before)
        return int(
            self._connection.json(search_asset_statistics._get_kwargs(body=StatisticsSearchDto.from_dict(body)))[
                "total"
            ]
        )

    def items(self) -> Iterator[Item]:
        """Every asset's JSON, each once, newest first within a window.

        :raises IncompleteListing: the server's count and what it listed do not agree, even after reading again.
        """
        first, more = self._page(self._wanted.taken_after, self._wanted.taken_before)
        if not more:
            # One answer is one query: nothing can fall between pages.
            yield from first
            return
        expected = self.count()
        handed_out: set[bytes] = set()
        for _number in range(PASSES):
            listed: set[bytes] = set()
            for item in self._read_once(expected):
                key = _key(item["id"])
                listed.add(key)
                if key not in handed_out:
                    handed_out.add(key)
                    yield item
            counted = self.count()
            if counted == expected == len(listed):
                return
            expected = counted
        raise IncompleteListing(
            _(
                "The server counts {counted} assets but lists {listed}, also when read again. "
                "Nothing was changed. Try again when no upload or job is running."
            ).format(counted=expected, listed=len(listed))
        )

    def _criteria(self, after: datetime | None, before: datetime | None) -> Item:
        wanted = self._wanted
        criteria: Item = {"visibility": self._visibility.value}
        if wanted.type is not None:
            criteria["type"] = wanted.type.value
        if wanted.library_id is not None:
            criteria["libraryId"] = wanted.library_id
        for name, ids in (("albumIds", wanted.album_ids), ("tagIds", wanted.tag_ids), ("personIds", wanted.person_ids)):
            if ids:
                criteria[name] = list(ids)
        if wanted.not_in_album:
            criteria["isNotInAlbum"] = True
        if wanted.trashed:
            criteria["trashedAfter"] = "1970-01-01T00:00:00.000Z"
        if after is not None:
            criteria["takenAfter"] = moment(after)
        if before is not None:
            criteria["takenBefore"] = moment(before)
        return criteria

    def _page(
        self, after: datetime | None, before: datetime | None, *, page: int = 1, order: str = "desc"
    ) -> tuple[list[Item], bool]:
        body = self._criteria(after, before) | {"page": page, "size": PAGE_SIZE, "order": order}
        if self._wanted.trashed:
            body["withDeleted"] = True
        if self._wanted.with_exif:
            body["withExif"] = True
        if self._wanted.with_people:
            body["withPeople"] = True
        answer = self._connection.json(search_assets._get_kwargs(body=MetadataSearchDto.from_dict(body)))["assets"]
        return answer["items"], answer.get("nextPage") is not None

    def _read_once(self, expected: int) -> Iterator[Item]:
        windows = self._windows(expected)
        if len(windows) == 1:
            for page in self._window(*windows[0]):
                yield from page
            return
        ahead = self._connection.concurrency
        with ThreadPoolExecutor(ahead) as pool:
            waiting: deque[Future[list[Item]]] = deque()
            try:
                for window in windows:
                    waiting.append(pool.submit(self._whole_window, *window))
                    if len(waiting) > ahead:
                        yield from waiting.popleft().result()
                while waiting:
                    yield from waiting.popleft().result()
            finally:
                for future in waiting:
                    future.cancel()

    def _whole_window(self, after: datetime | None, before: datetime | None) -> list[Item]:
        return [item for page in self._window(after, before) for item in page]

    def _windows(self, expected: int) -> list[tuple[datetime | None, datetime | None]]:
        """Ranges of time of roughly `WINDOW_SIZE` assets, newest first, touching each other; the outermost are open."""
        wanted = self._wanted
        if not wanted.spans_library or expected <= WINDOW_SIZE or self._connection.concurrency < 2:
            return [(wanted.taken_after, wanted.taken_before)]
        buckets = self._connection.json(
            get_time_buckets._get_kwargs(visibility=AssetVisibility(self._visibility.value))
        )
        windows: list[tuple[datetime | None, datetime | None]] = []
        upper: datetime | None = None
        held = 0
        for bucket in sorted(buckets, key=lambda each: str(each["timeBucket"]), reverse=True):
            held += int(bucket["count"])
            month = parse_time(bucket["timeBucket"])
            if held >= WINDOW_SIZE and month is not None:
                windows.append((month, upper))
                upper, held = month, 0
        windows.append((None, upper))
        return windows

    def _window(self, after: datetime | None, before: datetime | None) -> Iterator[list[Item]]:
        bound = before
        while True:
            items, more = self._page(after, bound)
            yield items
            if not more or not items:
                return
            last = parse_time(items[-1]["fileCreatedAt"])
            if last is None:
                raise IncompleteListing(
                    _("Asset {id} has a date that cannot be read; the library cannot be listed.").format(
                        id=items[-1]["id"]
                    )
                )
            if bound is not None and last + MILLISECOND >= bound:
                yield self._instant(max(last - MILLISECOND, after or last - MILLISECOND), last + MILLISECOND)
                bound = last - MILLISECOND
                if after is not None and bound < after:
                    return
            else:
                bound = last + MILLISECOND

    def _instant(self, after: datetime, before: datetime) -> list[Item]:
        """All assets of a few milliseconds that hold more than a page, whose order the server does not keep."""
        expected = self.count(after, before)
        found: dict[bytes, Item] = {}
        for number in range(INSTANT_PASSES):
            page, more = 0, True
            while more:
                page += 1
                items, more = self._page(after, before, page=page, order="desc" if number % 2 else "asc")
                found.update((_key(item["id"]), item) for item in items)
            if len(found) >= expected:
                return list(found.values())
        raise IncompleteListing(
            _("The server counts {expected} assets taken at {moment} but lists {found}. Nothing was changed.").format(
                expected=expected, moment=moment(before), found=len(found)
            )
        )


def _key(asset_id: str) -> bytes:
    # A third of the memory of the text.
    return bytes.fromhex(asset_id.replace("-", ""))


def stream(connection: Connection, wanted: AssetFilter, owner_id: str | None) -> Iterator[Asset]:
    """Every asset that `wanted` describes, each once.

    :param owner_id: leave out other people's assets (partners' appear in searches); None keeps them.
    :raises IncompleteListing: at the end, when what was read cannot be proven complete. Decide nothing before the end.
    """
    for visibility in wanted.visibility:
        for item in Listing(connection, evolve(wanted, visibility=(visibility,)), visibility).items():
            if owner_id is None or item["ownerId"] == owner_id:
                yield asset_from_json(item)
