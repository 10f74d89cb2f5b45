"""What the tools know of a server: small frozen types with string ids, aware datetimes and None for absent.

Nothing of the generated SDK leaves this package; these types are what planners receive.
"""

from __future__ import annotations

from base64 import b64decode
from collections.abc import Iterable
from datetime import datetime, timedelta, timezone
from enum import Enum
from typing import Final

from attrs import field, frozen

SHA1_BYTES: Final = 20
ADD_SIZE: Final = 2000
"""Assets in the request that makes an album, and in each that fills an album or a tag."""


class AssetType(Enum):
    """Kind of an asset; a kind this version does not know becomes OTHER and is left alone by every planner."""

    IMAGE = "IMAGE"
    VIDEO = "VIDEO"
    AUDIO = "AUDIO"
    OTHER = "OTHER"


class Visibility(Enum):
    """Where an asset shows. HIDDEN is the video half of a live photo; LOCKED can never be changed by an API key."""

    TIMELINE = "timeline"
    ARCHIVE = "archive"
    HIDDEN = "hidden"
    LOCKED = "locked"
    UNKNOWN = "unknown"


class AlbumRole(Enum):
    """What the key's user may do in an album. OTHER: a role this version does not know, treated like VIEWER."""

    OWNER = "owner"
    EDITOR = "editor"
    VIEWER = "viewer"
    OTHER = "other"

    @property
    def may_add(self) -> bool:
        """Whether assets may be added (Immich 2.3.1 and 3.1.0: owners and editors)."""
        return self in (AlbumRole.OWNER, AlbumRole.EDITOR)


@frozen(order=True)
class Version:
    """A server's version."""

    major: int
    minor: int
    patch: int

    def __str__(self) -> str:
        return f"{self.major}.{self.minor}.{self.patch}"


@frozen
class Place:
    """A position in degrees; the server accepts the two numbers only together."""

    latitude: float
    longitude: float


@frozen(order=True)
class Tag:
    """A tag; `value` is its full path, such as ``places/france``."""

    value: str
    id: str
    parent_id: str | None = None


@frozen
class Exif:
    """The part of an asset's metadata that decisions are made on.

    :ivar file_size: bytes.
    :ivar date_time_original: the moment the photo was taken, aware; None when the server has none that can be read.
    :ivar rating: -1 (rejected) or 1 to 5; None when unrated (Immich 2 also says 0 for that).
    :ivar description: without surrounding blanks; empty when there is none.
    :ivar time_zone: as the server names it, such as ``UTC+2`` or ``Europe/Paris``; None when neither file nor sidecar tells one.
    :ivar orientation: how the stored picture is turned, 1 to 8 as in EXIF; None when the server does not tell.
    :ivar filled: how many fields of the server's exif answer hold something (zeros count, blanks do not).
    :ivar time_zone: where the date was taken, as the server names it (``Europe/Rome``, ``UTC+2``); None when nothing tells.
    """

    file_size: int | None = None
    width: int | None = None
    height: int | None = None
    date_time_original: datetime | None = None
    place: Place | None = None
    rating: int | None = None
    description: str = ""
    make: str | None = None
    model: str | None = None
    filled: int = 0
    time_zone: str | None = None
    orientation: int | None = None


