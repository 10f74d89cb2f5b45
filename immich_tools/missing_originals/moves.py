"""Originals that were moved to an external library: what the asset there takes over, and when that is not possible."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from datetime import timedelta

from attrs import define, evolve, field, frozen

from immich_tools.disk.findings import FileState
from immich_tools.i18n import _
from immich_tools.immich.models import Album, Asset, Visibility
from immich_tools.missing_originals.facts import MissingFacts
from immich_tools.plan.effects.base import Change
from immich_tools.plan.transfer import (
    Metadata,
    completed,
    left_behind,
    metadata_of,
    transfer_changes,
    union,
    with_local_date,
    without_placeholder,
)

_A_SECOND = timedelta(seconds=1)
_SHOWN = (Visibility.TIMELINE, Visibility.ARCHIVE)


@frozen
class Move:
    """What one asset of an external library takes over.

    :ivar target: that asset.
    :ivar changes: what is to be done to it first.
    """

    target: Asset
    changes: tuple[Change, ...]


@define
class Moves:
    """Plans what is carried over; asked for one missing asset at a time."""

    facts: MissingFacts
    _albums: Mapping[str, Album] = field(init=False)
    _times: Counter[str] = field(init=False)

    def __attrs_post_init__(self) -> None:
        self._albums = {album.id: album for album in self.facts.albums}
        self._times = Counter(self.facts.moved.values())

    def plan(self, asset_id: str) -> Move | str:
        """What is carried over from a missing asset that was moved, or why that cannot be done."""
        target_id = self.facts.moved[asset_id]
        source, target = self.facts.details.get(asset_id), self.facts.details.get(target_id)
        if source is None or target is None:
            return _("what it has could not be read")
        refusal = self._refuse(asset_id, target)
        if refusal is not None:
            return refusal
        if source.visibility not in _SHOWN and target.visibility not in _SHOWN:
            return Move(target, ())  # the video of a live photo: it has nothing of its own to carry over
        if target.visibility not in _SHOWN:
            return _("the file there, {path}, is the video of a live photo").format(path=target.original_path)
        return self._transfer(source, target)

    def takes_date(self, asset_id: str) -> bool:
        """Whether the asset there has the same date, which a transfer does not overwrite; then a sidecar left behind holds nothing more."""
        source, target = self.facts.details.get(asset_id), self.facts.details.get(self.facts.moved[asset_id])
        if source is None or target is None or source.exif is None or target.exif is None:
            return False
        date, there = source.exif.date_time_original, target.exif.date_time_original
        return date is None or (there is not None and abs(date - there) < _A_SECOND)

    def _refuse(self, asset_id: str, target: Asset) -> str | None:
        path = target.original_path
        if self._times[target.id] > 1 or target.id in self.facts.moved or target.id == asset_id:
            return _("several assets have the file {path}").format(path=path)
        if target.owner_id != self.facts.user_id:
            return _("its file is in the external library of somebody else, as {path}").format(path=path)
        if target.library_id is None or target.visibility in (Visibility.LOCKED, Visibility.UNKNOWN):
            return _("the asset with its file, {path}, cannot take anything over").format(path=path)
        if target.is_trashed or target.is_offline or self.facts.state(path) is not FileState.PRESENT:
            return _("the asset with its file, {path}, is in the trash or offline").format(path=path)
        return None

    def _transfer(self, source: Asset, target: Asset) -> Move | str:
        tags = [self.facts.tags.get(asset.id) for asset in (source, target)]
        if tags[0] is None or tags[1] is None or source.exif is None or target.exif is None:
            return _("what it has could not be read")
        gone = without_placeholder(metadata_of(source, self._albums_of(source.id), tags[0]), source)
        before = without_placeholder(metadata_of(target, self._albums_of(target.id), tags[1]), target)
        closed = [self._albums[each].name for each in sorted(gone.albums - before.albums) if not self._is_open(each)]
        if closed:
            return _("you may only view the shared album '{album}' it is in").format(album=closed[0])
        after = completed(before, union([gone]))
        differing = left_behind(after, [gone])
        if differing:
            return _("the asset with its file, {path}, says something else: {fields}").format(
                path=target.original_path, fields=", ".join(differing)
            )
        return Move(target, tuple(self._changes(source, target, before, after)))

    def _changes(self, source: Asset, target: Asset, before: Metadata, after: Metadata) -> list[Change]:
        if after.date != before.date:
            before, after = evolve(before, date=target.date_with_zone), with_local_date(after, [source])
        by_id = {tag.id: tag for asset in (source, target) for tag in self.facts.tags[asset.id]}
        return transfer_changes(target.id, before, after, group=source.id, albums=self._albums, tags=by_id)

    def _albums_of(self, asset_id: str) -> frozenset[str]:
        return frozenset(album_id for album_id, ids in self.facts.members.items() if asset_id in ids)

    def _is_open(self, album_id: str) -> bool:
        return self._albums[album_id].role.may_add
