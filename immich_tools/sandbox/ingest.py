"""A file arrives: make the asset, and read its metadata."""

from datetime import datetime
from pathlib import PurePosixPath
from typing import Final

from attrs import field, frozen

from immich_tools.sandbox import create, moments, originals
from immich_tools.sandbox.context import Server
from immich_tools.sandbox.entities import Asset, AssetType, Exif
from immich_tools.sandbox.media import asset_type_of, mime_type_of
from immich_tools.sandbox.metadata import FileMetadata, apply_sidecar, read_picture

MOST_STARS: Final = 5


@frozen
class Arrival:
    """An upload on its way in."""

    owner_id: str
    file_name: str
    content: bytes = field(repr=False)
    file_created_at: datetime
    file_modified_at: datetime
    sidecar: bytes | None = field(default=None, repr=False)
    duration_milliseconds: int | None = None


def upload_path(server: Server, owner_id: str, name: str) -> str:
    """Where an upload is kept: two levels of folders named after the file's own id."""
    file_id = server.state.new_id()
    suffix = PurePosixPath(name).suffix
    return f"{server.media_root}/upload/{owner_id}/{file_id[:2]}/{file_id[2:4]}/{file_id}{suffix}"


def ingest(server: Server, arrival: Arrival) -> Asset:
    """Add the asset that a file becomes. A real server reads the metadata some seconds later, the sandbox at once."""
    state = server.state
    path = upload_path(server, arrival.owner_id, arrival.file_name)
    checksum = create.sha1(arrival.content)
    content, file = originals.store(server, path, arrival.content)
    originals.store(server, f"{path}.xmp", arrival.sidecar)
    now = state.now()
    asset = Asset(
        id=state.new_id(),
        owner_id=arrival.owner_id,
        type=asset_type_of(arrival.file_name),
        original_path=path,
        original_file_name=arrival.file_name,
        mime_type=mime_type_of(arrival.file_name),
        checksum=checksum,
        file_created_at=arrival.file_created_at,
        file_modified_at=arrival.file_modified_at,
        local_date_time=arrival.file_created_at,
        created_at=now,
        updated_at=now,
        exif=Exif(),
        device_asset_id=arrival.file_name,
        duration_milliseconds=arrival.duration_milliseconds,
        content=content,
        file=file,
        sidecar=arrival.sidecar,
        thumbhash=create.thumbhash_of(checksum),
    )
    state.insert_asset(asset)
    extract(server, asset, arrival.content, taken=arrival.file_created_at)
    return asset


def extract(server: Server, asset: Asset, content: bytes, *, taken: datetime) -> None:
    """Read the metadata of a file and its sidecar into the asset; whatever the asset had is replaced, its tags too.

    `taken` counts where neither of them tells."""
    state = server.state
    found = read_picture(content) if asset.type is AssetType.IMAGE else FileMetadata()
    if asset.sidecar is not None:
        apply_sidecar(found, asset.sidecar)
    exif = found.exif
    if exif.rating is not None and not (1 if server.is_v3 else -1) <= exif.rating <= MOST_STARS:
        # Immich 3.1.0 keeps "rejected" only until the sidecar is read.
        exif.rating = None
    exif.file_size, exif.modify_date = len(content), asset.file_modified_at
    exif.date_time_original = exif.date_time_original or taken
    asset.exif, asset.is_extracted, asset.updated_at = exif, True, state.now()
    asset.local_date_time = moments.local_time(exif.date_time_original, exif.time_zone)
    state.set_file_created_at(asset, exif.date_time_original)
    for tag_id in [*state.tags_of_asset.get(asset.id, {})]:
        state.untag_asset(state.tags[tag_id], asset.id)
    for value in found.tags:
        parts = [part for part in value.split("/") if part]
        if parts:
            state.tag_asset(create.new_tag(state, asset.owner_id, "/".join(parts)), asset.id)
