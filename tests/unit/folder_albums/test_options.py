"""Options: what is refused, in one line; what a saved plan keeps of them; and how flags and the older container's variables are read."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Annotated, Any

import pytest
from cyclopts import Parameter

from immich_tools.errors import UsageError
from immich_tools.folder_albums import (
    FolderAlbumsOptions,
    Mode,
    ShareRole,
    SortOrder,
    SyncMode,
    ThumbnailChoice,
    UpdateMode,
)
from immich_tools.immich.models import Visibility
from immich_tools.settings import Surroundings, make_app, run
from immich_tools.settings.documents import from_document, to_document

EVERYTHING: dict[str, Any] = {
    "root_path": ("/a", "/b"),
    "mode": Mode.CLEANUP,
    "album_levels": "-3,-1",
    "album_separator": "",
    "album_name_post_regex": ("x+", r"'(\d)' '\1'"),
    "merge": False,
    "path_filter": ("2020/**",),
    "path_filter_regex": (".*",),
    "ignore": ("Feb",),
    "ignore_regex": ("x",),
    "library": ("11111111-1111-4111-8111-111111111111",),
    "find_assets_in_albums": True,
    "share_with": ("dad", "mom=editor"),
    "share_role": ShareRole.EDITOR,
    "album_order": SortOrder.ASCENDING,
    "set_album_thumbnail": ThumbnailChoice.RANDOM_FILTERED,
    "comments_and_likes": False,
    "visibility": Visibility.ARCHIVE,
    "update_album_props_mode": UpdateMode.SHARING,
    "read_album_properties": True,
    "map": ("/a=/mnt/a",),
    "tag": True,
    "sync_mode": SyncMode.OFFLINE_ASSETS,
}


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"root_path": ("",)}, "--root-path is empty"),
        ({"root_path": ("/a/../b",)}, "without '..'"),
        ({"album_levels": "0"}, "no level 0"),
        ({"album_levels": "3,1"}, "did you mean 1,3?"),
        ({"album_levels": "-1,1"}, "same side"),
        ({"album_levels": "1.5"}, "give a whole number"),
        ({"album_name_post_regex": ("(",)}, "is no regular expression"),
        ({"album_name_post_regex": (r"'a' '\1'",)}, "is no replacement"),
        ({"album_name_post_regex": ("'a",)}, "a quote is not closed"),
        ({"path_filter": ("[z-a]/**",)}, "--path-filter"),
        ({"ignore_regex": ("(",)}, "--ignore-regex"),
        ({"share_with": ("dad=owner",)}, "'owner' is no role"),
        ({"share_with": ("=viewer",)}, "name or address is missing"),
        ({"library": (" ",)}, "--library has an empty entry"),
        ({"visibility": Visibility.LOCKED}, "locked folder"),
        ({"visibility": Visibility.TIMELINE, "archive": True}, "contradict"),
        ({"map": ("/a=/b",)}, "no effect"),
        ({"map": ("/a",), "read_album_properties": True}, "SERVER=LOCAL"),
    ],
)
def test_refused_with_one_line(values: dict[str, Any], words: str) -> None:
    with pytest.raises(UsageError, match=r"^[^\n]+$") as refusal:
        FolderAlbumsOptions(**values)
    assert words in str(refusal.value)


@pytest.mark.parametrize(
    ("mode", "archive", "visibility", "expected"),
    [
        (Mode.CREATE, False, None, None),
        (Mode.CREATE, True, None, Visibility.ARCHIVE),
        (Mode.CREATE, True, Visibility.ARCHIVE, Visibility.ARCHIVE),
        (Mode.CREATE, False, Visibility.TIMELINE, Visibility.TIMELINE),
        (Mode.CLEANUP, False, None, None),
        (Mode.CLEANUP, True, None, Visibility.TIMELINE),
        (Mode.CLEANUP, True, Visibility.TIMELINE, Visibility.TIMELINE),
        (Mode.CLEANUP, True, Visibility.ARCHIVE, Visibility.ARCHIVE),
        (Mode.CLEANUP, False, Visibility.ARCHIVE, Visibility.ARCHIVE),
        (Mode.DELETE_ALL, False, None, None),
        (Mode.DELETE_ALL, True, None, Visibility.TIMELINE),
        (Mode.DELETE_ALL, False, Visibility.ARCHIVE, Visibility.ARCHIVE),
    ],
)
def test_archive_archives_with_an_album_and_shows_again_without_it(
    mode: Mode, archive: bool, visibility: Visibility | None, expected: Visibility | None
) -> None:
    assert FolderAlbumsOptions(mode=mode, archive=archive, visibility=visibility).target_visibility is expected


@pytest.mark.parametrize("values", [{}, EVERYTHING])
def test_json_round_trip(values: dict[str, Any]) -> None:
    options = FolderAlbumsOptions(**values)
    assert from_document(FolderAlbumsOptions, to_document(options)) == options


@pytest.mark.parametrize(
    "document",
    [
        {"unknown": 1},
        {"mode": "create"},
        {"root_path": "/a"},
        {"root_path": [1]},
        {"tag": 1},
        {"comments_and_likes": "yes"},
        {"album_order": False},
        {"sync_mode": 1},
    ],
)
def test_json_that_is_wrong(document: dict[str, Any]) -> None:
    with pytest.raises(UsageError):
        from_document(FolderAlbumsOptions, document)


def read(folder: Path, arguments: list[str], environment: dict[str, str]) -> FolderAlbumsOptions | str:
    """The options a command line and an environment give, or the message."""
    found: list[FolderAlbumsOptions] = []
    defaults = FolderAlbumsOptions()

    def command(*, tool: Annotated[FolderAlbumsOptions, Parameter(name="*")] = defaults) -> None:
        found.append(tool)

    app = make_app("immich-folder-albums", "", table="folder-albums")
    app.default(command)
    errors = io.StringIO()
    world = Surroundings(
        environment=environment, working_folder=folder, configuration_folder=folder, state_folder=folder, stderr=errors
    )
    run(app, arguments, world)
    return found[0] if found else errors.getvalue()


@pytest.mark.parametrize(
    ("arguments", "environment", "values"),
    [
        ([], {}, {}),
        (["-r", "/a", "--root-path", "/b"], {}, {"root_path": ("/a", "/b")}),
        ([], {"ROOT_PATH": "/a,/b"}, {"root_path": ("/a", "/b")}),
        ([], {"IMMICH_FOLDER_ALBUMS_ROOT_PATH": "/a"}, {"root_path": ("/a",)}),
        (["-a", "-2"], {}, {"album_levels": "-2"}),
        (["--album-levels", "-2,-1"], {}, {"album_levels": "-2,-1"}),
        (["--album-levels=-2,-1"], {}, {"album_levels": "-2,-1"}),
        ([], {"ALBUM_LEVELS": "2,3"}, {"album_levels": "2,3"}),
        ([], {"ALBUM_SEPARATOR": " - "}, {"album_separator": " - "}),
        (["-s", "-"], {}, {"album_separator": "-"}),
        (["-R", "x", "-R", "'y' 'z'"], {}, {"album_name_post_regex": ("x", "'y' 'z'")}),
        ([], {"IGNORE": "Feb:**/x,y/**"}, {"ignore": ("Feb", "**/x,y/**")}),
        ([], {"PATH_FILTER": "2020/**"}, {"path_filter": ("2020/**",)}),
        ([], {"MODE": "DELETE_ALL"}, {"mode": Mode.DELETE_ALL}),
        (["-m", "cleanup"], {}, {"mode": Mode.CLEANUP}),
        ([], {"SHARE_WITH": "dad=editor:mom"}, {"share_with": ("dad=editor", "mom")}),
        ([], {"SHARE_ROLE": "editor"}, {"share_role": ShareRole.EDITOR}),
        ([], {"SYNC_MODE": "2"}, {"sync_mode": SyncMode.OFFLINE_ASSETS}),
        ([], {"ALBUM_ORDER": "asc"}, {"album_order": SortOrder.ASCENDING}),
        ([], {"FIND_ASSETS_IN_ALBUMS": "1"}, {"find_assets_in_albums": True}),
        ([], {"FIND_ASSETS_IN_ALBUMS": "false"}, {}),
        ([], {"SET_ALBUM_THUMBNAIL": "random-filtered"}, {"set_album_thumbnail": ThumbnailChoice.RANDOM_FILTERED}),
        ([], {"VISIBILITY": "archive"}, {"visibility": Visibility.ARCHIVE}),
        ([], {"ARCHIVE": "true"}, {"archive": True}),
        (["-v"], {}, {"archive": True}),
        ([], {"FIND_ARCHIVED_ASSETS": "true"}, {"find_archived_assets": True}),
        ([], {"READ_ALBUM_PROPERTIES": "true"}, {"read_album_properties": True}),
        ([], {"COMMENTS_AND_LIKES": "1"}, {"comments_and_likes": True}),
        ([], {"COMMENTS_AND_LIKES": "0"}, {"comments_and_likes": False}),
        (["--comments-and-likes-enabled"], {}, {"comments_and_likes": True}),
        (["--comments-and-likes-disabled"], {}, {"comments_and_likes": False}),
        ([], {"UPDATE_ALBUM_PROPS_MODE": "1"}, {"update_album_props_mode": UpdateMode.PROPERTIES}),
        (["--no-merge", "--tag", "--also-parents"], {}, {"merge": False, "tag": True, "also_parents": True}),
        (
            ["--read-album-properties", "--map", "/a=/b"],
            {},
            {"read_album_properties": True, "map": ("/a=/b",)},
        ),
    ],
)
def test_reading(tmp_path: Path, arguments: list[str], environment: dict[str, str], values: dict[str, Any]) -> None:
    assert read(tmp_path, arguments, environment) == FolderAlbumsOptions(**values)


@pytest.mark.parametrize(
    ("arguments", "environment", "words"),
    [
        (["--mode", "CREAT"], {}, "did you mean 'CREATE'?"),
        ([], {"MODE": "make"}, "MODE: 'make' is none of CREATE, CLEANUP, DELETE_ALL"),
        ([], {"SYNC_MODE": "3"}, "SYNC_MODE: '3' is none of 0, 1, 2"),
        ([], {"IGNORE": "a::b"}, "IGNORE: has an empty element (elements are separated by ':')"),
        ([], {"ROOT_PATH": "/a,,/b"}, "ROOT_PATH: has an empty element"),
        ([], {"FIND_ASSETS_IN_ALBUMS": "maybe"}, "FIND_ASSETS_IN_ALBUMS: 'maybe' is not one of true"),
        ([], {"COMMENTS_AND_LIKES": "2"}, "COMMENTS_AND_LIKES"),
        ([], {"ALBUM_LEVELS": "0"}, "no level 0"),
        ([], {"VISIBILITY": "hidden"}, "VISIBILITY: 'hidden' is none of"),
        ([], {"SHARE_ROLE": "none"}, "SHARE_ROLE: 'none' is none of editor, viewer"),
        ([], {"ROOT_PATH": "/a", "IMMICH_FOLDER_ALBUMS_ROOT_PATH": "/b"}, "contradict each other"),
    ],
)
def test_reading_what_is_wrong(tmp_path: Path, arguments: list[str], environment: dict[str, str], words: str) -> None:
    message = read(tmp_path, arguments, environment)
    assert isinstance(message, str) and words in message and "bug" not in message


def test_a_run_without_a_root_says_how_to_give_one() -> None:
    with pytest.raises(UsageError, match="--root-path is missing"):
        FolderAlbumsOptions().roots()


def test_keys_of_the_configuration_file(tmp_path: Path) -> None:
    (tmp_path / "immich-toolkit.toml").write_text(
        '[folder-albums]\nroot-path = ["/a"]\nalbum-levels = "2"\nignore = ["a:b"]\nsync-mode = "1"\n'
    )
    expected = FolderAlbumsOptions(
        root_path=("/a",), album_levels="2", ignore=("a:b",), sync_mode=SyncMode.EMPTY_ALBUMS
    )
    assert read(tmp_path, [], {}) == expected
