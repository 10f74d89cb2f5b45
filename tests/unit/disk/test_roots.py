"""Proof that a root is there: what counts as evidence, and that without proof nothing below it is missing."""

from __future__ import annotations

import errno
import re
from pathlib import Path
from typing import Any

import pytest

from immich_tools.disk.findings import FileState
from immich_tools.disk.look import look
from immich_tools.disk.port import LocalFileSystem
from immich_tools.disk.roots import MARKER, Evidence, Root, Sign, judge, probe
from immich_tools.disk.scan import by_folder
from tests.unit.disk.faulty import FaultyFileSystem

MARKED, PLAIN = Root("/data/upload", has_marker=True), Root("/photos")
ALIVE = Evidence(7, Sign.THERE, Sign.THERE)
UNMARKED = Evidence(7, Sign.ABSENT, Sign.THERE)
EMPTY = Evidence(7, Sign.THERE, Sign.ABSENT)
ELSEWHERE = Evidence(8, Sign.THERE, Sign.THERE)
BROKEN = Evidence(problem="Input/output error")


@pytest.mark.parametrize(
    ("root", "evidence", "further", "doubts"),
    [
        (MARKED, ALIVE, {}, []),
        (MARKED, ALIVE, {"device": 7, "later": ALIVE}, []),
        (PLAIN, UNMARKED, {}, []),
        (MARKED, UNMARKED, {}, ["marker file .immich is not in it"]),
        (MARKED, EMPTY, {}, ["is empty"]),
        (PLAIN, EMPTY, {}, ["is empty"]),
        (MARKED, Evidence(7, Sign.ABSENT, Sign.ABSENT), {}, ["marker file", "is empty"]),
        (MARKED, Evidence(None, Sign.THERE, Sign.THERE), {}, ["device is not known"]),
        (MARKED, ALIVE, {"present": 0}, ["none of its files is there"]),
        (MARKED, ELSEWHERE, {"device": 7}, [r"another device \(8\) than before \(7\)"]),
        (MARKED, ALIVE, {"later": ELSEWHERE}, ["changed to another device"]),
        (MARKED, ALIVE, {"later": EMPTY}, ["is empty"]),
        (MARKED, ALIVE, {"later": BROKEN}, ["cannot be read: Input/output error"]),
        (MARKED, BROKEN, {"present": 0, "device": 7}, ["cannot be read"]),
    ],
)
def test_what_speaks_against_a_root(root: Root, evidence: Evidence, further: dict[str, Any], doubts: list[str]) -> None:
    verdict = judge(root, evidence, **({"present": 5} | further))
    assert verdict.is_proven == (not doubts)
    assert len(verdict.doubts) == len(doubts)
    for doubt, words in zip(verdict.doubts, doubts, strict=True):
        assert re.search(words, doubt)


def mounted(folder: Path, *names: str) -> Root:
    """A root with the marker and some files."""
    for name in (MARKER, *names):
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"")
    return Root(str(folder), has_marker=True)


def test_evidence_of_real_folders(tmp_path: Path) -> None:
    root = mounted(tmp_path / "a", "x/1.jpg")
    assert probe(root, LocalFileSystem(), patience=60) == Evidence(tmp_path.stat().st_dev, Sign.THERE, Sign.THERE)
    (tmp_path / "b").mkdir()
    assert probe(Root(str(tmp_path / "b")), LocalFileSystem(), patience=60).contents is Sign.ABSENT
    assert probe(Root(str(tmp_path / "c")), LocalFileSystem(), patience=60).problem == "No such file or directory"
    assert probe(Root("/\ud800"), LocalFileSystem(), patience=60).problem
    (tmp_path / "d").write_bytes(b"")
    assert probe(Root(str(tmp_path / "d")), LocalFileSystem(), patience=60).problem == "Not a directory"


def see(root: Root, *names: str, **further: Any) -> tuple[bool, dict[str, FileState]]:
    sight = look(root, by_folder(f"{root.folder}/{name}" for name in names), **further)
    start = len(root.folder) + 1
    return sight.verdict.is_proven, {path[start:]: finding.state for path, finding in sight.findings.items()}


def test_below_a_root_that_is_there_missing_is_missing(tmp_path: Path) -> None:
    root = mounted(tmp_path / "a", "x/1.jpg")
    assert see(root, "x/1.jpg", "x/2.jpg", "y/3.jpg") == (
        True,
        {"x/2.jpg": FileState.MISSING, "y/3.jpg": FileState.MISSING},
    )


@pytest.mark.parametrize(
    "unmount",
    [
        lambda folder: (folder / MARKER).unlink(),
        lambda folder: folder.rename(folder.with_name("unplugged")),
        lambda folder: (folder.rename(folder.with_name("unplugged")), folder.mkdir()),
        lambda folder: (folder / "x").rename(folder.with_name("unplugged")),
    ],
    ids=["no marker", "no folder", "an empty folder", "none of the files"],
)
def test_below_a_root_that_may_not_be_there_nothing_is_missing(tmp_path: Path, unmount: Any) -> None:
    root = mounted(tmp_path / "a", "x/1.jpg", "other")
    unmount(tmp_path / "a")
    is_proven, found = see(root, "x/1.jpg", "x/2.jpg")
    assert not is_proven
    assert FileState.MISSING not in found.values()
    assert found["x/2.jpg"] is FileState.UNKNOWN


def test_another_device_than_before_is_no_proof(tmp_path: Path) -> None:
    root = mounted(tmp_path / "a", "x/1.jpg")
    device = (tmp_path / "a").stat().st_dev
    assert see(root, "x/1.jpg", "x/2.jpg", device=device)[0]
    assert see(root, "x/1.jpg", "x/2.jpg", device=device + 1) == (False, {"x/2.jpg": FileState.UNKNOWN})


def test_a_root_that_goes_while_files_are_looked_for_is_no_proof(tmp_path: Path) -> None:
    root = mounted(tmp_path / "a", "x/1.jpg")

    class Going(LocalFileSystem):
        """Loses the disk at the first call about a single file."""

        def status(self, path: str) -> Any:
            if path.endswith("2.jpg"):
                (tmp_path / "a").rename(tmp_path / "unplugged")
            return super().status(path)

    assert see(root, "x/1.jpg", "x/2.jpg", file_system=Going()) == (False, {"x/2.jpg": FileState.UNKNOWN})


def test_a_root_that_hangs_is_no_proof_and_is_not_looked_into(tmp_path: Path) -> None:
    root = mounted(tmp_path / "a", "x/1.jpg")
    disk = FaultyFileSystem(hanging=frozenset({root.folder}))
    try:
        assert see(root, "x/1.jpg", file_system=disk, patience=0.1) == (False, {"x/1.jpg": FileState.UNKNOWN})
    finally:
        disk.release.set()
    assert disk.asked == [("status", root.folder)]


def test_a_root_that_cannot_be_listed_is_no_proof(tmp_path: Path) -> None:
    root = mounted(tmp_path / "a", "x/1.jpg")
    disk = FaultyFileSystem(listing={root.folder: errno.ESTALE})
    assert see(root, "x/1.jpg", file_system=disk)[0] is False
