"""The last stage: what hangs on the uploads goes over to their copies, then the uploads go, then the album. Pure.

Nothing goes here without its requirements: the files are claimed to be there byte for byte when the request is sent, and whatever goes
over was read back before. Where an upload and its copy belong to different users, which no plan can be about together, the upload goes
in a later plan, which is only made once everything is found to be over there.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

from attrs import define, field, frozen

from immich_tools.album_backup.carry import Copied, compared, edited_metadata
from immich_tools.album_backup.facts import BackupFacts, ChosenAlbum
from immich_tools.album_backup.homes import Home, deletion, homes_of
from immich_tools.album_backup.layout import Role
from immich_tools.album_backup.links import join_copy, straighten_upload
from immich_tools.album_backup.options import AlbumBackupOptions
from immich_tools.album_backup.units import BackupUnit
from immich_tools.i18n import _
from immich_tools.immich.models import AlbumRole, Asset
from immich_tools.plan.claims import FileHolds
from immich_tools.plan.effects.albums import AddToAlbum, AlbumField, SetAlbumField
from immich_tools.plan.effects.assets import TrashAssets
from immich_tools.plan.effects.base import Change
from immich_tools.plan.model import Skip
from immich_tools.plan.transfer import transfer_changes

DIFFERS, STACKED, NOT_APPEARED, ALBUM_STAYS = "differs", "stacked", "not-appeared", "album-stays"
_CLAIMED: Final = (Role.ORIGINAL, Role.MOTION, Role.EDITED)


@frozen
class Finished:
    """What the stage means for one user."""

    changes: list[Change]
    skips: list[Skip]


def finish(facts: BackupFacts, options: AlbumBackupOptions, units: Iterable[BackupUnit], user_id: str) -> Finished:
    """What one user's plan does.

    :param units: those whose files all lie at their places, of all users.
    """
    planner = _Planner(facts, options, user_id)
    planner.find_copies(units)
    planner.decide_albums()
    for copied in planner.copied.values():
        planner.carry_over(copied)
    planner.trash()
    planner.delete_albums()
    return Finished(list(planner.changes.values()), planner.skips)


@define
class _Planner:
    facts: BackupFacts
    options: AlbumBackupOptions
    user_id: str
    copied: dict[str, Copied] = field(factory=dict)
    homes: dict[str, Home] = field(factory=dict)
    going: dict[str, ChosenAlbum] = field(factory=dict)
    may_go: frozenset[str] = frozenset()
    transfers: dict[str, list[Change]] = field(factory=dict)
    own_links: dict[str, list[Change]] = field(factory=dict)
    changes: dict[str, Change] = field(factory=dict)
    trashed: dict[str, str] = field(factory=dict)
    skips: list[Skip] = field(factory=list)

    # The copies

    def find_copies(self, units: Iterable[BackupUnit]) -> None:
        """Note the units whose copies Immich shows and has read."""
        for unit in sorted(units, key=lambda each: (each.album.album.name, each.relative, each.id)):
            found = {path: self._shown(path) for path in unit.awaited}
            missing = [path for path, asset in found.items() if asset is None]
            copy = found.get(unit.relative)
            if copy is not None and not missing:
                parts = {role: found.get(file.relative) for role in Role if (file := unit.file(role)) is not None}
                self.copied[unit.id] = Copied(unit, copy, parts.get(Role.MOTION), parts.get(Role.EDITED))
            elif unit.owner_id == self.user_id and self._has_more_to_do:
                reason = _("its copy is proven, and has not appeared in Immich yet: {path}").format(path=missing[0])
                self.skips.append(Skip((unit.id,), NOT_APPEARED, reason, unit.album.album.name))

    def _shown(self, relative: str) -> Asset | None:
        """The asset that Immich shows at a path below the destination and has read."""
        asset = self.facts.imported.get(f"{self.options.target()}/{relative}")
        is_there = asset is not None and asset.exif is not None and not asset.is_trashed and not asset.is_offline
        return asset if is_there else None

    @property
    def _has_more_to_do(self) -> bool:
        """Whether more is asked for than copies."""
        return self.options.rebuild_album or self.options.delete_assets or self.options.delete_album

    # The albums

    def decide_albums(self) -> None:
        """Which albums go, where copies are together from then on, what the copies take over, and which uploads may go.

        An album that stays is one more that copies must go into, which may keep an upload, and that another album. So this begins with
        all albums going and ends when nothing changes any more.
        """
        self.homes = homes_of(self.facts, self.copied) if self.options.rebuild_album else {}
        self.going = {each.album.id: each for each in self.facts.albums if self.options.delete_album}
        while True:
            left = self.homes.keys() | self.going.keys()
            self.copied = {
                name: compared(each, self.facts, left, goes=self.options.delete_assets)
                for name, each in self.copied.items()
            }
            self.may_go = self._whole_stacks() if self.options.delete_assets else frozenset()
            objections = {name: self._objection(chosen) for name, chosen in self.going.items()}
            if not any(objections.values()):
                return
            for name, objection in objections.items():
                if objection is not None:
                    self._stays(self.going.pop(name), objection)

    def _whole_stacks(self) -> frozenset[str]:
        """The uploads that may go with all others of their stacks."""
        ready = {name for name, each in self.copied.items() if not each.differs}
        return frozenset(name for name in ready if ready.issuperset(self.copied[name].unit.upload.stack))

    def _objection(self, chosen: ChosenAlbum) -> str | None:
        """Why an album is not deleted; None when it may be."""
        album = chosen.album
        if album.owner_id not in self.facts.user_ids:
            name = self.facts.names.get(album.owner_id, album.owner_id)
            return _("the album is not deleted: it belongs to {name}").format(name=name)
        if album.id not in self.facts.emptied and self.copied.keys().isdisjoint(chosen.member_ids):
            return _("the album is not deleted: nothing of it was copied")
        reason = None if self.options.delete_album_anyway else self._loss(chosen)
        return reason and _("the album is not deleted: {reason}; --delete-album-anyway deletes it all the same").format(
            reason=reason
        )

    def _loss(self, chosen: ChosenAlbum) -> str | None:
        """What would be lost with an album; None for nothing."""
        album = chosen.album
        copied = [name for name in chosen.member_ids if name in self.copied]
        home = self.homes.get(album.id)
        left_out = [
            name
            for name in chosen.member_ids
            if name not in self.copied and (home is None or name not in home.member_ids)
        ]
        if left_out:
            return _("{count} of its members were left out").format(count=len(left_out))
        staying = [name for name in copied if self.options.delete_assets and name not in self.may_go]
        if staying:
            return _("{count} of its uploads stay").format(count=len(staying))
        return _("there is a link to it") if album.has_shared_link else None

    def _stays(self, chosen: ChosenAlbum, objection: str) -> None:
        owner_id = chosen.album.owner_id
        if self.user_id == (owner_id if owner_id in self.facts.user_ids else self.facts.users[0].id):
            self.skips.append(Skip((), ALBUM_STAYS, objection, chosen.album.name))

    # What goes over

    def carry_over(self, copied: Copied) -> None:
        """What one copy takes over."""
        known_tags = {tag.id: tag for tag in (*(copied.upload.tags or ()), *(copied.copy.tags or ()))}
        given = [(copied.copy, copied.before, copied.after)]
        if copied.edited is not None:
            given.append((copied.edited, *edited_metadata(copied, self.facts)))
        changes = [
            change
            for asset, before, after in given
            for change in transfer_changes(
                asset.id,
                before,
                after,
                group=copied.unit.album.album.name,
                albums=self.facts.visible.get(asset.owner_id, {}),
                tags=known_tags,
            )
        ]
        homes = [
            self.homes[chosen.album.id]
            for chosen in self.facts.albums
            if chosen.album.id in self.homes and copied.unit.id in chosen.member_ids
        ]
        together = [home.changes[asset.id] for home in homes for asset, *_metadata in given if asset.id in home.changes]
        covers = self._covers(copied, [*changes, *together])
        links = join_copy(copied, changes)
        self.transfers[copied.unit.id] = [*changes, *together, *covers, *links]
        if copied.copy.owner_id == self.user_id:
            for change in self.transfers[copied.unit.id]:
                self.changes.setdefault(change.id, change)
        self.own_links[copied.unit.id] = straighten_upload(copied)
        if copied.upload.owner_id == self.user_id:
            for change in self.own_links[copied.unit.id]:
                self.changes.setdefault(change.id, change)

    def _covers(self, copied: Copied, changes: Sequence[Change]) -> list[Change]:
        """The copy becomes the cover of albums whose cover goes: Immich gives them another one permanently."""
        unit, copy = copied.unit, copied.copy
        if unit.id not in self.may_go:
            return []
        joined = {each.action.album_id: each.id for each in changes if isinstance(each.action, AddToAlbum)}
        made: list[Change] = []
        for album in self.facts.visible.get(copy.owner_id, {}).values():
            is_member = album.id in joined or album.id in self.facts.holders.get(copy.id, ())
            if album.thumbnail_asset_id != unit.id or album.role is not AlbumRole.OWNER or not is_member:
                continue
            if album.id in self.going:
                continue
            action = SetAlbumField(album.id, album.name, AlbumField.THUMBNAIL, before=unit.id, after=copy.id)
            reason = _("its cover goes; the copy takes its place")
            requires = (joined[album.id],) if album.id in joined else ()
            made.append(Change(f"cover:{album.id}", action, reason, requires, unit.album.album.name))
        return made

    # What goes

    def trash(self) -> None:
        """The user's uploads go, stacks as a whole."""
        if not self.options.delete_assets:
            return
        for name, copied in self.copied.items():
            if copied.upload.owner_id != self.user_id:
                continue
            if copied.differs:
                reason = _("its copy says something else in Immich: {fields}").format(fields=", ".join(copied.differs))
                self._skip(copied, DIFFERS, reason)
            elif name not in self.may_go:
                self._skip(copied, STACKED, _("is in a stack with others that stay"))
            else:
                stack = copied.unit.upload.stack or (name,)
                going = [self.copied[each] for each in stack]
                # What is another user's to do must have been done.
                is_over = all(each.copy.owner_id == self.user_id or not self.transfers[each.unit.id] for each in going)
                if is_over:
                    self._trash(going)

    def _skip(self, copied: Copied, code: str, reason: str) -> None:
        self.skips.append(Skip((copied.unit.id,), code, reason, copied.unit.album.album.name))

    def _trash(self, going: Sequence[Copied]) -> None:
        own = [each for each in going if each.copy.owner_id == self.user_id]
        requires = dict.fromkeys(change.id for each in own for change in self.transfers[each.unit.id])
        requires |= dict.fromkeys(change.id for each in going for change in self.own_links[each.unit.id])
        videos = (each.unit.upload.motion for each in going)
        action = TrashAssets(
            tuple(each.unit.id for each in going),
            tuple(each.copy.id for each in own),
            own_videos=tuple(sorted({video.id for video in videos if video is not None})),
            claims=tuple(claim for each in going for claim in self._claims(each.unit)),
        )
        reason = "\n".join(_("copied to {path}").format(path=each.unit.relative) for each in going)
        change = Change(f"trash:{going[0].unit.id}", action, reason, tuple(requires), going[0].unit.album.album.name)
        self.changes[change.id] = change
        self.trashed.update((each.unit.id, change.id) for each in going)

    def _claims(self, unit: BackupUnit) -> Iterable[FileHolds]:
        for role in _CLAIMED:
            file = unit.file(role)
            if file is None:
                continue
            content = file.content or self.facts.present[file.relative]
            assert content is not None, "it was found to be there"
            yield FileHolds(self.facts.local_target, file.relative, content.size, content.sha1)

    def delete_albums(self) -> None:
        """The user's albums go that may, once nothing is in them that stays."""
        for chosen in self.going.values():
            album = chosen.album
            if album.owner_id != self.user_id:
                continue
            home = self.homes.get(album.id)
            copied = [self.copied[name] for name in chosen.member_ids if name in self.copied]
            waiting = [each for each in copied if each.copy.owner_id != self.user_id and self.transfers[each.unit.id]]
            waiting += [each for each in copied if each.unit.id in self.may_go and each.unit.id not in self.trashed]
            if waiting:
                # What is other users' to do is found done by a later plan.
                continue
            required = [
                *(change.id for each in copied for change in self.transfers[each.unit.id]),
                *(() if home is None or home.owner_id != self.user_id else (each.id for each in home.changes.values())),
                *(self.trashed[each.unit.id] for each in copied if each.unit.id in self.trashed),
            ]
            change = Change(
                f"delete-album:{album.id}",
                deletion(chosen),
                _("its photos are copied"),
                tuple(dict.fromkeys(name for name in required if name in self.changes)),
                album.name,
            )
            self.changes[change.id] = change
