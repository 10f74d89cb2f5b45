"""Folders that were renamed, files that were moved or are gone: the albums follow, as far as that was asked for."""

from __future__ import annotations

import pytest

from immich_tools.errors import ExitCode
from tests.tools.command_line import CommandLine, Result
from tests.tools.folders import Folders


@pytest.fixture
def filled(folders: Folders, shell: CommandLine) -> Folders:
    """Albums ``Rome``, ``Paris`` and ``Oslo`` that the tool made."""
    folders.files("Rome/a.jpg", "Rome/b.jpg", "Paris/c.jpg", "Paris/d.jpg", "Oslo/e.jpg", "Oslo/f.jpg")
    assert shell.folder_albums("-r", folders.root, "--apply").code == ExitCode.DONE
    return folders


def run(shell: CommandLine, folders: Folders, *arguments: str) -> Result:
    """Apply with the library as root; it must succeed."""
    result = shell.folder_albums("-r", folders.root, "--apply", *arguments)
    assert result.code == ExitCode.DONE, result.err + result.out
    return result


def test_the_album_of_a_renamed_folder_is_renamed(filled: Folders, shell: CommandLine) -> None:
    """To the server the renamed folder's files are others than those before, which are missing now."""
    album = filled.server.api.get("/albums")
    ids = {each["albumName"]: each["id"] for each in album}
    filled.rename("Rome", "Roma")
    scanned = filled.state()

    run(shell, filled)

    after = filled.state()
    assert after.members() == {
        "Oslo": ["Oslo/e.jpg", "Oslo/f.jpg"],
        "Paris": ["Paris/c.jpg", "Paris/d.jpg"],
        "Roma": ["Roma/a.jpg", "Roma/b.jpg"],
    }
    assert {each["albumName"]: each["id"] for each in filled.server.api.get("/albums")}["Roma"] == ids["Rome"]

    assert shell.toolkit("undo", "last", "--yes").code == ExitCode.DONE
    assert filled.state() == scanned


def test_the_album_of_a_renamed_folder_keeps_a_name_that_its_owner_gave_it(filled: Folders, shell: CommandLine) -> None:
    ids = {each["albumName"]: each["id"] for each in filled.server.api.get("/albums")}
    filled.server.api.patch(f"/albums/{ids['Rome']}", {"albumName": "Eternal city"})
    filled.files("Rome/new.jpg")

    run(shell, filled)

    assert filled.state().members()["Eternal city"] == ["Rome/a.jpg", "Rome/b.jpg", "Rome/new.jpg"]
    assert "Rome" not in filled.state().members()


def test_albums_kept_apart_follow_their_folders_and_take_in_no_others(folders: Folders, shell: CommandLine) -> None:
    arguments = ("-a", "-1", "--no-merge")
    folders.files("2020/Rome/a.jpg", "2020/Rome/b.jpg")
    run(shell, folders, *arguments)
    folders.files("2021/Rome/c.jpg")
    run(shell, folders, *arguments)
    expected = [["2020/Rome/a.jpg", "2020/Rome/b.jpg"], ["2021/Rome/c.jpg"]]
    assert sorted(album["members"] for album in folders.state().albums) == expected
    ids = {album["id"] for album in folders.server.api.get("/albums")}

    folders.rename("2020", "2019")
    run(shell, folders, *arguments)
    folders.files("2019/Rome/d.jpg", "2021/Rome/e.jpg")
    run(shell, folders, *arguments)

    expected = [["2019/Rome/a.jpg", "2019/Rome/b.jpg", "2019/Rome/d.jpg"], ["2021/Rome/c.jpg", "2021/Rome/e.jpg"]]
    assert sorted(album["members"] for album in folders.state().albums) == expected
    assert {album["id"] for album in folders.server.api.get("/albums")} == ids


def test_a_file_that_was_moved_comes_into_its_new_album(filled: Folders, shell: CommandLine) -> None:
    (filled.path / "Rome/a.jpg").rename(filled.path / "Paris/a.jpg")
    filled.scan()

    run(shell, filled)

    members = filled.state().members()
    assert members["Paris"] == ["Paris/a.jpg", "Paris/c.jpg", "Paris/d.jpg"]
    assert members["Rome"] == ["Rome/b.jpg"]


@pytest.mark.parametrize("arguments", [(), ("-A",)])
def test_files_that_other_options_put_elsewhere_stay_unless_removals_are_asked_for(
    filled: Folders, shell: CommandLine, arguments: tuple[str, ...]
) -> None:
    before = filled.state()
    filled.properties("Rome", "override_name: Oslo\n")

    run(shell, filled, "--read-album-properties", *arguments)

    assert set(filled.state().members()["Rome"]) == {"Rome/a.jpg", "Rome/b.jpg"}
    assert filled.state().members()["Paris"] == before.members()["Paris"]


def test_removals_take_files_out_of_albums_of_the_tool_alone(filled: Folders, shell: CommandLine) -> None:
    """What somebody added by hand stays, and so do other people's albums."""
    server = filled.server
    server.album("By hand", "Rome/a.jpg")
    server.albums["Rome"] = next(each["id"] for each in server.api.get("/albums") if each["albumName"] == "Rome")
    server.add_to_album("Rome", "Paris/c.jpg")
    filled.properties("Rome", "override_name: Oslo\n")
    before = filled.state()

    run(shell, filled, "--read-album-properties", "--sync-removals")

    after = filled.state().members()
    assert after["By hand"] == ["Rome/a.jpg"]
    assert after["Oslo"] == ["Oslo/e.jpg", "Oslo/f.jpg", "Rome/a.jpg", "Rome/b.jpg"]
    assert after["Rome"] == ["Paris/c.jpg"]
    assert "Nothing to do" in run(shell, filled, "--read-album-properties", "--sync-removals").err

    assert shell.toolkit("undo", "last", "--yes").code == ExitCode.DONE
    assert filled.state() == before, "the picture that stood for the album is back, too"


def test_albums_that_became_empty_are_deleted_when_asked_for(filled: Folders, shell: CommandLine) -> None:
    filled.server.album("Empty by hand")
    filled.properties("Rome", "override_name: Oslo\n")
    run(shell, filled, "--read-album-properties", "--sync-removals")
    before = filled.state()
    assert before.members()["Rome"] == []

    run(shell, filled, "--read-album-properties")
    assert filled.state() == before
    result = run(shell, filled, "--read-album-properties", "--sync-mode", "1")

    assert set(filled.state().members()) == {"Paris", "Oslo", "Empty by hand"}
    assert "Empty by hand" in result.out
    assert shell.toolkit("undo", "last", "--yes").code == ExitCode.DONE
    assert filled.state() == before

    run(shell, filled, "--read-album-properties", "--sync-mode", "1", "--include-foreign")
    assert set(filled.state().members()) == {"Paris", "Oslo"}
