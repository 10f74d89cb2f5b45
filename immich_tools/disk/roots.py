"""Proof that the disk below a folder is there and is the right one: evidence is gathered, and judged apart from that."""

from __future__ import annotations

import os
from enum import Enum
from typing import Final

from attrs import frozen

from immich_tools.disk.patient import Beat, work_off
from immich_tools.disk.port import FileSystem
from immich_tools.i18n import _

MARKER: Final = ".immich"
"""Immich writes this file into each of its own folders (upload, library, thumbs, encoded-video, profile, backups) and does not start
where one has vanished (2.3.1 and 3.1.0)."""


@frozen
class Root:
    """A folder that may be a disk of its own.

    :ivar folder: where it is on this computer.
    :ivar has_marker: whether Immich puts its marker there.
    """

    folder: str
    has_marker: bool = False


class Sign(Enum):
    """Whether something is in a root. UNKNOWN: it could not be read."""

    THERE = "there"
    ABSENT = "absent"
    UNKNOWN = "unknown"


@frozen
class Evidence:
    """What was seen of a root at one moment.

    :ivar device: number of its file system; None when it cannot be read.
    :ivar marker: of Immich's marker.
    :ivar contents: of anything besides the marker.
    :ivar problem: why it cannot be read, for a person.
    """

    device: int | None = None
    marker: Sign = Sign.UNKNOWN
    contents: Sign = Sign.UNKNOWN
    problem: str = ""


@frozen
class Verdict:
    """Whether missing files below a root may be believed to be missing.

    :ivar doubts: why not, for a person; empty for a root that is proven.
    """

    root: Root
    evidence: Evidence
    doubts: tuple[str, ...] = ()

    @property
    def is_proven(self) -> bool:
        """Whether nothing speaks against it."""
        return not self.doubts


def judge(
    root: Root, evidence: Evidence, *, present: int, device: int | None = None, later: Evidence | None = None
) -> Verdict:
    """Decide whether a root is proven to be there. Pure.

    :param evidence: what was seen before files were looked for.
    :param present: how many of the files looked for are there.
    :param device: the device it was on in an earlier run; None when that is not known.
    :param later: what was seen after files were looked for; None where that was not asked.
    """
    doubts = _doubts(root, evidence)
    if not doubts and later is not None:
        doubts = _doubts(root, later)
        if not doubts and later.device != evidence.device:
            doubts.append(_("it changed to another device while files were looked for"))
    if device is not None and evidence.device is not None and device != evidence.device:
        doubts.append(
            _(
                "it is on another device ({now}) than before ({before}); after a move to a new disk use --accept-devices"
            ).format(now=evidence.device, before=device)
        )
    if not present and not evidence.problem:
        doubts.append(_("none of its files is there"))
    return Verdict(root, evidence, tuple(doubts))


def _doubts(root: Root, seen: Evidence) -> list[str]:
    if seen.problem:
        return [_("it cannot be read: {problem}").format(problem=seen.problem)]
    doubts = []
    if seen.device is None:
        doubts.append(_("its device is not known"))
    if root.has_marker and seen.marker is not Sign.THERE:
        doubts.append(_("Immich's marker file {name} is not in it").format(name=MARKER))
    if seen.contents is not Sign.THERE:
        doubts.append(_("it is empty"))
    return doubts


def probe(root: Root, file_system: FileSystem, *, patience: float) -> Evidence:
    """Look at a root.

    :param patience: seconds that one call may take.
    """

    def look(root: Root, beat: Beat) -> Evidence:
        device = file_system.status(root.folder).device
        beat()
        marker = contents = Sign.ABSENT
        for entry in file_system.entries(root.folder):
            beat()
            if entry.name == MARKER:
                marker = Sign.THERE
            else:
                contents = Sign.THERE
            if marker is contents is Sign.THERE or (contents is Sign.THERE and not root.has_marker):
                break
        return Evidence(device, marker, contents)

    def attempt(root: Root, beat: Beat) -> Evidence:
        try:
            return look(root, beat)
        except OSError as failure:
            return Evidence(problem=os.strerror(failure.errno) if failure.errno is not None else str(failure))
        except ValueError:
            return Evidence(problem=_("its path cannot be one of this computer"))

    for _root, evidence in work_off([root], attempt, threads=1, patience=patience):
        return evidence
    return Evidence(problem=_("the disk does not answer"))
