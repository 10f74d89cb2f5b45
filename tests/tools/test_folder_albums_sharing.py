"""Whom albums are shared with, and as what; never more people than the user said."""

from __future__ import annotations

import pytest

from immich_tools.errors import ExitCode
from tests.tools.command_line import CommandLine, Result
from tests.tools.folders import Folders
from tests.tools.server import Server

EVERY_TIME = ("-A", "--update-album-props-mode", "2")


@pytest.fixture
def people(folders: Folders) -> dict[str, Server]:
    """Two more users of the server, and a library with the album ``Rome``."""
    folders.files("Rome/a.jpg", "Paris/b.jpg")
    return {name: folders.server.host.new_user(name) for name in ("Blake", "Casey")}


def run(shell: CommandLine, folders: Folders, *arguments: str, code: ExitCode = ExitCode.DONE) -> Result:
    """Apply with the library as root; it must end with a code, and a second run has nothing to do."""
    result = shell.folder_albums("-r", folders.root, "--apply", *arguments)
    assert result.code == code, result.err + result.out
    again = shell.folder_albums("-r", folders.root, "--apply", *arguments)
    # Albums that are there are not shared again, unless each run is to do so.
    assert again.code in (code, ExitCode.DONE)
    assert "Nothing to do" in again.err, again.out
    return result


def users(folders: Folders) -> dict[str, dict[str, str]]:
    """Album → who is in it, and as what."""
    return {album["name"]: album["users"] for album in folders.state().albums}


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (("-x", "Blake"), {"Blake": "viewer"}),
        (("-x", "Blake=editor"), {"Blake": "editor"}),
        (("-x", "Blake = viewer", "-x", "Casey"), {"Blake": "viewer", "Casey": "viewer"}),
        (("-x", "Blake", "-x", "Casey=viewer", "-o", "editor"), {"Blake": "editor", "Casey": "viewer"}),
        (("-x", "Blake=editor", "-x", "Blake=viewer"), {"Blake": "viewer"}),
        (("-x", "Alex", "-x", "Blake"), {"Blake": "viewer"}),
        (("-x", "Nobody", "-x", "Blake"), {"Blake": "viewer"}),
    ],
)
def test_new_albums_are_shared(
    folders: Folders,
    people: dict[str, Server],
    shell: CommandLine,
    arguments: tuple[str, ...],
    expected: dict[str, str],
) -> None:
    code = ExitCode.CHANGES_FAILED if "Nobody" in arguments else ExitCode.DONE
    result = run(shell, folders, *arguments, code=code)

    assert users(folders) == {"Rome": expected, "Paris": expected}
    assert ("Nothing is shared with 'Nobody'" in result.out) == ("Nobody" in arguments)


def test_an_address_means_its_user_in_any_case(folders: Folders, people: dict[str, Server], shell: CommandLine) -> None:
    address = people["Blake"].api.get("/users/me")["email"]

    run(shell, folders, "-x", f"{address.upper()}=editor")

    assert users(folders)["Rome"] == {"Blake": "editor"}


def test_a_name_of_two_users_shares_with_neither(
    folders: Folders, people: dict[str, Server], shell: CommandLine
) -> None:
    folders.server.host.new_user("Blake")

    result = run(shell, folders, "-x", "Blake", "-x", "Casey", code=ExitCode.CHANGES_FAILED)

    assert users(folders)["Rome"] == {"Casey": "viewer"}
    assert "2 users are called 'Blake'" in result.out


def test_albums_that_are_there_are_left_as_they_are(
    folders: Folders, people: dict[str, Server], shell: CommandLine
) -> None:
    run(shell, folders)

    run(shell, folders, "-A", "-x", "Blake")
    assert users(folders)["Rome"] == {}

    run(shell, folders, "-A", "-x", "Blake", "--update-album-props-mode", "1")
    assert users(folders)["Rome"] == {}


def test_update_mode_2_adds_changes_and_removes(
    folders: Folders, people: dict[str, Server], shell: CommandLine
) -> None:
    run(shell, folders, "-x", "Blake=viewer", "-x", "Casey=editor")
    before = folders.state()

    run(shell, folders, *EVERY_TIME, "-x", "Blake=editor")
    assert users(folders)["Rome"] == {"Blake": "editor"}

    assert shell.toolkit("undo", "last", "--yes").code == ExitCode.DONE
    assert folders.state() == before


def test_update_mode_2_without_a_list_removes_nobody(
    folders: Folders, people: dict[str, Server], shell: CommandLine
) -> None:
    run(shell, folders, "-x", "Blake=editor")

    run(shell, folders, *EVERY_TIME)

    assert users(folders)["Rome"] == {"Blake": "editor"}


