"""What albums are like: by options, and by ``.albumprops`` files on the disk."""

from __future__ import annotations

import os
import shutil
from datetime import timedelta
from typing import Any

import pytest

from immich_tools.errors import ExitCode
from tests.tools.command_line import CommandLine, Result
from tests.tools.folders import Folders
from tests.tools.server import TAKEN

HOUR = timedelta(hours=1)
NEW = {"description": "", "order": "desc", "comments": True, "users": {}}


@pytest.fixture
def rome(folders: Folders) -> Folders:
    """``Rome`` with three pictures, one in a folder below, taken one after the other."""
    folders.file("Rome/b-first.jpg", taken=TAKEN)
    folders.file("Rome/c-middle.jpg", taken=TAKEN + HOUR)
    folders.file("Rome/Forum/a-last.jpg", taken=TAKEN + 2 * HOUR)
    folders.scan()
    return folders


def run(shell: CommandLine, folders: Folders, *arguments: str, code: int = ExitCode.DONE) -> Result:
    """Apply with the library as root; it must succeed, and a second run has nothing to do."""
    result = shell.folder_albums("-r", folders.root, "--apply", *arguments)
    assert result.code == code, result.err + result.out
    again = shell.folder_albums("-r", folders.root, "--apply", *arguments)
    assert again.code == code
    assert "Nothing to do" in again.err, again.out
    return result


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (("-O", "asc"), {"order": "asc"}),
        (("-O", "desc"), {"order": "desc"}),
        (("--comments-and-likes-disabled",), {"comments": False}),
        (("--no-comments-and-likes",), {"comments": False}),
        (("--comments-and-likes-enabled",), {"comments": True}),
        (("--set-album-thumbnail", "first"), {"thumbnail": "Rome/b-first.jpg"}),
        (("--set-album-thumbnail", "last"), {"thumbnail": "Rome/Forum/a-last.jpg"}),
        (("--set-album-thumbnail", "random-filtered", "-f", "*/c-*"), {"thumbnail": "Rome/c-middle.jpg"}),
    ],
)
def test_options_for_all_albums(
    rome: Folders, shell: CommandLine, arguments: tuple[str, ...], expected: dict[str, Any]
) -> None:
    run(shell, rome, *arguments)

    assert rome.state().album("Rome").items() >= {**NEW, **expected}.items()


@pytest.mark.parametrize("choice", ["random", "random-all"])
def test_a_random_thumbnail_is_one_of_the_album_and_stays_the_same(
    rome: Folders, shell: CommandLine, choice: str
) -> None:
    run(shell, rome, "--set-album-thumbnail", choice)

    assert rome.state().album("Rome")["thumbnail"] in rome.state().album("Rome")["members"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("override_name: Roma aeterna", {"name": "Roma aeterna"}),
        ("override_name: 2020", {"name": "2020"}),
        ("override_name: 2020-05-03", {"name": "2020-05-03"}),
        ("description: Pizza and pasta", {"description": "Pizza and pasta"}),
        ("description: |\n  Pizza\n  Pasta\n", {"description": "Pizza\nPasta\n"}),
        ("sort_order: asc", {"order": "asc"}),
        ("sort_order: desc", {"order": "desc"}),
        ("comments_and_likes_enabled: false", {"comments": False}),
        ("comments_and_likes_enabled: true", {"comments": True}),
        ("thumbnail_setting: first", {"thumbnail": "Rome/b-first.jpg"}),
        ("thumbnail_setting: last", {"thumbnail": "Rome/Forum/a-last.jpg"}),
        ("thumbnail_setting: ROOT/Rome/c-middle.jpg", {"thumbnail": "Rome/c-middle.jpg"}),
    ],
)
def test_each_property_of_a_folder(rome: Folders, shell: CommandLine, text: str, expected: dict[str, Any]) -> None:
    rome.properties("Rome", text.replace("ROOT", rome.root))

    run(shell, rome, "--read-album-properties")

    (album,) = rome.state().albums
    assert album.items() >= {"name": "Rome", **NEW, **expected}.items()
    assert len(album["members"]) == 3


