"""Finding the assets on which a search fails: the server answers 500 to every page that holds one of them (seen with damaged rows).

A page that fails is read with fewer and fewer assets, so the first of them that fails is known by its position; counting, which needs no
asset to be shown, then gives the millisecond it was taken in. What else was taken in that millisecond is read one by one, and listing goes
on below it. Each place costs some fifty requests.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from typing import Any, Final, Protocol

from attrs import field, frozen

from immich_sdk.api.timeline import get_time_bucket
from immich_sdk.models.asset_visibility import AssetVisibility
from immich_tools.errors import IncompleteListing, RequestRefused, ToolkitError
from immich_tools.i18n import _, ngettext
from immich_tools.immich.connection import Connection
from immich_tools.immich.convert import EARLIEST, LATEST, parse_time
from immich_tools.immich.filters import MILLISECOND, Window, moment
from immich_tools.immich.models import Asset, Broken, Visibility

MOST: Final = 50
"""Places after which a library counts as damaged as a whole."""
SINGLE_PASSES: Final = 3
MOST_SINGLES: Final = 2000
"""Assets of one place that are read one by one; what is beyond them counts as not listed."""
OLDEST: Final = datetime(1000, 1, 1, tzinfo=UTC)
"""No photo is older; servers may refuse bounds that are."""
ZONES: Final = (timedelta(hours=-14), timedelta(0), timedelta(hours=14))
"""The timeline's months are those of the wall clock where an asset was taken."""


def is_failure(refusal: RequestRefused) -> bool:
    """Whether the server failed on what it was asked for."""
    return refusal.status == HTTPStatus.INTERNAL_SERVER_ERROR


class Read(Protocol):
    """Reads one page of a window, newest first unless said otherwise."""

    def __call__(
        self, window: Window, *, size: int, number: int = 1, order: str = "desc", probe: bool = True
    ) -> list[Asset]:
        """Raises RequestRefused when the server fails on it: at once for a probe, else after some tries."""


@frozen
class Place:
    """A short range of time in which the server fails on some asset.

    :ivar found: the assets of that range that can be listed, by id.
    """

    window: Window
    failure: RequestRefused
    found: dict[str, Asset] = field(factory=dict)


@frozen
class Isolated:
    """What came of a page that fails.

    :ivar assets: those of the window down to the place, its own included.
    :ivar place: None when the server fails no longer.
    :ivar rest: what is left of the window below the place; None when nothing is.
    """

    assets: list[Asset]
    place: Place | None = None
    rest: Window | None = None


@frozen
class Isolator:
    """Finds the place at which a page fails.

    :param count: how many assets a window holds, by the server's count.
    :param size: assets of the page that failed.
    """

    read: Read
    count: Callable[[Window], int]
    size: int

    def isolate(self, window: Window, failure: RequestRefused) -> Isolated:
        """Read around the newest asset of `window` on which the server fails.

        :raises RequestRefused: the server fails on counting too.
        """
        above, position = self._longest(window)
        if len(above) < position - 1:
            return Isolated(above)
        upper = above[-1].file_created_at if above else None
        taken = self._taken(window, position, upper or window.before or LATEST)
        lower = taken - MILLISECOND
        ends = window.after is not None and lower < window.after
        after = window.after if ends else lower
        before = taken + MILLISECOND if window.before is None else min(window.before, taken + MILLISECOND)
        place = self.place(Window(after, before), failure)
        return Isolated([*above, *place.found.values()], place, None if ends else Window(window.after, lower))

    def _longest(self, window: Window) -> tuple[list[Asset], int]:
        """The newest assets before the first that fails, and its position, counted from 1."""
        assets: list[Asset] = []
        good, bad = 0, self.size
        while bad - good > 1:
            middle = (good + bad) // 2
            try:
                assets = self.read(window, size=middle)
                good = middle
            except RequestRefused as refusal:
                if not is_failure(refusal):
                    raise
                bad = middle
        return assets, bad

    def _taken(self, window: Window, position: int, upper: datetime) -> datetime:
        """The millisecond in which the asset at a position was taken: the last from which on the window holds so many."""
        below = self._after(window, position)
        low = _cut(below or window.after or OLDEST)
        steps = (_cut(upper) - low) // MILLISECOND
        reached, beyond = 0, steps + 1
        while beyond - reached > 1:
            middle = (reached + beyond) // 2
            if self.count(Window(low + middle * MILLISECOND, window.before)) >= position:
                reached = middle
            else:
                beyond = middle
        return low + reached * MILLISECOND

    def _after(self, window: Window, position: int) -> datetime | None:
        """When the asset after a position was taken; None when the server fails on it too, or there is none."""
        try:
            assets = self.read(window, size=1, number=position + 1)
        except RequestRefused as refusal:
            if not is_failure(refusal):
                raise
            return None
        return assets[0].file_created_at if assets else None

    def place(self, window: Window, failure: RequestRefused) -> Place:
        """Read a short range one asset at a time, as far as the server can."""
        found: dict[str, Asset] = {}
        expected = self.count(window)
        for attempt in range(SINGLE_PASSES):
            for number in range(1, min(expected, MOST_SINGLES) + 1):
                try:
                    # The order of what was taken at once is not kept on every version, and a failure may be a passing one.
                    order = "desc" if attempt % 2 else "asc"
                    assets = self.read(window, size=1, number=number, order=order, probe=attempt == 0)
                except RequestRefused as refusal:
                    if not is_failure(refusal):
                        raise
                else:
                    found |= {asset.id: asset for asset in assets}
            if len(found) >= expected:
                break
        return Place(window, failure, found)


