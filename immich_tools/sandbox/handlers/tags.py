"""/tags: hierarchical names, per-id results, bulk tagging."""

from immich_tools.sandbox import sidecars
from immich_tools.sandbox.access import owned_tag, owns_asset, per_id
from immich_tools.sandbox.context import Call
from immich_tools.sandbox.create import new_tag
from immich_tools.sandbox.entities import Asset
from immich_tools.sandbox.exchange import NO_CONTENT, Response, json_response
from immich_tools.sandbox.extraction import queue_sidecar_write
from immich_tools.sandbox.present import tag_json
from immich_tools.sandbox.refusals import bad_request, no_access
from immich_tools.sandbox.router import RouteTable
from immich_tools.sandbox.validation import BOTH, IDS, ONLY_V2, list_of, string, uuid

ROUTES = RouteTable()


@ROUTES.add("GET", "/tags")
def list_tags(call: Call) -> Response:
    own = [tag for tag in call.state.tags.values() if tag.owner_id == call.user.id]
    return json_response([tag_json(tag) for tag in sorted(own, key=lambda tag: tag.value)])


@ROUTES.add("GET", "/tags/{id}")
def get_tag(call: Call) -> Response:
    return json_response(tag_json(owned_tag(call, call.path["id"], "tag.read")))


@ROUTES.add("POST", "/tags")
def create_tag(call: Call) -> Response:
    """Immich 3.1.0 accepts an empty name (201); 2.3.1 does not (400). Slashes around the name are trimmed, blanks are not."""
    fields = {
        "name": string(required=True, not_empty_in=ONLY_V2),
        "parentId": uuid(null_in=BOTH),
        "color": string(null_in=BOTH),
    }
    body = call.body(fields)
    value = body["name"].strip("/")
    if body.get("parentId"):
        parent = call.state.tags.get(body["parentId"])
        if parent is None or parent.owner_id != call.user.id:
            raise no_access("tag.read")
        value = f"{parent.value}/{value}"
    if any(tag.value == value and tag.owner_id == call.user.id for tag in call.state.tags.values()):
        raise bad_request("A tag with that name already exists")
    return json_response(tag_json(new_tag(call.state, call.user.id, value, color=body.get("color"))), 201)


@ROUTES.add("PUT", "/tags")
def upsert_tags(call: Call) -> Response:
    """Find or create tags by their full value. Immich 3.1.0 passes over empty values (200); 2.3.1 refuses them (400)."""
    body = call.body({"tags": list_of(string(not_empty_in=ONLY_V2), required=True)})
    tags = [new_tag(call.state, call.user.id, value) for value in (v.strip("/") for v in body["tags"]) if value]
    return json_response([tag_json(tag) for tag in dict.fromkeys(tags)])


@ROUTES.add("PUT", "/tags/{id}", has_patch_twin=True)
def update_tag(call: Call) -> Response:
    tag = owned_tag(call, call.path["id"], "tag.update")
    body = call.body({"color": string(null_in=BOTH)})
    tag.color = body.get("color", tag.color)
    tag.updated_at = call.now
    return json_response(tag_json(tag))


@ROUTES.add("DELETE", "/tags/{id}")
def delete_tag(call: Call) -> Response:
    call.state.remove_tag(owned_tag(call, call.path["id"], "tag.delete"))
    return NO_CONTENT


@ROUTES.add("PUT", "/tags/assets")
def bulk_tag_assets(call: Call) -> Response:
    """`count` is the number of new links; tags and assets that are not the caller's are passed over."""
    body = call.body({"tagIds": IDS, "assetIds": IDS})
    state = call.state
    tags = [tag for tag_id in body["tagIds"] if (tag := state.tags.get(tag_id)) and tag.owner_id == call.user.id]
    count = 0
    for asset in state.existing(body["assetIds"]):
        if owns_asset(call, asset):
            sidecars.remember(call.server, asset)
            new = sum(state.tag_asset(tag, asset.id) for tag in tags)
            if new:
                _tags_changed(call, asset)
            count += new
    return json_response({"count": count})


def _tags_changed(call: Call, asset: Asset) -> None:
    """Immich 3.1.0 locks the tags until a job has written them into the sidecar."""
    if call.is_v3:
        asset.exif_tags = sidecars.tags_of(call.server, asset)
        asset.locked.add("tags")
    queue_sidecar_write(call.server, asset, tags=True)


@ROUTES.add("PUT", "/tags/{id}/assets")
def tag_assets(call: Call) -> Response:
    tag = owned_tag(call, call.path["id"], "tag.asset")
    results = []
    for asset_id in call.body({"ids": IDS})["ids"]:
        asset = call.state.assets.get(asset_id)
        if asset_id in tag.asset_ids:
            results.append(per_id(asset_id, "duplicate"))
        elif asset is None or not owns_asset(call, asset):
            results.append(per_id(asset_id, "no_permission"))
        else:
            sidecars.remember(call.server, asset)
            call.state.tag_asset(tag, asset_id)
            _tags_changed(call, asset)
            results.append(per_id(asset_id))
    return json_response(results)


@ROUTES.add("DELETE", "/tags/{id}/assets")
def untag_assets(call: Call) -> Response:
    tag = owned_tag(call, call.path["id"], "tag.asset")
    results = []
    for asset_id in call.body({"ids": IDS})["ids"]:
        if asset_id in tag.asset_ids:
            asset = call.state.assets[asset_id]
            sidecars.remember(call.server, asset)
            call.state.untag_asset(tag, asset_id)
            _tags_changed(call, asset)
            results.append(per_id(asset_id))
        else:
            results.append(per_id(asset_id, "not_found"))
    return json_response(results)
