"""What an Immich server stores: users, keys, assets, albums, tags, people, faces, stacks and libraries."""

from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Any

from attrs import define, field


class AssetType(StrEnum):
    IMAGE = "IMAGE"
    VIDEO = "VIDEO"
    AUDIO = "AUDIO"
    OTHER = "OTHER"


class Visibility(StrEnum):
    ARCHIVE = "archive"
    TIMELINE = "timeline"
    HIDDEN = "hidden"
    LOCKED = "locked"


class AlbumRole(StrEnum):
    OWNER = "owner"
    EDITOR = "editor"
    VIEWER = "viewer"


@define(eq=False)
class User:
    id: str
    name: str
    email: str
    is_admin: bool
    created_at: datetime
    updated_at: datetime
    avatar_color: str
    storage_label: str | None = None
    password: str | None = field(default=None, repr=False)


@define(eq=False)
class ApiKey:
    id: str
    secret: str = field(repr=False)
    user_id: str
    name: str
    permissions: tuple[str, ...]
    created_at: datetime
    updated_at: datetime


@define(eq=False)
class Exif:
    make: str | None = None
    model: str | None = None
    width: int | None = None
    height: int | None = None
    file_size: int | None = None
    orientation: str | None = None
    date_time_original: datetime | None = None
    modify_date: datetime | None = None
    time_zone: str | None = None
    lens_model: str | None = None
    f_number: float | None = None
    focal_length: float | None = None
    iso: int | None = None
    exposure_time: str | None = None
    latitude: float | None = None
    longitude: float | None = None
    city: str | None = None
    state: str | None = None
    country: str | None = None
    description: str = ""
    projection_type: str | None = None
    rating: int | None = None


@define(eq=False)
class Asset:
    """One row of the asset table. `local_date_time` is a wall clock labelled UTC; `deleted_at` is set both for trashed and
    for offline assets, `is_trashed_by_user` only for the former (status `trashed`). `is_extracted` is false while nobody has
    read the metadata of an external file yet; `content_identifiers` are what may tie a still to its motion video. `edited` is
    what the editor of Immich 3 made of a picture by its `edits`.

    `is_declared` tells an asset whose metadata was given instead of being read from its file; `embedded` is then what its
    file says besides the sidecar, from its first write on. `sidecar` is a sidecar in memory, `sidecar_path` where the
    database has it. `locked` are the fields that Immich 3 does not take from the file until they are in the sidecar, and
    `exif_tags` its list of tags beside the rows of tags."""

    id: str
    owner_id: str
    type: AssetType
    original_path: str
    original_file_name: str
    mime_type: str
    checksum: bytes
    file_created_at: datetime
    file_modified_at: datetime
    local_date_time: datetime
    created_at: datetime
    updated_at: datetime
    exif: Exif
    device_asset_id: str = ""
    device_id: str = "sandbox"
    library_id: str | None = None
    thumbhash: str | None = None
    is_favorite: bool = False
    is_offline: bool = False
    is_trashed_by_user: bool = False
    visibility: Visibility = Visibility.TIMELINE
    duration_milliseconds: int | None = None
    live_photo_video_id: str | None = None
    duplicate_id: str | None = None
    stack_id: str | None = None
    deleted_at: datetime | None = None
    has_metadata: bool = True
    has_thumbnail: bool = True
    content: bytes | None = field(default=None, repr=False)
    file: Path | None = None
    sidecar: bytes | None = field(default=None, repr=False)
    edited: bytes | None = field(default=None, repr=False)
    edits: list[dict[str, Any]] = field(factory=list)
    is_extracted: bool = True
    content_identifiers: tuple[str, ...] = ()
    is_declared: bool = True
    embedded: Exif | None = None
    sidecar_path: str | None = None
    locked: set[str] = field(factory=set)
    exif_tags: list[str] = field(factory=list)


@define(eq=False)
class Album:
    """`asset_ids` keeps the order of adding; `user_roles` does not hold the owner."""

    id: str
    owner_id: str
    name: str
    description: str
    created_at: datetime
    updated_at: datetime
    sequence: int
    asset_ids: dict[str, None] = field(factory=dict)
    user_roles: dict[str, AlbumRole] = field(factory=dict)
    thumbnail_id: str | None = None
    has_shared_link: bool = False
    is_activity_enabled: bool = True
    order: str = "desc"


@define(eq=False)
class Tag:
    id: str
    owner_id: str
    value: str
    created_at: datetime
    updated_at: datetime
    parent_id: str | None = None
    color: str | None = None
    asset_ids: set[str] = field(factory=set)


@define(eq=False)
class Person:
    id: str
    owner_id: str
    name: str
    created_at: datetime
    updated_at: datetime
    birth_date: str | None = None
    is_hidden: bool = False
    is_favorite: bool = False
    thumbnail_path: str = ""
    color: str | None = None


@define(eq=False)
class Face:
    id: str
    asset_id: str
    person_id: str | None
    image_width: int
    image_height: int
    box: tuple[int, int, int, int]
    source_type: str = "manual"


@define(eq=False)
class Stack:
    id: str
    owner_id: str
    primary_asset_id: str
    asset_ids: list[str]


@define(eq=False)
class SharedLink:
    """A link to single assets."""

    id: str
    owner_id: str
    key: bytes
    description: str | None
    created_at: datetime
    asset_ids: list[str]


@define(eq=False)
class Library:
    id: str
    owner_id: str
    name: str
    import_paths: list[str]
    exclusion_patterns: list[str]
    created_at: datetime
    updated_at: datetime
    refreshed_at: datetime | None = None


@define(eq=False)
class Partner:
    """`shared_by` shows its library to `shared_with`; in searches only when `in_timeline`."""

    shared_by: str
    shared_with: str
    in_timeline: bool = True