def _cut(at: datetime) -> datetime:
    return at.replace(microsecond=at.microsecond // 1000 * 1000)


def merged(places: list[Place]) -> list[Place]:
    """The same with those that touch each other as one, so that nothing is counted twice."""
    result: list[Place] = []
    for place in sorted(places, key=lambda each: (each.window.after or EARLIEST, each.window.before or LATEST)):
        last = result[-1] if result else None
        if last and last.window.before and place.window.after and place.window.after <= last.window.before:
            window = Window(last.window.after, max(last.window.before, place.window.before or LATEST))
            result[-1] = Place(window, last.failure, last.found | place.found)
        else:
            result.append(place)
    return result


def identify(
    connection: Connection, place: Place, visibility: Visibility, number: int, *, trashed: bool
) -> tuple[str, ...]:
    """The ids of the assets that could not be listed, by the timeline, which shows less of each; empty when that does not tell for sure.

    :param number: how many there are.
    """
    after, before = place.window.after or EARLIEST, place.window.before or LATEST
    ids: set[str] = set()
    try:
        for month in sorted({f"{at + zone:%Y-%m}-01" for at in (after, before) for zone in ZONES}):
            operation = get_time_bucket._get_kwargs(
                time_bucket=month, visibility=AssetVisibility(visibility.value), is_trashed=trashed
            )
            answer: Any = connection.json(operation, probe=True)
            for asset_id, text in zip(answer["id"], answer["fileCreatedAt"], strict=True):
                taken = parse_time(text)
                if taken is not None and after <= taken <= before:
                    ids.add(asset_id)
    except (ToolkitError, KeyError, TypeError, ValueError):
        # Only a help for whoever looks for the asset.
        return ()
    ids -= place.found.keys()
    return tuple(sorted(ids)) if len(ids) == number else ()


def broken_of(connection: Connection, place: Place, number: int, visibility: Visibility, *, trashed: bool) -> Broken:
    """What is known of the assets of a place that could not be listed.

    :param number: how many there are.
    """
    return Broken(
        number,
        place.window.after or EARLIEST,
        place.window.before or LATEST,
        visibility,
        identify(connection, place, visibility, number, trashed=trashed),
        place.failure.correlation_id,
    )


def failed_listing(url: str, broken: Broken, failure: RequestRefused) -> IncompleteListing:
    """The error for a listing that the server cannot finish."""
    web = url.removesuffix("/api")
    which = ", ".join(f"{web}/photos/{asset_id}" for asset_id in broken.asset_ids) or _("not known by id")
    return IncompleteListing(
        ngettext(
            "The server fails on {count} asset taken at {moment} ({which}), so the library cannot be listed completely: {reason}{id}. "
            "Nothing was changed. Repair or delete it in Immich, or go on without it with --skip-broken.",
            "The server fails on {count} assets taken at {moment} ({which}), so the library cannot be listed completely: {reason}{id}. "
            "Nothing was changed. Repair or delete them in Immich, or go on without them with --skip-broken.",
            broken.count,
        ).format(
            count=broken.count,
            moment=moment(broken.after + MILLISECOND),
            which=which,
            reason=failure.reason,
            id=f" ({failure.correlation_id})" if failure.correlation_id else "",
        )
    )
