"""Which albums are deleted in the modes that delete: those of the folders, or all of the user's."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from attrs import define, field

from immich_tools.folder_albums.arrange import Arrangement, objection_to
from immich_tools.folder_albums.facts import FolderFacts
from immich_tools.folder_albums.levels import name_key
from immich_tools.folder_albums.options import FolderAlbumsOptions
from immich_tools.i18n import _, ngettext
from immich_tools.immich.models import Album, AlbumRole, Asset
from immich_tools.plan.effects.album_creation import DeleteAlbum
from immich_tools.plan.effects.albums import share_texts
from immich_tools.plan.effects.base import Change
from immich_tools.plan.model import Keep, Skip

FOREIGN_ALBUM: Final = "foreign-album"
"""Word for counting albums that are left alone because they may not be this tool's."""
RENAMED_ALBUM: Final = "renamed-album"
"""Word for counting albums that this tool made and that are called otherwise by now."""
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

    def renamed(self, album: Album, member_ids: Iterable[str], *, include: bool) -> None:
        """Delete an album of this tool that somebody gave another name, or leave it alone: they may have meant to keep it."""
        if include:
            self.add(album, member_ids, _("made by this tool, and renamed since (--include-foreign)"))
        else:
            reason = _("album '{name}' was made by this tool and renamed since (--include-foreign)")
            self.leave(album, RENAMED_ALBUM, reason.format(name=album.name))

    def leave(self, album: Album, code: str, reason: str) -> None:
        """Say why an album stays."""
        self.skips.append(Skip((), code, reason, album.name))

    def keep(self, assets: Iterable[Asset], group: str = "") -> None:
        """Say of files that they stay, unless they are in an album that goes."""
        self.keeps += [
            Keep(asset.id, _("stays, in no album to delete"), group)
            for asset in assets
            if asset.id not in self.of_asset
        ]

    def account_for(self, assets: Iterable[Asset], user_id: str) -> None:
        """Say what becomes of files where their folders do not matter."""
        refused: dict[tuple[str, str], list[str]] = {}
        for asset in sorted({asset.id: asset for asset in assets}.values(), key=lambda asset: asset.id):
            objection = objection_to(asset, user_id)
            if objection is None:
                self.keep([asset])
            else:
                refused.setdefault(objection, []).append(asset.id)
        self.skips += [Skip(tuple(refused[key]), *key) for key in sorted(refused)]


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
            if is_renamed(album, facts, arrangement, options):
                deletions.renamed(album, members, include=options.include_foreign)
            continue
        others = len(members - files)
        if _is_theirs(album, facts, arrangement, options):
            deletions.add(album, members, _("made by this tool"))
        elif not others and members:
            deletions.add(album, members, _("holds nothing but files of the folder"))
        elif options.include_foreign:
            deletions.add(album, members, _("has the name of a folder (--include-foreign)"))
        else:
            deletions.leave(album, FOREIGN_ALBUM, _foreign(album, others))
    if arrangement is None:
        deletions.account_for(facts.assets, facts.user_id)
    else:
        for folder in arrangement.files():
            deletions.keep(folder.assets, folder.label)
    return deletions


def _foreign(album: Album, others: int) -> str:
    """Why an album stays that may not be this tool's.

    :param others: how many files in it are of no folder with its name; without any it is empty.
    """
    if not others:
        return _("album '{name}' was not made by this tool and is empty (--include-foreign)").format(name=album.name)
    return ngettext(
        "album '{name}' was not made by this tool and holds {count} other file (--include-foreign)",
        "album '{name}' was not made by this tool and holds {count} other files (--include-foreign)",
        others,
    ).format(name=album.name, count=others)


def is_renamed(album: Album, facts: FolderFacts, arrangement: Arrangement, options: FolderAlbumsOptions) -> bool:
    """Whether this tool made an album for one of the folders, and it has another name by now."""
    made = facts.made.get(album.id)
    return made is not None and made.label in arrangement.wanted and options.scheme.manages(made.scheme)


def _is_theirs(album: Album, facts: FolderFacts, arrangement: Arrangement, options: FolderAlbumsOptions) -> bool:
    """Whether this tool made an album for one of the folders; where each has its own, albums of one name are told apart."""
    made = facts.made.get(album.id)
    return made is not None and (options.merge or made.label in arrangement.wanted)
