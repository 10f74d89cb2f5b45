"""Folders become albums, once; what comes later is added, and everything can be taken back."""

from __future__ import annotations

from datetime import timedelta

import pytest

from immich_tools.errors import ExitCode
from immich_tools.plan.journal import runs
from tests.tools.command_line import CommandLine, Result
from tests.tools.folders import Folders
from tests.tools.server import TAKEN

LIBRARY = ("2020/Rome/a.jpg", "2020/Rome/b.jpg", "2020/Paris/c.jpg", "2021/Oslo/d.jpg", "2021/e.jpg", "top.jpg")


@pytest.fixture
def travels(folders: Folders) -> Folders:
    """A library of two years with journeys in them."""
    folders.files(*LIBRARY)
    return folders


def run(shell: CommandLine, folders: Folders, *arguments: str) -> Result:
    """Apply with the library as root; it must succeed."""
    result = shell.folder_albums("-r", folders.root, "--apply", *arguments)
    assert result.code == ExitCode.DONE, result.err + result.out
    return result


def test_a_dry_run_shows_the_albums_and_changes_nothing(travels: Folders, shell: CommandLine) -> None:
    before, writes = travels.state(), travels.server.host.writes()

    result = shell.folder_albums("-r", travels.root)

    assert result.code == ExitCode.DONE
    assert "make album '2020'" in result.out
    assert "make album '2021'" in result.out
    assert "Dry run" in result.err
    assert travels.server.host.writes() == writes
    assert travels.state() == before
    assert shell.folder_albums("-r", travels.root, "--exit-code").code == ExitCode.WORK_FOUND


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ((), {"2020": {"a", "b", "c"}, "2021": {"d", "e"}}),
        (("-a", "2"), {"2020 Rome": {"a", "b"}, "2020 Paris": {"c"}, "2021 Oslo": {"d"}, "2021": {"e"}}),
        (("-a", "-1"), {"Rome": {"a", "b"}, "Paris": {"c"}, "Oslo": {"d"}, "2021": {"e"}}),
        (("-a", "2,2"), {"Rome": {"a", "b"}, "Paris": {"c"}, "Oslo": {"d"}}),
        (("-a", "2", "-s", " - "), {"2020 - Rome": {"a", "b"}, "2020 - Paris": {"c"}, "2021 - Oslo": {"d"}, "2021": {"e"}}),
        (("-a", "2", "-R", r"'^\d+ (.*)$' '\1'", "-f", "*/*/*"), {"Rome": {"a", "b"}, "Paris": {"c"}, "Oslo": {"d"}}),
        (("-i", "2021/**"), {"2020": {"a", "b", "c"}}),
        (("-f", "Oslo"), {"2021": {"d"}}),
        (("--path-filter-regex", ".*/[ad]\\.jpg"), {"2020": {"a"}, "2021": {"d"}}),
        (("--ignore-regex", ".*Rome.*", "-i", "Oslo"), {"2020": {"c"}, "2021": {"e"}}),
        (
            ("-a", "2", "--also-parents"),
            {
                "2020": {"a", "b", "c"},
                "2020 Rome": {"a", "b"},
                "2020 Paris": {"c"},
                "2021": {"d", "e"},
                "2021 Oslo": {"d"},
            },
        ),
    ],
)  # fmt: skip
def test_folders_become_albums(
    travels: Folders, shell: CommandLine, arguments: tuple[str, ...], expected: dict[str, set[str]]
) -> None:
    run(shell, travels, *arguments)

    found = travels.state().members()
    assert {name: {member.split("/")[-1][0] for member in members} for name, members in found.items()} == expected


def test_one_request_makes_one_album_with_all_that_is_in_it(travels: Folders, shell: CommandLine) -> None:
    writes = travels.server.host.writes()

    run(shell, travels, "-a", "2")

    if writes is not None:
        assert len(travels.server.host.writes() or ()) - len(writes) == 4


@pytest.mark.parametrize("arguments", [(), ("-A",), ("-A", "--sync-removals", "-S", "1", "--also-parents")])
def test_a_second_run_writes_nothing(travels: Folders, shell: CommandLine, arguments: tuple[str, ...]) -> None:
    run(shell, travels, "-a", "2", *arguments)
    applied, writes = travels.state(), travels.server.host.writes()

    result = run(shell, travels, "-a", "2", *arguments)

    assert "Nothing to do" in result.err
    assert travels.server.host.writes() == writes
    assert travels.state() == applied
    assert len(list(shell.journals.glob("*.jsonl"))) == 1


def test_a_new_file_is_added_and_nothing_else(travels: Folders, shell: CommandLine) -> None:
    run(shell, travels, "-a", "-1")
    before, writes = travels.state().members(), travels.server.host.writes()
    travels.files("2020/Rome/new.jpg")

    run(shell, travels, "-a", "-1")

    after = travels.state().members()
    assert after == {**before, "Rome": ["2020/Rome/a.jpg", "2020/Rome/b.jpg", "2020/Rome/new.jpg"]}
    if writes is not None:
        paths = [request.path for request in (travels.server.host.writes() or ())[len(writes) :]]
        assert [path.rsplit("/", 1)[-1] for path in paths if "/albums/" in path] == ["assets"]


