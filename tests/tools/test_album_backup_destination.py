"""What keeps copies from appearing, or from being written at all, is said before anything is copied."""

from __future__ import annotations

import os

import pytest

from immich_tools.errors import ExitCode
from tests.tools.archive import Archive
from tests.tools.command_line import CommandLine
from tests.tools.folders import Folders
from tests.tools.server import Server

APPLIED = ((), ("--apply", "--scan", "--delete-assets", "--delete-album", "--max-ratio", "1"))


@pytest.fixture
def archive(server: Server, shell: CommandLine, folders: Folders) -> Archive:
    """An album of a photo and a picture of another kind."""
    server.photo("beach.jpg")
    server.photo("tower.jpeg")
    server.album("Holiday", "beach.jpg", "tower.jpeg")
    server.settle()
    return Archive(server, shell, folders)


def exclude(archive: Archive, *patterns: str) -> None:
    archive.server.host.admin.put(f"/libraries/{archive.folders.library_id}", {"exclusionPatterns": list(patterns)})


def nothing_happened(archive: Archive) -> bool:
    return archive.files() == {} and not archive.is_trashed("beach.jpg") and archive.has_album("Holiday")


@pytest.mark.parametrize("arguments", APPLIED)
def test_a_pattern_that_hides_everything_ends_the_run(archive: Archive, arguments: tuple[str, ...]) -> None:
    exclude(archive, "**/holiday/**")
    result = archive.backup("--album", "Holiday", *arguments, code=ExitCode.USAGE)
    assert "leaves out Holiday/beach.jpg by its exclusion pattern **/holiday/**" in result.err
    assert nothing_happened(archive)


def test_what_a_pattern_hides_stays_and_the_rest_is_copied(archive: Archive) -> None:
    exclude(archive, "**/*.jpeg")
    assert "leaves out Holiday/tower.jpeg" in archive.backup("--album", "Holiday").out
    result = archive.all_of_it(code=ExitCode.CHANGES_FAILED)
    assert "leaves out Holiday/tower.jpeg by its exclusion pattern **/*.jpeg" in result.out
    assert archive.names() == ["Holiday/beach.jpg"]
    assert archive.is_trashed("beach.jpg") and not archive.is_trashed("tower.jpeg") and archive.has_album("Holiday")


@pytest.mark.parametrize("arguments", APPLIED)
def test_the_library_of_somebody_else_shows_nothing_to_these_users(
    archive: Archive, arguments: tuple[str, ...]
) -> None:
    friend = archive.server.host.new_user("Bo")
    archive.folders = Folders(friend, archive.path)
    result = archive.backup("--album", "Holiday", *arguments, code=ExitCode.USAGE)
    assert "belongs to Bo" in result.err and nothing_happened(archive)
    archive.others = (friend,)
    archive.backup("--album", "Holiday", "--apply")
    assert archive.names() == ["Holiday/beach.jpg", "Holiday/tower.jpeg"]


@pytest.mark.parametrize("arguments", APPLIED)
def test_a_destination_below_no_import_path_shows_nothing(archive: Archive, arguments: tuple[str, ...]) -> None:
    other = archive.path.with_name(f"{archive.path.name}2")
    other.mkdir()
    archive.more = {"EXTERNAL_LIB_PATHS": str(other)}
    result = archive.backup("--album", "Holiday", *arguments, code=ExitCode.USAGE)
    assert "No external library of the server shows" in result.err
    assert list(other.iterdir()) == [] and nothing_happened(archive)


@pytest.mark.parametrize("arguments", APPLIED)
def test_a_destination_that_cannot_be_written_to_is_found_by_a_dry_run_too(
    archive: Archive, arguments: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert archive.folders.library_id
    (archive.path / "Holiday").mkdir()
    read_only(archive, monkeypatch)
    result = archive.backup("--album", "Holiday", *arguments, code=ExitCode.USAGE)
    assert "The destination cannot be written to" in result.err and "read-only" in result.err
    assert nothing_happened(archive)


def read_only(archive: Archive, monkeypatch: pytest.MonkeyPatch) -> None:
    """Mount the destination read-only, as far as one can see that without writing: a test may not mount anything."""
    real = os.statvfs

    def told(path: object) -> os.statvfs_result:
        found = list(real(path))  # type: ignore[arg-type]
        if str(path).startswith(str(archive.path)):
            found[8] |= os.ST_RDONLY
        return os.statvfs_result(found)

    monkeypatch.setattr(os, "statvfs", told)


def test_an_empty_album_is_never_deleted(archive: Archive) -> None:
    server = archive.server
    server.album("Empty")
    for more in ((), ("--delete-album-anyway",)):
        assert "nothing of it was copied" in archive.all_of_it("Empty", *more).out
        assert archive.has_album("Empty")


def test_an_album_is_never_deleted_whose_members_somebody_trashed(archive: Archive) -> None:
    archive.server.trash("beach.jpg", "tower.jpeg")
    for more in ((), ("--delete-album-anyway",)):
        assert "nothing of it was copied" in archive.all_of_it("Holiday", *more).out
        assert archive.has_album("Holiday") and archive.files() == {}


def test_a_choice_that_fits_no_album_is_a_mistake(archive: Archive) -> None:
    archive.backup("--all")
    archive.server.api.delete(f"/albums/{archive.server.albums['Holiday']}")
    assert "no album" in archive.backup("--all", code=ExitCode.USAGE).err
    assert "there is no album 'Hol*'" in archive.backup("--album", "Hol*", code=ExitCode.USAGE).err
