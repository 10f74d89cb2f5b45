"""Effects on albums: who is in them, and their properties, people and end. Making one is in `album_creation`.

Whom an album is shared with is written ``USER_ID=role``, one text for each person, in the order of their ids.
"""

from __future__ import annotations

from collections.abc import Collection, Hashable, Iterable, Mapping, Sequence
from enum import Enum
from typing import TYPE_CHECKING, Any, ClassVar, Final, TypeAlias

from attrs import define, field, frozen

from immich_tools.i18n import _
from immich_tools.immich.models import Album, AlbumRole, AlbumUser, Asset, ItemError
from immich_tools.plan.effects.base import (
    ALREADY,
    DONE,
    LOOK,
    Action,
    Change,
    Listed,
    OneAsset,
    Phase,
    Reading,
    Results,
    RunState,
    State,
    asset_ids,
    item_results,
    stale,
)
from immich_tools.plan.fields import value_words
from immich_tools.plan.result import Result

if TYPE_CHECKING:
    from immich_tools.immich.client import Immich

READ_ALBUMS: Final = ("getAllAlbums", "getAlbumInfo", *LOOK)
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


def albums_now(immich: Immich) -> dict[str, Album]:
    """Every album that the user can see, by id."""
    return {album.id: album for album in immich.albums.all()}


def albums_covered_by(immich: Immich, asset_ids: Collection[str]) -> dict[str, str]:
    """The user's own albums whose cover is one of some assets: album id → asset id.

    Whoever lists albums while a cover is in the trash makes the server give them another one permanently (2.3.1 and 3.1.0).
    """
    return {
        album.id: album.thumbnail_asset_id
        for album in immich.albums.all()
        if owned(album) and album.thumbnail_asset_id is not None and album.thumbnail_asset_id in asset_ids
    }


def owned(album: Album) -> bool:
    """Whether the album is the key's user's own; nobody else's is ever changed as a whole."""
    return album.role is AlbumRole.OWNER


def same_text(one: str | None, other: str | None) -> bool:
    """Whether two names or descriptions are the same but for outer spaces."""
    return (one or "").strip() == (other or "").strip()


def album_value(album: Album, field: AlbumField) -> AlbumValue:
    """What an album holds in a property, as `SetAlbumField` writes it."""
    value: AlbumValue = getattr(album, field.value)
    return value


def same_album_value(field: AlbumField, one: AlbumValue, other: AlbumValue) -> bool:
    """Whether two values of a property mean the same."""
    if field in (AlbumField.NAME, AlbumField.DESCRIPTION):
        return same_text(None if one is None else str(one), None if other is None else str(other))
    return one == other


def role_text(album: Album, user_id: str) -> str | None:
    """What somebody may do in an album, as `ShareAlbum` writes it; None when it is not shared with them."""
    roles = {user.user_id: user.role for user in album.users}
    role: AlbumRole | None = roles.get(user_id)
    return None if role is None else role.value


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
            raise ValueError(_("invalid share '{share}': expected USER=ROLE").format(share=share[:80]))
        found[user_id] = ROLES[role]
    return found


@frozen
class _Membership(OneAsset, Listed):
    album_id: str
    album_name: str = ""
    operations: ClassVar[tuple[str, ...]] = READ_ALBUMS

    def decides(self) -> tuple[str, ...]:
        return ("album", self.album_id, self.asset_id)

    def batch_key(self) -> Hashable:
        return self.album_id

    @property
    def is_inside(self) -> bool:
        """Whether the asset is in the album afterwards."""
        raise NotImplementedError

    @classmethod
    def read_back(cls, run: RunState, changes: Sequence[Change[Any]], assets: Mapping[str, Asset]) -> dict[str, bool]:
        named = {change.action.album_id for change in changes}
        albums = [album for album in run.immich.albums.all() if album.id in named]
        members = run.immich.albums.memberships(albums, sorted(asset_ids(changes)))

        def is_inside(action: _Membership) -> bool:
            return action.asset_id in members.get(action.album_id, ())

        return {change.id: is_inside(change.action) is change.action.is_inside for change in changes}


