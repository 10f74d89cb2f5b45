"""Whether there is room, and whether files may be read and written, asked without writing anything."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterable
from pathlib import Path

from attrs import evolve, frozen

from immich_tools.disk.problems import failure, reported
from immich_tools.errors import FileFailed


@frozen
class Room:
    """A device that files are to be written to.

    :ivar folder: the first of the target folders that lie on it.
    :ivar needed: bytes of all files, in whole blocks of the file system.
    :ivar free: bytes that the user running this may fill; None where the file system does not tell.
    """

    folder: Path
    needed: int
    free: int | None

    @property
    def suffices(self) -> bool:
        """Whether all files fit; also True where nobody knows."""
        return self.free is None or self.needed <= self.free


def room(files: Iterable[tuple[Path, int]]) -> tuple[Room, ...]:
    """What copies need and what is free, for each device.

    :param files: of each file to be written: the folder it goes to, which need not be there yet, and its size in bytes. Leave out
        what is there already.
    :raises FileFailed: a folder cannot be looked at.
    """
    sizes: dict[Path, list[int]] = {}
    for folder, size in files:
        sizes.setdefault(folder, []).append(size)
    rooms: dict[int, Room] = {}
    for folder, numbers in sizes.items():
        existing = nearest(folder)
        with reported(existing):
            device, told = existing.stat().st_dev, os.statvfs(existing)
        block = told.f_frsize or 1
        needed = sum(-(-number // block) * block for number in numbers)
        # Some network and FUSE file systems answer with zeros.
        free = told.f_bavail * block if told.f_blocks else None
        known = rooms.get(device, Room(folder, 0, free))
        rooms[device] = evolve(known, needed=known.needed + needed)
    return tuple(rooms.values())


def nearest(folder: Path) -> Path:
    """The folder itself, or the innermost one above it that exists.

    :raises FileFailed: one on the way may not be entered.
    """
    for candidate in (folder, *folder.parents):
        with reported(candidate):
            if candidate.exists():
                return candidate
    return folder


def why_unreadable(source: Path) -> FileFailed | None:
    """Why a file cannot be copied from; None if a first byte can be read."""
    try:
        with source.open("rb", buffering=0) as file:
            file.read(1)
    except OSError as error:
        return failure(source, error)
    return None


def why_unwritable(folder: Path) -> FileFailed | None:
    """Why files cannot be written to a folder that may not be there yet; None as far as can be told without writing."""
    try:
        existing = nearest(folder)
        with reported(existing):
            os.close(os.open(existing, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC))
        if os.statvfs(existing).f_flag & os.ST_RDONLY:
            return failure(existing, OSError(errno.EROFS, ""))
    except FileFailed as error:
        return error
    return None if os.access(existing, os.W_OK | os.X_OK) else failure(existing, PermissionError(errno.EACCES, ""))
