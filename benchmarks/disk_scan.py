"""Looking for files by listings against one call for each. Run: ``python benchmarks/disk_scan.py [PATHS [FOLDERS [MISSING]]]``.

First on the local disk as it is, then with 2 ms more for each file-system call, as over a network. A listing then counts as three calls
(open, read, close). One call for each file would take minutes there, so 1 % of the files is measured and the rest is reckoned.
"""

from __future__ import annotations

import os
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from attrs import field, frozen

from immich_tools.disk.port import Entry, LocalFileSystem, Status
from immich_tools.disk.scan import by_folder, scan

DELAY = 0.002
CALLS_OF_A_LISTING = 3
SAMPLE = 100
ATTEMPTS = 3
SIZES = (200_000, 500, 4_000)


@frozen
class SlowFileSystem:
    """The local files, with a delay at each call."""

    _real: LocalFileSystem = field(factory=LocalFileSystem)

    def entries(self, folder: str) -> Iterator[Entry]:
        time.sleep(CALLS_OF_A_LISTING * DELAY)
        yield from self._real.entries(folder)

    def status(self, path: str) -> Status:
        time.sleep(DELAY)
        return self._real.status(path)


def fill(folder: Path, count: int, folders: int, missing: int) -> list[str]:
    """Make files, and give their paths with those of as many that are missing."""
    paths = []
    for number in range(count):
        below = folder / f"{number % folders:04}"
        if number < folders:
            below.mkdir()
        path = below / f"IMG_{number:07}.jpg"
        if number % (count // missing):
            path.touch()
        paths.append(str(path))
    return paths


def seconds(work: Callable[[], object], attempts: int = ATTEMPTS) -> float:
    """The best time of several attempts."""
    best = float("inf")
    for _attempt in range(attempts):
        begin = time.perf_counter()
        work()
        best = min(best, time.perf_counter() - begin)
    return best


def one_by_one(paths: list[str]) -> int:
    """How many are missing, by one call for each."""
    return sum(not os.path.exists(path) for path in paths)  # noqa: PTH110 - what is measured


def slowly_one_by_one(paths: list[str]) -> int:
    """The same with the delay."""
    slow = SlowFileSystem()
    missing = 0
    for path in paths:
        try:
            slow.status(path)
        except FileNotFoundError:
            missing += 1
    return missing


def main() -> None:
    """Measure and print."""
    given = [int(text) for text in sys.argv[1:4]]
    count, folders, missing = [*given, *SIZES[len(given) :]]
    with tempfile.TemporaryDirectory() as name:
        paths = fill(Path(name), count, folders, missing)
        found = scan(by_folder(paths), top=name)
        print(f"{count:,} paths in {folders} folders, {len(found):,} of them missing")
        listings = seconds(lambda: scan(by_folder(paths), top=name))
        single = seconds(lambda: one_by_one(paths))
        print(
            f"local disk: listings {listings:.2f} s, one call each {single:.2f} s: {single / listings:.1f} times as fast"
        )
        slow = SlowFileSystem()
        listings = seconds(lambda: scan(by_folder(paths), top=name, file_system=slow), attempts=1)
        single = SAMPLE * seconds(lambda: slowly_one_by_one(paths[::SAMPLE]), attempts=1)
        print(
            f"with {1000 * DELAY:.0f} ms a call: listings {listings:.2f} s, one call each {single:.0f} s (reckoned): "
            f"{single / listings:.0f} times as fast"
        )


if __name__ == "__main__":
    main()
