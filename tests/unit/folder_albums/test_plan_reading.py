"""What is read for a plan: ``.albumprops`` files from the disk, journals of earlier runs, and files and albums from a server."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from immich_tools import Immich
from immich_tools.errors import UsageError
from immich_tools.folder_albums import (
    Folder,
    FolderAlbumsOptions,
    Mode,
    SyncMode,
    ThumbnailChoice,
    UpdateMode,
    gather,
    make_plan,
    replan,
)
from immich_tools.folder_albums.made import made_albums
from immich_tools.folder_albums.walk import read_files
from immich_tools.paths import PathMap
from immich_tools.plan.effects.album_creation import CreateAlbum, DeleteAlbum
from immich_tools.plan.effects.albums import AddToAlbum
from immich_tools.plan.execute import apply
from immich_tools.plan.journal import runs
from immich_tools.plan.undo import undo_plan
from immich_tools.sandbox import Dialect, Sandbox

ROOT = "/ext/lib"


def test_files_of_folders_and_of_those_above(tmp_path: Path) -> None:
    deep = tmp_path / "A" / "x"
    deep.mkdir(parents=True)
    (tmp_path / ".albumprops").write_text("description: root\n")
    (tmp_path / "A" / ".albumprops").write_text("inherit: true\n")
    (deep / ".albumprops").write_text("descripton: slip\n")
    (tmp_path / "B").mkdir()
    (tmp_path / "B" / ".albumprops").write_text("description: not asked for\n")
    found = read_files([Folder(ROOT, ("A", "x")), Folder(ROOT, ("gone",))], PathMap({ROOT: str(tmp_path)}))
    assert set(found.files) == {ROOT, f"{ROOT}/A"}
    assert found.files[ROOT].description == "root"
    assert list(found.broken) == [f"{ROOT}/A/x"] and "did you mean 'description'" in found.broken[f"{ROOT}/A/x"]
    assert len(found.warnings) == 1


def test_a_root_that_is_not_on_this_computer(tmp_path: Path) -> None:
    found = read_files([Folder(ROOT, ("A",))], PathMap({ROOT: str(tmp_path / "missing")}))
    assert not found.files and "--map" in found.warnings[0]


def test_names_as_macs_write_them_and_names_no_file_can_have(tmp_path: Path) -> None:
    decomposed = tmp_path / "Mu\u0308nchen"
    decomposed.mkdir()
    (decomposed / ".albumprops").write_text("description: Isar\n")
    odd = [Folder(ROOT, (name,)) for name in ("\x00", "\ud800", "x" * 5000, "..")]
    found = read_files([Folder(ROOT, ("M\u00fcnchen",)), *odd], PathMap({ROOT: str(tmp_path)}))
    assert {path: said.description for path, said in found.files.items()} == {f"{ROOT}/M\u00fcnchen": "Isar"}
    assert list(found.broken) == [f"{ROOT}/{'x' * 5000}"]


class Library:
    """A server with an external library, and the journals of runs on it."""

    def __init__(self, dialect: Dialect, folder: Path) -> None:
        self.sandbox = Sandbox(dialect)
        self.journals = folder / "journals"
        self.library = self.sandbox.add_library("photos", [ROOT])
        self.ids = {path: self.add(path) for path in ("2020/a.jpg", "2020/b.jpg", "2021/c.jpg")}
        partner = self.sandbox.add_user("dad", "dad@example.com")
        self.add("2020/partner.jpg", owner_id=partner.id)
        self.sandbox.add_partner(partner.id, self.sandbox.admin.id)
        self.immich = Immich.connect(self.sandbox.url, self.sandbox.admin_key, transport=self.sandbox.transport())

    def add(self, path: str, **values: Any) -> str:
        name = path.rpartition("/")[2]
        fields = {"original_path": f"{ROOT}/{path}", "original_file_name": name, "library_id": self.library} | values
        return str(self.sandbox.add_asset(**fields))

    def move(self, path: str, to: str) -> None:
        """Move a file; the server makes another asset of it, and puts the old one into the trash as missing (2.3.1, 3.1.0)."""
        self.lose(path)
        self.ids[to] = self.add(to)

    def lose(self, path: str) -> None:
        """Take a file off the disk."""
        asset = self.sandbox.state.assets[self.ids.pop(path)]
        asset.is_offline, asset.deleted_at = True, self.sandbox.state.now()

    def plan(self, **options: Any) -> Any:
        chosen = FolderAlbumsOptions(**({"root_path": (ROOT,)} | options))
        return make_plan(gather(self.immich, chosen, journal_folder=self.journals), chosen)

    def run(self, **options: Any) -> list[Any]:
        plan = self.plan(**options)
        plan.apply(self.immich, journal_folder=self.journals)
        return [change.action for change in plan.changes]


@pytest.fixture(params=list(Dialect), ids=lambda dialect: dialect.name)
def library(request: pytest.FixtureRequest, tmp_path: Path) -> Library:
    """The library in either dialect."""
    return Library(request.param, tmp_path)


def test_a_second_run_finds_nothing_to_do(library: Library) -> None:
    options: dict[str, Any] = {"set_album_thumbnail": ThumbnailChoice.RANDOM_ALL, "share_with": ("dad",)}
    first = library.run(**options)
    assert [action.name for action in first if isinstance(action, CreateAlbum)] == ["2020", "2021"]
    again = library.plan(**options)
    assert again.changes == () and again.notes == ()
    update = library.plan(
        **options, find_assets_in_albums=True, update_album_props_mode=UpdateMode.SHARING, sync_removals=True
    )
    assert update.changes == () and len(update.keeps) == 3


def test_a_new_file_is_added_and_what_the_tool_made_is_cleaned_up(library: Library) -> None:
    library.run()
    new = library.add("2020/d.jpg")
    assert [(type(action), action.asset_id) for action in library.run(sync_mode=SyncMode.OFFLINE_ASSETS)] == [
        (AddToAlbum, new)
    ]
    deleted = library.run(mode=Mode.CLEANUP)
    assert [(type(action), action.name) for action in deleted] == [(DeleteAlbum, "2020"), (DeleteAlbum, "2021")]
    assert library.plan(mode=Mode.DELETE_ALL, root_path=()).changes == ()


def test_a_wrong_root_is_found_out_even_when_everything_is_in_albums(library: Library) -> None:
    library.run()
    plan = library.plan(root_path=("/mnt/lib",))
    assert plan.changes == () and "Did you mean /ext/lib?" in plan.notes[0]


def test_nothing_is_read_without_a_root(library: Library) -> None:
    before = len(library.sandbox.requests)
    with pytest.raises(UsageError, match="--root-path is missing"):
        gather(library.immich, FolderAlbumsOptions())
    assert len(library.sandbox.requests) == before


@pytest.mark.parametrize("everything", [False, True])
def test_the_album_of_a_renamed_folder_is_renamed_once(library: Library, everything: bool) -> None:
    options: dict[str, Any] = {"find_assets_in_albums": everything}
    library.run(**options)
    before = {album.name: album.id for album in library.immich.albums.all()}
    library.move("2020/a.jpg", "Rome/a.jpg")
    library.move("2020/b.jpg", "Rome/b.jpg")
    renamed, *others = library.run(**options)
    assert (renamed.album_id, renamed.after) == (before["2020"], "Rome")
    assert {action.asset_id for action in others} == {library.ids["Rome/a.jpg"], library.ids["Rome/b.jpg"]}
    assert library.plan(**options).changes == ()
    library.move("Rome/a.jpg", "2020/a.jpg")
    library.move("Rome/b.jpg", "2020/b.jpg")
    assert library.run(**options)[0].after == "2020"


def test_an_album_is_empty_once_its_files_are_gone_permanently(library: Library) -> None:
    library.run()
    lost = library.ids["2021/c.jpg"]
    library.lose("2021/c.jpg")
    plan = library.plan(sync_mode=SyncMode.EMPTY_ALBUMS)
    assert plan.changes == () and "'2021'" in plan.notes[0]
    library.sandbox.state.remove_asset(library.sandbox.state.assets[lost], delete_files=False)
    (deleted,) = library.run(sync_mode=SyncMode.EMPTY_ALBUMS)
    assert isinstance(deleted, DeleteAlbum) and deleted.name == "2021"


def test_an_album_of_a_removed_folder_is_deleted_with_what_an_undo_needs(library: Library) -> None:
    library.run(set_album_thumbnail=ThumbnailChoice.FIRST, share_with=("dad",))
    lost = library.ids["2021/c.jpg"]
    library.lose("2021/c.jpg")
    (deleted,) = library.run(sync_mode=SyncMode.OFFLINE_ASSETS)
    assert (deleted.name, deleted.asset_ids, deleted.trashed_ids) == ("2021", (), (lost,))
    assert deleted.thumbnail_asset_id == lost
    (made_again,) = deleted.inverse()
    assert (made_again.asset_ids, made_again.thumbnail_asset_id, made_again.shares) == ((lost,), lost, deleted.shares)
    assert len(deleted.shares) == 1


def test_an_album_that_an_undo_made_again_is_still_the_tool_s(library: Library) -> None:
    library.run()
    deleted = library.plan(mode=Mode.CLEANUP)
    deleted.apply(library.immich, journal_folder=library.journals)
    past = runs(library.journals)[-1]
    assert past.plan.counts() == {"delete-album": 2}
    apply(undo_plan(past, library.immich), library.immich, journal_folder=library.journals, undoes=past.id)
    made = made_albums(library.journals, library.immich.me.id)
    assert {album.id for album in library.immich.albums.all()} <= made.keys()


def test_a_saved_plan_is_made_again_with_the_same_journals(library: Library) -> None:
    library.run()
    saved = library.plan(mode=Mode.CLEANUP)
    again = replan(library.immich, saved, journal_folder=library.journals)
    assert again.changes == saved.changes and {change.reason for change in again.changes} == {"made by this tool"}


@pytest.mark.parametrize("admin", [True, False])
def test_a_root_of_which_only_the_libraries_tell(tmp_path: Path, admin: bool) -> None:
    """Only an administrator's key may ask for these; with any other there is less to go by."""
    sandbox = Sandbox(Dialect.V3)
    sandbox.add_library("photos", ["/external/photos"])
    user_id = sandbox.admin.id if admin else sandbox.add_user("kid", "kid@example.com").id
    immich = Immich.connect(sandbox.url, sandbox.add_key(user_id), transport=sandbox.transport())
    options = FolderAlbumsOptions(root_path=("D:\\Family\\Photos",))
    (note,) = make_plan(gather(immich, options, journal_folder=tmp_path), options).notes
    assert "No file lies under the root D:/Family/Photos." in note
    assert ("Did you mean /external/photos?" in note) is admin
