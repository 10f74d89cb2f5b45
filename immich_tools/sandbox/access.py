"""Who asks, what the key may do, and which rows the user may touch."""

from collections.abc import Iterable, Mapping
from enum import Enum, auto

from immich_tools.sandbox.context import Call, Server
from immich_tools.sandbox.entities import Album, AlbumRole, ApiKey, Asset, Tag, User, Visibility
from immich_tools.sandbox.exchange import Request
from immich_tools.sandbox.refusals import Refused, no_access


class AlbumUse(Enum):
    """What somebody wants to do with an album."""

    READ = auto()
    ADD_ASSETS = auto()
    UPDATE = auto()
    OWN = auto()


def authenticate(server: Server, request: Request) -> tuple[User, ApiKey | None]:
    """Find the user of a key, sent as `x-api-key` or `?apiKey=`, or of a session (`Authorization: Bearer`), which has no key
    and may do everything its user may (both versions). Raises Refused(401)."""
    bearer = request.headers.get("authorization", "").removeprefix("Bearer ")
    if bearer:
        user_id = server.state.sessions.get(bearer)
        if user_id is None:
            raise Refused(401, "Invalid user token")
        return server.state.users[user_id], None
    secret = request.headers.get("x-api-key") or request.query.get("apiKey")
    if not secret:
        raise Refused(401, "Authentication required")
    key = server.state.keys.get(secret)
    if key is None:
        raise Refused(401, "Invalid API key")
    return server.state.users[key.user_id], key


def check_key(user: User, key: ApiKey | None, permission: str | None, *, needs_admin: bool) -> None:
    """Raises Refused(403) when the route is for admins, or needs a permission that the key lacks; a route that declares
    none needs `all`."""
    if needs_admin and not user.is_admin:
        raise Refused(403, "Forbidden")
    wanted = permission or "all"
    if key is not None and "all" not in key.permissions and wanted not in key.permissions:
        raise Refused(403, f"Missing required permission: {wanted}")


def owns_asset(call: Call, asset: Asset) -> bool:
    """Whether the caller may change the asset: own, and not locked, because a key is never elevated (both versions)."""
    if asset.id in call.server.faults.refused_ids:
        return False
    return asset.owner_id == call.user.id and asset.visibility is not Visibility.LOCKED


def may_share_asset(call: Call, asset: Asset) -> bool:
    """Whether the caller may put the asset into an album: own ones and those of partners."""
    if owns_asset(call, asset):
        return True
    if asset.id in call.server.faults.refused_ids:
        return False
    return is_partner_of(call, asset.owner_id) and asset.visibility is Visibility.TIMELINE and asset.deleted_at is None


def is_partner_of(call: Call, owner_id: str) -> bool:
    """Whether that user shows its library to the caller, in the timeline or not."""
    return any(p.shared_by == owner_id and p.shared_with == call.user.id for p in call.state.partners)


def may_read_asset(call: Call, asset: Asset) -> bool:
    """Own assets that are not locked, those of partners, and those in albums that the caller may read."""
    if asset.visibility is Visibility.LOCKED:
        return False
    if asset.owner_id == call.user.id:
        return True
    if is_partner_of(call, asset.owner_id) and asset.visibility is Visibility.TIMELINE and asset.deleted_at is None:
        return True
    albums = (call.state.albums[album_id] for album_id in call.state.albums_of_asset.get(asset.id, ()))
    return any(may_use_album(call, album, AlbumUse.READ) for album in albums)


def readable_asset(call: Call, asset_id: str, permission: str = "asset.read") -> Asset:
    """The asset, or Refused(400) when it is unknown or may not be read."""
    asset = call.state.assets.get(asset_id)
    if asset is None or not may_read_asset(call, asset):
        raise no_access(permission)
    return asset


def owned_assets(call: Call, asset_ids: Iterable[str], permission: str) -> list[Asset]:
    """The assets, each once, or Refused(400) for all of them when a single one is unknown, foreign or locked."""
    assets: dict[str, Asset] = {}
    for asset_id in asset_ids:
        asset = call.state.assets.get(asset_id)
        if asset is None or not owns_asset(call, asset):
            raise no_access(permission)
        assets[asset_id] = asset
    return list(assets.values())


def role_in(album: Album, user: User) -> AlbumRole | None:
    """The caller's role in an album, None for a stranger."""
    return AlbumRole.OWNER if album.owner_id == user.id else album.user_roles.get(user.id)


def may_use_album(call: Call, album: Album, use: AlbumUse) -> bool:
    """Immich 2.3.1: editors may add assets; 3.1.0: they may also rename the album."""
    role = role_in(album, call.user)
    if role is None:
        return False
    if role is AlbumRole.OWNER:
        return True
    if use is AlbumUse.READ:
        return True
    is_editor = role is AlbumRole.EDITOR
    return is_editor and (use is AlbumUse.ADD_ASSETS or (use is AlbumUse.UPDATE and call.is_v3))


def usable_album(call: Call, album_id: str, use: AlbumUse, permission: str) -> Album:
    """The album, or Refused(400) when it is unknown or not the caller's to use in that way."""
    album = call.state.albums.get(album_id)
    if album is None or not may_use_album(call, album, use):
        raise no_access(permission)
    return album


def owned_tag(call: Call, tag_id: str, permission: str) -> Tag:
    """The tag, or Refused(400)."""
    tag = call.state.tags.get(tag_id)
    if tag is None or tag.owner_id != call.user.id:
        raise no_access(permission)
    return tag


def per_id(asset_id: str, error: str | None = None) -> Mapping[str, object]:
    """One entry of an answer with a result per id."""
    if error is None:
        return {"id": asset_id, "success": True}
    return {"id": asset_id, "success": False, "error": error}
