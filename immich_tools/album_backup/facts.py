"""What the planner of the album backup decides on: a snapshot of the server and of the target folders, as values."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Final

from attrs import field, frozen

from immich_tools.disk.content import Content
from immich_tools.immich.models import Album, Asset, Broken, Face, Library, User, Version


@frozen
class Source:
    """Where the bytes of a file come from.

    :ivar path: the whole path of the file on this computer; None to download it.
    :ivar problem: why it cannot be read, for a person; empty when it can, as far as anybody looked.
    """

    path: str | None = None
    problem: str = ""


LARGEST_SIDECAR: Final = 16 << 20
"""Bytes; no reader takes more."""
DOWNLOADED: Final = Source()
"""A file that comes over the API."""


@frozen
class Edition:
    """What Immich's editor made of a photo.

    :ivar size: bytes; None where the server does not tell.
    :ivar extension: that fits its kind, with the dot.
    """

    size: int | None
    extension: str


@frozen(repr=False)
class Upload:
    """A member of an album with all that belongs to it.

    :ivar asset: with exif; tags, people and the rest are only complete where the owner's key is known.
    :ivar motion: its own motion video, of a live photo, also where Immich lets it point to that of a copy; None for none, and where it
        cannot be seen.
    :ivar is_crossed: it points to a video of an external library, which is not its own.
    :ivar sidecar: what its present sidecar holds, at most a little more than `LARGEST_SIDECAR`; None where none is found.
    :ivar sidecar_path: where that is on this computer; empty where it came over the API.
    :ivar stack: ids of the stack it is in, itself included.
    :ivar faces: the faces found in it; empty where they may not be read.
    """

    asset: Asset
    source: Source = DOWNLOADED
    motion: Asset | None = None
    motion_source: Source = DOWNLOADED
    sidecar: bytes | None = None
    sidecar_path: str = ""
    edition: Edition | None = None
    stack: tuple[str, ...] = ()
    faces: tuple[Face, ...] = ()
    is_crossed: bool = False


@frozen
class ChosenAlbum:
    """An album that is to be backed up.

    :ivar member_ids: of everybody's members outside the trash, as the first user sees them.
    :ivar start: day of its first photo; None for an empty one.
    """

    album: Album
    member_ids: tuple[str, ...] = ()
    start: date | None = None


@frozen(repr=False)
class BackupFacts:
    """Everything one stage of a backup is decided on.

    :ivar users: those whose keys are known; the albums are chosen as the first one sees them.
    :ivar populations: user id → assets they own outside the trash.
    :ivar names: user id → name, of everybody.
    :ivar albums: those to be backed up, by name.
    :ivar uploads: by asset id, of all their members that are no external assets.
    :ivar external: ids of members that are external assets → their asset.
    :ivar local_target: the destination on this computer.
    :ivar present: what lies in the target folders: path below the destination → what it holds; None where that is not known.
    :ivar imported: assets of external libraries below the destination: path as the server sees it → asset. Known only for users whose
        keys are.
    :ivar holders: asset id → ids of the albums that hold it, for uploads and imported assets, as their owners see it.
    :ivar visible: user id → the albums that they see, by id.
    :ivar rebuilt: album id → its members, of own albums of the users that have the name of one that is backed up.
    :ivar library: the external library that shows the destination; None where no key may tell.
    :ivar emptied: ids of the albums whose uploads are all in the trash and have copies that have appeared: what a run leaves that was
        killed before it deleted the album.
    :ivar unlisted: what the server failed to list, where such assets are skipped.
    """

    users: tuple[User, ...]
    server_version: Version
    populations: Mapping[str, int]
    local_target: str
    names: Mapping[str, str] = field(factory=dict)
    albums: tuple[ChosenAlbum, ...] = ()
    uploads: Mapping[str, Upload] = field(factory=dict)
    external: Mapping[str, Asset] = field(factory=dict)
    present: Mapping[str, Content | None] = field(factory=dict)
    imported: Mapping[str, Asset] = field(factory=dict)
    holders: Mapping[str, frozenset[str]] = field(factory=dict)
    visible: Mapping[str, Mapping[str, Album]] = field(factory=dict)
    rebuilt: Mapping[str, frozenset[str]] = field(factory=dict)
    library: Library | None = None
    emptied: frozenset[str] = frozenset()
    unlisted: tuple[Broken, ...] = ()

    @property
    def user_ids(self) -> frozenset[str]:
        """Whose keys are known."""
        return frozenset(user.id for user in self.users)

    @property
    def administrator(self) -> str | None:
        """Id of a user who may ask for a scan; None when nobody may."""
        return next((user.id for user in self.users if user.is_admin), None)

    def __repr__(self) -> str:
        return f"BackupFacts({len(self.albums)} albums, {len(self.uploads)} uploads, Immich {self.server_version})"
