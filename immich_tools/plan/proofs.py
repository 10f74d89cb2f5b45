"""Proof of what a file holds that can be renewed in an instant: read once from the disk, from then on only compared in its outer marks."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from contextlib import closing
from functools import partial
from typing import Final

from attrs import frozen

from immich_tools.disk.content import Content
from immich_tools.disk.copy import Deed, Proven, is_proven
from immich_tools.disk.place import Place
from immich_tools.disk.problems import reported
from immich_tools.disk.several import Task, side_by_side
from immich_tools.disk.watch import Watch
from immich_tools.errors import FileFailed, FileInTheWay
from immich_tools.i18n import _
from immich_tools.plan.meter import Meter

ALTERED: Final = _("{path} has been changed since it was read a moment ago")


@frozen
class Stamp:
    """The marks of a file of which one at least changes whenever it is written, replaced or given other times."""

    device: int
    inode: int
    size: int
    modified_ns: int
    changed_ns: int


def stamp_of(place: Place) -> Stamp | None:
    """The marks of what has the name, links not followed; None if nothing has it.

    :raises FileFailed: that cannot be found out.
    """
    if not place.has_folder():
        with reported(place.root):
            place.root.stat()  # a disk that is not mounted is no file that is missing
        return None
    with place.folder() as folder, reported(place.path):
        try:
            found = os.stat(place.name, dir_fd=folder, follow_symlinks=False)
        except FileNotFoundError:
            return None
    return Stamp(found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns)


@frozen
class Proof:
    """What a file held when it was read, and its marks from before that."""

    place: Place
    stamp: Stamp

    def objection(self) -> str | None:
        """Why it is no proof any more; None while the file has the same marks."""
        try:
            now = stamp_of(self.place)
        except FileFailed as failure:
            return str(failure)
        return None if now == self.stamp else ALTERED.format(path=self.place.path)


def prove(files: Mapping[str, tuple[Place, Content]], meter: Meter, watch: Watch) -> dict[str, Proof | FileFailed]:
    """Read files from the disk, several at a time, and compare them with what they must hold.

    :param files: by any name.
    :param meter: told of the bytes read.
    :returns: by the same names; an error where a file does not hold it, or cannot be read.
    :raises Cancelled: `watch` asked to stop.
    """
    proofs: dict[str, Proof | FileFailed] = {}
    stamps: dict[str, Stamp] = {}
    tasks: Iterable[Task] = (
        partial(_prove, name, place, content, stamps, meter) for name, (place, content) in files.items()
    )
    with closing(side_by_side(tasks, watch)) as results:
        for name, result in zip(files, results, strict=True):
            proofs[name] = result if isinstance(result, FileFailed) else Proof(files[name][0], stamps[name])
    return proofs


def _prove(
    name: str, place: Place, content: Content, stamps: dict[str, Stamp], meter: Meter, *, watch: Watch
) -> Proven:
    with meter.file(content.size) as count:
        before = stamp_of(place)
        if before is None:
            raise FileFailed(_("{path} is not there").format(path=place.path))
        if not is_proven(place, content, Watch(count, watch.cancelled)):
            raise FileInTheWay(_("{path} holds something else").format(path=place.path))
        if stamp_of(place) != before:
            raise FileFailed(_("{path} changed while it was read").format(path=place.path))
    stamps[name] = before
    return Proven(Deed.ALREADY_THERE, content)