@frozen
class AddToAlbum(_Membership):
    """Put an asset into an album."""

    kind: ClassVar[str] = "add-to-album"
    words: ClassVar[str] = _("put into albums")
    phase: ClassVar[Phase] = Phase.ENTER_ALBUM
    operations: ClassVar[tuple[str, ...]] = ("addAssetsToAlbum", *READ_ALBUMS)

    @property
    def is_inside(self) -> bool:
        return True

    def inverse(self) -> tuple[Action, ...]:
        return (RemoveFromAlbum(self.asset_id, self.album_id, self.album_name),)

    def describe(self) -> str:
        return _("album '{name}'").format(name=self.album_name)

    @classmethod
    def send(cls, run: RunState, changes: Sequence[Change[Any]]) -> Results:
        answers = run.immich.albums.add(changes[0].action.album_id, asset_ids(changes))
        return item_results(changes, answers, ItemError.DUPLICATE)


@frozen
class RemoveFromAlbum(_Membership):
    """Take an asset out of an album."""

    kind: ClassVar[str] = "remove-from-album"
    words: ClassVar[str] = _("take out of albums")
    phase: ClassVar[Phase] = Phase.LEAVE_ALBUM
    operations: ClassVar[tuple[str, ...]] = ("removeAssetFromAlbum", *READ_ALBUMS)

    @property
    def is_inside(self) -> bool:
        return False

    def inverse(self) -> tuple[Action, ...]:
        return (AddToAlbum(self.asset_id, self.album_id, self.album_name),)

    def describe(self) -> str:
        return _("no longer album '{name}'").format(name=self.album_name)

    @classmethod
    def send(cls, run: RunState, changes: Sequence[Change[Any]]) -> Results:
        answers = run.immich.albums.remove(changes[0].action.album_id, asset_ids(changes))
        return item_results(changes, answers, ItemError.NOT_FOUND)


@define
class AlbumsLost:
    """What a run knows of the albums it deletes.

    :ivar gone: by change id, the assets that had left an album before the run deleted it.
    """

    gone: dict[str, tuple[str, ...]] = field(factory=dict)


@frozen
class _WholeAlbum(Action):
    """A change to an album itself; the album must be the user's own."""

    reading: ClassVar[Reading] = Reading.OWN
    is_sent_alone: ClassVar[bool] = True

    @property
    def target_id(self) -> str:
        """The album's id."""
        raise NotImplementedError

    def missing(self) -> Result:
        """What it means that the album is gone."""
        return stale(_("the album is not there any more"))

    def album_objection(self, run: RunState, change_id: str, album: Album) -> Result | None:
        """Why it must not be done to the album as it is now."""
        raise NotImplementedError

    @classmethod
    def check_preconditions(cls, run: RunState, changes: Sequence[Change[Any]], state: State) -> Mapping[str, Result]:
        albums = albums_now(run.immich)

        def verdict(change: Change[Any]) -> Result | None:
            album = albums.get(change.action.target_id)
            if album is None:
                return change.action.missing()  # type: ignore[no-any-return]
            if not owned(album):
                return stale(_("album '{name}' belongs to somebody else").format(name=album.name))
            return change.action.album_objection(run, change.id, album)  # type: ignore[no-any-return]

        found = run.immich.connection.each(changes, verdict)
        return {change.id: result for change, result in zip(changes, found, strict=True) if result is not None}

    @classmethod
    def read_back(cls, run: RunState, changes: Sequence[Change[Any]], assets: Mapping[str, Asset]) -> dict[str, bool]:
        albums = albums_now(run.immich)
        return {change.id: change.action.is_true_of(albums.get(change.action.target_id)) for change in changes}

    def is_true_of(self, album: Album | None) -> bool:
        """Whether the state after it is there, of the album as it is now; None where it is gone."""
        raise NotImplementedError


