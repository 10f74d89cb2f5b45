"""Assets: listing, reading, updating, trashing and restoring them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime
from typing import Any, Final

from attrs import frozen

from immich_sdk.api.assets import delete_assets, get_asset_info, get_asset_statistics, update_asset, update_assets
from immich_sdk.api.search import search_assets
from immich_sdk.api.trash import restore_assets
from immich_sdk.models.asset_bulk_delete_dto import AssetBulkDeleteDto
from immich_sdk.models.asset_bulk_update_dto import AssetBulkUpdateDto
from immich_sdk.models.bulk_ids_dto import BulkIdsDto
from immich_sdk.models.metadata_search_dto import MetadataSearchDto
from immich_sdk.models.update_asset_dto import UpdateAssetDto
from immich_tools.errors import RequestRefused
from immich_tools.immich import compat
from immich_tools.immich.connection import Connection, chunks
from immich_tools.immich.convert import NOWHERE, asset_from_json
from immich_tools.immich.filters import AssetFilter, moment
from immich_tools.immich.listing import Listing, stream
from immich_tools.immich.models import Asset, AssetUpdate, Version, Visibility

NO_SUCH: Final = frozenset({400, 404})
FEW: Final = 5
"""A listing takes at least as many requests."""
SINGLE_READS_PER_PAGE: Final = 20
"""A page of a listing with exif takes the server as long as so many single reads (measured on 2.3.1 and 3.1.0)."""
QUEUED: Final = 500
"""Assets in one request that only queues their jobs."""
EVERYWHERE: Final = (Visibility.TIMELINE, Visibility.ARCHIVE, Visibility.HIDDEN)


@frozen
class Assets:
    """The assets of the key's user.

    :param owner_id: finds out who that is, when first needed.
    """

    connection: Connection
    version: Callable[[], Version]
    owner_id: Callable[[], str]

    def stream(self, wanted: AssetFilter | None = None, *, own: bool = True) -> Iterator[Asset]:
        """List assets one by one, in bounded memory.

        :param own: leave out assets of partners and of other people's albums.
        :returns: an iterator; going away in the middle is fine. An asset that vanishes meanwhile may be among them.
        :raises IncompleteListing: at the end, when the list cannot be proven complete: decide nothing before the end.
        """
        return stream(self.connection, wanted or AssetFilter(), self.owner_id() if own else None)

    def count(self, wanted: AssetFilter | None = None) -> int:
        """How many assets a search would list, by the server's count; partners' assets shown in the timeline are counted too."""
        wanted = wanted or AssetFilter()
        return sum(Listing(self.connection, wanted, visibility).count() for visibility in wanted.visibility)

    def owned(self) -> int:
        """How many assets the user owns, outside the trash, live photos counted once."""
        return int(self.connection.json(get_asset_statistics._get_kwargs())["total"])

    def get(self, asset_id: str) -> Asset | None:
        """One asset with everything the server tells about it; None when there is none, or it may not be seen."""
        try:
            answer = self.connection.json(get_asset_info._get_kwargs(id=asset_id))
        except RequestRefused as refusal:
            if refusal.status in NO_SUCH:
                return None
            raise
        return asset_from_json(answer, tells_people=True)

    def read(self, ids: Iterable[str]) -> dict[str, Asset]:
        """The present state of some assets, with exif; those that are gone or may not be seen are missing.

        Few are read one by one, many by listing the library: whichever takes fewer requests. Only single reads carry tags, and find
        assets of other people.
        """
        wanted = sorted(set(ids))
        if len(wanted) < FEW:
            return self.read_each(wanted)
        if len(wanted) <= FEW + SINGLE_READS_PER_PAGE * self.owned() // self.connection.page_size:
            return self.read_each(wanted)
        left = set(wanted)
        found: dict[str, Asset] = {}
        for trashed in (False, True):
            for asset in self.stream(AssetFilter(visibility=EVERYWHERE, with_exif=True, trashed=trashed)):
                if asset.id in left:
                    left.discard(asset.id)
                    found[asset.id] = asset
                    if not left:
                        return found
        return found

    def read_each(self, ids: Sequence[str]) -> dict[str, Asset]:
        """The present state of some assets, one request each, with tags, people and stack."""
        return {asset.id: asset for asset in self.connection.each(ids, self.get) if asset is not None}

    def same_file(self, sha1: str) -> list[Asset]:
        """Own uploads outside the trash whose file has a checksum: at most one, as the server takes no file twice.

        :param sha1: in hexadecimal digits.
        """
        return self._search_own({"checksum": sha1})

    def named_like(self, part: str) -> list[Asset]:
        """Own uploads outside the trash with a text in the names of their files: a page of them, without proof that they are all."""
        return self._search_own({"originalFileName": part})

    def _search_own(self, criteria: dict[str, Any]) -> list[Asset]:
        found: list[Asset] = []
        for visibility in EVERYWHERE:
            body = {**criteria, "visibility": visibility.value, "size": self.connection.page_size, "withExif": True}
            answer = self.connection.json(search_assets._get_kwargs(body=MetadataSearchDto.from_dict(body)))
            found += (asset_from_json(item) for item in answer["assets"]["items"])
        owner_id = self.owner_id()
        return [asset for asset in found if asset.owner_id == owner_id and asset.library_id is None]

    def trashed(self, ids: Iterable[str]) -> frozenset[str]:
        """Which of some own assets are in the trash: a few are read one by one, for more the trash is listed.

        :raises IncompleteListing: the trash cannot be listed completely.
        """
        wanted = set(ids)
        if len(wanted) < FEW:
            return frozenset(name for name, asset in self.read_each(sorted(wanted)).items() if asset.is_trashed)
        return frozenset(asset.id for asset in self.stream(AssetFilter(trashed=True)) if asset.id in wanted)

    def written_since(self, since: datetime, visibilities: Iterable[Visibility]) -> dict[str, Asset]:
        """Assets whose row was written since a moment of the server's clock, without proof that they are all.

        For whoever looks again and again; the last word is a single read.
        """
        found: dict[str, Asset] = {}
        for visibility in visibilities:
            number, more = 1, True
            while more:
                body = {
                    "visibility": visibility.value,
                    "updatedAfter": moment(since),
                    "page": number,
                    "size": self.connection.page_size,
                }
                answer = self.connection.json(search_assets._get_kwargs(body=MetadataSearchDto.from_dict(body)))[
                    "assets"
                ]
                assets = [asset_from_json(item) for item in answer["items"]]
                found.update((asset.id, asset) for asset in assets)
                number, more = number + 1, bool(assets) and answer.get("nextPage") is not None
        return found

    def queue_jobs(self, ids: Sequence[str]) -> None:
        """Let the server read the metadata of assets again, changing nothing: a bulk update without a field (2.3.1 and 3.1.0).

        Its jobs run behind those that earlier writes have queued, and move ``updatedAt`` once; the request itself does not move it.
        """
        for part in chunks(ids, QUEUED):
            body = AssetBulkUpdateDto(ids=part)
            self.connection.send(update_assets._get_kwargs(body=body))

    def link_motion_video(self, still_id: str, video_id: str | None) -> None:
        """Let a still point to a motion video, or to none; the video is hidden, or shown again.

        :raises RequestRefused: one of them is unknown or somebody else's, or the video is not one; nothing was done.
        """
        body = UpdateAssetDto.from_dict({"livePhotoVideoId": video_id})
        self.connection.send(update_asset._get_kwargs(id=still_id, body=body))

    def update(self, ids: Sequence[str], update: AssetUpdate) -> None:
        """Write the same fields to several assets: all or none.

        :raises RequestRefused: an id is unknown, not the user's, or a value is not accepted; nothing was done.
        """
        body = {"ids": list(ids), **_fields(update, self.version())}
        self.connection.send(update_assets._get_kwargs(body=AssetBulkUpdateDto.from_dict(body)))

    def trash(self, ids: Sequence[str], *, once: bool = False) -> None:
        """Move assets to the trash: all or none. Where the server's trash is off, this deletes for good.

        :param once: do not send it again by itself where no answer comes: for who must look at something before each try.
        """
        self._delete(ids, force=False, once=once)

    def delete_permanently(self, ids: Sequence[str]) -> None:
        """Delete assets and their files for good: all or none."""
        self._delete(ids, force=True)

    def _delete(self, ids: Sequence[str], *, force: bool, once: bool = False) -> None:
        body = AssetBulkDeleteDto(ids=list(ids), force=force)
        self.connection.send(
            delete_assets._get_kwargs(body=body), timeout=max(self.connection.timeout, 120.0), once=once
        )

    def restore(self, ids: Sequence[str]) -> None:
        """Take assets out of the trash: all or none. Offline external assets stay where they are."""
        self.connection.send(restore_assets._get_kwargs(body=BulkIdsDto(ids=list(ids))))


def _fields(update: AssetUpdate, version: Version) -> dict[str, Any]:
    """The body of an update, in the words of `version`."""
    fields: dict[str, Any] = {}
    if update.description is not None:
        fields["description"] = update.description
    if update.is_favorite is not None:
        fields["isFavorite"] = update.is_favorite
    if update.visibility is not None:
        fields["visibility"] = update.visibility.value
    if update.date_time_original is not None:
        fields["dateTimeOriginal"] = update.date_time_original.isoformat()
    if update.rating:
        fields["rating"] = update.rating
    elif update.rating == 0 or "rating" in update.clear:
        fields["rating"] = None if compat.takes_null_rating(version) else 0
    if update.place is not None:
        fields |= {"latitude": update.place.latitude, "longitude": update.place.longitude}
    elif "place" in update.clear:
        # There is no null for a place; 0/0 is dropped by the server when it reads the sidecar back, seconds later.
        fields |= {"latitude": NOWHERE.latitude, "longitude": NOWHERE.longitude}
    if update.duplicate_id is not None:
        fields["duplicateId"] = update.duplicate_id
    elif "duplicate_id" in update.clear:
        fields["duplicateId"] = None
    return fields
