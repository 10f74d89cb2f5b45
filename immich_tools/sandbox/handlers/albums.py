"""/albums: listing, creating, changing, and the assets in them."""

from datetime import UTC, datetime
from typing import Final

from immich_tools.sandbox.access import (
    AlbumUse,
    may_share_asset,
    may_use_album,
    owns_asset,
    per_id,
    role_in,
    usable_album,
)
from immich_tools.sandbox.context import Call
from immich_tools.sandbox.create import new_album
from immich_tools.sandbox.entities import Album, AlbumRole, Asset, Visibility
from immich_tools.sandbox.exchange import NO_CONTENT, Response, json_response
from immich_tools.sandbox.moments import microseconds, milliseconds
from immich_tools.sandbox.present import NESTED, Json, asset_json, user_json
from immich_tools.sandbox.refusals import bad_request, internal_error
from immich_tools.sandbox.router import RouteTable
from immich_tools.sandbox.validation import IDS, boolean, choice, list_of, record, string, uuid

ROUTES = RouteTable()
ROLES_V2: Final = ("editor", "viewer")
ROLES_V3: Final = ("owner", "editor", "viewer")


def _shown_assets(call: Call, album: Album) -> list[Asset]:
    """Members that count: neither trashed nor locked; archived ones stay (both versions). Newest first."""
    assets = (call.state.assets[asset_id] for asset_id in album.asset_ids)
    shown = [a for a in assets if a.deleted_at is None and a.visibility is not Visibility.LOCKED]
    return sorted(shown, key=lambda asset: (asset.file_created_at, asset.id), reverse=True)


def _album_users(call: Call, album: Album) -> list[Json]:
    """Immich 3.1.0 lists the owner first, with the role `owner`; 2.3.1 does not list the owner."""
    users = call.state.users
    listed: list[Json] = []
    if call.is_v3:
        listed.append({"user": user_json(users[album.owner_id], nested=True), "role": AlbumRole.OWNER.value})
    for user_id, role in album.user_roles.items():
        listed.append({"user": user_json(users[user_id], nested=True), "role": role.value})
    return listed


def is_shared(album: Album) -> bool:
    """True also for an album that only has a public link (both versions)."""
    return bool(album.user_roles) or album.has_shared_link


def album_json(
    call: Call, album: Album, *, is_listing: bool = False, is_single: bool = False, assets: bool = False
) -> Json:
    """One album. `is_listing` and `is_single` are the GET answers, whose dates are days and which carry the time of the
    last change of an asset; only a single shared album counts its contributors. `assets` (Immich 2.3.1) lists the members."""
    shown = _shown_assets(call, album)
    result: Json = {
        "albumName": album.name,
        "description": album.description,
        "albumThumbnailAssetId": album.thumbnail_id,
        "createdAt": milliseconds(album.created_at),
        "updatedAt": milliseconds(album.updated_at),
        "id": album.id,
    }
    if not call.is_v3:
        result["ownerId"] = album.owner_id
        result["owner"] = user_json(call.state.users[album.owner_id], nested=True)
    result["albumUsers"] = _album_users(call, album)
    result["shared"] = is_shared(album)
    result["hasSharedLink"] = album.has_shared_link
    is_get = is_listing or is_single
    if shown:
        days = [asset.local_date_time for asset in shown]
        result["startDate"] = _album_date(min(days), is_get=is_get)
        result["endDate"] = _album_date(max(days), is_get=is_get)
    if not call.is_v3:
        result["assets"] = [asset_json(call.server, asset, NESTED) for asset in shown] if assets else []
    result["assetCount"] = len(shown)
    result["isActivityEnabled"] = album.is_activity_enabled
    result["order"] = album.order
    if is_get and shown:
        result["lastModifiedAssetTimestamp"] = milliseconds(max(asset.updated_at for asset in shown))
    if is_single and is_shared(album):
        owners = [asset.owner_id for asset in shown]
        counts = {owner: owners.count(owner) for owner in dict.fromkeys(owners)}
        result["contributorCounts"] = [{"userId": user_id, "assetCount": count} for user_id, count in counts.items()]
    return result