@frozen
class AlbumContent(Action):
    """An album with all that belongs to it.

    :ivar order, is_activity_enabled, thumbnail_asset_id: None leaves them to the server.
    :raises ValueError: an asset or a person is named twice, or a property cannot hold a value.
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
            raise ValueError(_("invalid order of an album: '{value}'").format(value=self.order))
        roles_of(self.shares)

    @property
    def assets(self) -> tuple[str, ...]:
        return self.asset_ids


@frozen
class _OneAlbum(_WholeAlbum):
    album_id: str
    album_name: str
    operations: ClassVar[tuple[str, ...]] = READ_ALBUMS

    @property
    def assets(self) -> tuple[str, ...]:
        return ()

    @property
    def target_id(self) -> str:
        return self.album_id


@frozen
class SetAlbumField(_OneAlbum):
    """Write one property of an album.

    :ivar before: what it held when the change was planned; None when it held nothing, or nobody knows.
    :raises ValueError: a value that the property cannot hold, or one that cannot be taken away (a thumbnail).
    """

    kind: ClassVar[str] = "set-album-field"
    words: ClassVar[str] = _("describe albums")
    phase: ClassVar[Phase] = Phase.DESCRIBE_ALBUM
    operations: ClassVar[tuple[str, ...]] = ("updateAlbumInfo", *READ_ALBUMS)
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
                    _("field '{name}' holds {value}: invalid {field}").format(
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

    def describe(self) -> str:
        if self.field is AlbumField.THUMBNAIL:
            return _("cover of album '{name}'").format(name=self.album_name)
        return _("album '{name}': {field} {value}").format(
            name=self.album_name, field=self.field.value, value=value_words(self.after)
        )

    def album_objection(self, run: RunState, change_id: str, album: Album) -> Result | None:
        now = album_value(album, self.field)
        if same_album_value(self.field, now, self.after):
            return ALREADY
        # An album that had no thumbnail gets one from the server with its first asset.
        is_free = self.before is None and self.field is AlbumField.THUMBNAIL
        if is_free or same_album_value(self.field, now, self.before):
            return None
        return stale(_("the {field} has been changed since").format(field=self.field.value))

    @classmethod
    def send(cls, run: RunState, changes: Sequence[Change[Any]]) -> Results:
        ((name, action),) = ((change.id, change.action) for change in changes)
        values: dict[str, Any] = {action.field.value: "" if action.after is None else action.after}
        run.immich.albums.update(action.album_id, **values)
        return {name: DONE}

    def is_true_of(self, album: Album | None) -> bool:
        return album is not None and same_album_value(self.field, album_value(album, self.field), self.after)


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
    words: ClassVar[str] = _("share albums")
    phase: ClassVar[Phase] = Phase.SHARE_ALBUM
    user_id: str
    user_name: str
    before: str | None
    after: str | None

    def __attrs_post_init__(self) -> None:
        for role in (self.before, self.after):
            if role is not None and role not in ROLES:
                raise ValueError(_("invalid role in a shared album: '{role}'").format(role=role))

    def inverse(self) -> tuple[Action, ...]:
        return (
            ShareAlbum(
                self.album_id, self.album_name, self.user_id, self.user_name, before=self.after, after=self.before
            ),
        )

    def decides(self) -> tuple[str, ...]:
        return ("album share", self.album_id, self.user_id)

    def describe(self) -> str:
        return _("album '{name}': {user} {role}").format(
            name=self.album_name, user=self.user_name, role=self.after or _("no longer")
        )

    def needs(self) -> Collection[str]:
        if self.after is None:
            return ("removeUserFromAlbum",)
        return ("updateAlbumUser",) if self.before else ("addUsersToAlbum", "updateAlbumUser")

    def album_objection(self, run: RunState, change_id: str, album: Album) -> Result | None:
        if self.user_id == album.owner_id:
            return stale(_("album '{name}' belongs to them").format(name=album.name))
        now = role_text(album, self.user_id)
        if now == self.after:
            return ALREADY
        return None if now == self.before else stale(_("what they may do in the album has been changed since"))

    @classmethod
    def send(cls, run: RunState, changes: Sequence[Change[Any]]) -> Results:
        ((name, action),) = ((change.id, change.action) for change in changes)
        albums = run.immich.albums
        if action.after is None:
            albums.unshare(action.album_id, action.user_id)
        elif action.before is None:
            albums.share(action.album_id, action.user_id, ROLES[action.after])
        else:
            albums.set_role(action.album_id, action.user_id, ROLES[action.after])
        return {name: DONE}

    def is_true_of(self, album: Album | None) -> bool:
        return album is not None and role_text(album, self.user_id) == self.after


def changed_since(action: AlbumContent, album: Album) -> str | None:
    """Whether an album has another name, description, order or other people than planned: then somebody cares for it."""
    if set(share_texts(album.users)) != set(action.shares):
        return _("album '{name}' is now shared with others").format(name=album.name)
    for name in (AlbumField.NAME, AlbumField.DESCRIPTION, AlbumField.ORDER, AlbumField.ACTIVITY):
        planned = getattr(action, name.value)
        if planned is not None and not same_album_value(name, album_value(album, name), planned):
            return _("the {field} has been changed since").format(field=name.value)
    return None