def test_undo_brings_the_exact_former_state_back(travels: Folders, shell: CommandLine) -> None:
    empty = travels.state()
    run(shell, travels, "-a", "-1", "--archive", "-O", "asc", "--set-album-thumbnail", "first")
    filled = travels.state()
    assert filled != empty
    travels.files("2020/Rome/new.jpg", "2022/Bern/f.jpg")
    scanned = travels.state()
    run(shell, travels, "-a", "-1", "--archive")
    assert travels.state() != scanned

    assert shell.toolkit("undo", "last", "--yes").code == ExitCode.DONE
    assert travels.state() == scanned
    first = runs(shell.journals)[0]
    assert shell.toolkit("undo", first.id, "--yes").code == ExitCode.DONE
    assert travels.state().albums == empty.albums
    assert {name: travels.state().assets[name] for name in empty.assets} == empty.assets


def test_undo_keeps_what_somebody_added_to_an_album_meanwhile(travels: Folders, shell: CommandLine) -> None:
    run(shell, travels)
    server = travels.server
    server.albums["2020"] = next(album["id"] for album in server.api.get("/albums") if album["albumName"] == "2020")
    server.add_to_album("2020", "top.jpg")

    undone = shell.toolkit("undo", "last", "--yes")

    assert "2021" not in travels.state().members()
    assert travels.state().members().get("2020") is not None, undone.out + undone.err
    assert "top.jpg" in travels.state().members()["2020"]


def test_files_in_another_album_wait_until_they_are_asked_for(travels: Folders, shell: CommandLine) -> None:
    travels.server.album("Best of", "2020/Rome/a.jpg")

    run(shell, travels, "-a", "-1")
    assert travels.state().members()["Rome"] == ["2020/Rome/b.jpg"]

    run(shell, travels, "-a", "-1", "-A")
    assert travels.state().members()["Rome"] == ["2020/Rome/a.jpg", "2020/Rome/b.jpg"]
    assert travels.state().members()["Best of"] == ["2020/Rome/a.jpg"]


def test_archived_files_wait_until_they_are_asked_for(travels: Folders, shell: CommandLine) -> None:
    travels.server.update("2020/Rome/a.jpg", visibility="archive")

    run(shell, travels, "-a", "-1")
    assert travels.state().members()["Rome"] == ["2020/Rome/b.jpg"]

    run(shell, travels, "-a", "-1", "--find-archived-assets")
    assert travels.state().members()["Rome"] == ["2020/Rome/a.jpg", "2020/Rome/b.jpg"]
    assert travels.state().assets["2020/Rome/a.jpg"]["visibility"] == "archive"


def test_trashed_files_and_motion_videos_are_in_no_album(folders: Folders, shell: CommandLine) -> None:
    folders.files("Rome/still.jpg", "Rome/gone.jpg", "Rome/motion.mov")
    folders.server.trash("Rome/gone.jpg")
    folders.server.api.put(
        f"/assets/{folders.server.ids['Rome/still.jpg']}",
        {"livePhotoVideoId": folders.server.ids["Rome/motion.mov"]},
    )

    run(shell, folders)

    assert folders.state().members() == {"Rome": ["Rome/still.jpg"]}


def test_only_the_files_of_one_library(travels: Folders, shell: CommandLine) -> None:
    other = Folders(travels.server, travels.path.with_name("other"))
    other.files("Berlin/x.jpg")

    run(shell, travels, "-r", other.root, "--library", other.library_id)

    assert travels.state().members() == {"Berlin": ["Berlin/x.jpg"]}
    assert "--library" not in run(shell, travels, "-r", other.root, "--library", other.library_id).out


NO_LIBRARY = "11111111-1111-4111-8111-111111111111"


@pytest.mark.parametrize("mode", ["CREATE", "CLEANUP"])
@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--library", NO_LIBRARY), f"The library {NO_LIBRARY} holds no file of yours (--library)."),
        (("-r", "/no/such/folder"), "No file lies under the root /no/such/folder."),
        (("-f", "no such file"), "--path-filter and --ignore let no file below the roots through."),
        (("-f", "**/*.png", "-f", "Rmoe/**"), "--path-filter and --ignore let no file below the roots through."),
        (("-i", "**/*"), "--path-filter and --ignore let no file below the roots through."),
        (("--path-filter-regex", "x.*"), "--path-filter and --ignore let no file below the roots through."),
    ],
)
def test_what_names_no_file_stops_the_run(
    travels: Folders, shell: CommandLine, arguments: tuple[str, ...], words: str, mode: str
) -> None:
    """Also when every file is in its album already, so that a schedule never shows a misspelt option as a success."""
    for _filled in range(2):
        before = travels.state()
        result = shell.folder_albums("-r", travels.root, "-m", mode, *arguments, "--apply")
        assert result.code == ExitCode.USAGE, result.out + result.err
        (line,) = result.err.strip().splitlines()
        assert words in line and line.endswith("Nothing was changed.")
        assert travels.state() == before
        run(shell, travels)


