"""Listing every asset of a library, completely or not at all.

Why not page 1, 2, 3 …: Immich 2 sorts by ``fileCreatedAt`` alone and pages with OFFSET, so assets with equal timestamps fall differently
on different pages and some are never seen (17 of 200,098 measured on 2.3.1), and page N costs N times page 1 on every version.

Here each request asks for page 1 below a moving upper bound, ``takenBefore``. Answers are cut to milliseconds while the server holds
microseconds, so the bound is the last item's time plus one millisecond and ids already seen are dropped. More assets than a page within
one millisecond are read with OFFSET inside that instant, again and again until the server's own count is reached. The range of time is
cut into windows of similar size (``/timeline/buckets``) that are read in parallel. At the end ``/search/statistics`` must agree with
what was read, before and after; if it does not, all is read again, and then the listing stops with an error.

An asset on which the server fails is found and named (`broken`); a connection that skips such assets counts them as listed and remembers
them, so that whoever decides by what is absent can ask.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import UTC, datetime
from itertools import islice
from threading import Event, Lock
from typing import Any, Final, TypeAlias

from attrs import frozen

from immich_sdk.api.search import search_asset_statistics, search_assets
from immich_sdk.api.timeline import get_time_buckets
from immich_sdk.models.asset_visibility import AssetVisibility
from immich_sdk.models.metadata_search_dto import MetadataSearchDto
from immich_sdk.models.statistics_search_dto import StatisticsSearchDto
from immich_tools.errors import IncompleteListing, RequestRefused
from immich_tools.i18n import _
from immich_tools.immich.broken import MOST, Isolator, Place, broken_of, failed_listing, is_failure, merged
from immich_tools.immich.connection import Connection
from immich_tools.immich.convert import asset_from_json, parse_time
from immich_tools.immich.filters import MILLISECOND, AssetFilter, Window, moment, month_borders, up_to_millisecond
from immich_tools.immich.models import Asset, Broken, Visibility

PASSES: Final = 3
INSTANT_PASSES: Final = 40
PAGES_AHEAD: Final = 4
"""Pages of a window that are read before anybody asks for them."""

Item: TypeAlias = dict[str, Any]


@frozen
class Page:
    """One answer. `last` is the time of its last asset; None when that is unreadable or there is no asset."""

    assets: list[Asset]
    last: datetime | None
    more: bool


class Listing:
    """Reads what one `AssetFilter` with one visibility describes."""

    def __init__(self, connection: Connection, wanted: AssetFilter, visibility: Visibility) -> None:
        self._connection = connection
        self._wanted = wanted
        self._visibility = visibility
        before = wanted.taken_before
        self._whole = Window(wanted.taken_after, None if before is None else up_to_millisecond(before))
        self._isolator = Isolator(self._read, self.count, connection.page_size)
        self._places: list[Place] = []
        self._lock = Lock()

    def count(self, window: Window | None = None) -> int:
        """How many there are, by the server's own count."""
        body = StatisticsSearchDto.from_dict(self._criteria(window or self._whole))
        return int(self._connection.json(search_asset_statistics._get_kwargs(body=body))["total"])

    def first(self) -> Page:
        """The newest ones; none, and more to come, where the server fails on one of them."""
        try:
            return self._page(self._whole)
        except RequestRefused as refusal:
            if is_failure(refusal):
                return Page([], None, more=True)
            raise

    def broken(self) -> list[Broken]:
        """What the server failed to list since this was asked before; empty unless the connection skips such assets."""
        with self._lock:
            places, self._places = merged(self._places), []
        counted = [(place, self.count(place.window) - len(place.found)) for place in places]
        return [self._described(place, number) for place, number in counted if number > 0]

    def _described(self, place: Place, number: int) -> Broken:
        return broken_of(self._connection, place, number, self._visibility, trashed=self._wanted.trashed)

    def pages(self, expected: int) -> Iterator[list[Asset]]:
        """Every asset, newest first but for those that share a millisecond; some come more than once.

        :param expected: how many there are; more than a few pages are read by several threads.
        :raises IncompleteListing: one instant could not be read completely.
        """
        if expected == 0:
            return
        windows = self._windows(expected)
        if len(windows) > 1:
            yield from self._parallel(windows)
            return
        rest: Window | None = windows[0]
        while rest is not None:
            assets, rest = self._step(rest)
            yield assets

    def _criteria(self, window: Window) -> Item:
        wanted = self._wanted
        criteria: Item = {"visibility": self._visibility.value}
        if wanted.type is not None:
            criteria["type"] = wanted.type.value
        if wanted.library_id is not None:
            criteria["libraryId"] = wanted.library_id
        for name, ids in (("albumIds", wanted.album_ids), ("tagIds", wanted.tag_ids), ("personIds", wanted.person_ids)):
            if ids:
                criteria[name] = list(ids)
        if wanted.path_part is not None:
            criteria["originalPath"] = wanted.path_part
        if wanted.is_motion:
            criteria["isMotion"] = True
        if wanted.not_in_album:
            criteria["isNotInAlbum"] = True
        if wanted.trashed:
            criteria["trashedAfter"] = "1970-01-01T00:00:00.000Z"
        if window.after is not None:
            criteria["takenAfter"] = moment(window.after)
        if window.before is not None:
            criteria["takenBefore"] = moment(window.before)
        return criteria

    def _read(
        self, window: Window, *, size: int, number: int = 1, order: str = "desc", probe: bool = True
    ) -> list[Asset]:
        """A page of any size, for finding out where the server fails."""
        return self._page(window, number=number, order=order, size=size, probe=probe).assets

    def _page(
        self, window: Window, *, number: int = 1, order: str = "desc", size: int | None = None, probe: bool = False
    ) -> Page:
        wanted = self._wanted
        body = self._criteria(window) | {"page": number, "size": size or self._connection.page_size, "order": order}
        if wanted.trashed:
            body["withDeleted"] = True
        if wanted.with_exif:
            body["withExif"] = True
        if wanted.with_people:
            body["withPeople"] = True
        operation = search_assets._get_kwargs(body=MetadataSearchDto.from_dict(body))
        answer = self._connection.json(operation, probe=probe)["assets"]
        items = answer["items"]
        # Converted here and not later: what waits for its reader takes a fifth of the memory of the JSON.
        assets = [asset_from_json(item, tells_people=wanted.with_people) for item in items]
        last = parse_time(items[-1].get("fileCreatedAt")) if items else None
        return Page(assets, last, answer.get("nextPage") is not None and bool(items))

    def _step(self, window: Window) -> tuple[list[Asset], Window | None]:
        """The newest assets of a window, and what is left of it; nothing is left out between the two."""
        try:
            page = self._page_to_bound(window)
        except RequestRefused as refusal:
            return self._around_failure(window, refusal)
        if not page.more or page.last is None:
            return page.assets, None
        if window.before is not None and page.last > window.before:
            # Immich ignores what it does not know: a later version may have dropped this field, and would answer the same for ever.
            raise IncompleteListing(
                _("The server does not keep to the range of time it was asked for; its library cannot be listed.")
            )
        bound = page.last + MILLISECOND
        if window.before is None or bound < window.before:
            return page.assets, Window(window.after, bound)
        # A whole page within a millisecond: a bound alone would ask for the same page for ever.
        lower = page.last - MILLISECOND
        ends_here = window.after is not None and lower < window.after
        instant = Window(window.after if ends_here else lower, window.before)
        return self._instant(instant), None if ends_here else Window(window.after, lower)

    def _page_to_bound(self, window: Window) -> Page:
        """The newest assets of a window down to one whose date can be read: below the others no bound can be put."""
        page, number = self._page(window), 1
        while page.more and page.last is None:
            number += 1
            below = self._page(window, number=number)
            page = Page([*page.assets, *below.assets], below.last, below.more)
        return page

    def _around_failure(self, window: Window, refusal: RequestRefused) -> tuple[list[Asset], Window | None]:
        """The same as a step where the server fails on an asset of the page."""
        if not is_failure(refusal):
            raise refusal
        isolated = self._isolator.isolate(window, refusal)
        if isolated.place is not None:
            self._note(isolated.place)
        return isolated.assets, isolated.rest

    def _note(self, place: Place) -> None:
        """Remember a place at which the server fails.

        :raises IncompleteListing: the connection does not skip broken assets, or there are too many.
        """
        number = self.count(place.window) - len(place.found)
        if number <= 0:
            return
        if not self._connection.skip_broken:
            raise failed_listing(self._connection.url, self._described(place, number), place.failure)
        with self._lock:
            self._places.append(place)
            if len(self._places) > MOST:
                raise IncompleteListing(
                    _(
                        "The server fails on assets at more than {count} places; its log says why. Nothing was changed."
                    ).format(count=MOST)
                )

    def _instant(self, window: Window) -> list[Asset]:
        """All assets of two milliseconds that hold more than a page, whose order the server does not keep."""
        try:
            return self._whole_instant(window)
        except RequestRefused as refusal:
            if not is_failure(refusal):
                raise
            place = self._isolator.place(window, refusal)
        self._note(place)
        return list(place.found.values())

    def _whole_instant(self, window: Window) -> list[Asset]:
        found: dict[str, Asset] = {}
        for attempt in range(INSTANT_PASSES):
            number, more = 0, True
            while more:
                number += 1
                page = self._page(window, number=number, order="desc" if attempt % 2 else "asc")
                found.update((asset.id, asset) for asset in page.assets)
                more = page.more
            # Counted anew each time: assets may have been deleted while the pages were read.
            expected = self.count(window)
            if len(found) >= expected:
                return list(found.values())
        raise IncompleteListing(
            _("The server counts {expected} assets taken at {moment} but lists {found}. Nothing was changed.").format(
                expected=expected, moment=moment(window.before or datetime.now(UTC)), found=len(found)
            )
        )

    def _windows(self, expected: int) -> list[Window]:
        """Ranges of time of roughly `PAGES_AHEAD` pages, newest first, touching each other; the outermost are open."""
        size = PAGES_AHEAD * self._connection.page_size
        if not self._wanted.spans_library or expected <= size or self._connection.concurrency < 2:
            return [self._whole]
        visibility = AssetVisibility(self._visibility.value)
        borders = month_borders(self._connection.json(get_time_buckets._get_kwargs(visibility=visibility)), size)
        return [Window(after, before) for after, before in zip((*borders, None), (None, *borders), strict=True)]

    def _parallel(self, windows: Sequence[Window]) -> Iterator[list[Asset]]:
        """Read windows side by side and hand them out in their order.

        No task waits for the reader, so that nothing hangs when the reader goes away in the middle.
        """
        stopped = Event()

        def read(window: Window) -> tuple[list[Asset], Window | None]:
            assets: list[Asset] = []
            rest: Window | None = window
            for _number in range(PAGES_AHEAD):
                if rest is None or stopped.is_set():
                    break
                page, rest = self._step(rest)
                assets += page
            return assets, rest

        upcoming = iter(windows)
        with ThreadPoolExecutor(self._connection.concurrency) as pool:
            waiting: deque[Future[tuple[list[Asset], Window | None]]] = deque(
                pool.submit(read, window) for window in islice(upcoming, self._connection.concurrency + 1)
            )
            try:
                while waiting:
                    assets, rest = waiting.popleft().result()
                    if rest is not None:
                        waiting.appendleft(pool.submit(read, rest))
                    else:
                        waiting.extend(pool.submit(read, window) for window in islice(upcoming, 1))
                    yield assets
            finally:
                stopped.set()
                for future in waiting:
                    future.cancel()


