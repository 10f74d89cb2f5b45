"""A file below a configured folder, reached name by name so that nothing can lead out of it."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from attrs import field, frozen
from attrs.validators import instance_of

from immich_tools.disk.problems import reported
from immich_tools.errors import FileFailed
from immich_tools.i18n import _

_FOLDER: Final = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC


@frozen
class Permissions:
    """What new files and folders get; None for what the system gives by itself.

    :ivar mode: permission bits of files, such as ``0o640``. A folder also gets the right to be entered where it may be read, and its
        owner every right: more files are to come.
    :ivar user: number of the owner.
    :ivar group: number of the group.
    """

    mode: int | None = None
    user: int | None = None
    group: int | None = None

    def give(self, file: int, *, is_folder: bool = False) -> None:
        """Set them on an open file or folder.

        :raises OSError: the user running this may not, or the file system knows no such thing.
        """
        if self.user is not None or self.group is not None:
            os.fchown(file, -1 if self.user is None else self.user, -1 if self.group is None else self.group)
        if self.mode is not None:
            os.fchmod(file, self.mode | (self.mode & 0o444) >> 2 | 0o700 if is_folder else self.mode)


def _names(relative: str) -> tuple[str, ...]:
    return tuple(relative.split("/"))


@frozen
class Place:
    """Where a file is, or is to be.

    :ivar root: a configured folder. It must exist, and may itself be a symbolic link; nothing below it may.
    :ivar names: of the folders below it, and last that of the file.
    """

    root: Path = field(validator=instance_of(Path))
    names: tuple[str, ...] = field(converter=_names)

    @names.validator
    def _check(self, _attribute: object, names: tuple[str, ...]) -> None:
        if any(name in ("", ".", "..") or "\0" in name or "/" in name for name in names):
            raise FileFailed(
                _("'{path}' is no path below {root}; nothing is written there.").format(
                    path="/".join(names), root=self.root
                )
            )

    @property
    def path(self) -> Path:
        """The whole path, for messages."""
        return self.root.joinpath(*self.names)

    @property
    def name(self) -> str:
        """The file's own name."""
        return self.names[-1]

    def has_folder(self) -> bool:
        """Whether something with the name of its folder is there."""
        return os.path.lexists(self.path.parent)

    @contextmanager
    def folder(self, make: Permissions | None = None) -> Iterator[int]:
        """Open the folder of the file.

        :param make: what folders get that are not there yet; None to make none.
        :returns: a descriptor, closed at the end.
        :raises FileFailed: a folder is missing and not to be made, may not be entered, or is a symbolic link.
        """
        path = self.root
        with reported(path):
            here = os.open(path, _FOLDER)
        try:
            for name in self.names[:-1]:
                path /= name
                with reported(path):
                    below = _enter(here, name, make)
                os.close(here)
                here = below
            yield here
        finally:
            os.close(here)


def _enter(folder: int, name: str, make: Permissions | None) -> int:
    """Open a folder in an open one, without following a symbolic link."""
    try:
        return os.open(name, _FOLDER | os.O_NOFOLLOW, dir_fd=folder)
    except FileNotFoundError:
        if make is None:
            raise
    try:
        os.mkdir(name, dir_fd=folder)
    except FileExistsError:  # another copy of this run was quicker
        return os.open(name, _FOLDER | os.O_NOFOLLOW, dir_fd=folder)
    made = os.open(name, _FOLDER | os.O_NOFOLLOW, dir_fd=folder)
    try:
        make.give(made, is_folder=True)
        sync_folder(folder)
    except BaseException:
        os.close(made)
        raise
    return made


def sync_folder(folder: int) -> None:
    """Bring the names in an open folder to the disk, where the file system can be asked for that (SMB and some of FUSE cannot)."""
    try:
        os.fsync(folder)
    except OSError as error:
        if error.errno not in (errno.EINVAL, errno.EOPNOTSUPP):
            raise
