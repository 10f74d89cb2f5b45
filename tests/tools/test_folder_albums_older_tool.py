"""Switching from the older container: its environment, as it is, gives the same albums.

The rows are those that were observed of it: a path below the root, its variables, the album that the file goes into.
"""

from __future__ import annotations

import pytest

from immich_tools.errors import ExitCode
from tests.tools.command_line import CommandLine, Result
from tests.tools.folders import Folders


def run(shell: CommandLine, folders: Folders, **variables: str) -> Result:
    """Run with the older container's variables alone; unattended, as its schedule does."""
    environment = {"API_URL": f"{shell.url}/api/", "API_KEY": shell.key, "ROOT_PATH": folders.root, **variables}
    result = shell.with_environment({"UNATTENDED": "1", **environment}).folder_albums()
    assert result.code == ExitCode.DONE, result.err + result.out
    return result


@pytest.mark.parametrize(
    ("variables", "expected"),
    [
        ({}, {"A": "A A/B A/B/C A/B/C/D"}),
        ({"ALBUM_LEVELS": "1"}, {"A": "A A/B A/B/C A/B/C/D"}),
        ({"ALBUM_LEVELS": "2"}, {"A": "A", "A B": "A/B A/B/C A/B/C/D"}),
        ({"ALBUM_LEVELS": "3"}, {"A": "A", "A B": "A/B", "A B C": "A/B/C A/B/C/D"}),
        ({"ALBUM_LEVELS": "9"}, {"A": "A", "A B": "A/B", "A B C": "A/B/C", "A B C D": "A/B/C/D"}),
        ({"ALBUM_LEVELS": "-1"}, {"A": "A", "B": "A/B", "C": "A/B/C", "D": "A/B/C/D"}),
        ({"ALBUM_LEVELS": "-2"}, {"A": "A", "A B": "A/B", "B C": "A/B/C", "C D": "A/B/C/D"}),
        ({"ALBUM_LEVELS": "-3"}, {"A": "A", "A B": "A/B", "A B C": "A/B/C", "B C D": "A/B/C/D"}),
        ({"ALBUM_LEVELS": "1,1"}, {"A": "A A/B A/B/C A/B/C/D"}),
        ({"ALBUM_LEVELS": "2,2"}, {"B": "A/B A/B/C A/B/C/D"}),
        ({"ALBUM_LEVELS": "2,3"}, {"B": "A/B", "B C": "A/B/C A/B/C/D"}),
        ({"ALBUM_LEVELS": "2,9"}, {"B": "A/B", "B C": "A/B/C", "B C D": "A/B/C/D"}),
        ({"ALBUM_LEVELS": "4,9"}, {"D": "A/B/C/D"}),
        ({"ALBUM_LEVELS": "-2,-1"}, {"A": "A", "A B": "A/B", "B C": "A/B/C", "C D": "A/B/C/D"}),
        ({"ALBUM_LEVELS": "-2,-2"}, {"A": "A A/B", "B": "A/B/C", "C": "A/B/C/D"}),
        ({"ALBUM_LEVELS": "-3,-2"}, {"A": "A A/B", "A B": "A/B/C", "B C": "A/B/C/D"}),
        ({"ALBUM_LEVELS": "-3,-3"}, {"A": "A A/B A/B/C", "B": "A/B/C/D"}),
        ({"ALBUM_LEVELS": "-9,-2"}, {"A": "A A/B", "A B": "A/B/C", "A B C": "A/B/C/D"}),
        ({"ALBUM_LEVELS": "2", "ALBUM_SEPARATOR": " - "}, {"A": "A", "A - B": "A/B A/B/C A/B/C/D"}),
        ({"ALBUM_LEVELS": "2", "ALBUM_SEPARATOR": "/"}, {"A": "A", "A/B": "A/B A/B/C A/B/C/D"}),
        ({"PATH_FILTER": "A/*:A/B/*"}, {"A": "A A/B"}),
        ({"PATH_FILTER": "**/C/**"}, {"A": "A/B/C A/B/C/D"}),
        ({"IGNORE": "C"}, {"A": "A A/B"}),
        ({"PATH_FILTER": "A/**", "IGNORE": "**/D/*:A/*"}, {"A": "A/B A/B/C"}),
    ],
)
def test_the_same_albums(
    folders: Folders, shell: CommandLine, variables: dict[str, str], expected: dict[str, str]
) -> None:
    folders.files("i.jpg", "A/i.jpg", "A/B/i.jpg", "A/B/C/i.jpg", "A/B/C/D/i.jpg")

    run(shell, folders, **variables)

    found = folders.state().members()
    assert found == {name: sorted(f"{folder}/i.jpg" for folder in held.split()) for name, held in expected.items()}