@pytest.mark.parametrize("choice", ["random", "random-filtered"])
def test_a_random_thumbnail_of_a_folder(rome: Folders, shell: CommandLine, choice: str) -> None:
    rome.properties("Rome", f"thumbnail_setting: {choice}")

    run(shell, rome, "--read-album-properties", "-i", "*/b-*", "-i", "*/*/*")

    assert rome.state().album("Rome")["thumbnail"] == "Rome/c-middle.jpg"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("visibility: archive", "archive"),
        ("archive: true", "archive"),
        ("visibility: timeline", "timeline"),
    ],
)
def test_where_files_show(rome: Folders, shell: CommandLine, text: str, shown: str) -> None:
    """Of the files that come into the album in this run; those of the folder below have their own word."""
    rome.properties("Rome", text)
    rome.properties("Rome/Forum", "description: ruins")
    before = rome.state()

    run(shell, rome, "--read-album-properties")

    assert {name: asset["visibility"] for name, asset in rome.state().assets.items()} == {
        "Rome/b-first.jpg": shown,
        "Rome/c-middle.jpg": shown,
        "Rome/Forum/a-last.jpg": "timeline",
    }
    assert shell.toolkit("undo", "last", "--yes").code == ExitCode.DONE
    assert rome.state() == before


def test_a_folder_that_says_timeline_is_spared_by_archive(rome: Folders, shell: CommandLine) -> None:
    rome.properties("Rome/Forum", "visibility: timeline")

    run(shell, rome, "--read-album-properties", "--archive")

    assert {name: asset["visibility"] for name, asset in rome.state().assets.items()} == {
        "Rome/b-first.jpg": "archive",
        "Rome/c-middle.jpg": "archive",
        "Rome/Forum/a-last.jpg": "timeline",
    }


def test_files_are_never_locked(rome: Folders, shell: CommandLine) -> None:
    """No API key could take them out again."""
    rome.properties("Rome/Forum", "visibility: locked")

    result = run(shell, rome, "--read-album-properties")

    assert rome.state().members() == {"Rome": ["Rome/b-first.jpg", "Rome/c-middle.jpg"]}
    assert {asset["visibility"] for asset in rome.state().assets.values()} == {"timeline"}
    assert "locked" in result.out


def test_the_nearest_folder_wins_and_inherits_only_when_it_says_so(folders: Folders, shell: CommandLine) -> None:
    folders.files("2020/Rome/a.jpg", "2020/Rome/Forum/b.jpg", "2020/Paris/c.jpg", "2021/Oslo/d.jpg")
    folders.properties("", "description: a journey\nsort_order: asc\ncomments_and_likes_enabled: false")
    folders.properties("2020", "description: in 2020\ninherit: true\ninherit_properties: [sort_order]")
    folders.properties("2020/Rome", "inherit: true")
    folders.properties("2020/Rome/Forum", "description: stones")

    run(shell, folders, "-a", "-1", "--read-album-properties")

    state = folders.state()
    looked_at = ("description", "order", "comments")
    assert {album["name"]: tuple(album[each] for each in looked_at) for album in state.albums} == {
        "Rome": ("in 2020", "asc", True),
        "Forum": ("stones", "desc", True),
        "Paris": ("in 2020", "asc", True),
        "Oslo": ("a journey", "asc", False),
    }


def test_folders_that_disagree_leave_a_property_as_it_is_and_that_is_said(folders: Folders, shell: CommandLine) -> None:
    folders.files("Rome/a.jpg", "Roma/b.jpg")
    folders.properties("Rome", "override_name: Rome\ndescription: one\nsort_order: asc")
    folders.properties("Roma", "override_name: Rome\ndescription: two\nsort_order: asc")

    result = run(shell, folders, "--read-album-properties")

    album = folders.state().album("Rome")
    assert album["members"] == ["Roma/b.jpg", "Rome/a.jpg"]
    assert (album["description"], album["order"]) == ("", "asc")
    assert "disagree" in result.out
    assert "description" in result.out


