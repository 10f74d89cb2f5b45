"""Which albums are deleted in the modes that delete: those of the folders, or all of the user's."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from attrs import define, field

from immich_tools.folder_albums.arrange import Arrangement
from immich_tools.folder_albums.facts import FolderFacts
from immich_tools.folder_albums.levels import name_key
from immich_tools.folder_albums.options import FolderAlbumsOptions
from immich_tools.i18n import _
from immich_tools.immich.models import Album, AlbumRole
from immich_tools.plan.album_actions import DeleteAlbum, share_texts
from immich_tools.plan.document import Change, Keep, Skip

FOREIGN_ALBUM: Final = "foreign-album"
"""Word for counting albums that are left alone because they may not be this tool's."""
_RESTORABLE: Final = (AlbumRole.EDITOR, AlbumRole.VIEWER)


@define
class Deletions:
    """Albums to delete, and what is left alone.

    :ivar of_asset: asset id → ids of the changes that delete an album it is in.
    """

    changes: list[Change] = field(factory=list)
    keeps: list[Keep] = field(factory=list)
    skips: list[Skip] = field(factory=list)
    of_asset: dict[str, tuple[str, ...]] = field(factory=dict)

    @staticmethod
    def change(album: Album, member_ids: Iterable[str], reason: str) -> Change:
        """The change that deletes one album."""
        action = DeleteAlbum(
            name=album.name,
            asset_ids=tuple(sorted(member_ids)),
            description=album.description,
            shares=share_texts(user for user in album.users if user.role in _RESTORABLE),
            order=album.order,
            is_activity_enabled=album.is_activity_enabled,
            thumbnail_asset_id=album.thumbnail_asset_id,
            album_id=album.id,
        )
        return Change(f"delete-album:{album.id}", action, reason, group=album.name)

    def add(self, album: Album, member_ids: Iterable[str], reason: str) -> None:
        """Delete an album."""
        change = self.change(album, member_ids, reason)
        self.changes.append(change)
        for asset_id in change.action.assets:
            self.of_asset[asset_id] = (*self.of_asset.get(asset_id, ()), change.id)


def plan_deletions(facts: FolderFacts, arrangement: Arrangement | None, options: FolderAlbumsOptions) -> Deletions:
    """Decide which albums go.

    :param arrangement: the folders whose albums go; None for all albums of the user.
    """
    deletions = Deletions()
    by_name: dict[str, set[str]] = {}
    for wanted in () if arrangement is None else arrangement.wanted.values():
        by_name.setdefault(wanted.name, set()).update(asset.id for asset in wanted.assets())
    for album in facts.own_albums():
        members = facts.members.get(album.id, frozenset())
        if arrangement is None:
            deletions.add(album, members, _("asked to delete every album"))
            continue
        files = by_name.get(name_key(album.name))
        if files is None:
            continue
        others = len(members - files)
        if album.id in facts.made:
            deletions.add(album, members, _("made by this tool"))
        elif not others and members:
            deletions.add(album, members, _("holds nothing but files of the folder"))
        elif options.include_foreign:
            deletions.add(album, members, _("has the name of a folder (--include-foreign)"))
        else:
            reason = _("album '{name}' was not made by this tool and holds {count} other files (--include-foreign)")
            if not members:
                reason = _("album '{name}' was not made by this tool and is empty (--include-foreign)")
            skip = Skip((), FOREIGN_ALBUM, reason.format(name=album.name, count=others), album.name)
            deletions.skips.append(skip)
    for files_of in () if arrangement is None else arrangement.files():
        deletions.keeps += [
            Keep(asset.id, _("stays, in no album to delete"), files_of.label)
            for asset in files_of.assets
            if asset.id not in deletions.of_asset
        ]
    return deletions