def test_what_holds_no_new_file_is_no_mistake(travels: Folders, shell: CommandLine) -> None:
    for _again in range(2):
        run(shell, travels, "-f", "Rome", "-i", "*.png")
    assert "Nothing to do" in run(shell, travels, "-f", "Rome", "-i", "*.png").err


def test_roots_that_several_users_share_may_hold_nothing_for_one_of_them(folders: Folders, shell: CommandLine) -> None:
    other = folders.server.host.new_user("Blake")
    theirs = Folders(other, folders.path.with_name("blake"))
    folders.files("Rome/a.jpg")
    theirs.files("Paris/b.jpg")
    environment = {"API_URL": shell.url, "API_KEY": f"{shell.key}:{other.key}", "UNATTENDED": "1"}

    shared = {"ROOT_PATH": f"{folders.root},{theirs.root}"}
    result = shell.with_environment({**environment, **shared}).folder_albums()
    assert result.code == ExitCode.DONE, result.err
    assert (set(folders.state().members()), set(theirs.state().members())) == ({"Rome"}, {"Paris"})

    result = shell.with_environment({**environment, "ROOT_PATH": folders.root}).folder_albums()
    assert result.code == ExitCode.USAGE
    assert "account 2: No file lies under the root" in result.err


def test_two_roots_merge_folders_of_one_name_or_keep_them_apart(folders: Folders, shell: CommandLine) -> None:
    folders.files("mum/Rome/a.jpg", "dad/Rome/b.jpg")
    roots = ("-r", f"{folders.root}/mum", "-r", f"{folders.root}/dad/")

    assert shell.folder_albums(*roots, "--apply").code == ExitCode.DONE
    assert folders.state().members() == {"Rome": ["dad/Rome/b.jpg", "mum/Rome/a.jpg"]}
    assert shell.toolkit("undo", "last", "--yes").code == ExitCode.DONE

    for _run in range(2):
        assert shell.folder_albums(*roots, "--no-merge", "--apply").code == ExitCode.DONE
        assert [album["members"] for album in sorted(folders.state().albums, key=lambda each: each["members"])] == [
            ["dad/Rome/b.jpg"],
            ["mum/Rome/a.jpg"],
        ]


def test_an_album_of_mine_with_that_name_is_filled(travels: Folders, shell: CommandLine) -> None:
    """Names are compared in composed form: a Mac writes folders decomposed, Immich shows both alike."""
    travels.files("Zu\u0308rich/z.jpg")
    travels.server.album("Z\u00fcrich", "top.jpg")
    travels.server.album("2020")

    run(shell, travels)

    members = travels.state().members()
    assert members["Z\u00fcrich"] == ["Zu\u0308rich/z.jpg", "top.jpg"]
    assert len(members["2020"]) == 3
    assert len(members) == 3


def test_of_several_albums_with_that_name_the_oldest_is_filled_and_that_is_said(
    travels: Folders, shell: CommandLine
) -> None:
    travels.server.album("2020", "top.jpg")
    travels.server.album("2020")

    result = run(shell, travels)

    assert "2 albums of yours are called '2020'" in result.out
    full, empty = sorted((each["members"] for each in travels.state().albums if each["name"] == "2020"), key=len)[::-1]
    assert "top.jpg" in full
    assert not empty


def test_of_several_albums_with_that_name_the_one_the_tool_made_is_filled(travels: Folders, shell: CommandLine) -> None:
    older = travels.server.album("Older", "top.jpg")
    run(shell, travels)
    travels.server.api.patch(f"/albums/{older}", {"albumName": "2020"})
    travels.files("2020/Rome/new.jpg")

    run(shell, travels)

    found = sorted(each["members"] for each in travels.state().albums if each["name"] == "2020")
    assert found == [["2020/Paris/c.jpg", "2020/Rome/a.jpg", "2020/Rome/b.jpg", "2020/Rome/new.jpg"], ["top.jpg"]]


def test_a_library_larger_than_a_page_and_an_album_larger_than_a_chunk(folders: Folders, shell: CommandLine) -> None:
    """The server lists 1,000 files a page, and several share one moment."""
    if folders.server.host.sandbox is None:
        pytest.skip("takes a real server many minutes")
    sandbox, owner = folders.server.host.sandbox, folders.server.user_id
    for number in range(2100):
        taken = TAKEN + timedelta(minutes=number // 20)
        path = f"{folders.root}/Rome/{number:04}.jpg"
        sandbox.add_asset(owner_id=owner, original_path=path, file_created_at=taken, library_id="many")

    run(shell, folders)

    (album,) = folders.server.api.get("/albums")
    assert album["assetCount"] == 2100
