"""/search/*: filters, paging and ordering with the defaults and traps of each version."""

import base64
import binascii
from collections.abc import Callable, Iterator
from datetime import datetime
from itertools import islice
from typing import Any, Final

from attrs import field, frozen

from immich_tools.sandbox.access import AlbumUse, usable_album
from immich_tools.sandbox.context import Call
from immich_tools.sandbox.dialect import Dialect
from immich_tools.sandbox.entities import Asset, AssetType, Visibility
from immich_tools.sandbox.exchange import Response, json_response
from immich_tools.sandbox.moments import cut_to_milliseconds
from immich_tools.sandbox.present import AssetView, asset_json, person_json
from immich_tools.sandbox.refusals import Refused, bad_request
from immich_tools.sandbox.router import RouteTable
from immich_tools.sandbox.validation import (
    BOTH,
    ONLY_V2,
    ONLY_V3,
    Field,
    boolean,
    choice,
    date,
    integer,
    list_of,
    string,
    uuid,
)

ROUTES = RouteTable()
Filter = Callable[[Asset], bool]

VISIBILITIES: Final = tuple(visibility.value for visibility in Visibility)
_TEXT: Final = string(null_in=BOTH)
FILTER_FIELDS: Final[dict[str, Field]] = {
    "albumIds": list_of(uuid()),
    "checksum": string(),
    "city": _TEXT,
    "country": _TEXT,
    "createdAfter": date(null_ignored_in=ONLY_V2),
    "createdBefore": date(null_ignored_in=ONLY_V2),
    "description": string(),
    "id": uuid(),
    "isEncoded": boolean(),
    "isFavorite": boolean(),
    "isMotion": boolean(),
    "isNotInAlbum": boolean(),
    "isOffline": boolean(),
    "lensModel": _TEXT,
    "libraryId": uuid(null_ignored_in=BOTH),
    "make": _TEXT,
    "model": _TEXT,
    "originalFileName": string(),
    "originalPath": string(not_empty_in=ONLY_V2),
    "personIds": list_of(uuid()),
    "rating": integer(lowest=1, lowest_by_dialect={Dialect.V2: -1}, highest=5, null_in=ONLY_V3),
    "state": _TEXT,
    "tagIds": list_of(uuid(), null_in=BOTH),
    "takenAfter": date(null_ignored_in=ONLY_V2),
    "takenBefore": date(null_ignored_in=ONLY_V2),
    "trashedAfter": date(null_ignored_in=ONLY_V2),
    "trashedBefore": date(null_ignored_in=ONLY_V2),
    "type": choice(*(kind.value for kind in AssetType)),
    "updatedAfter": date(null_ignored_in=ONLY_V2),
    "updatedBefore": date(null_ignored_in=ONLY_V2),
    "visibility": choice(*VISIBILITIES),
}
_ONLY_V2_FIELDS: Final[dict[str, Field]] = {"deviceId": string(), "deviceAssetId": string()}
_VIEW_FIELDS: Final[dict[str, Field]] = {
    "withDeleted": boolean(),
    "withExif": boolean(),
    "withPeople": boolean(),
    "withStacked": boolean(),
    "size": integer(lowest=1, highest=1000),
}
_PAGE_FIELDS: Final[dict[str, Field]] = {
    "page": integer(lowest=1),
    "order": choice("asc", "desc"),
}


@frozen
class Query:
    """A search ready to run: the cheap bounds of the time index and the filters for each asset."""

    filters: list[Filter] = field(factory=list)
    first: datetime | None = None
    last: datetime | None = None

    def matches(self, assets: Iterator[Asset]) -> Iterator[Asset]:
        """The assets that pass every filter."""
        for passes in self.filters:
            assets = filter(passes, assets)
        return assets


def _fields(call: Call, *more: dict[str, Field]) -> dict[str, Field]:
    fields = dict(FILTER_FIELDS)
    if not call.is_v3:
        fields.update(_ONLY_V2_FIELDS)
    for extra in more:
        fields.update(extra)
    return fields


