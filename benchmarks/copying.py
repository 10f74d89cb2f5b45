"""How long copying takes against ``cp`` followed by ``sha1sum`` of the copies, in the same folder's disk and in turns.

The two do not do the same: ours waits until each copy lies on the disk and reads it from there; ``cp`` leaves it in memory, where
``sha1sum`` finds it. So ``cp``, ``sync``, ``sha1sum`` is measured as well.

Run: ``python benchmarks/copying.py [MEGABYTES] [FILES] [FOLDER]``.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

from immich_tools.disk.checksum import content_of
from immich_tools.disk.content import Content
from immich_tools.disk.copy import Proven, copy_file
from immich_tools.disk.place import Place
from immich_tools.disk.several import side_by_side

ROUNDS = 5


def synthetic_album(folder: Path, size: int, files: int) -> dict[Path, Content]:
    """Files of nearly the same size that cannot be compressed, with their checksums as Immich would know them."""
    folder.mkdir()
    block = os.urandom(size // files)
    made = {}
    for number in range(files):
        path = folder / f"IMG_{number:05}.JPG"
        path.write_bytes(number.to_bytes(8) + block[: len(block) - 1000 * (number % 7)])
        made[path] = content_of(path)
    return made


def by_shell(source: Path, target: Path, *, synced: bool) -> None:
    """``cp`` and ``sha1sum``."""
    subprocess.run(["cp", "--preserve=timestamps", "--recursive", source, target], check=True)
    if synced:
        subprocess.run(["sync", "--file-system", target], check=True)
    copies: Iterator[Path] = target.iterdir()
    subprocess.run(["sha1sum", *copies], check=True, stdout=subprocess.DEVNULL)


def by_us(album: dict[Path, Content], target: Path, at_a_time: int) -> None:
    """Our copies, each proven."""
    target.mkdir()
    tasks = (partial(copy_file, path, Place(target, path.name), expected=known) for path, known in album.items())
    results = list(side_by_side(tasks, at_a_time=at_a_time))
    assert all(isinstance(result, Proven) for result in results)


def main() -> None:
    """Measure and print."""
    size = int(sys.argv[1]) * 10**6 if len(sys.argv) > 1 else 2 * 10**9
    files = int(sys.argv[2]) if len(sys.argv) > 2 else 500
    with TemporaryDirectory(dir=sys.argv[3] if len(sys.argv) > 3 else None) as name:
        folder = Path(name)
        source, target = folder / "album", folder / "copies"
        album = synthetic_album(source, size, files)
        ways: dict[str, Callable[[], None]] = {
            "cp, sha1sum": partial(by_shell, source, target, synced=False),
            "cp, sync, sha1sum": partial(by_shell, source, target, synced=True),
            **{f"ours, {number} at a time": partial(by_us, album, target, number) for number in (1, 2, 4)},
        }
        times: dict[str, list[float]] = {way: [] for way in ways}
        for _round in range(ROUNDS):
            for way, run in ways.items():
                os.sync()
                begin = time.perf_counter()
                run()
                times[way].append(time.perf_counter() - begin)
                shutil.rmtree(target)
    first = median(times["cp, sha1sum"])
    print(f"{size / 1e9:g} GB in {files} files, {ROUNDS} rounds; medians, and as a ratio to cp and sha1sum")
    for way, seconds in times.items():
        print(
            f"{way:20} {median(seconds):5.2f} s ({min(seconds):.2f} to {max(seconds):.2f})  {median(seconds) / first:.2f}"
        )


if __name__ == "__main__":
    main()
