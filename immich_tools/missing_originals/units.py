"""What belongs together: a still and its motion video, their sidecars, and the stack they are in."""

from __future__ import annotations

from collections.abc import Callable, Container, Iterable, Mapping
from enum import Enum
from typing import TypeAlias

from attrs import evolve, frozen

from immich_tools.disk.findings import FileState
from immich_tools.i18n import _
from immich_tools.missing_originals.records import AssetRecord

StateOf: TypeAlias = Callable[[str], FileState]
SidecarsOf: TypeAlias = Callable[[AssetRecord], Iterable[str]]


class Bond(Enum):
    """What a file that is left is to one that is missing."""

    MOTION_VIDEO = "motion-video"
    STILL = "still"
    SIDECAR = "sidecar"
    STACK = "stack"


@frozen
class Survivor:
    """A file that belongs to a missing one and is still there, or may be.

    :ivar path: as the server sees it.
    :ivar is_certain: False where nobody knows whether it is there.
    """

    path: str
    bond: Bond
    is_certain: bool

    def fate(self) -> str:
        """What becomes of it when the missing one is trashed and the trash is emptied, for a person."""
        return _FATES[self.bond].format(path=self.path)


_FATES: Mapping[Bond, str] = {
    Bond.MOTION_VIDEO: _("emptying the trash deletes the motion video {path}"),
    Bond.STILL: _("the photo {path} loses its motion video for good"),
    Bond.SIDECAR: _("emptying the trash deletes the sidecar {path} with what was edited in Immich"),
    Bond.STACK: _("{path} of the same stack may vanish from the timeline until the trash is emptied"),
}


@frozen
class Unit:
    """Assets that belong together.

    :ivar members: by id.
    :ivar survivors: what is still there, or may be, of those whose originals are missing; sorted.
    """

    members: tuple[AssetRecord, ...]
    missing: tuple[AssetRecord, ...]
    survivors: tuple[Survivor, ...]

    @property
    def id(self) -> str:
        """The first of its members' ids."""
        return self.members[0].id

    def without_sidecars(self, paths: Container[str]) -> Unit:
        """The same where some sidecars count for nothing: Immich writes one beside an original at its first edit, so that it stays behind
        when somebody moves the file by hand (2.3.1 and 3.1.0).

        :param paths: sidecars whose content is carried over and read back before the unit goes.
        """
        left = (each for each in self.survivors if each.bond is not Bond.SIDECAR or each.path not in paths)
        return evolve(self, survivors=tuple(left))


def units_of(records: Iterable[AssetRecord], state_of: StateOf, sidecars_of: SidecarsOf) -> list[Unit]:
    """The units in which an original is missing, by their ids. Pure.

    :param records: all assets that may belong together; each id once.
    :param state_of: of a file, by its path as the server sees it.
    :param sidecars_of: the paths that sidecars of an asset have, or may have.
    """
    by_id = {record.id: record for record in records}
    units = [
        _unit(members, state_of, sidecars_of)
        for members in _groups(by_id)
        if any(state_of(record.path) is FileState.MISSING for record in members)
    ]
    return sorted(units, key=lambda unit: unit.id)


def _groups(by_id: Mapping[str, AssetRecord]) -> list[list[AssetRecord]]:
    """Assets joined by motion videos and stacks, directly or over others."""
    parent: dict[str, str] = {}

    def find(name: str) -> str:
        while (above := parent.get(name, name)) != name:
            parent[name] = parent.get(above, above)
            name = above
        return name

    for asset_id, record in by_id.items():
        # A stack is named by a word of its own, since its id could be that of an asset.
        stack = None if record.stack_id is None else f"stack:{record.stack_id}"
        for other in (record.live_photo_video_id, stack):
            if other is not None:
                parent[find(asset_id)] = find(other)
    groups: dict[str, list[AssetRecord]] = {}
    for asset_id, record in by_id.items():
        groups.setdefault(find(asset_id), []).append(record)
    return [sorted(group, key=lambda record: record.id) for group in groups.values()]


def _unit(members: list[AssetRecord], state_of: StateOf, sidecars_of: SidecarsOf) -> Unit:
    missing = [record for record in members if state_of(record.path) is FileState.MISSING]
    videos = {record.live_photo_video_id for record in missing if record.live_photo_video_id is not None}
    known = {record.id for record in members}
    survivors = {
        Survivor(_("of asset {id}").format(id=video), Bond.MOTION_VIDEO, is_certain=False) for video in videos - known
    }
    for record in members:
        state = state_of(record.path)
        if state is FileState.MISSING:
            found = [(path, state_of(path)) for path in sidecars_of(record)]
            survivors |= {
                Survivor(path, Bond.SIDECAR, sidecar is not FileState.UNKNOWN)
                for path, sidecar in found
                if sidecar is not FileState.MISSING
            }
        else:
            survivors.add(Survivor(record.path, _bond(record, missing, videos), state is not FileState.UNKNOWN))
    return Unit(tuple(members), tuple(missing), tuple(sorted(survivors, key=lambda each: (each.path, each.bond.value))))


def _bond(survivor: AssetRecord, missing: Iterable[AssetRecord], videos: set[str]) -> Bond:
    if survivor.id in videos:
        return Bond.MOTION_VIDEO
    if survivor.live_photo_video_id in {record.id for record in missing}:
        return Bond.STILL
    return Bond.STACK
