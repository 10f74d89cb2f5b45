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
)
from immich_tools.folder_albums.walk import read_files
from immich_tools.paths import PathMap
from immich_tools.plan.actions import AddToAlbum
from immich_tools.plan.album_actions import CreateAlbum, DeleteAlbum
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
