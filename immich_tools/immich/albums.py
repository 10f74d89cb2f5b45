"""Albums, with the differences between the major versions hidden."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from http import HTTPStatus
from typing import Any, Final

from attrs import frozen

from immich_sdk.api.albums import (
    add_assets_to_album,
    add_users_to_album,
    create_album,
    delete_album,
    get_album_info,
    get_all_albums,
    remove_asset_from_album,
    remove_user_from_album,
    update_album_info,
    update_album_user,
)
from immich_sdk.models.add_users_dto import AddUsersDto
from immich_sdk.models.bulk_ids_dto import BulkIdsDto
from immich_sdk.models.create_album_dto import CreateAlbumDto
from immich_sdk.models.update_album_dto import UpdateAlbumDto
from immich_sdk.models.update_album_user_dto import UpdateAlbumUserDto
from immich_tools.errors import IncompleteListing, RequestRefused
from immich_tools.i18n import _
from immich_tools.immich import compat
from immich_tools.immich.connection import Connection, chunks, decoded
from immich_tools.immich.convert import parse_time
from immich_tools.immich.filters import SHOWN, AssetFilter
from immich_tools.immich.listing import stream
from immich_tools.immich.models import ADD_SIZE, Album, AlbumRole, AlbumUser, ItemError, ItemResult, Version
from immich_tools.immich.transport import may_be_second

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

    def members(self, albums: Iterable[Album]) -> dict[str, frozenset[str]]:
        """What is in some albums: album id → what `member_ids` tells."""
        albums = list(albums)
        filled = [album for album in albums if album.asset_count]
        nobody: frozenset[str] = frozenset()
        return dict.fromkeys((album.id for album in albums), nobody) | {
            album.id: listed
            for album, listed in zip(filled, self.connection.each(filled, self.member_ids), strict=True)
        }

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
        return {album_id: listed & wanted for album_id, listed in self.members(albums).items()}

    def add(self, album_id: str, asset_ids: Sequence[str]) -> list[ItemResult]:
        """Put assets into an album; one result per id, DUPLICATE for those already there."""
        return self._change(add_assets_to_album, album_id, asset_ids)

    def remove(self, album_id: str, asset_ids: Sequence[str]) -> list[ItemResult]:
        """Take assets out of an album; one result per id, NOT_FOUND for those not there."""
        return self._change(remove_asset_from_album, album_id, asset_ids)

    def create(
        self,
        name: str,
        *,
        description: str = "",
        asset_ids: Sequence[str] = (),
        shares: Mapping[str, AlbumRole] | None = None,
    ) -> Album:
        """Make an album; the request is sent only once, so whoever gets no answer must look before trying again.

        :param asset_ids: its assets: the first `ADD_SIZE` go with the request, the rest is added. The server passes silently over those
            that are not the user's (Immich 2.3.1 and 3.1.0), so the count of the answer tells.
        :param shares: whom it is shared with, user id → role.
        :returns: the album as it is now.
        :raises ValueError: somebody else is to be the owner.
        """
        body: dict[str, Any] = {"albumName": name}
        if description:
            body["description"] = description
        if asset_ids:
            body["assetIds"] = list(asset_ids[:ADD_SIZE])
        if shares:
            body["albumUsers"] = [_user_json(user_id, role) for user_id, role in sorted(shares.items())]
        operation = create_album._get_kwargs(body=CreateAlbumDto.from_dict(body))
        album = self._album(self.connection.json(operation, timeout=max(LONG, self.connection.timeout)))
        rest = asset_ids[ADD_SIZE:]
        if not rest:
            return album
        self.add(album.id, rest)
        return self.get(album.id)

    def update(
        self,
        album_id: str,
        *,
        name: str | None = None,
        description: str | None = None,
        order: str | None = None,
        is_activity_enabled: bool | None = None,
        thumbnail_asset_id: str | None = None,
    ) -> None:
        """Write properties of an album; None leaves one as it is.

        :param order: ``asc`` or ``desc``.
        :param thumbnail_asset_id: one of the album's assets; the server cannot take a thumbnail away.
        """
        given = {
            "albumName": name,
            "description": description,
            "order": order,
            "isActivityEnabled": is_activity_enabled,
            "albumThumbnailAssetId": thumbnail_asset_id,
        }
        body = UpdateAlbumDto.from_dict({key: value for key, value in given.items() if value is not None})
        self.connection.send(update_album_info._get_kwargs(id=album_id, body=body))

    def delete(self, album_id: str) -> None:
        """Delete an album for good; its assets stay.

        :raises RequestRefused: it is not there (any more), or not the user's.
        """
        self.connection.send(delete_album._get_kwargs(id=album_id))

    def share(self, album_id: str, user_id: str, role: AlbumRole) -> None:
        """Share an album with somebody, also when they have it already with another role.

        For whoever has it already Immich 2 refuses the request, and Immich 3 answers 200 and leaves the role.

        :raises ValueError: `role` is the owner's.
        """
        body = AddUsersDto.from_dict({"albumUsers": [_user_json(user_id, role)]})
        try:
            album = self._album(self.connection.json(add_users_to_album._get_kwargs(id=album_id, body=body)))
        except RequestRefused as refusal:
            if refusal.status != HTTPStatus.BAD_REQUEST:
                raise
            album = self.get(album_id)
            if _role_in(album, user_id) is None:
                raise
        if _role_in(album, user_id) is not role:
            self.set_role(album_id, user_id, role)

    def set_role(self, album_id: str, user_id: str, role: AlbumRole) -> None:
        """Change what somebody an album is shared with may do in it.

        :raises ValueError: `role` is the owner's.
        """
        body = UpdateAlbumUserDto.from_dict({"role": _user_json(user_id, role)["role"]})
        self.connection.send(update_album_user._get_kwargs(id=album_id, user_id=user_id, body=body))

    def unshare(self, album_id: str, user_id: str) -> None:
        """Stop sharing an album with somebody; nothing happens if it is not shared with them."""
        try:
            self.connection.send(remove_user_from_album._get_kwargs(id=album_id, user_id=user_id))
        except RequestRefused as refusal:
            if refusal.status != HTTPStatus.BAD_REQUEST or _role_in(self.get(album_id), user_id) is not None:
                raise

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
            order=answer.get("order"),
            is_activity_enabled=answer.get("isActivityEnabled"),
            created_at=parse_time(answer.get("createdAt")),
            has_shared_link=answer.get("hasSharedLink") is True,
            start=parse_time(answer.get("startDate")),
            end=parse_time(answer.get("endDate")),
        )


def _user_json(user_id: str, role: AlbumRole) -> dict[str, str]:
    if role not in (AlbumRole.EDITOR, AlbumRole.VIEWER):
        raise ValueError(_("an album is shared with editors and viewers only"))
    return {"userId": user_id, "role": role.value}


def _role_in(album: Album, user_id: str) -> AlbumRole | None:
    return next((user.role for user in album.users if user.user_id == user_id), None)