@frozen
class Asset:
    """One photo or video.

    :ivar original_path: the file's path as the server sees it.
    :ivar file_created_at: the moment it was taken, in UTC, cut to what the answer held (milliseconds or microseconds); None when the
        server has none that can be read.
    :ivar local_date_time: the same moment on the wall clock where it was taken, as if that were UTC; None likewise.
    :ivar checksum: base64 of a SHA-1: of the file for uploads, of the path for external assets.
    :ivar duration: milliseconds; None for a still.
    :ivar exif, tags, people: None when the answer did not carry them, which is not the same as having none.
    :ivar unassigned_faces: how many faces were found in it that are nobody's yet; None when the answer did not tell (it does with the
        people, and only until Immich 3).
    :ivar is_edited: Immich's own editor made another version of it (Immich 2.5 on).
    :ivar file_modified_at: modification time of the original file; None when the server does not tell.
    :ivar added_at: when the server got it; None where nobody asked for people, who are found some time after that.
    :ivar updated_at: when its row was last written, to the millisecond; the server's jobs move it too.
    :ivar file_modified_at: modification time of the file; None when the server has none that can be read.
    """

    id: str
    owner_id: str
    type: AssetType
    original_path: str
    original_file_name: str
    file_created_at: datetime | None
    local_date_time: datetime | None
    visibility: Visibility = Visibility.TIMELINE
    checksum: str = ""
    is_favorite: bool = False
    is_trashed: bool = False
    is_offline: bool = False
    duration: int | None = None
    live_photo_video_id: str | None = None
    library_id: str | None = None
    duplicate_id: str | None = None
    stack_id: str | None = None
    exif: Exif | None = None
    tags: tuple[Tag, ...] | None = None
    people: tuple[Person, ...] | None = None
    unassigned_faces: int | None = None
    is_edited: bool = False
    added_at: datetime | None = None
    updated_at: datetime | None = None
    file_modified_at: datetime | None = None

    @property
    def sha1(self) -> bytes | None:
        """Digest of the original file; None where the server has none: external assets carry a digest of their path."""
        if self.library_id is not None:
            return None
        try:
            digest = b64decode(self.checksum, validate=True)
        except ValueError:
            return None
        return digest if len(digest) == SHA1_BYTES else None

    @property
    def time_taken(self) -> str:
        """When it was taken, on the wall clock there, to the second: ``2024-05-03 12:00:00``; empty when that is unknown."""
        return "" if self.local_date_time is None else str(self.local_date_time)[:19]

    @property
    def order_taken(self) -> tuple[bool, float, str]:
        """What assets are sorted by from old to new; those whose date is unknown come last."""
        moment = self.file_created_at
        return (moment is None, 0.0 if moment is None else moment.timestamp(), self.id)

    @property
    def local_offset(self) -> timedelta | None:
        """How far the wall clock was from UTC where the asset was taken, to the minute; None when a date is unknown."""
        if self.local_date_time is None or self.file_created_at is None:
            return None
        minutes = round((self.local_date_time - self.file_created_at).total_seconds() / 60)
        return timedelta(minutes=minutes)

    @property
    def date_with_zone(self) -> datetime | None:
        """When it was taken, with the offset of the place where it was taken; None without a date."""
        if self.exif is None or self.exif.date_time_original is None:
            return None
        offset = self.local_offset
        if offset is None or abs(offset) >= timedelta(hours=24):
            return self.exif.date_time_original
        return self.exif.date_time_original.astimezone(timezone(offset))


@frozen
class Broken:
    """Assets that the server counts but fails to show, so that nothing else is known of them.

    :ivar after, before: between which they were taken, to the millisecond.
    :ivar asset_ids: empty when they are not known.
    :ivar correlation_id: by which the server's log tells why; None when it sent none.
    """

    count: int
    after: datetime
    before: datetime
    visibility: Visibility
    asset_ids: tuple[str, ...] = ()
    correlation_id: str | None = None

    @property
    def key(self) -> tuple[object, ...]:
        """What tells them from others, also where two searches found them."""
        return self.asset_ids or (self.after, self.before, self.visibility)


@frozen(order=True)
class Person:
    """A recognised person; `name` is empty while nobody has named them."""

    name: str
    id: str


@frozen
class Face:
    """A face in a picture.

    :ivar person: whose it is; None while it is nobody's.
    :ivar width, height: of the picture it was found in, in pixels; the edges are measured in them.
    """

    id: str
    person: Person | None
    width: int
    height: int
    left: int
    top: int
    right: int
    bottom: int


@frozen
class Recognition:
    """How far the server is with finding faces.

    :ivar is_on: whether it looks for faces at all; None when nothing tells. People marked by hand exist without it.
    :ivar pending: pieces of work between an upload and its recognised people that are not done; None when the key may not see them.
    """

    is_on: bool | None
    pending: int | None

    @property
    def is_finished(self) -> bool:
        """Whether every asset has surely been looked at."""
        return self.is_on is True and self.pending == 0


@frozen
class AlbumUser:
    """Somebody an album is shared with."""

    user_id: str
    role: AlbumRole


@frozen
class Album:
    """An album the key's user owns or that is shared with them.

    :ivar asset_count: members that are neither trashed nor locked.
    :ivar role: what the key's user may do in it.
    :ivar users: everybody else it is shared with (never the owner).
    :ivar order: ``asc`` or ``desc``, by date; None when the server does not tell.
    :ivar is_activity_enabled: whether comments and likes are allowed; None when the server does not tell.
    :ivar start, end: when its first and its last member were taken; None for an empty album. One answer tells the day, another the second,
        so they do not count in comparisons.
    """

    id: str
    name: str
    owner_id: str
    role: AlbumRole
    description: str = ""
    asset_count: int = 0
    thumbnail_asset_id: str | None = None
    users: tuple[AlbumUser, ...] = ()
    order: str | None = None
    is_activity_enabled: bool | None = None
    created_at: datetime | None = None
    has_shared_link: bool = False
    start: datetime | None = field(default=None, eq=False)
    end: datetime | None = field(default=None, eq=False)


