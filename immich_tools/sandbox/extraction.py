"""What follows a write: the sidecar is written, then the metadata is read again (Immich 2.3.1 and 3.1.0).

Both take a while, and other jobs and requests come between their reading and their writing."""

from __future__ import annotations

import re
from functools import partial
from pathlib import PurePosixPath
from typing import Final

from attrs import evolve

from immich_tools.sandbox import create, moments, sidecars
from immich_tools.sandbox.context import Server
from immich_tools.sandbox.entities import Asset, AssetType, Exif, Visibility
from immich_tools.sandbox.jobs import METADATA, SIDECAR, STORAGE_TEMPLATE, THUMBNAILS, Steps
from immich_tools.sandbox.metadata import FileMetadata
from immich_tools.sandbox.moments import local_time
from immich_tools.sandbox.xmp import NO_CHANGE, SidecarChange

MOST_STARS: Final = 5
# Apple writes it into the maker note of the still and into the video's own list of keys.
_IDENTIFIER: Final = re.compile(rb"\b[0-9A-F]{8}(?:-[0-9A-F]{4}){3}-[0-9A-F]{12}\b")
_LOCKABLE: Final = {
    "description": "description",
    "rating": "rating",
    "dateTimeOriginal": "date_time_original",
    "timeZone": "time_zone",
    "latitude": "latitude",
    "longitude": "longitude",
}


def queue_sidecar_write(server: Server, asset: Asset, change: SidecarChange = NO_CHANGE, *, tags: bool = False) -> None:
    """Queue what follows a write.

    Args:
        server: whose queue.
        asset: what was written to.
        change: what Immich 2.3.1 writes into the sidecar; 3.1.0 writes the locked fields as they are when the job starts.
        tags: whether Immich 2.3.1 writes the tags, as they are when the job starts.
    """
    server.queues.add(SIDECAR, partial(_write_sidecar, server, asset.id, change, tags), asset.id)


def queue_sidecar_check(server: Server, asset: Asset) -> None:
    """Queue the search for a sidecar, which is followed by reading the metadata."""
    server.queues.add(SIDECAR, partial(_check_sidecar, server, asset.id), asset.id)


def queue_extraction(server: Server, asset: Asset, *, is_new: bool = False) -> None:
    """Queue reading the metadata; new files get their thumbnails afterwards."""
    server.queues.add(METADATA, partial(_extract, server, asset.id, is_new), asset.id)


def _write_sidecar(server: Server, asset_id: str, change: SidecarChange, tags: bool) -> Steps:
    asset = server.state.assets.get(asset_id)
    if asset is None:
        return
    locked = set(asset.locked)
    if server.is_v3:
        change = _locked_values(asset, locked)
    elif tags:
        change = evolve(change, tags=tuple(sidecars.tags_of(server, asset)))
    if not change.is_empty:
        path, is_first = asset.sidecar_path or sidecars.default_path(asset), asset.sidecar_path is None
        # exiftool refuses to write a file that another exiftool is writing; the server goes on as if it had been written.
        collides = path in server.files_in_use
        server.files_in_use.add(path)
        yield
        if not collides:
            server.files_in_use.discard(path)
        if asset_id not in server.state.assets:
            return
        if not collides:
            sidecars.write(server, asset, path, change)
        if is_first:
            asset.sidecar_path = path
            if not server.is_v3:
                server.state.touch(asset)
        asset.locked -= locked
    queue_extraction(server, asset)


def _locked_values(asset: Asset, locked: set[str]) -> SidecarChange:
    """Immich 3.1.0: a date whose zone is not locked is written as UTC."""
    exif, date = asset.exif, None
    if "dateTimeOriginal" in locked and exif.date_time_original is not None:
        date = moments.with_offset(exif.date_time_original, exif.time_zone if "timeZone" in locked else None)
    place = None
    if "latitude" in locked and exif.latitude is not None and exif.longitude is not None:
        place = (exif.latitude, exif.longitude)
    return SidecarChange(
        description=exif.description if "description" in locked else None,
        rating=(exif.rating or 0) if "rating" in locked else None,
        date=date,
        place=place,
        tags=tuple(asset.exif_tags) if "tags" in locked else None,
    )


def _check_sidecar(server: Server, asset_id: str) -> Steps:
    yield
    asset = server.state.assets.get(asset_id)
    if asset is None:
        return
    found = sidecars.find(server, asset)
    if found != asset.sidecar_path:
        asset.sidecar_path = found
        if not server.is_v3:
            server.state.touch(asset)
    queue_extraction(server, asset, is_new=True)


