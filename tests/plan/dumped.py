"""What a dump of the server says of a change, found out independently of the engine's own reading back."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from immich_tools.immich.models import Place, Visibility
from immich_tools.plan.effects.albums import AddToAlbum, RemoveFromAlbum
from immich_tools.plan.effects.assets import RestoreAssets, SetField, TrashAssets
from immich_tools.plan.effects.base import Action
from immich_tools.plan.effects.duplicates import DismissDuplicates, SetDuplicateGroup
from immich_tools.plan.effects.stacks import StackAssets, UnstackAssets
from immich_tools.plan.effects.tags import AddTag, RemoveTag
from immich_tools.plan.fields import AssetField
from immich_tools.sandbox import Sandbox

Dump = dict[str, Any]


def is_gone(dump: Dump, asset_id: str) -> bool:
    """Whether an asset is in the trash, or not there at all."""
    return asset_id not in dump["assets"] or bool(dump["assets"][asset_id]["isTrashed"])


def newly_gone(before: Dump, after: Dump) -> set[str]:
    return {asset_id for asset_id in before["assets"] if is_gone(after, asset_id) and not is_gone(before, asset_id)}


def is_so(sandbox: Sandbox, dump: Dump, action: Action) -> bool:
    """Whether the state that an action is to bring about is in the dump."""
    match action:
        case AddToAlbum():
            return action.asset_id in _album(dump, action.album_id)
        case RemoveFromAlbum():
            return action.asset_id not in _album(dump, action.album_id)
        case AddTag():
            return action.asset_id in _tagged(sandbox, dump, action.tag_id)
        case RemoveTag():
            return action.asset_id not in _tagged(sandbox, dump, action.tag_id)
        case SetField():
            return bool(_value(dump["assets"].get(action.asset_id), action.field) == _plain(action))
        case TrashAssets():
            return all(is_gone(dump, asset_id) for asset_id in action.trashed_ids)
        case RestoreAssets():
            return not any(is_gone(dump, asset_id) for asset_id in action.restored_ids)
        case DismissDuplicates():
            return not any(_group(dump, asset_id) == action.duplicate_id for asset_id in action.member_ids)
        case SetDuplicateGroup():
            return all(_group(dump, asset_id) == action.duplicate_id for asset_id in action.member_ids)
        case StackAssets():
            return any(set(action.member_ids) == set(stack) for stack in dump["stacks"])
        case UnstackAssets():
            return not any(set(action.member_ids) & set(stack) for stack in dump["stacks"])
    raise AssertionError(action)


def _album(dump: Dump, album_id: str) -> list[str]:
    album = dump["albums"].get(album_id)
    return [] if album is None else list(album["assets"])


def _tagged(sandbox: Sandbox, dump: Dump, tag_id: str) -> list[str]:
    tag = sandbox.state.tags.get(tag_id)
    return [] if tag is None else list(dump["tags"][f"{tag.owner_id}:{tag.value}"]["assets"])


def _group(dump: Dump, asset_id: str) -> str | None:
    asset = dump["assets"].get(asset_id)
    return None if asset is None else asset["duplicateId"]


def _value(asset: Dump | None, field: AssetField) -> Any:
    if asset is None:
        return "no asset"
    exif = asset["exif"]
    return {
        AssetField.DESCRIPTION: exif["description"],
        AssetField.RATING: exif["rating"],
        AssetField.FAVORITE: asset["isFavorite"],
        AssetField.PLACE: (exif["latitude"], exif["longitude"]),
        AssetField.VISIBILITY: asset["visibility"],
    }[field]


def _plain(action: SetField) -> Any:
    value = action.after
    if action.field is AssetField.PLACE:
        return (value.latitude, value.longitude) if isinstance(value, Place) else (None, None)
    if action.field is AssetField.DESCRIPTION:
        return value or ""
    return value.value if isinstance(value, Visibility) else value


def of_asset(dump: Dump, asset_id: str) -> Any:
    """Everything a dump holds of an asset, its albums, tags and stack included."""
    return (
        dump["assets"].get(asset_id),
        sorted(album_id for album_id, album in dump["albums"].items() if asset_id in album["assets"]),
        sorted(name for name, tag in dump["tags"].items() if asset_id in tag["assets"]),
        [stack for stack in dump["stacks"] if asset_id in stack],
    )


def changed_assets(before: Dump, after: Dump) -> set[str]:
    everyone: Iterable[str] = {*before["assets"], *after["assets"]}
    return {asset_id for asset_id in everyone if of_asset(before, asset_id) != of_asset(after, asset_id)}
