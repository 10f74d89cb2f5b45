"""Folders that were removed from the disk, and disks that are not there: which albums go, and how they come back."""

from __future__ import annotations

from pathlib import Path

import pytest

from immich_tools.errors import ExitCode
from immich_tools.sandbox.handlers.trash import purge_expired
from tests.tools import pictures
from tests.tools.command_line import CommandLine, Result
from tests.tools.folders import Folders
from tests.tools.server import TAKEN

SYNC = ("--sync-mode", "2")


@pytest.fixture
def filled(folders: Folders, shell: CommandLine) -> Folders:
    """Albums ``Rome``, ``Paris`` and ``Oslo`` that the tool made; ``Rome`` is shared and has a chosen picture."""
    folders.server.host.new_user("Blake")
    folders.files("Rome/a.jpg", "Rome/b.jpg", "Paris/c.jpg", "Paris/d.jpg", "Oslo/e.jpg", "Oslo/f.jpg")
    run(shell, folders, "--share-with", "Blake=editor", "--set-album-thumbnail", "last")
    return folders


def run(shell: CommandLine, folders: Folders, *arguments: str, code: int = ExitCode.DONE) -> Result:
    """Apply with the library as root."""
    result = shell.folder_albums("-r", folders.root, "--apply", *arguments)
    assert result.code == code, result.err + result.out
    return result


def take_away(folders: Folders, name: str) -> Path:
    """Move a folder out of the library and let the server look; where it is now."""
    place = folders.path.with_name(f"away {name.replace('/', ' ')}")
    (folders.path / name).rename(place)
    folders.scan()
    return place


def bring_back(folders: Folders, name: str, place: Path) -> None:
    place.rename(folders.path / name)
    folders.scan()


def test_the_album_of_a_removed_folder_goes_and_an_undo_brings_it_back(filled: Folders, shell: CommandLine) -> None:
    before = filled.state()
    assert before.album("Rome")["users"] == {"Blake": "editor"}
    place = take_away(filled, "Rome")
    assert filled.state().members()["Rome"] == []

    for arguments in ((), ("--sync-mode", "1")):
        run(shell, filled, *arguments)
        assert "Rome" in filled.state().members()
    result = run(shell, filled, *SYNC)

    assert "its folder is gone, and its 2 files are missing on the disk" in result.out
    assert set(filled.state().members()) == {"Oslo", "Paris"}
    assert "Nothing to do" in run(shell, filled, *SYNC).err

    bring_back(filled, "Rome", place)
    assert shell.toolkit("undo", "last", "--yes").code == ExitCode.DONE
    assert filled.state() == before, "members, users and the picture that stands for it"


def test_an_undo_before_the_files_are_back_gives_them_their_album(filled: Folders, shell: CommandLine) -> None:
    before = filled.state().album("Rome")
    place = take_away(filled, "Rome")
    run(shell, filled, *SYNC)

    result = shell.toolkit("undo", "last", "--yes")

    assert result.code == ExitCode.DONE, result.err + result.out
    assert filled.state().album("Rome")["users"] == before["users"]
    bring_back(filled, "Rome", place)
    assert filled.state().members()["Rome"] == before["members"]


def test_a_disk_that_is_not_there_stops_the_run(filled: Folders, shell: CommandLine) -> None:
    """Each root must show a file; a schedule is to see that."""
    before = filled.state()
    places = {name: take_away(filled, name) for name in ("Rome", "Paris", "Oslo")}
    empty = filled.state()

    for arguments in (SYNC, ("--sync-mode", "1"), ()):
        result = run(shell, filled, *arguments, code=ExitCode.USAGE)
        assert f"All 6 files below the root {filled.root} are missing on the disk. Is it mounted?" in result.err
        assert len(result.err.strip().splitlines()) == 1

    assert filled.state() == empty
    for name, place in places.items():
        bring_back(filled, name, place)
    assert filled.state().members() == before.members()


def test_one_of_two_disks_that_is_not_there(filled: Folders, shell: CommandLine) -> None:
    """Roots are folders of their own here, so that each stands for a disk."""
    take_away(filled, "Rome")
    state = filled.state()
    roots = ("-r", f"{filled.root}/Paris", "-r", f"{filled.root}/Rome", "-a", "-1")

    result = shell.folder_albums(*roots, "--apply", *SYNC)

    assert result.code == ExitCode.USAGE
    assert f"All 2 files below the root {filled.root}/Rome are missing" in result.err
    assert filled.state() == state


