"""Giving a finished file its name without ever replacing another: no file system offers that in one and the same way.

1. ``renameat2`` with ``RENAME_NOREPLACE`` (Linux): one step. ext4, XFS, Btrfs, tmpfs, FAT, exFAT, SMB.
2. A hard link under the new name, then the old name removed: NFS, macOS, older FUSE. A run killed between the two leaves the file under
   both names; the temporary one is found later like any other.
3. Neither (FUSE drivers without hard links): the name is taken with an empty file that must be new, and only that one is replaced. A run
   killed between the two leaves an empty file in the way of later runs, which report it. Asking first whether the name is free, and
   then renaming, would never leave one but could replace a file that another program made in between.
"""

from __future__ import annotations

import ctypes
import errno
import os
from collections.abc import Callable
from typing import Final, TypeAlias

Rename: TypeAlias = Callable[[int, str, str], None]
"""Takes the open folder, the old name and the new one; raises FileExistsError if the new one is taken."""

_RENAME_NOREPLACE: Final = 1
# A seccomp filter (Docker before 20.10) refuses unknown calls with EPERM; FAT refuses hard links with it.
_UNSUPPORTED: Final = frozenset({errno.EINVAL, errno.ENOSYS, errno.EOPNOTSUPP, errno.ENOTSUP, errno.EPERM})

_renameat2 = getattr(ctypes.CDLL(None, use_errno=True), "renameat2", None)


def rename_in_one_step(folder: int, old: str, new: str) -> None:
    """``renameat2`` with ``RENAME_NOREPLACE``."""
    if _renameat2 is None:
        raise OSError(errno.ENOSYS, os.strerror(errno.ENOSYS))
    if _renameat2(folder, os.fsencode(old), folder, os.fsencode(new), ctypes.c_uint(_RENAME_NOREPLACE)):
        code = ctypes.get_errno()
        raise OSError(code, os.strerror(code), new)


def rename_by_link(folder: int, old: str, new: str) -> None:
    """A second name, then the first one removed."""
    os.link(old, new, src_dir_fd=folder, dst_dir_fd=folder, follow_symlinks=False)
    os.unlink(old, dir_fd=folder)


def rename_over_reservation(folder: int, old: str, new: str) -> None:
    """An empty new file, then the finished one in its place."""
    os.close(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600, dir_fd=folder))
    try:
        os.replace(old, new, src_dir_fd=folder, dst_dir_fd=folder)
    except OSError:
        if os.stat(new, dir_fd=folder, follow_symlinks=False).st_size == 0:
            os.unlink(new, dir_fd=folder)
        raise


def rename_no_replace(folder: int, old: str, new: str) -> None:
    """Rename a file inside a folder in the safest way the file system offers.

    :param folder: descriptor of the open folder.
    :raises FileExistsError: the new name is taken; both are as they were.
    :raises OSError: what the system says.
    """
    for rename in (rename_in_one_step, rename_by_link):
        try:
            return rename(folder, old, new)
        except OSError as error:
            if error.errno not in _UNSUPPORTED:
                raise
    return rename_over_reservation(folder, old, new)
