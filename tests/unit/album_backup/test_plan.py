"""What is copied, what takes over what, and what may go: from facts alone."""

from __future__ import annotations

from datetime import timedelta
from hashlib import sha1
from typing import Any

import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

from immich_tools.album_backup.choices import Stage
from immich_tools.album_backup.facts import LARGEST_SIDECAR, BackupFacts, ChosenAlbum, Edition, Source, Upload
from immich_tools.album_backup.options import AlbumBackupOptions
from immich_tools.album_backup.plan import make_plan, make_plans
from immich_tools.album_backup.replan import stage_of
from immich_tools.disk.content import Content
from immich_tools.immich.models import AlbumRole, AlbumUser, Broken, Exif, Library, Tag, Visibility
from immich_tools.plan.claims import FileHolds
from immich_tools.plan.effects.album_creation import CreateAlbum, DeleteAlbum
from immich_tools.plan.effects.albums import AddToAlbum, AlbumField, SetAlbumField
from immich_tools.plan.effects.assets import LinkMotionVideo, SetField, TrashAssets
from immich_tools.plan.effects.base import Change
from immich_tools.plan.effects.files import CopyFile, WriteFile
from immich_tools.plan.effects.libraries import ScanLibrary
from immich_tools.plan.fields import AssetField
from immich_tools.plan.model import Plan
from tests.unit.album_backup.build import (
    EVERYTHING,
    FINISHING,
    ME,
    OPTIONS,
    OTHER,
    ROOT,
    STRANGER,
    TAKEN,
    album,
    appeared,
    asset,
    content,
    copied,
    copy_of,
    facts,
    live,
    units,
)


def plans(known: BackupFacts, options: AlbumBackupOptions, stage: Stage) -> dict[str, Plan]:
    return {plan.user_id: plan for plan in make_plans(known, options, stage)}


def actions(plan: Plan, kind: type) -> list[Any]:
    return [change.action for change in plan.changes if isinstance(change.action, kind)]


def change(plan: Plan, kind: type) -> Change:
    (found,) = [change for change in plan.changes if isinstance(change.action, kind)]
    return found


def codes(plan: Plan) -> dict[str, str]:
    return {asset_id: skip.code for skip in plan.skips for asset_id in skip.asset_ids}


# Copying


def test_a_photo_comes_after_all_that_a_scan_must_find_with_it() -> None:
    plan = make_plan(facts(live("a", "a-motion")), OPTIONS)
    assert [change.id for change in plan.changes] == ["original:a", "motion:a", "sidecar:a"]
    assert plan.changes[0].requires == ("sidecar:a", "motion:a")
    still, motion = actions(plan, CopyFile)
    assert (still.relative, motion.relative) == ("Holiday/a.jpg", "Holiday/a.mov")
    assert (still.content, motion.content) == (content("a"), content("a-motion"))
    (sidecar,) = actions(plan, WriteFile)
    assert sidecar.relative == "Holiday/a.jpg.xmp"


def test_what_is_there_is_not_copied_again() -> None:
    known = copied(facts(live("a", "a-motion"), asset("b")), only=["a"])
    plan = make_plan(known, OPTIONS)
    assert [keep.asset_id for keep in plan.keeps] == ["a"]
    assert {change.action.assets[0] for change in plan.changes} == {"b"}


@pytest.mark.parametrize("left", [{"sidecar"}, {"motion"}, {"sidecar", "motion"}, {"original", "sidecar"}])
def test_what_a_killed_run_left_is_used(left: set[str]) -> None:
    fresh = facts(live("a", "a-motion"))
    (unit,) = units(fresh)
    present = {file.relative: file.content for file in unit.files if file.role.value in left}
    plan = make_plan(evolve(fresh, present=present), OPTIONS)
    missing = {"original", "motion", "sidecar"} - left
    assert {change.id for change in plan.changes} == {f"{role}:a" for role in missing}
    assert {action.relative for action in actions(plan, CopyFile)} <= {"Holiday/a.jpg", "Holiday/a.mov"}


def test_a_sidecar_of_another_photo_is_in_the_way() -> None:
    known = facts(asset("a"), present={"Holiday/a.jpg.xmp": Content(3, "0" * 40)})
    (copy,) = actions(make_plan(known, OPTIONS), CopyFile)
    assert copy.relative == "Holiday/a+1.jpg"


