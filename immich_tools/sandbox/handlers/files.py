"""Uploads, originals, thumbnails and archives."""

import io
import re
import zipfile
from typing import Final
from urllib.parse import quote

from attrs import evolve

from immich_tools.sandbox import create, moments, originals
from immich_tools.sandbox.access import AlbumUse, may_read_asset, readable_asset, usable_album
from immich_tools.sandbox.context import Call
from immich_tools.sandbox.dialect import Dialect
from immich_tools.sandbox.entities import Asset, Visibility
from immich_tools.sandbox.exchange import Request, Response, json_response
from immich_tools.sandbox.handlers.search import VISIBILITIES, read_checksum
from immich_tools.sandbox.ingest import Arrival, ingest
from immich_tools.sandbox.media import asset_type_of
from immich_tools.sandbox.multipart import parse_form
from immich_tools.sandbox.refusals import Refused, bad_request, internal_error, no_access
from immich_tools.sandbox.router import RouteTable
from immich_tools.sandbox.validation import Field, boolean, check_query, choice, date, integer, list_of, string, uuid

ROUTES = RouteTable()
_CACHE: Final = "private, max-age=86400, no-transform"
_CACHE_V3: Final = f"{_CACHE}, stale-while-revalidate=2592000, stale-if-error=2592000"
_LARGEST_ARCHIVE: Final = 4 * 1024**3


def _form_fields(dialect: Dialect) -> dict[str, Field]:
    """Immich 2.3.1 demands deviceAssetId and deviceId; 3.1.0 ignores them and takes the duration in milliseconds."""
    fields: dict[str, Field] = {
        "fileCreatedAt": date(required=True),
        "fileModifiedAt": date(required=True),
        "isFavorite": boolean(),
        "livePhotoVideoId": uuid(),
        "visibility": choice(*VISIBILITIES),
        "filename": string(),
    }
    if dialect is Dialect.V3:
        return {**fields, "duration": integer(lowest=0)}
    return {"deviceAssetId": string(required=True), "deviceId": string(required=True), **fields, "duration": string()}


@ROUTES.add("POST", "/assets")
def upload(call: Call) -> Response:
    """201 for a new asset, 200 with `duplicate` for a file that the user has already, in the trash or not (both versions)."""
    form = parse_form(call.request.headers.get("content-type", ""), call.request.body)
    sent = form.files.get("assetData")
    fields = check_query(call.dialect, _form_fields(call.dialect), form.fields)
    if sent is None:
        raise bad_request("File is required")
    checksum = create.sha1(sent.content)
    announced = call.request.headers.get("x-immich-checksum")
    known = call.state.assets_by_checksum.get((call.user.id, None, read_checksum(announced) if announced else checksum))
    if known is not None:
        return json_response({"id": known, "status": "duplicate"})
    name = fields.get("filename") or sent.name
    if asset_type_of(name).value == "OTHER":
        raise bad_request(f"Unsupported file type {name}")
    sidecar = form.files.get("sidecarData")
    asset = ingest(
        call.server,
        Arrival(
            owner_id=call.user.id,
            file_name=name,
            content=sent.content,
            file_created_at=fields["fileCreatedAt"],
            file_modified_at=fields["fileModifiedAt"],
            sidecar=sidecar.content if sidecar else None,
            duration_milliseconds=_duration(fields.get("duration")),
        ),
    )
    asset.device_asset_id = fields.get("deviceAssetId", asset.device_asset_id)
    asset.device_id = fields.get("deviceId", asset.device_id)
    asset.is_favorite = fields.get("isFavorite", False)
    asset.visibility = Visibility(fields.get("visibility", "timeline"))
    if "livePhotoVideoId" in fields:
        _attach_motion_video(call, asset, fields["livePhotoVideoId"])
    return json_response({"id": asset.id, "status": "created"}, 201)


def _duration(value: object) -> int | None:
    if isinstance(value, int):
        return value
    match = re.match(r"(\d+):(\d{2}):(\d{2})(?:\.(\d{1,3}))?", str(value or ""))
    if match is None:
        return None
    hours, minutes, seconds = (int(part) for part in match.groups()[:3])
    return ((hours * 60 + minutes) * 60 + seconds) * 1000 + int((match.group(4) or "0").ljust(3, "0"))


def _attach_motion_video(call: Call, still: Asset, video_id: str) -> None:
    video = call.state.assets.get(video_id)
    if video is None or video.owner_id != call.user.id:
        raise bad_request("Live photo video not found")
    video.visibility = Visibility.HIDDEN
    still.live_photo_video_id = video_id
    for album_id in list(call.state.albums_of_asset.get(video_id, ())):
        call.state.remove_from_album(call.state.albums[album_id], video_id)


@ROUTES.add("GET", "/assets/{id}/original")
def download_original(call: Call) -> Response:
    """An unknown id is 400 in Immich 2.3.1 and 404 in 3.1.0. A file that is gone from the disk is a 500. Immich 3.1.0 also sends
    what its editor made of a picture."""
    asset = call.state.assets.get(call.path["id"])
    if asset is None or not may_read_asset(call, asset):
        raise Refused(404, "Not Found") if call.is_v3 else no_access("asset.download")
    if call.is_v3 and call.query({"edited": boolean()}).get("edited") and asset.edited is not None:
        return _send(call, evolve(asset, content=asset.edited, file=None), "image/jpeg")
    if asset.content is None and asset.file is None:
        raise Refused(404, "Asset media not found")
    if asset.file is not None and not asset.file.is_file():
        raise internal_error()
    return _send(call, asset, asset.mime_type)


