"""The album made again with the copies, and the end of the one they come from. Pure."""

from __future__ import annotations

from collections.abc import Mapping

from attrs import evolve, frozen

from immich_tools.album_backup.carry import Copied
from immich_tools.album_backup.facts import BackupFacts, ChosenAlbum
from immich_tools.i18n import _
from immich_tools.immich.models import Album, AlbumRole, Asset
from immich_tools.plan.effects.album_creation import CreateAlbum, DeleteAlbum
from immich_tools.plan.effects.albums import ROLES, AddToAlbum
from immich_tools.plan.effects.base import Change


@frozen
class Home:
    """The album in which the copies of one album are together.

    :ivar changes: what puts them there: asset id → change; that which makes the album stands under each of them.
    :ivar member_ids: what it holds in the end.
    """

    owner_id: str
    changes: Mapping[str, Change]
    member_ids: frozenset[str]


def homes_of(facts: BackupFacts, copied: Mapping[str, Copied]) -> dict[str, Home]:
    """The albums made again, by the ids of those they come from. Two that would be the same in everything become one."""
    made: dict[tuple[str, ...], Change] = {}
    homes: dict[str, Home] = {}
    for chosen in facts.albums:
        home = home_of(chosen, copied, facts)
        if home is not None:
            changes = {name: made.setdefault(_what(change), change) for name, change in home.changes.items()}
            homes[chosen.album.id] = evolve(home, changes=changes)
    return homes


def _what(change: Change) -> tuple[str, ...]:
    return change.action.decides() or (change.id,)


def home_of(chosen: ChosenAlbum, copied: Mapping[str, Copied], facts: BackupFacts) -> Home | None:
    """The album made again; None where no copy of it has appeared.

    :param copied: by the ids of the uploads.
    """
    copies = {name: copied[name].copy for name in chosen.member_ids if name in copied}
    if not copies:
        return None
    edited = [each for name in copies if (each := copied[name].edited) is not None]
    owner_id = next(iter(copies.values())).owner_id
    kept = [facts.external[name] for name in chosen.member_ids if name in facts.external]
    members = {
        asset.id: asset
        for asset in (*copies.values(), *edited, *kept)
        if asset.owner_id == owner_id and not asset.is_trashed
    }
    ordered = sorted(members.values(), key=lambda asset: asset.order_taken)
    existing = _made_before(chosen, facts, owner_id, {copy.id for copy in copies.values()})
    if existing is not None:
        held = facts.rebuilt[existing.id]
        added = {asset.id: _adding(asset, existing, chosen.album.name) for asset in ordered if asset.id not in held}
        return Home(owner_id, added, held | members.keys())
    thumbnail = chosen.album.thumbnail_asset_id
    face = copies[thumbnail].id if thumbnail in copies else thumbnail
    action = CreateAlbum(
        chosen.album.name,
        tuple(asset.id for asset in ordered),
        chosen.album.description,
        _shares(chosen.album, owner_id),
        chosen.album.order,
        chosen.album.is_activity_enabled,
        face if face in members else None,
    )
    change = Change(f"rebuild:{chosen.album.id}", action, _("the album with the copies"), group=chosen.album.name)
    return Home(owner_id, dict.fromkeys(members, change), frozenset(members))


def _made_before(chosen: ChosenAlbum, facts: BackupFacts, owner_id: str, copy_ids: set[str]) -> Album | None:
    """The album that an earlier run made: it has the name, and holds a copy and none of the uploads."""
    with_uploads = {each.album.id for each in facts.albums if not facts.uploads.keys().isdisjoint(each.member_ids)}
    candidates = [
        album
        for album in facts.visible.get(owner_id, {}).values()
        if album.id not in with_uploads | {chosen.album.id}
        and album.owner_id == owner_id
        and album.name == chosen.album.name
        and not copy_ids.isdisjoint(facts.rebuilt.get(album.id, ()))
    ]
    return min(candidates, key=lambda album: album.id, default=None)


def _adding(asset: Asset, album: Album, group: str) -> Change:
    action = AddToAlbum(asset.id, album.id, album.name)
    return Change(f"album+:{album.id}:{asset.id}", action, _("belongs into the album made again"), group=group)


def _shares(album: Album, owner_id: str) -> tuple[str, ...]:
    """Whom the album that is made again is shared with: everybody as before, and its former owner, if that is somebody else."""
    roles = {user.user_id: user.role.value for user in album.users}
    if album.owner_id != owner_id:
        roles[album.owner_id] = AlbumRole.EDITOR.value
    roles.pop(owner_id, None)
    return tuple(f"{user_id}={role}" for user_id, role in sorted(roles.items()) if role in ROLES)


def deletion(chosen: ChosenAlbum) -> DeleteAlbum:
    """The end of an album."""
    album = chosen.album
    return DeleteAlbum(
        album.name,
        tuple(sorted(chosen.member_ids)),
        album.description,
        _shares(album, album.owner_id),
        album.order,
        album.is_activity_enabled,
        album.thumbnail_asset_id,
        album_id=album.id,
    )
