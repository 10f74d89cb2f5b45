"""Pictures that belong together and are no copies: shots of a series, and edits with their originals."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from immich_tools.duplicates import DuplicatesOptions, Related, make_plan
from immich_tools.duplicates.edits import base_and_mark, has_edits
from immich_tools.duplicates.series import has_series, shot_of
from immich_tools.immich.models import Asset, AssetType
from immich_tools.plan.effects.assets import TrashAssets
from immich_tools.plan.effects.stacks import StackAssets
from immich_tools.plan.model import Plan
from tests.unit.duplicates.conftest import NOON, build_asset, build_facts

BURSTS = (
    ("00000IMG_00000_BURST20210704120000.jpg", "00001IMG_00001_BURST20210704120000.jpg"),
    ("00000IMG_00000_BURST20210704120000123_COVER.jpg", "00003IMG_00003_BURST20210704120000123.jpg"),
    ("00100lPORTRAIT_00100_BURST20190113114720157_COVER.jpg", "00000PORTRAIT_00000_BURST20190113114720157.jpg"),
    ("DSC_0001_BURST20190101120000123.JPG", "DSC_0002_BURST20190101120000123.JPG"),
    ("IMG_20190713_144554_BURST001_COVER.jpg", "IMG_20190713_144554_BURST002.jpg"),
    ("IMG_20150101_120000_BURST1.jpg", "IMG_20150101_120000_BURST12.jpg"),
    ("PXL_20210704_120000123.BURST-01.COVER.jpg", "PXL_20210704_120000123.BURST-02.jpg"),
)
NO_BURSTS = (
    ("00000IMG_00000_BURST20210704120000.jpg", "00000IMG_00000_BURST20210704120000.jpg"),
    ("00000IMG_00000_BURST20210704120000.jpg", "00000IMG_00000_BURST20210704120000(1).jpg"),
    ("00000IMG_00000_BURST20210704120000.jpg", "00001IMG_00001_BURST20210704130000.jpg"),
    ("IMG_20190713_144554_BURST001_COVER.jpg", "IMG_20190713_144554_BURST001_COVER (1).jpg"),
    ("sunburst.jpg", "starburst.jpg"),
)
EDITS = (
    *(
        ("IMG_1234.jpg", f"IMG_1234-{word}.jpg")
        for word in ("edited", "bearbeitet", "modifié", "editado", "modificato")
    ),
    *(
        ("IMG_1234.jpg", f"IMG_1234-{word}.jpg")
        for word in ("bewerkt", "redigerad", "redigeret", "edytowane", "編集済み")
    ),
    *(
        ("IMG_1234.jpg", f"IMG_1234-{word}.jpg")
        for word in ("ha editado", "editat", "EFFECTS", "muokattu", "EFFECTS-edited")
    ),
    ("IMG_1234.jpg", "IMG_1234-modifie\u0301.jpg"),
    ("IMG_1234.HEIC", "IMG_1234-edited.jpg"),
    ("IMG_1234.jpg", "img_1234-Edited(1).JPG"),
    ("IMG_1234(1).jpg", "IMG_1234-edited(1).jpg"),
    ("IMG_1234(1).jpg", "IMG_1234(1)-edited.jpg"),
    ("IMG_1234.HEIC", "IMG_E1234.JPG"),
    ("20210704_120000.jpg", "20210704_120000_edited.jpg"),
    ("20210704_120000.jpg", "20210704_120000_edit_272839472.jpg"),
    ("PXL_20210704_120000123.jpg", "PXL_20210704_120000123~2.jpg"),
    ("PXL_20210704_120000123~2.jpg", "PXL_20210704_120000123~3.jpg"),
    ("IMG_20210704_120000.jpg", "IMG_20210704_120000_mh1625392800000.jpg"),
    ("DSC_0001.NEF", "DSC_0001-Edit.tif"),
    ("DSC_0001.jpg", "DSC_0001_LI.jpg"),
    ("IMG_1234.jpg", "IMG_1234-01.jpeg"),
)
NO_EDITS = (
    ("IMG_1234.jpg", "IMG_1234(1).jpg"),
    ("IMG_1234.jpg", "IMG_1234 (2).jpg"),
    ("IMG_1234.jpg", "IMG_1234 - Copy (2).jpg"),
    ("IMG_1234.jpg", "IMG_1234 copy.jpg"),
    ("IMG_1234-edited.jpg", "IMG_1234-edited(1).jpg"),
    ("IMG_1234.jpg", "IMG_1235-edited.jpg"),
    ("IMG_1234.jpg", "IMG_1234.HEIC"),
    ("IMG_1234.jpg", "IMG_1234-01.jpg"),
    ("beach.jpg", "beach-copy.jpg"),
    ("a.jpg", "a-credited.jpg"),
)


def at(name: str, milliseconds: float, **values: object) -> Asset:
    return build_asset(name, date_time_original=NOON + timedelta(milliseconds=milliseconds), **values)


def test_names_of_bursts() -> None:
    wrong = [pair for pair in BURSTS if not has_series(tuple(map(build_asset, pair)))]
    wrong += [pair for pair in NO_BURSTS if has_series(tuple(map(build_asset, pair)))]
    assert wrong == []
    assert [shot.is_cover for name in BURSTS[1] if (shot := shot_of(name))] == [True, False]


def test_names_of_edits() -> None:
    wrong = [pair for pair in EDITS if not has_edits(tuple(map(build_asset, pair)))]
    wrong += [pair for pair in NO_EDITS if has_edits(tuple(map(build_asset, pair)))]
    assert wrong == []


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        (("IMG_1234.jpg", 0), ("IMG_1235.jpg", 1000), True),
        (("IMG_1234.jpg", 1), ("IMG_1235.jpg", 121), True),
        (("IMG_999.HEIC", 937), ("IMG_1000.jpg", 2001), True),
        (("PXL_20240503_120000123.jpg", 123), ("PXL_20240503_120000456.jpg", 456), True),
        (("IMG_20240503_115959.jpg", -1000), ("IMG_20240503_120000.jpg", 0), True),
        (("IMG_1234.jpg", 0), ("IMG_1235.jpg", 10_000), True),
        # A copy that lost its fraction of a second, or some of its digits.
        (("IMG_1234.jpg", 937), ("IMG_1235.jpg", 0), False),
        (("IMG_1234.jpg", 937), ("IMG_1235.jpg", 900), False),
        (("IMG_1234.jpg", 937), ("IMG_1235.jpg", 1000), False),
        # The same moment, and far apart, as of another zone.
        (("IMG_1234.jpg", 0), ("IMG_1235.jpg", 0), False),
        (("IMG_1234.jpg", 0), ("IMG_1235.jpg", 10_001), False),
        (("IMG_1234.jpg", 0), ("IMG_1234(1).jpg", 1000), False),
        (("IMG_1234(1).jpg", 0), ("IMG_1234(2).jpg", 1000), False),
        (("IMG_1234.jpg", 0), ("DSC_1235.jpg", 1000), False),
        (("beach.jpg", 0), ("beach-copy.jpg", 1000), False),
    ],
)
def test_running_numbers_with_times(one: tuple[str, float], other: tuple[str, float], expected: bool) -> None:
    assert has_series((at(*one), at(*other))) is expected
    assert has_series((at(*other), at(*one))) is expected


def test_without_a_date_or_as_videos_running_numbers_say_nothing() -> None:
    assert not has_series((at("IMG_1.jpg", 0), build_asset("IMG_2.jpg", date_time_original=None)))
    assert not has_series(
        (at("IMG_1.jpg", 0), build_asset("IMG_2.jpg", date_time_original=datetime(1970, 1, 1, tzinfo=NOON.tzinfo)))
    )
    assert not has_series((at("IMG_1.mp4", 0, type=AssetType.VIDEO), at("IMG_2.mp4", 1000, type=AssetType.VIDEO)))


def plan_of(*assets: Asset, **options: Any) -> Plan:
    return make_plan(build_facts(assets), DuplicatesOptions(**options))


COPIES: dict[str, tuple[tuple[str, int | None, dict[str, int]], ...]] = {
    "browser download": (("IMG_1234.jpg", 0, {}), ("IMG_1234(1).jpg", 0, {})),
    "second download": (("IMG_1234 (1).jpg", 0, {}), ("IMG_1234 (2).jpg", 0, {})),
    "file manager": (("IMG_1234.jpg", 0, {}), ("IMG_1234 - Copy.jpg", 0, {})),
    "same name": (("IMG_1234.jpg", 0, {}), ("IMG_1234.jpg", 0, {})),
    "re-export as JPEG": (("IMG_1234.PNG", 0, {}), ("IMG_1234.jpg", 0, {})),
    "re-export without fractions of a second": (("IMG_1234.jpg", 937, {}), ("IMG_1235.jpg", 0, {})),
    "re-export under another name": (("DSC_0001.jpg", 250, {}), ("holiday 17.jpg", 0, {})),
    "messenger": (("IMG_20240503_120000.jpg", 123, {}), ("IMG-20240503-WA0012.jpg", 0, {})),
    "messenger without a date": (("IMG_20240503_120000.jpg", 123, {}), ("IMG-20240503-WA0012.jpg", None, {})),
    "messenger, sent the next day": (("IMG_1234.jpg", 0, {}), ("signal-2024-05-04-120000.jpg", 86_400_000, {})),
    "resized": (("IMG_1234.jpg", 0, {}), ("IMG_1234_small.jpg", 0, {"width": 2000, "height": 1500})),
    "resized, same name": (("IMG_1234.jpg", 0, {}), ("IMG_1234.jpg", 0, {"width": 2000, "height": 1500})),
    "copy of an edit": (("IMG_1234-edited.jpg", 0, {}), ("IMG_1234-edited(1).jpg", 0, {})),
    "copy of a shot": (
        ("00000IMG_00000_BURST20210704120000.jpg", 0, {}),
        ("00000IMG_00000_BURST20210704120000(1).jpg", 0, {}),
    ),
}


def test_copies_of_one_picture_are_processed() -> None:
    """What looks for series and edits must not keep the tool from its work."""
    wrong = []
    for kind, copies in COPIES.items():
        assets = []
        for number, (name, milliseconds, values) in enumerate(copies):
            date = None if milliseconds is None else NOON + timedelta(milliseconds=milliseconds)
            own = {"id": f"{number}", "file_size": 2_000_000 - number, "date_time_original": date}
            assets.append(build_asset(name, **own, **values))
        plan = plan_of(*assets)
        if plan.skips or not any(isinstance(change.action, TrashAssets) for change in plan.changes):
            wrong.append((kind, plan.skip_counts()))
    assert wrong == []


SHOTS = (at("IMG_1.jpg", 0), at("IMG_2.jpg", 1000, file_size=2_000_000), at("IMG_3.jpg", 2000))
VERSIONS = (at("IMG_1.jpg", 0, file_size=4_000_000), at("IMG_1~2.jpg", 0), at("IMG_1~10.jpg", 0))


@pytest.mark.parametrize(
    ("assets", "option", "code", "stacked"),
    [
        (SHOTS, "bursts", "burst", ["IMG_2", "IMG_1", "IMG_3"]),
        (tuple(map(build_asset, reversed(BURSTS[1]))), "bursts", "burst", [BURSTS[1][0][:-4], BURSTS[1][1][:-4]]),
        (VERSIONS, "edits", "edit", ["IMG_1~10", "IMG_1~2", "IMG_1"]),
        ((at("IMG_1234.HEIC", 0), at("IMG_E1234.JPG", 0)), "edits", "edit", ["IMG_E1234", "IMG_1234"]),
    ],
)
def test_what_becomes_of_them(assets: tuple[Asset, ...], option: str, code: str, stacked: list[str]) -> None:
    skipped = plan_of(*assets)
    assert not skipped.changes and skipped.skip_counts() == {code: 1}
    assert f"--{option} stack" in skipped.skips[0].reason
    stack = plan_of(*assets, **{option: Related.STACK})
    assert [change.action for change in stack.changes] == [StackAssets(tuple(stacked))]
    assert [keep.asset_id for keep in stack.keeps] == stacked
    trash = plan_of(*assets, **{option: Related.DUPLICATES})
    assert [type(change.action) for change in trash.changes] == [TrashAssets]


@pytest.mark.parametrize(
    ("assets", "option", "code"),
    [
        ((*SHOTS, build_asset("IMG_1(1).jpg")), "bursts", "burst"),
        ((*SHOTS, build_asset("other.jpg")), "bursts", "burst"),
        ((*VERSIONS, build_asset("IMG_1(1).jpg")), "edits", "edit"),
        ((*VERSIONS, build_asset("other.jpg")), "edits", "edit"),
        ((SHOTS[0], at("IMG_2.jpg", 1000, stack_id="s")), "bursts", "stack"),
    ],
)
def test_what_cannot_be_stacked_as_a_whole_is_skipped(assets: tuple[Asset, ...], option: str, code: str) -> None:
    plan = plan_of(*assets, **{option: Related.STACK})
    assert not plan.changes and plan.skip_counts() == {code: 1}


names = st.sampled_from(
    [
        *(f"0000{shot}IMG_0000{shot}_BURST20210704120000.jpg" for shot in range(3)),
        *(f"IMG_{number}.jpg" for number in range(3)),
        *("IMG_1-edited.jpg", "IMG_1~2.jpg", "IMG_E1.jpg", "IMG_1(1).jpg", "other.jpg"),
    ]
)


@given(
    copies=st.lists(st.tuples(names, st.integers(0, 3)), min_size=2, max_size=4),
    bursts=st.sampled_from(Related),
    edits=st.sampled_from(Related),
)
def test_no_shot_and_no_version_goes_unless_asked_for(
    copies: list[tuple[str, int]], bursts: Related, edits: Related
) -> None:
    assets = tuple(
        at(name, 1000 * seconds, id=f"{number}", file_size=1_000_000 + number)
        for number, (name, seconds) in enumerate(copies)
    )
    plan = plan_of(*assets, bursts=bursts, edits=edits)
    by_id = {asset.id: asset for asset in assets}
    for change in plan.changes:
        if isinstance(change.action, TrashAssets):
            (kept,) = (by_id[asset_id] for asset_id in change.action.kept_ids)
            for loser in (by_id[asset_id] for asset_id in change.action.trashed_ids):
                one, other = base_and_mark(kept.original_file_name), base_and_mark(loser.original_file_name)
                assert edits is Related.DUPLICATES or one[0] != other[0] or one[1] == other[1]
                assert bursts is Related.DUPLICATES or not has_series((kept, loser))


@given(sizes=st.lists(st.integers(1, 10**8), min_size=2, max_size=2, unique=True), milliseconds=st.integers(1, 5000))
def test_reasons_never_compare_two_numbers_that_look_alike(sizes: list[int], milliseconds: int) -> None:
    by_size = plan_of(*(build_asset(f"{number}.jpg", file_size=size) for number, size in enumerate(sizes)))
    reason = by_size.changes[-1].reason.partition(": ")[2]
    lost, _instead, kept = reason.partition(" instead of ")
    assert kept and kept not in (lost, f"{lost} bytes")
    facts = build_facts((at("a.jpg", 0), at("b.jpg", milliseconds)))
    reason = make_plan(facts, DuplicatesOptions(date_tolerance=0)).changes[-1].reason
    assert "2024-05-03 12:00:00 UTC" not in reason