def test_a_killed_runs_sidecar_goes_with_its_own_photo() -> None:
    """The second of two photos of one name was begun; then the album got a third, which comes before both."""
    older = facts(asset("a", name="IMG.jpg"), asset("b", name="IMG.jpg"))
    (_first, second) = units(older)
    present = {file.relative: file.content for file in second.files if file.role.value == "sidecar"}
    third = asset("c", name="IMG.jpg")
    assert third.local_date_time is not None
    third = evolve(third, local_date_time=third.local_date_time - timedelta(days=1))
    known = facts(*[older.uploads[name] for name in ("a", "b")], third, present=present)
    found = {unit.id: unit for unit in units(known)}
    assert len({unit.relative for unit in found.values()}) == 3
    for unit in found.values():
        assert unit.refusal is None
        for file in unit.files:
            assert file.is_there == (present.get(file.relative) == file.content)


@pytest.mark.parametrize(
    ("upload", "code"),
    [
        (Upload(asset("a", owner=STRANGER)), "others"),
        (Upload(asset("a", visibility=Visibility.LOCKED)), "unfit"),
        (Upload(asset("a", exif=None)), "not-read-yet"),
        (Upload(asset("a", exif=Exif())), "not-read-yet"),
        (Upload(asset("a", live_photo_video_id="unseen")), "not-read-yet"),
        (Upload(asset("a"), source=Source("/data/a.jpg", "the disk reports an error")), "unreadable"),
    ],
)
def test_what_cannot_be_copied_is_left_alone_as_a_whole(upload: Upload, code: str) -> None:
    plan = make_plan(facts(upload), OPTIONS)
    assert plan.changes == () and codes(plan) == {"a": code}


BROKEN = Upload(asset("a"), sidecar=b"no XMP", sidecar_path="/data/upload/a.jpg.xmp")


def test_a_sidecar_that_cannot_be_read_is_kept_beside_a_new_one() -> None:
    plan = make_plan(facts(BROKEN), OPTIONS)
    (sidecar,) = actions(plan, WriteFile)
    original, kept = actions(plan, CopyFile)
    assert (sidecar.relative, original.relative) == ("Holiday/a.jpg.xmp", "Holiday/a.jpg")
    assert (kept.relative, kept.source) == ("Holiday/a.jpg.xmp.broken", "/data/upload/a.jpg.xmp")
    assert kept.content == Content(6, sha1(b"no XMP").hexdigest())
    (note,) = plan.notes
    assert "/data/upload/a.jpg.xmp: " in note and "cannot be read" in note
    again = make_plan(copied(facts(BROKEN)), OPTIONS)
    assert not again.changes and not again.notes and not again.skips


def test_a_sidecar_that_is_too_large_is_kept_without_having_been_read_whole() -> None:
    huge = evolve(BROKEN, sidecar=b" " * (LARGEST_SIDECAR + 1))
    _original, kept = actions(make_plan(facts(huge), OPTIONS), CopyFile)
    assert (kept.relative, kept.content, kept.size) == ("Holiday/a.jpg.xmp.broken", None, None)
    assert not make_plan(copied(facts(huge)), OPTIONS).changes


def test_a_broken_sidecar_that_came_over_the_api_is_kept_as_a_text_or_keeps_the_photo_back() -> None:
    plan = make_plan(facts(evolve(BROKEN, sidecar_path="")), OPTIONS)
    kept = {action.relative: action.text for action in actions(plan, WriteFile)}
    assert kept["Holiday/a.jpg.xmp.broken"] == "no XMP" and "/data/upload/a.jpg.xmp: " in plan.notes[0]
    for held in (b"\xff\xfe", b" " * (LARGEST_SIDECAR + 1)):
        plan = make_plan(facts(evolve(BROKEN, sidecar_path="", sidecar=held)), OPTIONS)
        assert plan.changes == () and codes(plan) == {"a": "unreadable"}


def test_an_empty_sidecar_is_replaced() -> None:
    plan = make_plan(facts(evolve(BROKEN, sidecar=b"")), OPTIONS)
    assert [change.id for change in plan.changes] == ["original:a", "sidecar:a"]
    assert "/data/upload/a.jpg.xmp is empty" in plan.notes[0]


