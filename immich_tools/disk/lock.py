"""Locks between processes: a file beside what it guards. The system takes a lock back however its process ends."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from filelock import BaseFileLock


class LockTaken(Exception):
    """Another process, or another part of this one, has the lock."""


def take_lock(path: Path, *, patience: float = 0) -> BaseFileLock:
    """Take a lock; `release` it, or let the process end.

    :param path: the file of the lock, which is made, for its owner alone; it stays.
    :param patience: seconds to wait for the lock.
    :raises LockTaken: it is taken.
    :raises OSError: the file cannot be made.
    """
    from filelock import FileLock, Timeout  # it loads many modules

    lock = FileLock(path, timeout=patience, mode=0o600, thread_local=False)
    try:
        lock.acquire()
    except Timeout:
        raise LockTaken(str(path)) from None
    return lock


def drop_lock(lock: BaseFileLock) -> None:
    """Release a lock and remove its file, for locks that nobody asks for any more."""
    # While it is locked: whoever has opened it meanwhile finds that it is gone, and tries again.
    with suppress(OSError):
        Path(lock.lock_file).unlink()
    lock.release()


def is_locked(path: Path, *, patience: float = 0) -> bool:
    """Whether another process has a lock.

    :param patience: seconds during which whoever has it may let go of it.
    :raises OSError: that cannot be found out.
    """
    if not path.exists():
        return False
    try:
        lock = take_lock(path, patience=patience)
    except LockTaken:
        return True
    lock.release()
    return False