def test_another_library_proves_nothing_of_a_disk(filled: Folders, shell: CommandLine) -> None:
    other = Folders(filled.server, filled.path.with_name("other"))
    other.files("Bergen/x.jpg")
    for name in ("Rome", "Paris", "Oslo"):
        take_away(filled, name)

    result = run(shell, filled, "-r", str(filled.path.parent), *SYNC, code=ExitCode.USAGE)
    assert filled.root in result.err

    result = shell.folder_albums("-r", str(filled.path.parent), "-a", "2,2", "--apply", *SYNC)
    assert result.code == ExitCode.DONE, result.err
    assert {"Rome", "Paris", "Oslo"} <= set(filled.state().members())
    assert "is its disk mounted?" in result.out


@pytest.mark.parametrize(
    ("arguments", "flag"), [(("--max-removed", "1"), "--max-removed"), (("--max-ratio", "0.3"), "--max-ratio")]
)
def test_too_many_missing_files_stop_the_run(
    filled: Folders, shell: CommandLine, arguments: tuple[str, ...], flag: str
) -> None:
    take_away(filled, "Rome")
    before = filled.state()

    result = run(shell, filled, *SYNC, *arguments, code=ExitCode.STOPPED)

    assert flag in result.err and "Nothing was changed" in result.err
    assert filled.state() == before


def test_files_that_come_back_after_planning_keep_their_album(filled: Folders, shell: CommandLine) -> None:
    place = take_away(filled, "Rome")
    assert shell.folder_albums("-r", filled.root, *SYNC, "--save-plan", "plan.json").code == ExitCode.DONE
    bring_back(filled, "Rome", place)

    result = shell.toolkit("apply", "plan.json", "--yes")

    assert result.code == ExitCode.DONE, result.err
    assert filled.state().members()["Rome"] == ["Rome/a.jpg", "Rome/b.jpg"]


def test_a_saved_plan_deletes_the_album(filled: Folders, shell: CommandLine) -> None:
    take_away(filled, "Rome")
    assert shell.folder_albums("-r", filled.root, *SYNC, "--save-plan", "plan.json").code == ExitCode.DONE
    assert shell.toolkit("apply", "plan.json", "--yes").code == ExitCode.DONE
    assert set(filled.state().members()) == {"Oslo", "Paris"}


def test_albums_that_others_made_and_files_trashed_by_hand_stay(filled: Folders, shell: CommandLine) -> None:
    filled.server.album("By hand", "Rome/a.jpg")
    filled.server.trash("Oslo/e.jpg", "Oslo/f.jpg")
    take_away(filled, "Rome")

    result = run(shell, filled, *SYNC)

    assert set(filled.state().members()) == {"By hand", "Oslo", "Paris"}
    assert "'Oslo'" in result.out and "not missing on the disk" in result.out
    run(shell, filled, *SYNC, "--include-foreign")
    assert set(filled.state().members()) == {"By hand", "Oslo", "Paris"}


def test_a_renamed_folder_keeps_its_motion_video_and_sidecar_when_the_trash_is_purged(
    folders: Folders, shell: CommandLine
) -> None:
    """Real servers join the still in the trash with the video at the new path (9 of 10 on 2.3.1 and 3.1.0). The purge by night spares the
    files of what is missing; a permanent deletion, as the older tool asked for, takes the video along. So the tool deletes no asset.
    """
    sandbox = folders.server.host.sandbox
    if sandbox is None:
        pytest.skip("a real server purges its trash by night only")
    names = ("Rome/live.jpg", "Rome/live.mov", "Rome/live.jpg.xmp")
    (folders.path / "Rome").mkdir(parents=True)
    still, video = pictures.live_photo("live", taken=TAKEN)
    for name, content in zip(names, (still, video, pictures.sidecar("a description")), strict=True):
        (folders.path / name).write_bytes(content)
    folders.files("Rome/other.jpg", "Paris/c.jpg")
    run(shell, folders, *SYNC)
    before = folders.state().album("Rome")
    folders.rename("Rome", "Roma")
    earlier = len(folders.server.host.writes() or ())

    run(shell, folders, *SYNC)

    writes = (folders.server.host.writes() or [])[earlier:]
    assert not [each for each in writes if each.path.endswith("/api/assets")], "no asset is trashed or deleted"
    assert folders.state().members()["Roma"] == ["Roma/live.jpg", "Roma/other.jpg"]
    assert folders.state().album("Roma")["users"] == before["users"]
    with folders.server.host.trash_off():
        assert purge_expired(sandbox.server) >= 3
    folders.scan()
    for name in names:
        path = folders.path / name.replace("Rome", "Roma")
        assert path.is_file(), path
    shown = folders.server.api.get(f"/assets/{folders.server.ids['Roma/live.jpg']}")
    video_path = folders.server.api.get(f"/assets/{shown['livePhotoVideoId']}")["originalPath"]
    assert video_path == f"{folders.root}/Roma/live.mov"
    assert shown["exifInfo"]["description"] == "a description"
