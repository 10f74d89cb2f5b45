"""How changes to albums themselves are sent, one at a time."""

from __future__ import annotations

from typing import Any

from immich_tools.i18n import ngettext
from immich_tools.immich.albums import ADD_SIZE
from immich_tools.immich.client import Immich
from immich_tools.immich.models import ItemError
from immich_tools.plan.album_actions import ROLES, CreateAlbum, DeleteAlbum, SetAlbumField, ShareAlbum, roles_of
from immich_tools.plan.creations import Creations
from immich_tools.plan.document import Change
from immich_tools.plan.outcome import Result, Status


def perform_on_album(immich: Immich, change: Change, creations: Creations) -> Result:
    """Send what one change to an album takes.

    :raises RequestRefused: the server refused it; of an album to be made, parts may have been done (then its id is in `creations`).
    """
    action = change.action
    if isinstance(action, CreateAlbum):
        return _create(immich, change, action, creations)
    if isinstance(action, DeleteAlbum):
        immich.albums.delete(action.album_id)
    elif isinstance(action, SetAlbumField):
        value = "" if action.after is None else action.after
        values: dict[str, Any] = {action.field.value: value}
        immich.albums.update(action.album_id, **values)
    else:
        assert isinstance(action, ShareAlbum)
        _share(immich, action)
    return Result(Status.DONE)


def _share(immich: Immich, action: ShareAlbum) -> None:
    if action.after is None:
        immich.albums.unshare(action.album_id, action.user_id)
    elif action.before is None:
        immich.albums.share(action.album_id, action.user_id, ROLES[action.after])
    else:
        immich.albums.set_role(action.album_id, action.user_id, ROLES[action.after])


def _create(immich: Immich, change: Change, action: CreateAlbum, creations: Creations) -> Result:
    """Make an album, or go on with one that an earlier try has made: its assets first, then its properties."""
    wanted = creations.asset_ids(change)
    left_out = creations.unavailable.get(change.id, frozenset())
    made = creations.made.get(change.id)
    if made is None:
        shares = {user_id: role for user_id, role in roles_of(action.shares).items() if user_id not in left_out}
        first, rest = wanted[:ADD_SIZE], wanted[ADD_SIZE:]
        with creations.making(action.name):
            album = immich.albums.create(action.name, description=action.description, asset_ids=first, shares=shares)
            creations.made[change.id] = album.id
        short = len(first) - album.asset_count
    else:
        album = immich.albums.get(made)
        members = immich.albums.member_ids(album)
        rest = tuple(asset_id for asset_id in wanted if asset_id not in members)
        short = 0
    answers = immich.albums.add(album.id, rest)
    short += sum(answer.error not in (None, ItemError.DUPLICATE) for answer in answers)
    # A thumbnail that the server has picked by itself may change; one that was written stays.
    properties: dict[str, Any] = {
        name: value
        for name in ("order", "is_activity_enabled", "thumbnail_asset_id")
        if (value := getattr(action, name)) is not None
        and value not in left_out
        and (value != getattr(album, name) or name == "thumbnail_asset_id")
    }
    if properties:
        immich.albums.update(album.id, **properties)
    if short > 0:
        # Why, only looking tells: what is in the trash is a member that is not counted.
        return Result(
            Status.UNKNOWN,
            ngettext("{count} asset was not put in", "{count} assets were not put in", short).format(count=short),
        )
    return Result(Status.DONE, _left_out(len(left_out)))


def _left_out(count: int) -> str:
    if not count:
        return ""
    words = ngettext(
        "{count} of its assets and people is not there any more",
        "{count} of its assets and people are not there any more",
        count,
    )
    return words.format(count=count)
