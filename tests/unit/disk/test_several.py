"""Several files at a time."""

from __future__ import annotations

import os
from functools import partial
from pathlib import Path
from threading import Event

import pytest

from immich_tools.disk.copy import Deed, Proven, copy_file
from immich_tools.disk.place import Place
from immich_tools.disk.several import Task, side_by_side
from immich_tools.disk.watch import Watch
from immich_tools.errors import Cancelled, FileFailed, FileInTheWay


@pytest.fixture
def sources(tmp_path: Path) -> list[Path]:
    (tmp_path / "root").mkdir()
    made = [tmp_path / f"{number:02}.jpg" for number in range(20)]
    for source in made:
        source.write_bytes(os.urandom(50_000))
    return made


def tasks(sources: list[Path], root: Path) -> list[Task]:
    return [partial(copy_file, source, Place(root, f"a/{source.name}")) for source in sources]


def test_results_come_in_order_and_a_failure_is_one_of_them(tmp_path: Path, sources: list[Path]) -> None:
    sources[7].unlink()
    seen: list[int] = []
    results = list(side_by_side(tasks(sources, tmp_path / "root"), Watch(progress=seen.append)))
    assert [isinstance(result, FileFailed) for result in results] == [number == 7 for number in range(20)]
    assert sum(seen) == 19 * 50_000
    for source in (*sources[:7], *sources[8:]):
        assert (tmp_path / "root" / "a" / source.name).read_bytes() == source.read_bytes()


def test_many_that_want_one_name_leave_one_whole_file(tmp_path: Path, sources: list[Path]) -> None:
    place = Place(tmp_path / "root", "x/y/IMG_0001.jpg")
    results = list(side_by_side((partial(copy_file, source, place) for source in sources), at_a_time=8))
    (winner,) = [number for number, result in enumerate(results) if isinstance(result, Proven)]
    assert all(isinstance(result, FileInTheWay | Proven) for result in results)
    assert place.path.read_bytes() == sources[winner].read_bytes()
    assert [path.name for path in place.path.parent.iterdir()] == ["IMG_0001.jpg"]


def test_many_that_bring_the_same_agree(tmp_path: Path, sources: list[Path]) -> None:
    place = Place(tmp_path / "root", "x/y/IMG_0001.jpg")
    results = list(side_by_side([partial(copy_file, sources[0], place)] * 20, at_a_time=8))
    deeds = [result.deed for result in results if isinstance(result, Proven)]
    assert sorted(deed.value for deed in deeds) == ["already-there"] * 19 + [Deed.COPIED.value]


def test_stopping_to_take_results_ends_the_copies(tmp_path: Path, sources: list[Path]) -> None:
    results = side_by_side(tasks(sources, tmp_path / "root"), at_a_time=2)
    assert isinstance(next(results), Proven)
    results.close()
    names = [path.name for path in (tmp_path / "root" / "a").iterdir()]
    assert len(names) <= 4
    assert not [name for name in names if name.startswith(".")]


def test_a_request_to_stop_is_raised(tmp_path: Path, sources: list[Path]) -> None:
    stop = Event()

    def progress(_count: int) -> None:
        stop.set()

    with pytest.raises(Cancelled):
        list(side_by_side(tasks(sources, tmp_path / "root"), Watch(progress, stop.is_set)))
    assert not [path for path in (tmp_path / "root" / "a").iterdir() if path.name.startswith(".")]
