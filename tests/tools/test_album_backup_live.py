"""Live photos whose two halves the server joins over everything that their owner has: uploads, copies, and what is in the trash.

Purging a still purges the video that it points to, with its file. So whatever the server's jobs cross, nothing of the archive may go with
an upload, and nothing of an upload with a copy.
"""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Final

import pytest
from attrs import frozen

from immich_tools.errors import ExitCode
from immich_tools.plan.effects.live_copies import Copy, separate
from immich_tools.sandbox import Dialect, Jobs, Sandbox
from tests.tools import pictures
from tests.tools.api import Api
from tests.tools.archive import Archive
from tests.tools.command_line import CommandLine, Result
from tests.tools.folders import Folders
from tests.tools.host import Host
from tests.tools.server import TAKEN, Server

PAIRS: Final = 8
SEEDS: Final = (1, 2, 3)


@frozen
class Half:
    """A still or a motion video of an upload."""

    name: str
    content: bytes

    @property
    def sha1(self) -> str:
        return hashlib.sha1(self.content).hexdigest()


def arrange(server: Server, count: int = PAIRS) -> list[Half]:
    """An album of live photos that are told apart by their content identifiers."""
    halves = []
    for number in range(count):
        still, video = pictures.live_photo(f"{server.user_id} {number}", taken=TAKEN)
        halves += [Half(f"{number}.mov", video), Half(f"{number}.jpg", still)]
        server._upload(f"{number}.mov", video, TAKEN, {})
        server._upload(f"{number}.jpg", still, TAKEN, {"livePhotoVideoId": server.ids[f"{number}.mov"]})
    server.album("Holiday", *(half.name for half in halves if half.name.endswith("jpg")))
    server.settle()
    return halves


def empty_trash(server: Server) -> None:
    server.settle()
    server.api.post("/trash/empty")
    server.settle()


def check_archive(archive: Archive, halves: list[Half]) -> None:
    """Every copy is there, byte for byte, and points to its own motion video."""
    files = archive.files()
    assert {half.name: files.get(f"Holiday/{half.name}") for half in halves} == {
        half.name: half.sha1 for half in halves
    }
    for half in halves:
        if half.name.endswith("jpg"):
            still, video = (archive.asset(f"Holiday/{Path(half.name).stem}{each}") for each in (".jpg", ".mov"))
            assert (still["livePhotoVideoId"], video["visibility"]) == (video["id"], "hidden"), half.name


def check_uploads(server: Server, halves: list[Half]) -> None:
    """Every file of the uploads can still be downloaded."""
    for half in halves:
        asset = server.api.get(f"/assets/{server.ids[half.name]}")
        assert not asset["isTrashed"], half.name
        with server.connect().downloads.open(asset["id"]) as download:
            assert b"".join(download.pieces) == half.content, half.name


def undo_with_copies(archive: Archive, result: Result) -> None:
    runs = [line.split()[1] for line in result.out.splitlines() if line.startswith("Run ")]
    for run in reversed(runs):
        undone = archive.shell.toolkit("undo", run, "--yes", "--remove-copies")
        # The scan was the administrator's run; there is nothing to undo in it.
        assert undone.code == ExitCode.DONE or "another user's" in undone.err, undone.out + undone.err


@pytest.fixture
def archive(server: Server, shell: CommandLine, folders: Folders) -> Archive:
    return Archive(server, shell, folders)


def test_emptying_the_trash_takes_nothing_from_the_archive(archive: Archive) -> None:
    halves = arrange(archive.server)
    archive.all_of_it()
    assert all(archive.is_trashed(half.name) for half in halves if half.name.endswith("jpg"))
    empty_trash(archive.server)
    check_archive(archive, halves)


def test_undo_that_removes_the_copies_takes_nothing_from_the_uploads(archive: Archive) -> None:
    halves = arrange(archive.server)
    uploads = dict(archive.server.ids)
    result = archive.all_of_it()
    undo_with_copies(archive, result)
    assert archive.names() == []
    archive.folders.scan()
    archive.server.ids = uploads
    empty_trash(archive.server)
    check_uploads(archive.server, halves)


