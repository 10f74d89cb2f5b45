"""Finds out which missing files lie in external libraries, by their content; reads only."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from attrs import define, field, frozen

from immich_tools.disk.checksum import content_of
from immich_tools.disk.content import Content
from immich_tools.disk.patient import Beat, work_off
from immich_tools.disk.scan import DEFAULT_PATIENCE
from immich_tools.disk.watch import Watch
from immich_tools.errors import FileFailed
from immich_tools.i18n import _
from immich_tools.immich.models import Album, Asset, Tag
from immich_tools.missing_originals.records import AssetRecord
from immich_tools.paths import PathMap

if TYPE_CHECKING:
    from immich_tools.immich.client import Immich


@frozen
class Moved:
    """What was found; see the fields of the same names of `facts.MissingFacts`."""

    moved: Mapping[str, str] = field(factory=dict)
    details: Mapping[str, Asset] = field(factory=dict)
    albums: tuple[Album, ...] = ()
    members: Mapping[str, frozenset[str]] = field(factory=dict)
    tags: Mapping[str, frozenset[Tag]] = field(factory=dict)
    warnings: tuple[str, ...] = ()


def find_moved(
    immich: Immich,
    missing: Iterable[AssetRecord],
    external: Iterable[AssetRecord],
    path_map: PathMap,
    *,
    patience: float = DEFAULT_PATIENCE,
) -> Moved:
    """Compare missing files with those of external libraries that have the same name and size, by SHA-1.

    The server knows that of an upload's file; of an external one it only knows that of the path, so these files are read.

    :param missing: assets whose files are missing; those of other users are passed over.
    :param external: the assets of external libraries outside the trash, of all users.
    :param patience: seconds that one call to the disk may take.
    :raises ToolkitError: the server cannot be read.
    """
    user_id = immich.me.id
    lost = [record for record in missing if record.owner_id == user_id and record.library_id is None]
    details = immich.assets.read([record.id for record in lost])
    names = {name for record in lost for name in _names(record, details.get(record.id))}
    candidates: dict[str, list[AssetRecord]] = {}
    for record in external:
        if record.owner_id == user_id and record.name in names:
            candidates.setdefault(record.name, []).append(record)
    details |= immich.assets.read([record.id for alike in candidates.values() for record in alike])
    contents = _Contents(path_map, patience)
    moved: dict[str, str] = {}
    for record in lost:
        asset = details.get(record.id)
        alike = {each.id: each for name in _names(record, asset) for each in candidates.get(name, ())}
        target = None if asset is None else _same(asset, [alike[each] for each in sorted(alike)], details, contents)
        if target is not None:
            moved[record.id] = target
    return _with_metadata(immich, moved, details, tuple(contents.warnings))


def _names(record: AssetRecord, asset: Asset | None) -> Collection[str]:
    return {record.name} if asset is None else {record.name, asset.original_file_name}


@define
class _Contents:
    """What files hold, each read once. When the disk hangs, no more are read."""

    path_map: PathMap
    patience: float
    warnings: list[str] = field(factory=list)
    _known: dict[str, Content | None] = field(factory=dict)
    _is_hanging: bool = False

    def of(self, path: str) -> Content | None:
        if path not in self._known:
            self._known[path] = None if self._is_hanging else self._read(Path(self.path_map.local(path)))
        return self._known[path]

    def _read(self, file: Path) -> Content | None:
        def read(file: Path, beat: Beat) -> Content:
            return content_of(file, Watch(progress=lambda _count: beat()))

        try:
            for _file, content in work_off([file], read, threads=1, patience=self.patience):
                return content
        except FileFailed as failure:
            self.warnings.append(str(failure))
            return None
        self._is_hanging = True
        self.warnings.append(_("{path} cannot be read: the disk does not answer").format(path=file))
        return None


def _same(
    asset: Asset, candidates: Iterable[AssetRecord], details: Mapping[str, Asset], contents: _Contents
) -> str | None:
    """The id of the first candidate with the same content."""
    wanted = None if asset.exif is None else Content.of_upload(asset.exif.file_size, asset.checksum)
    for record in candidates:
        there = details.get(record.id)
        if wanted is None or there is None or there.exif is None or there.exif.file_size != wanted.size:
            continue
        if contents.of(record.path) == wanted:
            return record.id
    return None


def _with_metadata(
    immich: Immich, moved: Mapping[str, str], details: Mapping[str, Asset], warnings: tuple[str, ...]
) -> Moved:
    if not moved:
        return Moved(warnings=warnings)
    both = {*moved.keys(), *moved.values()}
    albums = immich.albums.all()
    assets = {asset_id: details[asset_id] for asset_id in sorted(both)}
    return Moved(
        moved,
        assets,
        tuple(albums),
        immich.albums.memberships(albums, both),
        immich.tags.of_assets(assets.values()),
        warnings,
    )
