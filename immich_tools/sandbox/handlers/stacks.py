"""/stacks."""

from immich_tools.sandbox.access import owned_assets
from immich_tools.sandbox.context import Call
from immich_tools.sandbox.entities import Asset, Stack
from immich_tools.sandbox.exchange import NO_CONTENT, Response, json_response
from immich_tools.sandbox.present import stack_json
from immich_tools.sandbox.refusals import bad_request, no_access
from immich_tools.sandbox.router import RouteTable
from immich_tools.sandbox.validation import IDS, list_of, uuid

ROUTES = RouteTable()


def _own_stack(call: Call, stack_id: str, permission: str) -> Stack:
    stack = call.state.stacks.get(stack_id)
    if stack is None or stack.owner_id != call.user.id:
        raise no_access(permission)
    return stack


@ROUTES.add("GET", "/stacks")
def list_stacks(call: Call) -> Response:
    wanted = call.query({"primaryAssetId": uuid()}).get("primaryAssetId")
    own = [stack for stack in call.state.stacks.values() if stack.owner_id == call.user.id]
    return json_response([stack_json(call.server, s) for s in own if wanted in (None, s.primary_asset_id)])


@ROUTES.add("POST", "/stacks")
def create_stack(call: Call) -> Response:
    """The first asset is the primary. Assets that are stacked already bring the rest of their stack along."""
    ids = call.body({"assetIds": list_of(uuid(), required=True, minimum_items=2)})["assetIds"]
    assets = owned_assets(call, ids, "asset.update")
    members: dict[str, Asset] = {asset.id: asset for asset in assets}
    for asset in assets:
        former = call.state.stacks.get(asset.stack_id or "")
        if former is not None:
            members.update({other.id: other for other in call.state.existing(former.asset_ids)})
            call.state.dissolve_stack(former)
    stack = Stack(call.state.new_id(), call.user.id, assets[0].id, list(members))
    call.state.stacks[stack.id] = stack
    for asset in members.values():
        asset.stack_id = stack.id
        call.state.touch(asset)
    return json_response(stack_json(call.server, stack), 201)


@ROUTES.add("GET", "/stacks/{id}")
def get_stack(call: Call) -> Response:
    return json_response(stack_json(call.server, _own_stack(call, call.path["id"], "stack.read")))


@ROUTES.add("PUT", "/stacks/{id}", has_patch_twin=True)
def update_stack(call: Call) -> Response:
    body = call.body({"primaryAssetId": uuid()})
    stack = _own_stack(call, call.path["id"], "stack.update")
    primary = body.get("primaryAssetId", stack.primary_asset_id)
    if primary not in stack.asset_ids:
        raise bad_request("Primary asset must be in the stack")
    stack.primary_asset_id = primary
    return json_response(stack_json(call.server, stack))


@ROUTES.add("DELETE", "/stacks/{id}")
def delete_stack(call: Call) -> Response:
    call.state.dissolve_stack(_own_stack(call, call.path["id"], "stack.delete"))
    return NO_CONTENT


@ROUTES.add("DELETE", "/stacks")
def delete_stacks(call: Call) -> Response:
    stacks = [_own_stack(call, stack_id, "stack.delete") for stack_id in call.body({"ids": IDS})["ids"]]
    for stack in stacks:
        call.state.dissolve_stack(stack)
    return NO_CONTENT


@ROUTES.add("DELETE", "/stacks/{id}/assets/{assetId}")
def remove_from_stack(call: Call) -> Response:
    stack = _own_stack(call, call.path["id"], "stack.update")
    asset_id = call.path["assetId"]
    if asset_id not in stack.asset_ids:
        raise bad_request("Asset not in stack")
    if asset_id == stack.primary_asset_id:
        raise bad_request("Cannot remove primary asset from stack")
    stack.asset_ids.remove(asset_id)
    call.state.assets[asset_id].stack_id = None
    if len(stack.asset_ids) < 2:
        call.state.dissolve_stack(stack)
    return NO_CONTENT
