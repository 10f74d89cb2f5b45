"""Reading back: whether the server holds what a change was meant to bring about."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from typing import Final, TypeAlias

from immich_tools.immich.assets import FEW
from immich_tools.immich.client import Immich
from immich_tools.immich.convert import parse_time
from immich_tools.immich.models import Asset, Exif, Place
from immich_tools.plan.actions import (
    Action,
    AddTag,
    AddToAlbum,
    AssetField,
    DeleteForever,
    DismissDuplicates,
    FieldValue,
    RemoveFromAlbum,
    RemoveTag,
    RestoreAssets,
    SetDuplicateGroup,
    SetField,
    StackAssets,
    TrashAssets,
    UnstackAssets,
)
from immich_tools.plan.album_actions import ALBUM_KINDS
from immich_tools.plan.album_observe import observe_albums
from immich_tools.plan.creations import Creations
from immich_tools.plan.document import Change
from immich_tools.plan.file_actions import FILE_KINDS
from immich_tools.plan.tag_actions import TAG_KINDS

PLACE_TOLERANCE: Final = 1e-6
"""Degrees; a tenth of a metre."""

Seen: TypeAlias = dict[str, bool]


def observe(
    immich: Immich, changes: Iterable[Change], *, grouped: bool = False, creations: Creations | None = None
) -> Seen:
    """Read from the server which changes are in effect.

    :param grouped: the assets are likely to be members of duplicate groups; see `present`.
    :param creations: what the run knows of the albums and tags it makes; gets the ids of those that are found now.
    :returns: change id → whether the state after it is there now.
    :raises ToolkitError: the server cannot be read.
    """
    by_kind: dict[type[Action], list[Change]] = {}
    for change in changes:
        by_kind.setdefault(type(change.action), []).append(change)
    seen: Seen = {}
    albums = [*by_kind.get(AddToAlbum, []), *by_kind.get(RemoveFromAlbum, [])]
    if albums:
        seen |= _albums(immich, albums)
    whole = [change for kind in ALBUM_KINDS for change in by_kind.get(kind, [])]
    if whole:
        seen |= observe_albums(immich, whole, creations or Creations())
    tags = [*by_kind.get(AddTag, []), *by_kind.get(RemoveTag, [])]
    if tags:
        seen |= _tags(immich, tags)
    whole_tags = [change for kind in TAG_KINDS for change in by_kind.get(kind, [])]
    if whole_tags:
        seen |= (creations or Creations()).tagging.observe(immich, whole_tags)
    files = [change for kind in FILE_KINDS for change in by_kind.get(kind, [])]
    if files:
        seen |= (creations or Creations()).files.observe(files)
    stacks = [*by_kind.get(StackAssets, []), *by_kind.get(UnstackAssets, [])]
    if stacks:
        seen |= _states(stacks, immich.assets.read_each(_assets(stacks)))
    rest = [change for kind in _STATES if kind not in (StackAssets, UnstackAssets) for change in by_kind.get(kind, [])]
    if rest:
        seen |= _states(rest, present(immich, _assets(rest), grouped=grouped))
    return seen


def present(immich: Immich, ids: Collection[str], *, grouped: bool) -> dict[str, Asset]:
    """The present state of some assets; those that cannot be seen are missing.

    :param grouped: try the list of duplicate groups first: one request that tells all of their members' fields, where listing the
        library takes one for every thousand assets.
    """
    found: dict[str, Asset] = {}
    if grouped and len(ids) > FEW:
        wanted = set(ids)
        members = (asset for group in immich.duplicates.groups() for asset in group.assets)
        found = {asset.id: asset for asset in members if asset.id in wanted}
    return found | immich.assets.read(asset_id for asset_id in ids if asset_id not in found)


def _assets(changes: Sequence[Change]) -> list[str]:
    return sorted({asset_id for change in changes for asset_id in change.action.assets})


def _albums(immich: Immich, changes: Sequence[Change]) -> Seen:
    named = {change.action.album_id for change in changes if isinstance(change.action, AddToAlbum | RemoveFromAlbum)}
    albums = [album for album in immich.albums.all() if album.id in named]
    members = immich.albums.memberships(albums, _assets(changes))
    seen: Seen = {}
    for change in changes:
        action = change.action
        assert isinstance(action, AddToAlbum | RemoveFromAlbum)
        held = members.get(action.album_id)
        inside = held is not None and action.asset_id in held
        seen[change.id] = inside if isinstance(action, AddToAlbum) else not inside
    return seen


def _tags(immich: Immich, changes: Sequence[Change]) -> Seen:
    wanted: dict[str, set[str]] = {}
    for change in changes:
        if isinstance(change.action, AddTag | RemoveTag):
            wanted.setdefault(change.action.tag_id, set()).add(change.action.asset_id)
    carried = immich.tags.carried(wanted)
    seen: Seen = {}
    for change in changes:
        action = change.action
        assert isinstance(action, AddTag | RemoveTag)
        carries = action.asset_id in carried[action.tag_id]
        seen[change.id] = carries if isinstance(action, AddTag) else not carries
    return seen


def _states(changes: Sequence[Change], assets: Mapping[str, Asset]) -> Seen:
    return {change.id: _STATES[type(change.action)](change.action, assets) for change in changes}


def field_value(asset: Asset, field: AssetField) -> FieldValue:
    """What an asset holds in a field, as `SetField` writes it."""
    exif = asset.exif or Exif()
    date = asset.date_with_zone
    values: dict[AssetField, FieldValue] = {
        AssetField.DESCRIPTION: exif.description,
        AssetField.RATING: exif.rating,
        AssetField.FAVORITE: asset.is_favorite,
        AssetField.DATE: None if date is None else date.isoformat(),
        AssetField.PLACE: exif.place,
        AssetField.VISIBILITY: asset.visibility,
    }
    return values[field]


def same_value(field: AssetField, one: FieldValue, other: FieldValue) -> bool:
    """Whether two values of a field mean the same: moments to the second, places to a tenth of a metre, texts without outer blanks."""
    if field is AssetField.PLACE and isinstance(one, Place) and isinstance(other, Place):
        apart = max(abs(one.latitude - other.latitude), abs(one.longitude - other.longitude))
        return apart <= PLACE_TOLERANCE
    if field is AssetField.DATE:
        first, second = parse_time(one), parse_time(other)
        return first == second if first is None or second is None else abs((first - second).total_seconds()) < 1
    if field is AssetField.DESCRIPTION:
        return str(one or "").strip() == str(other or "").strip()
    return one == other


def _set_field(action: Action, assets: Mapping[str, Asset]) -> bool:
    assert isinstance(action, SetField)
    asset = assets.get(action.asset_id)
    return asset is not None and same_value(action.field, field_value(asset, action.field), action.after)


def _trashed(action: Action, assets: Mapping[str, Asset]) -> bool:
    return all(asset_id not in assets or assets[asset_id].is_trashed for asset_id in action.assets)


def _gone(action: Action, assets: Mapping[str, Asset]) -> bool:
    return not any(asset_id in assets for asset_id in action.assets)


def _restored(action: Action, assets: Mapping[str, Asset]) -> bool:
    return all(asset_id in assets and not assets[asset_id].is_trashed for asset_id in action.assets)


def _dismissed(action: Action, assets: Mapping[str, Asset]) -> bool:
    assert isinstance(action, DismissDuplicates)
    return all(assets[asset_id].duplicate_id != action.duplicate_id for asset_id in action.assets if asset_id in assets)


def _grouped(action: Action, assets: Mapping[str, Asset]) -> bool:
    assert isinstance(action, SetDuplicateGroup)
    return all(
        asset_id in assets and assets[asset_id].duplicate_id == action.duplicate_id for asset_id in action.assets
    )


def _stacked(action: Action, assets: Mapping[str, Asset]) -> bool:
    stacks = {assets[asset_id].stack_id if asset_id in assets else None for asset_id in action.assets}
    return len(stacks) == 1 and None not in stacks


def _unstacked(action: Action, assets: Mapping[str, Asset]) -> bool:
    return all(asset_id not in assets or assets[asset_id].stack_id is None for asset_id in action.assets)


_STATES: Final[dict[type[Action], Callable[[Action, Mapping[str, Asset]], bool]]] = {
    SetField: _set_field,
    TrashAssets: _trashed,
    DeleteForever: _gone,
    RestoreAssets: _restored,
    DismissDuplicates: _dismissed,
    SetDuplicateGroup: _grouped,
    StackAssets: _stacked,
    UnstackAssets: _unstacked,
}
