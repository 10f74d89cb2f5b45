"""A file arrives by an upload: make the asset, and queue reading its metadata."""

import os
from datetime import datetime
from pathlib import PurePosixPath

from attrs import field, frozen

from immich_tools.sandbox import create, originals
from immich_tools.sandbox.context import Server
from immich_tools.sandbox.entities import Asset, Exif
from immich_tools.sandbox.extraction import queue_extraction
from immich_tools.sandbox.media import asset_type_of, mime_type_of


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
    """Add the asset that a file becomes; its metadata is read later."""
    state = server.state
    path = upload_path(server, arrival.owner_id, arrival.file_name)
    checksum = create.sha1(arrival.content)
    content, file = originals.store(server, path, arrival.content)
    originals.store(server, f"{path}.xmp", arrival.sidecar)
    if file is not None:
        os.utime(file, (arrival.file_modified_at.timestamp(),) * 2)
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
        exif=Exif(file_size=len(arrival.content)),
        device_asset_id=arrival.file_name,
        duration_milliseconds=arrival.duration_milliseconds,
        content=content,
        file=file,
        sidecar=arrival.sidecar if file is None else None,
        sidecar_path=None if arrival.sidecar is None else f"{path}.xmp",
        has_thumbnail=False,
        is_declared=False,
    )
    state.insert_asset(asset)
    queue_extraction(server, asset, is_new=True)
    return asset