@frozen
class SharedLink:
    """A link to single assets.

    :ivar description: empty where nobody gave it one.
    :ivar created_on: the day it was made, such as ``2024-05-03``.
    :ivar asset_ids: what it shows; without what is in the trash.
    """

    id: str
    description: str
    created_on: str
    asset_ids: frozenset[str]


@frozen
class Library:
    """An external library.

    :ivar import_paths: the folders it shows, as the server sees them.
    :ivar exclusion_patterns: globs of paths that it leaves out.
    :ivar refreshed_at: when the latest scan looked for new files; None before the first.
    """

    id: str
    name: str
    owner_id: str
    import_paths: tuple[str, ...] = ()
    exclusion_patterns: tuple[str, ...] = ()
    refreshed_at: datetime | None = None


@frozen(order=True)
class Sidecar:
    """An XMP file that belongs to an asset; `path` is as the server sees it."""

    path: str
    id: str


@frozen
class MissingFile:
    """A file that the server's integrity check did not find.

    :ivar path: as the server sees it.
    :ivar asset_id: whose original it is; None for derived files and sidecars.
    :ivar reported_at: when the check put it into the report; None when the server does not tell.
    """

    path: str
    asset_id: str | None = None
    reported_at: datetime | None = None


@frozen
class Report:
    """The server's report of missing files, or why there is none.

    :ivar reason: why it was not read, for a person; empty when it was.
    """

    items: tuple[MissingFile, ...] = ()
    was_read: bool = False
    reason: str = ""

    @property
    def paths(self) -> frozenset[str]:
        """The files that the server did not find."""
        return frozenset(item.path for item in self.items)

    @property
    def newest(self) -> datetime | None:
        """When the latest of the files was reported; None when there is none. The check may have run again later and found the same."""
        return max((item.reported_at for item in self.items if item.reported_at is not None), default=None)


@frozen
class DuplicateGroup:
    """Assets the server takes for copies of one photo.

    :ivar suggested_keep_ids: the server's own choice, empty before Immich 2.7.
    """

    id: str
    assets: tuple[Asset, ...]
    suggested_keep_ids: tuple[str, ...] = ()


@frozen
class User:
    """A person with an account."""

    id: str
    name: str
    email: str = field(default="", repr=False)
    is_admin: bool = False


@frozen
class ApiKey:
    """The key in use: its name and permissions, never its value."""

    id: str
    name: str
    permissions: frozenset[str]

    def allows(self, permission: str | None) -> bool:
        """Whether a route that demands `permission` may be called; None means that it demands nothing."""
        return permission is None or "all" in self.permissions or permission in self.permissions

    def lacks(self, permissions: Iterable[str]) -> tuple[str, ...]:
        """Which of `permissions` the key has not, sorted."""
        return tuple(sorted({name for name in permissions if not self.allows(name)}))


@frozen
class TrashPolicy:
    """What a deletion without force means on this server.

    :ivar enabled: whether there is a trash; None when nothing tells.
    :ivar days: after so many the nightly job deletes what is in it permanently; None when nothing tells.
    :ivar reason: why nothing tells, for a person; empty when the policy is known.
    """

    enabled: bool | None
    days: int | None
    reason: str = ""

    @property
    def is_known(self) -> bool:
        """Whether the server told."""
        return self.enabled is not None and self.days is not None

    @property
    def is_safety_net(self) -> bool:
        """Whether a trashed asset can be brought back for a day at least; false also when nothing tells.

        With zero days it is deleted permanently the same night (Immich 2.3.1 and 3.1.0).
        """
        return self.enabled is True and self.days is not None and self.days > 0


class ItemError(Enum):
    """Why the server refused one id of an album or tag request."""

    DUPLICATE = "duplicate"
    NO_PERMISSION = "no_permission"
    NOT_FOUND = "not_found"
    UNKNOWN = "unknown"


@frozen
class ItemResult:
    """The server's answer for one id; `error` is None when it was done.

    :ivar repeated: an earlier try of the same request may have been carried out and its answer lost. Then DUPLICATE on adding, and
        NOT_FOUND on removing, may be the work of that try.
    """

    id: str
    error: ItemError | None = None
    repeated: bool = False


@frozen
class AssetUpdate:
    """Fields to write to assets; an absent field is left as it is.

    `clear` names fields to empty: ``rating`` and ``place`` and ``duplicate_id``. Which value empties a field differs between
    versions and is the server layer's business.
    """

    description: str | None = None
    rating: int | None = None
    is_favorite: bool | None = None
    date_time_original: datetime | None = None
    place: Place | None = None
    visibility: Visibility | None = None
    duplicate_id: str | None = None
    clear: frozenset[str] = frozenset()