def build_query(call: Call, body: dict[str, Any], *, with_deleted: bool) -> Query:
    """Turn a validated body into a query.

    Without `visibility` Immich 2.3.1 looks at the timeline only, 3.1.0 at everything that is not locked. The moments of the
    filters have milliseconds, the stored ones microseconds (both versions).

    Raises Refused(401) for locked assets, which no key may see, and in Immich 3.1.0 Refused(400) for an unreadable album."""
    if body.get("visibility") == Visibility.LOCKED:
        raise Refused(401, "Elevated permission is required")
    filters: list[Filter] = [_visibility_filter(call, body.get("visibility"))]
    album_ids = body.get("albumIds") or []
    if album_ids:
        filters += _album_filters(call, album_ids)
    elif body.get("isNotInAlbum"):
        albums_of_asset = call.state.albums_of_asset
        filters.append(lambda asset: not albums_of_asset.get(asset.id))
    if not (album_ids and call.is_v3):
        owners = frozenset([call.user.id, *call.state.timeline_partners_of(call.user.id)])
        filters.insert(0, lambda asset: asset.owner_id in owners)
    shows_deleted = with_deleted or any(body.get(name) for name in ("trashedAfter", "trashedBefore", "isOffline"))
    if not shows_deleted:
        filters.append(lambda asset: asset.deleted_at is None)
    if call.is_v3 and body.get("withStacked") is False:
        filters.append(lambda asset: asset.stack_id is None)
    filters += _time_filters(body)
    filters += _value_filters(call, body)
    filters += _tag_and_person_filters(call, body)
    first, last = body.get("takenAfter"), body.get("takenBefore")
    return Query(filters, first and cut_to_milliseconds(first), last and cut_to_milliseconds(last))


def _visibility_filter(call: Call, wanted: str | None) -> Filter:
    if wanted is None and call.is_v3:
        return lambda asset: asset.visibility is not Visibility.LOCKED
    visibility = Visibility(wanted) if wanted else Visibility.TIMELINE
    return lambda asset: asset.visibility is visibility


def _album_filters(call: Call, album_ids: list[str]) -> list[Filter]:
    """Several albums mean "in all of them". Immich 2.3.1 finds nothing in an album it does not know; 3.1.0 refuses."""
    members = []
    for album_id in album_ids:
        if call.is_v3:
            members.append(usable_album(call, album_id, AlbumUse.READ, "album.read").asset_ids)
        else:
            album = call.state.albums.get(album_id)
            members.append(album.asset_ids if album else {})
    return [lambda asset: all(asset.id in ids for ids in members)]


def _time_filters(body: dict[str, Any]) -> list[Filter]:
    filters: list[Filter] = []
    readers: dict[str, Callable[[Asset], datetime | None]] = {
        "created": lambda asset: asset.created_at,
        "updated": lambda asset: asset.updated_at,
        "trashed": lambda asset: asset.deleted_at,
    }
    for name, read in readers.items():
        after, before = body.get(f"{name}After"), body.get(f"{name}Before")
        if after is not None or before is not None:
            filters.append(_between(read, after, before))
    return filters


def _between(read: Callable[[Asset], datetime | None], after: datetime | None, before: datetime | None) -> Filter:
    first, last = after and cut_to_milliseconds(after), before and cut_to_milliseconds(before)

    def passes(asset: Asset) -> bool:
        moment = read(asset)
        return moment is not None and (first is None or moment >= first) and (last is None or moment <= last)

    return passes


_EXIF_TEXTS: Final = {
    "city": "city",
    "state": "state",
    "country": "country",
    "make": "make",
    "model": "model",
    "lensModel": "lens_model",
}


def _value_filters(call: Call, body: dict[str, Any]) -> list[Filter]:
    filters: list[Filter] = []
    for name, attribute in _EXIF_TEXTS.items():
        if name in body:
            # Immich 2.3.1 takes the empty text for "no value"; 3.1.0 looks for the empty text itself.
            wanted = None if body[name] == "" and not call.is_v3 else body[name]
            filters.append(lambda asset, attribute=attribute, wanted=wanted: getattr(asset.exif, attribute) == wanted)  # type: ignore[misc]
    if "rating" in body:
        filters.append(lambda asset: asset.exif.rating == body["rating"])
    if "description" in body:
        part = body["description"].lower()
        filters.append(lambda asset: part in asset.exif.description.lower())
    if body.get("originalPath"):
        path_part = body["originalPath"].lower()
        filters.append(lambda asset: path_part in asset.original_path.lower())
    if body.get("originalFileName"):
        name_part = body["originalFileName"].lower()
        filters.append(lambda asset: name_part in asset.original_file_name.lower())
    if "checksum" in body:
        checksum = read_checksum(body["checksum"])
        filters.append(lambda asset: asset.checksum == checksum)
    plain: dict[str, Callable[[Asset], object]] = {
        "id": lambda asset: asset.id,
        "libraryId": lambda asset: asset.library_id,
        "isFavorite": lambda asset: asset.is_favorite,
        "isOffline": lambda asset: asset.is_offline,
        "isMotion": lambda asset: asset.live_photo_video_id is not None,
        "type": lambda asset: asset.type.value,
        "deviceId": lambda asset: asset.device_id,
        "deviceAssetId": lambda asset: asset.device_asset_id,
    }
    for name, read in plain.items():
        if name in body:
            filters.append(lambda asset, read=read, name=name: read(asset) == body[name])  # type: ignore[misc]
    if body.get("isEncoded") and call.is_v3:
        filters.append(lambda asset: False)
    return filters


