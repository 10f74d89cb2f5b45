"""Looking at files of this computer: the originals of uploads, and what lies in the target folders."""

from __future__ import annotations

import errno
import os
import unicodedata
from collections.abc import Collection, Iterable, Iterator
from pathlib import Path

from attrs import define, field, frozen

from immich_tools.album_backup.choices import Origin
from immich_tools.album_backup.facts import LARGEST_SIDECAR, Source
from immich_tools.disk.checksum import content_of
from immich_tools.disk.content import Content
from immich_tools.disk.place import Place
from immich_tools.disk.problems import failure, reported
from immich_tools.disk.space import why_unreadable, why_unwritable
from immich_tools.disk.watch import Watch
from immich_tools.errors import FileFailed, UsageError
from immich_tools.i18n import _
from immich_tools.plan.proofs import Stamp, stamp_of


@frozen
class Mark:
    """What changes with any writing to a file. Without the device, whose number may be another after each mount."""

    size: int
    modified_ns: int
    changed_ns: int
    inode: int

    @classmethod
    def of(cls, stamp: Stamp) -> Mark:
        """The mark of a file with that stamp."""
        return cls(stamp.size, stamp.modified_ns, stamp.changed_ns, stamp.inode)


@define
class KnownFiles:
    """What files hold that were read already; each is read again once it was touched."""

    _contents: dict[str, tuple[Mark, Content]] = field(factory=dict)

    def remembered(self) -> dict[str, tuple[Mark, Content]]:
        """What is known of files that are still there, by their whole paths."""
        return {path: known for path, known in self._contents.items() if os.path.lexists(path)}

    def content(self, place: Place, watch: Watch) -> Content | None:
        """What a file holds; None when that cannot be found out, such as for one that changes meanwhile.

        :raises Cancelled: `watch` asked to stop.
        """
        try:
            stamp = stamp_of(place)
            if stamp is None:
                return None
            mark, known = self._contents.get(str(place.path), (None, None))
            if known is not None and mark == Mark.of(stamp):
                return known
            content = content_of(place.path, watch)
            if stamp_of(place) != stamp:
                return None
        except FileFailed:
            return None
        self._contents[str(place.path)] = (Mark.of(stamp), content)
        return content

    def learn(self, place: Place, content: Content) -> None:
        """Take over what somebody has just read and proven."""
        try:
            stamp = stamp_of(place)
        except FileFailed:
            return
        if stamp is not None:
            self._contents[str(place.path)] = (Mark.of(stamp), content)


def check_target(folder: str) -> None:
    """Refuse a destination that is not there: what is written below the folder of a disk that is not mounted would vanish.

    :raises UsageError: it is no folder of this computer.
    :raises FileFailed: it cannot be looked at.
    """
    path = Path(folder)
    with reported(path):
        is_there = path.is_dir()
    if not is_there:
        raise UsageError(
            _(
                "The destination {path} is no folder of this computer. Is its disk mounted? "
                "Say with --map SERVER=LOCAL where the server's folders are here."
            ).format(path=folder)
        )


def check_writable(target: str, folders: Iterable[str]) -> None:
    """Refuse to begin where files cannot be written.

    :param folders: below the target; they need not be there.
    :raises UsageError: says which, and why.
    """
    for folder in sorted(folders):
        problem = why_unwritable(Path(target, folder))
        if problem is not None:
            raise UsageError(_("The destination cannot be written to: {problem}").format(problem=problem)) from problem


def look_at_source(path: str, size: int | None, origin: Origin) -> Source:
    """Where the bytes of an upload come from.

    :param path: where the file is on this computer, if it is there.
    :param size: bytes; None where the server does not tell.
    """
    if origin is Origin.DOWNLOAD:
        return Source()
    problem = _problem(Path(path), size)
    if not problem:
        return Source(path)
    return Source() if origin is Origin.AUTO else Source(path, problem)


def _problem(path: Path, size: int | None) -> str:
    if not path.is_absolute() or "\0" in str(path):
        return _("'{path}' is no path of this computer").format(path=path)
    unreadable = why_unreadable(path)
    if unreadable is not None:
        return str(unreadable)
    try:
        found = path.stat().st_size
    except OSError as error:
        return f"{path}: {error.strerror}"
    if size is not None and found != size:
        return _("{path} has {found} bytes, but Immich knows it with {size}").format(path=path, found=found, size=size)
    return ""


def read_sidecar(original: str) -> tuple[str, bytes] | None:
    """The sidecar beside an original: ``IMG.jpg.xmp`` before ``IMG.xmp``, as Immich looks for it; None where there is none.

    :returns: its path, and what it holds: of one that is too large, only the beginning.
    :raises FileFailed: it is there and cannot be read.
    """
    path = Path(original)
    for candidate in (path.with_name(f"{path.name}.xmp"), path.with_suffix(".xmp")):
        try:
            with candidate.open("rb") as file:
                return str(candidate), file.read(LARGEST_SIDECAR + 1)
        except FileNotFoundError:
            continue
        except OSError as error:
            with reported(candidate):
                raise error
    return None


def look_at_targets(
    target: str, folders: Iterable[str], sizes: Collection[int], known: KnownFiles, watch: Watch
) -> dict[str, Content | None]:
    """What lies in folders below the target: path below it → what it holds.

    :param sizes: bytes; files of other sizes are not read, and what they hold counts as unknown.
    :raises FileFailed: a folder is there and cannot be read, or a link leads to it.
    :raises Cancelled: `watch` asked to stop.
    """
    found: dict[str, Content | None] = {}
    for folder in folders:
        _refuse_links(Path(target), folder)
        for name, size in _entries(Path(target, folder)):
            relative = f"{folder}/{name}"
            wanted = size in sizes if size is not None else False
            content = known.content(Place(Path(target), relative), watch) if wanted else None
            found[unicodedata.normalize("NFC", relative)] = content
    return found


def _refuse_links(path: Path, folder: str) -> None:
    """Refuse symbolic links below the target: nothing is copied through them, so what lies there is no copy either."""
    for name in folder.split("/"):
        path /= name
        with reported(path):
            is_link = path.is_symlink()
        if is_link:
            raise failure(path, OSError(errno.ELOOP, ""))


def _entries(folder: Path) -> Iterator[tuple[str, int | None]]:
    """Names in a folder with the sizes of plain files; nothing for a folder that is not there."""
    with reported(folder):
        try:
            entries = list(os.scandir(folder))
        except FileNotFoundError:
            return
        for entry in entries:
            is_file = entry.is_file(follow_symlinks=False)
            yield entry.name, entry.stat(follow_symlinks=False).st_size if is_file else None
