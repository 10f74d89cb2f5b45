"""A backup that is killed without warning at any moment: nothing is lost, and the next run ends what it began.

The command runs in another process, which kills itself (SIGKILL) around its N-th request that changes something, or within its N-th call
that deals with files, for every N up to the end.
"""

from __future__ import annotations

import hashlib
import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from attrs import define

from immich_tools.errors import ExitCode
from immich_tools.sandbox import Dialect
from immich_tools.tools import PACKAGES
from tests.tools import pictures
from tests.tools.archive import Archive
from tests.tools.command_line import CommandLine
from tests.tools.folders import Folders
from tests.tools.host import Host, sandbox_host
from tests.tools.server import COPY, TAKEN

ROOT = Path(__file__).parents[2]
EVERYTHING = (
    *("--album", "Holiday", "--scan", "--rebuild-album", "--delete-assets", "--delete-album"),
    *("--max-ratio", "1", "--apply"),
)
STRIDE = 5
"""Calls between two moments of death; each moment in the life of a copy is met by one file or another."""
KILLED = -signal.SIGKILL


@define
class Worker:
    """The other program."""

    program: subprocess.Popen[str]

    def back_up(self, archive: Archive, kind: str, number: int) -> int:
        """Run the command, and kill it.

        :returns: how it ended: its exit code, or minus the number of the signal.
        """
        folder = archive.shell.folder
        environment = {
            **archive.variables(),
            "XDG_STATE_HOME": str(folder / "state"),
            "XDG_CONFIG_HOME": str(folder / "config"),
        }
        order = {"environment": environment, "folder": str(folder), "arguments": EVERYTHING, "crash": [kind, number]}
        assert self.program.stdin is not None and self.program.stdout is not None
        self.program.stdin.write(json.dumps(order) + "\n")
        self.program.stdin.flush()
        return int(self.program.stdout.readline())


@pytest.fixture(scope="module")
def worker() -> Iterator[Worker]:
    command = [sys.executable, "-m", "tests.tools.album_backup_process"]
    with subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as program:
        yield Worker(program)
        assert program.stdin is not None
        program.stdin.close()
        assert program.wait(30) == 0


@pytest.fixture(scope="module", params=list(Dialect), ids=lambda dialect: str(dialect.value))
def own_host(request: pytest.FixtureRequest) -> Iterator[Host]:
    with sandbox_host(request.param, real_time=True) as host:
        yield host


def arranged(host: Host, folder: Path) -> Archive:
    """An album with a photo that Immich knows a lot about, and a live photo."""
    server = host.new_user("Alex")
    server.photo("beach.jpg")
    server.video("live.mov")
    server.photo("live.jpg", live_video="live.mov")
    server.album("Holiday", "beach.jpg", "live.jpg")
    server.update("beach.jpg", description="At the beach", isFavorite=True)
    folder.mkdir()
    return Archive(server, CommandLine(server.url, server.key, folder), Folders(server, folder / "library"))


def contents() -> dict[str, str]:
    """What the copies must hold."""
    found = {
        name: pictures.photo(name, width=COPY[0], height=COPY[1], taken=TAKEN) for name in ("beach.jpg", "live.jpg")
    }
    found["live.mov"] = pictures.video("live.mov")
    return {f"Holiday/{name}": hashlib.sha1(content).hexdigest() for name, content in found.items()}


def check_nothing_is_lost(archive: Archive) -> None:
    """Whatever has its final name is whole, and nothing is in the trash whose copy is not."""
    files, expected = archive.files(), contents()
    for name in archive.names():
        assert ".immich-toolkit-" in name or files[name] == expected[name]
    if archive.is_trashed("beach.jpg"):
        assert "Holiday/beach.jpg" in files
    if archive.is_trashed("live.jpg"):
        assert {"Holiday/live.jpg", "Holiday/live.mov"} <= files.keys()
    if not archive.has_album("Holiday"):
        assert archive.is_trashed("beach.jpg") and archive.is_trashed("live.jpg")


def check_everything_is_done(archive: Archive) -> None:
    files = archive.files()
    assert {name: files[name] for name in archive.names()} == contents() and not archive.leftovers()
    assert archive.is_trashed("beach.jpg") and archive.is_trashed("live.jpg") and not archive.has_album("Holiday")
    copy = archive.asset("Holiday/beach.jpg")
    assert (copy["exifInfo"]["description"], copy["isFavorite"]) == ("At the beach", True)
    made = [set(album["members"]) for album in archive.albums()]
    assert made == [{copy["id"], archive.asset("Holiday/live.jpg")["id"]}]


def killed_everywhere(worker: Worker, host: Host, folder: Path, kind: str, stride: int) -> int:
    """Kill the backup at one moment after the other, and run it again after each.

    :returns: how many times it died.
    """
    for number in range(1, 1000):
        archive = arranged(host, folder / str(number))
        try:
            ended = worker.back_up(archive, kind, 1 + (number - 1) * stride)
            check_nothing_is_lost(archive)
            archive.all_of_it()
            check_everything_is_done(archive)
        finally:
            host.remove_users()
        if ended != KILLED:
            assert ended == 0
            return number - 1
    raise AssertionError("it never came to its end")


@pytest.mark.parametrize("moment", ["before", "after"])
def test_around_each_request(worker: Worker, own_host: Host, tmp_path: Path, moment: str) -> None:
    # A scan, a favourite, the album made again, the uploads, the album.
    assert killed_everywhere(worker, own_host, tmp_path, moment, 1) >= 5


def test_while_files_are_copied(worker: Worker, own_host: Host, tmp_path: Path) -> None:
    assert killed_everywhere(worker, own_host, tmp_path, "disk", STRIDE) >= 10


@pytest.mark.parametrize("number", [2, 3, 4, 5])
def test_a_run_is_resumed_by_its_journal(
    worker: Worker, own_host: Host, tmp_path: Path, number: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without the other users' keys and without the command's options: the journal knows them."""
    monkeypatch.setitem(PACKAGES, "album-backup", "immich_tools.album_backup")
    archive = arranged(own_host, tmp_path / "run")
    try:
        assert worker.back_up(archive, "after", number) == KILLED
        assert archive.shell.toolkit("resume", "last", "--yes").code == ExitCode.DONE
        check_everything_is_done(archive)
    finally:
        own_host.remove_users()
