"""Copying files so that a copy either has its name and is proven, or is not there.

A file is written under a temporary name in its own folder, brought to the disk, read back from there, compared, and then gets its name,
which never replaces another file. Killed at any moment, this leaves nothing under the final name and a left-over that is recognised.
"""

from __future__ import annotations

import errno
import hashlib
import os
import stat
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from enum import Enum
from pathlib import Path
from typing import Final

from attrs import frozen

from immich_tools.disk.checksum import BLOCK, read_back, read_content
from immich_tools.disk.content import Content
from immich_tools.disk.place import Permissions, Place, sync_folder
from immich_tools.disk.problems import reported
from immich_tools.disk.rename import rename_no_replace
from immich_tools.disk.temporary import remove_leftovers, temporary_file
from immich_tools.disk.watch import Watch
from immich_tools.errors import FileFailed, FileInTheWay
from immich_tools.i18n import _

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


class Deed(Enum):
    """What was done for a file."""

    COPIED = "copied"
    ALREADY_THERE = "already-there"


@frozen
class Proven:
    """A file that lies on the disk and was read from there.

    :ivar deed: whether this run wrote it, or found it.
    """

    deed: Deed
    content: Content


def copy_file(
    source: Path,
    place: Place,
    *,
    expected: Content | None = None,
    permissions: Permissions | None = None,
    watch: Watch | None = None,
) -> Proven:
    """Copy a file with its modification time.

    Where the file system can share blocks between files (Btrfs, XFS, NFS 4.2, SMB 3), it does; the copy is read back all the same.

    :param source: an existing file, only read.
    :param place: where the copy goes; missing folders are made.
    :param expected: what the file holds according to Immich; None when nobody knows, and then the source is read twice.
    :param permissions: of the copy and of folders that are made.
    :param watch: told of the bytes written, which add up to the file's size when all goes well.
    :raises DiskFull: there is no room; nothing was left behind, and so with the other errors.
    :raises FileInTheWay: another file has the name.
    :raises FileFailed: the source cannot be read, changed while it was copied, or is not what was expected; the copy cannot be written,
        or does not hold what was written.
    :raises Cancelled: `watch` asked to stop.
    """
    watch = Watch() if watch is None else watch
    with _opened_source(source) as (file, before):
        if expected is None:
            with reported(source):
                expected = read_content(file, Watch(cancelled=watch.cancelled))
        elif before.st_size != expected.size:
            raise FileFailed(
                _("{path} has {size} bytes, but Immich knows it with {expected}.").format(
                    path=source, size=before.st_size, expected=expected.size
                )
            )

        def fill(copy: int) -> Content:
            _pump(file, copy, source, watch)
            _check_unchanged(file, before, source)
            return expected

        try:
            return _write(
                place, fill, modified_ns=before.st_mtime_ns, expected=expected, permissions=permissions, watch=watch
            )
        except _NotProven as error:
            with reported(source):
                if read_content(file, Watch(cancelled=watch.cancelled)) != error.held:
                    raise
            raise FileFailed(
                _("{path} is not the file that Immich knows: it was changed or is damaged.").format(path=source)
            ) from error


def write_stream(
    chunks: Iterable[bytes],
    place: Place,
    *,
    size: int,
    sha1: str | None = None,
    modified: datetime | None = None,
    permissions: Permissions | None = None,
    watch: Watch | None = None,
) -> Proven:
    """Write bytes that come from elsewhere, such as a download.

    :param chunks: the bytes; not asked for if the file is already there.
    :param size: how many bytes they are together.
    :param sha1: of all of them, in lower-case hexadecimal digits; None when nobody knows.
    :param modified: the modification time the file gets, aware; None for now.
    :raises FileFailed, Cancelled: as for :func:`copy_file`. Errors of the tree that `chunks` raises pass through.
    """
    watch = Watch() if watch is None else watch
    digest = hashlib.sha1(usedforsecurity=False)

    def fill(copy: int) -> Content:
        written = 0
        for chunk in chunks:
            watch.check()
            digest.update(chunk)
            _write_all(copy, memoryview(chunk))
            written += len(chunk)
            watch.progress(len(chunk))
            if written > size:
                break
        if written != size:
            raise FileFailed(
                _("{path}: {size} bytes were announced, but more or fewer came; try again.").format(
                    path=place.path, size=size
                )
            )
        if sha1 is not None and digest.hexdigest() != sha1:
            raise FileFailed(
                _("{path}: what came is not the file that Immich knows; try again.").format(path=place.path)
            )
        return Content(size, digest.hexdigest())

    modified_ns = None if modified is None else (modified - _EPOCH) // timedelta(microseconds=1) * 1000
    expected = None if sha1 is None else Content(size, sha1)
    return _write(place, fill, modified_ns=modified_ns, expected=expected, permissions=permissions, watch=watch)


