"""What is known of one asset's files, whichever source told it; small, because a library may have a million."""

from __future__ import annotations

from enum import Enum
from functools import lru_cache
from typing import Final, Self

from attrs import field, frozen

from immich_tools.immich.models import Visibility

SIDECAR_SUFFIX: Final = ".xmp"
"""What Immich itself appends to an original's path to name its sidecar (2.3.1 and 3.1.0)."""
_BESIDE: Final = ""
"""Stands for the usual path of a sidecar, so that most need no memory."""


class RecordSource(Enum):
    """Where records come from.

    DATABASE tells of every user's assets. API tells of the key's user's alone, without those in the locked folder, which no key may
    list, and without the paths of sidecars, which the server does not tell (2.3.1 and 3.1.0).
    """

    DATABASE = "database"
    API = "api"

    @property
    def tells_sidecars(self) -> bool:
        """Whether no `AssetRecord.sidecar_path` means that there is none."""
        return self is RecordSource.DATABASE

    @property
    def tells_locked(self) -> bool:
        """Whether assets in the locked folder are among the records."""
        return self is RecordSource.DATABASE


def _packed(identity: str) -> bytes:
    return bytes.fromhex(identity.replace("-", ""))


def _spelled(identity: bytes) -> str:
    digits = identity.hex()
    return f"{digits[:8]}-{digits[8:12]}-{digits[12:16]}-{digits[16:20]}-{digits[20:]}"


def _shown(identity: bytes | None) -> str:
    return "None" if identity is None else _spelled(identity)


@frozen
class Standing:
    """What a great many assets have in common; each once, however many records refer to it.

    :ivar owner_id: the user they belong to.
    :ivar library_id: the external library they belong to; None for uploads.
    :ivar is_trashed: whether ``deletedAt`` is set: in the trash, or offline.
    :ivar is_offline: whether the server marked them as missing. It only ever does that to assets of external libraries.
    """

    owner_id: str
    library_id: str | None = None
    visibility: Visibility = Visibility.TIMELINE
    is_trashed: bool = False
    is_offline: bool = False


_standing: Final = lru_cache(maxsize=4096)(Standing)


@frozen(init=False, weakref_slot=False)
class AssetRecord:
    """One asset: whose it is, where its files are, and which other assets belong to it.

    A million of them take less than 400 MB, because ids are kept as their 16 bytes, and what many have in common is kept once: a
    `Standing`, and the text of a folder where whoever makes the records hands over the same one.

    :param id: the asset's id, as the server spells it; so are `live_photo_video_id` and `stack_id`.
    :param owner_id, library_id, visibility, is_trashed, is_offline: see `Standing`.
    :param folder: the original's path up to and including its last slash, as the server sees it.
    :param name: what follows; `folder` + `name` is the path to the letter.
    :param live_photo_video_id: the video half of a live photo, another asset; None for anything else.
    :param stack_id: the stack it is in.
    :param sidecar_path: its XMP file, as the server sees it; None when there is none, or the source does not tell.
    """

    _id: bytes = field(repr=_shown)
    standing: Standing
    folder: str
    name: str
    _live_photo_video_id: bytes | None = field(repr=_shown)
    _stack_id: bytes | None = field(repr=_shown)
    _sidecar: str | None

    def __init__(
        self,
        *,
        id: str,
        owner_id: str,
        folder: str,
        name: str,
        library_id: str | None = None,
        visibility: Visibility = Visibility.TIMELINE,
        is_trashed: bool = False,
        is_offline: bool = False,
        live_photo_video_id: str | None = None,
        stack_id: str | None = None,
        sidecar_path: str | None = None,
    ) -> None:
        self.__attrs_init__(
            _packed(id),
            _standing(owner_id, library_id, visibility, is_trashed, is_offline),
            folder,
            name,
            None if live_photo_video_id is None else _packed(live_photo_video_id),
            None if stack_id is None else _packed(stack_id),
            _abridged(sidecar_path, folder, name),
        )

    @classmethod
    def packed(
        cls,
        identity: bytes,
        standing: Standing,
        *,
        folder: str,
        name: str,
        video: bytes | None,
        stack: bytes | None,
        sidecar_path: str | None,
    ) -> Self:
        """The same where ids are 16 bytes already, in a third of the time."""
        record = cls.__new__(cls)
        sidecar = _abridged(sidecar_path, folder, name)
        record.__attrs_init__(identity, standing, folder, name, video, stack, sidecar)
        return record

    @property
    def id(self) -> str:
        """The asset's id."""
        return _spelled(self._id)

    @property
    def owner_id(self) -> str:
        """The user it belongs to."""
        return self.standing.owner_id

    @property
    def library_id(self) -> str | None:
        """The external library it belongs to; None for an upload."""
        return self.standing.library_id

    @property
    def visibility(self) -> Visibility:
        """Where it shows."""
        return self.standing.visibility

    @property
    def is_trashed(self) -> bool:
        """Whether it is in the trash, or offline."""
        return self.standing.is_trashed

    @property
    def is_offline(self) -> bool:
        """Whether the server marked it as missing."""
        return self.standing.is_offline

    @property
    def live_photo_video_id(self) -> str | None:
        """The video half of a live photo, another asset; None for anything else."""
        return None if self._live_photo_video_id is None else _spelled(self._live_photo_video_id)

    @property
    def stack_id(self) -> str | None:
        """The stack it is in."""
        return None if self._stack_id is None else _spelled(self._stack_id)

    @property
    def path(self) -> str:
        """The original's path, as the server sees it."""
        return self.folder + self.name

    @property
    def sidecar_path(self) -> str | None:
        """Its XMP file, as the server sees it; None when there is none, or the source does not tell."""
        return self.path + SIDECAR_SUFFIX if self._sidecar == _BESIDE else self._sidecar


def _abridged(sidecar_path: str | None, folder: str, name: str) -> str | None:
    # PostgreSQL may hold an empty text where others have null.
    return (_BESIDE if sidecar_path == folder + name + SIDECAR_SUFFIX else sidecar_path) if sidecar_path else None


def split_path(path: str) -> tuple[str, str]:
    """A path as `AssetRecord.folder` and `AssetRecord.name`."""
    cut = path.rfind("/") + 1
    return path[:cut], path[cut:]
