"""The last look at albums before they are changed themselves."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from immich_tools.i18n import _
from immich_tools.immich.client import Immich
from immich_tools.immich.models import Album, Asset, Visibility
from immich_tools.immich.users import Users
from immich_tools.plan.album_actions import (
    AlbumField,
    CreateAlbum,
    DeleteAlbum,
    SetAlbumField,
    ShareAlbum,
    roles_of,
    share_texts,
)
from immich_tools.plan.album_observe import album_value, has_twin, role_text, same_album_value
from immich_tools.plan.creations import Creations, albums_now, owned
from immich_tools.plan.document import Change
from immich_tools.plan.outcome import Result, Status

ALREADY = Result(Status.ALREADY)


def recheck_albums(
    immich: Immich, user_id: str, changes: Sequence[Change], creations: Creations
) -> dict[str, Result | None]:
    """Look at the albums, and at the assets of those to be made, and decide what must not be done.

    FELL_AWAY: an album is gone or somebody else's, or is not as it was when the change was planned; an asset that is to go into a new one
    cannot. ALREADY: it is so. FAILED: the album that an earlier part of the run made is gone.

    :param user_id: whose assets may be put into new albums.
    :param creations: gets what is found out: the albums there are before the first is made, and what cannot be brought back.
    :returns: by change id; None for what may be sent.
    :raises ToolkitError: the server cannot be read.
    """
    albums = albums_now(immich)
    verdicts = _creations(
        immich, user_id, [each for each in changes if isinstance(each.action, CreateAlbum)], albums, creations
    )
    others = [change for change in changes if not isinstance(change.action, CreateAlbum)]
    found = immich.connection.each(others, lambda change: _verdict(immich, change, albums, creations))
    return verdicts | {change.id: verdict for change, verdict in zip(others, found, strict=True)}


def _creations(
    immich: Immich, user_id: str, changes: Sequence[Change], albums: Mapping[str, Album], creations: Creations
) -> dict[str, Result | None]:
    if not changes:
        return {}
    assets = immich.assets.read({asset_id for change in changes for asset_id in change.action.assets})
    _find_unavailable(immich, user_id, changes, assets, creations)
    creations.find(immich, changes, albums)
    verdicts: dict[str, Result | None] = {}
    known = frozenset(albums)
    for change in changes:
        action = change.action
        assert isinstance(action, CreateAlbum)
        made = creations.made.get(change.id)
        if made is not None:
            gone = Result(Status.FAILED, _("the album that was made is not there any more"))
            verdicts[change.id] = None if made in albums else gone
            continue
        verdict = None if action.replaces else _objection(user_id, action, assets)
        if verdict is None and not action.replaces and has_twin(immich, action, albums, creations):
            verdict = ALREADY
        verdicts[change.id] = verdict
        if verdict is None:
            creations.before.setdefault(change.id, known)
    return verdicts


def _find_unavailable(
    immich: Immich, user_id: str, changes: Sequence[Change], assets: Mapping[str, Asset], creations: Creations
) -> None:
    """Put down what of deleted albums cannot be brought back: assets that are gone, locked or others', people without an account.

    What is in the trash can be put back, and shows once it is restored.
    """
    people: frozenset[str] | None = None
    for change in changes:
        action = change.action
        if not isinstance(action, CreateAlbum) or not action.replaces:
            continue
        lost = {each for each in action.asset_ids if _asset_objection(each, assets.get(each), user_id) is not None}
        if action.shares:
            people = people or frozenset(user.id for user in Users(immich.connection).all())
            lost |= roles_of(action.shares).keys() - people
        creations.unavailable[change.id] = frozenset(lost)


def _objection(user_id: str, action: CreateAlbum, assets: Mapping[str, Asset]) -> Result | None:
    """Why a new album must not be made."""
    for asset_id in action.asset_ids:
        asset = assets.get(asset_id)
        reason = _asset_objection(asset_id, asset, user_id)
        if reason is None and asset is not None and asset.is_trashed:
            reason = _("asset {id} is in the trash").format(id=asset_id)
        if reason is not None:
            return Result(Status.FELL_AWAY, reason)
    return None


def _asset_objection(asset_id: str, asset: Asset | None, user_id: str) -> str | None:
    if asset is None:
        return _("asset {id} is not there any more").format(id=asset_id)
    if asset.owner_id != user_id:
        return _("asset {id} belongs to somebody else").format(id=asset_id)
    if asset.visibility in (Visibility.LOCKED, Visibility.UNKNOWN):
        return _("asset {id} is in the locked folder").format(id=asset_id)
    return None


def _verdict(immich: Immich, change: Change, albums: Mapping[str, Album], creations: Creations) -> Result | None:
    action = change.action
    assert isinstance(action, DeleteAlbum | SetAlbumField | ShareAlbum)
    album = albums.get(action.album_id)
    if album is None:
        gone = Result(Status.FELL_AWAY, _("the album is not there any more"))
        return ALREADY if isinstance(action, DeleteAlbum) else gone
    if not owned(album):
        return Result(Status.FELL_AWAY, _("album '{name}' belongs to somebody else").format(name=album.name))
    if isinstance(action, SetAlbumField):
        return _field_verdict(action, album)
    if isinstance(action, ShareAlbum):
        return _share_verdict(action, album)
    reason = _changed(action, album)
    if reason is None:
        members = immich.albums.member_ids(album)
        if not members.issubset(action.asset_ids):
            reason = _("album '{name}' holds other assets by now").format(name=album.name)
        gone_ids = tuple(asset_id for asset_id in action.asset_ids if asset_id not in members)
        if gone_ids:
            creations.gone[change.id] = gone_ids
    return None if reason is None else Result(Status.FELL_AWAY, reason)


def _changed(action: DeleteAlbum, album: Album) -> str | None:
    """Whether an album has another name, description, order or other people than planned: then somebody cares for it."""
    if set(share_texts(album.users)) != set(action.shares):
        return _("album '{name}' is shared with others by now").format(name=album.name)
    for field in (AlbumField.NAME, AlbumField.DESCRIPTION, AlbumField.ORDER, AlbumField.ACTIVITY):
        planned = getattr(action, field.value)
        if planned is not None and not same_album_value(field, album_value(album, field), planned):
            return _("the {field} has been changed since").format(field=field.value)
    return None


def _field_verdict(action: SetAlbumField, album: Album) -> Result | None:
    now = album_value(album, action.field)
    if same_album_value(action.field, now, action.after):
        return ALREADY
    # An album that had no thumbnail gets one from the server with its first asset.
    is_free = action.before is None and action.field is AlbumField.THUMBNAIL
    if is_free or same_album_value(action.field, now, action.before):
        return None
    return Result(Status.FELL_AWAY, _("the {field} has been changed since").format(field=action.field.value))


def _share_verdict(action: ShareAlbum, album: Album) -> Result | None:
    if action.user_id == album.owner_id:
        return Result(Status.FELL_AWAY, _("album '{name}' belongs to them").format(name=album.name))
    now = role_text(album, action.user_id)
    if now == action.after:
        return ALREADY
    if now == action.before:
        return None
    return Result(Status.FELL_AWAY, _("what they may do in the album has been changed since"))