def _tag_and_person_filters(call: Call, body: dict[str, Any]) -> list[Filter]:
    """Tags are found with the tags below them, null means untagged; several tags or persons mean "all of them"."""
    state = call.state
    filters: list[Filter] = []
    if "tagIds" in body and body["tagIds"] is None:
        filters.append(lambda asset: not state.tags_of_asset.get(asset.id))
    for tag_id in body.get("tagIds") or []:
        tagged = set().union(*(tag.asset_ids for tag in state.tag_with_descendants(tag_id)))
        filters.append(lambda asset, tagged=tagged: asset.id in tagged)  # type: ignore[misc]
    for person_id in body.get("personIds") or []:
        shown = {face.asset_id for face in state.faces.values() if face.person_id == person_id}
        filters.append(lambda asset, shown=shown: asset.id in shown)  # type: ignore[misc]
    return filters


def read_checksum(text: str) -> bytes:
    """A checksum as base64 (28 characters) or hexadecimal."""
    try:
        return base64.b64decode(text, validate=True) if len(text) == 28 else bytes.fromhex(text)
    except (binascii.Error, ValueError):
        return b""


def _in_order(call: Call, query: Query, *, descending: bool) -> Iterator[Asset]:
    """Immich 3.1.0 orders by `fileCreatedAt` and id. 2.3.1 orders by `fileCreatedAt` alone, so that equal moments come in
    another order with every request; together with OFFSET paging assets are lost and repeated between pages."""
    assets = call.state.in_time_order(descending=descending, first=query.first, last=query.last)
    return query.matches(assets if call.is_v3 else _shuffled_ties(call, assets))


def _shuffled_ties(call: Call, assets: Iterator[Asset]) -> Iterator[Asset]:
    shuffle = call.server.chance.shuffle
    ties: list[Asset] = []
    for asset in assets:
        if ties and asset.file_created_at != ties[0].file_created_at:
            if len(ties) > 1:
                shuffle(ties)
            yield from ties
            ties = []
        ties.append(asset)
    shuffle(ties)
    yield from ties


@ROUTES.add("POST", "/search/metadata")
def search_metadata(call: Call) -> Response:
    """One page; `total` and `count` are the number of items on it, `nextPage` is a string (both versions)."""
    body = call.body(_fields(call, _VIEW_FIELDS, _PAGE_FIELDS))
    size, page = body.get("size", 250), body.get("page", 1)
    query = build_query(call, body, with_deleted=body.get("withDeleted", False))
    start = (page - 1) * size
    found: list[Asset] = []
    if start <= len(call.state.assets):
        ordered = _in_order(call, query, descending=body.get("order", "desc") == "desc")
        found = list(islice(ordered, start, start + size + 1))
    view = AssetView(exif=body.get("withExif", False), people=body.get("withPeople", False))
    items = [asset_json(call.server, asset, view) for asset in found[:size]]
    next_page = str(page + 1) if len(found) > size else None
    assets = {"total": len(items), "count": len(items), "items": items, "facets": [], "nextPage": next_page}
    return json_response({"albums": {"total": 0, "count": 0, "items": [], "facets": []}, "assets": assets})


@ROUTES.add("POST", "/search/statistics")
def search_statistics(call: Call) -> Response:
    """The number of matches; `withDeleted`, `size` and `page` are ignored (both versions)."""
    query = build_query(call, call.body(_fields(call)), with_deleted=False)
    assets = call.state.in_time_order(descending=False, first=query.first, last=query.last)
    return json_response({"total": sum(1 for _ in query.matches(assets))})


@ROUTES.add("POST", "/search/random")
def search_random(call: Call) -> Response:
    body = call.body(_fields(call, _VIEW_FIELDS))
    query = build_query(call, body, with_deleted=body.get("withDeleted", False))
    found = list(query.matches(call.state.in_time_order(descending=True)))
    chosen = call.server.chance.sample(found, min(body.get("size", 250), len(found)))
    view = AssetView(exif=body.get("withExif", False), people=body.get("withPeople", False))
    return json_response([asset_json(call.server, asset, view) for asset in chosen])


@ROUTES.add("POST", "/search/smart")
def search_smart(call: Call) -> Response:
    raise bad_request("Smart search is not enabled")


@ROUTES.add("GET", "/search/person")
def search_person(call: Call) -> Response:
    name = call.query({"name": string(required=True)})["name"].lower()
    people = [p for p in call.state.people.values() if p.owner_id == call.user.id and name in p.name.lower()]
    return json_response([person_json(person) for person in people])
