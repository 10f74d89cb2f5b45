"""Which album each file belongs in by its folder, and why some belong in none. Pure, and the same for files in any order."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Final

from attrs import define, evolve, field, frozen

from immich_tools.folder_albums.album_settings import AlbumSettings, Combination, combine
from immich_tools.folder_albums.choices import Mode
from immich_tools.folder_albums.levels import Levels, Naming, name_key
from immich_tools.folder_albums.options import FolderAlbumsOptions
from immich_tools.folder_albums.properties import NOTHING, AlbumProperties, PropertyTree
from immich_tools.folder_albums.refusals import Refusal, SkipCode
from immich_tools.folder_albums.roots import Folder, Roots
from immich_tools.folder_albums.sharing import ShareRole
from immich_tools.i18n import _
from immich_tools.immich.filters import SHOWN
from immich_tools.immich.models import Asset, AssetType, Visibility
from immich_tools.paths import PathFilter, is_below
from immich_tools.plan.model import Skip

NOT_OWN: Final = "not-own"
UNFIT: Final = "unfit"
LOCKED: Final = "locked"


@frozen
class FolderFiles:
    """The files of one folder that belong in the same albums.

    :ivar assets: by id.
    :ivar properties: what holds for the folder.
    :ivar label: of their own album.
    :ivar above: labels of the albums of the folders above it that they belong in as well.
    """

    folder: Folder
    assets: tuple[Asset, ...]
    properties: AlbumProperties
    label: str
    above: tuple[str, ...] = ()


@define
class Wanted:
    """An album that folders call for.

    :ivar label: what tells it from the others: its name; with ``--no-merge`` the folder it stands for, too.
    :ivar name: in composed form (NFC).
    :ivar own: the folders whose files it is made of, by path.
    :ivar below: folders whose files have another album of their own, and belong in this one as well.
    """

    label: str
    name: str
    own: list[FolderFiles] = field(factory=list)
    below: list[FolderFiles] = field(factory=list)

    def assets(self) -> Iterator[Asset]:
        """All files that belong in it."""
        for files in (*self.own, *self.below):
            yield from files.assets

    def asset_ids(self) -> frozenset[str]:
        """Ids of all files that belong in it."""
        return frozenset([asset.id for asset in self.assets()])

    def combination(self, defaults: AlbumSettings) -> Combination:
        """What holds for it. Of a folder that has an album of its own, only whom it keeps out counts for the one above."""
        said = {files.folder.path: files.properties for files in self.own}
        for files in self.below:
            barred = tuple(share for share in files.properties.share_with or () if share.role is ShareRole.NONE)
            if barred and files.folder.path not in said:
                said[files.folder.path] = evolve(NOTHING, share_with=(*(defaults.share_with or ()), *barred))
        return combine(said, defaults)


@frozen
class Arrangement:
    """Where every file belongs.

    :ivar wanted: the albums by their labels, sorted.
    :ivar skips: files that belong in no album, by reason.
    :ivar held_roots: roots under which any file lies.
    """

    wanted: Mapping[str, Wanted]
    skips: tuple[Skip, ...]
    held_roots: frozenset[str]

    def labels_of(self) -> dict[str, frozenset[str]]:
        """Asset id → labels of the albums it belongs in."""
        return {
            asset.id: labels
            for files in self.files()
            for labels in (frozenset((files.label, *files.above)),)
            for asset in files.assets
        }

    def files(self) -> Iterator[FolderFiles]:
        """All folders whose files belong in an album."""
        for wanted in self.wanted.values():
            yield from wanted.own


def arrange(
    assets: Iterable[Asset], options: FolderAlbumsOptions, properties: PropertyTree, user_id: str
) -> Arrangement:
    """Sort files into albums.

    :param assets: in any order; one that comes twice counts once.
    :param user_id: files of anybody else are refused.
    :raises UsageError: there is no root.
    """
    arranger = _Arranger(options, options.roots(), options.naming(), options.path_filter_of_all(), properties)
    by_folder: dict[str, list[Asset]] = {}
    for asset in {asset.id: asset for asset in assets}.values():
        objection = objection_to(asset, user_id)
        if objection is not None:
            arranger.refuse([asset], *objection)
        else:
            path = asset.original_path
            # As long as what is cut off is part of the folder, files with the same rest lie in the same folder.
            by_folder.setdefault(path[: max(path.rfind("/"), path.rfind("\\")) + 1], []).append(asset)
    for members in by_folder.values():
        arranger.sort(members)
    return arranger.arrangement()


@define
class _Arranger:
    options: FolderAlbumsOptions
    roots: Roots
    naming: Naming
    path_filter: PathFilter
    properties: PropertyTree
    placed: dict[Folder, list[Asset]] = field(factory=dict)
    refused: dict[tuple[str, str, str], list[str]] = field(factory=dict)
    held_roots: set[str] = field(factory=set)

    def refuse(self, assets: Iterable[Asset], code: str, reason: str, group: str = "") -> None:
        self.refused.setdefault((code, reason, group), []).extend([asset.id for asset in assets])

    def sort(self, members: list[Asset]) -> None:
        """Take files that lie in one folder."""
        found = self.roots.place(members[0].original_path)
        if isinstance(found, Refusal):
            if found.code is SkipCode.IN_ROOT:
                self.held_roots.add(root_of(members[0].original_path, self.roots) or "")
            self.refuse(members, found.code.value, found.reason)
            return
        self.held_roots.add(found.folder.root)
        if self.path_filter.selected or self.path_filter.ignored:
            members = self._filtered(members)
        self.placed.setdefault(found.folder, []).extend(members)

    def _filtered(self, members: list[Asset]) -> list[Asset]:
        kept = []
        for asset in members:
            found = self.roots.place(asset.original_path)
            refusal = found if isinstance(found, Refusal) else self.path_filter.refuse(found.below)
            if refusal is None:
                kept.append(asset)
            else:
                self.refuse([asset], refusal.code.value, refusal.reason)
        return kept

    def arrangement(self) -> Arrangement:
        wanted: dict[str, Wanted] = {}
        for folder in sorted(self.placed, key=lambda folder: (folder.root, folder.names)):
            assets = tuple(sorted(self.placed[folder], key=lambda asset: asset.id))
            if assets:
                self._call_for(folder, assets, wanted)
        return Arrangement(
            {label: wanted[label] for label in sorted(wanted)},
            tuple(
                Skip(tuple(sorted(self.refused[key])), key[0], key[1], key[2])
                for key in sorted(self.refused)
                if self.refused[key]
            ),
            frozenset(self.held_roots),
        )

    def _call_for(self, folder: Folder, assets: tuple[Asset, ...], wanted: dict[str, Wanted]) -> None:
        held = self.properties.resolve(folder)
        if isinstance(held, Refusal):
            self.refuse(assets, held.code.value, held.reason, folder.path)
            return
        if held.visibility is Visibility.LOCKED and self.options.mode is Mode.CREATE:
            reason = _(
                "its folder says 'visibility: locked', and no API key can take files out of the locked folder again"
            )
            self.refuse(assets, LOCKED, reason, folder.path)
            return
        name = self.naming.name(folder.names) if held.override_name is None else held.override_name
        if isinstance(name, Refusal):
            self.refuse(assets, name.code.value, name.reason, folder.path)
            return
        depth = last_level(self.naming.levels, len(folder.names))
        label = self._label(name, "" if held.override_name is not None else self._origin(folder, depth))
        above = () if held.override_name is not None else self._above(folder, label)
        files = FolderFiles(folder, assets, held, label, tuple(above))
        wanted.setdefault(label, Wanted(label, name_key(name))).own.append(files)
        for upper, upper_name in dict(above).items():
            wanted.setdefault(upper, Wanted(upper, upper_name)).below.append(files)

    def _above(self, folder: Folder, label: str) -> dict[str, str]:
        """The albums of the folders above: label → name."""
        if not self.options.also_parents:
            return {}
        labels = {
            self._label(name, self._origin(folder, depth)): name_key(name)
            for name, depth in self.naming.parents(folder.names).items()
        }
        labels.pop(label, None)
        return labels

    def _label(self, name: str, origin: str) -> str:
        return name_key(name) if self.options.merge else f"{origin}//{name_key(name)}"

    @staticmethod
    def _origin(folder: Folder, depth: int) -> str:
        """The path of the folder that an album stands for, which lies so many levels below the root."""
        return "/".join((folder.root.rstrip("/"), *folder.names[:depth]))


def last_level(levels: Levels, count: int) -> int:
    """How deep the last folder lies that makes the name, of `count`."""
    if levels.start > 0:
        return min(count, levels.start if levels.end is None else levels.end)
    first = max(0, count + levels.start)
    return count if levels.end is None else max(first, count + levels.end) + 1


def objection_to(asset: Asset, user_id: str) -> tuple[str, str] | None:
    """Why a file must not be touched at all, as a word for counting and a sentence; None when it may be.

    It must be the user's, lie outside the trash, show in the timeline or the archive, and be of a known kind.
    """
    if asset.owner_id != user_id:
        return NOT_OWN, _("belongs to somebody else")
    if asset.is_trashed or asset.visibility not in SHOWN or asset.type is AssetType.OTHER:
        return UNFIT, _("is trashed, hidden, locked, or of a kind this version does not know")
    return None


def root_of(path: str, roots: Roots) -> str | None:
    """The root that a file lies under, or directly in."""
    return next((root for root in roots.folders if is_below(path, root)), None)