def _key(asset_id: str) -> bytes:
    # A third of the memory of the text.
    return bytes.fromhex(asset_id.replace("-", ""))


def stream(connection: Connection, wanted: AssetFilter, owner_id: str | None) -> Iterator[Asset]:
    """Every asset that `wanted` describes, each once. An asset that vanishes meanwhile may be among them, as one that vanishes right after.

    :param owner_id: leave out other people's assets (partners' appear in searches); None keeps them.
    :raises IncompleteListing: at the end, when what was read cannot be proven complete. Decide nothing before the end.
    """
    listings = [Listing(connection, wanted, visibility) for visibility in dict.fromkeys(wanted.visibility)]
    seen: set[bytes] = set()

    def fresh(assets: Sequence[Asset], listed: set[bytes]) -> Iterator[Asset]:
        for asset in assets:
            key = _key(asset.id)
            listed.add(key)
            if key not in seen:
                seen.add(key)
                if owner_id is None or asset.owner_id == owner_id:
                    yield asset

    firsts = [listing.first() for listing in listings]
    if not any(page.more for page in firsts):
        # One answer is one query: nothing can fall between pages.
        for page in firsts:
            yield from fresh(page.assets, set())
        return
    del firsts
    counted = [listing.count() for listing in listings]
    broken: list[Broken] = []
    for _number in range(PASSES):
        # All visibilities are counted before and after all are read: an asset may move from one to another meanwhile.
        expected, lengths, broken = counted, [], []
        for listing, length in zip(listings, expected, strict=True):
            listed: set[bytes] = set()
            for assets in listing.pages(length):
                yield from fresh(assets, listed)
            skipped = listing.broken()
            broken += skipped
            lengths.append(len(listed) + sum(each.count for each in skipped))
        counted = [listing.count() for listing in listings]
        if counted == expected == lengths:
            connection.note_broken(broken)
            return
    raise IncompleteListing(
        _(
            "The server counts {counted} assets but lists {listed}, also when read again. "
            "Nothing was changed. Try again when no upload or job is running."
        ).format(counted=sum(counted), listed=sum(lengths))
    )
