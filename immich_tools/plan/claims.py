"""What a removal rests on that only this computer can tell: facts about files, looked at again right before the request is sent."""

from __future__ import annotations

from typing import ClassVar, TypeAlias

from attrs import field, frozen

from immich_tools.disk.content import Content
from immich_tools.i18n import _

_SHA1_DIGITS = frozenset("0123456789abcdef")


def target_objection(folder: str, relative: str) -> str | None:
    """Why there can be no file of that name below a folder; None when there can.

    :param folder: a whole path.
    :param relative: names divided by slashes; none of them leads out of the folder.
    """
    if not folder.startswith("/") or ".." in folder.split("/") or "\0" in folder:
        return _("'{path}' is not a whole path").format(path=folder)
    if any(name in ("", ".", "..") or "\0" in name for name in relative.split("/")):
        return _("'{path}' is no path below {root}").format(path=relative, root=folder)
    return None


def content_objection(size: int, sha1: str) -> str | None:
    """Why no file has that many bytes and that SHA-1 (lower-case hexadecimal digits); None when one can."""
    if size < 0 or len(sha1) != 40 or not _SHA1_DIGITS.issuperset(sha1):
        return _("{size} bytes with SHA-1 '{sha1}' are no file's").format(size=size, sha1=sha1[:40])
    return None


def refuse(*objections: str | None) -> None:
    """:raises ValueError: for the first objection there is."""
    for objection in objections:
        if objection is not None:
            raise ValueError(objection)


@frozen
class AliveRoot:
    """A folder that may be a disk of its own, and what must be true of it for a missing file to be believed.

    :ivar folder: a whole path.
    :ivar witnesses: whole paths of files below it that were there when this was planned. One of them at least must be: where all files
        seem to be missing, the disk is. Any other choice of them claims the same, so they do not count in comparisons.
    :ivar has_marker: Immich's marker file must be in it.
    :ivar device: number of the file system it must be on; None where that is not known.
    """

    folder: str
    witnesses: tuple[str, ...] = field(eq=False)
    has_marker: bool = False
    device: int | None = None

    def __attrs_post_init__(self) -> None:
        if not self.witnesses:
            raise ValueError(_("nothing would prove that the disk at {folder} is there").format(folder=self.folder))
        for path in self.witnesses:
            refuse(target_objection(self.folder, self.relative(path)))

    def relative(self, path: str) -> str:
        """A path as seen from here; empty for one that is not below."""
        top = self.folder.rstrip("/") + "/"
        return path.removeprefix(top) if path.startswith(top) else ""


@frozen
class FilesMissing:
    """Files are missing while the disk that they should be on is there.

    :ivar paths: whole paths, all below the root; none of them may be there, nor in another case or Unicode form.
    :ivar server_paths: how the server called the same files when this was planned; empty where that is not known. An asset whose original
        is none of them by now is not missing: the server moves files, such as when the storage template changes (2.3.1 and 3.1.0).
    """

    kind: ClassVar[str] = "files-missing"
    paths: tuple[str, ...]
    root: AliveRoot
    server_paths: tuple[str, ...] = ()

    def __attrs_post_init__(self) -> None:
        if not self.paths:
            raise ValueError(_("field '{name}' is empty").format(name="paths"))
        for path in self.paths:
            refuse(target_objection(self.root.folder, self.root.relative(path)))


@frozen
class FileHolds:
    """A file is there and holds these bytes, such as the proven copy of what is to go.

    :ivar folder: a configured folder, as a whole path. Below it no symbolic link is followed: it could lead to the original.
    :ivar relative: the file's path below it.
    :ivar size: bytes.
    :ivar sha1: in lower-case hexadecimal digits.
    """

    kind: ClassVar[str] = "file-holds"
    folder: str
    relative: str
    size: int
    sha1: str

    def __attrs_post_init__(self) -> None:
        refuse(target_objection(self.folder, self.relative), content_objection(self.size, self.sha1))

    @property
    def content(self) -> Content:
        """What the file must hold."""
        return Content(self.size, self.sha1)


Claim: TypeAlias = FilesMissing | FileHolds
CLAIM_KINDS: dict[str, type[Claim]] = {each.kind: each for each in (FilesMissing, FileHolds)}
"""Every kind of claim by its name in documents."""
