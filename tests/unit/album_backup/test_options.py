"""Options of the album backup: what is refused, and what paths mean."""

from __future__ import annotations

from typing import Any

import pytest

from immich_tools.album_backup.choices import Origin
from immich_tools.album_backup.older import Connection, check_whose
from immich_tools.album_backup.options import AlbumBackupOptions, ListText
from immich_tools.album_backup.selection import chosen_albums
from immich_tools.disk.place import Permissions
from immich_tools.errors import UsageError
from immich_tools.immich.models import User
from immich_tools.settings.documents import from_document, to_document
from tests.unit.album_backup.build import album


@pytest.mark.parametrize(
    ("values", "word"),
    [
        ({"album": ("a",), "all_albums": True}, "--all"),
        ({"year": True, "layout": "{album}"}, "--year"),
        ({"delete_album_anyway": True}, "--delete-album"),
        ({"external_path": ("relative/path",)}, "whole path"),
        ({"external_path": ("/mnt/../etc",)}, "whole path"),
        ({"external_path": ("",)}, "whole path"),
        ({"external_path": ("/",)}, "every file"),
        ({"external_path": ("/.",)}, "every file"),
        ({"external_path": ("/a",), "destination": "/ab"}, "none of the external paths"),
        ({"destination": "/a"}, "none of the external paths"),
        ({"map": ("/data",)}, "SERVER=LOCAL"),
        ({"map": ("/data=photos",)}, "whole path"),
        ({"map": ("/data=~/photos",)}, "whole path"),
        ({"layout": "../{album}"}, "--layout"),
        ({"mode": "888"}, "--mode"),
        ({"mode": "+x"}, "--mode"),
        ({"mode": "000"}, "--mode"),
        ({"mode": "044"}, "--mode"),
        ({"owner": "alex:users"}, "--owner"),
    ],
)
def test_what_cannot_be_meant_is_refused(values: dict[str, Any], word: str) -> None:
    with pytest.raises(UsageError, match=word):
        AlbumBackupOptions(**values)


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/mnt/lib/a.jpg", True),
        ("/mnt/lib", True),
        ("/mnt//lib/./x/a.jpg", True),
        ("/mnt/library2/a.jpg", False),
        ("/mnt/li", False),
        ("/data/mnt/lib/a.jpg", False),
        ("/other/a.jpg", True),
    ],
)
def test_external_paths_are_compared_by_whole_names(path: str, expected: bool) -> None:
    assert AlbumBackupOptions(external_path=("/mnt/lib/", "/other")).is_external(path) is expected


def test_the_first_external_path_is_the_destination_unless_another_is_chosen() -> None:
    assert AlbumBackupOptions(external_path=("/a/", "/b")).target() == "/a"
    assert AlbumBackupOptions(external_path=("/a", "/b"), destination="/b/").target() == "/b"
    with pytest.raises(UsageError, match="EXTERNAL_LIB_PATHS"):
        AlbumBackupOptions().target()


def test_permissions_of_new_files() -> None:
    options = AlbumBackupOptions(mode="640", owner="1000:100")
    assert options.permissions() == Permissions(0o640, 1000, 100)


def test_options_survive_a_plan_document() -> None:
    options = AlbumBackupOptions(
        album=("a", "b"), external_path=("/a",), origin=Origin.DISK, wait=5, layout="{year}", mode="640", map=("/a=/b",)
    )
    assert from_document(AlbumBackupOptions, to_document(options)) == options


KNOWN = [
    album("1", "Holiday"),
    album("2", "Holiday 2021"),
    album("3", "[2021]"),
    album("4", "a/b"),
    album("5", "Holiday"),
]


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [
        (("Holiday",), ["1", "5"]),
        (("Holiday*",), ["1", "5", "2"]),
        (("[2021]",), ["3"]),
        (("a/b",), ["4"]),
        (("a*",), ["4"]),
        (("2",), ["2"]),
        (("Holiday", "1"), ["1", "5"]),
    ],
)
def test_albums_are_named_by_name_id_or_glob(wanted: tuple[str, ...], expected: list[str]) -> None:
    assert [each.id for each in chosen_albums(KNOWN, AlbumBackupOptions(album=wanted))] == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("Italy, 2024", ["w"]),
        (" Italy, 2024 ", ["w"]),
        ("Italy,2024", ["i", "y"]),
        ("2024, Italy", ["i", "y"]),
        ("Italy, 2024,Rome", ["i", "r", "y"]),
        ("It*, Rome", ["i", "w", "r"]),
        ("a, b, c", ["abc"]),
        ("i, y", ["i", "y"]),
    ],
)
def test_a_variable_names_one_album_before_it_is_a_list(value: str, expected: list[str]) -> None:
    names = {"w": "Italy, 2024", "i": "Italy", "y": "2024", "r": "Rome", "abc": "a, b, c", "b": "b"}
    known = [album(name, title) for name, title in names.items()]
    found = {each.id for each in chosen_albums(known, AlbumBackupOptions(album=(ListText(value),)))}
    assert found == set(expected)


def test_a_name_with_a_comma_on_the_command_line_is_never_a_list() -> None:
    known = [album("i", "Italy"), album("y", "2024")]
    with pytest.raises(UsageError, match="there is no album 'Italy, 2024'"):
        chosen_albums(known, AlbumBackupOptions(album=("Italy, 2024",)))
    with pytest.raises(UsageError, match="empty element"):
        chosen_albums(known, AlbumBackupOptions(album=(ListText("Italy,,2024"),)))


def test_all_albums_or_none_must_be_said() -> None:
    assert len(chosen_albums(KNOWN, AlbumBackupOptions(all_albums=True))) == len(KNOWN)
    with pytest.raises(UsageError, match="--all"):
        chosen_albums(KNOWN, AlbumBackupOptions())
    with pytest.raises(UsageError, match="there is no album 'Winter'"):
        chosen_albums(KNOWN, AlbumBackupOptions(album=("Winter",)))


@pytest.mark.parametrize(
    ("url", "port", "expected"),
    [
        ("http://immich", 2283, "http://immich:2283"),
        ("immich", 2283, "http://immich:2283"),
        ("http://immich:2283", 2283, "http://immich:2283"),
        ("https://immich/api", 443, "https://immich:443/api"),
        ("http://[::1]", 2283, "http://[::1]:2283"),
        ("http://immich", None, "http://immich"),
    ],
)
def test_the_older_tools_address_and_port(url: str, port: int | None, expected: str) -> None:
    assert Connection(url=url, port=port).required_url() == expected


def test_an_address_has_one_port() -> None:
    with pytest.raises(UsageError, match="contradict"):
        Connection(url="http://immich:80", port=2283).required_url()


def test_a_key_is_of_the_user_that_stands_before_it() -> None:
    user = User("10000000-0000-4000-8000-000000000001", "Alex")
    check_whose(user.id.upper(), user)
    check_whose("alex", user)
    with pytest.raises(UsageError, match="belongs to Alex"):
        check_whose("10000000-0000-4000-8000-000000000002", user)