def test_the_lines_of_a_plan_are_in_the_order_of_paths() -> None:
    uploads = [asset(name, name=f"{9 - number}.jpg") for number, name in enumerate("abcd")]
    known = facts(*uploads)
    paths = [action.relative for action in actions(make_plan(known, OPTIONS), CopyFile)]
    assert paths == sorted(paths)
    gone = actions(make_plan(appeared(known), FINISHING, Stage.FINISH), TrashAssets)
    assert [each.trashed_ids for each in gone] == [("d",), ("c",), ("b",), ("a",)]


# What Immich would not show


def library(*patterns: str) -> Library:
    return Library("library", "Archive", ME, (ROOT,), exclusion_patterns=patterns)


def test_what_an_exclusion_pattern_hides_is_not_copied() -> None:
    known = facts(asset("a"), live("b", "b-motion"), asset("c"), library=library("**/*.MOV", "**/c.*"))
    plan = make_plan(known, OPTIONS)
    assert codes(plan) == {"b": "hidden", "c": "hidden"}
    assert {change.action.assets for change in plan.changes} == {("a",)}
    assert "library 'Archive' leaves out Holiday/b.mov by its exclusion pattern **/*.MOV" in plan.skips[0].reason


def test_no_upload_goes_whose_copy_is_hidden_meanwhile() -> None:
    known = evolve(appeared(facts(asset("a"))), library=library("**/Holiday/**"))
    assert not make_plan(known, FINISHING, Stage.FINISH).changes


def test_an_androids_motion_video_is_in_its_still() -> None:
    upload = live("a", "a-motion")
    assert upload.motion is not None
    inside = evolve(upload.motion, original_path="/data/encoded-video/me/ab/cd/a-MP.mp4")
    plan = make_plan(facts(evolve(upload, motion=inside)), OPTIONS)
    assert [action.relative for action in actions(plan, CopyFile)] == ["Holiday/a.jpg"]


def test_each_users_uploads_are_in_their_own_plan() -> None:
    found = plans(facts(asset("a"), asset("b", owner=OTHER)), OPTIONS, Stage.COPY)
    assert {user: {each.action.assets[0] for each in plan.changes} for user, plan in found.items()} == {
        ME: {"a"},
        OTHER: {"b"},
    }


# The scan


def test_a_scan_is_asked_for_once_something_is_to_appear() -> None:
    known = facts(asset("a"))
    assert make_plan(known, OPTIONS, Stage.SCAN).changes == ()
    scan = change(make_plan(copied(known), OPTIONS, Stage.SCAN), ScanLibrary)
    assert scan.action == ScanLibrary("library", "Archive")
    assert make_plan(appeared(known), OPTIONS, Stage.SCAN).changes == ()


# The last stage


def test_an_upload_goes_once_its_copy_has_taken_over_everything() -> None:
    known = appeared(facts(live("a", "a-motion")), is_favorite=False)
    upload = known.uploads["a"]
    known = evolve(known, uploads={"a": evolve(upload, asset=evolve(upload.asset, is_favorite=True))})
    plan = make_plan(known, FINISHING, Stage.FINISH)
    trash = change(plan, TrashAssets)
    assert trash.action == TrashAssets(
        ("a",),
        ("copy of a",),
        claims=(
            FileHolds(ROOT, "Holiday/a.jpg", content("a").size, content("a").sha1),
            FileHolds(ROOT, "Holiday/a.mov", content("a-motion").size, content("a-motion").sha1),
        ),
    )
    favourite = change(plan, SetField)
    assert favourite.action == SetField("copy of a", AssetField.FAVORITE, before=False, after=True)
    member, link = change(plan, AddToAlbum), change(plan, LinkMotionVideo)
    assert set(trash.requires) == {favourite.id, member.id, link.id}
    # A field's job may cross the halves again.
    assert link.requires == (favourite.id,)
    assert trash.action.own_videos == ("a-motion",)


