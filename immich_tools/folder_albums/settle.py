"""What an album should be like, and what leads there from what it is."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property

from attrs import define, field

from immich_tools.folder_albums import thumbnails
from immich_tools.folder_albums.album_settings import AlbumSettings
from immich_tools.folder_albums.arrange import Arrangement, Wanted
from immich_tools.folder_albums.choices import UpdateMode
from immich_tools.folder_albums.facts import FolderFacts
from immich_tools.folder_albums.levels import name_key
from immich_tools.folder_albums.matching import Matches
from immich_tools.folder_albums.notes import Findings
from immich_tools.folder_albums.options import FolderAlbumsOptions
from immich_tools.folder_albums.properties import ThumbnailChoice
from immich_tools.folder_albums.roots import Roots
from immich_tools.folder_albums.sharing import ShareRole, SharingChanges, plan_sharing
from immich_tools.i18n import _
from immich_tools.immich.models import Album, AlbumUser, Asset
from immich_tools.paths import PathFilter
from immich_tools.plan.effects.albums import AlbumField, AlbumValue, SetAlbumField, ShareAlbum
from immich_tools.plan.effects.base import Change

_EVERY_RUN = (ThumbnailChoice.RANDOM_ALL, ThumbnailChoice.RANDOM_FILTERED)
"""Thumbnails that albums get in every run, whatever the update mode."""


def thumbnail_change(album_id: str) -> str:
    """The id of the change of an album's thumbnail."""
    return f"{AlbumField.THUMBNAIL.value}:{album_id}"


