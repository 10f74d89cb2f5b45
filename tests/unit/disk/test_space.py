"""Room on the devices that files go to."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from immich_tools.disk.space import Room, room, why_unreadable, why_unwritable
from immich_tools.errors import FileFailed


def test_files_are_counted_in_whole_blocks_for_each_device(tmp_path: Path) -> None:
    told = os.statvfs(tmp_path)
    block = told.f_frsize
    (only,) = room(
        [(tmp_path / "a" / "b", 1), (tmp_path, block), (tmp_path / "c", block + 1), (tmp_path / "a" / "b", 0)]
    )
    assert only.folder == tmp_path / "a" / "b"
    assert only.needed == 4 * block
    assert only.free is not None
    assert only.suffices


def test_two_devices_are_two_rooms(tmp_path: Path) -> None:
    elsewhere = Path("/dev/shm")  # every Linux has it, as a device of its own
    assert {each.folder for each in room([(tmp_path, 1), (elsewhere, 1)])} == {tmp_path, elsewhere}


def test_a_file_system_that_tells_nothing_is_not_full() -> None:
    (proc,) = room([(Path("/proc/self"), 10**15)])
    assert proc.free is None
    assert proc.suffices


def test_more_than_there_is_does_not_fit(tmp_path: Path) -> None:
    (only,) = room([(tmp_path, 10**18)])
    assert not only.suffices


@pytest.mark.parametrize(("needed", "free", "fits"), [(0, 0, True), (5, 5, True), (6, 5, False), (6, None, True)])
def test_what_suffices(needed: int, free: int | None, *, fits: bool) -> None:
    assert Room(Path("/x"), needed, free).suffices is fits


def test_nothing_to_write_needs_no_room() -> None:
    assert room([]) == ()


def test_what_can_be_told_without_writing(tmp_path: Path) -> None:
    (tmp_path / "b.jpg").write_bytes(b"")
    assert why_unreadable(tmp_path / "b.jpg") is None
    assert isinstance(why_unreadable(tmp_path / "missing.jpg"), FileFailed)
    assert isinstance(why_unreadable(tmp_path), FileFailed)
    assert why_unwritable(tmp_path / "not" / "yet") is None
    assert isinstance(why_unwritable(tmp_path / "b.jpg" / "below"), FileFailed)
    assert [path.name for path in tmp_path.iterdir()] == ["b.jpg"]
