"""The modes that delete albums, and those alone: no file is ever touched but for where it shows."""

from __future__ import annotations

import pytest

from immich_tools.errors import ExitCode
from tests.tools.command_line import CommandLine
from tests.tools.folders import Folders
from tests.tools.server import Server


@pytest.fixture
def filled(folders: Folders, shell: CommandLine) -> Folders:
    """Albums ``Rome`` and ``Paris`` that the tool made, and others that it did not."""
    folders.files("Rome/a.jpg", "Rome/b.jpg", "Paris/c.jpg", "Oslo/d.jpg", "Bern/e.jpg", "top.jpg")
    result = shell.folder_albums("-r", folders.root, "-i", "Oslo", "-i", "Bern", "--apply")
    assert result.code == ExitCode.DONE, result.err
    folders.server.album("Oslo", "Oslo/d.jpg")
    folders.server.album("Bern", "Bern/e.jpg", "top.jpg")
    folders.server.album("Best of", "Rome/a.jpg")
    return folders


@pytest.fixture
def other(filled: Folders) -> Server:
    """Somebody else, who shares an album called ``Rome`` with the user."""
    other = filled.server.host.new_user("Blake")
    other.photo("theirs.jpg")
    other.settle()
    other.album("Rome", "theirs.jpg")
    other.share_album("Rome", filled.server, "editor")
    return other


@pytest.mark.parametrize("arguments", [(), ("-d",), ("--delete-confirm", "--unattended")])
@pytest.mark.parametrize("mode", ["CLEANUP", "DELETE_ALL"])
def test_nothing_is_deleted_unless_it_is_confirmed(
    filled: Folders, shell: CommandLine, mode: str, arguments: tuple[str, ...]
) -> None:
    before, writes = filled.state(), filled.server.host.writes()

    result = shell.folder_albums("-r", filled.root, "--mode", mode, *arguments)

    assert result.code == ExitCode.DONE, result.err
    if "-d" in arguments or "--delete-confirm" in arguments:
        assert filled.state() != before
    else:
        assert "delete album 'Rome'" in result.out
        assert filled.server.host.writes() == writes
        assert filled.state() == before


def test_unattended_alone_deletes_nothing(filled: Folders, shell: CommandLine) -> None:
    """The older tool's word for creating without a question."""
    before = filled.state()

    for mode in ("CLEANUP", "DELETE_ALL"):
        assert shell.folder_albums("-r", filled.root, "-m", mode, "--unattended").code == ExitCode.DONE

    assert filled.state() == before


def test_cleaning_up_deletes_what_the_tool_made_and_what_holds_nothing_else(
    filled: Folders, shell: CommandLine, other: Server
) -> None:
    before = filled.state()

    result = shell.folder_albums("-r", filled.root, "--mode", "CLEANUP", "--apply")

    assert result.code == ExitCode.DONE, result.err
    assert [album["name"] for album in filled.state().albums] == ["Bern", "Best of", "Rome"]
    assert "'Bern' was not made by this tool" in result.out
    assert other.api.get("/albums")[0]["assetCount"] == 1
    assert filled.state().assets == before.assets

    assert shell.toolkit("undo", "last", "--yes").code == ExitCode.DONE
    assert filled.state() == before


def test_cleaning_up_takes_albums_that_hold_other_files_only_when_told(filled: Folders, shell: CommandLine) -> None:
    arguments = ("-r", filled.root, "--mode", "CLEANUP", "--apply", "--include-foreign")

    assert shell.folder_albums(*arguments).code == ExitCode.DONE

    assert set(filled.state().members()) == {"Best of"}


def test_cleaning_up_keeps_to_the_filters(filled: Folders, shell: CommandLine) -> None:
    assert shell.folder_albums("-r", filled.root, "-m", "CLEANUP", "-f", "Paris", "-d").code == ExitCode.DONE
    assert set(filled.state().members()) == {"Rome", "Oslo", "Bern", "Best of"}


def test_a_deleted_album_comes_back_with_all_that_it_had(filled: Folders, shell: CommandLine) -> None:
    blake = filled.server.host.new_user("Blake")
    server = filled.server
    server.albums["Rome"] = next(each["id"] for each in server.api.get("/albums") if each["albumName"] == "Rome")
    server.share_album("Rome", blake, "editor")
    server.api.patch(
        f"/albums/{server.albums['Rome']}",
        {
            "description": "Pizza",
            "order": "asc",
            "isActivityEnabled": False,
            "albumThumbnailAssetId": server.ids["Rome/b.jpg"],
        },
    )
    before = filled.state()
    assert shell.folder_albums("-r", filled.root, "-m", "CLEANUP", "-d").code == ExitCode.DONE
    assert "Rome" not in filled.state().members()

    assert shell.toolkit("undo", "last", "--yes").code == ExitCode.DONE

    assert filled.state() == before


def test_the_files_of_deleted_albums_show_again_when_asked_for(folders: Folders, shell: CommandLine) -> None:
    folders.files("Rome/a.jpg", "Paris/c.jpg")
    assert shell.folder_albums("-r", folders.root, "--archive", "--apply").code == ExitCode.DONE
    before = folders.state()
    assert {asset["visibility"] for asset in before.assets.values()} == {"archive"}

    arguments = ("-r", folders.root, "-m", "CLEANUP", "-f", "Rome", "--visibility", "timeline", "--apply")
    assert shell.folder_albums(*arguments).code == ExitCode.DONE

    after = folders.state()
    assert set(after.members()) == {"Paris"}
    assert {name: asset["visibility"] for name, asset in after.assets.items()} == {
        "Rome/a.jpg": "timeline",
        "Paris/c.jpg": "archive",
    }
    assert shell.toolkit("undo", "last", "--yes").code == ExitCode.DONE
    assert folders.state() == before


@pytest.mark.parametrize("answer", ["y\n", "yes\n"])
def test_deleting_all_takes_a_yes(filled: Folders, shell: CommandLine, other: Server, answer: str) -> None:
    before = filled.state()

    result = shell.folder_albums("--mode", "DELETE_ALL", "--apply", typed=answer, terminal=True)

    assert result.code == ExitCode.DONE, result.err
    assert [(album["name"], album["members"]) for album in filled.state().albums] == [
        ("Rome", [other.ids["theirs.jpg"]])
    ]
    assert filled.state().assets == before.assets


@pytest.mark.parametrize("answer", ["n\n", "\n", "no\n", "delete\n"])
def test_without_a_yes_nothing_is_deleted(filled: Folders, shell: CommandLine, answer: str) -> None:
    before, writes = filled.state(), filled.server.host.writes()

    result = shell.folder_albums("--mode", "DELETE_ALL", "--apply", typed=answer, terminal=True)

    assert result.code == ExitCode.DONE, result.err
    assert not [asset_id for asset_id in filled.server.ids.values() if asset_id in result.out]
    assert filled.server.host.writes() == writes
    assert filled.state() == before


def test_nobody_there_to_say_yes(filled: Folders, shell: CommandLine) -> None:
    before = filled.state()

    result = shell.folder_albums("--mode", "DELETE_ALL", "--apply")

    assert result.code == ExitCode.USAGE
    assert len(result.err.splitlines()) == 1
    assert "--delete-confirm" in result.err
    assert filled.state() == before


def test_delete_all_is_undone(filled: Folders, shell: CommandLine) -> None:
    before = filled.state()
    assert shell.folder_albums("--mode", "DELETE_ALL", "--delete-confirm").code == ExitCode.DONE
    assert filled.state().albums == ()

    assert shell.toolkit("undo", "last", "--yes").code == ExitCode.DONE

    assert filled.state() == before