@pytest.mark.parametrize(
    ("upload_points_to", "copy_points_to", "links"),
    [
        ("a-motion", "copy of a-motion", set()),
        ("a-motion", None, {("copy of a", "copy of a-motion")}),
        ("a-motion", "a-motion", {("copy of a", "copy of a-motion")}),
        ("copy of a-motion", "copy of a-motion", {("a", "a-motion")}),
        ("copy of a-motion", "a-motion", {("a", "a-motion"), ("copy of a", "copy of a-motion")}),
        (None, "somebody's", {("a", "a-motion"), ("copy of a", "copy of a-motion")}),
    ],
)
def test_both_stills_point_to_their_own_videos_before_one_goes(
    upload_points_to: str | None, copy_points_to: str | None, links: set[tuple[str, str]]
) -> None:
    known = appeared(facts(live("a", "a-motion")), live_photo_video_id=copy_points_to)
    upload = known.uploads["a"]
    crossed = evolve(upload, asset=evolve(upload.asset, live_photo_video_id=upload_points_to))
    known = evolve(known, uploads={"a": crossed})
    plan = make_plan(known, FINISHING, Stage.FINISH)
    made = actions(plan, LinkMotionVideo)
    assert {(action.asset_id, action.after) for action in made} == links
    assert all(action.straightens for action in made)
    ids = {each.id for each in plan.changes if isinstance(each.action, LinkMotionVideo)}
    assert ids <= set(change(plan, TrashAssets).requires)


def test_a_live_photo_waits_until_its_motion_video_has_been_read() -> None:
    known = appeared(facts(live("a", "a-motion")))
    path = f"{ROOT}/Holiday/a.mov"
    for motion in (None, evolve(known.imported[path], exif=None), evolve(known.imported[path], is_offline=True)):
        imported = {name: each for name, each in known.imported.items() if name != path}
        waiting = evolve(known, imported=imported if motion is None else imported | {path: motion})
        plan = make_plan(waiting, FINISHING, Stage.FINISH)
        assert plan.changes == () and codes(plan) == {"a": "not-appeared"}


def test_an_upload_whose_own_video_is_not_found_is_not_copied() -> None:
    crossed = evolve(live("a", "a-motion"), motion=None, is_crossed=True)
    plan = make_plan(facts(crossed), OPTIONS)
    assert plan.changes == () and "motion video of another copy" in plan.skips[0].reason


def test_the_copy_becomes_the_cover_of_albums_whose_cover_goes() -> None:
    best = album("best", "Best of", thumbnail_asset_id="a")
    seen = evolve(album("seen", "Seen", owner=OTHER), thumbnail_asset_id="a")
    known = appeared(facts(asset("a")))
    visible = {ME: {**known.visible[ME], "best": best, "seen": seen}}
    known = evolve(known, visible=visible, holders={"a": frozenset({"best", "seen"})})
    plan = make_plan(known, FINISHING, Stage.FINISH)
    cover = change(plan, SetAlbumField)
    assert cover.action == SetAlbumField("best", "Best of", AlbumField.THUMBNAIL, before="a", after="copy of a")
    member = next(
        each.id for each in plan.changes if isinstance(each.action, AddToAlbum) and each.action.album_id == "best"
    )
    assert cover.requires == (member,) and cover.id in change(plan, TrashAssets).requires
    assert make_plan(known, OPTIONS, Stage.FINISH).changes == ()


def test_copies_are_not_shown_twice_in_albums_whose_uploads_stay() -> None:
    plan = make_plan(appeared(facts(asset("a"))), OPTIONS, Stage.FINISH)
    assert plan.changes == ()


@pytest.mark.parametrize(
    ("of_copy", "field"),
    [
        ({"exif": Exif(description="another")}, "description"),
        ({"exif": Exif(rating=2)}, "rating"),
        ({"exif": Exif(file_size=1)}, "size"),
        ({"exif": Exif(date_time_original=TAKEN + timedelta(hours=1))}, "date"),
    ],
)
def test_an_upload_stays_whose_copy_says_something_else(of_copy: dict[str, Any], field: str) -> None:
    known = appeared(facts(asset("a")), **of_copy)
    upload = known.uploads["a"]
    assert upload.asset.exif is not None
    told = evolve(upload.asset.exif, description="At the beach", rating=4)
    known = evolve(known, uploads={"a": evolve(upload, asset=evolve(upload.asset, exif=told))})
    plan = make_plan(known, FINISHING, Stage.FINISH)
    assert not actions(plan, TrashAssets)
    assert codes(plan) == {"a": "differs"} and field in plan.skips[0].reason