@pytest.mark.parametrize(
    ("folder", "levels", "name"),
    [("A//B", "3", "A B"), (" A /B ", "2", "A  B"), ("2020 ", "1", "2020")],
)
def test_blanks_around_a_name(folders: Folders, shell: CommandLine, folder: str, levels: str, name: str) -> None:
    """Only those around the whole of it go; a disk has no folder without a name."""
    folders.files(f"{folder}/i.jpg")

    run(shell, folders, ALBUM_LEVELS=levels)

    assert set(folders.state().members()) == {name}


def test_roots_separated_by_commas(folders: Folders, shell: CommandLine) -> None:
    folders.files("mum/A/i.jpg", "dad/A/j.jpg", "dad/B/k.jpg", "other/C/l.jpg")

    run(shell, folders, ROOT_PATH=f"{folders.root}/mum,{folders.root}/dad/")

    assert folders.state().members() == {"A": ["dad/A/j.jpg", "mum/A/i.jpg"], "B": ["dad/B/k.jpg"]}


def test_everything_that_its_environment_can_say(folders: Folders, shell: CommandLine) -> None:
    folders.files("A/i.jpg", "A/j.jpg", "B/k.jpg")
    folders.server.host.new_user("Blake")
    folders.server.host.new_user("Casey")
    folders.server.update("A/j.jpg", visibility="archive")
    folders.server.album("Best of", "A/i.jpg")
    folders.properties("B", "description: from the file\n")

    run(
        shell,
        folders,
        MODE="CREATE",
        FIND_ASSETS_IN_ALBUMS="1",
        FIND_ARCHIVED_ASSETS="true",
        SHARE_WITH="Blake=editor:Casey",
        SHARE_ROLE="viewer",
        ALBUM_ORDER="asc",
        COMMENTS_AND_LIKES="0",
        SET_ALBUM_THUMBNAIL="first",
        VISIBILITY="archive",
        READ_ALBUM_PROPERTIES="1",
        UPDATE_ALBUM_PROPS_MODE="2",
        SYNC_MODE="1",
        CHUNK_SIZE="100",
        THREADS="2",
        API_TIMEOUT="20",
        INSECURE="false",
    )

    state = folders.state()
    assert state.members() == {"A": ["A/i.jpg", "A/j.jpg"], "B": ["B/k.jpg"], "Best of": ["A/i.jpg"]}
    for name, description in (("A", ""), ("B", "from the file")):
        album = state.album(name)
        assert album["users"] == {"Blake": "editor", "Casey": "viewer"}
        assert (album["description"], album["order"], album["comments"]) == (description, "asc", False)
    assert {asset["visibility"] for asset in state.assets.values()} == {"archive"}


def test_unattended_is_what_writes(folders: Folders, shell: CommandLine) -> None:
    """Without it the older container's run was a dry one, too."""
    folders.files("A/i.jpg")
    environment = {"API_URL": shell.url, "API_KEY": shell.key, "ROOT_PATH": folders.root}

    for more in ({}, {"UNATTENDED": "0"}):
        result = shell.with_environment({**environment, **more}).folder_albums()
        assert result.code == ExitCode.DONE
        assert "Dry run" in result.err
    assert folders.state().albums == ()