def _album_date(moment: datetime, *, is_get: bool) -> str:
    if is_get:
        return milliseconds(datetime(moment.year, moment.month, moment.day, tzinfo=UTC))
    return microseconds(moment)


@ROUTES.add("GET", "/albums")
def list_albums(call: Call) -> Response:
    """Newest first. Immich 2.3.1: own albums, `shared=true` those shared by or with the caller, `shared=false` own unshared
    ones. 3.1.0: own and shared ones, filtered by isOwned, isShared, name and id. `assetId` wins over the rest. Reading replaces covers
    that are in the trash (both versions)."""
    fields = (
        {"assetId": uuid(), "shared": boolean()}
        if not call.is_v3
        else {
            "assetId": uuid(),
            "id": uuid(),
            "isOwned": boolean(),
            "isShared": boolean(),
            "name": string(),
        }
    )
    query = call.query(fields)
    call.state.refresh_covers()
    albums = [album for album in call.state.albums.values() if may_use_album(call, album, AlbumUse.READ)]
    if "assetId" in query:
        albums = [album for album in albums if query["assetId"] in album.asset_ids]
    elif call.is_v3:
        albums = [album for album in albums if _passes_v3(call, album, query)]
    else:
        albums = [album for album in albums if _passes_v2(call, album, query.get("shared"))]
    albums.sort(key=lambda album: (album.created_at, album.sequence), reverse=True)
    return json_response([album_json(call, album, is_listing=True) for album in albums])


def _passes_v2(call: Call, album: Album, shared: bool | None) -> bool:
    is_own = album.owner_id == call.user.id
    if shared is None:
        return is_own
    return is_shared(album) if shared else is_own and not is_shared(album)


def _passes_v3(call: Call, album: Album, query: dict[str, object]) -> bool:
    facts = {
        "isOwned": album.owner_id == call.user.id,
        "isShared": is_shared(album),
        "name": album.name,
        "id": album.id,
    }
    return all(facts[name] == wanted for name, wanted in query.items())


@ROUTES.add("GET", "/albums/statistics")
def album_statistics(call: Call) -> Response:
    albums = [album for album in call.state.albums.values() if may_use_album(call, album, AlbumUse.READ)]
    own = [album for album in albums if album.owner_id == call.user.id]
    shared = sum(is_shared(album) for album in albums)
    return json_response({"owned": len(own), "shared": shared, "notShared": sum(not is_shared(a) for a in own)})


@ROUTES.add("POST", "/albums")
def create_album(call: Call) -> Response:
    """Unknown, foreign and repeated assets are passed over silently (both versions)."""
    roles = ROLES_V3 if call.is_v3 else ROLES_V2
    user = record({"userId": uuid(required=True), "role": choice(*roles, required=True)})
    fields = {
        "albumName": string(required=True),
        "description": string(),
        "assetIds": list_of(uuid()),
        "albumUsers": list_of(user),
    }
    body = call.body(fields)
    given_roles: dict[str, AlbumRole] = {}
    for entry in body.get("albumUsers", []):
        if entry["userId"] not in call.state.users:
            raise bad_request("Invalid user" if call.is_v3 else "User not found")
        if entry["userId"] == call.user.id:
            if not call.is_v3:
                raise bad_request("Cannot share album with owner")
            continue
        if entry["role"] == AlbumRole.OWNER:
            raise internal_error("Failed to create album")
        given_roles[entry["userId"]] = AlbumRole(entry["role"])
    album = new_album(call.state, call.user.id, body["albumName"], body.get("description", ""))
    album.user_roles.update(given_roles)
    for asset in call.state.existing(body.get("assetIds", [])):
        if may_share_asset(call, asset):
            call.state.add_to_album(album, asset.id)
    return json_response(album_json(call, album, assets=True), 201)