def test_blanks_around_a_description_do_not_keep_an_upload() -> None:
    """No sidecar carries them."""
    known = appeared(facts(asset("a")), exif=Exif(file_size=content("a").size, description="At the beach"))
    upload = known.uploads["a"]
    assert upload.asset.exif is not None
    told = evolve(upload.asset.exif, description="At the beach \n")
    known = evolve(known, uploads={"a": evolve(upload, asset=evolve(upload.asset, exif=told))})
    plan = make_plan(known, FINISHING, Stage.FINISH)
    assert actions(plan, TrashAssets) and codes(plan) == {}


def test_an_upload_stays_whose_edited_version_was_not_copied() -> None:
    edited = Upload(asset("a", is_edited=True), edition=Edition(5, ".jpg"))
    plan = make_plan(appeared(facts(edited)), FINISHING, Stage.FINISH)
    assert not actions(plan, TrashAssets)
    assert codes(plan) == {"a": "differs"} and "--edited" in plan.skips[0].reason
    options = evolve(FINISHING, edited=True)
    known = appeared(facts(edited), options)
    known = evolve(known, present={**known.present, "Holiday/a-edited.jpg": Content(5, "0" * 40)})
    known = evolve(known, imported={f"{ROOT}/Holiday/a.jpg": copy_of(edited.asset, f"{ROOT}/Holiday/a.jpg")})
    waiting = make_plan(known, options, Stage.FINISH)
    assert not actions(waiting, TrashAssets)
    assert codes(waiting) == {"a": "not-appeared"} and "a-edited.jpg" in waiting.skips[0].reason
    edition = evolve(copy_of(edited.asset, f"{ROOT}/Holiday/a-edited.jpg"), id="edition of a")
    known = evolve(known, imported={**known.imported, edition.original_path: edition})
    (trash,) = actions(make_plan(known, options, Stage.FINISH), TrashAssets)
    assert FileHolds(ROOT, "Holiday/a-edited.jpg", 5, "0" * 40) in trash.claims


def test_an_upload_stays_for_an_album_that_its_copy_cannot_go_into() -> None:
    known = appeared(facts(asset("a")))
    theirs = album("theirs", "Theirs", OTHER, role=AlbumRole.VIEWER)
    known = evolve(
        known,
        visible={**known.visible, ME: {**known.visible[ME], "theirs": theirs}},
        holders={**known.holders, "a": frozenset({"holiday", "theirs"})},
    )
    plan = make_plan(known, FINISHING, Stage.FINISH)
    assert codes(plan) == {"a": "differs"} and "albums" in plan.skips[0].reason


def test_copies_go_into_an_album_that_stays_for_another_upload() -> None:
    """Else it would lose the photos whose uploads go."""
    known = appeared(facts(asset("a"), asset("b")))
    path = f"{ROOT}/Holiday/b.jpg"
    other = evolve(known.imported[path], exif=Exif(file_size=1, date_time_original=asset("b").file_created_at))
    known = evolve(known, imported={**known.imported, path: other})
    plan = make_plan(known, evolve(FINISHING, delete_album=True), Stage.FINISH)
    assert not actions(plan, DeleteAlbum)
    (trash,) = actions(plan, TrashAssets)
    assert trash.trashed_ids == ("a",)
    assert AddToAlbum("copy of a", "holiday", "Holiday") in actions(plan, AddToAlbum)


@pytest.mark.parametrize(
    "imported", [{"exif": None}, {"is_trashed": True}, {"is_offline": True}], ids=lambda each: next(iter(each))
)
def test_an_upload_stays_whose_copy_has_not_appeared(imported: dict[str, Any]) -> None:
    plan = make_plan(appeared(facts(asset("a")), **imported), EVERYTHING, Stage.FINISH)
    assert plan.changes == () and codes(plan) == {"a": "not-appeared"}


def test_a_stack_goes_as_a_whole() -> None:
    stack = ("a", "b")
    both = [Upload(asset(name, stack_id="s"), stack=stack) for name in stack]
    one = make_plan(appeared(facts(both[0])), FINISHING, Stage.FINISH)
    assert codes(one) == {"a": "stacked"} and not actions(one, TrashAssets)
    all_of_it = make_plan(appeared(facts(*both)), FINISHING, Stage.FINISH)
    assert [action.trashed_ids for action in actions(all_of_it, TrashAssets)] == [stack]


