"""Which albums go with a removed folder: the disk must be proven to be there, and nothing but missing files may be in the album."""

from __future__ import annotations

from typing import Any

import pytest
from attrs import evolve

from immich_tools.errors import GuardTripped
from immich_tools.folder_albums import (
    FolderAlbumsOptions,
    FolderFacts,
    MadeAlbum,
    ShownFolder,
    SyncMode,
    check_guards,
    make_plan,
)
from immich_tools.folder_albums.facts import trace
from immich_tools.immich.models import Album, AlbumRole, AlbumUser, Asset, Version
from immich_tools.plan.effects.album_creation import CreateAlbum, DeleteAlbum
from immich_tools.plan.guards import Guards
from immich_tools.plan.model import Plan
from tests.unit.folder_albums.test_plan import ME, ROOT, album, asset


def missing(path: str, **values: Any) -> Asset:
    """A file that the server did not find on the disk: it is offline and in the trash, never one without the other."""
    return asset(path, is_trashed=True, is_offline=True, **values)


SHOWN = (ShownFolder(f"{ROOT}/B", "lib", 10),)
GONE = album("A", asset_count=0, users=(AlbumUser("u-dad", AlbumRole.EDITOR),), description="Pizza", order="asc")
OPTIONS = FolderAlbumsOptions(root_path=(ROOT,), sync_mode=SyncMode.OFFLINE_ASSETS)


def facts(
    *files: Asset,
    options: FolderAlbumsOptions = OPTIONS,
    albums: tuple[Album, ...] = (GONE,),
    made: dict[str, MadeAlbum] | None = None,
    shown: tuple[ShownFolder, ...] = SHOWN,
    **values: Any,
) -> FolderFacts:
    """Album ``A``, which the tool made and which shows nothing, holds the files."""
    known = {"A": MadeAlbum("A", "A", scheme=options.scheme)} if made is None else made
    return FolderFacts(
        user_id=ME,
        server_version=Version(2, 3, 1),
        population=1000,
        albums=albums,
        made=known,
        dormant={"A": files},
        shown=shown,
        **values,
    )


def deleted(plan: Plan) -> list[str]:
    return [change.action.name for change in plan.changes if isinstance(change.action, DeleteAlbum)]


def test_the_album_of_a_removed_folder_is_deleted_and_an_undo_makes_it_again() -> None:
    files = (missing("A/2.jpg"), missing("A/1.jpg"))
    known = {"A": MadeAlbum("A", "A", scheme=OPTIONS.scheme, thumbnail_asset_id="A/2.jpg")}
    plan = make_plan(facts(*files, made=known), OPTIONS)
    (change,) = plan.changes
    assert isinstance(change.action, DeleteAlbum)
    assert change.action.trashed_ids == ("A/1.jpg", "A/2.jpg") and "2 files are missing" in change.reason
    assert change.action.inverse() == (
        CreateAlbum("A", ("A/1.jpg", "A/2.jpg"), "Pizza", ("u-dad=editor",), "asc", None, "A/2.jpg", replaces="A"),
    )
    assert not plan.removed()


TWO_ROOTS = FolderAlbumsOptions(root_path=(ROOT, "/ext/other"), sync_mode=SyncMode.OFFLINE_ASSETS)


