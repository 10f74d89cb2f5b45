"""/server/* and /system-config: facts about the server itself."""

from immich_tools.sandbox.context import Call
from immich_tools.sandbox.entities import AssetType, Visibility
from immich_tools.sandbox.exchange import Response, json_response
from immich_tools.sandbox.media import IMAGE_SUFFIXES, SIDECAR_SUFFIXES, VIDEO_SUFFIXES
from immich_tools.sandbox.router import RouteTable
from immich_tools.sandbox.validation import ONLY_V2, boolean, integer, record

ROUTES = RouteTable()
V3_ONLY_VIDEO_SUFFIXES = (".mxf", ".ts")
V3_ONLY_IMAGE_SUFFIXES = (".mpo",)


@ROUTES.add("GET", "/server/ping", is_public=True)
def ping(call: Call) -> Response:
    return json_response({"res": "pong"})


@ROUTES.add("GET", "/server/version", is_public=True)
def version(call: Call) -> Response:
    released = call.dialect.version
    body: dict[str, object] = {"major": released.major, "minor": released.minor, "patch": released.patch}
    if call.is_v3:
        body["prerelease"] = None
    return json_response(body)


@ROUTES.add("GET", "/server/about")
def about(call: Call) -> Response:
    released = f"v{call.dialect.version}"
    return json_response(
        {
            "version": released,
            "versionUrl": f"https://github.com/immich-app/immich/releases/tag/{released}",
            "licensed": False,
            "nodejs": "v24.0.0",
            "exiftool": "13.0",
            "ffmpeg": "5.1",
            "libvips": "8.17.0",
            "imagemagick": "",
        }
    )


@ROUTES.add("GET", "/server/features", is_public=True)
def features(call: Call) -> Response:
    """No machine learning, hence no smart search and no duplicates found by the server itself."""
    body = {
        "smartSearch": False,
        "facialRecognition": call.server.facial_recognition,
        "duplicateDetection": False,
        "map": True,
        "reverseGeocoding": True,
        "importFaces": False,
        "sidecar": True,
        "search": True,
        "trash": call.server.trash,
        "oauth": False,
        "oauthAutoLaunch": False,
        "ocr": False,
        "passwordLogin": True,
        "configFile": False,
        "email": False,
    }
    if call.is_v3:
        body["realtimeTranscoding"] = False
    return json_response(body)


@ROUTES.add("GET", "/server/config", is_public=True)
def config(call: Call) -> Response:
    body: dict[str, object] = {
        "loginPageMessage": "",
        "trashDays": call.server.trash_days,
        "userDeleteDelay": 7,
        "oauthButtonText": "Login with OAuth",
        "isInitialized": True,
        "isOnboarded": True,
        "externalDomain": "",
        "publicUsers": True,
        "mapDarkStyleUrl": "https://tiles.immich.cloud/v1/style/dark.json",
        "mapLightStyleUrl": "https://tiles.immich.cloud/v1/style/light.json",
        "maintenanceMode": False,
    }
    if call.is_v3:
        body["minFaces"] = 3
    return json_response(body)


@ROUTES.add("GET", "/server/theme", is_public=True, dialects=ONLY_V2)
def theme(call: Call) -> Response:
    return json_response({"customCss": ""})


@ROUTES.add("GET", "/server/media-types", is_public=True)
def media_types(call: Call) -> Response:
    more_videos = V3_ONLY_VIDEO_SUFFIXES if call.is_v3 else ()
    more_images = V3_ONLY_IMAGE_SUFFIXES if call.is_v3 else ()
    return json_response(
        {
            "video": sorted((*VIDEO_SUFFIXES, *more_videos)),
            "image": sorted((*IMAGE_SUFFIXES, *more_images)),
            "sidecar": list(SIDECAR_SUFFIXES),
        }
    )


@ROUTES.add("GET", "/server/storage")
def storage(call: Call) -> Response:
    used = sum(asset.exif.file_size or 0 for asset in call.state.assets.values() if asset.library_id is None)
    size = 1 << 40
    return json_response(
        {
            "diskSize": "1.0 TiB",
            "diskUse": f"{used / (1 << 30):.1f} GiB",
            "diskAvailable": f"{(size - used) / (1 << 30):.1f} GiB",
            "diskSizeRaw": size,
            "diskUseRaw": used,
            "diskAvailableRaw": size - used,
            "diskUsagePercentage": round(100 * used / size, 2),
        }
    )


@ROUTES.add("GET", "/server/statistics")
def statistics(call: Call) -> Response:
    """Photos and videos that are neither in the trash nor hidden; the bytes are those of uploads only."""
    by_user = []
    for user in call.state.users.values():
        photos = videos = photo_bytes = video_bytes = 0
        for asset in call.state.assets_of(user.id):
            size = (asset.exif.file_size or 0) if asset.library_id is None else 0
            is_counted = asset.deleted_at is None and asset.visibility is not Visibility.HIDDEN
            if asset.type is AssetType.IMAGE:
                photos, photo_bytes = photos + is_counted, photo_bytes + size
            elif asset.type is AssetType.VIDEO:
                videos, video_bytes = videos + is_counted, video_bytes + size
        by_user.append(
            {
                "userId": user.id,
                "userName": user.name,
                "photos": photos,
                "videos": videos,
                "usage": photo_bytes + video_bytes,
                "usagePhotos": photo_bytes,
                "usageVideos": video_bytes,
                "quotaSizeInBytes": None,
            }
        )
    totals = {
        name: sum(int(str(entry[name])) for entry in by_user)
        for name in ("photos", "videos", "usage", "usagePhotos", "usageVideos")
    }
    return json_response({**totals, "usageByUser": by_user})


@ROUTES.add("GET", "/system-config")
def get_system_config(call: Call) -> Response:
    """Only the part that the sandbox obeys: the trash."""
    return json_response({"trash": {"enabled": call.server.trash, "days": call.server.trash_days}})


@ROUTES.add("PUT", "/system-config")
def update_system_config(call: Call) -> Response:
    trash = record({"enabled": boolean(required=True), "days": integer(required=True, lowest=0)}, required=True)
    wanted = call.body({"trash": trash})["trash"]
    call.server.trash, call.server.trash_days = wanted["enabled"], wanted["days"]
    return get_system_config(call)
