"""/view/folder: browsing by the folders of the original paths."""

from immich_tools.sandbox.context import Call
from immich_tools.sandbox.entities import Asset, Visibility
from immich_tools.sandbox.exchange import Response, json_response
from immich_tools.sandbox.present import AssetView, asset_json
from immich_tools.sandbox.refusals import internal_error
from immich_tools.sandbox.router import RouteTable
from immich_tools.sandbox.validation import string

ROUTES = RouteTable()


def _is_shown(asset: Asset) -> bool:
    return asset.deleted_at is None and asset.visibility is Visibility.TIMELINE


def _folder(path: str) -> str:
    return path.rpartition("/")[0]


@ROUTES.add("GET", "/view/folder/unique-paths")
def list_folders(call: Call) -> Response:
    folders = {_folder(asset.original_path) for asset in call.state.assets_of(call.user.id) if _is_shown(asset)}
    return json_response(sorted(folders))


@ROUTES.add("GET", "/view/folder")
def list_folder(call: Call) -> Response:
    """The assets right in one folder; a trailing slash is accepted, an unknown folder is empty, no path is a 500."""
    path = call.query({"path": string()}).get("path")
    if path is None:
        raise internal_error()
    folder = path.rstrip("/")
    own = call.state.assets_of(call.user.id)
    found = [asset for asset in own if _is_shown(asset) and _folder(asset.original_path) == folder]
    found.sort(key=lambda asset: asset.original_file_name)
    return json_response([asset_json(call.server, asset, AssetView(exif=True)) for asset in found])
