"""Reading back what was done to albums themselves."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TypeAlias

from immich_tools.immich.client import Immich
from immich_tools.immich.models import Album, AlbumRole
from immich_tools.plan.album_actions import (
    AlbumField,
    AlbumValue,
    CreateAlbum,
    DeleteAlbum,
    SetAlbumField,
    ShareAlbum,
    roles_of,
)
from immich_tools.plan.creations import Creations, albums_now, owned, same_text
from immich_tools.plan.document import Change
from immich_tools.plan.listed import absent

Albums: TypeAlias = Mapping[str, Album]


def observe_albums(immich: Immich, changes: Sequence[Change], creations: Creations) -> dict[str, bool]:
    """Read from the server which changes to albums are in effect.

    :param creations: what the run knows; an album that was made without anybody knowing is looked for, and is in it then.
    :raises ToolkitError: the server cannot be read.
    """
    albums = albums_now(immich)
    creations.find(immich, [change for change in changes if isinstance(change.action, CreateAlbum)], albums)

    def in_effect(change: Change) -> bool:
        action = change.action
        if isinstance(action, CreateAlbum):
            if change.id not in creations.made and change.id not in creations.before:
                return has_twin(immich, action, albums, creations)  # never asked for, because there was one already
            album = albums.get(creations.made.get(change.id, ""))
            return album is not None and is_complete(immich, album, change, creations)
        if isinstance(action, DeleteAlbum):
            return action.album_id not in albums
        assert isinstance(action, SetAlbumField | ShareAlbum)
        album = albums.get(action.album_id)
        if album is None:
            return False
        if isinstance(action, ShareAlbum):
            return role_text(album, action.user_id) == action.after
        return same_album_value(action.field, album_value(album, action.field), action.after)

    seen = immich.connection.each(changes, in_effect)
    return {change.id: found for change, found in zip(changes, seen, strict=True)}


def has_twin(immich: Immich, action: CreateAlbum, albums: Albums, creations: Creations) -> bool:
    """Whether the user has an album of that name with exactly those assets, which the run leaves as it is."""
    return any(
        owned(album)
        and album.id not in creations.passing
        and same_text(album.name, action.name)
        and album.asset_count == len(action.asset_ids)
        and immich.albums.member_ids(album) == frozenset(action.asset_ids)
        for album in albums.values()
    )


def is_complete(immich: Immich, album: Album, change: Change, creations: Creations) -> bool:
    """Whether an album that was made has everything it was to have; more assets do no harm."""
    action = change.action
    assert isinstance(action, CreateAlbum)
    left_out = creations.unavailable.get(change.id, frozenset())
    shares = {user_id: role for user_id, role in roles_of(action.shares).items() if user_id not in left_out}
    if not owned(album) or {user.user_id: user.role for user in album.users} != shares:
        return False
    for field in (AlbumField.NAME, AlbumField.DESCRIPTION, AlbumField.ORDER, AlbumField.ACTIVITY):
        wanted: AlbumValue = getattr(action, field.value)
        if wanted is not None and not same_album_value(field, album_value(album, field), wanted):
            return False
    members = immich.albums.member_ids(album)
    if absent(immich, creations.asset_ids(change), members):
        return False
    thumbnail = action.thumbnail_asset_id
    return thumbnail not in members or album.thumbnail_asset_id == thumbnail


def album_value(album: Album, field: AlbumField) -> AlbumValue:
    """What an album holds in a property, as `SetAlbumField` writes it."""
    value: AlbumValue = getattr(album, field.value)
    return value


def same_album_value(field: AlbumField, one: AlbumValue, other: AlbumValue) -> bool:
    """Whether two values of a property mean the same."""
    if field in (AlbumField.NAME, AlbumField.DESCRIPTION):
        return same_text(None if one is None else str(one), None if other is None else str(other))
    return one == other


def role_text(album: Album, user_id: str) -> str | None:
    """What somebody may do in an album, as `ShareAlbum` writes it; None when it is not shared with them."""
    roles = {user.user_id: user.role for user in album.users}
    role: AlbumRole | None = roles.get(user_id)
    return None if role is None else role.value
