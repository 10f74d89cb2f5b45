"""Live photos whose two halves the server joins over everything that their owner has: uploads, copies, and what is in the trash.

Purging a still purges the video that it points to, with its file. So whatever the server's jobs cross, nothing of the archive may go with an
upload, and nothing of an upload with a copy.
"""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Final

import pytest
from attrs import frozen

from immich_tools.errors import ExitCode
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
