"""/assets: reading and changing single assets and batches."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any, Final

from immich_tools.sandbox import moments, sidecars
from immich_tools.sandbox.access import owned_assets, readable_asset
from immich_tools.sandbox.context import Call, Server
from immich_tools.sandbox.entities import Asset, AssetType, Visibility
from immich_tools.sandbox.exchange import NO_CONTENT, Response, json_response
from immich_tools.sandbox.extraction import queue_extraction, queue_sidecar_write
from immich_tools.sandbox.handlers.search import VISIBILITIES, read_checksum
from immich_tools.sandbox.present import SINGLE, UPDATED, asset_json
from immich_tools.sandbox.refusals import Refused, bad_request, internal_error
from immich_tools.sandbox.router import RouteTable
from immich_tools.sandbox.validation import (
    BOTH,
    IDS,
    ONLY_V2,
    ONLY_V3,
    Field,
    boolean,
    choice,
    integer,
    list_of,
    number,
    record,
    string,
    uuid,
)
from immich_tools.sandbox.xmp import SidecarChange

ROUTES = RouteTable()

_UPDATE_FIELDS: Final[dict[str, Field]] = {
    "dateTimeOriginal": string(),
    "description": string(),
    "isFavorite": boolean(),
    "latitude": number(lowest=-90, highest=90),
    "longitude": number(lowest=-180, highest=180),
    "rating": integer(lowest=-1, highest=5, null_in=ONLY_V3),
    "visibility": choice(*VISIBILITIES),
}
_BULK_FIELDS: Final[dict[str, Field]] = {
    **_UPDATE_FIELDS,
    "ids": IDS,
    "dateTimeRelative": integer(),
    "timeZone": string(),
    "duplicateId": string(null_in=BOTH),
}
_SINGLE_FIELDS: Final[dict[str, Field]] = {**_UPDATE_FIELDS, "livePhotoVideoId": uuid(null_in=BOTH)}
_METADATA: Final = frozenset({"dateTimeOriginal", "description", "latitude", "longitude", "rating"})
_OTHER_COORDINATE: Final = {"latitude": "longitude", "longitude": "latitude"}
_RATING_RULE: Final = "Rating must be -1 (rejected), 1-5 (starred), or null"


def _checked_update(call: Call, fields: Mapping[str, Field]) -> dict[str, Any]:
    """Validate an update. Coordinates come together (both versions); Immich 3.1.0 refuses the rating 0."""
    body = call.body(fields)
    if call.is_v3 and body.get("rating") == 0:
        issue = {"code": "custom", "path": ["rating"], "message": _RATING_RULE}
        raise Refused(400, "Validation failed", issues=[issue])
    for given, other in _OTHER_COORDINATE.items():
        if given in body and other not in body:
            if call.is_v3:
                text = "Latitude and longitude must be provided together"
                raise Refused(400, "Validation failed", issues=[{"code": "custom", "path": [], "message": text}])
            raise Refused(400, [f"{other} should not be empty", f"{other} must be a {other} string or number"])
    if not call.is_v3 and "timeZone" in body and "dateTimeOriginal" in body:
        text = "timeZone cannot exist alongside any of the following properties: dateTimeOriginal"
        raise Refused(400, [text])
    if "dateTimeOriginal" in body and moments.parse(body["dateTimeOriginal"]) is None:
        # Immich 3.1.0 accepts the text and fails when it writes it; nothing of the request is applied.
        if call.is_v3:
            raise internal_error("Failed to update asset(s)")
        raise Refused(400, ["dateTimeOriginal must be a valid ISO 8601 date string"])
    return body


def _write_exif(call: Call, asset: Asset, body: Mapping[str, Any]) -> SidecarChange:
    """Write what belongs to the metadata, and nothing that follows from it: the job does that. Returns what Immich 2.3.1 gives
    to the job; Immich 3.1.0 locks the fields until the job has written them."""
    exif, date = asset.exif, _write_date(call, asset, body)
    place = None
    if "latitude" in body:
        place = exif.latitude, exif.longitude = body["latitude"], body["longitude"]
    exif.description = body.get("description", exif.description)
    exif.rating = body.get("rating", exif.rating)
    if call.is_v3:
        asset.locked |= body.keys() & {"description", "rating", "latitude", "longitude"}
    return SidecarChange(body.get("description"), body.get("rating"), date, place)


def _write_date(call: Call, asset: Asset, body: Mapping[str, Any]) -> str | None:
    """Immich 2.3.1 hands a date on as it was written; 3.1.0 keeps the offset as a zone. A zone alone, or a shift by minutes,
    starts from the moment that is known."""
    exif, zone = asset.exif, body.get("timeZone")
    text = body.get("dateTimeOriginal")
    if text is not None:
        parsed = moments.parse(text)
        assert parsed is not None
        exif.date_time_original, offset = parsed
        if call.is_v3:
            asset.locked.add("dateTimeOriginal")
            zone = zone or (None if offset is None else moments.zone_name(offset))
    is_shifted = bool(body.get("dateTimeRelative")) or zone is not None
    if not is_shifted:
        return text
    if exif.date_time_original is not None:
        exif.date_time_original += timedelta(minutes=body.get("dateTimeRelative", 0))
    exif.time_zone = zone or exif.time_zone
    if call.is_v3:
        asset.locked |= {"dateTimeOriginal", "timeZone"}
    return None if exif.date_time_original is None else moments.with_offset(exif.date_time_original, exif.time_zone)


def _write_row(call: Call, asset: Asset, body: Mapping[str, Any]) -> None:
    """Write what belongs to the asset itself: `updatedAt` moves at once, also when nothing is another value than before."""
    if not body.keys() & {"isFavorite", "visibility", "duplicateId", "livePhotoVideoId"}:
        return
    if "isFavorite" in body:
        asset.is_favorite = body["isFavorite"]
    if "visibility" in body:
        asset.visibility = Visibility(body["visibility"])
        if asset.visibility is Visibility.LOCKED:
            for album_id in list(call.state.albums_of_asset.get(asset.id, ())):
                call.state.remove_from_album(call.state.albums[album_id], asset.id)
    if "duplicateId" in body:
        call.state.set_duplicate(asset, body["duplicateId"])
    call.state.touch(asset)


@ROUTES.add("PUT", "/assets", has_patch_twin=True)
def update_assets(call: Call) -> Response:
    """All or nothing: one unknown, foreign or locked id refuses the call (both versions). The metadata are read again whatever
    was written."""
    body = _checked_update(call, _BULK_FIELDS)
    for asset in owned_assets(call, body["ids"], "asset.update"):
        sidecars.remember(call.server, asset)
        queue_sidecar_write(call.server, asset, _write_exif(call, asset, body))
        _write_row(call, asset, body)
    return NO_CONTENT


@ROUTES.add("PUT", "/assets/{id}", has_patch_twin=True)
def update_asset(call: Call) -> Response:
    """The metadata are read again only when some of them were written (both versions)."""
    body = _checked_update(call, _SINGLE_FIELDS)
    (asset,) = owned_assets(call, [call.path["id"]], "asset.update")
    if "livePhotoVideoId" in body:
        _link_motion_video(call, asset, body["livePhotoVideoId"])
    sidecars.remember(call.server, asset)
    if body.keys() & _METADATA:
        queue_sidecar_write(call.server, asset, _write_exif(call, asset, body))
    _write_row(call, asset, body)
    return json_response(asset_json(call.server, asset, UPDATED))


def _link_motion_video(call: Call, still: Asset, video_id: str | None) -> None:
    """Linking hides the video and takes it out of its albums; unlinking shows it again."""
    former = call.state.assets.get(still.live_photo_video_id or "")
    if former is not None and video_id is None:
        former.visibility = still.visibility
        call.state.touch(former)
    if video_id is not None:
        video = call.state.assets.get(video_id)
        if video is None:
            raise bad_request("Live photo video not found")
        if video.type is not AssetType.VIDEO:
            raise bad_request("Live photo video must be a video")
        if video.owner_id != still.owner_id:
            raise bad_request("Live photo video does not belong to the user")
        if video.visibility is not Visibility.HIDDEN:
            video.visibility = Visibility.HIDDEN
            call.state.touch(video)
        for album_id in list(call.state.albums_of_asset.get(video.id, ())):
            call.state.remove_from_album(call.state.albums[album_id], video.id)
    still.live_photo_video_id = video_id


@ROUTES.add("GET", "/assets/{id}")
def get_asset(call: Call) -> Response:
    return json_response(asset_json(call.server, readable_asset(call, call.path["id"]), SINGLE))


@ROUTES.add("GET", "/assets/statistics")
def asset_statistics(call: Call) -> Response:
    """Own images and videos; without `visibility` those of the timeline and the archive."""
    wanted = call.query({"isFavorite": boolean(), "isTrashed": boolean(), "visibility": choice(*VISIBILITIES)})
    if wanted.get("visibility") == Visibility.LOCKED:
        raise Refused(401, "Elevated permission is required")
    shown = {Visibility(wanted["visibility"])} if "visibility" in wanted else {Visibility.TIMELINE, Visibility.ARCHIVE}
    counts = {AssetType.IMAGE: 0, AssetType.VIDEO: 0}
    for asset in call.state.assets_of(call.user.id):
        is_right = asset.visibility in shown and (asset.deleted_at is not None) == wanted.get("isTrashed", False)
        if is_right and wanted.get("isFavorite", asset.is_favorite) == asset.is_favorite and asset.type in counts:
            counts[asset.type] += 1
    images, videos = counts[AssetType.IMAGE], counts[AssetType.VIDEO]
    return json_response({"images": images, "videos": videos, "total": images + videos})


@ROUTES.add("PUT", "/assets/copy")
def copy_asset(call: Call) -> Response:
    """Copies albums, favourite, stack and sidecar from one asset to another; favourite and sidecar are overwritten, not
    merged. Tags, faces and EXIF are not copied (both versions)."""
    names = ("albums", "sharedLinks", "favorite", "stack", "sidecar")
    fields = {"sourceId": uuid(required=True), "targetId": uuid(required=True), **dict.fromkeys(names, boolean())}
    body = call.body(fields)
    source, target = owned_assets(call, [body["sourceId"], body["targetId"]], "asset.copy")
    state = call.state
    if body.get("albums", True):
        for album_id in state.albums_of_asset.get(source.id, set()).copy():
            state.add_to_album(state.albums[album_id], target.id)
    if body.get("favorite", True):
        target.is_favorite = source.is_favorite
    if body.get("sidecar", True):
        _copy_sidecar(call.server, source, target)
    if body.get("stack", True) and source.stack_id is not None and target.stack_id is None:
        state.stacks[source.stack_id].asset_ids.append(target.id)
        target.stack_id = source.stack_id
    state.touch(target)
    return NO_CONTENT


def _copy_sidecar(server: Server, source: Asset, target: Asset) -> None:
    for asset in (source, target):
        sidecars.remember(server, asset)
    content = sidecars.read(server, source)
    if content is not None:
        sidecars.replace(server, target, content)
        queue_extraction(server, target)


@ROUTES.add("POST", "/assets/bulk-upload-check")
def bulk_upload_check(call: Call) -> Response:
    """Which files the server already has, by checksum (hexadecimal or base64)."""
    entry = record({"id": string(required=True), "checksum": string(required=True)})
    results = []
    for item in call.body({"assets": list_of(entry, required=True)})["assets"]:
        known = call.state.assets_by_checksum.get((call.user.id, None, read_checksum(item["checksum"])))
        if known is None:
            results.append({"id": item["id"], "action": "accept"})
        else:
            is_trashed = call.state.assets[known].deleted_at is not None
            results.append(
                {
                    "id": item["id"],
                    "action": "reject",
                    "reason": "duplicate",
                    "assetId": known,
                    "isTrashed": is_trashed,
                }
            )
    return json_response({"results": results})


@ROUTES.add("POST", "/assets/exist", dialects=ONLY_V2)
def check_existing(call: Call) -> Response:
    body = call.body({"deviceAssetIds": list_of(string(), required=True), "deviceId": string(required=True)})
    known = {a.device_asset_id for a in call.state.assets_of(call.user.id) if a.device_id == body["deviceId"]}
    return json_response({"existingIds": [name for name in body["deviceAssetIds"] if name in known]})


@ROUTES.add("GET", "/assets/device/{deviceId}", dialects=ONLY_V2, plain=["deviceId"])
def list_of_device(call: Call) -> Response:
    own = call.state.assets_of(call.user.id)
    return json_response([a.device_asset_id for a in own if a.device_id == call.path["deviceId"]])


@ROUTES.add("POST", "/assets/jobs")
def run_asset_jobs(call: Call) -> Response:
    """Reading the metadata again is queued; the other jobs have nothing to do here."""
    names = ("refresh-faces", "refresh-metadata", "regenerate-thumbnail", "transcode-video")
    body = call.body({"assetIds": IDS, "name": choice(*names, required=True)})
    for asset in owned_assets(call, body["assetIds"], "asset.update"):
        if body["name"] == "refresh-metadata":
            queue_extraction(call.server, asset)
    return NO_CONTENT