@ROUTES.add("GET", "/albums/{id}")
def get_album(call: Call) -> Response:
    """Immich 2.3.1 lists the members unless `withoutAssets=true`; 3.1.0 never does."""
    without = call.query({"withoutAssets": boolean()} if not call.is_v3 else {}).get("withoutAssets", False)
    album = usable_album(call, call.path["id"], AlbumUse.READ, "album.read")
    call.state.refresh_covers()
    return json_response(album_json(call, album, is_single=True, assets=not without))


@ROUTES.add("PATCH", "/albums/{id}")
def update_album(call: Call) -> Response:
    fields = {
        "albumName": string(),
        "description": string(),
        "albumThumbnailAssetId": uuid(),
        "isActivityEnabled": boolean(),
        "order": choice("asc", "desc"),
    }
    body = call.body(fields)
    album = usable_album(call, call.path["id"], AlbumUse.UPDATE, "album.update")
    if "albumThumbnailAssetId" in body:
        if body["albumThumbnailAssetId"] not in album.asset_ids:
            raise bad_request("Invalid album thumbnail")
        album.thumbnail_id = body["albumThumbnailAssetId"]
    album.name = body.get("albumName", album.name)
    album.description = body.get("description", album.description)
    album.is_activity_enabled = body.get("isActivityEnabled", album.is_activity_enabled)
    album.order = body.get("order", album.order)
    album.updated_at = call.now
    return json_response(album_json(call, album))


@ROUTES.add("DELETE", "/albums/{id}")
def delete_album(call: Call) -> Response:
    call.state.remove_album(usable_album(call, call.path["id"], AlbumUse.OWN, "album.delete"))
    return NO_CONTENT


def _add(call: Call, album: Album, asset_id: str) -> str | None:
    """Add one asset. Returns the error of its entry, or None."""
    asset = call.state.assets.get(asset_id)
    if asset_id in album.asset_ids:
        return "duplicate"
    if asset is None or not may_share_asset(call, asset):
        return "no_permission"
    call.state.add_to_album(album, asset_id)
    album.updated_at = call.now
    return None


@ROUTES.add("PUT", "/albums/{id}/assets")
def add_assets(call: Call) -> Response:
    """One result per id, in order, repeats included. A viewer is refused as a whole (both versions)."""
    ids = call.body({"ids": IDS})["ids"]
    if call.path["id"] not in call.state.albums:
        raise bad_request("Album not found")
    album = usable_album(call, call.path["id"], AlbumUse.ADD_ASSETS, "albumAsset.create")
    return json_response([per_id(asset_id, _add(call, album, asset_id)) for asset_id in ids])


@ROUTES.add("PUT", "/albums/assets")
def add_assets_to_albums(call: Call) -> Response:
    """Several albums at once, one result for everything."""
    body = call.body({"albumIds": IDS, "assetIds": IDS})
    error: str | None = "duplicate"
    for album_id in body["albumIds"]:
        album = call.state.albums.get(album_id)
        if album is None or not may_use_album(call, album, AlbumUse.ADD_ASSETS):
            error = error and "no_permission"
            continue
        for asset_id in body["assetIds"]:
            problem = _add(call, album, asset_id)
            if problem is None:
                error = None
            elif problem != "duplicate":
                error = error and problem
    return json_response({"success": True} if error is None else {"success": False, "error": error})


@ROUTES.add("DELETE", "/albums/{id}/assets")
def remove_assets(call: Call) -> Response:
    """One result per id. An editor may take out own assets only, the owner everything."""
    ids = call.body({"ids": IDS})["ids"]
    album = usable_album(call, call.path["id"], AlbumUse.ADD_ASSETS, "albumAsset.delete")
    is_owner = role_in(album, call.user) is AlbumRole.OWNER
    results = []
    for asset_id in ids:
        if asset_id not in album.asset_ids:
            results.append(per_id(asset_id, "not_found"))
        elif not (is_owner or owns_asset(call, call.state.assets[asset_id])):
            results.append(per_id(asset_id, "no_permission"))
        else:
            call.state.remove_from_album(album, asset_id)
            album.updated_at = call.now
            results.append(per_id(asset_id))
    call.state.refresh_covers()
    return json_response(results)
