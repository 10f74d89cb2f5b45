"""A listing is complete or it is an error: for any spread over time, any page size, on both versions."""

from __future__ import annotations

import gc
import threading
import tracemalloc
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from itertools import islice

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from immich_tools import Immich
from immich_tools.errors import IncompleteListing
from immich_tools.immich.filters import AssetFilter, moment, month_borders
from immich_tools.immich.listing import PASSES
from immich_tools.immich.models import AssetType, Visibility
from immich_tools.sandbox import Dialect, Sandbox, large_library

Connect = Callable[..., Immich]

NEW_YEAR = datetime(2024, 1, 1, tzinfo=UTC)
EVERYWHERE = (Visibility.TIMELINE, Visibility.ARCHIVE, Visibility.HIDDEN)

# Moments that are close together, equal below the millisecond, on the borders of months, before 1970 and far ahead.
crowded = st.integers(0, 12).map(lambda number: NEW_YEAR + timedelta(microseconds=number * 250))
borders = st.tuples(st.integers(1, 12), st.integers(-2, 2)).map(
    lambda drawn: datetime(2023, drawn[0], 1, tzinfo=UTC) + timedelta(microseconds=drawn[1] * 500)
)
anywhere = st.datetimes(datetime(1826, 1, 1), datetime(2190, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001
moments = st.lists(crowded | borders | anywhere, max_size=60)


def connected(sandbox: Sandbox, page_size: int, concurrency: int = 4) -> Immich:
    return Immich.connect(
        sandbox.url,
        sandbox.admin_key,
        transport=sandbox.transport(),
        retry_wait=0,
        page_size=page_size,
        concurrency=concurrency,
    )


def listed(immich: Immich, wanted: AssetFilter | None = None) -> Counter[str]:
    return Counter(asset.id for asset in immich.assets.stream(wanted))


@pytest.mark.parametrize("dialect", list(Dialect), ids=lambda dialect: dialect.value)
@settings(max_examples=200, deadline=None)
@given(moments=moments, page_size=st.integers(1, 12), concurrency=st.integers(1, 4), chance=st.integers(0, 3))
def test_each_asset_once(
    dialect: Dialect, moments: list[datetime], page_size: int, concurrency: int, chance: int
) -> None:
    sandbox = Sandbox(dialect, seed=chance)
    ids = [sandbox.add_asset(file_created_at=at) for at in moments]
    assert listed(connected(sandbox, page_size, concurrency)) == Counter(ids)


@pytest.mark.parametrize("dialect", list(Dialect), ids=lambda dialect: dialect.value)
@settings(max_examples=120, deadline=None)
@given(
    moments=moments,
    after=st.none() | crowded | anywhere,
    before=st.none() | crowded | anywhere,
    page_size=st.integers(2, 9),
)
def test_each_asset_of_a_time_once(
    dialect: Dialect, moments: list[datetime], after: datetime | None, before: datetime | None, page_size: int
) -> None:
    sandbox = Sandbox(dialect)
    taken = {sandbox.add_asset(file_created_at=at): at for at in moments}
    found = listed(connected(sandbox, page_size), AssetFilter(taken_after=after, taken_before=before))
    assert set(found.values()) <= {1}
    inside = {asset_id for asset_id, at in taken.items() if (not after or at >= after) and (not before or at <= before)}
    assert inside <= set(found)
    within_a_millisecond = timedelta(milliseconds=1)
    for asset_id in set(found) - inside:
        assert (after and after - within_a_millisecond < taken[asset_id] < after) or (
            before and before < taken[asset_id] <= before + within_a_millisecond
        )


@pytest.mark.parametrize("spread", [timedelta(0), timedelta(microseconds=1), timedelta(microseconds=400)])
def test_many_at_one_moment(sandbox: Sandbox, connect: Connect, spread: timedelta) -> None:
    crowd = [sandbox.add_asset(file_created_at=NEW_YEAR + spread * (number % 3)) for number in range(700)]
    around = [
        sandbox.add_asset(file_created_at=NEW_YEAR + timedelta(milliseconds=offset, days=offset // 3 * 40))
        for offset in (-9, -2, -1, 1, 2, 9)
    ]
    assert listed(connect(page_size=100)) == Counter(crowd + around)
    at_that_moment = AssetFilter(taken_after=NEW_YEAR, taken_before=NEW_YEAR)
    assert set(listed(connect(page_size=100), at_that_moment)) <= set(crowd)


def test_thousands_at_one_moment_with_pages_of_usual_size(sandbox: Sandbox, connect: Connect) -> None:
    crowd = [sandbox.add_asset(file_created_at=NEW_YEAR) for _number in range(3200)]
    assert listed(connect()) == Counter(crowd)


def test_full_pages_exactly(sandbox: Sandbox, connect: Connect) -> None:
    ids = [sandbox.add_asset(file_created_at=NEW_YEAR + timedelta(days=number)) for number in range(30)]
    for page_size in (1, 10, 15, 29, 30, 31):
        assert listed(connect(page_size=page_size)) == Counter(ids)


def test_windows_in_parallel_keep_the_order(sandbox: Sandbox, connect: Connect) -> None:
    large_library(sandbox, 3000, photos_per_moment=1)
    immich = connect(page_size=50)
    assets = list(immich.assets.stream())
    assert len(assets) == 3000
    assert [asset.order_taken[:2] for asset in assets] == sorted(
        (asset.order_taken[:2] for asset in assets), reverse=True
    )
    assert sum(request.path == "/api/timeline/buckets" for request in sandbox.requests) == 1


def test_costs_few_requests(sandbox: Sandbox, connect: Connect) -> None:
    large_library(sandbox, 5000)
    immich = connect(page_size=500)
    _ = immich.me
    before = immich.connection.requests_sent
    listed(immich)
    # Ten full pages; besides, a page may end early at each window, and the counts are taken twice for two visibilities.
    assert immich.connection.requests_sent - before <= 25


def test_an_empty_library_costs_one_request_for_each_visibility(sandbox: Sandbox, connect: Connect) -> None:
    immich = connect()
    _ = immich.me
    assert listed(immich, AssetFilter(visibility=EVERYWHERE)) == Counter()
    assert immich.connection.requests_sent - 1 == 3


def test_visibilities_and_trash(sandbox: Sandbox, connect: Connect) -> None:
    shown = [sandbox.add_asset() for _number in range(7)]
    archived = [sandbox.add_asset(visibility="archive") for _number in range(5)]
    hidden = [sandbox.add_asset(visibility="hidden") for _number in range(4)]
    sandbox.add_asset(visibility="locked")
    trashed = [sandbox.add_asset(is_trashed=True) for _number in range(6)]
    offline = [sandbox.add_asset(is_offline=True, visibility="archive")]
    immich = connect(page_size=3)
    assert listed(immich) == Counter(shown + archived)
    assert listed(immich, AssetFilter(visibility=EVERYWHERE)) == Counter(shown + archived + hidden)
    assert listed(immich, AssetFilter(trashed=True)) == Counter(trashed + offline)
    assert immich.assets.count() == 12
    assert immich.assets.owned() == 12


def test_partners_are_left_out_but_counted(sandbox: Sandbox, connect: Connect) -> None:
    own = [sandbox.add_asset() for _number in range(8)]
    partner = sandbox.add_user("Partner", "partner@example.com")
    theirs = [sandbox.add_asset(owner_id=partner.id) for _number in range(9)]
    sandbox.add_partner(partner.id, sandbox.admin.id)
    immich = connect(page_size=4)
    assert listed(immich) == Counter(own)
    assert Counter(asset.id for asset in immich.assets.stream(own=False)) == Counter(own + theirs)
    assert immich.assets.count() == 17


def test_narrower_filters(sandbox: Sandbox, connect: Connect) -> None:
    library_id = sandbox.add_library("Disk")
    external = [sandbox.add_asset(library_id=library_id) for _number in range(5)]
    videos = [sandbox.add_asset(original_file_name=f"{number}.mp4") for number in range(5)]
    tagged = [sandbox.add_asset(tags=["sea"]) for _number in range(5)]
    sandbox.add_album("Holiday", asset_ids=tagged[:2])
    tag_id = sandbox.add_tag("sea")
    immich = connect(page_size=2)
    assert listed(immich, AssetFilter(library_id=library_id)) == Counter(external)
    assert listed(immich, AssetFilter(type=AssetType.VIDEO)) == Counter(videos)
    assert listed(immich, AssetFilter(tag_ids=(tag_id,))) == Counter(tagged)
    assert listed(immich, AssetFilter(not_in_album=True)) == Counter(external + videos + tagged[2:])


def test_details_come_on_demand(sandbox: Sandbox, connect: Connect) -> None:
    asset_id = sandbox.add_asset(make="Apple", rating=4)
    sandbox.add_face(asset_id, sandbox.add_person("Alice"))
    immich = connect()
    (plain,) = immich.assets.stream()
    assert (plain.exif, plain.people, plain.tags) == (None, None, None)
    (detailed,) = immich.assets.stream(AssetFilter(with_exif=True, with_people=True))
    assert detailed.exif is not None
    assert (detailed.exif.make, detailed.exif.rating) == ("Apple", 4)
    assert [person.name for person in detailed.people or ()] == ["Alice"]


class Changing(httpx.BaseTransport):
    """Does something to the sandbox right before certain pages are answered."""

    def __init__(self, sandbox: Sandbox, change: Callable[[int], None]) -> None:
        self._inner = sandbox.transport()
        self._change = change
        self._pages = 0
        self._lock = threading.Lock()

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        with self._lock:
            if request.url.path.endswith("/search/metadata"):
                self._pages += 1
                self._change(self._pages)
            answer: httpx.Response = self._inner.handle_request(request)
            return answer


def changing(sandbox: Sandbox, change: Callable[[int], None], concurrency: int) -> Immich:
    return Immich.connect(
        sandbox.url,
        sandbox.admin_key,
        transport=Changing(sandbox, change),
        retry_wait=0,
        page_size=10,
        concurrency=concurrency,
    )


@pytest.mark.parametrize("concurrency", [1, 4])
@pytest.mark.parametrize("page", [2, 3, 7, 12])
def test_uploads_and_deletions_meanwhile(sandbox: Sandbox, concurrency: int, page: int) -> None:
    ids = [sandbox.add_asset(file_created_at=NEW_YEAR + timedelta(days=number)) for number in range(100)]
    uploaded: list[str] = []

    def change(number: int) -> None:
        if number == page:
            sandbox.state.remove_asset(sandbox.state.assets[ids[50]], delete_files=False)
            uploaded.extend(
                sandbox.add_asset(file_created_at=NEW_YEAR + timedelta(days=days, hours=1)) for days in (2, 50, 98)
            )

    found = listed(changing(sandbox, change, concurrency))
    assert set(found.values()) == {1}
    # What vanished may have been handed out before; everything else is there.
    assert set(found) - {ids[50]} == set(ids + uploaded) - {ids[50]}


@pytest.mark.parametrize("concurrency", [1, 4])
def test_an_upload_to_what_was_read_already_is_found(sandbox: Sandbox, concurrency: int) -> None:
    ids = [sandbox.add_asset(file_created_at=NEW_YEAR + timedelta(days=number)) for number in range(100)]

    def change(number: int) -> None:
        if number == 10:
            ids.append(sandbox.add_asset(file_created_at=NEW_YEAR + timedelta(days=500)))

    found = listed(changing(sandbox, change, concurrency))
    assert found == Counter(ids)


@pytest.mark.parametrize("concurrency", [1, 4])
def test_an_asset_that_moves_to_what_was_read_already_is_found(sandbox: Sandbox, concurrency: int) -> None:
    shown = [sandbox.add_asset(file_created_at=NEW_YEAR + timedelta(days=number)) for number in range(45)]
    archived = [
        sandbox.add_asset(file_created_at=NEW_YEAR + timedelta(days=number), visibility="archive")
        for number in range(45)
    ]
    timeline_pages = 2 + 5

    def change(number: int) -> None:
        if number == timeline_pages + 1:
            sandbox.state.assets[archived[0]].visibility = type(sandbox.state.assets[shown[0]].visibility)("timeline")

    assert listed(changing(sandbox, change, concurrency)) == Counter(shown + archived)


@pytest.mark.parametrize("concurrency", [1, 4])
def test_a_library_that_never_stands_still_is_an_error(sandbox: Sandbox, concurrency: int) -> None:
    for number in range(100):
        sandbox.add_asset(file_created_at=NEW_YEAR + timedelta(days=number))

    def change(number: int) -> None:
        sandbox.add_asset(file_created_at=NEW_YEAR + timedelta(days=200 + number))

    with pytest.raises(IncompleteListing, match="Nothing was changed"):
        listed(changing(sandbox, change, concurrency))
    assert sum(request.path == "/api/timeline/buckets" for request in sandbox.requests) in (0, PASSES)


@pytest.mark.parametrize("miscount", [-1, 1])
def test_a_server_that_counts_otherwise_than_it_lists_is_an_error(sandbox: Sandbox, miscount: int) -> None:
    inner = sandbox.transport()

    def miscounting(request: httpx.Request) -> httpx.Response:
        answer: httpx.Response = inner.handle_request(request)
        if request.url.path.endswith("/search/statistics"):
            answer.read()
            return httpx.Response(200, json={"total": answer.json()["total"] + miscount})
        return answer

    for number in range(30):
        sandbox.add_asset(file_created_at=NEW_YEAR + timedelta(days=number))
    immich = Immich.connect(
        sandbox.url, sandbox.admin_key, transport=httpx.MockTransport(miscounting), page_size=10, retry_wait=0
    )
    wanted = AssetFilter(visibility=(Visibility.TIMELINE,))
    with pytest.raises(IncompleteListing, match=f"counts {30 + miscount} assets but lists 30"):
        listed(immich, wanted)


def test_a_server_that_ignores_the_time_asked_for_is_an_error(sandbox: Sandbox) -> None:
    """Unknown fields are ignored by every version, and a later one may not know these any more."""
    inner = sandbox.transport()

    def ignorant(request: httpx.Request) -> httpx.Response:
        body = request.content.replace(b"takenBefore", b"takenLongAgo")
        headers = {**request.headers, "content-length": str(len(body))}
        answer: httpx.Response = inner.handle_request(
            httpx.Request(request.method, request.url, headers=headers, content=body)
        )
        return answer

    for number in range(30):
        sandbox.add_asset(file_created_at=NEW_YEAR + timedelta(days=number))
    immich = Immich.connect(
        sandbox.url, sandbox.admin_key, transport=httpx.MockTransport(ignorant), page_size=10, retry_wait=0
    )
    with pytest.raises(IncompleteListing):
        listed(immich)


def test_deletions_inside_one_moment_meanwhile(sandbox: Sandbox) -> None:
    ids = [sandbox.add_asset(file_created_at=NEW_YEAR) for _number in range(60)]

    def change(number: int) -> None:
        if number == 5:
            for asset_id in ids[:20]:
                sandbox.state.remove_asset(sandbox.state.assets[asset_id], delete_files=False)

    assert set(ids[20:]) <= set(listed(changing(sandbox, change, 1)))


def test_a_reader_may_go_away(sandbox: Sandbox, connect: Connect) -> None:
    large_library(sandbox, 2000, photos_per_moment=1)
    threads = threading.active_count()
    immich = connect(page_size=20)
    for count in (0, 1, 30, 500):
        stream = immich.assets.stream()
        assert len(list(islice(stream, count))) == count
        assert isinstance(stream, Iterator)
        del stream
        gc.collect()
        assert threading.active_count() == threads
    assert len(listed(immich)) == 2000


def test_an_interruption_leaves_nothing_behind(sandbox: Sandbox) -> None:
    large_library(sandbox, 2000, photos_per_moment=1)
    threads = threading.active_count()

    def change(number: int) -> None:
        if number == 20:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        listed(changing(sandbox, change, 4))
    assert threading.active_count() == threads


def most_alive(dialect: Dialect, count: int) -> int:
    """Most bytes in use at any time while so many assets are listed.

    Garbage is not counted: when a Python collects it is its own affair, and differs from one version to the next.
    """
    sandbox = Sandbox(dialect)
    large_library(sandbox, count, photos_per_moment=1)
    immich = connected(sandbox, 200)
    _ = immich.me, sum(1 for _asset in immich.assets.stream())
    most = number = 0
    tracemalloc.start()
    try:
        for number, _asset in enumerate(immich.assets.stream(), 1):
            if number % 500 == 0:
                gc.collect()
                most = max(most, tracemalloc.get_traced_memory()[0])
    finally:
        tracemalloc.stop()
    assert number == count
    return most


def test_memory_stays_small(dialect: Dialect) -> None:
    """Each further asset takes an id's worth of memory; what the pages under way take is the same for any library."""
    few, many = 4_000, 12_000
    assert (most_alive(dialect, many) - most_alive(dialect, few)) / (many - few) < 600


def test_month_borders_cut_into_similar_parts() -> None:
    buckets = [
        {"timeBucket": "2024-03-01", "count": 5},
        {"timeBucket": "2024-02-01", "count": 5},
        {"timeBucket": "2024-01-01", "count": 40},
        {"timeBucket": "1960-05-01", "count": 3},
    ]
    cut = month_borders(buckets, 10)
    assert cut == sorted(set(cut), reverse=True)
    assert cut[0] == datetime(2024, 2, 1, tzinfo=UTC)
    assert datetime(2024, 1, 1, tzinfo=UTC) in cut
    assert len(cut) == 5


def test_slices_of_a_short_month_stay_in_it() -> None:
    cut = month_borders([{"timeBucket": "2023-03-01", "count": 9}, {"timeBucket": "2023-02-01", "count": 99}], 1)
    assert cut == sorted(set(cut), reverse=True)
    assert sum(at >= datetime(2023, 3, 1, tzinfo=UTC) for at in cut) == 9


@given(
    st.dictionaries(
        st.dates().map(lambda day: day.replace(day=1).isoformat()) | st.just("20000-01-01"), st.integers(0, 99)
    ),
    st.integers(1, 50),
)
def test_month_borders_never_cross(counts: dict[str, int], size: int) -> None:
    cut = month_borders([{"timeBucket": month, "count": count} for month, count in counts.items()], size)
    assert cut == sorted(set(cut), reverse=True)


def test_moments_are_written_as_both_versions_read_them() -> None:
    assert moment(datetime.fromisoformat("2024-05-01T08:00:00.123456+02:00")) == "2024-05-01T06:00:00.123Z"
    assert moment(datetime(1960, 1, 1, tzinfo=UTC)) == "1960-01-01T00:00:00.000Z"


def test_dates_that_cannot_be_used_as_bounds_hinder_no_listing(sandbox: Sandbox, connect: Connect) -> None:
    end = datetime(9999, 12, 31, 23, 59, 59, 999000, UTC)
    ids = [sandbox.add_asset(file_created_at=end - timedelta(hours=number)) for number in range(7)]
    ids += [sandbox.add_asset(file_created_at=NEW_YEAR + timedelta(days=number)) for number in range(7)]
    for page_size in (1, 2, 3, 7, 8):
        assert listed(connect(page_size=page_size)) == Counter(ids)
