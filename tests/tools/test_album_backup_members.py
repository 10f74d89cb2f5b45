"""What an album may hold, what it may be called, and what may lie at the destination already."""

from __future__ import annotations

import hashlib
import resource
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from immich_tools.errors import ExitCode
from immich_tools.tools import PACKAGES
from tests.tools import pictures
from tests.tools.archive import Archive
from tests.tools.command_line import CommandLine
from tests.tools.folders import Folders
from tests.tools.server import COPY, TAKEN, Server

IDENTIFIER = b"7C3F1D52-0C4B-4E0A-9A57-3B1F0C6C9A11"


@pytest.fixture
def archive(server: Server, shell: CommandLine, folders: Folders) -> Archive:
    return Archive(server, shell, folders)


def photo(seed: str) -> bytes:
    return pictures.photo(seed, width=COPY[0], height=COPY[1], taken=TAKEN)


def sha1(content: bytes) -> str:
    return hashlib.sha1(content).hexdigest()


def test_two_photos_of_one_name_both_survive(archive: Archive) -> None:
    server = archive.server
    contents = [photo("one phone"), photo("another phone")]
    for number, content in enumerate(contents):
        server._upload("IMG_0001.JPG", content, TAKEN, {})
        server.ids[f"photo {number}"] = server.ids["IMG_0001.JPG"]
    server.album("Holiday", "photo 0", "photo 1")
    archive.all_of_it()
    assert archive.names() == ["Holiday/IMG_0001+1.JPG", "Holiday/IMG_0001.JPG"]
    files = archive.files()
    assert {files[name] for name in archive.names()} == set(map(sha1, contents))
    assert archive.is_trashed("photo 0") and archive.is_trashed("photo 1")


def test_a_file_that_lies_there_is_never_overwritten(archive: Archive) -> None:
    server = archive.server
    server.photo("beach.jpg")
    server.album("Holiday", "beach.jpg")
    assert archive.folders.library_id
    older = archive.path / "Holiday/beach.jpg"
    older.parent.mkdir(parents=True)
    older.write_bytes(b"an older archive")
    archive.backup("--album", "Holiday", "--apply")
    assert older.read_bytes() == b"an older archive"
    assert archive.files()["Holiday/beach+1.jpg"] == sha1(photo("beach.jpg"))
    archive.backup("--album", "Holiday", "--apply")
    assert archive.names() == ["Holiday/beach+1.jpg", "Holiday/beach.jpg"]


def test_a_live_photo_stays_one(archive: Archive) -> None:
    server = archive.server
    # What ties the two together is in the files.
    video = pictures.video("live.mov") + b"\0\0\0\x2dfree " + IDENTIFIER
    server._upload("live.mov", video, TAKEN, {})
    still = photo("live.jpg") + IDENTIFIER
    server._upload("live.jpg", still, TAKEN, {"livePhotoVideoId": server.ids["live.mov"]})
    server.album("Holiday", "live.jpg")
    archive.all_of_it()
    files = archive.files()
    assert (files["Holiday/live.jpg"], files["Holiday/live.mov"]) == (sha1(still), sha1(video))
    copy, motion = archive.asset("Holiday/live.jpg"), archive.asset("Holiday/live.mov")
    assert copy["livePhotoVideoId"] == motion["id"] and motion["visibility"] == "hidden"
    assert archive.is_trashed("live.jpg")


def test_nothing_of_a_live_photo_goes_without_its_motion_video(archive: Archive) -> None:
    server = archive.server
    server.video("live.mov")
    server.photo("live.jpg", live_video="live.mov")
    server.album("Holiday", "live.jpg")
    archive.backup("--album", "Holiday", "--scan", "--apply")
    (archive.path / "Holiday/live.mov").write_bytes(b"damaged")
    result = archive.all_of_it(code=ExitCode.CHANGES_FAILED)
    assert "something else lies at Holiday/live.mov" in result.out
    assert not archive.is_trashed("live.jpg") and archive.has_album("Holiday")
    assert (archive.path / "Holiday/live.mov").read_bytes() == b"damaged"