def test_the_album_is_made_again_with_everything_about_it() -> None:
    chosen = ChosenAlbum(
        album(
            description="by the sea",
            order="asc",
            is_activity_enabled=False,
            thumbnail_asset_id="b",
            users=(AlbumUser(OTHER, AlbumRole.VIEWER),),
        ),
        ("a", "b", "x"),
    )
    external = asset("x", library_id="another")
    known = appeared(facts(asset("a"), asset("b"), albums=[chosen], external={"x": external}))
    plan = make_plan(known, EVERYTHING, Stage.FINISH)
    made = change(plan, CreateAlbum)
    assert made.action == CreateAlbum(
        *("Holiday", ("copy of a", "copy of b", "x"), "by the sea", (f"{OTHER}=viewer",), "asc"),
        is_activity_enabled=False,
        thumbnail_asset_id="copy of b",
    )
    deleted = change(plan, DeleteAlbum)
    trashed = {each.id for each in plan.changes if isinstance(each.action, TrashAssets)}
    assert set(deleted.requires) == {made.id, *trashed}
    assert all(made.id in each.requires for each in plan.changes if each.id in trashed)


def test_an_album_that_an_earlier_run_made_is_filled_up() -> None:
    known = appeared(facts(asset("a"), asset("b")))
    made = album("made")
    known = evolve(
        known,
        visible={**known.visible, ME: {**known.visible[ME], "made": made}},
        rebuilt={"made": frozenset({"copy of a"}), "holiday": frozenset({"a", "b"})},
    )
    plan = make_plan(known, EVERYTHING, Stage.FINISH)
    assert not actions(plan, CreateAlbum)
    assert actions(plan, AddToAlbum) == [AddToAlbum("copy of b", "made", "Holiday")]


@pytest.mark.parametrize(
    ("changes", "word", "advice"),
    [
        ({"has_shared_link": True}, "link", True),
        ({"owner_id": STRANGER}, "Cleo", False),
    ],
)
def test_an_album_stays_with_which_something_would_be_lost(changes: dict[str, Any], word: str, advice: bool) -> None:
    chosen = ChosenAlbum(album(**changes), ("a",))
    plan = make_plan(appeared(facts(asset("a"), albums=[chosen])), EVERYTHING, Stage.FINISH)
    assert not actions(plan, DeleteAlbum)
    assert [skip.code for skip in plan.skips] == ["album-stays"] and word in plan.skips[0].reason
    assert ("--delete-album-anyway" in plan.skips[0].reason) is advice


def test_an_album_stays_for_members_that_were_left_out_unless_that_is_allowed() -> None:
    known = appeared(facts(asset("a"), asset("b", owner=STRANGER)))
    assert not actions(make_plan(known, EVERYTHING, Stage.FINISH), DeleteAlbum)
    anyway = evolve(EVERYTHING, delete_album_anyway=True)
    assert actions(make_plan(known, anyway, Stage.FINISH), DeleteAlbum)


def test_nobody_deletes_an_album_of_which_nothing_was_copied() -> None:
    chosen = ChosenAlbum(album(), ("x",))
    known = facts(albums=[chosen], external={"x": asset("x", library_id="another")})
    anyway = evolve(EVERYTHING, delete_album_anyway=True)
    plan = make_plan(known, anyway, Stage.FINISH)
    assert plan.changes == ()
    assert "nothing of it was copied" in plan.skips[0].reason and "--delete-album-anyway" not in plan.skips[0].reason


def test_others_let_go_of_their_uploads_when_the_copies_have_everything() -> None:
    known = appeared(facts(asset("a"), asset("b", owner=OTHER)), is_favorite=False)
    upload = known.uploads["b"]
    known = evolve(known, uploads={**known.uploads, "b": evolve(upload, asset=evolve(upload.asset, is_favorite=True))})
    first = plans(known, EVERYTHING, Stage.FINISH)
    assert OTHER not in first and not actions(first[ME], DeleteAlbum)
    assert [action.asset_id for action in actions(first[ME], SetField)] == ["copy of b"]

    path = f"{ROOT}/Holiday/b.jpg"
    done = evolve(known.imported[path], is_favorite=True)
    made = album("made")
    known = evolve(
        known,
        imported={**known.imported, path: done},
        visible={**known.visible, ME: {**known.visible[ME], "made": made}},
        rebuilt={"made": frozenset({"copy of a", "copy of b"})},
    )
    second = plans(known, EVERYTHING, Stage.FINISH)
    (trash,) = actions(second[OTHER], TrashAssets)
    assert (trash.trashed_ids, trash.kept_ids) == (("b",), ()) and len(trash.claims) == 1
    assert not actions(second[ME], DeleteAlbum)


