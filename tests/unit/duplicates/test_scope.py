"""Which groups are left alone: each reason, and the option that lifts it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from attrs import evolve

from immich_tools.duplicates import ArchivedKeeper, DuplicateFacts, DuplicatesOptions, Media, RawPairs, Rule, make_plan
from immich_tools.immich.models import Asset, AssetType, Visibility
from immich_tools.plan.effects.stacks import StackAssets

Copy = tuple[str, dict[str, Any]]
PLAIN: list[Copy] = [("a.heic", {}), ("b.jpg", {})]
VIDEO = {"type": AssetType.VIDEO}


def skip_codes(
    asset: Callable[..., Asset], facts: Callable[..., DuplicateFacts], copies: list[Copy], **options: Any
) -> list[str]:
    plan = make_plan(facts(tuple(asset(name, **values) for name, values in copies)), DuplicatesOptions(**options))
    assert bool(plan.changes) != bool(plan.skips)
    return [skip.code for skip in plan.skips]


@pytest.mark.parametrize(
    ("copies", "options", "code"),
    [
        (PLAIN, {}, None),
        ([*PLAIN, ("c.jpg", {})], {}, None),
        ([*PLAIN, ("c.jpg", {})], {"only_pairs": True}, "not-a-pair"),
        (PLAIN, {"only_pairs": True}, None),
        ([(f"{n}.jpg", {}) for n in range(5)], {}, None),
        ([(f"{n}.jpg", {}) for n in range(6)], {}, "large-group"),
        ([(f"{n}.jpg", {}) for n in range(60)], {"max_group_size": 0}, None),
        (PLAIN, {"media": Media.IMAGES}, None),
        (PLAIN, {"media": Media.VIDEOS}, "media"),
        ([("a.mp4", VIDEO), ("b.mp4", VIDEO)], {"media": Media.IMAGES}, "media"),
        ([("a.mp4", VIDEO), ("b.mp4", VIDEO)], {"media": Media.VIDEOS}, None),
        ([("a.heic", {})], {}, "single"),
    ],
)
def test_what_was_asked_for(
    asset: Callable[..., Asset],
    facts: Callable[..., DuplicateFacts],
    copies: list[Copy],
    options: dict[str, Any],
    code: str | None,
) -> None:
    assert skip_codes(asset, facts, copies, **options) == ([] if code is None else [code])


@pytest.mark.parametrize(
    ("values", "code"),
    [
        ({"owner_id": "somebody"}, "foreign"),
        ({"type": AssetType.OTHER}, "unknown-kind"),
        ({"type": AssetType.AUDIO}, "unknown-kind"),
        ({"visibility": Visibility.UNKNOWN}, "unknown-kind"),
        ({"visibility": Visibility.LOCKED}, "not-shown"),
        ({"visibility": Visibility.HIDDEN}, "not-shown"),
        ({"is_trashed": True}, "not-shown"),
        ({"is_offline": True}, "offline"),
    ],
)
@pytest.mark.parametrize("better", [True, False])
def test_a_member_nobody_may_touch(
    asset: Callable[..., Asset],
    facts: Callable[..., DuplicateFacts],
    values: dict[str, Any],
    code: str,
    better: bool,
) -> None:
    copies = [("a.heic" if better else "a.jpg", values), ("b.jpg", {"file_size": 5_000_000}), ("c.jpg", {})]
    assert skip_codes(asset, facts, copies) == [code]


@pytest.mark.parametrize(
    ("copies", "code", "lifted_by"),
    [
        ([("a.jpg", {}), ("b.mp4", VIDEO)], "types-differ", {"allow_different_types": True}),
        (
            [("a.mp4", VIDEO | {"duration": 9000}), ("b.mp4", VIDEO | {"duration": 10001})],
            "durations-differ",
            {"allow_different_durations": True},
        ),
        (
            [("a.mp4", VIDEO | {"duration": 9000}), ("b.mp4", VIDEO | {"duration": 10001})],
            "durations-differ",
            {"duration_tolerance": 1.1},
        ),
        ([("a.mp4", VIDEO | {"duration": 9000}), ("b.mp4", VIDEO | {"duration": 10000})], None, {}),
        (
            [("a.mp4", VIDEO | {"duration": 9000}), ("b.mp4", VIDEO)],
            "durations-differ",
            {"allow_different_durations": True},
        ),
        ([("a.mp4", VIDEO), ("b.mp4", VIDEO)], None, {}),
        ([("a.jpg", {"duration": 9000}), ("b.jpg", {})], None, {}),
        (
            [("a.heic", {}), ("b.jpg", {"width": 400, "height": 300})],
            "resolutions-differ",
            {"allow_different_resolutions": True},
        ),
        (
            [("a.heic", {}), ("b.jpg", {"width": 400, "height": 300})],
            "resolutions-differ",
            {"max_resolution_ratio": 100.0},
        ),
        ([("a.heic", {}), ("b.jpg", {"width": 1000, "height": 750})], None, {}),
        ([("a.heic", {}), ("b.jpg", {"width": 3000, "height": 4000})], None, {}),
        ([("a.heic", {}), ("b.jpg", {"width": None})], None, {}),
        (
            [("a.heic", {"width": 2000, "height": 1500}), ("b.jpg", {})],
            "keeper-small",
            {"allow_different_resolutions": True},
        ),
        ([("a.heic", {"width": 3000, "height": 2250}), ("b.jpg", {})], None, {}),
        ([("a.heic", {"width": 2000}), ("b.jpg", {})], None, {}),  # exactly half of the pixels
        ([("a.heic", {"width": 1999}), ("b.jpg", {})], "keeper-small", {"allow_different_resolutions": True}),
        (
            [("a.heic", {}), ("b.jpg", {"live_photo_video_id": "v"})],
            "motion-video",
            {"allow_motion_video_loss": True},
        ),
        ([("a.heic", {"live_photo_video_id": "w"}), ("b.jpg", {"live_photo_video_id": "v"})], None, {}),
        ([("a.heic", {"live_photo_video_id": "w"}), ("b.jpg", {})], None, {}),
        ([("a.heic", {}), ("b.jpg", {"stack_id": "s"})], "stack", {"allow_stack_loss": True}),
        ([("a.heic", {"stack_id": "t"}), ("b.jpg", {"stack_id": "s"})], "stack", {"allow_stack_loss": True}),
        ([("a.heic", {"stack_id": "s"}), ("b.jpg", {"stack_id": "s"})], None, {}),
        ([("a.dng", {}), ("b.jpg", {})], "raw-pair", {"raw": RawPairs.DUPLICATES}),
        ([("a.CR2", {}), ("b.heic", {})], "raw-pair", {"raw": RawPairs.STACK}),
        ([("a.dng", {}), ("b.dng", {})], None, {}),
    ],
)
def test_members_that_differ(
    asset: Callable[..., Asset],
    facts: Callable[..., DuplicateFacts],
    copies: list[Copy],
    code: str | None,
    lifted_by: dict[str, Any],
) -> None:
    assert skip_codes(asset, facts, copies) == ([] if code is None else [code])
    assert skip_codes(asset, facts, copies, **lifted_by) == []


@pytest.mark.parametrize(
    ("copies", "expected"),
    [
        ([("z.dng", {}), ("b.jpg", {})], ("b", "z")),
        ([("a.dng", {"width": 160, "height": 120}), ("b.jpg", {})], ("b", "a")),
        ([("a.NEF", {"file_size": 9}), ("b.heic", {})], ("b", "a")),
    ],
)
def test_raw_pairs_are_stacked_with_the_picture_on_top(
    asset: Callable[..., Asset],
    facts: Callable[..., DuplicateFacts],
    copies: list[Copy],
    expected: tuple[str, ...],
) -> None:
    group = tuple(asset(name, **values) for name, values in copies)
    plan = make_plan(facts(group), DuplicatesOptions(raw=RawPairs.STACK))
    assert [change.action for change in plan.changes] == [StackAssets(expected)]
    assert [keep.asset_id for keep in plan.keeps] == list(expected)
    assert plan.changes[0].id == "stack:g1"


@pytest.mark.parametrize(
    ("copies", "code"),
    [
        ([("a.dng", {}), ("b.jpg", {}), ("c.jpg", {})], "raw-pair"),
        ([("a.dng", {"stack_id": "s"}), ("b.jpg", {})], "stack"),
    ],
)
def test_what_cannot_be_stacked(
    asset: Callable[..., Asset], facts: Callable[..., DuplicateFacts], copies: list[Copy], code: str
) -> None:
    assert skip_codes(asset, facts, copies, raw=RawPairs.STACK) == [code]


EXTERNAL = {"library_id": "lib"}


@pytest.mark.parametrize(
    ("copies", "options", "kept"),
    [
        ([("a.jpg", {}), ("b.jpg", EXTERNAL)], {}, None),
        ([("a.jpg", EXTERNAL), ("b.jpg", {})], {}, None),
        ([("a.jpg", {}), ("b.jpg", EXTERNAL), ("c.jpg", {"file_size": 5})], {}, None),
        ([("a.jpg", EXTERNAL), ("b.jpg", EXTERNAL), ("c.jpg", {})], {}, None),
        # Something decides: one of the rules, the last resorts, or what was asked for.
        ([("a.jpg", EXTERNAL), ("b.jpg", EXTERNAL), ("c.jpg", {"file_size": 5})], {}, "a"),
        ([("a.jpg", EXTERNAL), ("b.jpg", {"file_size": 2_000_000})], {}, "b"),
        ([("a.jpg", EXTERNAL), ("b.jpg", {"width": 4001})], {}, "b"),
        ([("a.jpg", {}), ("b.jpg", EXTERNAL)], {"preferred_libraries": ("external",)}, "b"),
        ([("a.jpg", EXTERNAL), ("b.jpg", {})], {"preferred_libraries": ("upload",)}, "b"),
        ([("a.jpg", {}), ("b.jpg", EXTERNAL)], {"preferred_libraries": ("lib",)}, "b"),
        ([("a.jpg", {}), ("b.jpg", EXTERNAL)], {"preferred_libraries": ("another",)}, None),
        ([("a.jpg", {}), ("b.jpg", EXTERNAL)], {"protected_libraries": ("external",)}, "b"),
        ([("a.jpg", {}), ("b.jpg", EXTERNAL)], {"rank": (Rule.PATH,), "preferred_paths": ("/upload",)}, None),
        # Preferred libraries that --rank does not name decide last.
        ([("a.jpg", {"file_size": 2_000_000}), ("b.jpg", EXTERNAL)], {"preferred_libraries": ("external",)}, "a"),
        ([("a.jpg", {}), ("b.jpg", {})], {}, "a"),
    ],
)
def test_a_tie_never_decides_between_an_upload_and_the_archive(
    asset: Callable[..., Asset],
    facts: Callable[..., DuplicateFacts],
    copies: list[Copy],
    options: dict[str, Any],
    kept: str | None,
) -> None:
    plan = make_plan(facts(tuple(asset(name, **values) for name, values in copies)), DuplicatesOptions(**options))
    assert [keep.asset_id for keep in plan.keeps] == ([] if kept is None else [kept])
    assert [skip.code for skip in plan.skips] == (["upload-or-external"] if kept is None else [])


@pytest.mark.parametrize(
    ("loser", "video", "code"),
    [
        ({}, {}, None),
        ({}, EXTERNAL, None),
        (EXTERNAL, EXTERNAL, None),
        (EXTERNAL, {}, None),
        (EXTERNAL, {"library_id": "another"}, None),
        ({}, {"original_path": "/safe/v.mov"}, "motion-video-elsewhere"),
        ({}, None, "motion-video-elsewhere"),
    ],
)
def test_a_motion_video_that_lies_elsewhere(
    asset: Callable[..., Asset],
    facts: Callable[..., DuplicateFacts],
    loser: dict[str, Any],
    video: dict[str, Any] | None,
    code: str | None,
) -> None:
    def codes(motion_video_of_keeper: str) -> list[str]:
        keeper = asset("a.heic", live_photo_video_id=motion_video_of_keeper)
        videos = {} if video is None else {"v": asset("v.mov", visibility=Visibility.HIDDEN, **video)}
        known = evolve(facts((keeper, asset("b.jpg", live_photo_video_id="v", **loser))), videos=videos)
        return [skip.code for skip in make_plan(known, DuplicatesOptions(protected_paths=("/safe",))).skips]

    assert codes("w") == ([] if code is None else [code])
    assert codes("v") == [], "the server spares a video that the photo that stays needs as well"


ARCHIVED = {"visibility": Visibility.ARCHIVE}


@pytest.mark.parametrize(
    ("copies", "options", "code"),
    [
        ([("a.heic", ARCHIVED), ("b.jpg", {})], {}, None),
        ([("a.heic", ARCHIVED), ("b.jpg", {})], {"archived": ArchivedKeeper.SKIP}, "archived"),
        ([("a.heic", ARCHIVED), ("b.jpg", {})], {"archived": ArchivedKeeper.IGNORE}, None),
        ([("a.heic", ARCHIVED), ("b.jpg", {})], {"transfer_metadata": False}, "archived"),
        ([("a.heic", {}), ("b.jpg", ARCHIVED)], {"archived": ArchivedKeeper.SKIP}, None),
        ([("a.heic", ARCHIVED), ("b.jpg", ARCHIVED)], {"archived": ArchivedKeeper.SKIP}, None),
    ],
)
def test_an_archived_keeper(
    asset: Callable[..., Asset],
    facts: Callable[..., DuplicateFacts],
    copies: list[Copy],
    options: dict[str, Any],
    code: str | None,
) -> None:
    assert skip_codes(asset, facts, copies, **options) == ([] if code is None else [code])
