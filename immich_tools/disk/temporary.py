"""Files under a name of their own until they are finished, and what a killed run left of them."""

from __future__ import annotations

import fcntl
import os
import re
import secrets
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Final

_NAME: Final = re.compile(r"\.immich-toolkit-[0-9a-f]{16}\.part")
"""Hidden, and of no known kind of file: Immich's scan of a library does not look at it."""


@contextmanager
def temporary_file(folder: int) -> Iterator[tuple[int, str]]:
    """Make an empty file; whatever happens, its name is gone at the end.

    It is locked as long as it is open, and the system lets go of the lock however the process ends: that is how a left-over is told
    from a file that another run is writing.

    :param folder: descriptor of the open folder.
    :returns: a descriptor to read and write, and the file's name.
    :raises OSError: what the system says.
    """
    name = f".immich-toolkit-{secrets.token_hex(8)}.part"
    file = os.open(name, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o666, dir_fd=folder)
    try:
        with suppress(OSError):  # a file system without locks: then nobody can tell, and nothing is lost but this copy
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield file, name
    finally:
        with suppress(FileNotFoundError):
            os.unlink(name, dir_fd=folder)
        os.close(file)


def remove_leftovers(folder: int) -> list[str]:
    """Remove the temporary files in a folder that no living run is writing.

    :param folder: descriptor of the open folder.
    :returns: their names.
    :raises OSError: one cannot be removed.
    """
    names = sorted(filter(_NAME.fullmatch, os.listdir(folder)))
    return [name for name in names if _remove(folder, name)]


def _remove(folder: int, name: str) -> bool:
    try:
        file = _open(folder, name)
    except FileNotFoundError:
        return False
    try:
        if _is_being_written(file):
            return False
        os.unlink(name, dir_fd=folder)
    finally:
        os.close(file)
    return True


def _open(folder: int, name: str) -> int:
    flags = os.O_NOFOLLOW | os.O_CLOEXEC
    try:
        # NFS only locks what may be written.
        return os.open(name, os.O_RDWR | flags, dir_fd=folder)
    except PermissionError:  # it was killed after it got its mode
        return os.open(name, os.O_RDONLY | flags, dir_fd=folder)


def _is_being_written(file: int) -> bool:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except (
        OSError
    ):  # no locks here: a run that was writing it will report that its file is gone, and no finished file is touched
        return False
    return False
