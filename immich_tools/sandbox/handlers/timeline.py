"""/timeline: counts per month and the assets of one month, column by column."""

import re
from collections import Counter
from collections.abc import Callable
from typing import Any, Final

from immich_tools.sandbox.access import AlbumUse, is_partner_of, usable_album
from immich_tools.sandbox.context import Call
from immich_tools.sandbox.entities import Asset, AssetType, Visibility
from immich_tools.sandbox.exchange import Response, json_response
from immich_tools.sandbox.handlers.search import VISIBILITIES
from immich_tools.sandbox.moments import milliseconds
from immich_tools.sandbox.refusals import Refused, bad_request, no_access
from immich_tools.sandbox.router import RouteTable
from immich_tools.sandbox.validation import Field, boolean, choice, string, uuid

ROUTES = RouteTable()
_FIELDS: Final[dict[str, Field]] = {
    "albumId": uuid(),
    "isFavorite": boolean(),
    "isTrashed": boolean(),
    "order": choice("asc", "desc"),
    "personId": uuid(),
    "tagId": uuid(),
    "userId": uuid(),
    "visibility": choice(*VISIBILITIES),
    "withPartners": boolean(),
    "withStacked": boolean(),
}


def _shown(call: Call, query: dict[str, Any]) -> list[Asset]:
    """The assets of the timeline. Without `visibility` those of the timeline and the archive; partners only on demand."""
    wanted = query.get("visibility")
    if wanted == Visibility.LOCKED:
        raise Refused(401, "Elevated permission is required")
    user_id = query.get("userId", call.user.id)
    if user_id != call.user.id and not is_partner_of(call, user_id):
        raise no_access("timeline.read")
    owners = {user_id}
    if query.get("withPartners"):
        if wanted != Visibility.TIMELINE or query.get("isFavorite") or query.get("isTrashed"):
            raise bad_request("withPartners is only supported for non-archived, non-trashed, non-favorited assets")
        owners.update(call.state.timeline_partners_of(call.user.id))
    visibilities = {Visibility(wanted)} if wanted else {Visibility.TIMELINE, Visibility.ARCHIVE}
    is_trashed = query.get("isTrashed", False)
    tests: list[Callable[[Asset], bool]] = [
        lambda asset: asset.visibility in visibilities,
        lambda asset: (asset.deleted_at is not None) == is_trashed,
    ]
    if "albumId" in query:
        members = usable_album(call, query["albumId"], AlbumUse.READ, "album.read").asset_ids
        tests.append(lambda asset: asset.id in members)
    else:
        tests.append(lambda asset: asset.owner_id in owners)
    if "isFavorite" in query:
        tests.append(lambda asset: asset.is_favorite == query["isFavorite"])
    if "tagId" in query:
        tagged = set().union(*(tag.asset_ids for tag in call.state.tag_with_descendants(query["tagId"])))
        tests.append(lambda asset: asset.id in tagged)
    if "personId" in query:
        of_person = {face.asset_id for face in call.state.faces.values() if face.person_id == query["personId"]}
        tests.append(lambda asset: asset.id in of_person)
    if query.get("withStacked"):
        stacks = call.state.stacks
        tests.append(lambda asset: asset.stack_id is None or stacks[asset.stack_id].primary_asset_id == asset.id)
    assets = iter(call.state.assets.values())
    for test in tests:
        assets = filter(test, assets)
    return list(assets)


def _month(asset: Asset) -> tuple[int, int]:
    return asset.local_date_time.year, asset.local_date_time.month


@ROUTES.add("GET", "/timeline/buckets")
def list_buckets(call: Call) -> Response:
    query = call.query(_FIELDS)
    counts = Counter(_month(asset) for asset in _shown(call, query))
    months = sorted(counts, reverse=query.get("order", "desc") == "desc")
    return json_response(
        [{"timeBucket": f"{month[0]:04d}-{month[1]:02d}-01", "count": counts[month]} for month in months]
    )


@ROUTES.add("GET", "/timeline/bucket")
def get_bucket(call: Call) -> Response:
    query = call.query({**_FIELDS, "timeBucket": string(required=True)})
    match = re.match(r"(\d{4})-(\d{2})-\d{2}", query["timeBucket"])
    month = (int(match[1]), int(match[2])) if match else None
    assets = [asset for asset in _shown(call, query) if _month(asset) == month]
    assets.sort(key=lambda a: (a.local_date_time, a.file_created_at), reverse=query.get("order", "desc") == "desc")
    columns: dict[str, list[object]] = {
        "city": [asset.exif.city for asset in assets],
        "country": [asset.exif.country for asset in assets],
        "duration": [_duration(call, asset) for asset in assets],
        "fileCreatedAt": [milliseconds(asset.file_created_at) for asset in assets],
        "id": [asset.id for asset in assets],
        "isFavorite": [asset.is_favorite for asset in assets],
        "isImage": [asset.type is AssetType.IMAGE for asset in assets],
        "isTrashed": [asset.deleted_at is not None for asset in assets],
        "livePhotoVideoId": [asset.live_photo_video_id for asset in assets],
        "localOffsetHours": [
            (asset.local_date_time - asset.file_created_at).total_seconds() / 3600 for asset in assets
        ],
        "ownerId": [asset.owner_id for asset in assets],
        "projectionType": [asset.exif.projection_type for asset in assets],
        "ratio": [(asset.exif.width or 1) / (asset.exif.height or 1) for asset in assets],
        "thumbhash": [asset.thumbhash for asset in assets],
        "visibility": [asset.visibility.value for asset in assets],
    }
    if call.is_v3:
        columns["createdAt"] = [milliseconds(asset.created_at) for asset in assets]
    return json_response(columns)


def _duration(call: Call, asset: Asset) -> object:
    milliseconds_long = asset.duration_milliseconds
    if call.is_v3 or milliseconds_long is None:
        return milliseconds_long
    seconds, rest = divmod(milliseconds_long, 1000)
    return f"{seconds // 3600:02d}:{seconds // 60 % 60:02d}:{seconds % 60:02d}.{rest:03d}"