def test_a_copy_shows_where_its_upload_did() -> None:
    known = appeared(facts(asset("a", visibility=Visibility.ARCHIVE)), visibility=Visibility.TIMELINE)
    (shown,) = actions(make_plan(known, OPTIONS, Stage.FINISH), SetField)
    assert (shown.field, shown.after) == (AssetField.VISIBILITY, Visibility.ARCHIVE)


def test_where_the_library_is_another_users_their_part_comes_first() -> None:
    known = appeared(facts(asset("a")), owner=OTHER)
    first = plans(known, EVERYTHING, Stage.FINISH)
    assert first[ME].changes == ()
    (made,) = actions(first[OTHER], CreateAlbum)
    assert (made.asset_ids, made.shares) == (("copy of a",), (f"{ME}=editor",))

    again = album("made", owner=OTHER)
    seen = {"holiday": known.visible[OTHER]["holiday"], "made": again}
    known = evolve(known, visible={**known.visible, OTHER: seen}, rebuilt={"made": frozenset({"copy of a"})})
    second = plans(known, EVERYTHING, Stage.FINISH)
    assert OTHER not in second
    trash, deleted = change(second[ME], TrashAssets), change(second[ME], DeleteAlbum)
    assert trash.action.kept_ids == () and deleted.requires == (trash.id,)  # type: ignore[attr-defined]


def test_tags_of_others_must_have_come_with_the_sidecar() -> None:
    tag = Tag("places/france", "t1")
    tagged = asset("b", owner=OTHER, tags=(tag,))
    without = plans(appeared(facts(tagged), tags=()), FINISHING, Stage.FINISH)
    assert codes(without[OTHER]) == {"b": "differs"}
    with_tag = appeared(facts(tagged), tags=(Tag("places/france", "t2"),))
    with_tag = evolve(with_tag, holders={**with_tag.holders, "copy of b": frozenset({"holiday"})})
    assert actions(plans(with_tag, FINISHING, Stage.FINISH)[OTHER], TrashAssets)


# Whatever the facts

names = st.sampled_from(["IMG_1.jpg", "IMG_2.jpg", "img_1.JPG"])


@st.composite
def situations(draw: st.DrawFn) -> BackupFacts:
    """Albums of own, others' and external members, of which some are copied, and some of those have appeared."""
    uploads = []
    for number in range(draw(st.integers(0, 5))):
        owner = draw(st.sampled_from([ME, OTHER, STRANGER]))
        name = draw(names)
        one: Upload = live(f"{number}", f"{number}-motion") if draw(st.booleans()) else Upload(asset(f"{number}"))
        changes: dict[str, Any] = {"owner_id": owner, "original_file_name": name, "is_favorite": draw(st.booleans())}
        motion = None if one.motion is None else evolve(one.motion, owner_id=owner)
        uploads.append(evolve(one, asset=evolve(one.asset, **changes), motion=motion))
    ids = [each.asset.id for each in uploads]
    external = {"x": asset("x", library_id="another")} if draw(st.booleans()) else {}
    member = st.sampled_from([*ids, *external]) if ids or external else st.nothing()
    chosen = [
        ChosenAlbum(
            album(f"album {number}", draw(st.sampled_from(["Holiday", "Best"])), has_shared_link=draw(st.booleans())),
            tuple(sorted(draw(st.sets(member)))),
        )
        for number in range(draw(st.integers(1, 2)))
    ]
    known = facts(*uploads, albums=chosen, external=external)
    known = evolve(
        known,
        holders={
            name: frozenset(each.album.id for each in chosen if name in each.member_ids) for name in [*ids, *external]
        },
    )
    full = appeared(known, is_favorite=draw(st.booleans()))
    present = {path: held for path, held in full.present.items() if draw(st.integers(0, 5))}
    imported = {path: each for path, each in full.imported.items() if draw(st.integers(0, 4))}
    return evolve(known, present=present, imported=imported)


