"""Which albums follow a folder that was renamed or moved, and when that is left to a person."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import pytest
from attrs import evolve

from immich_tools.folder_albums import FolderAlbumsOptions, MadeAlbum, SyncMode
from immich_tools.folder_albums.facts import trace
from immich_tools.folder_albums.roots import directory
from immich_tools.immich.models import Album, Asset
from immich_tools.plan.effects.album_creation import CreateAlbum
from immich_tools.plan.effects.albums import AddToAlbum, AlbumField, SetAlbumField
from immich_tools.plan.effects.base import Action
from immich_tools.plan.model import Plan
from tests.unit.folder_albums.test_plan import ROOT, actions, album, asset, plan_of

SCHEME = FolderAlbumsOptions(root_path=(ROOT,)).scheme


def made(name: str, files: Iterable[Asset], **values: Any) -> MadeAlbum:
    """What the journals tell of an album made of these files."""
    files = list(files)
    fields: dict[str, Any] = {
        "label": name,
        "name": name,
        "asset_ids": frozenset(file.id for file in files),
        "scheme": SCHEME,
        "files": frozenset(trace(file.original_file_name, file.time_taken) for file in files),
        "folders": frozenset(directory(file.original_path) for file in files),
    }
    return MadeAlbum(**(fields | values))


def files(folder: str, *numbers: int) -> tuple[Asset, ...]:
    """Files of a folder; those of one number are the same photo."""
    return tuple(asset(f"{folder}/{number}.jpg", days=number) for number in numbers)


def plan(
    now: Iterable[Asset],
    before: dict[str, Iterable[Asset]],
    *,
    albums: Iterable[Album] | None = None,
    members: dict[str, Iterable[str]] | None = None,
    **facts: Any,
) -> Plan:
    """The plan where the tool made an album of each folder before, and of each nothing shows now, unless it is said."""
    shown = {name: frozenset((members or {}).get(name, ())) for name in before}
    known = [album(name, asset_count=len(shown[name])) for name in before] if albums is None else albums
    values: dict[str, Any] = {
        "albums": tuple(known),
        "members": shown,
        "made": {name: made(name, each) for name, each in before.items()},
    }
    return plan_of(*now, **(values | facts))


def renamed(old: str, new: str) -> Action:
    return SetAlbumField(old, old, AlbumField.NAME, before=old, after=new)


def added(name: str, *ids: str) -> list[Action]:
    return [AddToAlbum(asset_id, name, name) for asset_id in ids]


OLD = files("Old", 1, 2, 3, 4)


def test_files_of_a_moved_folder_are_other_assets_of_the_same_names_and_dates() -> None:
    found = plan(files("New", 1, 2, 3, 4), {"Old": OLD})
    assert actions(found) == [
        renamed("Old", "New"),
        *added("Old", "New/1.jpg", "New/2.jpg", "New/3.jpg", "New/4.jpg"),
    ]
    assert found.changes[0].reason == ("its folder is gone, and 4 of the 4 files of the folder of that name were in it")
    assert found.notes == ()


def test_files_that_stayed_the_same_assets() -> None:
    """Uploads that the server itself moves, where its storage template changes."""
    now = [asset(f"New/{number}.jpg", id=f"Old/{number}.jpg") for number in (1, 2)]
    before = files("Old", 1, 2)
    options = {"find_assets_in_albums": True}
    found = plan(now, {"Old": before}, members={"Old": ("Old/1.jpg", "Old/2.jpg", "by hand")}, options=options)
    assert actions(found) == [renamed("Old", "New")]


def test_names_alone_are_too_little() -> None:
    """Cameras begin to count at 1 again."""
    now = [asset(f"New/{number}.jpg", days=100 + number) for number in (1, 2, 3, 4)]
    found = plan(now, {"Old": OLD})
    assert actions(found) == [CreateAlbum("New", tuple(file.id for file in now))] and found.notes == ()


def test_names_of_files_whose_dates_are_unknown_are_too_little() -> None:
    undated = [evolve(file, local_date_time=None) for file in files("New", 1, 2, 3, 4)]
    found = plan(undated, {"Old": [evolve(file, local_date_time=None) for file in OLD]})
    assert actions(found) == [CreateAlbum("New", tuple(file.id for file in undated))]


@pytest.mark.parametrize(
    ("numbers", "follows", "told"),
    [
        pytest.param((1, 2, 3), True, False, id="most of its files, and no others"),
        pytest.param((1, 2, 3, 4, 5, 6, 7), True, False, id="all of its files, and some others"),
        pytest.param((1, 2), False, True, id="half of its files"),
        pytest.param((1, 2, 3, 4, 5, 6, 7, 8), False, True, id="all of its files, and as many others"),
        pytest.param((1, 5, 6), False, False, id="hardly any of its files"),
    ],
)
def test_most_files_of_both_must_be_the_same(numbers: tuple[int, ...], follows: bool, told: bool) -> None:
    found = plan(files("New", *numbers), {"Old": OLD})
    assert isinstance(actions(found)[0], SetAlbumField) is follows
    assert any("'Old' lost its folder" in note and "'New'" in note for note in found.notes) is told


def test_an_album_keeps_its_name_while_a_file_is_in_its_folder() -> None:
    """Then the folder was copied, whatever became of the files in the album."""
    left = asset("Old/9.jpg")
    found = plan(
        [*files("New", 1, 2, 3, 4), left],
        {"Old": OLD},
        options={"ignore": ("9.jpg",)},
    )
    assert not any(isinstance(action, SetAlbumField) for action in actions(found)) and found.notes == ()


def test_an_album_keeps_its_name_while_a_file_shows_in_it_that_was_not_read() -> None:
    found = plan(files("New", 1, 2, 3, 4), {"Old": OLD}, members={"Old": ("Old/1.jpg",)})
    assert not any(isinstance(action, SetAlbumField) for action in actions(found))


def test_what_somebody_added_by_hand_stays_with_the_album() -> None:
    found = plan(files("New", 1, 2, 3, 4), {"Old": OLD}, members={"Old": ("by hand",)})
    assert actions(found)[0] == renamed("Old", "New")


def test_without_its_members_an_album_is_not_renamed() -> None:
    known = {"Old": made("Old", OLD)}
    found = plan_of(*files("New", 1, 2, 3, 4), albums=(album("Old"),), made=known)
    assert [type(action) for action in actions(found)] == [CreateAlbum]


@pytest.mark.parametrize(
    "facts",
    [
        pytest.param({"made": {}}, id="somebody made it by hand"),
        pytest.param({"albums": (album("Summer", id="Old"),)}, id="its owner gave it another name"),
        pytest.param({"albums": (album("Old", owner_id="x"),)}, id="somebody else's"),
        pytest.param(
            {"made": {"Old": made("Old", OLD, scheme=FolderAlbumsOptions(root_path=("/else",)).scheme)}},
            id="made with other roots",
        ),
    ],
)
def test_only_what_this_tool_made_and_called_is_renamed(facts: dict[str, Any]) -> None:
    found = plan(files("New", 1, 2, 3, 4), {"Old": OLD}, **facts)
    assert [type(action) for action in actions(found)] == [CreateAlbum] and found.notes == ()


def test_two_that_fit_alike_are_left_to_a_person() -> None:
    two_albums = plan(files("New", 1, 2), {"Old": files("Old", 1, 2), "Elder": files("Elder", 1, 2)})
    assert [type(action) for action in actions(two_albums)] == [CreateAlbum]
    assert sorted(note.split("'")[1] for note in two_albums.notes) == ["Elder", "Old"]
    two_folders = plan([*files("New", 1, 2), *files("Newer", 1, 2)], {"Old": files("Old", 1, 2)})
    assert [type(action) for action in actions(two_folders)] == [CreateAlbum, CreateAlbum]
    assert len(two_folders.notes) == 2


def test_the_one_that_fits_better_follows() -> None:
    found = plan(
        files("New", 1, 2, 3),
        {"Old": files("Old", 1, 2, 3), "Part": files("Part", 1, 2)},
    )
    assert actions(found)[0] == renamed("Old", "New") and found.notes == ()


def test_a_year_is_renamed_with_the_folders_in_it() -> None:
    before: dict[str, Iterable[Asset]] = {
        "2020": [*files("2020/Rome", 1, 2, 3), *files("2020/Oslo", 4, 5)],
        "2020 Rome": files("2020/Rome", 1, 2, 3),
        "2020 Oslo": files("2020/Oslo", 4, 5),
    }
    options: dict[str, Any] = {"album_levels": "2", "also_parents": True}
    scheme = FolderAlbumsOptions(root_path=(ROOT,), **options).scheme
    found = plan(
        [*files("2021/Rome", 1, 2, 3), *files("2021/Oslo", 4, 5)],
        before,
        options=options,
        made={name: made(name, each, scheme=scheme) for name, each in before.items()},
    )
    names = [action for action in actions(found) if isinstance(action, SetAlbumField | CreateAlbum)]
    assert names == [renamed("2020", "2021"), renamed("2020 Oslo", "2021 Oslo"), renamed("2020 Rome", "2021 Rome")]
    assert found.notes == ()


def test_a_folder_of_the_same_name_elsewhere_where_folders_are_kept_apart() -> None:
    """There is nothing to rename, only to fill."""
    options: dict[str, Any] = {"album_levels": "-1", "merge": False}
    before = files("2020/Rome", 1, 2, 3)
    scheme = FolderAlbumsOptions(root_path=(ROOT,), **options).scheme
    found = plan(
        files("2021/Rome", 1, 2, 3),
        {"Rome": before},
        options=options,
        made={"Rome": made("Rome", before, label=f"{ROOT}/2020/Rome//Rome", scheme=scheme)},
    )
    assert actions(found) == added("Rome", "2021/Rome/1.jpg", "2021/Rome/2.jpg", "2021/Rome/3.jpg")
    assert found.notes == ()


def test_back_to_the_name_before() -> None:
    """The journals know both folders by then, and one of them holds the files."""
    known = made("New", OLD, folders=frozenset({f"{ROOT}/Old", f"{ROOT}/New"}))
    found = plan(files("Old", 1, 2, 3, 4), {"New": OLD}, made={"New": known})
    assert actions(found)[0] == renamed("New", "Old")


def test_an_album_that_follows_its_folder_is_not_deleted_as_empty() -> None:
    found = plan(files("New", 1, 2), {"Old": files("Old", 1, 2)}, options={"sync_mode": SyncMode.EMPTY_ALBUMS})
    assert actions(found) == [renamed("Old", "New"), *added("Old", "New/1.jpg", "New/2.jpg")]
