"""Which copy stays: one table of cases for each rule."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest

from immich_tools.duplicates import DuplicatesOptions, Rule
from immich_tools.duplicates.rank import Ranking
from immich_tools.immich.models import Asset

Copy = tuple[str, dict[str, Any]]
NOON = datetime(2024, 5, 3, 12, tzinfo=UTC)


EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def order(make: Callable[..., Asset], copies: list[Copy], **options: Any) -> list[str]:
    ranking = Ranking(DuplicatesOptions(**options), {"in-albums": 2})
    placed = ranking.order([make(name, **values) for name, values in copies], ["suggested"])
    return [each.asset.original_file_name for each in placed]


@pytest.mark.parametrize(
    ("copies", "first"),
    [
        pytest.param([("a.jpg", {"days": 3}), ("b.jpg", {})], "b.jpg", id="older by days wins"),
        pytest.param([("a.jpg", {"days": 0.9}), ("b.heic", {})], "b.heic", id="within a day the format decides"),
        pytest.param([("a.jpg", {"days": -0.9}), ("b.heic", {})], "b.heic", id="also when the other one is older"),
        pytest.param([("a.jpg", {"days": -1.1}), ("b.heic", {})], "a.jpg", id="beyond a day the date decides"),
        pytest.param(
            [("a.jpg", {"date_time_original": None}), ("b.jpg", {"days": 400})], "b.jpg", id="no date is last"
        ),
        pytest.param([("a.jpg", {"days": -1}), ("b.heic", {})], "b.heic", id="a day itself is within the tolerance"),
        pytest.param(
            [("a.jpg", {"days": -1}), ("b.heic", {}), ("c.jpg", {"days": 5})], "b.heic", id="also beside a later one"
        ),
        pytest.param(
            [("a.jpg", {"date_time_original": EPOCH}), ("b.jpg", {"days": 400})], "b.jpg", id="a placeholder is last"
        ),
        pytest.param(
            [("a.jpg", {"date_time_original": None}), ("b.heic", {"date_time_original": EPOCH})],
            "b.heic",
            id="a placeholder is no date",
        ),
        pytest.param([("a.jpg", {}), ("b.HEIC", {})], "b.HEIC", id="HEIC in any case"),
        pytest.param([("a.jpg", {}), ("b.heif", {})], "b.heif", id="heif is HEIC"),
        pytest.param([("a.jpg", {"file_size": 9_000_000}), ("b.heic", {})], "b.heic", id="HEIC before size"),
        pytest.param(
            [("a.heif", {"file_size": 2}), ("b.heic", {"file_size": 3}), ("c.jpg", {"file_size": 9})],
            "b.heic",
            id="the larger of two HEIC",
        ),
        pytest.param([("a.jpg", {"file_size": 1}), ("b.jpg", {"file_size": 2})], "b.jpg", id="larger file"),
        pytest.param([("a.jpg", {"file_size": None}), ("b.jpg", {"file_size": 2})], "b.jpg", id="unknown size is last"),
        pytest.param([("a.jpg", {"filled": 9}), ("b.jpg", {"filled": 12})], "b.jpg", id="more metadata"),
        pytest.param([("b.jpg", {}), ("a.jpg", {})], "a.jpg", id="alike: the first id"),
        pytest.param([("a.jpg", {"exif": None}), ("b.jpg", {})], "b.jpg", id="no exif at all is last"),
        pytest.param([("b.jpg", {"exif": None}), ("a.jpg", {"exif": None})], "a.jpg", id="nobody has exif"),
    ],
)
def test_default_order(asset: Callable[..., Asset], copies: list[Copy], first: str) -> None:
    assert order(asset, copies)[0] == first


@pytest.mark.parametrize(
    ("rank", "copies", "first"),
    [
        (
            "newest",
            [("a.jpg", {"date_time_original": datetime(2106, 2, 7, 6, 28, 15, tzinfo=UTC)}), ("b.jpg", {})],
            "b.jpg",
        ),
        # What decides last: pixels, then bytes.
        ("format", [("a.jpg", {"file_size": 9_000_000}), ("b.jpg", {"width": 4001})], "b.jpg"),
        ("resolution", [("a.jpg", {"width": 100}), ("b.jpg", {})], "b.jpg"),
        ("resolution", [("a.jpg", {"width": None}), ("b.jpg", {"width": 1})], "b.jpg"),
        ("resolution", [("a.jpg", {"width": 3000, "height": 4001}), ("b.jpg", {})], "a.jpg"),
        ("favorite", [("a.jpg", {}), ("b.jpg", {"is_favorite": True})], "b.jpg"),
        ("motion-video", [("a.jpg", {}), ("b.jpg", {"live_photo_video_id": "v"})], "b.jpg"),
        ("albums", [("a.jpg", {}), ("in-albums.jpg", {})], "in-albums.jpg"),
        ("newest", [("a.jpg", {}), ("b.jpg", {"days": 3})], "b.jpg"),
        ("newest", [("a.jpg", {}), ("b.jpg", {"date_time_original": None})], "a.jpg"),
        ("largest", [("a.jpg", {"file_size": 1}), ("b.jpg", {"file_size": 2})], "b.jpg"),
        ("smallest", [("a.jpg", {"file_size": 2}), ("b.jpg", {"file_size": 1})], "b.jpg"),
        ("smallest", [("a.jpg", {"file_size": None}), ("b.jpg", {"file_size": 1})], "b.jpg"),
        ("server", [("a.jpg", {}), ("suggested.jpg", {})], "suggested.jpg"),
    ],
)
def test_each_further_rule(asset: Callable[..., Asset], rank: str, copies: list[Copy], first: str) -> None:
    assert order(asset, copies, rank=(Rule(rank),))[0] == first


@pytest.mark.parametrize(
    ("tolerance", "older", "first"),
    [
        (0, timedelta(milliseconds=937), "z-older.jpg"),
        (0, timedelta(0), "a.heic"),
        (1, timedelta(days=1), "a.heic"),
        (1, timedelta(days=1, microseconds=1), "z-older.jpg"),
        (1 / 24, timedelta(minutes=59), "a.heic"),
        (30, timedelta(days=29), "a.heic"),
    ],
)
def test_tolerance_of_dates(asset: Callable[..., Asset], tolerance: float, older: timedelta, first: str) -> None:
    copies: list[Copy] = [("a.heic", {}), ("z-older.jpg", {"date_time_original": NOON - older})]
    assert order(asset, copies, date_tolerance=tolerance)[0] == first


def test_tolerance_counts_from_the_oldest_still_in_question(asset: Callable[..., Asset]) -> None:
    # A wrong clock of a JPEG must not make the dates of the two HEIC files compare strictly.
    copies: list[Copy] = [
        ("clock.jpg", {"days": -9000}),
        ("a.heic", {"file_size": 1}),
        ("b.heic", {"file_size": 2, "days": 0.1}),
    ]
    assert order(asset, copies, rank=(Rule.FORMAT, Rule.DATE_TAKEN, Rule.SIZE))[0] == "b.heic"


def test_tolerance_among_losers_counts_from_the_oldest_of_them(asset: Callable[..., Asset]) -> None:
    copies: list[Copy] = [("a.jpg", {}), ("b.jpg", {"days": 2}), ("c.heic", {"days": 2.5})]
    assert order(asset, copies) == ["a.jpg", "c.heic", "b.jpg"]


def test_dates_of_different_zones_are_moments(asset: Callable[..., Asset]) -> None:
    berlin = datetime(2024, 5, 3, 13, tzinfo=timezone(timedelta(hours=2)))
    copies: list[Copy] = [("a.jpg", {}), ("b.jpg", {"date_time_original": berlin})]
    assert order(asset, copies, date_tolerance=0)[0] == "b.jpg"


@pytest.mark.parametrize(
    ("formats", "expected"),
    [
        (("heic",), ["d.heic", "a.jpg", "b.png", "c.cr2"]),
        (("png", "jpeg"), ["b.png", "a.jpg", "c.cr2", "d.heic"]),
        (("RAW", ".HEIF"), ["c.cr2", "d.heic", "a.jpg", "b.png"]),
        (("jpg", "jpeg", "png"), ["a.jpg", "b.png", "c.cr2", "d.heic"]),
        (("tiff",), ["a.jpg", "b.png", "c.cr2", "d.heic"]),
    ],
)
def test_list_of_formats(asset: Callable[..., Asset], formats: tuple[str, ...], expected: list[str]) -> None:
    copies: list[Copy] = [(name, {}) for name in ("d.heic", "c.cr2", "b.png", "a.jpg")]
    assert order(asset, copies, formats=formats) == expected


def test_preferred_paths_in_their_order(asset: Callable[..., Asset]) -> None:
    copies: list[Copy] = [
        ("a.jpg", {"original_path": "/other/a.jpg"}),
        ("b.jpg", {"original_path": "/second/b.jpg"}),
        ("c.jpg", {"original_path": "/first/c.jpg"}),
    ]
    options = {"rank": (Rule.PATH,), "preferred_paths": ("/first", "/second")}
    assert order(asset, copies, **options) == ["c.jpg", "b.jpg", "a.jpg"]


@pytest.mark.parametrize(
    ("preferred", "first"), [("external", "b.jpg"), ("upload", "a.jpg"), ("LIB-1", "b.jpg"), ("lib-2", "a.jpg")]
)
def test_preferred_library(asset: Callable[..., Asset], preferred: str, first: str) -> None:
    copies: list[Copy] = [("a.jpg", {}), ("b.jpg", {"library_id": "lib-1"})]
    assert order(asset, copies, rank=(Rule.LIBRARY,), preferred_libraries=(preferred,))[0] == first


def test_losers_are_in_order_too(asset: Callable[..., Asset]) -> None:
    copies: list[Copy] = [
        ("a.jpg", {"file_size": 1}),
        ("b.jpg", {"file_size": 3}),
        ("c.heic", {"file_size": 1}),
        ("d.heic", {"file_size": 2}),
        ("e.jpg", {"file_size": 2, "days": 9}),
    ]
    assert order(asset, copies) == ["d.heic", "c.heic", "b.jpg", "a.jpg", "e.jpg"]


@pytest.mark.parametrize(
    ("copies", "kept", "lost"),
    [
        ([("a.heic", {}), ("b.jpg", {})], "kept: HEIC preferred", ["JPEG instead of HEIC"]),
        (
            [("a.heic", {"file_size": 3_000_000}), ("b.heic", {"file_size": 2_000_000}), ("c.jpg", {"days": 2})],
            "kept: taken earliest, largest file",
            ["2.0 MB instead of 3.0 MB", "taken later, 2024-05-05 12:00:00 UTC"],
        ),
        ([("a.jpg", {}), ("b.jpg", {"date_time_original": None})], "kept: taken earliest", ["no date"]),
        ([("a.jpg", {"filled": 2}), ("b.jpg", {"filled": 1})], "kept: most metadata", ["only 1 field of metadata"]),
        ([("a.jpg", {}), ("b.jpg", {"file_size": None})], "kept: largest file", ["file size unknown"]),
        (
            [("a.jpg", {}), ("b.jpg", {})],
            "kept: the copies are alike in everything compared, so the first id decides",
            ["alike in everything compared"],
        ),
        ([("a.heic", {}), ("b", {})], "kept: HEIC preferred", ["no extension instead of HEIC"]),
    ],
)
def test_reasons(asset: Callable[..., Asset], copies: list[Copy], kept: str, lost: list[str]) -> None:
    ranking = Ranking(DuplicatesOptions(), {})
    keeper, *losers = ranking.order([asset(name, **values) for name, values in copies])
    assert ranking.why_kept(keeper.asset, [each.lost_by for each in losers if each.lost_by is not None]) == kept
    assert [ranking.why_lost(each, keeper.asset) for each in losers] == lost


@pytest.mark.parametrize("rule", [rule for rule in Rule if rule not in (Rule.PATH, Rule.LIBRARY)])
def test_every_rule_has_words_and_bears_missing_data(asset: Callable[..., Asset], rule: Rule) -> None:
    ranking = Ranking(DuplicatesOptions(rank=(rule,)), {"a": 1})
    rich = asset("a.heic", is_favorite=True, live_photo_video_id="v")
    poor = asset("b", exif=None)
    placed = ranking.order([poor, rich], ["a"])
    assert placed[0].asset is rich
    assert placed[1].lost_by is rule
    assert ranking.why_kept(rich, [rule]).startswith("kept: ")
    assert ranking.why_lost(placed[1], rich)
