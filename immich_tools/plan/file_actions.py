"""Changes to files of this computer, and the scan that lets Immich see them.

A file is never replaced. What a file is to hold is part of the change as far as anybody knows it beforehand, and it counts as done when
that was read back from the disk.
"""

from __future__ import annotations

from datetime import datetime
from hashlib import sha1
from typing import ClassVar, Final

from attrs import frozen

from immich_tools.disk.content import Content
from immich_tools.i18n import _
from immich_tools.plan.actions import Action
from immich_tools.plan.claims import content_objection, refuse, target_objection


@frozen
class _AtPlace(Action):
    """A file below a configured folder.

    :ivar folder: a configured folder, as a whole path.
    :ivar relative: the file's path below it.
    :raises ValueError: the path leads out of the folder, or another value is none.
    """

    folder: str
    relative: str

    def __attrs_post_init__(self) -> None:
        refuse(target_objection(self.folder, self.relative))

    @property
    def path(self) -> str:
        """The whole path."""
        return f"{self.folder.rstrip('/')}/{self.relative}"

    def decides(self) -> tuple[str, ...]:
        return ("file", self.path)

    def loss(self) -> str | None:
        return _("the file {path} stays").format(path=self.path)

    def inverse(self) -> tuple[Action, ...]:
        return ()


@frozen
class CopyFile(_AtPlace):
    """Copy an asset's file, or download it, to a name that is free.

    :ivar asset_id: whose file it is.
    :ivar source: whole path of the file on this computer; None to download it from Immich.
    :ivar edited: download what Immich's editor made of it instead of the original.
    :ivar size: bytes; None where nobody knows them beforehand.
    :ivar sha1: in lower-case hexadecimal digits; None where nobody knows it beforehand: then a local source is read twice, and of a
        download the number of bytes decides.
    :ivar modified: modification time that a download gets (ISO 8601 with offset); a copy has that of its source.
    :ivar mode, user, group: of the file and of folders that are made, as numbers; None for what the system gives.
    """

    kind: ClassVar[str] = "copy-file"
    asset_id: str
    source: str | None = None
    edited: bool = False
    size: int | None = None
    sha1: str | None = None
    modified: str | None = None
    mode: int | None = None
    user: int | None = None
    group: int | None = None

    def __attrs_post_init__(self) -> None:
        super().__attrs_post_init__()
        if self.sha1 is not None:
            refuse(content_objection(-1 if self.size is None else self.size, self.sha1))
        if self.source is not None and (self.edited or not self.source.startswith("/")):
            raise ValueError(_("'{path}' is not a whole path").format(path=self.source))
        if self.modified is not None and datetime.fromisoformat(self.modified).tzinfo is None:
            raise ValueError(_("'{time}' has no time zone").format(time=self.modified))

    @property
    def assets(self) -> tuple[str, ...]:
        return (self.asset_id,)

    @property
    def content(self) -> Content | None:
        """What the copy must hold, as far as it is known beforehand."""
        return None if self.sha1 is None or self.size is None else Content(self.size, self.sha1)

    def removal(self, found: Content | None = None) -> RemoveFile | None:
        """What removes the copy again; None where nobody knows what it holds.

        :param found: what was copied, where the plan did not know.
        """
        content = self.content or found
        if content is None:
            return None
        return RemoveFile(self.folder, self.relative, content.size, content.sha1, self.asset_id)


@frozen
class WriteFile(_AtPlace):
    """Write a text, such as a sidecar, to a name that is free.

    :ivar text: the whole content, written as UTF-8.
    :ivar asset_id: what it is about; empty for none.
    :ivar mode, user, group: as of `CopyFile`.
    """

    kind: ClassVar[str] = "write-file"
    text: str
    asset_id: str = ""
    mode: int | None = None
    user: int | None = None
    group: int | None = None

    def __attrs_post_init__(self) -> None:
        super().__attrs_post_init__()
        self.text.encode()  # its error is a ValueError: what is no Unicode cannot be written

    @property
    def assets(self) -> tuple[str, ...]:
        return (self.asset_id,) if self.asset_id else ()

    @property
    def size(self) -> int:
        """Bytes."""
        return len(self.text.encode())

    @property
    def content(self) -> Content:
        """What the file must hold."""
        return Content(self.size, sha1(self.text.encode(), usedforsecurity=False).hexdigest())

    def removal(self, found: Content | None = None) -> RemoveFile:
        """What removes the file again."""
        return RemoveFile(self.folder, self.relative, self.content.size, self.content.sha1)


@frozen
class RemoveFile(_AtPlace):
    """Remove a file that a run has written, if it still holds the same.

    :ivar size: bytes.
    :ivar sha1: in lower-case hexadecimal digits.
    :ivar asset_id: the asset that it is a copy of, which must be there, outside the trash and with its file: else the copy may be all
        that is left. Empty for what is no copy.
    """

    kind: ClassVar[str] = "remove-file"
    size: int
    sha1: str
    asset_id: str = ""

    def __attrs_post_init__(self) -> None:
        super().__attrs_post_init__()
        refuse(content_objection(self.size, self.sha1))

    @property
    def assets(self) -> tuple[str, ...]:
        return (self.asset_id,) if self.asset_id else ()

    @property
    def content(self) -> Content:
        """What the file must hold."""
        return Content(self.size, self.sha1)

    def loss(self) -> str | None:
        return _("the file {path} stays removed").format(path=self.path)


@frozen
class ScanLibrary(Action):
    """Ask the server to look for new files in an external library. It answers before it begins; asking twice does no harm."""

    kind: ClassVar[str] = "scan-library"
    library_id: str
    library_name: str = ""

    @property
    def assets(self) -> tuple[str, ...]:
        return ()

    def inverse(self) -> tuple[Action, ...]:
        return ()

    def decides(self) -> tuple[str, ...]:
        return ("library", self.library_id)


WRITTEN: Final = (CopyFile, WriteFile)
PLACED: Final = (CopyFile, WriteFile, RemoveFile)
FILE_KINDS: Final = (*PLACED, ScanLibrary)
