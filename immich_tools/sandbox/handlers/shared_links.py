"""/shared-links, of those to single assets."""

import base64

from immich_tools.sandbox.access import owned_assets
from immich_tools.sandbox.context import Call
from immich_tools.sandbox.entities import SharedLink
from immich_tools.sandbox.exchange import Response, json_response
from immich_tools.sandbox.moments import milliseconds
from immich_tools.sandbox.present import PLAIN, Json, asset_json
from immich_tools.sandbox.refusals import bad_request
from immich_tools.sandbox.router import RouteTable
from immich_tools.sandbox.validation import BOTH, choice, list_of, string, uuid

ROUTES = RouteTable()


def _link_json(call: Call, link: SharedLink, *, is_listing: bool = False) -> Json:
    """One link; the list of links tells of one asset of each."""
    shown = [asset for asset in call.state.existing(link.asset_ids) if asset.deleted_at is None]
    shown = shown[:1] if is_listing else shown
    return {
        "id": link.id,
        "description": link.description,
        "password": None,
        "userId": link.owner_id,
        "key": base64.urlsafe_b64encode(link.key).decode(),
        "type": "INDIVIDUAL",
        "createdAt": milliseconds(link.created_at),
        "expiresAt": None,
        "assets": [asset_json(call.server, asset, PLAIN) for asset in shown],
        "allowUpload": True,
        "allowDownload": True,
        "showMetadata": True,
        "slug": None,
    }


@ROUTES.add("GET", "/shared-links")
def list_links(call: Call) -> Response:
    own = [link for link in call.state.shared_links.values() if link.owner_id == call.user.id]
    return json_response([_link_json(call, link, is_listing=True) for link in own])


@ROUTES.add("GET", "/shared-links/{id}")
def get_link(call: Call) -> Response:
    link = call.state.shared_links.get(call.path["id"])
    if link is None or link.owner_id != call.user.id:
        raise bad_request("Shared link not found")
    return json_response(_link_json(call, link))


@ROUTES.add("POST", "/shared-links")
def create_link(call: Call) -> Response:
    body = call.body(
        {
            "type": choice("INDIVIDUAL", required=True),
            "assetIds": list_of(uuid(), required=True, minimum_items=1),
            "description": string(null_in=BOTH),
        }
    )
    owned_assets(call, body["assetIds"], "asset.share")
    link = SharedLink(
        call.state.new_id(),
        call.user.id,
        call.state.random.randbytes(50),
        body.get("description"),
        call.now,
        list(body["assetIds"]),
    )
    call.state.shared_links[link.id] = link
    return json_response(_link_json(call, link), 201)