@define
class Settler:
    """Compares albums with what is wanted of them.

    :ivar matches: the albums that are there.
    :ivar departures: asset id → albums it leaves in this run.
    """

    facts: FolderFacts
    options: FolderAlbumsOptions
    findings: Findings
    matches: Matches
    departures: Mapping[str, Sequence[str]]
    defaults: AlbumSettings = field(init=False)
    roots: Roots = field(init=False)
    path_filter: PathFilter = field(init=False)
    names: Mapping[str, str] = field(init=False)

    def __attrs_post_init__(self) -> None:
        self.defaults = self.options.defaults()
        self.roots = self.options.roots()
        self.path_filter = self.options.path_filter_of_all()
        self.names = {user.id: user.name for user in self.facts.users}

    @cached_property
    def known(self) -> Mapping[str, Asset]:
        """All assets of which more is known than their ids; most runs need none of it."""
        return {**self.facts.pictures, **{asset.id: asset for asset in self.facts.assets}}

    def goal(self, wanted: Wanted) -> AlbumSettings:
        """What an album should be; what its folders do not agree on is told."""
        combination = wanted.combination(self.defaults)
        for conflict in combination.conflicts:
            self.findings.conflicts.append((wanted.name, conflict.message))
        return combination.settings

    def people(self, wanted: Wanted, goal: AlbumSettings) -> tuple[AlbumUser, ...]:
        """Whom a new album is shared with."""
        return () if goal.share_with is None else self._sharing(wanted, goal, ()).add

    def named(self, people: Iterable[AlbumUser]) -> str:
        """People and what they may do, as a person reads it."""
        return ", ".join(
            sorted(
                _("{name} ({role})").format(name=self.names.get(user.user_id, user.user_id), role=user.role.value)
                for user in people
            )
        )

    def _sharing(self, wanted: Wanted, goal: AlbumSettings, present: Sequence[AlbumUser]) -> SharingChanges:
        changes = plan_sharing(goal.share_with or (), self.facts.users, self.facts.user_id, present)
        self.findings.unknown_users.update({each.user: each.reason for each in changes.unknown})
        self.findings.let_in.update(each.user for each in goal.share_with or () if each.role is not ShareRole.NONE)
        if changes.held_back:
            self.findings.held_back.append(wanted.name)
        return changes

    def thumbnail(self, wanted: Wanted, goal: AlbumSettings, name: str, member_ids: Iterable[str]) -> str | None:
        """The picture that is to stand for an album; None to leave it to the server.

        :param name: what the album is called once the run is over.
        """
        if goal.thumbnail_setting is None:
            return None
        members = sorted(member_ids)
        chosen = thumbnails.choose(
            goal.thumbnail_setting, name, members, self.known, roots=self.roots, path_filter=self.path_filter
        )
        if chosen is None and isinstance(goal.thumbnail_setting, str):
            self.findings.missing_thumbnails.append((wanted.name, goal.thumbnail_setting))
        return chosen

    def differences(self, wanted: Wanted, album: Album, added: Sequence[Asset]) -> list[Change]:
        """What to change in an album that is there already.

        :param added: files that it gets in this run.
        """
        mode = self.options.update_album_props_mode
        setting = self.options.set_album_thumbnail
        if mode is UpdateMode.NOTHING and not added and setting not in _EVERY_RUN:
            return []
        goal = self.goal(wanted)
        order = None if goal.sort_order is None else goal.sort_order.value
        values: dict[AlbumField, tuple[AlbumValue, AlbumValue]] = {}
        if mode is not UpdateMode.NOTHING:
            values[AlbumField.DESCRIPTION] = (album.description, goal.description)
            values[AlbumField.ORDER] = (album.order, order)
            values[AlbumField.ACTIVITY] = (album.is_activity_enabled, goal.comments_and_likes_enabled)
        members = self._staying(album) | {asset.id for asset in added}
        values[AlbumField.THUMBNAIL] = (
            album.thumbnail_asset_id,
            self.thumbnail(wanted, goal, self._name(album), members),
        )
        new_ids = {asset.id for asset in added}
        changes: list[Change] = [
            Change(
                f"{each.value}:{album.id}",
                SetAlbumField(album.id, album.name, each, before=before, after=after),
                requires=(f"add:{album.id}:{after}",) if each is AlbumField.THUMBNAIL and after in new_ids else (),
                group=wanted.label,
            )
            for each, (before, after) in values.items()
            if after is not None and before != after
        ]
        if mode is UpdateMode.SHARING and goal.share_with is not None:
            changes += self._sharing_changes(wanted, album, self._sharing(wanted, goal, album.users))
        return changes

    def _name(self, album: Album) -> str:
        """What an album is called once the run is over, in composed form."""
        rename = self.matches.renamed.get(album.id)
        return name_key(album.name) if rename is None else rename.name

    def _staying(self, album: Album) -> set[str]:
        """What is in an album now and will be when this run is over."""
        members = self.facts.members.get(album.id, frozenset())
        return {asset_id for asset_id in members if album.id not in self.departures.get(asset_id, ())}

    def _sharing_changes(self, wanted: Wanted, album: Album, sharing: SharingChanges) -> list[Change]:
        steps: list[tuple[str, str | None, str | None]] = [
            *((user.user_id, None, user.role.value) for user in sharing.add),
            *((change.user_id, change.before.value, change.after.value) for change in sharing.change),
            *((user.user_id, user.role.value, None) for user in sharing.remove),
        ]
        return [
            Change(
                f"share:{album.id}:{user_id}",
                ShareAlbum(album.id, album.name, user_id, self.names.get(user_id, ""), before=before, after=after),
                group=wanted.label,
            )
            for user_id, before, after in sorted(steps, key=lambda step: step[0])
        ]

    def other_thumbnail(self, album: Album) -> Change | None:
        """Another picture to stand for an album whose own leaves it: the first that stays. None where there is no need, or no other."""
        staying = sorted(self._staying(album))
        former = album.thumbnail_asset_id
        if former is None or former in staying or not staying:
            return None
        action = SetAlbumField(album.id, album.name, AlbumField.THUMBNAIL, before=former, after=staying[0])
        return Change(thumbnail_change(album.id), action, _("the picture that stands for it leaves"), group=album.name)

    def random_for_all(self, changes: list[Change], arrangement: Arrangement) -> None:
        """Give albums that this run has nothing else to do with a random thumbnail as well, when asked to."""
        if self.options.set_album_thumbnail is not ThumbnailChoice.RANDOM_ALL:
            return
        decided = {change.id for change in changes}
        wanted_of = {album.id: arrangement.wanted[label] for label, album in self.matches.found.items()}
        growing = {change.group for change in changes if change.id.startswith("add:")}
        busy = {album.id for label, album in self.matches.found.items() if label in growing}
        for album in self.facts.own_albums():
            change_id = thumbnail_change(album.id)
            members = self._staying(album)
            if change_id in decided or album.id in busy or not members:
                continue
            wanted = wanted_of.get(album.id)
            if wanted is None and self.options.read_album_properties and album.id in self.facts.made:
                # Nothing of its folders was read in this run, and what they say of its thumbnail counts.
                continue
            if wanted is not None:
                setting = wanted.combination(self.defaults).settings.thumbnail_setting
                if setting is not ThumbnailChoice.RANDOM_ALL:
                    continue
            after = thumbnails.drawn(self._name(album), sorted(members))
            if after is not None and after != album.thumbnail_asset_id:
                action = SetAlbumField(
                    album.id, album.name, AlbumField.THUMBNAIL, before=album.thumbnail_asset_id, after=after
                )
                changes.append(Change(change_id, action, group=album.name))
