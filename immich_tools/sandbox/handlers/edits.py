"""/assets/{id}/edits: the picture editor of Immich 3."""

from typing import Final

from immich_tools.sandbox import editor
from immich_tools.sandbox.access import owned_assets, readable_asset
from immich_tools.sandbox.context import Call
from immich_tools.sandbox.entities import AssetType
from immich_tools.sandbox.exchange import NO_CONTENT, Response, json_response
from immich_tools.sandbox.refusals import bad_request
from immich_tools.sandbox.router import RouteTable
from immich_tools.sandbox.validation import ONLY_V3, choice, integer, list_of, record

ROUTES = RouteTable()
_PARAMETERS: Final = record(
    {
        "angle": integer(),
        "axis": choice("horizontal", "vertical"),
        **{name: integer(lowest=0) for name in ("x", "y", "width", "height")},
    },
    required=True,
)
_EDIT: Final = record({"action": choice("crop", "rotate", "mirror", required=True), "parameters": _PARAMETERS})
# What an asset that was given as edited is said to have been through.
_TURNED: Final = {"action": "rotate", "parameters": {"angle": 90}}


@ROUTES.add("GET", "/assets/{id}/edits", dialects=ONLY_V3)
def get_edits(call: Call) -> Response:
    asset = readable_asset(call, call.path["id"])
    edits = asset.edits or ([] if asset.edited is None else [{"id": asset.id, **_TURNED}])
    return json_response({"assetId": asset.id, "edits": edits})


@ROUTES.add("PUT", "/assets/{id}/edits", dialects=ONLY_V3)
def edit(call: Call) -> Response:
    """Exchange the edits of a picture, of an external one, too; a job makes the edited picture (Immich 3.1.0)."""
    edits = call.body({"edits": list_of(_EDIT, required=True, minimum_items=1)})["edits"]
    (asset,) = owned_assets(call, [call.path["id"]], "asset.edit.create")
    if asset.type is not AssetType.IMAGE:
        raise bad_request("Only images can be edited")
    if asset.live_photo_video_id is not None:
        raise bad_request("Editing live photos is not supported")
    asset.edits = [{"id": call.state.new_id(), **entry} for entry in edits]
    call.state.touch(asset)
    editor.queue_edit(call.server, asset)
    return json_response({"assetId": asset.id, "edits": asset.edits})


@ROUTES.add("DELETE", "/assets/{id}/edits", dialects=ONLY_V3)
def remove_edits(call: Call) -> Response:
    (asset,) = owned_assets(call, [call.path["id"]], "asset.edit.delete")
    asset.edits = []
    call.state.touch(asset)
    editor.queue_edit(call.server, asset)
    return NO_CONTENT
