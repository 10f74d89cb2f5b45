"""From facts to a plan: albums are made from folders, filled and kept as wanted, or deleted again."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from attrs import define, evolve, field, frozen

from immich_tools.folder_albums import notes
from immich_tools.folder_albums.arrange import Arrangement, FolderFiles, Wanted, arrange, objection_to
from immich_tools.folder_albums.choices import Mode, SyncMode, UpdateMode
from immich_tools.folder_albums.cleanup import Deletions, plan_deletions
from immich_tools.folder_albums.facts import FolderFacts
from immich_tools.folder_albums.leaving import leaving
from immich_tools.folder_albums.levels import name_key
from immich_tools.folder_albums.matching import Matches, match
from immich_tools.folder_albums.missing_folders import objection_to_deleting
from immich_tools.folder_albums.notes import Findings, root_notes
from immich_tools.folder_albums.options import FolderAlbumsOptions
from immich_tools.folder_albums.properties import PropertyTree
from immich_tools.folder_albums.settle import Settler, thumbnail_change
from immich_tools.folder_albums.tagging import tag_changes
from immich_tools.i18n import _, ngettext
from immich_tools.immich.models import Album, Asset
from immich_tools.plan.effects.album_creation import CreateAlbum, DeleteAlbum
from immich_tools.plan.effects.albums import AddToAlbum, AlbumField, RemoveFromAlbum, SetAlbumField, share_texts
from immich_tools.plan.effects.assets import Removal, SetField
from immich_tools.plan.effects.base import Action, Change
from immich_tools.plan.effects.tags import RemoveTag, UntagAssets
from immich_tools.plan.fields import AssetField
from immich_tools.plan.model import Keep, Label, Plan, Skip
from immich_tools.plan.unseen import without_removals
from immich_tools.settings.documents import to_document

TOOL: Final = "folder-albums"
"""Name of the tool in plans."""
_NONE: Final[frozenset[str]] = frozenset()


def make_plan(facts: FolderFacts, options: FolderAlbumsOptions) -> Plan:
    """Decide what becomes of folders and albums. The same facts give the same plan, in whatever order they come.

    No file is trashed or deleted. Immich puts files that are missing on the disk into the trash itself.

    :raises UsageError: there is no root.
    """
    planner = _Planner(facts, options)
    if options.mode is Mode.CREATE:
        planner.create()
    else:
        planner.delete()
    return without_removals(planner.plan(), facts.unlisted, _rests_on_absence)


def _rests_on_absence(action: Action) -> bool:
    """Whether a file that was not seen may speak against it: a folder that seems gone or emptied is not where it lies."""
    is_rename = isinstance(action, SetAlbumField) and action.field is AlbumField.NAME
    return is_rename or isinstance(action, RemoveFromAlbum | DeleteAlbum | Removal | RemoveTag | UntagAssets)


def check_found(facts: FolderFacts, options: FolderAlbumsOptions, *, every: bool = True) -> None:
    """Stop where a root, a library or the filters name no file; see `notes.check_found`.

    :raises UsageError: says what holds nothing.
    """
    if options.mode is not Mode.DELETE_ALL:
        notes.check_found(arranged(facts, options), options, facts, every=every)


def arranged(facts: FolderFacts, options: FolderAlbumsOptions) -> Arrangement:
    """Where the files of the facts belong.

    :raises UsageError: there is no root.
    """
    basis = (facts.assets, facts.properties, facts.broken)
    for *known, planned, arrangement in facts.arrangements:
        if planned == options and all(one is other for one, other in zip(known, basis, strict=True)):
            assert isinstance(arrangement, Arrangement)
            return arrangement
    found = arrange(facts.assets, options, PropertyTree(facts.properties, facts.broken), facts.user_id)
    facts.arrangements[:] = [(*basis, options, found)]
    return found


@frozen(eq=False)
class Labels(Mapping[str, Label]):
    """How to show files, by id; each is made when it is looked at, because little of a large plan is ever shown."""

    _assets: Mapping[str, Asset]

    def __getitem__(self, asset_id: str) -> Label:
        return Label.of(self._assets[asset_id])

    def __iter__(self) -> Iterator[str]:
        return iter(sorted(self._assets))

    def __len__(self) -> int:
        return len(self._assets)

    def __contains__(self, asset_id: object) -> bool:
        return asset_id in self._assets


@define
class _Planner:
    facts: FolderFacts
    options: FolderAlbumsOptions
    changes: list[Change] = field(factory=list)
    keeps: list[Keep] = field(factory=list)
    skips: list[Skip] = field(factory=list)
    notes: list[str] = field(factory=list)
    findings: Findings = field(factory=Findings)

    def plan(self) -> Plan:
        return Plan(
            tool=TOOL,
            user_id=self.facts.user_id,
            server_version=str(self.facts.server_version),
            population=self.facts.population,
            changes=tuple(self.changes),
            keeps=tuple(self.keeps),
            skips=(*self.skips, *self.findings.not_shared()),
            options=to_document(self.options),
            notes=(*sorted(self.facts.warnings), *self.notes, *self.findings.notes()),
            labels=self._labels(),
        )

    def _labels(self) -> Labels:
        """How to show what is named in changes and skips. Later runs know files by it that were moved meanwhile."""
        named = {asset_id for change in self.changes for asset_id in change.action.assets}
        named.update(asset_id for skip in self.skips for asset_id in skip.asset_ids)
        return Labels({asset.id: asset for asset in self.facts.assets if asset.id in named})

    def create(self) -> None:
        """Make and fill albums."""
        arrangement = arranged(self.facts, self.options)
        self.notes += root_notes(arrangement, self.options, self.facts)
        self.skips += arrangement.skips
        matches = match(self.facts, arrangement, self.options)
        self.notes += matches.notes
        departures = leaving(self.facts, arrangement, matches.found, self.options) if self.options.sync_removals else {}
        settler = Settler(self.facts, self.options, self.findings, matches, departures)
        added: dict[str, str] = {}
        for label, wanted in arrangement.wanted.items():
            album = matches.found.get(label)
            self._album(wanted, album, matches=matches, settler=settler, departures=departures, added=added)
        self._depart(departures, settler)
        for files in arrangement.files():
            self._files(files, matches, added)
        if self.options.tag:
            self._tag(arrangement)
        settler.random_for_all(self.changes, arrangement)
        if self.options.sync_mode is not SyncMode.NOTHING:
            self._sync(matches)

    def _album(
        self,
        wanted: Wanted,
        album: Album | None,
        *,
        matches: Matches,
        settler: Settler,
        departures: Mapping[str, Sequence[str]],
        added: dict[str, str],
    ) -> None:
        """What is to be done about one album.

        :param added: which change puts an asset into its own album; filled here.
        """
        missing = self._missing(wanted, album, departures)
        if album is None:
            if missing:
                change_id = f"create:{wanted.label}"
                self.changes.append(self._creation(change_id, wanted, missing, settler))
                added.update(dict.fromkeys([asset.id for asset in missing], change_id))
            return
        rename = matches.renamed.get(album.id)
        if rename is not None and rename.name != name_key(album.name):
            action = SetAlbumField(album.id, album.name, AlbumField.NAME, before=album.name, after=rename.name)
            self.changes.append(Change(f"name:{album.id}", action, rename.reason, group=wanted.label))
        own_ids = {asset.id for files in wanted.own for asset in files.assets}
        for asset in missing:
            change_id = f"add:{album.id}:{asset.id}"
            self.changes.append(Change(change_id, AddToAlbum(asset.id, album.id, album.name), "", (), wanted.label))
            if asset.id in own_ids:
                added[asset.id] = change_id
        if missing or (self.facts.loose is None and self.options.find_assets_in_albums):
            self.changes += settler.differences(wanted, album, missing)

    def _missing(self, wanted: Wanted, album: Album | None, departures: Mapping[str, Sequence[str]]) -> list[Asset]:
        """Files that are to be put into an album, by their paths."""
        held = _NONE if album is None else self.facts.members.get(album.id, _NONE)
        loose = self.facts.loose
        return sorted(
            (
                asset
                for asset in wanted.assets()
                if asset.id not in held and (loose is None or asset.id in loose or asset.id in departures)
            ),
            key=lambda asset: (asset.original_path, asset.id),
        )

    def _creation(self, change_id: str, wanted: Wanted, assets: Sequence[Asset], settler: Settler) -> Change:
        goal = settler.goal(wanted)
        people = settler.people(wanted, goal)
        action = CreateAlbum(
            name=wanted.name,
            asset_ids=tuple([asset.id for asset in assets]),
            description=goal.description or "",
            shares=share_texts(people),
            order=None if goal.sort_order is None else goal.sort_order.value,
            is_activity_enabled=goal.comments_and_likes_enabled,
            thumbnail_asset_id=settler.thumbnail(wanted, goal, wanted.name, [asset.id for asset in assets]),
        )
        folders = sorted({files.folder.path for files in wanted.own or wanted.below})
        reason = _("from {folder}").format(folder=folders[0])
        if len(folders) > 1:
            reason = ngettext(
                "from {folder} and {count} more folder", "from {folder} and {count} more folders", len(folders) - 1
            ).format(folder=folders[0], count=len(folders) - 1)
        if people:
            reason = _("{reason}, shared with {people}").format(reason=reason, people=settler.named(people))
        return Change(change_id, action, reason, group=wanted.label)

    def _files(self, files: FolderFiles, matches: Matches, added: Mapping[str, str]) -> None:
        """What is to be done about the files of a folder themselves, and which of them stay as they are."""
        album = matches.found.get(files.label)
        held = _NONE if album is None else self.facts.members.get(album.id, _NONE)
        target = files.properties.visibility or self.options.target_visibility
        for asset in files.assets:
            change_id = added.get(asset.id)
            if change_id is None:
                reason = _("is in its album") if asset.id in held else _("is in an album already")
                self.keeps.append(Keep(asset.id, reason, files.label))
            if target is None or asset.visibility is target:
                continue
            if change_id is not None or self.options.update_album_props_mode is not UpdateMode.NOTHING:
                action = SetField(asset.id, AssetField.VISIBILITY, before=asset.visibility, after=target)
                requires = () if change_id is None else (change_id,)
                self.changes.append(Change(f"visibility:{asset.id}", action, "", requires, files.label))

    def _depart(self, departures: Mapping[str, Sequence[str]], settler: Settler) -> None:
        albums = {album.id: album for album in self.facts.albums}
        decided = {change.id for change in self.changes}
        for album_id in sorted({album_id for left in departures.values() for album_id in left}):
            change = settler.other_thumbnail(albums[album_id])
            if change is not None and change.id not in decided:
                self.changes.append(change)
        planned = {change.id for change in self.changes}
        for asset_id in sorted(departures):
            for album_id in departures[asset_id]:
                album = albums[album_id]
                action = RemoveFromAlbum(asset_id, album_id, album.name)
                reason = _("is no longer in a folder of this album")
                thumbnail = thumbnail_change(album_id)
                # Taking the picture that stands for an album out of it first would leave undoing without the former one.
                requires = (thumbnail,) if album.thumbnail_asset_id == asset_id and thumbnail in planned else ()
                self.changes.append(Change(f"remove:{album_id}:{asset_id}", action, reason, requires, album.name))

    def _tag(self, arrangement: Arrangement) -> None:
        changes, self.findings.untagged = tag_changes(arrangement.files(), self.facts)
        self.changes += changes

    def _sync(self, matches: Matches) -> None:
        """Delete albums that became empty, and those of removed folders."""
        used = {album.id for label, album in matches.found.items()}
        for album in self.facts.own_albums():
            if album.asset_count or album.id in used:
                continue
            if album.id in self.facts.dormant:
                self._delete_dormant(album, matches)
            elif album.id in self.facts.made or self.options.include_foreign:
                self.changes.append(Deletions.change(album, (), _("is empty")))
            else:
                self.findings.foreign_empty.append(album.name)
        if self.options.sync_mode is SyncMode.OFFLINE_ASSETS:
            self.findings.absent = sum(self.facts.absent.values())

    def _delete_dormant(self, album: Album, matches: Matches) -> None:
        """Delete an album whose files are all in the trash, where its folder was removed."""
        objection = _("their files are in the trash, or missing on the disk (--sync-mode 2)")
        if self.options.sync_mode is SyncMode.OFFLINE_ASSETS:
            doubtful = matches.doubtful_ids
            reason = objection_to_deleting(album, self.facts, self.options, doubtful)
            if reason is None:
                self.changes.append(self._deletion_of_dormant(album))
                return
            objection = reason
        self.findings.dormant.setdefault(objection, []).append(album.name)

    def _deletion_of_dormant(self, album: Album) -> Change:
        files = self.facts.dormant[album.id]
        reason = ngettext(
            "its folder is gone, and its only file is missing on the disk",
            "its folder is gone, and its {count} files are missing on the disk",
            len(files),
        ).format(count=len(files))
        change = Deletions.change(album, (), reason)
        assert isinstance(change.action, DeleteAlbum)
        # The server forgets a picture that stands for an album once it is in the trash; the journal knows one that the tool chose.
        thumbnail = album.thumbnail_asset_id or self.facts.made[album.id].thumbnail_asset_id
        action = evolve(
            change.action, trashed_ids=tuple(sorted(asset.id for asset in files)), thumbnail_asset_id=thumbnail
        )
        return evolve(change, action=action)

    def delete(self) -> None:
        """Delete albums again."""
        arrangement = arranged(self.facts, self.options) if self.options.mode is Mode.CLEANUP else None
        if arrangement is not None:
            self.notes += root_notes(arrangement, self.options, self.facts)
            self.skips += arrangement.skips
        deletions = plan_deletions(self.facts, arrangement, self.options)
        self.changes += deletions.changes
        self.keeps += deletions.keeps
        self.skips += deletions.skips
        self._show_again(deletions)

    def _show_again(self, deletions: Deletions) -> None:
        """Let the files of deleted albums show where they are to show."""
        target = self.options.target_visibility
        if target is None:
            return
        groups = {change.id: change.group for change in deletions.changes}
        for asset in sorted(self.facts.assets, key=lambda asset: asset.id):
            requires = deletions.of_asset.get(asset.id)
            if requires and asset.visibility is not target and objection_to(asset, self.facts.user_id) is None:
                action = SetField(asset.id, AssetField.VISIBILITY, before=asset.visibility, after=target)
                self.changes.append(Change(f"visibility:{asset.id}", action, "", requires, groups[requires[0]]))
