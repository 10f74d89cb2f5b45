"""Locks between processes: one at a time, and none that outlives its process."""

from __future__ import annotations

import stat
import subprocess
import sys
from pathlib import Path

import pytest

from immich_tools.disk.lock import LockTaken, drop_lock, is_locked, take_lock

HOLDER = """
import sys
from pathlib import Path
from immich_tools.disk.lock import take_lock
lock = take_lock(Path(sys.argv[1]))
print("taken", flush=True)
sys.stdin.read()
"""


def test_a_lock_is_taken_by_one_at_a_time_and_its_file_is_for_its_owner_alone(tmp_path: Path) -> None:
    path = tmp_path / "a.lock"
    assert not is_locked(path) and not path.exists()
    lock = take_lock(path)
    assert is_locked(path) and stat.S_IMODE(path.stat().st_mode) == 0o600
    with pytest.raises(LockTaken):
        take_lock(path)
    lock.release()
    assert not is_locked(path)
    take_lock(path).release()


def test_a_killed_process_leaves_no_lock_that_blocks(tmp_path: Path) -> None:
    path = tmp_path / "a.lock"
    command = [sys.executable, "-c", HOLDER, str(path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as holder:
        assert holder.stdout is not None and holder.stdout.readline() == "taken\n"
        assert is_locked(path)
        with pytest.raises(LockTaken):
            take_lock(path)
        holder.kill()
    assert path.exists() and not is_locked(path)
    take_lock(path).release()


def test_a_lock_that_is_dropped_leaves_no_file_and_can_be_taken_again(tmp_path: Path) -> None:
    path = tmp_path / "a.lock"
    drop_lock(take_lock(path))
    assert not path.exists()
    drop_lock(take_lock(path))


def test_a_lock_that_cannot_be_made_is_an_error_of_the_system(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(OSError, match="file"):
        take_lock(tmp_path / "file" / "a.lock")
