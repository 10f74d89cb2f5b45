"""What goes wrong in the field: each has a message that helps, the rest goes on, and the exit code tells."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Iterator
from subprocess import DEVNULL, PIPE, Popen
from typing import Any

import pytest

from immich_tools.errors import ExitCode
from immich_tools.plan.journal import find_run
from tests.tools.command_line import CommandLine
from tests.tools.folders import Folders
from tests.tools.gatekeeper import Gatekeeper, Refusal, gatekeeper

SHARING = r"PUT /api/albums/[^/]+/users"
MEMBERS = {"Oslo": ["Oslo/d.jpg"], "Paris": ["Paris/c.jpg"], "Rome": ["Rome/a.jpg", "Rome/b.jpg"]}


@pytest.fixture
def three(folders: Folders) -> Folders:
    """Three folders."""
    folders.files("Rome/a.jpg", "Rome/b.jpg", "Paris/c.jpg", "Oslo/d.jpg")
    return folders


@pytest.fixture
def keeper(shell: CommandLine) -> Iterator[Gatekeeper]:
    """Stands between command line and server."""
    with gatekeeper(shell.url) as keeper:
        yield keeper


# Roots


@pytest.mark.parametrize("root", ["/mnt/nas/photos/{name}", "/volume1/{NAME}/", "\\\\nas\\share\\{name}"])
def test_a_root_as_the_host_sees_it(three: Folders, shell: CommandLine, root: str) -> None:
    """The most frequent problem of all: the folder's path outside Immich's container."""
    given = root.format(name=three.path.name, NAME=three.path.name.upper())

    result = shell.folder_albums("-r", given, "--apply")

    assert result.code == ExitCode.USAGE
    assert len(result.err.strip().splitlines()) == 1
    assert "No file lies under the root" in result.err
    assert f"Did you mean {three.root}?" in result.err
    assert f"{three.root}/Paris/c.jpg" in result.err
    assert three.state().albums == ()


def test_one_wrong_root_stops_the_run_and_is_named(three: Folders, shell: CommandLine) -> None:
    result = shell.folder_albums("-r", f"{three.root}/Rome", "-r", "/wrong", "-r", three.root, "--apply")

    assert result.code == ExitCode.USAGE
    assert "No file lies under the root /wrong." in result.err
    assert three.state().albums == ()


def test_a_root_must_be_a_whole_folder(three: Folders, shell: CommandLine) -> None:
    """``/photos/Ro`` does not hold ``/photos/Rome``."""
    result = shell.folder_albums("-r", f"{three.root}/Ro", "--apply")

    assert result.code == ExitCode.USAGE
    assert "No file lies under the root" in result.err
    assert three.state().albums == ()


def test_a_user_without_files(folders: Folders, shell: CommandLine) -> None:
    result = shell.folder_albums("-r", "/photos", "--apply")

    assert result.code == ExitCode.USAGE
    assert "The server has no file in an external library that this key may see." in result.err


# Albums of others


@pytest.mark.parametrize("role", ["viewer", "editor"])
def test_an_album_of_somebody_else_with_that_name_is_left_alone(three: Folders, shell: CommandLine, role: str) -> None:
    blake = three.server.host.new_user("Blake")
    blake.photo("theirs.jpg")
    blake.settle()
    blake.album("Rome", "theirs.jpg")
    blake.share_album("Rome", three.server, role)

    result = shell.folder_albums("-r", three.root, "--apply")

    assert result.code == ExitCode.DONE, result.err
    assert "An album 'Rome' of somebody else is shared with you; it is left alone." in result.out
    albums = sorted(album["members"] for album in three.state().albums if album["name"] == "Rome")
    assert albums == sorted([[blake.ids["theirs.jpg"]], ["Rome/a.jpg", "Rome/b.jpg"]])
    assert "Nothing to do" in shell.folder_albums("-r", three.root, "--apply").err


# Permissions


def test_a_key_that_lacks_permissions_is_told_before_anything_is_changed(three: Folders, shell: CommandLine) -> None:
    three.server.host.new_user("Blake")
    reading = ("album.read", "asset.read", "asset.statistics", "user.read")
    limited = shell.with_key(three.server.new_key(reading))
    writes = three.server.host.writes()

    assert limited.folder_albums("-r", three.root).code == ExitCode.DONE
    result = limited.folder_albums("-r", three.root, "-x", "Blake", "-O", "asc", "--apply")

    assert result.code == ExitCode.ACCESS
    (line,) = (line for line in result.err.splitlines() if line)
    assert "album.create, album.update" in line
    assert three.server.host.writes() == writes


@pytest.mark.parametrize("missing", ["album.read", "asset.read", "user.read"])
def test_a_key_that_may_not_even_read(three: Folders, shell: CommandLine, missing: str) -> None:
    reading = {"album.read", "asset.read", "asset.statistics", "user.read"} - {missing}
    limited = shell.with_key(three.server.new_key(reading))

    result = limited.folder_albums("-r", three.root, "-x", "Blake")

    assert result.code == ExitCode.ACCESS
    assert len(result.err.splitlines()) == 1
    assert missing in result.err


def test_a_key_that_the_server_does_not_know(three: Folders, shell: CommandLine) -> None:
    result = shell.with_key("no such key").folder_albums("-r", three.root, "--apply")

    assert result.code == ExitCode.ACCESS
    assert len(result.err.splitlines()) == 1
    assert "no such key" not in result.err + result.out


def test_sharing_that_is_refused_leaves_the_rest(three: Folders, shell: CommandLine, keeper: Gatekeeper) -> None:
    three.server.host.new_user("Blake")
    through = shell.with_url(keeper.url)
    assert through.folder_albums("-r", three.root, "-f", "Rome", "--apply").code == ExitCode.DONE
    keeper.refusals = [Refusal(SHARING)]
    arguments = ("-r", three.root, "-A", "--update-album-props-mode", "2", "-x", "Blake=editor", "-O", "asc")

    result = through.folder_albums(*arguments, "--apply")

    assert result.code == ExitCode.CHANGES_FAILED
    assert "The server denied PUT /api/albums/" in result.out
    assert "Not allowed by the gatekeeper" in result.out
    state = three.state()
    assert {album["name"]: (album["order"], album["users"]) for album in state.albums} == {
        "Rome": ("asc", {}),
        "Paris": ("asc", {"Blake": "editor"}),
        "Oslo": ("asc", {"Blake": "editor"}),
    }

    keeper.refusals = []
    assert through.folder_albums(*arguments, "--apply").code == ExitCode.DONE
    assert three.state().album("Rome")["users"] == {"Blake": "editor"}


@pytest.mark.parametrize("status", [400, 403, 500])
@pytest.mark.parametrize(
    ("pattern", "arguments", "missing"),
    [
        (r"POST /api/albums", (), {"albums": set()}),
        (r"PATCH /api/albums/.*", ("-O", "asc"), {"order": {"desc"}}),
        (r"PUT /api/assets", ("--archive",), {"visibility": {"timeline"}}),
    ],
)
def test_whatever_is_refused_the_rest_is_done_and_the_next_run_catches_up(
    three: Folders,
    shell: CommandLine,
    keeper: Gatekeeper,
    *,
    pattern: str,
    arguments: tuple[str, ...],
    missing: dict[str, set[str]],
    status: int,
) -> None:
    keeper.refusals = [Refusal(pattern, status)]
    run = ("-r", three.root, "--apply", "-A", "--find-archived-assets", "--update-album-props-mode", "1", *arguments)

    result = shell.with_url(keeper.url).folder_albums(*run)

    assert result.code == ExitCode.CHANGES_FAILED, result.err + result.out
    assert "failed" in result.out
    state = three.state()
    found = {
        "albums": {album["name"] for album in state.albums},
        "order": {album["order"] for album in state.albums},
        "visibility": {asset["visibility"] for asset in state.assets.values()},
    }
    assert found.items() >= missing.items()
    assert shell.folder_albums(*run).code == ExitCode.DONE
    assert three.state().members() == MEMBERS
    assert "Nothing to do" in shell.folder_albums(*run).err


# Odd records


@pytest.mark.parametrize(
    ("odd", "belongs"),
    [
        ({"originalPath": None}, False),
        ({"originalPath": ""}, False),
        ({"type": "HOLOGRAM"}, False),
        ({"visibility": "attic"}, False),
        ({"ownerId": None}, False),
        ({"fileCreatedAt": "never"}, True),
        ({"localDateTime": None}, True),
        ({"originalFileName": None}, True),
        ({"duration": ["new"], "shape": {"of": "things"}}, True),
        ({"exifInfo": None, "isOffline": "perhaps"}, True),
    ],
    ids=str,
)
def test_one_odd_record_does_not_stop_the_rest(
    three: Folders, shell: CommandLine, keeper: Gatekeeper, odd: dict[str, Any], belongs: bool
) -> None:
    def spoil(item: dict[str, Any]) -> None:
        if item["id"] == three.server.ids["Rome/b.jpg"]:
            item.update(odd)

    keeper.alter = spoil

    result = shell.with_url(keeper.url).folder_albums("-r", three.root, "--apply", "--set-album-thumbnail", "first")

    assert result.code == ExitCode.DONE, result.err
    assert three.state().members() == {**MEMBERS, "Rome": ["Rome/a.jpg", *(["Rome/b.jpg"] if belongs else [])]}


# Interruptions


@pytest.mark.parametrize("moment", ["before", "after"])
@pytest.mark.parametrize("fatal", [1, 3, 5])
def test_a_run_that_is_killed_is_resumed_or_undone(
    three: Folders, shell: CommandLine, keeper: Gatekeeper, fatal: int, moment: str
) -> None:
    """Killed when the server gets, or has carried out, the first, third or fifth request that changes something."""
    before = three.state()
    victim: list[Popen[bytes]] = []

    def strike(number: int) -> None:
        if number == fatal:
            os.kill(victim[0].pid, signal.SIGKILL)
            raise ConnectionResetError  # what the dead process sent must not reach the server later than what comes next

    setattr(keeper, moment, strike)
    script = "from immich_tools.folder_albums.cli import main; main()"
    command = [sys.executable, "-c", script, "-r", three.root, "--apply", "-O", "asc", "--concurrency", "1"]
    environment = {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": os.pathsep.join(sys.path),
        "IMMICH_URL": keeper.url,
        "IMMICH_API_KEY": shell.key,
        "XDG_STATE_HOME": str(shell.folder / "state"),
    }
    with Popen(command, cwd=shell.folder, env=environment, stdout=DEVNULL, stderr=PIPE) as process:
        victim.append(process)
        _out, said = process.communicate(timeout=60)
    assert process.returncode == -signal.SIGKILL, said.decode()
    setattr(keeper, moment, None)

    # "last" is the last one at this address; the run was at the gatekeeper's.
    run = find_run(shell.journals, "last").id
    assert shell.toolkit("resume", run, "--yes").code == ExitCode.DONE

    state = three.state()
    assert state.members() == MEMBERS
    assert {album["order"] for album in state.albums} == {"asc"}
    assert "Nothing to do" in shell.folder_albums("-r", three.root, "--apply", "-O", "asc").err
    assert shell.toolkit("undo", run, "--yes").code == ExitCode.DONE
    assert three.state() == before
