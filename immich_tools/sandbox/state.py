"""Everything the sandbox server remembers, with the indexes that keep it quick."""

import random
from bisect import bisect_left, insort
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime, timedelta

from immich_tools.sandbox.entities import (
    Album,
    ApiKey,
    Asset,
    AssetType,
    Face,
    Library,
    Partner,
    Person,
    SharedLink,
    Stack,
    Tag,
    User,
    Visibility,
)

OrderKey = tuple[datetime, str]


class State:
    """The tables of the server. Rows are reached through the dictionaries; whatever an index depends on (duplicate groups,
    memberships, times, removal) is changed through the methods, so that the indexes stay true."""

    def __init__(self, seed: int, now: Callable[[], datetime]) -> None:
        self.now = now
        self.random = random.Random(seed)
        self.users: dict[str, User] = {}
        self.keys: dict[str, ApiKey] = {}
        self.sessions: dict[str, str] = {}
        self.assets: dict[str, Asset] = {}
        self.albums: dict[str, Album] = {}
        self.tags: dict[str, Tag] = {}
        self.people: dict[str, Person] = {}
        self.faces: dict[str, Face] = {}
        self.stacks: dict[str, Stack] = {}
        self.shared_links: dict[str, SharedLink] = {}
        self.libraries: dict[str, Library] = {}
        self.partners: list[Partner] = []
        self.paused_queues: set[str] = set()
        self.duplicate_groups: dict[str, dict[str, None]] = {}
        self.albums_of_asset: dict[str, set[str]] = {}
        self.tags_of_asset: dict[str, dict[str, None]] = {}
        self.faces_of_asset: dict[str, list[str]] = {}
        self.assets_by_checksum: dict[tuple[str, str | None, bytes], str] = {}
        self._by_time: list[OrderKey] = []
        self._album_sequence = 0

    def new_id(self) -> str:
        """A version-4-shaped UUID from the seeded generator."""
        return _as_uuid(self.random.getrandbits(128))

    def next_album_sequence(self) -> int:
        """A number that grows with every album, so that "newest first" is well defined at one clock tick."""
        self._album_sequence += 1
        return self._album_sequence

    def insert_asset(self, asset: Asset) -> None:
        """Add a row and put it into the indexes."""
        self.assets[asset.id] = asset
        self.assets_by_checksum.setdefault((asset.owner_id, asset.library_id, asset.checksum), asset.id)
        insort(self._by_time, (asset.file_created_at, asset.id))
        if asset.duplicate_id is not None:
            self.duplicate_groups.setdefault(asset.duplicate_id, {})[asset.id] = None

    def touch(self, asset: Asset) -> None:
        """A write to the row of an asset: `updatedAt` moves, always to a later millisecond than before."""
        now = self.now()
        now = now.replace(microsecond=now.microsecond // 1000 * 1000)
        asset.updated_at = max(now, asset.updated_at + timedelta(milliseconds=1))

    def set_file_created_at(self, asset: Asset, moment: datetime) -> None:
        """Move an asset to another place in the time order."""
        if moment != asset.file_created_at:
            self._remove_from_times(asset)
            asset.file_created_at = moment
            insort(self._by_time, (moment, asset.id))

    def set_duplicate(self, asset: Asset, duplicate_id: str | None) -> None:
        """Put an asset into a duplicate group, or out of any."""
        if asset.duplicate_id is not None:
            members = self.duplicate_groups.get(asset.duplicate_id, {})
            members.pop(asset.id, None)
            if not members:
                self.duplicate_groups.pop(asset.duplicate_id, None)
        asset.duplicate_id = duplicate_id
        if duplicate_id is not None:
            self.duplicate_groups.setdefault(duplicate_id, {})[asset.id] = None

    def in_time_order(
        self, *, descending: bool, first: datetime | None = None, last: datetime | None = None
    ) -> Iterator[Asset]:
        """All assets between two moments (both inclusive) by `fileCreatedAt`, then id, both in the given direction."""
        start = 0 if first is None else bisect_left(self._by_time, (first, ""))
        stop = len(self._by_time) if last is None else bisect_left(self._by_time, (last, "~"))
        positions = range(stop - 1, start - 1, -1) if descending else range(start, stop)
        by_time, assets = self._by_time, self.assets
        return (assets[by_time[position][1]] for position in positions)

    def remove_asset(self, asset: Asset, *, delete_files: bool | Callable[[Asset], bool]) -> None:
        """Purge a row: what refers to it lets go of it, and its motion video goes too when no other still needs it, whosesoever
        folder it lies in. `delete_files` tells whether the files go as well, or of which assets.

        Immich 2.3.1 and 3.1.0: purging a still queues the purge of its motion video; a foreign key clears
        `livePhotoVideoId` of a still whose video goes; a stack left with fewer than two members is dissolved."""
        if asset.id not in self.assets:
            return
        del self.assets[asset.id]
        checksum_key = (asset.owner_id, asset.library_id, asset.checksum)
        if self.assets_by_checksum.get(checksum_key) == asset.id:
            del self.assets_by_checksum[checksum_key]
        self._remove_from_times(asset)
        self.set_duplicate(asset, None)
        for album_id in self.albums_of_asset.pop(asset.id, set()):
            album = self.albums[album_id]
            album.asset_ids.pop(asset.id, None)
            if album.thumbnail_id == asset.id:
                album.thumbnail_id = None
        for tag_id in self.tags_of_asset.pop(asset.id, {}):
            self.tags[tag_id].asset_ids.discard(asset.id)
        for face_id in self.faces_of_asset.pop(asset.id, []):
            self.faces.pop(face_id, None)
        self._leave_stack(asset)
        if asset.type is AssetType.VIDEO and asset.visibility is Visibility.HIDDEN:
            for still in self.assets.values():
                if still.live_photo_video_id == asset.id:
                    still.live_photo_video_id = None
        if asset.file is not None and (delete_files if isinstance(delete_files, bool) else delete_files(asset)):
            asset.file.unlink(missing_ok=True)
            asset.file.with_name(f"{asset.file.name}.xmp").unlink(missing_ok=True)
        video = self.assets.get(asset.live_photo_video_id or "")
        if video is not None and not any(other.live_photo_video_id == video.id for other in self.assets.values()):
            self.remove_asset(video, delete_files=delete_files)

    def _remove_from_times(self, asset: Asset) -> None:
        del self._by_time[bisect_left(self._by_time, (asset.file_created_at, asset.id))]

    def _leave_stack(self, asset: Asset) -> None:
        stack = self.stacks.get(asset.stack_id or "")
        if stack is None:
            return
        stack.asset_ids.remove(asset.id)
        if len(stack.asset_ids) < 2:
            self.dissolve_stack(stack)
        elif stack.primary_asset_id == asset.id:
            stack.primary_asset_id = stack.asset_ids[0]

    def dissolve_stack(self, stack: Stack) -> None:
        """Delete a stack; its members become single assets again."""
        for asset_id in stack.asset_ids:
            if asset_id in self.assets:
                self.assets[asset_id].stack_id = None
                self.touch(self.assets[asset_id])
        self.stacks.pop(stack.id, None)

    def add_to_album(self, album: Album, asset_id: str) -> bool:
        """Put an asset into an album. Returns whether it was not there before."""
        if asset_id in album.asset_ids:
            return False
        album.asset_ids[asset_id] = None
        self.albums_of_asset.setdefault(asset_id, set()).add(album.id)
        if album.thumbnail_id is None:
            album.thumbnail_id = asset_id
        return True

    def remove_from_album(self, album: Album, asset_id: str) -> bool:
        """Take an asset out of an album. Returns whether it was there."""
        if asset_id not in album.asset_ids:
            return False
        del album.asset_ids[asset_id]
        self.albums_of_asset[asset_id].discard(album.id)
        if album.thumbnail_id == asset_id:
            album.thumbnail_id = None
        return True

    def cover_of(self, album: Album) -> str | None:
        """The cover that the next reader sees: the album's own while it is a member outside the trash, else the newest of these."""
        cover = self.assets.get(album.thumbnail_id or "")
        if cover is not None and cover.id in album.asset_ids and cover.deleted_at is None:
            return cover.id
        shown = (asset for asset in self.existing(album.asset_ids) if asset.deleted_at is None)
        newest = max(shown, key=lambda asset: (asset.file_created_at, asset.id), default=None)
        return None if newest is None else newest.id

    def refresh_covers(self) -> None:
        """Replace covers that are not to be seen: what the server does whenever albums are read (both versions). The old cover
        does not come back."""
        for album in self.albums.values():
            cover = self.cover_of(album)
            if cover != album.thumbnail_id:
                album.thumbnail_id, album.updated_at = cover, self.now()

    def remove_album(self, album: Album) -> None:
        """Delete an album; its assets stay."""
        for asset_id in list(album.asset_ids):
            self.albums_of_asset[asset_id].discard(album.id)
        del self.albums[album.id]

    def tag_asset(self, tag: Tag, asset_id: str) -> bool:
        """Tag an asset. Returns whether it did not have the tag before."""
        if asset_id in tag.asset_ids:
            return False
        tag.asset_ids.add(asset_id)
        self.tags_of_asset.setdefault(asset_id, {})[tag.id] = None
        return True

    def untag_asset(self, tag: Tag, asset_id: str) -> bool:
        """Take a tag from an asset. Returns whether it had it."""
        if asset_id not in tag.asset_ids:
            return False
        tag.asset_ids.discard(asset_id)
        del self.tags_of_asset[asset_id][tag.id]
        return True

    def remove_tag(self, tag: Tag) -> None:
        """Delete a tag and the tags below it."""
        for child in [other for other in self.tags.values() if other.parent_id == tag.id]:
            self.remove_tag(child)
        for asset_id in list(tag.asset_ids):
            self.untag_asset(tag, asset_id)
        del self.tags[tag.id]

    def tag_with_descendants(self, tag_id: str) -> list[Tag]:
        """A tag and all tags below it."""
        tag = self.tags.get(tag_id)
        if tag is None:
            return []
        below = [other for other in self.tags.values() if other.parent_id == tag_id]
        return [tag, *(found for child in below for found in self.tag_with_descendants(child.id))]

    def insert_face(self, face: Face) -> None:
        """Add a face to its asset."""
        self.faces[face.id] = face
        self.faces_of_asset.setdefault(face.asset_id, []).append(face.id)

    def remove_face(self, face: Face) -> None:
        """Take a face from its asset."""
        del self.faces[face.id]
        self.faces_of_asset[face.asset_id].remove(face.id)

    def assets_of(self, owner_id: str) -> Iterator[Asset]:
        """Every asset of one user, whatever its state."""
        return (asset for asset in self.assets.values() if asset.owner_id == owner_id)

    def timeline_partners_of(self, user_id: str) -> list[str]:
        """Users whose library appears in this user's timeline and searches."""
        return [p.shared_by for p in self.partners if p.shared_with == user_id and p.in_timeline]

    def existing(self, asset_ids: Iterable[str]) -> list[Asset]:
        """The assets that exist among `asset_ids`, in that order."""
        return [self.assets[asset_id] for asset_id in asset_ids if asset_id in self.assets]


def utc_now() -> datetime:
    """The real clock."""
    return datetime.now(UTC)


def _as_uuid(bits: int) -> str:
    digits = f"{bits & ~(0xF << 76) & ~(0x3 << 62) | (0x4 << 76) | (0x2 << 62):032x}"
    return f"{digits[:8]}-{digits[8:12]}-{digits[12:16]}-{digits[16:20]}-{digits[20:]}"