def test_stacked_uploads_go_together_or_not_at_all(archive: Archive) -> None:
    server = archive.server
    for name in ("a.jpg", "b.jpg", "c.jpg"):
        server.photo(name)
    server.settle()
    server.api.post("/stacks", {"assetIds": [server.ids["a.jpg"], server.ids["b.jpg"]]})
    server.album("Holiday", "a.jpg", "c.jpg")
    assert "a.jpg: is in a stack with others that stay" in archive.all_of_it(code=ExitCode.CHANGES_FAILED).err
    assert not archive.is_trashed("a.jpg") and archive.is_trashed("c.jpg")
    server.add_to_album("Holiday", "b.jpg")
    archive.all_of_it()
    assert archive.is_trashed("a.jpg") and archive.is_trashed("b.jpg")


def test_external_members_stay_and_belong_to_the_album_made_again(archive: Archive, tmp_path: Path) -> None:
    server = archive.server
    server.photo("beach.jpg")
    # A folder whose name only begins like the destination's, in a library that is not configured.
    elsewhere = Folders(server, tmp_path / "library2")
    elsewhere.files("old.jpg")
    server.album("Holiday", "beach.jpg", "old.jpg")
    result = archive.backup(
        *("--album", "Holiday", "--scan", "--delete-assets", "--delete-album", "--max-ratio", "1", "--apply")
    )
    assert "1 of its members were left out" in result.out and archive.has_album("Holiday")
    assert archive.names() == ["Holiday/beach.jpg"]
    assert archive.is_trashed("beach.jpg") and not archive.is_trashed("old.jpg")

    server.photo("tower.jpg")
    server.add_to_album("Holiday", "tower.jpg")
    server.settle()
    archive.all_of_it()
    assert not archive.has_album("Holiday")
    (album,) = archive.albums()
    assert len(album["members"]) == 3
    assert {"old.jpg", archive.asset("Holiday/tower.jpg")["id"]} < set(album["members"])


def test_what_belongs_to_others_is_left_to_them(archive: Archive) -> None:
    friend = with_friend(archive)
    result = archive.all_of_it()
    assert "belongs to Bo" in result.out
    assert archive.names() == ["Holiday/alex.jpg"] and archive.is_trashed("alex.jpg")
    assert archive.has_album("Holiday")
    assert not friend.api.get(f"/assets/{friend.ids['bo.jpg']}")["isTrashed"]


def test_with_their_keys_everybody_lets_go_of_their_own(archive: Archive) -> None:
    friend = with_friend(archive)
    archive.others = (friend,)
    archive.all_of_it()
    assert archive.names() == ["Holiday/alex.jpg", "Holiday/bo.jpg"]
    assert archive.is_trashed("alex.jpg")
    assert friend.api.get(f"/assets/{friend.ids['bo.jpg']}")["isTrashed"]
    assert not archive.has_album("Holiday")
    (album,) = archive.albums()
    assert album["users"] == {"Bo": "editor"} and len(album["members"]) == 2


def with_friend(archive: Archive) -> Server:
    """An album with a photo of each of two users."""
    server = archive.server
    friend = server.host.new_user("Bo")
    server.photo("alex.jpg")
    friend.photo("bo.jpg")
    server.album("Holiday", "alex.jpg")
    server.share_album("Holiday", friend, "editor")
    friend.add_to_album("Holiday", "bo.jpg")
    server.settle()
    return friend


@pytest.mark.parametrize(
    ("name", "folder"),
    [("../..", "_._"), ("a/b", "a_b"), ("/etc", "_etc"), ("CON", "CON_"), ("Ends with a dot.", "Ends with a dot")],
)
def test_no_name_leads_out_of_the_destination(archive: Archive, name: str, folder: str) -> None:
    archive.server.photo("beach.jpg")
    archive.server.album(name, "beach.jpg")
    above = sorted(archive.path.parent.iterdir())
    archive.backup("--album", name, "--apply")
    (found,) = archive.names()
    assert found.count("/") == 1 and found.endswith("/beach.jpg") and ".." not in found
    assert found.split("/")[0] == folder
    known = {archive.path, archive.path.parent / "state", archive.path.parent / "config"}
    assert set(archive.path.parent.iterdir()) <= {*above, *known}


