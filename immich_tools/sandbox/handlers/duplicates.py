"""/duplicates: groups, dismissing them, and the resolving of Immich 3."""

from immich_tools.sandbox import sidecars
from immich_tools.sandbox.access import AlbumUse, may_use_album
from immich_tools.sandbox.context import Call
from immich_tools.sandbox.entities import Asset, Visibility
from immich_tools.sandbox.exchange import NO_CONTENT, Response, json_response
from immich_tools.sandbox.extraction import queue_sidecar_write
from immich_tools.sandbox.handlers.trash import move_to_trash, purge
from immich_tools.sandbox.present import AssetView, asset_json, exif_json
from immich_tools.sandbox.refusals import no_access
from immich_tools.sandbox.router import RouteTable
from immich_tools.sandbox.validation import IDS, ONLY_V3, list_of, record, uuid

ROUTES = RouteTable()
_VIEW_V2 = AssetView(exif=True, nested=True)
_VIEW_V3 = AssetView(exif=True, nested=True, tags=True)


def _is_candidate(call: Call, asset: Asset) -> bool:
    return asset.owner_id == call.user.id and _can_be_shown(asset)


def _can_be_shown(asset: Asset) -> bool:
    return (
        asset.deleted_at is None
        and asset.stack_id is None
        and asset.visibility in (Visibility.TIMELINE, Visibility.ARCHIVE)
    )


@ROUTES.add("GET", "/duplicates")
def list_duplicates(call: Call) -> Response:
    """Groups of own assets that are neither trashed, stacked, hidden nor locked, oldest member first (ties in any order).

    A group left with one such member disappears: Immich 2.3.1 clears the `duplicateId` of every asset that carries it, those
    in the trash included; 3.1.0 that member's."""
    state = call.state
    groups = []
    for duplicate_id in sorted(state.duplicate_groups):
        members = state.existing(list(state.duplicate_groups[duplicate_id]))
        candidates = [asset for asset in members if _is_candidate(call, asset)]
        if len(candidates) == 1:
            for asset in candidates if call.is_v3 else members:
                state.set_duplicate(asset, None)
                state.touch(asset)
        elif candidates:
            call.server.chance.shuffle(candidates)
            candidates.sort(key=lambda asset: asset.local_date_time)
            groups.append((duplicate_id, candidates))
    return json_response([_group_json(call, duplicate_id, assets) for duplicate_id, assets in groups])


def _group_json(call: Call, duplicate_id: str, assets: list[Asset]) -> dict[str, object]:
    view = _VIEW_V3 if call.is_v3 else _VIEW_V2
    group: dict[str, object] = {
        "duplicateId": duplicate_id,
        "assets": [asset_json(call.server, asset, view) for asset in assets],
    }
    if call.is_v3:
        group["suggestedKeepAssetIds"] = [max(reversed(assets), key=_suggestion_key).id]
    return group


def _suggestion_key(asset: Asset) -> tuple[int, int]:
    """The largest file, then the most filled metadata fields; the last of equals wins (all versions)."""
    filled = sum(bool(value) for value in exif_json(asset.exif).values())
    return (asset.exif.file_size or 0, filled)


@ROUTES.add("DELETE", "/duplicates/{id}")
def dismiss_group(call: Call) -> Response:
    return _dismiss(call, [call.path["id"]])


@ROUTES.add("DELETE", "/duplicates")
def dismiss_groups(call: Call) -> Response:
    return _dismiss(call, call.body({"ids": IDS})["ids"])


def _dismiss(call: Call, duplicate_ids: list[str]) -> Response:
    """Immich 2.3.1 dismisses what it knows and always answers 204; 3.1.0 refuses the whole call for one unknown group."""
    if call.is_v3:
        _require_groups(call, duplicate_ids)
    for duplicate_id in duplicate_ids:
        for asset in _own_members(call, duplicate_id):
            call.state.set_duplicate(asset, None)
            call.state.touch(asset)
    return NO_CONTENT


def _own_members(call: Call, duplicate_id: str) -> list[Asset]:
    members = call.state.existing(list(call.state.duplicate_groups.get(duplicate_id, ())))
    return [asset for asset in members if asset.owner_id == call.user.id]


