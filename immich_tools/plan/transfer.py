"""What an asset takes over from others that go: first as a state to reach, then as the changes that lead there. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Final

from attrs import evolve, frozen

from immich_tools.i18n import _
from immich_tools.immich.models import Album, Asset, Place, Tag, Visibility
from immich_tools.placeholder_dates import is_placeholder
from immich_tools.plan.effects.albums import AddToAlbum, RemoveFromAlbum
from immich_tools.plan.effects.assets import SetField
from immich_tools.plan.effects.base import Action, Change
from immich_tools.plan.effects.tags import AddTag, RemoveTag
from immich_tools.plan.fields import AssetField, FieldValue

NEAR: Final = 0.01
"""Degrees; about a kilometre."""


@frozen
class Metadata:
    """What a transfer can change of an asset.

    :ivar albums: ids of the albums it is in and where the user may add.
    :ivar tags: ids of the tags it carries itself.
    """

    albums: frozenset[str] = frozenset()
    tags: frozenset[str] = frozenset()
    description: str = ""
    rating: int | None = None
    place: Place | None = None
    date: datetime | None = None
    favorite: bool = False
    visibility: Visibility = Visibility.TIMELINE


def metadata_of(asset: Asset, album_ids: frozenset[str], tags: Iterable[Tag]) -> Metadata:
    """The metadata of an asset, from what was read of it. Its date has the server's zone; see `with_local_date`.

    :param album_ids: the albums it is in and where the user may add.
    """
    exif = asset.exif
    return Metadata(
        albums=album_ids,
        tags=frozenset([tag.id for tag in tags]),
        description="" if exif is None else exif.description,
        rating=None if exif is None else exif.rating,
        place=None if exif is None else exif.place,
        date=None if exif is None else exif.date_time_original,
        favorite=asset.is_favorite,
        visibility=asset.visibility,
    )


def without_placeholder(metadata: Metadata, asset: Asset) -> Metadata:
    """The same without a date that says nothing, such as 1970-01-01: it is neither carried over nor kept for one that does.

    :param asset: whose metadata it is.
    """
    date = asset.date_with_zone
    return metadata if date is None or not is_placeholder(date) else evolve(metadata, date=None)


def left_behind(after: Metadata, losers: Sequence[Metadata]) -> tuple[str, ...]:
    """Names of the fields in which a copy that goes says something else than the one that stays: nothing is overwritten.

    Places count as different from about a kilometre on.
    """
    names = []
    for loser in losers:
        if loser.description and loser.description != after.description:
            names.append(_("description"))
        if loser.rating is not None and 0 < loser.rating != after.rating:
            names.append(_("rating"))
        if loser.place != after.place and _apart(loser.place, after.place):
            names.append(_("place"))
    return tuple(dict.fromkeys(names))


def _apart(one: Place | None, other: Place | None) -> bool:
    if one is None or other is None:
        return False
    return max(abs(one.latitude - other.latitude), abs(one.longitude - other.longitude)) > NEAR


def union(assets: Sequence[Metadata]) -> Metadata:
    """What several assets have together: all albums and tags, a favourite mark of any, the highest rating.

    :param assets: from the best to the worst: the place, the description and the date come from the first that has one.
    """
    return Metadata(
        albums=frozenset[str]().union(*(each.albums for each in assets)),
        tags=frozenset[str]().union(*(each.tags for each in assets)),
        description=next((each.description for each in assets if each.description), ""),
        # A rejection (-1) is a judgement on that copy, not on the photo.
        rating=max((each.rating for each in assets if each.rating is not None and each.rating > 0), default=None),
        place=next((each.place for each in assets if each.place is not None), None),
        date=next((each.date for each in assets if each.date is not None), None),
        favorite=any(each.favorite for each in assets),
    )


def completed(first: Metadata, second: Metadata) -> Metadata:
    """`first`, with what `second` has where it has nothing itself; its visibility stays."""
    return Metadata(
        albums=first.albums | second.albums,
        tags=first.tags | second.tags,
        description=first.description or second.description,
        rating=second.rating if first.rating is None else first.rating,
        place=second.place if first.place is None else first.place,
        date=second.date if first.date is None else first.date,
        favorite=first.favorite or second.favorite,
        visibility=first.visibility,
    )


def with_local_date(metadata: Metadata, assets: Sequence[Asset]) -> Metadata:
    """The same with its date in the zone of the place where it was taken, as far as one of `assets` is of that date.

    Immich 3 takes the offset of a date that is written for the zone of the photo, so one in UTC would move the photo there.
    """
    for asset in assets:
        if asset.exif is not None and metadata.date is not None and asset.exif.date_time_original == metadata.date:
            return evolve(metadata, date=asset.date_with_zone)
    return metadata


def transfer_changes(
    asset_id: str,
    before: Metadata,
    after: Metadata,
    *,
    group: str,
    albums: Mapping[str, Album],
    tags: Mapping[str, Tag],
) -> list[Change]:
    """The changes that lead an asset from one metadata to another, by their ids.

    :param albums, tags: by id, for their names.
    """
    changes = [
        Change(change_id, action, reason=reason, group=group)
        for change_id, action, reason in (
            *_album_actions(asset_id, before, after, albums),
            *_tag_actions(asset_id, before, after, tags),
            *_field_actions(asset_id, before, after),
        )
    ]
    return sorted(changes, key=lambda change: change.id)


def _album_actions(
    asset_id: str, before: Metadata, after: Metadata, albums: Mapping[str, Album]
) -> Iterator[tuple[str, Action, str]]:
    for album_id in after.albums - before.albums:
        action: Action = AddToAlbum(asset_id, album_id, albums[album_id].name)
        yield f"album+:{album_id}:{asset_id}", action, _("a copy that goes is in this album")
    for album_id in before.albums - after.albums:
        action = RemoveFromAlbum(asset_id, album_id, albums[album_id].name)
        yield f"album-:{album_id}:{asset_id}", action, _("no copy that goes is in this album")


def _tag_actions(
    asset_id: str, before: Metadata, after: Metadata, tags: Mapping[str, Tag]
) -> Iterator[tuple[str, Action, str]]:
    for tag_id in after.tags - before.tags:
        yield (
            f"tag+:{tag_id}:{asset_id}",
            AddTag(asset_id, tag_id, tags[tag_id].value),
            _("a copy that goes has this tag"),
        )
    for tag_id in before.tags - after.tags:
        action = RemoveTag(asset_id, tag_id, tags[tag_id].value)
        yield f"tag-:{tag_id}:{asset_id}", action, _("no copy that goes has this tag")


def _field_actions(asset_id: str, before: Metadata, after: Metadata) -> Iterator[tuple[str, Action, str]]:
    reason = _("from a copy that goes")
    if before.visibility is not after.visibility:
        yield _field(
            asset_id, AssetField.VISIBILITY, before.visibility, after.visibility, _("a copy that goes shows there")
        )
    if before.description != after.description:
        yield _field(asset_id, AssetField.DESCRIPTION, before.description, after.description, reason)
    if before.rating != after.rating:
        yield _field(asset_id, AssetField.RATING, before.rating, after.rating, reason)
    if before.favorite != after.favorite:
        yield _field(
            asset_id, AssetField.FAVORITE, before.favorite, after.favorite, _("a copy that goes is a favourite")
        )
    if before.place != after.place:
        yield _field(asset_id, AssetField.PLACE, before.place, after.place, reason)
    if before.date != after.date:
        yield _field(asset_id, AssetField.DATE, _text(before.date), _text(after.date), reason)


def _field(
    asset_id: str, field: AssetField, before: FieldValue, after: FieldValue, reason: str
) -> tuple[str, Action, str]:
    return f"field:{asset_id}:{field.value}", SetField(asset_id, field, before=before, after=after), reason


def _text(date: datetime | None) -> str | None:
    return None if date is None else date.isoformat()
