"""Reading files for their SHA-1, which is what Immich knows uploads by."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path
from typing import Final

from immich_tools.disk.content import Content
from immich_tools.disk.problems import reported
from immich_tools.disk.watch import Watch

BLOCK: Final = 4 << 20
"""Bytes that are read, written and hashed at once: far more than a system call costs, and soon enough to be stopped."""


def content_of(path: Path, watch: Watch | None = None) -> Content:
    """Read a file.

    :raises FileFailed: it cannot be read.
    :raises Cancelled: `watch` asked to stop.
    """
    watch = Watch() if watch is None else watch
    with reported(path):
        file = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        try:
            return read_content(file, watch)
        finally:
            os.close(file)


def read_content(file: int, watch: Watch) -> Content:
    """Read an open file from its beginning to its end.

    :param file: a descriptor; its position stays where it is.
    :raises OSError: what the system says.
    :raises Cancelled: `watch` asked to stop.
    """
    digest, size, block = hashlib.sha1(usedforsecurity=False), 0, memoryview(bytearray(BLOCK))
    while count := os.preadv(file, [block], size):
        watch.check()
        digest.update(block[:count])
        size += count
        watch.progress(count)
    return Content(size, digest.hexdigest())


def read_back(file: int, watch: Watch) -> Content:
    """Bring an open file's bytes to the disk, then read from there what it holds.

    The system's copies of the blocks in memory are given up in between where it allows that (Linux), because they would match even on
    a disk that lost them.

    :param file: a descriptor; its position stays where it is.
    :raises OSError: what the system says, such as that writing failed after all.
    :raises Cancelled: `watch` asked to stop.
    """
    os.fsync(file)
    if hasattr(os, "posix_fadvise"):
        os.posix_fadvise(file, 0, 0, os.POSIX_FADV_DONTNEED)
    return read_content(file, watch)