def test_files_elsewhere_on_this_computer_are_read_through_a_map(rome: Folders, shell: CommandLine) -> None:
    """The server's folder is called otherwise here, as it is outside its container."""
    elsewhere = rome.path.with_name("mounted")
    shutil.copytree(rome.path, elsewhere)
    (elsewhere / "Rome" / ".albumprops").write_text("description: mapped\n", encoding="utf-8")
    rome.properties("Rome", "description: not mapped\n")

    run(shell, rome, "--read-album-properties", "--map", f"{rome.root}={elsewhere}")

    assert rome.state().album("Rome")["description"] == "mapped"


def test_files_are_not_read_unless_asked_for(rome: Folders, shell: CommandLine) -> None:
    rome.properties("Rome", "description: {{{ not even YAML")

    run(shell, rome)

    assert rome.state().album("Rome")["description"] == ""


def test_a_root_that_is_not_on_this_computer_is_said(rome: Folders, shell: CommandLine) -> None:
    result = run(shell, rome, "--read-album-properties", "--map", f"{rome.root}=/not/there")

    assert "/not/there" in result.out
    assert "--map" in result.out
    assert set(rome.state().members()) == {"Rome"}


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ("sort_oder: asc", 1, ["sort_oder", "sort_order"]),
        ("description: x\nsort_order: up", 2, ["sort_order", "'up'", "asc, desc"]),
        ("share_with:\n- user: dad\n  role: boss", 3, ["role", "boss"]),
        ("share_with:\n- role: viewer", 2, ["user"]),
        ("comments_and_likes_enabled: maybe", 1, ["maybe"]),
        ("thumbnail_setting: best", 1, ["best"]),
        ("visibility: hidden", 1, ["hidden", "archive"]),
        ("override_name: ''", 1, ["override_name"]),
        ("inherit_properties: [sort_order]", 1, ["inherit"]),
        ("- a\n- b", 1, ["description"]),
        ("description: [", 1, ["YAML"]),
    ],
)
def test_a_wrong_file_is_named_with_its_line_and_its_folder_is_skipped(
    rome: Folders, shell: CommandLine, text: str, line: int, words: list[str]
) -> None:
    """The rest goes on."""
    rome.files("Paris/x.jpg")
    rome.properties("Rome/Forum", text)

    result = run(shell, rome, "-a", "-1", "--read-album-properties", code=ExitCode.CHANGES_FAILED)

    assert set(rome.state().members()) == {"Rome", "Paris"}
    assert f"'{rome.root}/Rome/Forum' was skipped" in result.err.splitlines()[-1]
    (said,) = (each for each in result.out.splitlines() if "Note" in each and ".albumprops" in each)
    assert f"{rome.root}/Rome/Forum/.albumprops, line {line}" in said
    for word in words:
        assert word in said


def test_a_file_that_is_not_utf_8(rome: Folders, shell: CommandLine) -> None:
    (rome.path / "Rome/Forum/.albumprops").write_bytes("description: Züri".encode("latin-1"))

    result = run(shell, rome, "-a", "-1", "--read-album-properties", code=ExitCode.CHANGES_FAILED)

    assert set(rome.state().members()) == {"Rome"}
    assert "UTF-8" in result.out


@pytest.mark.parametrize("kind", ["too large", "sparse", "endless", "pipe", "folder", "dangling"])
def test_a_file_that_cannot_be_meant_is_not_read(rome: Folders, shell: CommandLine, kind: str) -> None:
    """One of 30 MB took a minute; a pipe or a device would never end."""
    path = rome.path / "Rome/Forum/.albumprops"
    if kind == "too large":
        path.write_text("description: 'x'\n# " + "x" * 100_000)
    elif kind == "sparse":
        with path.open("wb") as file:
            file.truncate(3_000_000_000)
    elif kind == "pipe":
        os.mkfifo(path)
    elif kind == "folder":
        path.mkdir()
    else:
        path.symlink_to("/dev/zero" if kind == "endless" else "/no/such/file")

    result = run(shell, rome, "-a", "-1", "--read-album-properties", code=ExitCode.CHANGES_FAILED)

    assert set(rome.state().members()) == {"Rome"}
    assert str(path) in result.out and str(path) in result.err.splitlines()[-1]
    words = {"too large": "larger than 100 kB", "sparse": "larger than 100 kB", "dangling": "cannot be read"}
    assert words.get(kind, "not a regular file") in result.out


