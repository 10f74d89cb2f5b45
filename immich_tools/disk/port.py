"""The file-system calls that looking at files takes; nothing else of this room touches a disk to look."""

from __future__ import annotations

import os
from collections.abc import Iterator
from stat import S_ISREG
from typing import Protocol

from attrs import frozen


class Entry(Protocol):
    """One name in a folder; `os.DirEntry` is one."""

    @property
    def name(self) -> str:
        """The name, as it is on the disk."""
        ...

    def is_file(self, *, follow_symlinks: bool = True) -> bool:
        """Whether it is a plain file; without following links mostly known from the listing itself."""
        ...


@frozen
class Status:
    """What a call about one path tells.

    :ivar device: number of the file system it is on (``st_dev``).
    :ivar is_file: a plain file, as opposed to a folder or a device.
    """

    device: int
    is_file: bool


class FileSystem(Protocol):
    """What is asked of a file system. Every call may raise OSError, and may never return."""

    def entries(self, folder: str) -> Iterator[Entry]:
        """What a folder holds."""
        ...

    def status(self, path: str) -> Status:
        """What a path leads to, links followed."""
        ...


class LocalFileSystem:
    """The files of this computer."""

    def entries(self, folder: str) -> Iterator[os.DirEntry[str]]:
        """What a folder holds, in the order of the disk."""
        with os.scandir(folder) as listing:
            yield from listing

    def status(self, path: str) -> Status:
        """What a path leads to, links followed."""
        found = os.stat(path)  # noqa: PTH116 - a Path costs more than the call
        return Status(found.st_dev, S_ISREG(found.st_mode))
