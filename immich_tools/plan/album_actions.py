"""Changes to albums themselves: making, deleting, describing and sharing them. What is in them is in `actions`.

Whom an album is shared with is written ``USER_ID=role``, one text for each person, in the order of their ids.
"""

from __future__ import annotations

from collections.abc import Iterable
from enum import Enum
from typing import ClassVar, Final, TypeAlias

from attrs import evolve, frozen

from immich_tools.i18n import _
from immich_tools.immich.models import AlbumRole, AlbumUser
from immich_tools.plan.actions import Action, AddToAlbum, RemoveFromAlbum

ROLES: Final = {role.value: role for role in (AlbumRole.EDITOR, AlbumRole.VIEWER)}
"""What somebody an album is shared with may be; the owner is never among them."""
ORDERS: Final = ("asc", "desc")


class AlbumField(Enum):
    """A property of an album that a change may write."""

    NAME = "name"
    DESCRIPTION = "description"
    ORDER = "order"
    ACTIVITY = "is_activity_enabled"
    THUMBNAIL = "thumbnail_asset_id"


AlbumValue: TypeAlias = str | bool | None
"""A property's value; the order is ``asc`` or ``desc``."""


def share_texts(users: Iterable[AlbumUser]) -> tuple[str, ...]:
    """Whom an album is shared with, as actions write it."""
    return tuple(f"{user.user_id}={user.role.value}" for user in sorted(users, key=lambda user: user.user_id))


def roles_of(shares: Iterable[str]) -> dict[str, AlbumRole]:
    """What `share_texts` wrote: user id → role.

    :raises ValueError: a text is not ``USER_ID=editor`` or ``USER_ID=viewer``, or somebody is named twice.
    """
    found: dict[str, AlbumRole] = {}
    for share in shares:
        user_id, _sign, role = share.rpartition("=")
        if not user_id or role not in ROLES or user_id in found:
            raise ValueError(_("'{share}' says of nobody what they may do in an album").format(share=share[:80]))
        found[user_id] = ROLES[role]
    return found


@frozen
class _WholeAlbum(Action):
    """An album with all that belongs to it.

    :ivar order, is_activity_enabled, thumbnail_asset_id: None leaves them to the server.
    :raises ValueError: an asset or a person is named twice, or a value is none the property can hold.
    """

    name: str
    asset_ids: tuple[str, ...] = ()
    description: str = ""
    shares: tuple[str, ...] = ()
    order: str | None = None
    is_activity_enabled: bool | None = None
    thumbnail_asset_id: str | None = None

    def __attrs_post_init__(self) -> None:
        if len(set(self.asset_ids)) != len(self.asset_ids):
            raise ValueError(_("album '{name}' names an asset twice").format(name=self.name))
        if self.order is not None and self.order not in ORDERS:
            raise ValueError(_("'{value}' is no order of an album").format(value=self.order))
        roles_of(self.shares)

    @property
    def assets(self) -> tuple[str, ...]:
        return self.asset_ids


@frozen
class CreateAlbum(_WholeAlbum):
    """Make an album with its assets, its properties and the people it is shared with.

    The server gives the id, so what undoes it is only known once it was made: see `undoing`.

    :ivar replaces: id of the deleted album that this brings back; None for a new one.
    """

    kind: ClassVar[str] = "create-album"
    replaces: str | None = None

    def __attrs_post_init__(self) -> None:
        super().__attrs_post_init__()
        if self.thumbnail_asset_id is not None and self.thumbnail_asset_id not in self.asset_ids:
            raise ValueError(_("the thumbnail of album '{name}' is not one of its assets").format(name=self.name))

    def inverse(self) -> tuple[Action, ...]:
        return ()

    def undoing(self, album_id: str, *, is_complete: bool) -> DeleteAlbum:
        """What takes back the album that was made.

        :param album_id: its id.
        :param is_complete: False when making it was cut short, so that its properties may not have been written.
        """
        return DeleteAlbum(
            self.name,
            self.asset_ids,
            self.description,
            self.shares,
            self.order if is_complete else None,
            self.is_activity_enabled if is_complete else None,
            self.thumbnail_asset_id if is_complete else None,
            album_id=album_id,
        )

    def decides(self) -> tuple[str, ...]:
        # One of two albums that are the same in everything could not be told from the other when an answer is lost.
        return ("new album", self.replaces or "", self.name, self.description, *sorted(self.asset_ids))


