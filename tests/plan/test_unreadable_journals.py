"""Journals that cannot be read are never taken for runs that did not happen."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from immich_tools.errors import ExitCode, UnreadableJournal, UsageError
from immich_tools.faceless_album.memory import remembered
from immich_tools.faceless_album.options import FacelessAlbumOptions
from immich_tools.folder_albums.made import made_albums
from immich_tools.missing_originals.history import trashed_earlier
from immich_tools.plan.effects.assets import TrashAssets
from immich_tools.plan.effects.base import Change
from immich_tools.plan.journal import find_run, read_journals, read_run, runs_of
from immich_tools.plan.journal_writer import Journal
from immich_tools.plan.model import Plan
from immich_tools.plan.result import Result, Status

SEVERAL = tuple(Change(f"{number:04}", TrashAssets((f"asset-{number:04}",))) for number in range(60))
READERS: dict[str, Callable[[Path], object]] = {
    "missing-originals": lambda folder: trashed_earlier(folder, {"me"}),
    "folder-albums": lambda folder: made_albums(folder, "me"),
    "faceless-album": lambda folder: remembered(folder, "me", FacelessAlbumOptions()),
}


def journal_of(folder: Path, tool: str, *, user: str = "me", undoes: str | None = None) -> Path:
    """The journal of a run that came to its end."""
    plan = Plan(tool, user, "3.1.0", 999, SEVERAL)
    with Journal.create(folder, plan, server="http://nas/api", permanent=None, undoes=undoes, user="Anna") as journal:
        for change in SEVERAL:
            journal.intend([change.id])
            journal.conclude({change.id: Result(Status.DONE)})
        journal.finish()
    return journal.path


def first_page_of_zeros(content: bytes) -> bytes:
    return b"\0" * 4096 + content[4096:]


def sector_of_zeros_in_the_middle(content: bytes) -> bytes:
    middle = (content.index(b"\n") + len(content)) // 2
    return content[:middle] + b"\0" * 512 + content[middle + 512 :]


DAMAGES: dict[str, Callable[[bytes], bytes]] = {
    "first page": first_page_of_zeros,
    "sector in the middle": sector_of_zeros_in_the_middle,
    "truncated to nothing": lambda content: b"",
    "truncated in the first line": lambda content: content[:500],
    "all zeros": lambda content: b"\0" * len(content),
    "something else": lambda content: b'{"event": "other"}\n',
}


@pytest.mark.parametrize("tool", READERS)
@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_journal_stops_the_tools_that_need_it(tmp_path: Path, tool: str, damage: str) -> None:
    for path in (journal_of(tmp_path, tool), journal_of(tmp_path, "duplicates", undoes="other")):
        whole = path.read_bytes()
        READERS[tool](tmp_path)
        path.write_bytes(DAMAGES[damage](whole))
        with pytest.raises(UnreadableJournal) as caught:
            READERS[tool](tmp_path)
        assert caught.value.exit_code == ExitCode.STOPPED
        assert str(path) in str(caught.value)
        assert f"immich-toolkit runs set-aside {path.name}" in str(caught.value)
        path.write_bytes(whole)


@pytest.mark.parametrize("tool", READERS)
def test_a_journal_that_may_not_be_read_stops_the_tools_that_need_it(tmp_path: Path, tool: str) -> None:
    path = journal_of(tmp_path, tool)
    path.unlink()
    # Whoever runs the tests may be allowed to read every file; nobody can read a folder as one.
    path.mkdir()
    with pytest.raises(UnreadableJournal, match="cannot be read: Is a directory"):
        READERS[tool](tmp_path)


@pytest.mark.parametrize("tool", READERS)
def test_journals_of_other_tools_and_users_stop_nobody(tmp_path: Path, tool: str) -> None:
    journal_of(tmp_path, tool, user="somebody else")
    for other in {*READERS, "duplicates"} - {tool}:
        journal_of(tmp_path, other).write_bytes(b"\0")
    (tmp_path / "log.jsonl").write_text("{}")
    READERS[tool](tmp_path)


def test_a_folder_that_cannot_be_read_is_not_an_empty_one(tmp_path: Path) -> None:
    assert read_journals(tmp_path / "none").runs == ()
    (tmp_path / "file").write_text("")
    for tool, read in READERS.items():
        with pytest.raises(UsageError, match=r"cannot be read: Not a directory.*--journal-folder"):
            read(tmp_path / "file")
        with pytest.raises(UsageError, match="cannot be read"):
            runs_of(tool, tmp_path / "file")
    with pytest.raises(UsageError, match="cannot be read"):
        find_run(tmp_path / "file", "last")


def test_what_a_crash_leaves_is_no_damage(tmp_path: Path) -> None:
    path = journal_of(tmp_path, "duplicates")
    whole = path.read_bytes()
    first_line = whole.index(b"\n") + 1
    for length in range(first_line, len(whole), len(whole) // 41):
        for tail in (b"", b"\0" * 300, b'{"event": "int'):
            path.write_bytes(whole[:length] + tail)
            assert not read_run(path).damaged
            with Journal.reopen(read_run(path)) as journal:
                journal.resume()
                journal.intend(["0001"])
            assert not read_run(path).damaged


def test_a_line_that_is_lost_in_the_middle_is_damage(tmp_path: Path) -> None:
    path = journal_of(tmp_path, "duplicates")
    lines = path.read_bytes().split(b"\n")
    for number in range(1, len(lines) - 2, 9):
        path.write_bytes(b"\n".join([*lines[:number], lines[number][:-1], *lines[number + 1 :]]))
        assert read_run(path).damaged
        found = read_journals(tmp_path)
        assert [run.path for run in found.runs] == [each.path for each in found.unreadable] == [path]