def test_undo_that_leaves_the_copies_leaves_them_joined(archive: Archive) -> None:
    server = archive.server
    halves = arrange(server)
    for half in halves:
        if half.name.endswith("jpg"):
            server.update(half.name, isFavorite=True)
    result = archive.all_of_it()
    archive.undo(result)
    server.settle()
    check_archive(archive, halves)
    check_uploads(server, halves)


def cross(archive: Archive, number: int = 0) -> tuple[str, str]:
    """The server lets an upload and its copy point to each other's video; the ids of the copied halves."""
    server = archive.server
    still, video = (archive.asset(f"Holiday/{number}.{each}")["id"] for each in ("jpg", "mov"))
    server.api.put(f"/assets/{server.ids[f'{number}.jpg']}", {"livePhotoVideoId": video})
    server.api.put(f"/assets/{still}", {"livePhotoVideoId": server.ids[f"{number}.mov"]})
    return still, video


def test_copies_that_are_crossed_with_uploads_are_straightened_before_their_files_go(archive: Archive) -> None:
    server = archive.server
    halves = arrange(server, 2)
    uploads = dict(server.ids)
    result = archive.backup("--album", "Holiday", "--scan", "--apply")
    for number in range(2):
        cross(archive, number)
    undo_with_copies(archive, result)
    assert archive.names() == []
    archive.folders.scan()
    server.ids = uploads
    empty_trash(server)
    check_uploads(server, halves)
    for number in range(2):
        still, video = (server.api.get(f"/assets/{server.ids[f'{number}.{each}']}") for each in ("jpg", "mov"))
        assert (still["livePhotoVideoId"], video["visibility"]) == (video["id"], "hidden")


def test_a_copied_motion_video_that_another_photo_points_to_stays(archive: Archive) -> None:
    server = archive.server
    arrange(server, 1)
    result = archive.backup("--album", "Holiday", "--scan", "--apply")
    server.photo("another.jpg")
    server.settle()
    server.api.put(f"/assets/{server.ids['another.jpg']}", {"livePhotoVideoId": archive.asset("Holiday/0.mov")["id"]})
    copied = next(line.split()[1] for line in result.out.splitlines() if line.startswith("Run "))
    undone = archive.shell.toolkit("undo", copied, "--yes", "--remove-copies")
    assert "Holiday/0.mov: another.jpg points to this motion video; it was not changed" in undone.out
    assert archive.names() == ["Holiday/0.mov"]


def test_copies_of_plans_that_do_not_name_their_server_paths_are_separated_as_well(archive: Archive) -> None:
    server = archive.server
    arrange(server, 1)
    archive.backup("--album", "Holiday", "--scan", "--apply")
    copied_still, copied_video = cross(archive)
    still, video = server.ids["0.jpg"], server.ids["0.mov"]
    copies = {"still": Copy("Holiday/0.jpg", "", still, ""), "video": Copy("Holiday/0.mov", "", video, "")}
    # Which still the video belongs to is not known, and the upload points to it.
    assert set(separate(server.connect(), copies)) == {"video"}
    assert server.api.get(f"/assets/{copied_still}")["livePhotoVideoId"] == copied_video
    copies["video"] = Copy("Holiday/0.mov", "", video, still)
    assert separate(server.connect(), copies) == {}
    assert server.api.get(f"/assets/{still}")["livePhotoVideoId"] == video


def test_what_cannot_be_read_or_repaired_keeps_the_file_of_a_copy(archive: Archive) -> None:
    server = archive.server
    arrange(server, 1)
    archive.backup("--album", "Holiday", "--scan", "--apply")
    cross(archive)
    copies = {"still": Copy("Holiday/0.jpg", f"{archive.folders.root}/Holiday/0.jpg", server.ids["0.jpg"], "")}
    for missing in ("asset.update", "asset.read"):
        immich = server.connect(permissions={"asset.read", "asset.update", "user.read"} - {missing})
        assert missing in separate(immich, copies)["still"]