@frozen
class DeleteAlbum(_WholeAlbum):
    """Delete an album; its assets stay. What it held is kept here, to make it again."""

    kind: ClassVar[str] = "delete-album"
    album_id: str = ""

    def __attrs_post_init__(self) -> None:
        super().__attrs_post_init__()
        if not self.album_id:
            raise ValueError(_("field '{name}' is missing").format(name="album_id"))

    def inverse(self) -> tuple[Action, ...]:
        thumbnail = self.thumbnail_asset_id if self.thumbnail_asset_id in self.asset_ids else None
        return (
            CreateAlbum(
                self.name,
                self.asset_ids,
                self.description,
                self.shares,
                self.order,
                self.is_activity_enabled,
                thumbnail,
                replaces=self.album_id,
            ),
        )

    def without(self, asset_ids: Iterable[str]) -> DeleteAlbum:
        """The same for an album that had lost some assets before it was deleted."""
        lost = frozenset(asset_ids)
        return evolve(self, asset_ids=tuple(each for each in self.asset_ids if each not in lost)) if lost else self

    def loss(self) -> str:
        return _(
            "album '{name}' is made again under a new id: its links, comments and likes, the dates at which assets were added, "
            "and assets in it that are in the trash or belong to others do not come back"
        ).format(name=self.name)

    def decides(self) -> tuple[str, ...]:
        return ("whole album", self.album_id)


@frozen
class _OneAlbum(Action):
    album_id: str
    album_name: str

    @property
    def assets(self) -> tuple[str, ...]:
        return ()


@frozen
class SetAlbumField(_OneAlbum):
    """Write one property of an album.

    :ivar before: what it held when the change was planned; None when it held nothing, or nobody knows.
    :raises ValueError: a value that the property cannot hold, or one that cannot be taken away (a thumbnail).
    """

    kind: ClassVar[str] = "set-album-field"
    field: AlbumField
    before: AlbumValue
    after: AlbumValue

    def __attrs_post_init__(self) -> None:
        for name in ("before", "after"):
            value = getattr(self, name)
            if value is None and (name == "before" or self.field is AlbumField.DESCRIPTION):
                continue
            if not _fits(self.field, value):
                raise ValueError(
                    _("field '{name}' holds {value}, which is no {field}").format(
                        name=name, value=value, field=self.field.value
                    )
                )

    def inverse(self) -> tuple[Action, ...]:
        if self.loss() is not None:
            return ()
        return (SetAlbumField(self.album_id, self.album_name, self.field, before=self.after, after=self.before),)

    def loss(self) -> str | None:
        if self.before is None and self.field is not AlbumField.DESCRIPTION:
            return _("the {field} of album '{name}' stays: there was none that could be written back").format(
                field=self.field.value, name=self.album_name
            )
        return None

    def decides(self) -> tuple[str, ...]:
        return ("album property", self.album_id, self.field.value)


def _fits(field: AlbumField, value: AlbumValue) -> bool:
    if field is AlbumField.ACTIVITY:
        return isinstance(value, bool)
    if field is AlbumField.ORDER:
        return value in ORDERS
    return isinstance(value, str)


@frozen
class ShareAlbum(_OneAlbum):
    """Share an album with somebody, change what they may do, or end it.

    :ivar before, after: ``editor`` or ``viewer``; None when it is not shared with them.
    :raises ValueError: another role; nobody is made an owner.
    """

    kind: ClassVar[str] = "share-album"
    user_id: str
    user_name: str
    before: str | None
    after: str | None

    def __attrs_post_init__(self) -> None:
        for role in (self.before, self.after):
            if role is not None and role not in ROLES:
                raise ValueError(_("'{role}' is no role of somebody an album is shared with").format(role=role))

    def inverse(self) -> tuple[Action, ...]:
        return (
            ShareAlbum(
                self.album_id, self.album_name, self.user_id, self.user_name, before=self.after, after=self.before
            ),
        )

    def decides(self) -> tuple[str, ...]:
        return ("album share", self.album_id, self.user_id)


ALBUM_KINDS: Final = (CreateAlbum, DeleteAlbum, SetAlbumField, ShareAlbum)


def passing_albums(actions: Iterable[Action]) -> frozenset[str]:
    """Ids of the albums that will not be what they are: deleted, renamed, or holding other assets."""
    return frozenset(
        action.album_id
        for action in actions
        if isinstance(action, DeleteAlbum | AddToAlbum | RemoveFromAlbum)
        or (isinstance(action, SetAlbumField) and action.field is AlbumField.NAME)
    )