def _require_groups(call: Call, duplicate_ids: list[str]) -> None:
    for duplicate_id in duplicate_ids:
        members = _own_members(call, duplicate_id)
        if not members or any(asset.id in call.server.faults.refused_ids for asset in members):
            raise no_access("duplicate.delete")


_GROUP = record({"duplicateId": uuid(required=True), "keepAssetIds": IDS, "trashAssetIds": IDS})


@ROUTES.add("POST", "/duplicates/resolve", dialects=ONLY_V3)
def resolve_groups(call: Call) -> Response:
    """Merge metadata into a single keeper and trash the rest, group by group; 400 for the whole call when one group is
    unknown or was resolved before. The members of all owners count, though the list of groups shows only one's own (Immich
    3.1.0)."""
    groups = call.body({"groups": list_of(_GROUP, required=True, minimum_items=1)})["groups"]
    _require_groups(call, [group["duplicateId"] for group in groups])
    return json_response([_resolve(call, **group) for group in groups])


def _resolve(call: Call, duplicateId: str, keepAssetIds: list[str], trashAssetIds: list[str]) -> dict[str, object]:
    everybodys = call.state.existing(list(call.state.duplicate_groups.get(duplicateId, ())))
    members = {asset.id: asset for asset in everybodys if _can_be_shown(asset)}
    if not members:
        return {"id": duplicateId, "success": False, "error": "not_found"}
    kept, trashed = set(keepAssetIds) & members.keys(), set(trashAssetIds) & members.keys()
    problem = None
    if kept & trashed:
        problem = "An asset cannot be in both keepAssetIds and trashAssetIds"
    elif kept | trashed != members.keys():
        problem = "Every asset must be in either keepAssetIds or trashAssetIds"
    if problem is not None:
        return {"id": duplicateId, "success": False, "error": "validation", "errorMessage": problem}
    if any(members[asset_id].owner_id != call.user.id for asset_id in trashed):
        problem = "No permission to delete assets"
        return {"id": duplicateId, "success": False, "error": "no_permission", "errorMessage": problem}
    if len(kept) == 1 and trashed:
        _merge(call, members[next(iter(kept))], list(members.values()))
    for asset in members.values():
        call.state.set_duplicate(asset, None)
        if asset.id in kept:
            call.state.touch(asset)
    for asset_id in trashed:
        if call.server.trash:
            move_to_trash(call, members[asset_id])
        else:
            purge(call.server, members[asset_id])
    return {"id": duplicateId, "success": True}


def _merge(call: Call, keeper: Asset, members: list[Asset]) -> None:
    """Immich 3.1.0: albums where the caller may add, favourite if any, highest rating, union of description lines, the
    strictest visibility, coordinates when all located members agree exactly, union of tags."""
    state = call.state
    for member in members:
        for album_id in state.albums_of_asset.get(member.id, set()).copy():
            if may_use_album(call, state.albums[album_id], AlbumUse.ADD_ASSETS):
                state.add_to_album(state.albums[album_id], keeper.id)
    sidecars.remember(call.server, keeper)
    tag_ids = dict.fromkeys(tag_id for member in members for tag_id in state.tags_of_asset.get(member.id, {}))
    for tag_id in tag_ids:
        state.tag_asset(state.tags[tag_id], keeper.id)
    written = {"tags"} if tag_ids else set()
    if tag_ids:
        keeper.exif_tags = sidecars.tags_of(call.server, keeper)
    keeper.is_favorite = any(member.is_favorite for member in members)
    ratings = [member.exif.rating for member in members if member.exif.rating and member.exif.rating > 0]
    if ratings:
        keeper.exif.rating = max(ratings)
        written.add("rating")
    lines = [line.strip() for member in members for line in member.exif.description.split("\n") if line.strip()]
    if lines:
        keeper.exif.description = "\n".join(dict.fromkeys(lines))
        written.add("description")
    if any(member.visibility is Visibility.ARCHIVE for member in members):
        keeper.visibility = Visibility.ARCHIVE
    places = {(m.exif.latitude, m.exif.longitude) for m in members if m.exif.latitude is not None}
    if len(places) == 1:
        keeper.exif.latitude, keeper.exif.longitude = places.pop()
        written |= {"latitude", "longitude"}
    keeper.locked |= written
    if written:
        queue_sidecar_write(call.server, keeper)