def test_update_mode_2_with_a_name_that_is_not_known_removes_nobody(
    folders: Folders, people: dict[str, Server], shell: CommandLine
) -> None:
    """It may be how somebody who is in the album was called."""
    run(shell, folders, "-x", "Blake=editor")

    result = run(shell, folders, *EVERY_TIME, "-x", "Blacke", "-x", "Casey", code=ExitCode.CHANGES_FAILED)

    assert users(folders)["Rome"] == {"Blake": "editor", "Casey": "viewer"}
    assert "perhaps 'Blake' is meant." in result.out
    assert "Nothing was shared with Blacke" in result.err


@pytest.mark.parametrize("role", ["viewer", "editor"])
def test_each_role_of_a_folder(folders: Folders, people: dict[str, Server], shell: CommandLine, role: str) -> None:
    folders.properties("Rome", f"share_with:\n- user: Blake\n  role: {role}\n- user: Casey\n")

    run(shell, folders, "--read-album-properties", "-x", "Blake=viewer")

    assert users(folders) == {"Rome": {"Blake": role, "Casey": "viewer"}, "Paris": {"Blake": "viewer"}}


def test_none_keeps_somebody_out_who_is_inherited(
    folders: Folders, people: dict[str, Server], shell: CommandLine
) -> None:
    folders.properties("", "share_with:\n- user: Blake\n  role: editor\n- user: Casey\n")
    folders.properties("Rome", "inherit: true\nshare_with:\n- user: Blake\n  role: none\n")

    run(shell, folders, "--read-album-properties")

    assert users(folders) == {"Rome": {"Casey": "viewer"}, "Paris": {"Blake": "editor", "Casey": "viewer"}}


def test_none_removes_somebody_who_is_in_the_album(
    folders: Folders, people: dict[str, Server], shell: CommandLine
) -> None:
    run(shell, folders, "-x", "Blake=editor", "-x", "Casey")
    folders.properties("Rome", "share_with:\n- user: Blake\n  role: none\n- user: Casey\n")

    run(shell, folders, *EVERY_TIME, "--read-album-properties", "-x", "Blake=editor", "-x", "Casey")

    assert users(folders) == {"Rome": {"Casey": "viewer"}, "Paris": {"Blake": "editor", "Casey": "viewer"}}


def test_none_for_a_folder_that_shares_the_album_keeps_out_of_all_of_it(
    folders: Folders, people: dict[str, Server], shell: CommandLine
) -> None:
    folders.files("Rome/Forum/c.jpg")
    folders.properties("Rome", "share_with:\n- user: Blake\n  role: editor\n")
    folders.properties("Rome/Forum", "inherit: true\nshare_with:\n- user: Blake\n  role: none\n- user: Casey\n")

    run(shell, folders, "--read-album-properties")

    assert users(folders)["Rome"] == {"Casey": "viewer"}


def test_the_lists_of_the_folders_above_come_together(
    folders: Folders, people: dict[str, Server], shell: CommandLine
) -> None:
    folders.properties("", "share_with:\n- user: Blake\n  role: editor\n- user: Casey\n  role: editor\n")
    folders.properties("Rome", "inherit: true\nshare_with:\n- user: Casey\n  role: viewer\n")

    run(shell, folders, "--read-album-properties")

    assert users(folders)["Rome"] == {"Blake": "editor", "Casey": "viewer"}
    assert users(folders)["Paris"] == {"Blake": "editor", "Casey": "editor"}


def test_two_users_fill_albums_of_one_name_and_share_them_with_each_other(
    folders: Folders, people: dict[str, Server], shell: CommandLine
) -> None:
    """Each has an own ``Rome``; the other's is never filled."""
    blake = people["Blake"]
    theirs = Folders(blake, folders.path.with_name("blake"))
    theirs.files("Rome/blake.jpg")
    run(shell, folders, "-x", "Blake=editor")

    run(shell.with_key(blake.key), theirs, "-x", "Alex=editor")

    albums = [(sorted(album["users"].items()), len(album["members"])) for album in folders.state().albums]
    assert sorted(albums) == [([("Alex", "editor")], 1), ([("Blake", "editor")], 1), ([("Blake", "editor")], 1)]
    assert "Nothing to do" in run(shell, folders, "-x", "Blake=editor").err


def test_partners_files_are_never_put_into_albums(
    folders: Folders, people: dict[str, Server], shell: CommandLine
) -> None:
    theirs = Folders(people["Blake"], folders.path / "blake")
    theirs.files("Oslo/theirs.jpg")
    people["Blake"].show_library_to(folders.server)
    criteria = {"visibility": "timeline", "size": 1000}
    seen = folders.server.api.post("/search/metadata", criteria)["assets"]["items"]
    assert "theirs.jpg" in {item["originalFileName"] for item in seen}

    result = run(shell, folders, "--album-levels", "-1", *EVERY_TIME)

    assert set(folders.state().members()) == {"Rome", "Paris"}
    assert "theirs.jpg" not in result.out