@pytest.mark.parametrize(
    ("files", "changes", "options", "reason"),
    [
        ([missing("A/1.jpg")], {"made": {}}, OPTIONS, "this tool did not make them"),
        ([missing("A/1.jpg")], {"albums": (evolve(GONE, name="My A"),)}, OPTIONS, "renamed since"),
        ([asset("A/1.jpg", is_trashed=True)], {}, OPTIONS, "in the trash, not missing"),
        ([missing("A/1.jpg"), asset("A/2.jpg", is_trashed=True, library_id=None)], {}, OPTIONS, "other than missing"),
        ([missing("A/1.jpg"), missing("A/2.jpg", owner_id="dad")], {}, OPTIONS, "other than missing"),
        ([missing("A/1.jpg"), asset("A/1.mov")], {}, OPTIONS, "other than missing"),
        ([missing("A/1.jpg"), missing("/elsewhere/A/2.jpg")], {}, OPTIONS, "outside of the roots"),
        ([missing("A/1.jpg")], {"shown": ()}, OPTIONS, f"nothing shows below the root {ROOT}"),
        (
            [missing("A/1.jpg")],
            {"shown": (ShownFolder("/ext/library2/B", "lib"),)},
            OPTIONS,
            "nothing shows below the root",
        ),
        ([missing("A/1.jpg")], {}, TWO_ROOTS, "nothing shows below the root /ext/other"),
        ([missing("A/1.jpg", library_id="lib-2")], {}, OPTIONS, "no other file of their library"),
        ([missing("A/1.jpg")], {"import_paths": (f"{ROOT}/A", f"{ROOT}/B")}, OPTIONS, f"nothing shows below {ROOT}/A"),
        (
            [missing("A/1.jpg")],
            {"shown": (*SHOWN, ShownFolder(f"{ROOT}/A", "lib"))},
            OPTIONS,
            "still shows other files",
        ),
        (
            [missing("A/1.jpg")],
            {"shown": (*SHOWN, ShownFolder(f"{ROOT}/A/x/y", None))},
            OPTIONS,
            "still shows other files",
        ),
        (
            [missing("A/x/1.jpg")],
            {"shown": (*SHOWN, ShownFolder(f"{ROOT}/A/y", "lib"))},
            OPTIONS,
            "still shows other files",
        ),
        (
            [missing("A/1.jpg")],
            {},
            evolve(OPTIONS, sync_mode=SyncMode.EMPTY_ALBUMS),
            "in the trash, or missing on the disk (--sync-mode 2)",
        ),
    ],
)
def test_an_album_stays_where_a_removed_folder_is_not_proven(
    files: list[Asset], changes: dict[str, Any], options: FolderAlbumsOptions, reason: str
) -> None:
    plan = make_plan(facts(*files, options=options, **changes), options)
    assert deleted(plan) == []
    assert any(reason in note and "A'" in note for note in plan.notes), plan.notes


@pytest.mark.parametrize(
    ("files", "changes", "options"),
    [
        ([missing("A/1.jpg"), asset("A/2.jpg", is_trashed=True)], {}, OPTIONS),
        ([missing("A/1.jpg")], {"albums": (evolve(GONE, name="My A"),)}, evolve(OPTIONS, include_foreign=True)),
        ([missing("A/1.jpg")], {"import_paths": (ROOT, "/elsewhere")}, OPTIONS),
        ([missing("A/1.jpg")], {"shown": (*SHOWN, ShownFolder("/ext/other/B", None))}, TWO_ROOTS),
        ([missing("A/x/1.jpg"), missing("A/y/2.jpg")], {}, OPTIONS),
        ([missing("Mu\u0308nchen/1.jpg")], {}, OPTIONS),
    ],
)
def test_an_album_goes_where_a_removed_folder_is_proven(
    files: list[Asset], changes: dict[str, Any], options: FolderAlbumsOptions
) -> None:
    assert len(deleted(make_plan(facts(*files, options=options, **changes), options))) == 1


def test_an_album_whose_folder_may_have_been_renamed_stays() -> None:
    known = MadeAlbum(
        "A",
        "A",
        scheme=OPTIONS.scheme,
        files=frozenset(trace(f"{number}.jpg", missing("A/1.jpg").time_taken) for number in range(1, 4)),
        folders=frozenset({f"{ROOT}/A"}),
    )
    found = [missing(f"A/{number}.jpg") for number in range(1, 4)]
    moved = [asset(f"{folder}/{number}.jpg") for folder in ("C", "D") for number in range(1, 4)]
    plan = make_plan(facts(*found, made={"A": known}, assets=tuple(moved)), OPTIONS)
    assert deleted(plan) == []
    assert any("may have been renamed" in note for note in plan.notes), plan.notes


@pytest.mark.parametrize(
    ("count", "guards", "flag"),
    [
        (10, Guards(), None),
        (11, Guards(), "--max-ratio"),
        (11, Guards(max_ratio=0.6), None),
        (3, Guards(max_removed=2), "--max-removed"),
        (3, Guards(max_removed=3), None),
        (1, Guards(max_ratio=0), "--max-ratio"),
    ],
)
def test_albums_of_too_many_missing_files_stop_the_run(count: int, guards: Guards, flag: str | None) -> None:
    """Ten files show below the root; how many the user owns elsewhere does not matter."""
    found = facts(*(missing(f"A/{number}.jpg") for number in range(count)))
    plan = make_plan(found, OPTIONS)
    assert deleted(plan) == ["A"]
    if flag is None:
        check_guards(plan, found, OPTIONS, guards)
    else:
        with pytest.raises(GuardTripped, match=f"Nothing was changed.*{flag}"):
            check_guards(plan, found, OPTIONS, guards)


def test_a_plan_without_such_albums_trips_no_guard() -> None:
    found = facts(missing("A/1.jpg"), shown=())
    check_guards(make_plan(found, OPTIONS), found, OPTIONS, Guards(max_removed=0, max_ratio=0))