def _extract(server: Server, asset_id: str, is_new: bool) -> Steps:
    asset = server.state.assets.get(asset_id)
    if asset is None:
        return
    sidecars.remember(server, asset)
    found = sidecars.what_the_file_says(server, asset)
    if found is None:
        return
    metadata, content = found
    if asset.file is not None:
        asset.file_modified_at = moments.written_at(asset.file)
    yield
    if asset_id not in server.state.assets:
        return
    _apply(server, asset, metadata, len(content))
    if not asset.is_declared:
        asset.content_identifiers = tuple(sorted({match.decode() for match in _IDENTIFIER.findall(content)}))
    _link_live_photo(server, asset)
    if server.storage_template and asset.library_id is None:
        server.queues.add(STORAGE_TEMPLATE, partial(_move_by_template, server, asset_id), asset_id)
    if is_new:
        server.queues.add(THUMBNAILS, partial(_make_thumbnail, server, asset_id), asset_id)


def _apply(server: Server, asset: Asset, found: FileMetadata, size: int) -> None:
    """Replace what the database says by what file and sidecar say: all fields but those that are locked, and all tags."""
    state, exif, before = server.state, found.exif, asset.exif
    lowest = 1 if server.is_v3 else -1
    if exif.rating is not None and not lowest <= exif.rating <= MOST_STARS:
        exif.rating = None
    if not asset.is_declared:
        exif.file_size, exif.modify_date = size, asset.file_modified_at
    taken = exif.date_time_original or min(asset.file_created_at, asset.file_modified_at)
    wall = local_time(taken, exif.time_zone) if exif.date_time_original is not None else taken
    exif.date_time_original = taken
    state.set_file_created_at(asset, taken)
    asset.local_date_time = wall
    _keep_locked(asset.locked, before, exif)
    asset.exif, asset.is_extracted = exif, True
    if "tags" not in asset.locked:
        asset.exif_tags = found.tags
    _replace_tags(server, asset, asset.exif_tags if server.is_v3 else found.tags)
    state.touch(asset)


def _keep_locked(locked: set[str], before: Exif, after: Exif) -> None:
    for name in locked & _LOCKABLE.keys():
        setattr(after, _LOCKABLE[name], getattr(before, _LOCKABLE[name]))


def _replace_tags(server: Server, asset: Asset, values: list[str]) -> None:
    state = server.state
    cleaned = ("/".join(part for part in value.split("/") if part) for value in values)
    tags = [create.new_tag(state, asset.owner_id, value) for value in cleaned if value]
    wanted = {tag.id for tag in tags}
    for tag_id in [*state.tags_of_asset.get(asset.id, {})]:
        if tag_id not in wanted:
            state.untag_asset(state.tags[tag_id], asset.id)
    for tag in tags:
        state.tag_asset(tag, asset.id)


def _link_live_photo(server: Server, asset: Asset) -> None:
    """A still and a video of one owner that carry the same identifier become one, whatever their names, libraries and
    whether they are in the trash; of several any one is taken (both versions)."""
    if not asset.content_identifiers:
        return
    other_type = {AssetType.IMAGE: AssetType.VIDEO, AssetType.VIDEO: AssetType.IMAGE}.get(asset.type)
    matches = [
        other
        for other in server.state.assets_of(asset.owner_id)
        if other.type is other_type and {*asset.content_identifiers} & {*other.content_identifiers}
    ]
    if not matches:
        return
    other = server.chance.choice(matches)
    still, video = (asset, other) if asset.type is AssetType.IMAGE else (other, asset)
    still.live_photo_video_id, video.visibility = video.id, Visibility.HIDDEN
    for row in (still, video):
        server.state.touch(row)
    for album_id in list(server.state.albums_of_asset.get(video.id, ())):
        server.state.remove_from_album(server.state.albums[album_id], video.id)


def _make_thumbnail(server: Server, asset_id: str) -> Steps:
    yield
    asset = server.state.assets.get(asset_id)
    if asset is not None:
        asset.thumbhash, asset.has_thumbnail = create.thumbhash_of(asset.checksum), True
        server.state.touch(asset)


def _move_by_template(server: Server, asset_id: str) -> Steps:
    """The storage template `{{y}}/{{y}}-{{MM}}-{{dd}}/{{filename}}`: an upload lies where its date says (both versions)."""
    yield
    asset = server.state.assets.get(asset_id)
    if asset is None:
        return
    owner, day = server.state.users[asset.owner_id], asset.local_date_time
    name = PurePosixPath(asset.original_file_name)
    folder = f"{server.media_root}/library/{owner.storage_label or owner.id}/{day:%Y}/{day:%Y-%m-%d}"
    known = {other.original_path for other in server.state.assets.values() if other.id != asset_id}
    path, number = f"{folder}/{name}", 0
    while path in known:
        number += 1
        path = f"{folder}/{name.stem}+{number}{name.suffix}"
    if path != asset.original_path:
        sidecars.move_original(server, asset, path)
        server.state.touch(asset)
