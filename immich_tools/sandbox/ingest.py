"""A file arrives, by upload or by a library scan: read its metadata and make the asset."""

from datetime import datetime
from pathlib import Path, PurePosixPath

from attrs import field, frozen

from immich_tools.sandbox import create, moments, originals
from immich_tools.sandbox.context import Server
from immich_tools.sandbox.entities import Asset, AssetType
from immich_tools.sandbox.media import asset_type_of, mime_type_of
from immich_tools.sandbox.metadata import FileMetadata, apply_sidecar, read_picture


@frozen
class Arrival:
    """A file on its way in. With `library_id` and `file` it is an external one and stays where it is."""

    owner_id: str
    file_name: str
    content: bytes = field(repr=False)
    file_created_at: datetime
    file_modified_at: datetime
    sidecar: bytes | None = field(default=None, repr=False)
    duration_milliseconds: int | None = None
    library_id: str | None = None
    file: Path | None = None


def read_arrival(arrival: Arrival) -> FileMetadata:
    """The metadata of picture and sidecar, completed with what the file itself tells."""
    is_picture = asset_type_of(arrival.file_name) is AssetType.IMAGE
    found = read_picture(arrival.content) if is_picture else FileMetadata()
    if arrival.sidecar is not None:
        apply_sidecar(found, arrival.sidecar)
    found.exif.file_size = len(arrival.content)
    found.exif.modify_date = arrival.file_modified_at
    if found.exif.date_time_original is None:
        found.exif.date_time_original = arrival.file_created_at
    return found


def upload_path(server: Server, owner_id: str, name: str) -> str:
    """Where an upload is kept: two levels of folders named after the file's own id."""
    file_id = server.state.new_id()
    suffix = PurePosixPath(name).suffix
    return f"{server.media_root}/upload/{owner_id}/{file_id[:2]}/{file_id[2:4]}/{file_id}{suffix}"


def ingest(server: Server, arrival: Arrival) -> Asset:
    """Add the asset that a file becomes, with the tags that its sidecar names."""
    state, found = server.state, read_arrival(arrival)
    taken = found.exif.date_time_original or arrival.file_created_at
    content: bytes | None = None
    file = arrival.file
    if file is not None:
        path = str(file)
        checksum = create.path_checksum(path)
    else:
        path = upload_path(server, arrival.owner_id, arrival.file_name)
        checksum = create.sha1(arrival.content)
        content, file = originals.store(server, path, arrival.content)
    now = state.now()
    asset = Asset(
        id=state.new_id(),
        owner_id=arrival.owner_id,
        type=asset_type_of(arrival.file_name),
        original_path=path,
        original_file_name=arrival.file_name,
        mime_type=mime_type_of(arrival.file_name),
        checksum=checksum,
        file_created_at=taken,
        file_modified_at=arrival.file_modified_at,
        local_date_time=moments.local_time(taken, found.exif.time_zone),
        created_at=now,
        updated_at=now,
        exif=found.exif,
        device_asset_id=arrival.file_name,
        device_id="Library Import" if arrival.library_id else "sandbox",
        library_id=arrival.library_id,
        duration_milliseconds=arrival.duration_milliseconds,
        content=content,
        file=file,
        sidecar=arrival.sidecar,
        thumbhash=create.thumbhash_of(checksum),
    )
    state.insert_asset(asset)
    for value in found.tags:
        state.tag_asset(create.new_tag(state, arrival.owner_id, value), asset.id)
    return asset
