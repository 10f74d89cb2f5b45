"""What becomes of each asset, case by case."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from attrs import evolve

from immich_tools.disk.findings import MISSING, PRESENT, Finding
from immich_tools.immich.models import Album, AlbumRole, Asset, Broken, MissingFile, Report, Tag, Visibility
from immich_tools.missing_originals.facts import MissingFacts
from immich_tools.missing_originals.memory import Memory, Trashed
from immich_tools.missing_originals.options import MissingOriginalsOptions
from immich_tools.missing_originals.plan import make_plan, stopped_by
from immich_tools.missing_originals.records import AssetRecord, RecordSource
from immich_tools.plan.claims import FilesMissing
from immich_tools.plan.effects.albums import AddToAlbum
from immich_tools.plan.effects.assets import RestoreAssets, SetField, TrashAssets
from immich_tools.plan.effects.tags import AddTag
from immich_tools.plan.fields import AssetField
from immich_tools.plan.model import Plan
from tests.unit.missing_originals.build import (
    ME,
    NOON,
    OTHER,
    RENAMED,
    TODAY,
    UNKNOWN,
    UPLOAD,
    asset,
    asset_id,
    changed,
    facts,
    record,
    reported,
    still_missing,
)

ONE = record(1)
ONE_MORE = record(2)
MOVED = record(1, name="IMG.jpg")
EXTERNAL = record(2, "/ext/IMG.jpg", library_id="lib")


def trashed(plan: Plan) -> list[tuple[str, ...]]:
    return [change.action.trashed_ids for change in plan.changes if isinstance(change.action, TrashAssets)]


def restored(plan: Plan) -> list[tuple[str, ...]]:
    return [change.action.restored_ids for change in plan.changes if isinstance(change.action, RestoreAssets)]


def ids(*numbers: int) -> tuple[str, ...]:
    return tuple(map(asset_id, numbers))


def code_of(plan: Plan, number: int) -> str:
    (code,) = (skip.code for skip in plan.skips if asset_id(number) in skip.asset_ids)
    return code


def reason_of(plan: Plan, number: int) -> str:
    (reason,) = (skip.reason for skip in plan.skips if asset_id(number) in skip.asset_ids)
    return reason


def test_a_missing_original_goes_to_the_trash() -> None:
    plan = make_plan(facts(ONE, missing=(1,)))
    (change,) = plan.changes
    assert change.action == TrashAssets(ids(1), claims=(still_missing(ONE.path),))
    assert (change.id, change.requires, change.reason) == (f"trash:{asset_id(1)}", (), "its file is missing")
    assert plan.labels[asset_id(1)].path == ONE.path
    assert stopped_by(plan) is None


@pytest.mark.parametrize(
    ("given", "options", "code", "words"),
    [
        pytest.param(facts(ONE, findings={ONE.path: RENAMED}), {}, "renamed", "/mnt/IMG.JPG", id="renamed"),
        pytest.param(facts(ONE, findings={ONE.path: UNKNOWN}), {}, "unknown", "does not answer", id="unknown"),
        pytest.param(
            facts(ONE, missing=(1,), proven=frozenset({"/ext"})), {}, "unknown", "not proven", id="root not proven"
        ),
        pytest.param(
            facts(record(1, is_trashed=True), missing=(1,)), {}, "already-trashed", "in the trash", id="in the trash"
        ),
        pytest.param(
            facts(record(1, owner_id=OTHER), missing=(1,)), {}, "foreign-owner", OTHER, id="owner without a key"
        ),
        pytest.param(
            facts(record(1, owner_id=OTHER), missing=(1,), accounts=frozenset({ME, OTHER})),
            {},
            "other-account",
            OTHER,
            id="owner with another key",
        ),
        pytest.param(
            facts(record(1, visibility=Visibility.LOCKED), missing=(1,)), {}, "locked", "locked folder", id="locked"
        ),
        pytest.param(
            facts(record(1, visibility=Visibility.UNKNOWN), missing=(1,)), {}, "locked", "", id="visibility not known"
        ),
        pytest.param(
            facts(EXTERNAL, missing=(2,)), {}, "external", "--include-external", id="external library"
        ),
        pytest.param(facts(ONE, missing=(1,), report=reported("/x")), {}, "server-disagrees", "report", id="report"),
        pytest.param(facts(ONE, missing=(1,)), {"grace_runs": 2}, "grace", "1 of the 2 runs", id="first run of two"),
        pytest.param(
            facts(ONE, missing=(1,), memory=Memory(missing={asset_id(1): 1})),
            {"grace_runs": 3},
            "grace",
            "2 of the 3 runs",
            id="second run of three",
        ),
    ],
)  # fmt: skip
def test_what_is_left_alone(given: MissingFacts, options: dict[str, Any], code: str, words: str) -> None:
    plan = make_plan(given, MissingOriginalsOptions(**options))
    number = 2 if EXTERNAL in given.records else 1
    assert plan.changes == ()
    assert code_of(plan, number) == code
    assert words in reason_of(plan, number)


@pytest.mark.parametrize(
    ("given", "options"),
    [
        (facts(EXTERNAL, missing=(2,)), {"include_external": True, "max_missing_ratio": 1.0}),
        (facts(record(2), missing=(2,), report=reported(record(2).path)), {}),
        (facts(record(2), missing=(2,), memory=Memory(missing={asset_id(2): 2})), {"grace_runs": 3}),
        (facts(record(2, visibility=Visibility.ARCHIVE), missing=(2,)), {}),
        (facts(record(2, visibility=Visibility.HIDDEN), missing=(2,)), {}),
    ],
)
def test_what_goes_all_the_same(given: MissingFacts, options: dict[str, Any]) -> None:
    assert trashed(make_plan(given, MissingOriginalsOptions(**options))) == [ids(2)]


STILL = record(1, "/data/upload/a/1.heic", video=2)
VIDEO = record(2, "/data/upload/a/1.mov", visibility=Visibility.HIDDEN)
STACKED = (record(3, stack=50), record(4, stack=50))
SIDECAR = record(5, sidecar_path="/data/upload/5.xmp")


@pytest.mark.parametrize(
    ("records", "missing", "gone", "fate"),
    [
        ((STILL, VIDEO), (1,), (1,), "deletes the motion video /data/upload/a/1.mov"),
        ((STILL, VIDEO), (2,), (2,), "1.heic loses its motion video for good"),
        (STACKED, (3,), (3,), "of the same stack may vanish from the timeline"),
        ((SIDECAR,), (5,), (5,), "deletes the sidecar /data/upload/5.xmp"),
    ],
)
def test_of_a_unit_that_is_not_missing_as_a_whole_nothing_goes_unless_asked_for(
    records: tuple[AssetRecord, ...], missing: tuple[int, ...], gone: tuple[int, ...], fate: str
) -> None:
    given = facts(*records, missing=missing)
    plan = make_plan(given)
    assert plan.changes == ()
    assert code_of(plan, gone[0]) == "partial" and fate in reason_of(plan, gone[0])
    (change,) = make_plan(given, MissingOriginalsOptions(include_partial=True)).changes
    assert isinstance(change.action, TrashAssets) and change.action.trashed_ids == ids(*gone)
    assert fate in change.reason


def test_a_unit_that_is_missing_goes_as_a_whole() -> None:
    plan = make_plan(facts(STILL, VIDEO, *STACKED, missing=(1, 2, 3, 4)))
    assert trashed(plan) == [ids(1, 2), ids(3, 4)]
    assert [len(change.reason.split("\n")) for change in plan.changes] == [2, 2]


def test_what_was_not_asked_for_stays_out_of_its_unit() -> None:
    plan = make_plan(facts(STILL, missing=(1,), siblings=(VIDEO,), findings={VIDEO.path: MISSING}))
    assert trashed(plan) == [ids(1)]


@pytest.mark.parametrize("options", [{}, {"include_partial": True}])
@pytest.mark.parametrize(
    "given",
    [
        facts(STILL, VIDEO, missing=(1,), findings={VIDEO.path: UNKNOWN}),
        facts(STILL, missing=(1,)),
        facts(SIDECAR, missing=(5,), findings={"/data/upload/5.xmp": UNKNOWN}),
    ],
    ids=["a part of which nothing is known", "a part that was not read", "a sidecar of which nothing is known"],
)
def test_where_a_part_may_be_there_the_unit_is_left_alone(given: MissingFacts, options: dict[str, Any]) -> None:
    plan = make_plan(given, MissingOriginalsOptions(**options))
    assert plan.changes == ()
    assert "partial" in plan.skip_counts()


def test_one_locked_asset_keeps_its_unit() -> None:
    locked = changed(VIDEO, visibility=Visibility.LOCKED)
    plan = make_plan(facts(STILL, locked, missing=(1, 2)))
    assert plan.changes == () and code_of(plan, 1) == code_of(plan, 2) == "locked"


def test_a_guard_stops_everything_but_what_comes_back() -> None:
    records = tuple(record(number) for number in range(1, 21))
    back = record(50, is_trashed=True)
    given = facts(*records, missing=tuple(range(1, 21)), trashed=(back,))
    plan = make_plan(given)
    assert restored(plan) == [ids(50)]
    assert plan.skip_counts()["guard"] == 1
    assert "20 missing of 120 originals of /data/upload are 16.7 %" in (stopped_by(plan) or "")
    assert any("20 missing of 120" in note for note in plan.notes)
    assert len(trashed(make_plan(given, MissingOriginalsOptions(max_missing_ratio=0.2)))) == 20
    assert stopped_by(make_plan(given, MissingOriginalsOptions(max_missing_ratio=0.2, max_missing=19)))


def test_a_small_disk_that_is_lost_trips_the_guard_of_its_own() -> None:
    small = tuple(record(number, f"/ext/{number}.jpg") for number in range(1, 4))
    assert "of /ext are 66.7 %" in (stopped_by(make_plan(facts(*small, missing=(1, 2)))) or "")


def test_what_earlier_runs_trashed_counts() -> None:
    earlier = Memory({f"x{number}": Trashed(TODAY - timedelta(days=1), f"{UPLOAD}/{number}") for number in range(10)})
    given = facts(record(1), record(2), missing=(1, 2), memory=earlier)
    assert "2 missing and 10 trashed by earlier runs of 112" in (stopped_by(make_plan(given)) or "")
    assert trashed(make_plan(given, MissingOriginalsOptions(window=0))) == [ids(1), ids(2)]


def test_what_is_back_is_restored_and_what_is_not_stays() -> None:
    back, gone = record(50, is_trashed=True), record(51, is_trashed=True)
    given = facts(trashed=(back, gone), findings={gone.path: MISSING})
    plan = make_plan(given)
    assert restored(plan) == [ids(50)]
    assert code_of(plan, 51) == "already-trashed"
    kept = make_plan(given, MissingOriginalsOptions(restore=False))
    assert kept.changes == () and "--restore" in reason_of(kept, 50)


@pytest.mark.parametrize(
    ("back", "code"),
    [
        (record(50, is_trashed=True, owner_id=OTHER), "foreign-owner"),
        (record(50, is_trashed=True, visibility=Visibility.LOCKED), "locked"),
    ],
)
def test_what_no_key_reaches_is_not_restored(back: AssetRecord, code: str) -> None:
    plan = make_plan(facts(trashed=(back,)))
    assert plan.changes == () and code_of(plan, 50) == code


def test_what_somebody_restored_is_looked_at_as_any_other() -> None:
    assert trashed(make_plan(facts(ONE, missing=(1,), trashed=(ONE,)))) == [ids(1)]


ALBUM, SHARED = Album("al-1", "Holiday", ME, AlbumRole.OWNER), Album("al-2", "Theirs", OTHER, AlbumRole.VIEWER)
BEACH = Tag("beach", "t-1")
SOURCE = asset(1, MOVED.path, description="By the sea", rating=4, is_favorite=True)
TARGET = asset(2, EXTERNAL.path, library_id="lib")


def moved(**values: Any) -> MissingFacts:
    """An upload in an album, with a tag, whose file was moved to an external library."""
    fields: dict[str, Any] = {
        "moved": {asset_id(1): asset_id(2)},
        "details": {asset_id(1): SOURCE, asset_id(2): TARGET},
        "albums": (ALBUM, SHARED),
        "members": {"al-1": frozenset(ids(1)), "al-2": frozenset()},
        "tags": {asset_id(1): frozenset({BEACH}), asset_id(2): frozenset()},
    }
    return facts(MOVED, missing=(1,), **(fields | values))


def test_what_was_moved_hands_everything_over_before_it_goes() -> None:
    plan = make_plan(moved())
    *transfers, removal = plan.changes
    new = asset_id(2)
    assert {change.action for change in transfers} == {
        AddToAlbum(new, "al-1", "Holiday"),
        AddTag(new, "t-1", "beach"),
        SetField(new, AssetField.DESCRIPTION, "", "By the sea"),
        SetField(new, AssetField.RATING, None, 4),
        SetField(new, AssetField.FAVORITE, before=False, after=True),
    }
    assert removal.action == TrashAssets(ids(1), kept_ids=(new,), claims=(still_missing(MOVED.path),))
    assert set(removal.requires) == {change.id for change in transfers}
    assert {change.group for change in plan.changes} == {asset_id(1)}
    assert "/ext/IMG.jpg" in removal.reason


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"details": {asset_id(1): SOURCE}}, "could not be read"),
        ({"tags": {asset_id(1): frozenset()}}, "could not be read"),
        ({"details": {asset_id(1): evolve(SOURCE, exif=None), asset_id(2): TARGET}}, "could not be read"),
        ({"details": {asset_id(1): SOURCE, asset_id(2): evolve(TARGET, owner_id=OTHER)}}, "somebody else"),
        ({"details": {asset_id(1): SOURCE, asset_id(2): evolve(TARGET, library_id=None)}}, "cannot take anything over"),
        ({"details": {asset_id(1): SOURCE, asset_id(2): evolve(TARGET, is_offline=True)}}, "in the trash or offline"),
        ({"details": {asset_id(1): SOURCE, asset_id(2): evolve(TARGET, is_trashed=True)}}, "in the trash or offline"),
        ({"findings": {EXTERNAL.path: MISSING}}, "in the trash or offline"),
        ({"members": {"al-1": frozenset(), "al-2": frozenset(ids(1))}}, "only view the shared album 'Theirs'"),
        (
            {"details": {asset_id(1): SOURCE, asset_id(2): asset(2, "/ext/IMG.jpg", library_id="lib", description="Elsewhere")}},
            "says something else: description",
        ),
        ({"moved": {asset_id(1): asset_id(2), asset_id(7): asset_id(2)}}, "several assets"),
        # The asset there is missing and moved itself, so it is about to go.
        ({"moved": {asset_id(1): asset_id(2), asset_id(2): asset_id(7)}}, "several assets"),
        (
            {"details": {asset_id(1): SOURCE, asset_id(2): evolve(TARGET, visibility=Visibility.HIDDEN)}},
            "is the video of a live photo",
        ),
    ],
)  # fmt: skip
def test_what_cannot_hand_everything_over_stays(values: dict[str, Any], words: str) -> None:
    plan = make_plan(moved(**values))
    assert plan.changes == ()
    assert code_of(plan, 1) == "moved-incomplete" and words in reason_of(plan, 1)


LEFT_BEHIND = f"{MOVED.path}.xmp"


@pytest.mark.parametrize("state", [PRESENT, UNKNOWN])
@pytest.mark.parametrize("source", RecordSource)
def test_a_sidecar_left_behind_is_no_part_once_its_content_is_carried_over(
    state: Finding, source: RecordSource
) -> None:
    """Immich writes it at the first edit, and whoever moves a picture by hand leaves it where it is."""
    findings = {MOVED.path: MISSING, f"{MOVED.path[:-4]}.xmp": MISSING} | (
        {} if state is PRESENT else {LEFT_BEHIND: state}
    )
    edited = changed(MOVED, sidecar_path=LEFT_BEHIND)
    given = evolve(moved(), source=source, findings=findings)
    given = evolve(given, records=tuple(edited if each.id == edited.id else each for each in given.records))
    *transfers, removal = make_plan(given).changes
    assert transfers and set(removal.requires) == {change.id for change in transfers}
    assert removal.action.assets == ids(1)
    lost = make_plan(evolve(given, moved={}))
    assert lost.changes == () and code_of(lost, 1) == "partial"


def test_a_sidecar_with_a_date_of_its_own_stays_a_part() -> None:
    """A transfer overwrites no date, so the sidecar is the only place that has it."""

    def dated(each: Asset, days: int) -> Asset:
        assert each.exif is not None
        return evolve(each, exif=evolve(each.exif, date_time_original=NOON + timedelta(days=days)))

    edited = changed(MOVED, sidecar_path=LEFT_BEHIND)
    records = (edited, record(9_000), record(9_001))
    for days, is_partial in ((0, False), (1, True)):
        details = {asset_id(1): dated(SOURCE, 0), asset_id(2): dated(TARGET, days)}
        plan = make_plan(moved(details=details, records=records), ALL)
        assert bool(trashed(plan)) is not is_partial
        assert not is_partial or code_of(plan, 1) == "partial"


def test_a_viewed_album_that_the_asset_there_is_in_already_is_no_obstacle() -> None:
    plan = make_plan(moved(members={"al-1": frozenset(), "al-2": frozenset(ids(1, 2))}))
    assert trashed(plan) == [ids(1)]


def test_the_motion_video_of_what_was_moved_goes_along() -> None:
    still, video = changed(MOVED, live_photo_video_id=asset_id(3)), record(3, visibility=Visibility.HIDDEN)
    hidden = {"visibility": Visibility.HIDDEN}
    details = {
        asset_id(1): SOURCE,
        asset_id(2): TARGET,
        asset_id(3): asset(3, video.path, **hidden),
        asset_id(4): asset(4, "/ext/IMG.mov", library_id="lib", **hidden),
    }
    given = moved(details=details, moved={asset_id(1): asset_id(2), asset_id(3): asset_id(4)}, records=(still, video))
    removal = make_plan(evolve(given, findings={still.path: MISSING, video.path: MISSING}), ALL).changes[-1]
    assert removal.action == TrashAssets(ids(1, 3), kept_ids=ids(2), claims=(still_missing(still.path, video.path),))


ALL = MissingOriginalsOptions(max_missing_ratio=1.0)


@pytest.mark.parametrize("source", RecordSource)
def test_a_motion_video_may_be_that_of_a_locked_photo_which_the_api_does_not_tell(source: RecordSource) -> None:
    video = record(1, visibility=Visibility.HIDDEN)
    plan = make_plan(facts(video, missing=(1,), source=source))
    assert trashed(plan) == ([] if source is RecordSource.API else [ids(1)])
    still = record(2, video=1)
    sidecars = {
        path: MISSING for each in (video, still) for path in (f"{each.path}.xmp", each.path.replace(".jpg", ".xmp"))
    }
    plan = make_plan(facts(video, still, missing=(1, 2), findings=sidecars, source=source))
    assert trashed(plan) == [ids(1, 2)], "it is known whose it is"


def test_roots_that_are_not_proven_are_told() -> None:
    plan = make_plan(facts(ONE, proven=frozenset()))
    assert any("/data/upload is not proven" in note for note in plan.notes)


def test_what_is_alike_is_told_together() -> None:
    lost = tuple(record(number) for number in range(1, 500))
    plan = make_plan(facts(*lost, findings={each.path: UNKNOWN for each in lost}))
    assert [(skip.code, len(skip.asset_ids)) for skip in plan.skips] == [("unknown", 499)]


def test_what_is_there_is_only_counted() -> None:
    plan = make_plan(facts(record(1, f"/data/library/{ME}/1.jpg"), ONE_MORE, missing=(2,)))
    assert not plan.skips
    assert plan.notes == ("/data/library: 1 of 1 original is there.", "/data/upload: 100 of 101 originals are there.")


def test_sidecars_that_are_missing_are_looked_for_again_as_well() -> None:
    path = "/data/upload/5.xmp"
    (change,) = make_plan(facts(SIDECAR, missing=(5,), findings={path: MISSING})).changes
    assert change.action == TrashAssets(ids(5), claims=(still_missing(SIDECAR.path, path),))


def test_files_are_looked_for_again_where_they_are_here() -> None:
    options = MissingOriginalsOptions(map=("/data=/mnt/photos",))
    (change,) = make_plan(facts(ONE, missing=(1,)), options).changes
    assert isinstance(change.action, TrashAssets)
    (claim,) = change.action.claims
    assert isinstance(claim, FilesMissing)
    assert claim.paths == (ONE.path.replace("/data", "/mnt/photos"),) and claim.server_paths == (ONE.path,)
    assert claim.root.folder == "/mnt/photos/upload" and claim.root.witnesses == ("/mnt/photos/upload/witness.jpg",)


@pytest.mark.parametrize(
    ("each", "witnesses"),
    [
        (record(2, "/data/upload//x/2.jpg"), {UPLOAD: (f"{UPLOAD}/1.jpg",)}),
        (record(2, "/data/upload/./2.jpg"), {UPLOAD: (f"{UPLOAD}/1.jpg",)}),
        (record(2), {}),
    ],
    ids=["a path with two slashes", "a path with a dot", "nothing to prove the disk by"],
)
def test_what_cannot_be_looked_for_again_neither_goes_nor_comes(
    each: AssetRecord, witnesses: dict[str, tuple[str, ...]]
) -> None:
    plan = make_plan(facts(each, missing=(2,), witnesses=witnesses))
    assert plan.changes == () and code_of(plan, 2) == "unknown"
    plan = make_plan(facts(trashed=(changed(each, is_trashed=True),), witnesses=witnesses))
    assert plan.changes == () and code_of(plan, 2) == "unknown"


def test_undoing_a_restore_takes_the_same_proof_as_any_removal() -> None:
    back = record(50, is_trashed=True)
    (change,) = make_plan(facts(trashed=(back,))).changes
    assert change.action.inverse() == (TrashAssets(ids(50), claims=(still_missing(back.path),)),)


def test_the_only_file_of_a_disk_is_never_trashed_again() -> None:
    back = record(50, is_trashed=True)
    (change,) = make_plan(facts(trashed=(back,), witnesses={UPLOAD: (back.path,)})).changes
    (removal,) = change.action.inverse()
    assert isinstance(removal, TrashAssets)
    (claim,) = removal.claims
    assert isinstance(claim, FilesMissing) and claim.paths == claim.root.witnesses


def test_the_plan_says_whether_the_servers_report_was_used_and_how_old_it_is() -> None:
    cases = [
        (None, None),
        (reported(ONE.path), f"was used; its newest entry is of {TODAY - timedelta(days=1)}, 1 day old."),
        (Report((MissingFile(ONE.path),), was_read=True), "was used; it does not say how old it is."),
        (Report(was_read=True), "was not used: it is empty, as it is before the server's first check."),
        (Report(reason="Immich 2.3.1 has none"), "was not used: Immich 2.3.1 has none."),
    ]
    for report, words in cases:
        notes = [note for note in make_plan(facts(ONE, missing=(1,), report=report)).notes if "report" in note]
        assert notes == ([] if words is None else [f"The server's report of missing files {words}"])


def test_a_report_that_was_not_read_or_is_empty_keeps_nothing_from_the_trash() -> None:
    for report in (Report(reason="no permission"), Report(was_read=True)):
        assert trashed(make_plan(facts(ONE, missing=(1,), report=report))) == [ids(1)]


def test_nothing_is_trashed_where_the_server_failed_to_list_an_asset() -> None:
    unlisted = (Broken(1, NOON, NOON, Visibility.TIMELINE),)
    plan = make_plan(facts(ONE, missing=(1,), unlisted=unlisted))
    assert plan.changes == ()
    assert code_of(plan, 1) == "unseen"
    assert any("1 change is left out" in note for note in plan.notes)
