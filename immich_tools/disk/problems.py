"""What the system says about a file, in words that tell what to do."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from immich_tools.errors import DiskFull, FileFailed
from immich_tools.i18n import _

_NO_ROOM: Final = frozenset({errno.ENOSPC, errno.EDQUOT})
_HINTS: Final = {
    errno.EACCES: _("the user running this may not do that; check owner and mode"),
    errno.EPERM: _("the user running this may not do that; check owner and mode"),
    errno.EROFS: _("it is mounted read-only"),
    errno.EIO: _("the disk reports an error; check it before going on"),
    errno.ENOENT: _("it is not there; check that the folder is mounted"),
    errno.EFBIG: _("the file system does not take files that large"),
    errno.ENAMETOOLONG: _("the file system does not take names that long"),
    errno.ELOOP: _("it is a symbolic link, and those are not followed below the configured folder"),
    errno.ENOTDIR: _("a file or a symbolic link is where a folder is expected"),
    errno.EISDIR: _("it is a folder"),
    errno.ESTALE: _("the network file system lost it; mount it again"),
}


def failure(path: Path, error: OSError) -> FileFailed:
    """The error of the tree for what the system reported.

    :param path: the file that was worked on.
    """
    code = error.errno or 0
    if code in _NO_ROOM:
        return DiskFull(_("{path}: no space is left on the device.").format(path=path))
    return FileFailed(f"{path}: {_HINTS.get(code) or os.strerror(code)}.")


@contextmanager
def reported(path: Path) -> Iterator[None]:
    """Raise what the system reports inside as :class:`FileFailed`, naming `path`."""
    try:
        yield
    except OSError as error:
        raise failure(path, error) from error
