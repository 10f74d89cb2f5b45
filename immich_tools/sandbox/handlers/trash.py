"""Deleting, the trash and restoring."""

from datetime import timedelta

from immich_tools.sandbox.access import owned_assets
from immich_tools.sandbox.context import Call, Server
from immich_tools.sandbox.entities import Asset, Visibility
from immich_tools.sandbox.exchange import NO_CONTENT, Response, json_response
from immich_tools.sandbox.router import RouteTable
from immich_tools.sandbox.validation import IDS, boolean

ROUTES = RouteTable()


@ROUTES.add("DELETE", "/assets")
def delete_assets(call: Call) -> Response:
    """All or nothing (both versions): one unknown, foreign or locked id refuses the call. Nothing follows along: neither
    the motion video nor the stack nor album rows."""
    body = call.body({"ids": IDS, "force": boolean()})
    for asset in owned_assets(call, body["ids"], "asset.delete"):
        if body.get("force"):
            purge(call.server, asset)
        else:
            move_to_trash(call, asset)
    return NO_CONTENT


def move_to_trash(call: Call, asset: Asset) -> None:
    """Trash an asset; trashing it again starts its retention anew."""
    asset.deleted_at = call.now
    asset.is_trashed_by_user = True
    call.state.touch(asset)


def removes_files_of(server: Server, asset: Asset) -> bool:
    """Whether a purge removes the file. Immich removes external files too when it can write; the sandbox removes only files
    inside its own folder and inside mounted ones, so that nobody's pictures are lost to a test."""
    homes = [*server.mounts.values(), *([] if server.folder is None else [server.folder])]
    is_home = asset.file is not None and any(asset.file.is_relative_to(home) for home in homes)
    return is_home and not server.is_read_only(asset.original_path)


def purge(server: Server, asset: Asset, *, with_files: bool = True) -> None:
    """Remove an asset, and the motion video that it points to unless another asset does, too (both versions)."""
    server.state.remove_asset(asset, delete_files=lambda each: with_files and removes_files_of(server, each))


def _restore(call: Call, asset: Asset) -> None:
    if not asset.is_offline:
        asset.deleted_at = None
        asset.is_trashed_by_user = False
        call.state.touch(asset)


@ROUTES.add("POST", "/trash/restore/assets")
def restore_assets(call: Call) -> Response:
    """`count` is the number of ids, those that were not in the trash included; an offline asset stays as it is."""
    assets = owned_assets(call, call.body({"ids": IDS})["ids"], "asset.delete")
    for asset in assets:
        _restore(call, asset)
    return json_response({"count": len(assets)})


def _own_trash(call: Call) -> list[Asset]:
    own = call.state.assets_of(call.user.id)
    return [asset for asset in own if asset.is_trashed_by_user and asset.visibility is not Visibility.LOCKED]


@ROUTES.add("POST", "/trash/restore")
def restore_trash(call: Call) -> Response:
    assets = _own_trash(call)
    for asset in assets:
        _restore(call, asset)
    return json_response({"count": len(assets)})


@ROUTES.add("POST", "/trash/empty")
def empty_trash(call: Call) -> Response:
    """Offline assets are not emptied: their status is not `trashed` (both versions)."""
    assets = _own_trash(call)
    for asset in assets:
        purge(call.server, asset)
    return json_response({"count": len(assets)})


def purge_expired(server: Server) -> int:
    """The nightly job: purge what is in the trash for longer than the retention, which is 0 days when the trash is off.

    Returns how many assets were purged."""
    retention = timedelta(days=server.trash_days if server.trash else 0)
    limit = server.state.now() - retention
    expired = [a for a in server.state.assets.values() if a.deleted_at is not None and a.deleted_at <= limit]
    for asset in expired:
        purge(server, asset, with_files=not asset.is_offline)
    return len(expired)
