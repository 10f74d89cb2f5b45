"""Making albums and deleting them.

An album has no name of its own but its id, which only the server's answer tells; several albums with one name are legal. So before an
album is asked for, the ids of all albums that the user can see are recorded in the journal. When the answer is lost, or the run is killed
before it could write it down, an album counts as the run's if it is the user's, was not there before, is no other change's, has the name
and the description asked for, and holds the assets of the request that makes it and none but those of the change. That request carries
out everything or nothing, so an album that was made can be recognised, however far the rest has come. No clock is asked.
"""

from __future__ import annotations

import threading
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

from attrs import define, evolve, field, frozen

from immich_tools.i18n import _, ngettext
from immich_tools.immich.models import ADD_SIZE, Album, Asset, ItemError
from immich_tools.plan.effects.albums import (
    READ_ALBUMS,
    AddToAlbum,
    AlbumContent,
    AlbumField,
    AlbumsLost,
    AlbumValue,
    RemoveFromAlbum,
    SetAlbumField,
    _WholeAlbum,
    album_value,
    albums_now,
    changed_since,
    owned,
    roles_of,
    same_album_value,
    same_text,
)
from immich_tools.plan.effects.base import (
    ALREADY,
    DONE,
    Action,
    Change,
    Phase,
    Reading,
    Results,
    RunState,
    State,
    asset_objection,
    stale,
)
from immich_tools.plan.listed import absent
from immich_tools.plan.result import Result, Status

if TYPE_CHECKING:
    from immich_tools.immich.client import Immich