def test_a_variable_that_is_the_name_of_an_album_means_that_album(
    archive: Archive, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(PACKAGES, "album-backup", "immich_tools.album_backup")
    for number, name in enumerate(("Italy, 2024", "Italy", "2024", "Rome")):
        archive.server.photo(f"{number}.jpg")
        archive.server.album(name, f"{number}.jpg")
    archive.with_administrator = False
    saved = archive.shell.folder / "plan.json"
    for value, folders in (("Italy, 2024", {"Italy, 2024"}), ("Italy, Rome", {"Italy", "Rome"})):
        archive.more = {"IMMICH_ALBUM_BACKUP_ALBUM": value}
        archive.backup("--save-plan", str(saved))
        archive.shell.toolkit("apply", str(saved), "--yes")
        saved.unlink()
        assert {name.partition("/")[0] for name in archive.names()} == folders
        archive.backup("--apply")
        for name in archive.files():
            (archive.path / name).unlink()
    archive.more = {}
    result = archive.backup("--album", "Italy, Rome", code=ExitCode.USAGE)
    assert "there is no album 'Italy, Rome'" in result.err


def test_folders_by_year_and_by_template(archive: Archive) -> None:
    server = archive.server
    server.photo("new.jpg")
    server.photo("old.jpg", taken=TAKEN.replace(year=2019))
    server.album("Holiday", "new.jpg", "old.jpg")
    archive.backup("--album", "Holiday", "--year", "--apply")
    assert archive.names() == ["2019/Holiday/new.jpg", "2019/Holiday/old.jpg"]
    archive.backup("--album", "Holiday", "--layout", "each/{year}/{owner}", "--apply")
    assert archive.names()[2:] == ["each/2019/Alex/old.jpg", "each/2021/Alex/new.jpg"]


@contextmanager
def no_file_larger_than(size: int) -> Iterator[None]:
    """The system refuses to write more, as a full disk does."""
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, limits[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)


def test_what_finds_no_room_stays_and_the_rest_goes_on(archive: Archive) -> None:
    server = archive.server
    server.photo("large.jpg", size=(400, 400))
    server.photo("small.jpg")
    server.album("Holiday", "large.jpg", "small.jpg")
    server.settle()
    with no_file_larger_than(60_000):
        archive.all_of_it(code=ExitCode.CHANGES_FAILED)
    assert archive.names() == ["Holiday/small.jpg"] and not archive.leftovers()
    assert archive.is_trashed("small.jpg") and not archive.is_trashed("large.jpg")
    assert archive.has_album("Holiday")
    archive.all_of_it()
    assert archive.is_trashed("large.jpg") and not archive.has_album("Holiday")


def test_a_full_disk_is_noticed_before_anything_is_written(archive: Archive, monkeypatch: pytest.MonkeyPatch) -> None:
    import os

    archive.server.photo("beach.jpg")
    archive.server.album("Holiday", "beach.jpg")
    real = os.statvfs

    def nearly_full(path: object) -> os.statvfs_result:
        told = list(real(path))  # type: ignore[arg-type]
        told[4] = 1  # blocks that are free for everybody
        return os.statvfs_result(told)

    monkeypatch.setattr(os, "statvfs", nearly_full)
    for arguments in ((), ("--apply",)):
        result = archive.backup("--album", "Holiday", *arguments, code=ExitCode.STOPPED)
        assert "Nothing was changed" in result.err
    assert archive.files() == {}


def test_room_is_needed_for_what_all_users_copy_together(archive: Archive, monkeypatch: pytest.MonkeyPatch) -> None:
    import os

    archive.others = (with_friend(archive),)
    real = os.statvfs

    def for_one_user(path: object) -> os.statvfs_result:
        told = list(real(path))  # type: ignore[arg-type]
        # A photo takes two blocks, its sidecar one.
        told[1], told[4] = 4096, 4
        return os.statvfs_result(told)

    monkeypatch.setattr(os, "statvfs", for_one_user)
    assert "Nothing was changed" in archive.backup("--album", "Holiday", "--apply", code=ExitCode.STOPPED).err
    assert archive.files() == {}


def test_a_link_below_the_destination_is_found_by_a_dry_run_too(archive: Archive) -> None:
    archive.server.photo("beach.jpg")
    archive.server.album("Holiday", "beach.jpg")
    assert archive.folders.library_id
    elsewhere = archive.path.parent / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "beach.jpg").write_bytes(photo("beach.jpg"))
    for target in (elsewhere, archive.path.parent / "gone"):
        (archive.path / "Holiday").unlink(missing_ok=True)
        (archive.path / "Holiday").symlink_to(target)
        for arguments in ((), ("--apply",)):
            result = archive.backup("--album", "Holiday", *arguments, code=ExitCode.CHANGES_FAILED)
            assert "Holiday: it is a symbolic link" in result.err
    assert [path.name for path in elsewhere.iterdir()] == ["beach.jpg"]


