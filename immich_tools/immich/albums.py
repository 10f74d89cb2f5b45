"""Albums, with the differences between the major versions hidden."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from typing import Any, Final

from attrs import frozen

from immich_sdk.api.albums import add_assets_to_album, get_album_info, get_all_albums, remove_asset_from_album
from immich_sdk.models.bulk_ids_dto import BulkIdsDto
from immich_tools.errors import IncompleteListing
from immich_tools.i18n import _
from immich_tools.immich import compat
from immich_tools.immich.connection import Connection, chunks, decoded
from immich_tools.immich.filters import SHOWN, AssetFilter
from immich_tools.immich.listing import stream
from immich_tools.immich.models import Album, AlbumRole, AlbumUser, ItemError, ItemResult, Version
from immich_tools.immich.transport import may_be_second

ADD_SIZE: Final = 2000
LONG: Final = 300.0
"""Seconds for one answer that carries a whole album."""
_ROLES: Final = {role.value: role for role in AlbumRole}
_ERRORS: Final = {error.value: error for error in ItemError}


def item_results(connection: Connection, operation: dict[str, Any]) -> list[ItemResult]:
    """Send an album or tag request and read its answer for each id."""
    response = connection.send(operation)
    repeated = may_be_second(response)
    return [
        ItemResult(
            each["id"], None if each["success"] else _ERRORS.get(each.get("error", ""), ItemError.UNKNOWN), repeated
        )
        for each in decoded(response)
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

    def get(self, album_id: str) -> Album:
        """One album.

        :raises RequestRefused: there is none with this id, or it may not be seen.
        """
        return self._album(self.connection.json(get_album_info._get_kwargs(id=album_id, without_assets=True)))

    def holding(self, asset_id: str) -> list[Album]:
        """The albums that hold one asset."""
        return [self._album(answer) for answer in self.connection.json(get_all_albums._get_kwargs(asset_id=asset_id))]

    def member_ids(self, album: Album) -> frozenset[str]:
        """Every member that is neither trashed nor locked, other people's included.

        :raises IncompleteListing: the members listed are fewer than the album's own count says.
        """
        members = self._members(album.id, album.asset_count)
        if len(members) >= album.asset_count:
            return members
        # The album may have lost members since it was read.
        expected = self.get(album.id).asset_count
        members = self._members(album.id, expected)
        if len(members) >= expected:
            return members
        raise IncompleteListing(
            _("Album '{name}' counts {expected} assets but lists {found}. Nothing was changed.").format(
                name=album.name, expected=expected, found=len(members)
            )
        )

    def _members(self, album_id: str, expected: int) -> frozenset[str]:
        """Members as the server lists them: until 3.0 with the album, later by a search, which sees everybody's."""
        if compat.lists_members_in_album(self.version()):
            answer = self.connection.json(
                get_album_info._get_kwargs(id=album_id), timeout=max(LONG, self.connection.timeout)
            )
            return frozenset(str(item["id"]) for item in answer["assets"] if not item.get("isTrashed"))
        members: set[str] = set()
        for visibility in SHOWN:
            # Most albums hold nothing archived: what the timeline shows is all of them.
            if visibility is not SHOWN[0] and len(members) == expected:
                break
            wanted = AssetFilter(album_ids=(album_id,), visibility=(visibility,))
            members.update(asset.id for asset in stream(self.connection, wanted, None))
        return frozenset(members)

    def memberships(self, albums: Iterable[Album], asset_ids: Collection[str]) -> dict[str, frozenset[str]]:
        """Which of some assets are in which of some albums: album id → asset ids.

        Either every album is listed or every asset is asked for: whichever takes fewer requests.
        """
        albums = list(albums)
        wanted = set(asset_ids)
        filled = [album for album in albums if album.asset_count]
        listing_cost = sum(1 + album.asset_count // self.connection.page_size for album in filled)
        if len(wanted) < listing_cost:
            holding = self.connection.each(sorted(wanted), lambda asset_id: (asset_id, self.holding(asset_id)))
            found: dict[str, set[str]] = {album.id: set() for album in albums}
            for asset_id, holders in holding:
                for album in holders:
                    if album.id in found:
                        found[album.id].add(asset_id)
            return {album_id: frozenset(members) for album_id, members in found.items()}
        members = self.connection.each(filled, self.member_ids)
        nobody: frozenset[str] = frozenset()
        return dict.fromkeys((album.id for album in albums), nobody) | {
            album.id: listed & wanted for album, listed in zip(filled, members, strict=True)
        }

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
            results += item_results(self.connection, operation._get_kwargs(id=album_id, body=body))
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