def _send(call: Call, asset: Asset, mime_type: str) -> Response:
    size = len(asset.content) if asset.content is not None else asset.file.stat().st_size if asset.file else 0
    headers = {
        "content-type": mime_type,
        "content-disposition": f"inline; filename*=UTF-8''{quote(asset.original_file_name)}",
        "cache-control": _CACHE_V3 if call.is_v3 else _CACHE,
        "accept-ranges": "bytes",
        "etag": f'W/"{size:x}-{asset.checksum.hex()[:12]}"',
        "last-modified": moments.http_date(asset.file_modified_at),
    }
    asked = _asked_range(call.request, size)
    if asked is None:
        return Response(200, headers, asset.content or b"", asset.file)
    start, stop = asked
    if start >= size:
        return Response(416, {**headers, "content-range": f"bytes */{size}"})
    headers["content-range"] = f"bytes {start}-{stop - 1}/{size}"
    return Response(206, headers, (asset.content or b"")[start:stop], asset.file, (start, stop))


def _asked_range(request: Request, size: int) -> tuple[int, int] | None:
    match = re.match(r"bytes=(\d*)-(\d*)$", request.headers.get("range", ""))
    if match is None or match.groups() == ("", ""):
        return None
    first, last = match.groups()
    if not first:
        return max(0, size - int(last)), size
    return int(first), min(size, int(last) + 1) if last else size


@ROUTES.add("GET", "/assets/{id}/thumbnail")
def get_thumbnail(call: Call) -> Response:
    """A WebP thumbnail by default, `preview` a JPEG, `fullsize` the original; Immich 3.1.0 adds `original`."""
    sizes = ("original", "fullsize", "preview", "thumbnail") if call.is_v3 else ("fullsize", "preview", "thumbnail")
    size = call.query({"size": choice(*sizes)}).get("size", "thumbnail")
    asset = readable_asset(call, call.path["id"], "asset.view")
    if size in ("fullsize", "original") and (asset.content is not None or asset.file is not None):
        return _send(call, asset, asset.mime_type)
    made = originals.thumbnail(asset, is_preview=size == "preview")
    if made is None:
        raise Refused(404, "Asset media not found")
    content, mime_type = made
    return Response(200, {"content-type": mime_type, "cache-control": _CACHE_V3 if call.is_v3 else _CACHE}, content)


@ROUTES.add("GET", "/assets/{id}/video/playback")
def play_video(call: Call) -> Response:
    asset = readable_asset(call, call.path["id"], "asset.view")
    if asset.content is None and asset.file is None:
        raise Refused(404, "Asset media not found")
    return _send(call, asset, asset.mime_type)


@ROUTES.add("POST", "/download/info")
def download_info(call: Call) -> Response:
    """How the assets would be split into archives; motion videos come along with their stills."""
    fields = {"assetIds": list_of(uuid()), "albumId": uuid(), "userId": uuid(), "archiveSize": integer(lowest=1)}
    body = call.body(fields)
    if "assetIds" in body:
        assets = [readable_asset(call, asset_id, "asset.download") for asset_id in body["assetIds"]]
    elif "albumId" in body:
        album = usable_album(call, body["albumId"], AlbumUse.READ, "album.download")
        assets = [a for a in call.state.existing(album.asset_ids) if a.deleted_at is None]
    elif body.get("userId") == call.user.id:
        assets = [a for a in call.state.assets_of(call.user.id) if a.deleted_at is None]
    else:
        raise bad_request("assetIds, albumId, or userId is required")
    videos = call.state.existing(a.live_photo_video_id for a in assets if a.live_photo_video_id)
    limit = body.get("archiveSize", _LARGEST_ARCHIVE)
    archives: list[tuple[int, list[str]]] = []
    for asset in [*assets, *videos]:
        size = asset.exif.file_size or 0
        if not archives or archives[-1][0] + size > limit:
            archives.append((0, []))
        archives[-1] = (archives[-1][0] + size, [*archives[-1][1], asset.id])
    listed = [{"size": size, "assetIds": ids} for size, ids in archives]
    return json_response({"totalSize": sum(size for size, _ in archives), "archives": listed}, 201)


@ROUTES.add("POST", "/download/archive")
def download_archive(call: Call) -> Response:
    """A ZIP file; files of the same name get a number."""
    ids = call.body({"assetIds": list_of(uuid(), required=True)})["assetIds"]
    assets = [readable_asset(call, asset_id, "asset.download") for asset_id in ids]
    out, used = io.BytesIO(), dict[str, int]()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_STORED) as archive:
        for asset in assets:
            name = asset.original_file_name
            count = used[name] = used.get(name, -1) + 1
            stem, dot, suffix = name.rpartition(".")
            archive.writestr(f"{stem}+{count}{dot}{suffix}" if count else name, originals.read(asset) or b"")
    return Response(200, {"content-type": "application/octet-stream"}, out.getvalue())