def test_a_missing_destination_is_no_new_folder(archive: Archive) -> None:
    archive.server.photo("beach.jpg")
    archive.server.album("Holiday", "beach.jpg")
    assert archive.folders.library_id
    archive.path.rmdir()
    result = archive.backup("--album", "Holiday", "--apply", code=ExitCode.USAGE)
    assert "Is its disk mounted?" in result.err and not archive.path.exists()


def test_what_cannot_be_read_is_reported_and_stays(archive: Archive) -> None:
    archive.server.photo("beach.jpg")
    archive.server.album("Holiday", "beach.jpg")
    for arguments in ((), ("--apply", "--delete-assets", "--delete-album")):
        result = archive.backup("--album", "Holiday", "--origin", "disk", *arguments, code=None)
        assert "it is not there; check that the folder is mounted" in result.out
    assert result.code == ExitCode.CHANGES_FAILED
    assert not archive.is_trashed("beach.jpg") and archive.has_album("Holiday") and archive.files() == {}


@pytest.mark.parametrize(
    ("variables", "words"),
    [
        ({"EXTERNAL_LIB_PATHS": "{root},"}, "EXTERNAL_LIB_PATHS"),
        ({"EXTERNAL_LIB_PATHS": "{root},,/other"}, "EXTERNAL_LIB_PATHS"),
        ({"EXTERNAL_LIB_PATHS": "/"}, "every file lies below it"),
        ({"EXTERNAL_LIB_PATHS": "relative"}, "whole path"),
        ({"API_KEYS": "{other}:{key}"}, "belongs to Alex"),
        ({"IMMICH_PORT": "99999999"}, "IMMICH_PORT"),
    ],
)
def test_variables_are_read_strictly(archive: Archive, variables: dict[str, str], words: str) -> None:
    archive.server.photo("beach.jpg")
    archive.server.album("Holiday", "beach.jpg")
    fill = {"root": archive.folders.root, "key": archive.server.key, "other": archive.server.albums["Holiday"]}
    archive.more = {name: value.format_map(fill) for name, value in variables.items()}
    result = archive.backup("--album", "Holiday", "--delete-album", "--apply", code=ExitCode.USAGE)
    assert words in result.err
    assert archive.has_album("Holiday") and not list(archive.path.rglob("*.jpg"))


def test_of_several_keys_the_wrong_one_is_named(archive: Archive) -> None:
    archive.more = {"API_KEYS": f"alex:{archive.server.key},bo:wrong"}
    assert archive.folders.library_id
    assert "account bo: " in archive.backup("--list", code=ExitCode.ACCESS).err


def test_the_older_tools_way_to_say_apply(archive: Archive) -> None:
    archive.server.photo("beach.jpg")
    archive.server.album("Holiday", "beach.jpg")
    archive.more = {"DRY_RUN": "maybe"}
    archive.backup("--album", "Holiday", code=ExitCode.USAGE)
    archive.more = {"DRY_RUN": "true"}
    archive.backup("--album", "Holiday")
    assert archive.files() == {}
    archive.more = {"DRY_RUN": "false"}
    archive.backup("--album", "Holiday")
    assert archive.names() == ["Holiday/beach.jpg"]