def test_an_upload_that_points_to_the_copied_video_finds_its_own_again(archive: Archive) -> None:
    halves = arrange(archive.server, 1)
    archive.backup("--album", "Holiday", "--scan", "--apply")
    cross(archive)
    archive.all_of_it()
    assert archive.is_trashed("0.jpg")
    empty_trash(archive.server)
    check_archive(archive, halves)


def test_an_upload_that_points_to_a_video_of_another_library_finds_its_own_again(archive: Archive) -> None:
    server = archive.server
    halves = arrange(server, 1)
    uploads = dict(server.ids)
    elsewhere = Folders(server, archive.path.with_name("elsewhere"))
    elsewhere.files("0.mov")
    server.api.put(f"/assets/{uploads['0.jpg']}", {"livePhotoVideoId": server.ids["0.mov"]})
    server.ids = uploads
    archive.all_of_it()
    assert archive.is_trashed("0.jpg")
    empty_trash(server)
    check_archive(archive, halves)
    assert (elsewhere.path / "0.mov").exists()


def test_halves_that_do_not_say_that_they_belong_together_are_joined(archive: Archive) -> None:
    server = archive.server
    server.video("live.mov")
    server.photo("live.jpg", live_video="live.mov")
    server.album("Holiday", "live.jpg")
    server.settle()
    archive.all_of_it()
    empty_trash(server)
    still, video = archive.asset("Holiday/live.jpg"), archive.asset("Holiday/live.mov")
    assert (still["livePhotoVideoId"], video["visibility"]) == (video["id"], "hidden")


def test_the_copy_becomes_the_cover_of_every_album_and_undo_gives_it_back(archive: Archive) -> None:
    server = archive.server
    server.photo("beach.jpg")
    server.photo("tower.jpg")
    server.photo("stays.jpg")
    server.settle()
    server.album("Holiday", "beach.jpg")
    server.album("Best of", "beach.jpg", "stays.jpg", "tower.jpg")
    album = server.albums["Best of"]
    server.api.patch(f"/albums/{album}", {"albumThumbnailAssetId": server.ids["beach.jpg"]})
    result = archive.all_of_it()
    empty = server.api.get(f"/albums/{album}")["albumThumbnailAssetId"]
    assert archive.is_trashed("beach.jpg") and empty == archive.asset("Holiday/beach.jpg")["id"]
    archive.undo(result)
    assert server.api.get(f"/albums/{album}")["albumThumbnailAssetId"] == server.ids["beach.jpg"]


@pytest.mark.parametrize("dialect", list(Dialect), ids=lambda dialect: str(dialect.value))
def test_no_order_of_the_servers_jobs_takes_a_file(dialect: Dialect, tmp_path: Path) -> None:
    problems = []
    for seed in SEEDS:
        sandbox = Sandbox(dialect, jobs=Jobs(seed=seed))
        with sandbox.serve() as url, Api(url, key=sandbox.admin_key) as admin:
            host = Host(url, admin, sandbox)
            for check in (
                test_emptying_the_trash_takes_nothing_from_the_archive,
                test_undo_that_removes_the_copies_takes_nothing_from_the_uploads,
                test_undo_that_leaves_the_copies_leaves_them_joined,
            ):
                folder = tmp_path / f"{seed} {check.__name__}"
                folder.mkdir()
                server = host.new_user("Alex")
                shell = CommandLine(server.url, server.key, folder, waits_by=host.clock)
                try:
                    check(Archive(server, shell, Folders(server, folder / "library")))
                except AssertionError as problem:
                    problems.append(f"seed {seed}, {check.__name__}: {problem}")
            host.remove_users()
    assert not problems, "\n".join(problems)
