"""What belongs together, and what of it is left."""

from __future__ import annotations

from random import Random

import pytest

from immich_tools.disk.findings import FileState
from immich_tools.missing_originals.records import AssetRecord, RecordSource
from immich_tools.missing_originals.units import Bond, Survivor, Unit, units_of
from tests.unit.missing_originals.build import RENAMED, UNKNOWN, asset_id, facts, record


def units(*records: AssetRecord, missing: tuple[int, ...], **values: object) -> list[Unit]:
    given = facts(*records, missing=missing, **values)
    return units_of(records, given.state, given.sidecars_of)


STILL, VIDEO = record(1, "/data/upload/a/1.heic", video=2), record(2, "/data/upload/a/1.mov")
WITH_SIDECAR = record(3, "/data/upload/a/3.jpg", sidecar_path="/data/upload/a/3.jpg.xmp")
FIRST, SECOND = record(4, "/data/upload/a/4.jpg", stack=50), record(5, "/data/upload/a/5.jpg", stack=50)
GONE = RENAMED.__class__(FileState.MISSING)


@pytest.mark.parametrize(
    ("records", "missing", "survivors"),
    [
        ((record(1),), (1,), []),
        ((STILL, VIDEO), (1, 2), []),
        ((STILL, VIDEO), (1,), [Survivor(VIDEO.path, Bond.MOTION_VIDEO, True)]),
        ((STILL, VIDEO), (2,), [Survivor(STILL.path, Bond.STILL, True)]),
        ((WITH_SIDECAR,), (3,), [Survivor("/data/upload/a/3.jpg.xmp", Bond.SIDECAR, True)]),
        ((FIRST, SECOND), (4,), [Survivor(SECOND.path, Bond.STACK, True)]),
        ((FIRST, SECOND), (4, 5), []),
        ((STILL,), (1,), [Survivor(f"of asset {asset_id(2)}", Bond.MOTION_VIDEO, False)]),
    ],
)
def test_what_is_left_of_a_unit(
    records: tuple[AssetRecord, ...], missing: tuple[int, ...], survivors: list[Survivor]
) -> None:
    (unit,) = units(*records, missing=missing)
    assert unit.members == records
    assert [each.id for each in unit.missing] == [asset_id(number) for number in missing]
    assert list(unit.survivors) == survivors
    assert all(each.fate().count("{") == 0 for each in unit.survivors)


def test_a_sidecar_that_is_missing_as_well_does_not_survive() -> None:
    (unit,) = units(WITH_SIDECAR, missing=(3,), findings={"/data/upload/a/3.jpg.xmp": GONE})
    assert unit.survivors == ()


@pytest.mark.parametrize(("finding", "is_certain"), [(UNKNOWN, False), (RENAMED, True)])
def test_what_may_be_there_survives(finding: object, is_certain: bool) -> None:
    (unit,) = units(STILL, VIDEO, missing=(1,), findings={VIDEO.path: finding})
    assert unit.survivors == (Survivor(VIDEO.path, Bond.MOTION_VIDEO, is_certain),)


def test_a_source_that_does_not_tell_sidecars_has_their_usual_places_looked_at() -> None:
    plain = record(1, "/data/upload/a/1.jpg")
    (unit,) = units(plain, missing=(1,), source=RecordSource.API)
    assert {each.path for each in unit.survivors} == {"/data/upload/a/1.jpg.xmp", "/data/upload/a/1.xmp"}
    (unit,) = units(
        plain,
        missing=(1,),
        source=RecordSource.API,
        findings=dict.fromkeys([each.path for each in unit.survivors], GONE),
    )
    assert unit.survivors == ()


def test_stacks_and_motion_videos_join_over_several_assets() -> None:
    records = [
        record(1, video=2, stack=50),
        record(2),
        record(3, stack=50),
        record(4, video=2),
        record(5, video=6),
        record(6),
        record(7),
    ]
    Random(5).shuffle(records)
    found = units(*records, missing=(3, 6, 7))
    assert [[each.id for each in unit.members] for unit in found] == [
        [asset_id(number) for number in numbers] for numbers in ((1, 2, 3, 4), (5, 6), (7,))
    ]


def test_units_that_are_complete_are_not_told() -> None:
    assert units(STILL, VIDEO, record(7), missing=(7,))[0].members == (record(7),)