@given(situations(), st.booleans(), st.booleans(), st.booleans())
def test_nothing_goes_without_proof(known: BackupFacts, rebuilds: bool, deletes: bool, anyway: bool) -> None:
    options = evolve(FINISHING, rebuild_album=rebuilds, delete_album=deletes or anyway, delete_album_anyway=anyway)
    for user, plan in plans(known, options, Stage.FINISH).items():
        by_id = {each.id: each for each in plan.changes}
        for each in plan.changes:
            assert set(each.requires) <= by_id.keys()
            if not isinstance(each.action, TrashAssets):
                continue
            (name,) = each.action.trashed_ids
            upload = known.uploads[name]
            assert upload.asset.owner_id == user
            claimed = {(claim.size, claim.sha1) for claim in each.action.claims if isinstance(claim, FileHolds)}
            files = [name, *([] if upload.motion is None else [upload.motion.id])]
            assert claimed == {(content(file).size, content(file).sha1) for file in files}
            assert all(known.present[claim.relative] == claim.content for claim in each.action.claims)  # type: ignore[union-attr]
            if user == ME:
                assert each.action.kept_ids == (f"copy of {name}",)
            if user == ME and not options.delete_album and not rebuilds:
                given = {
                    by_id[needed].action.album_id  # type: ignore[attr-defined]
                    for needed in each.requires
                    if isinstance(by_id[needed].action, AddToAlbum)
                }
                assert given == known.holders[name]
        for deletion in (each for each in plan.changes if isinstance(each.action, DeleteAlbum)):
            trashed = {name for name in deletion.requires if isinstance(by_id[name].action, TrashAssets)}
            (chosen,) = [each for each in known.albums if each.album.id == deletion.action.album_id]  # type: ignore[attr-defined]
            gone = {name for each in trashed for name in by_id[each].action.assets}
            copied_ids = {each.id.removeprefix("copy of ") for each in known.imported.values()}
            assert not copied_ids.isdisjoint(chosen.member_ids)
            left = set(chosen.member_ids) - gone - known.external.keys()
            assert anyway or (not left and not chosen.album.has_shared_link)


@given(situations())
def test_every_member_is_accounted_for(known: BackupFacts) -> None:
    found = make_plans(known, OPTIONS, Stage.COPY)
    kept = [keep.asset_id for plan in found for keep in plan.keeps]
    skipped = [name for plan in found for skip in plan.skips for name in skip.asset_ids]
    copied_ids = {each.id.partition(":")[2] for plan in found for each in plan.changes}
    everything = sorted([*kept, *skipped, *copied_ids])
    assert everything == sorted({name for chosen in known.albums for name in chosen.member_ids})
    targets = [
        action.path
        for plan in found
        for action in (each.action for each in plan.changes)
        if isinstance(action, CopyFile | WriteFile)
    ]
    assert len(set(targets)) == len(targets)
    assert not {path.removeprefix(f"{ROOT}/") for path in targets} & known.present.keys()


@given(situations(), st.randoms(use_true_random=False), st.sampled_from(list(Stage)))
def test_the_same_facts_give_the_same_plans_in_any_order(known: BackupFacts, chance: Any, stage: Stage) -> None:
    def shuffled(mapping: Any) -> Any:
        items = list(mapping.items())
        chance.shuffle(items)
        return dict(items)

    other = evolve(
        known,
        **{name: shuffled(getattr(known, name)) for name in ("uploads", "external", "present", "imported", "holders")},
    )
    assert make_plans(other, EVERYTHING, stage) == make_plans(known, EVERYTHING, stage)


@given(situations(), st.sampled_from(list(Stage)))
def test_a_saved_plan_tells_its_stage(known: BackupFacts, stage: Stage) -> None:
    for plan in make_plans(known, EVERYTHING, stage):
        assert not plan.changes or stage_of(plan) is stage


def test_no_upload_and_no_album_goes_where_the_server_failed_to_list_an_asset() -> None:
    known = appeared(facts(asset("a")))
    options = evolve(FINISHING, delete_album=True)
    removals = (TrashAssets, DeleteAlbum)
    assert any(isinstance(change.action, removals) for change in make_plan(known, options, Stage.FINISH).changes)
    unseen = evolve(known, unlisted=(Broken(1, TAKEN, TAKEN, Visibility.TIMELINE),))
    plan = make_plan(unseen, options, Stage.FINISH)
    assert not any(isinstance(change.action, removals) for change in plan.changes)
    assert "unseen" in {skip.code for skip in plan.skips}