def is_proven(place: Place, expected: Content, watch: Watch | None = None) -> bool:
    """Whether the file lies there and holds what is expected, read from the disk.

    :raises FileFailed: it is there, or may be, but cannot be read.
    :raises Cancelled: `watch` asked to stop.
    """
    if not place.has_folder():
        return False
    with place.folder() as folder, reported(place.path):
        return _holds(folder, place.name, expected, Watch() if watch is None else watch) is True


def clean_up(place: Place) -> list[Path]:
    """Remove what killed runs left in the folder of a place; the temporary files of runs that are alive stay.

    :returns: what was removed.
    :raises FileFailed: something cannot be removed.
    """
    if not place.has_folder():
        return []
    with place.folder() as folder, reported(place.path.parent):
        return [place.path.with_name(name) for name in remove_leftovers(folder)]


@contextmanager
def _opened_source(source: Path) -> Iterator[tuple[int, os.stat_result]]:
    with reported(source):
        # A pipe would block for ever without O_NONBLOCK; for a file it means nothing.
        file = os.open(source, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    try:
        before = os.fstat(file)
        if not stat.S_ISREG(before.st_mode):
            raise FileFailed(_("{path} is not a file.").format(path=source))
        yield file, before
    finally:
        os.close(file)


def _check_unchanged(file: int, before: os.stat_result, source: Path) -> None:
    with reported(source):
        after = os.fstat(file)
    if (after.st_size, after.st_mtime_ns) != (before.st_size, before.st_mtime_ns):
        raise FileFailed(_("{path} changed while it was copied; try again.").format(path=source))


class _NotProven(FileFailed):
    """A copy that does not hold what was expected.

    :ivar held: what it holds.
    """

    def __init__(self, message: str, held: Content) -> None:
        super().__init__(message)
        self.held = held


def _write(
    place: Place,
    fill: Callable[[int], Content],
    *,
    modified_ns: int | None,
    expected: Content | None,
    permissions: Permissions | None,
    watch: Watch,
) -> Proven:
    """Write, prove and name a file.

    :param fill: writes to a descriptor, and returns what the file must hold then.
    :param expected: the same, if that is known beforehand.
    """
    permissions = Permissions() if permissions is None else permissions
    quiet = Watch(cancelled=watch.cancelled)
    with place.folder(make=permissions) as folder, reported(place.path):
        if expected is not None and (found := _holds(folder, place.name, expected, watch)) is not None:
            return _already_there(found, expected, place)
        with temporary_file(folder) as (file, name):
            written = fill(file)
            permissions.give(file)
            if modified_ns is not None:
                os.utime(file, ns=(modified_ns, modified_ns))
            held = read_back(file, quiet)
            if held != written:
                raise _NotProven(
                    _("{path}: what was read back from the disk is not what it should hold; it was removed.").format(
                        path=place.path
                    ),
                    held,
                )
            try:
                rename_no_replace(folder, name, place.name)
            except FileExistsError:
                return _already_there(_holds(folder, place.name, held, quiet), held, place)
            sync_folder(folder)
    return Proven(Deed.COPIED, held)


def _holds(folder: int, name: str, expected: Content, watch: Watch) -> bool | None:
    """Whether what has a name is a file that holds what is expected, on the disk; None if nothing has the name."""
    try:
        file = os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC, dir_fd=folder)
    except FileNotFoundError:
        return None
    except OSError as error:
        if error.errno == errno.ELOOP:
            return False
        raise
    try:
        facts = os.fstat(file)
        if not stat.S_ISREG(facts.st_mode) or facts.st_size != expected.size:
            return False
        held = read_back(file, watch)
        sync_folder(folder)
        return held == expected
    finally:
        os.close(file)


def _already_there(found: bool | None, content: Content, place: Place) -> Proven:
    if not found:
        raise FileInTheWay(
            _("{path} is there already and holds something else; it was left as it is.").format(path=place.path)
        )
    return Proven(Deed.ALREADY_THERE, content)


def _pump(source: int, copy: int, path: Path, watch: Watch) -> None:
    """Copy from one open file to the other, from where they stand to the source's end."""
    while count := _share(source, copy):
        watch.progress(count)
        watch.check()
    block = memoryview(bytearray(BLOCK))
    while True:
        with reported(path):
            count = os.readv(source, [block])
        if not count:
            return
        _write_all(copy, block[:count])
        watch.progress(count)
        watch.check()


def _share(source: int, copy: int) -> int:
    """Let the system copy a block, or let both files have the same one; 0 at the end, or where it cannot.

    An error only ends this way of copying: reading and writing meets it again if it is real, and knows which of the two files it is.
    """
    if hasattr(os, "copy_file_range"):
        with suppress(OSError):
            return os.copy_file_range(source, copy, BLOCK)
    return 0


def _write_all(file: int, content: memoryview) -> None:
    while content:
        content = content[os.write(file, content) :]