def test_the_largest_file_that_can_be_meant(rome: Folders, shell: CommandLine) -> None:
    text = "description: Pizza\n"
    rome.properties("Rome", text + "#" * (100_000 - len(text)))
    run(shell, rome, "--read-album-properties")
    assert rome.state().album("Rome")["description"] == "Pizza"


@pytest.mark.parametrize("arguments", [(), ("--apply",), ("--apply", "--json")])
def test_a_skipped_folder_has_its_exit_code_whatever_else_the_run_does(
    rome: Folders, shell: CommandLine, arguments: tuple[str, ...]
) -> None:
    rome.properties("Rome/Forum", "sort_oder: asc")
    for _again in range(2):
        result = shell.folder_albums("-r", rome.root, "-a", "-1", "--read-album-properties", *arguments)
        assert result.code == ExitCode.CHANGES_FAILED, result.err
        assert "sort_oder" in result.err
        if "--json" in arguments:
            assert [line["exit_code"] for line in result.lines() if line["message_type"] == "summary"][-1] == 3


UPDATED = {"description": "Pizza", "order": "asc", "comments": False, "thumbnail": "Rome/b-first.jpg"}


@pytest.mark.parametrize(
    ("mode", "expected", "users"),
    [("0", {"description": "", "order": "desc", "comments": True}, {}), ("1", UPDATED, {}), ("2", UPDATED, {"Blake": "editor"})],
)  # fmt: skip
def test_update_modes_reach_albums_that_are_there(
    rome: Folders, shell: CommandLine, mode: str, expected: dict[str, Any], users: dict[str, str]
) -> None:
    blake = rome.server.host.new_user("Blake")
    assert blake.user_id != rome.server.user_id
    run(shell, rome)
    before = rome.state()
    said = "description: Pizza\nsort_order: asc\ncomments_and_likes_enabled: false\nthumbnail_setting: first\n"
    rome.properties("Rome", said + "share_with:\n- user: Blake\n  role: editor\n")

    run(shell, rome, "-A", "--read-album-properties", "--update-album-props-mode", mode)

    assert rome.state().album("Rome").items() >= {**expected, "users": users}.items()
    if mode != "0":
        assert shell.toolkit("undo", "last", "--yes").code == ExitCode.DONE
        assert rome.state() == before


def test_an_album_that_grows_gets_its_thumbnail_but_keeps_what_its_owner_wrote(
    rome: Folders, shell: CommandLine
) -> None:
    run(shell, rome, "--set-album-thumbnail", "last")
    album = next(each["id"] for each in rome.server.api.get("/albums"))
    rome.server.api.patch(f"/albums/{album}", {"description": "mine", "order": "asc"})
    rome.file("Rome/d-newest.jpg", taken=TAKEN + 3 * HOUR)
    rome.scan()
    rome.properties("Rome", "description: the folder's\nsort_order: desc\n")

    run(shell, rome, "--set-album-thumbnail", "last", "--read-album-properties")

    changed = rome.state().album("Rome")
    assert (changed["description"], changed["order"]) == ("mine", "asc")
    assert changed["thumbnail"] == "Rome/d-newest.jpg"


def test_a_thumbnail_that_is_not_in_the_album_is_said(rome: Folders, shell: CommandLine) -> None:
    rome.properties("Rome", f"thumbnail_setting: {rome.root}/Rome/missing.jpg\n")

    result = run(shell, rome, "--read-album-properties")

    assert "missing.jpg" in result.out
    assert len(rome.state().album("Rome")["members"]) == 3


def test_random_for_all_albums_reaches_those_of_no_folder(rome: Folders, shell: CommandLine) -> None:
    rome.files("top.jpg")
    rome.server.album("By hand", "top.jpg", "Rome/b-first.jpg")

    run(shell, rome, "-A", "--set-album-thumbnail", "random-all")

    state = rome.state()
    assert all(album["thumbnail"] in album["members"] for album in state.albums)
