"""Albums, with the differences between the major versions hidden."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from typing import Any

from attrs import frozen

from immich_sdk.api.albums import add_assets_to_album, get_album_info, get_all_albums, remove_asset_from_album
from immich_sdk.models.bulk_ids_dto import BulkIdsDto
from immich_tools.errors import IncompleteListing
from immich_tools.i18n import _
from immich_tools.immich import compat
from immich_tools.immich.connection import Connection, chunks
from immich_tools.immich.listing import PAGE_SIZE, AssetFilter, stream
from immich_tools.immich.models import Album, AlbumRole, AlbumUser, ItemError, ItemResult, Version, Visibility

ADD_SIZE = 2000
_ROLES = {role.value: role for role in AlbumRole}
_ERRORS = {error.value: error for error in ItemError}


def item_results(answer: list[dict[str, Any]]) -> list[ItemResult]:
    """The per-id answers of album and tag requests."""
    return [
        ItemResult(each["id"], None if each["success"] else _ERRORS.get(each.get("error", ""), ItemError.UNKNOWN))
        for each in answer
    ]


@frozen
class Albums:
    """The albums the key's user owns or that are shared with them."""

    connection: Connection
    version: Callable[[], Version]
    owner_id: Callable[[], str]

    def all(self) -> list[Album]:
        """Every album, own ones and those shared with the user, by id."""
        answers = self.connection.json(get_all_albums._get_kwargs())
        if compat.lists_shared_albums_apart(self.version()):
            answers = answers + self.connection.json(get_all_albums._get_kwargs(shared=True))
        albums = {album.id: album for album in map(self._album, answers)}
        return [albums[album_id] for album_id in sorted(albums)]

    def holding(self, asset_id: str) -> list[Album]:
        """The albums that hold one asset."""
        return [self._album(answer) for answer in self.connection.json(get_all_albums._get_kwargs(asset_id=asset_id))]

    def member_ids(self, album: Album) -> frozenset[str]:
        """Every member that is neither trashed nor locked, other people's included.

        :raises IncompleteListing: the members listed are fewer than the album's own count says.
        """
        if compat.lists_members_in_album(self.version()):
            answer = self.connection.json(get_album_info._get_kwargs(id=album.id))
            members = frozenset(str(item["id"]) for item in answer["assets"] if not item.get("isTrashed"))
            expected = int(answer["assetCount"])
        else:
            wanted = AssetFilter(album_ids=(album.id,), visibility=(Visibility.TIMELINE, Visibility.ARCHIVE))
            members = frozenset(asset.id for asset in stream(self.connection, wanted, None))
            expected = album.asset_count
        if len(members) < expected:
            answer = self.connection.json(get_album_info._get_kwargs(id=album.id))
            if len(members) < int(answer["assetCount"]):
                raise IncompleteListing(
                    _("Album '{name}' counts {expected} assets but lists {found}. Nothing was changed.").format(
                        name=album.name, expected=expected, found=len(members)
                    )
                )
        return members

    def memberships(self, albums: Iterable[Album], asset_ids: Collection[str]) -> dict[str, frozenset[str]]:
        """Which of some assets are in which of some albums: album id → asset ids.

        Either every album is listed or every asset is asked for: whichever takes fewer requests.
        """
        albums = list(albums)
        wanted = set(asset_ids)
        listing_cost = sum(1 + album.asset_count // PAGE_SIZE for album in albums)
        if len(wanted) < listing_cost:
            holding = self.connection.each(sorted(wanted), lambda asset_id: (asset_id, self.holding(asset_id)))
            found: dict[str, set[str]] = {album.id: set() for album in albums}
            for asset_id, holders in holding:
                for album in holders:
                    if album.id in found:
                        found[album.id].add(asset_id)
            return {album_id: frozenset(members) for album_id, members in found.items()}
        members = self.connection.each(albums, self.member_ids)
        return {album.id: listed & wanted for album, listed in zip(albums, members, strict=True)}

    def add(self, album_id: str, asset_ids: Sequence[str]) -> list[ItemResult]:
        """Put assets into an album; one result per id, DUPLICATE for those already there."""
        return self._change(add_assets_to_album, album_id, asset_ids)

    def remove(self, album_id: str, asset_ids: Sequence[str]) -> list[ItemResult]:
        """Take assets out of an album; one result per id, NOT_FOUND for those not there."""
        return self._change(remove_asset_from_album, album_id, asset_ids)

    def _change(self, operation: Any, album_id: str, asset_ids: Sequence[str]) -> list[ItemResult]:
        results: list[ItemResult] = []
        for part in chunks(asset_ids, ADD_SIZE):
            body = BulkIdsDto(ids=part)
            results += item_results(self.connection.json(operation._get_kwargs(id=album_id, body=body)))
        return results

    def _album(self, answer: dict[str, Any]) -> Album:
        """Immich 2 names the owner apart from the users, Immich 3 among them with the role ``owner``."""
        users = [
            (user["user"]["id"], _ROLES.get(user["role"], AlbumRole.OTHER)) for user in answer.get("albumUsers") or ()
        ]
        owner_id = answer.get("ownerId") or next((user_id for user_id, role in users if role is AlbumRole.OWNER), "")
        me = self.owner_id()
        role = AlbumRole.OWNER if owner_id == me else dict(users).get(me, AlbumRole.OTHER)
        return Album(
            id=answer["id"],
            name=answer["albumName"],
            owner_id=owner_id,
            role=role,
            description=answer.get("description") or "",
            asset_count=int(answer.get("assetCount") or 0),
            thumbnail_asset_id=answer.get("albumThumbnailAssetId"),
            users=tuple(
                sorted(
                    (AlbumUser(user_id, kind) for user_id, kind in users if user_id != owner_id),
                    key=lambda user: user.user_id,
                )
            ),
        )