def test_cleaning_up_is_confirmed_by_a_variable_of_its_own(folders: Folders, shell: CommandLine) -> None:
    folders.files("A/i.jpg")
    run(shell, folders)

    run(shell, folders, MODE="CLEANUP")
    assert set(folders.state().members()) == {"A"}
    run(shell, folders, MODE="CLEANUP", DELETE_CONFIRM="1")
    assert folders.state().albums == ()


@pytest.mark.parametrize("mode", ["CLEANUP", "DELETE_ALL"])
@pytest.mark.parametrize(
    ("variables", "expected"),
    [
        ({"ARCHIVE": "true"}, "timeline"),
        ({"ARCHIVE": "true", "VISIBILITY": "archive"}, "archive"),
        ({"VISIBILITY": "timeline"}, "timeline"),
        ({}, "archive"),
    ],
)
def test_deleting_albums_shows_archived_files_again(
    folders: Folders, shell: CommandLine, mode: str, variables: dict[str, str], expected: str
) -> None:
    """The variable that archived them stays in the container's environment when only the mode is changed."""
    folders.files("A/i.jpg", "B/j.jpg")
    run(shell, folders, ARCHIVE="true")
    before = folders.state()
    assert {asset["visibility"] for asset in before.assets.values()} == {"archive"}

    run(shell, folders, MODE=mode, DELETE_CONFIRM="1", **variables)

    after = folders.state()
    assert after.albums == ()
    assert {asset["visibility"] for asset in after.assets.values()} == {expected}
    assert shell.toolkit("undo", "last", "--yes").code == ExitCode.DONE
    assert folders.state() == before


def test_files_outside_of_deleted_albums_stay_archived(folders: Folders, shell: CommandLine) -> None:
    folders.files("A/i.jpg", "B/j.jpg")
    run(shell, folders, PATH_FILTER="A", ARCHIVE="true")
    folders.server.update("B/j.jpg", visibility="archive")

    run(shell, folders, MODE="CLEANUP", DELETE_CONFIRM="1", ARCHIVE="true")

    assets = folders.state().assets
    assert (assets["A/i.jpg"]["visibility"], assets["B/j.jpg"]["visibility"]) == ("timeline", "archive")


@pytest.mark.parametrize("dry", [{"IMMICH_DRY_RUN": "true"}, {"IMMICH_DRY_RUN": "1"}, {"IMMICH_APPLY": "false"}])
@pytest.mark.parametrize("mode", ["CREATE", "CLEANUP", "DELETE_ALL"])
def test_a_dry_run_that_is_asked_for_wins_over_the_older_words(
    folders: Folders, shell: CommandLine, mode: str, dry: dict[str, str]
) -> None:
    folders.files("A/i.jpg")
    run(shell, folders)
    folders.files("B/j.jpg")
    before = folders.state()
    older = {"API_URL": shell.url, "API_KEY": shell.key, "ROOT_PATH": folders.root, "MODE": mode, "UNATTENDED": "1"}
    dry_shell = shell.with_environment({**older, "DELETE_CONFIRM": "1", **dry})

    for arguments in ((), ("-u",), ("--unattended", "-d")):
        result = dry_shell.folder_albums(*arguments)
        assert result.code == ExitCode.DONE, result.err
        assert "Dry run" in result.err
    assert folders.state() == before

    assert dry_shell.folder_albums("--apply").code == ExitCode.DONE
    assert folders.state() != before


def test_a_dry_run_variable_set_false_applies_as_before(folders: Folders, shell: CommandLine) -> None:
    folders.files("A/i.jpg")
    run(shell, folders, UNATTENDED="0", IMMICH_DRY_RUN="false")
    assert set(folders.state().members()) == {"A"}


def test_the_abbreviated_option_of_its_documentation(folders: Folders, shell: CommandLine) -> None:
    folders.files("A/B/i.jpg")
    flags = ("-u", "--album-level", "2", "--album-sep", " - ")
    for command in (shell.folder_albums, lambda *argv: shell.toolkit("folder-albums", *argv)):
        result = command(*flags, folders.root, shell.url, shell.key)
        assert result.code == ExitCode.DONE, result.err
    assert set(folders.state().members()) == {"A - B"}
