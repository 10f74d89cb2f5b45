"""What a run knows of the albums it makes: which ones were there before, and which ones are its own.

An album has no name of its own but its id, which only the server's answer tells; several albums with one name are legal. So before an
album is asked for, the ids of all albums that the user can see are put down in the journal. When the answer is lost, or the run is killed
before it could write it down, an album counts as the run's if it is the user's, was not there before, is no other change's, has the name
and the description asked for, and holds the assets of the request that makes it and none but those of the change. That request carries
out everything or nothing, so an album that was made can be recognised, however far the rest has come. No clock is asked.
"""

from __future__ import annotations

import threading
from collections.abc import Collection, Iterable, Mapping

from attrs import define, field

from immich_tools.immich.albums import ADD_SIZE
from immich_tools.immich.client import Immich
from immich_tools.immich.models import Album, AlbumRole
from immich_tools.plan.album_actions import CreateAlbum
from immich_tools.plan.document import Change
from immich_tools.plan.file_changes import Filing
from immich_tools.plan.listed import absent
from immich_tools.plan.tag_changes import Tagging


@define
class Creations:
    """What one run knows of what it makes: of albums, by change id, and of tags.

    :ivar before: ids of the albums that were there before an album was asked for the first time.
    :ivar made: id of the album that was made.
    :ivar unavailable: assets and people of a deleted album that cannot be brought back into it.
    :ivar gone: assets that had left an album before the run deleted it.
    :ivar passing: ids of albums that the run deletes, renames or fills: none of them makes a new one needless.
    :ivar tagging: what it knows of tags.
    :ivar files: what it knows of files.
    """

    before: dict[str, frozenset[str]] = field(factory=dict)
    made: dict[str, str] = field(factory=dict)
    unavailable: dict[str, frozenset[str]] = field(factory=dict)
    gone: dict[str, tuple[str, ...]] = field(factory=dict)
    passing: frozenset[str] = frozenset()
    tagging: Tagging = field(factory=Tagging)
    files: Filing = field(factory=Filing)
    _locks: dict[str, threading.Lock] = field(factory=dict, repr=False)
    _guard: threading.Lock = field(factory=threading.Lock, repr=False)

    def making(self, name: str) -> threading.Lock:
        """Held while an album of that name is asked for, until its id is in `made`: nobody may take it for theirs meanwhile."""
        with self._guard:
            return self._locks.setdefault(name.strip(), threading.Lock())

    def asset_ids(self, change: Change) -> tuple[str, ...]:
        """The assets that an album is to be made with."""
        left_out = self.unavailable.get(change.id, frozenset())
        return tuple(asset_id for asset_id in change.action.assets if asset_id not in left_out)

    def find(self, immich: Immich, changes: Iterable[Change], albums: Mapping[str, Album] | None = None) -> None:
        """Look for the albums of those changes that were asked for and whose answer is not known; what is found goes to `made`.

        :param albums: all albums as they are now, if they were just read.
        :raises ToolkitError: the server cannot be read.
        """
        wanted = [change for change in changes if change.id in self.before and change.id not in self.made]
        if not wanted:
            return
        listed = albums_now(immich) if albums is None else albums
        for change in wanted:
            action = change.action
            assert isinstance(action, CreateAlbum)
            with self.making(action.name):
                taken = self.before[change.id].union(self.made.values())
                for album in listed.values():
                    if album.id not in taken and _is_made_for(immich, album, action, self.asset_ids(change)):
                        self.made[change.id] = album.id
                        break


def albums_now(immich: Immich) -> dict[str, Album]:
    """Every album that the user can see, by id."""
    return {album.id: album for album in immich.albums.all()}


def owned(album: Album) -> bool:
    """Whether the album is the key's user's own; nobody else's is ever changed as a whole."""
    return album.role is AlbumRole.OWNER


def same_text(one: str | None, other: str | None) -> bool:
    """Whether two names or descriptions are the same but for outer blanks."""
    return (one or "").strip() == (other or "").strip()


def _is_made_for(immich: Immich, album: Album, action: CreateAlbum, asset_ids: Collection[str]) -> bool:
    if not owned(album) or not same_text(album.name, action.name):
        return False
    if not same_text(album.description, action.description) or album.asset_count > len(asset_ids):
        return False
    members = immich.albums.member_ids(album)
    first = tuple(asset_ids)[:ADD_SIZE]
    return members.issubset(asset_ids) and not absent(immich, first, members)