@frozen
class DeleteAlbum(AlbumContent, _WholeAlbum):
    """Delete an album; its assets stay. What it held is kept here, to make it again.

    :ivar trashed_ids: its assets that are in the trash. They come back into the album with an undo; while one of them shows, it stays.
    """

    kind: ClassVar[str] = "delete-album"
    words: ClassVar[str] = _("delete albums")
    phase: ClassVar[Phase] = Phase.DELETE_ALBUM
    operations: ClassVar[tuple[str, ...]] = ("deleteAlbum", *READ_ALBUMS)
    album_id: str = ""
    trashed_ids: tuple[str, ...] = ()

    def __attrs_post_init__(self) -> None:
        super().__attrs_post_init__()
        if not self.album_id:
            raise ValueError(_("field '{name}' is missing").format(name="album_id"))

    @property
    def target_id(self) -> str:
        return self.album_id

    def inverse(self) -> tuple[Action, ...]:
        held = (*self.asset_ids, *(each for each in self.trashed_ids if each not in self.asset_ids))
        thumbnail = self.thumbnail_asset_id if self.thumbnail_asset_id in held else None
        return (
            CreateAlbum(
                self.name,
                held,
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

    def describe(self) -> str:
        return _("delete album '{name}'").format(name=self.name)

    def missing(self) -> Result:
        return ALREADY

    def album_objection(self, run: RunState, change_id: str, album: Album) -> Result | None:
        reason = changed_since(self, album)
        if reason is None:
            members = run.immich.albums.member_ids(album)
            if not members.issubset(self.asset_ids):
                reason = _("album '{name}' holds other assets now").format(name=album.name)
            gone_ids = tuple(asset_id for asset_id in self.asset_ids if asset_id not in members)
            if gone_ids:
                run.own(AlbumsLost).gone[change_id] = gone_ids
        return None if reason is None else stale(reason)

    @classmethod
    def send(cls, run: RunState, changes: Sequence[Change[Any]]) -> Results:
        (change,) = changes
        run.immich.albums.delete(change.action.album_id)
        return {change.id: DONE}

    def is_true_of(self, album: Album | None) -> bool:
        return album is None


@frozen
class CreateAlbum(AlbumContent):
    """Make an album with its assets, its properties and the people it is shared with.

    The server gives the id, so what undoes it is only known once it was made: see `undoing`.

    :ivar replaces: id of the deleted album that this brings back; None for a new one.
    """

    kind: ClassVar[str] = "create-album"
    words: ClassVar[str] = _("make albums")
    phase: ClassVar[Phase] = Phase.CREATE_ALBUM
    operations: ClassVar[tuple[str, ...]] = ("createAlbum", *READ_ALBUMS)
    reading: ClassVar[Reading] = Reading.OWN
    is_sent_alone: ClassVar[bool] = True
    replaces: str | None = None

    def __attrs_post_init__(self) -> None:
        super().__attrs_post_init__()
        if self.thumbnail_asset_id is not None and self.thumbnail_asset_id not in self.asset_ids:
            raise ValueError(_("the thumbnail of album '{name}' is not one of its assets").format(name=self.name))

    @property
    def is_sent_once(self) -> bool:
        return True

    def needs(self) -> Collection[str]:
        needed = []
        if len(self.asset_ids) > ADD_SIZE:
            needed.append("addAssetsToAlbum")
        if (self.order, self.is_activity_enabled, self.thumbnail_asset_id) != (None, None, None):
            needed.append("updateAlbumInfo")
        if self.replaces and self.shares:
            needed.append("searchUsers")
        return needed

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

    def describe(self) -> str:
        return _("make album '{name}'").format(name=self.name)

    @classmethod
    def check_preconditions(cls, run: RunState, changes: Sequence[Change[Any]], state: State) -> Mapping[str, Result]:
        """STALE: an asset cannot go into it. ALREADY: the user has just this album. FAILED: an album that was made is gone."""
        made = run.own(AlbumsMade)
        albums = albums_now(run.immich)
        assets = run.immich.assets.read({asset_id for change in changes for asset_id in change.action.assets})
        made.find_unavailable(run, changes, assets)
        made.find(run.immich, changes, albums)
        verdicts: dict[str, Result] = {}
        for change in changes:
            action = change.action
            if change.id in made.ids:
                if made.ids[change.id] not in albums:
                    verdicts[change.id] = Result(Status.FAILED, _("the album that was made is not there any more"))
                continue
            verdict = None if action.replaces else action.asset_objection(run.user_id, assets)
            if verdict is None and not action.replaces and action.has_twin(run.immich, albums, made):
                verdict = ALREADY
            if verdict is None:
                made.before.setdefault(change.id, frozenset(albums))
            else:
                verdicts[change.id] = verdict
        return verdicts

    def asset_objection(self, user_id: str, assets: Mapping[str, Asset]) -> Result | None:
        """Why a new album must not be made."""
        for asset_id in self.asset_ids:
            asset = assets.get(asset_id)
            reason = asset_objection(asset_id, asset, user_id)
            if reason is None and asset is not None and asset.is_trashed:
                reason = _("asset {id} is in the trash").format(id=asset_id)
            if reason is not None:
                return stale(reason)
        return None

    @classmethod
    def send(cls, run: RunState, changes: Sequence[Change[Any]]) -> Results:
        """Make an album, or complete one that an earlier try has made: its assets first, then its properties."""
        (change,) = changes
        return {change.id: change.action.make(run.immich, change, run.own(AlbumsMade))}

    def make(self, immich: Immich, change: Change[CreateAlbum], known: AlbumsMade) -> Result:
        """Make the album of one change; see `send`."""
        wanted = known.asset_ids(change)
        left_out = known.unavailable.get(change.id, frozenset())
        made = known.ids.get(change.id)
        if made is None:
            shares = {user_id: role for user_id, role in roles_of(self.shares).items() if user_id not in left_out}
            first, rest = wanted[:ADD_SIZE], wanted[ADD_SIZE:]
            with known.making(self.name):
                album = immich.albums.create(self.name, description=self.description, asset_ids=first, shares=shares)
                known.ids[change.id] = album.id
            short = len(first) - album.asset_count
        else:
            album = immich.albums.get(made)
            members = immich.albums.member_ids(album)
            rest = tuple(asset_id for asset_id in wanted if asset_id not in members)
            short = 0
        answers = immich.albums.add(album.id, rest)
        short += sum(answer.error not in (None, ItemError.DUPLICATE) for answer in answers)
        # A thumbnail that the server has picked by itself may change; one that was written stays.
        properties: dict[str, Any] = {
            name: value
            for name in ("order", "is_activity_enabled", "thumbnail_asset_id")
            if (value := getattr(self, name)) is not None
            and value not in left_out
            and (value != getattr(album, name) or name == "thumbnail_asset_id")
        }
        if properties:
            immich.albums.update(album.id, **properties)
        if short > 0:
            # Why, only looking tells: what is in the trash is a member that is not counted.
            words = ngettext("{count} asset was not put in", "{count} assets were not put in", short)
            return Result(Status.UNKNOWN, words.format(count=short))
        return Result(Status.DONE, _left_out(len(left_out)))

    @classmethod
    def read_back(cls, run: RunState, changes: Sequence[Change[Any]], assets: Mapping[str, Asset]) -> dict[str, bool]:
        """An album that was made without a recorded answer is looked for, and known from then on."""
        made = run.own(AlbumsMade)
        albums = albums_now(run.immich)
        made.find(run.immich, changes, albums)

        def is_there(change: Change[Any]) -> bool:
            if change.id not in made.ids and change.id not in made.before:
                # Never asked for, because there was one already.
                return bool(change.action.has_twin(run.immich, albums, made))
            album = albums.get(made.ids.get(change.id, ""))
            return album is not None and change.action.is_complete(run.immich, album, change, made)

        seen = run.immich.connection.each(changes, is_there)
        return {change.id: found for change, found in zip(changes, seen, strict=True)}

    def has_twin(self, immich: Immich, albums: Mapping[str, Album], known: AlbumsMade) -> bool:
        """Whether the user has an album of that name with exactly those assets, which the run leaves as it is."""
        return any(
            owned(album)
            and album.id not in known.passing
            and same_text(album.name, self.name)
            and album.asset_count == len(self.asset_ids)
            and immich.albums.member_ids(album) == frozenset(self.asset_ids)
            for album in albums.values()
        )

    def is_complete(self, immich: Immich, album: Album, change: Change[CreateAlbum], known: AlbumsMade) -> bool:
        """Whether an album that was made has everything it was to have; more assets do no harm."""
        left_out = known.unavailable.get(change.id, frozenset())
        shares = {user_id: role for user_id, role in roles_of(self.shares).items() if user_id not in left_out}
        if not owned(album) or {user.user_id: user.role for user in album.users} != shares:
            return False
        for field_ in (AlbumField.NAME, AlbumField.DESCRIPTION, AlbumField.ORDER, AlbumField.ACTIVITY):
            wanted: AlbumValue = getattr(self, field_.value)
            if wanted is not None and not same_album_value(field_, album_value(album, field_), wanted):
                return False
        members = immich.albums.member_ids(album)
        if absent(immich, known.asset_ids(change), members):
            return False
        thumbnail = self.thumbnail_asset_id
        return thumbnail not in members or album.thumbnail_asset_id == thumbnail

    def is_recognised(self, immich: Immich, album: Album, asset_ids: Collection[str]) -> bool:
        """Whether an album that was not there before is what the request that makes it would have made."""
        if not owned(album) or not same_text(album.name, self.name):
            return False
        if not same_text(album.description, self.description) or album.asset_count > len(asset_ids):
            return False
        members = immich.albums.member_ids(album)
        return members.issubset(asset_ids) and not absent(immich, tuple(asset_ids)[:ADD_SIZE], members)


@define
class AlbumsMade:
    """What a run knows of the albums it makes, by change id.

    :ivar before: ids of the albums that were there before an album was asked for the first time.
    :ivar ids: id of the album that was made.
    :ivar unavailable: assets and people of a deleted album that cannot be brought back into it.
    :ivar passing: ids of albums that the run deletes, renames or fills: none of them makes a new one needless.
    """

    before: dict[str, frozenset[str]] = field(factory=dict)
    ids: dict[str, str] = field(factory=dict)
    unavailable: dict[str, frozenset[str]] = field(factory=dict)
    passing: frozenset[str] = frozenset()
    _locks: dict[str, threading.Lock] = field(factory=dict, repr=False)
    _guard: threading.Lock = field(factory=threading.Lock, repr=False)

    def making(self, name: str) -> threading.Lock:
        """Held while an album of that name is asked for, until its id is known: nobody may take it for theirs meanwhile."""
        with self._guard:
            return self._locks.setdefault(name.strip(), threading.Lock())

    def asset_ids(self, change: Change[CreateAlbum]) -> tuple[str, ...]:
        """The assets that an album is to be made with."""
        left_out = self.unavailable.get(change.id, frozenset())
        return tuple(asset_id for asset_id in change.action.assets if asset_id not in left_out)

    def find(self, immich: Immich, changes: Iterable[Change[Any]], albums: Mapping[str, Album] | None = None) -> None:
        """Look for the albums of those changes that were asked for and whose answer is not known; what is found goes to `ids`.

        :param albums: all albums as they are now, if they were just read.
        :raises ToolkitError: the server cannot be read.
        """
        wanted = [change for change in changes if change.id in self.before and change.id not in self.ids]
        if not wanted:
            return
        listed = albums_now(immich) if albums is None else albums
        for change in wanted:
            with self.making(change.action.name):
                taken = self.before[change.id].union(self.ids.values())
                for album in listed.values():
                    if album.id not in taken and change.action.is_recognised(immich, album, self.asset_ids(change)):
                        self.ids[change.id] = album.id
                        break

    def find_unavailable(
        self, run: RunState, changes: Iterable[Change[CreateAlbum]], assets: Mapping[str, Asset]
    ) -> None:
        """Find out what of deleted albums cannot be brought back: assets that are gone, locked or others', people without an account.

        What is in the trash can be put back, and shows once it is restored.
        """
        people: frozenset[str] | None = None
        for change in changes:
            action = change.action
            if not action.replaces:
                continue
            lost = {each for each in action.asset_ids if asset_objection(each, assets.get(each), run.user_id)}
            if action.shares:
                people = people or frozenset(user.id for user in run.immich.users.all())
                lost |= roles_of(action.shares).keys() - people
            self.unavailable[change.id] = frozenset(lost)


def passing_albums(actions: Iterable[Action]) -> frozenset[str]:
    """Ids of the albums that will not be what they are: deleted, renamed, or holding other assets."""
    return frozenset(
        action.album_id
        for action in actions
        if isinstance(action, DeleteAlbum | AddToAlbum | RemoveFromAlbum)
        or (isinstance(action, SetAlbumField) and action.field is AlbumField.NAME)
    )


def _left_out(count: int) -> str:
    if not count:
        return ""
    words = ngettext(
        "{count} of its assets and people is not there any more",
        "{count} of its assets and people are not there any more",
        count,
    )
    return words.format(count=count)
