"""From actions to requests: how changes are put together into few requests, and how one such batch is sent."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime
from itertools import groupby
from typing import Any, Final, TypeAlias, TypeVar

from attrs import frozen

from immich_tools.errors import RequestRefused
from immich_tools.i18n import _
from immich_tools.immich.client import Immich
from immich_tools.immich.duplicates import Resolution
from immich_tools.immich.models import AssetUpdate, ItemError, ItemResult
from immich_tools.plan.actions import (
    Action,
    AddTag,
    AddToAlbum,
    AssetField,
    DeleteForever,
    DismissDuplicates,
    RemoveFromAlbum,
    RemoveTag,
    RestoreAssets,
    SetDuplicateGroup,
    SetField,
    StackAssets,
    TrashAssets,
    UnstackAssets,
)
from immich_tools.plan.document import Change
from immich_tools.plan.outcome import Result, Status

A = TypeVar("A", bound=Action)

# Within a level, what brings back comes first and what takes away last. Fields come before tags because Immich before 2.4 may lose one
# of two quick changes while it rewrites the sidecar; the read-back comes after all of them.
ORDER: Final[tuple[type[Action], ...]] = (
    RestoreAssets,
    SetField,
    RemoveFromAlbum,
    AddToAlbum,
    RemoveTag,
    AddTag,
    UnstackAssets,
    SetDuplicateGroup,
    DismissDuplicates,
    StackAssets,
    TrashAssets,
    DeleteForever,
)
ITEMS: Final = 2000
"""Ids in one request that answers for each id by itself."""

Results: TypeAlias = dict[str, Result]
DONE: Final = Result(Status.DONE)
ALREADY: Final = Result(Status.ALREADY)


@frozen
class Batch:
    """Changes that go into one request."""

    kind: type[Action]
    changes: tuple[Change, ...]

    def halves(self) -> tuple[Batch, ...]:
        """Cut in two, between assets if there are several, else between the fields of the one; empty when it cannot be cut."""
        units = [tuple(unit) for _assets, unit in groupby(self.changes, key=lambda change: change.action.assets)]
        if len(units) < 2:
            units = [(change,) for change in self.changes]
        if len(units) < 2:
            return ()
        middle = len(units) // 2
        return tuple(
            Batch(self.kind, tuple(change for unit in part for change in unit))
            for part in (units[:middle], units[middle:])
        )


def batches(changes: Iterable[Change], size: int) -> list[Batch]:
    """Put changes of one level together into requests, in the order they are to be sent.

    :param size: assets in one request that is refused as a whole for one bad id.
    """
    by_kind: dict[type[Action], list[Change]] = {}
    for change in changes:
        by_kind.setdefault(type(change.action), []).append(change)
    result: list[Batch] = []
    for kind in ORDER:
        for group in _alike(kind, by_kind.get(kind, [])):
            limit = ITEMS if kind in (AddToAlbum, RemoveFromAlbum, AddTag, RemoveTag) else size
            result += [Batch(kind, part) for part in _filled(group, limit)]
    return result


def _alike(kind: type[Action], changes: Sequence[Change]) -> list[list[Change]]:
    """Changes that one request can carry: the same album or tag, the same values, the same way of trashing."""
    if kind is SetField:
        return _same_values(changes)
    if kind in (StackAssets, UnstackAssets):
        return [[change] for change in changes]

    def key(change: Change) -> object:
        action = change.action
        if isinstance(action, AddToAlbum | RemoveFromAlbum):
            return action.album_id
        if isinstance(action, AddTag | RemoveTag):
            return action.tag_id
        if isinstance(action, TrashAssets):
            return action.by_resolving
        return action.duplicate_id if isinstance(action, SetDuplicateGroup) else None

    groups: dict[object, list[Change]] = {}
    for change in changes:
        groups.setdefault(key(change), []).append(change)
    return list(groups.values())


def _same_values(changes: Sequence[Change]) -> list[list[Change]]:
    by_asset: dict[str, list[Change]] = {}
    for change in changes:
        by_asset.setdefault(change.action.assets[0], []).append(change)
    groups: dict[object, list[Change]] = {}
    for asset_id in sorted(by_asset):
        fields = sorted(by_asset[asset_id], key=lambda change: _set_field(change).field.value)
        signature = tuple((_set_field(change).field, _set_field(change).after) for change in fields)
        groups.setdefault(signature, []).extend(fields)
    return list(groups.values())


def _set_field(change: Change) -> SetField:
    assert isinstance(change.action, SetField)
    return change.action


def _filled(changes: Sequence[Change], limit: int) -> Iterator[tuple[Change, ...]]:
    """Cut so that no part names more than `limit` assets, unless one change alone does."""
    part: list[Change] = []
    assets: set[str] = set()
    for change in changes:
        if part and len(assets | set(change.action.assets)) > limit:
            yield tuple(part)
            part, assets = [], set()
        part.append(change)
        assets.update(change.action.assets)
    if part:
        yield tuple(part)


def perform(immich: Immich, batch: Batch) -> Results:
    """Send one batch.

    :returns: what came of each change; all are DONE where the server answers for the whole request.
    :raises RequestRefused: the server refused the request as a whole; nothing of it was done.
    """
    return _PERFORMERS[batch.kind](immich, batch.changes)


def _each(changes: Sequence[Change], answers: Iterable[ItemResult], already: ItemError) -> Results:
    by_asset = {answer.id: answer.error for answer in answers}
    return {change.id: _item(by_asset.get(change.action.assets[0], ItemError.UNKNOWN), already) for change in changes}


def _item(error: ItemError | None, already: ItemError) -> Result:
    if error is None:
        return DONE
    if error is already:
        return ALREADY
    words = {
        ItemError.NO_PERMISSION: _("the key's user may not do this"),
        ItemError.NOT_FOUND: _("the asset is not there"),
    }
    return Result(Status.FAILED, words.get(error, _("the server refused it")))


def _whole(changes: Sequence[Change]) -> Results:
    return {change.id: DONE for change in changes}


def _assets(changes: Sequence[Change]) -> list[str]:
    return list(dict.fromkeys(asset_id for change in changes for asset_id in change.action.assets))


def _actions(changes: Sequence[Change], kind: type[A]) -> list[A]:
    return [change.action for change in changes if isinstance(change.action, kind)]


def _add_to_album(immich: Immich, changes: Sequence[Change]) -> Results:
    album_id = _actions(changes, AddToAlbum)[0].album_id
    return _each(changes, immich.albums.add(album_id, _assets(changes)), ItemError.DUPLICATE)


def _remove_from_album(immich: Immich, changes: Sequence[Change]) -> Results:
    album_id = _actions(changes, RemoveFromAlbum)[0].album_id
    return _each(changes, immich.albums.remove(album_id, _assets(changes)), ItemError.NOT_FOUND)


def _add_tag(immich: Immich, changes: Sequence[Change]) -> Results:
    tag_id = _actions(changes, AddTag)[0].tag_id
    return _each(changes, immich.tags.add(tag_id, _assets(changes)), ItemError.DUPLICATE)


def _remove_tag(immich: Immich, changes: Sequence[Change]) -> Results:
    tag_id = _actions(changes, RemoveTag)[0].tag_id
    return _each(changes, immich.tags.remove(tag_id, _assets(changes)), ItemError.NOT_FOUND)


def _set_fields(immich: Immich, changes: Sequence[Change]) -> Results:
    actions = _actions(changes, SetField)
    first = [action for action in actions if action.asset_id == actions[0].asset_id]
    immich.assets.update(_assets(changes), update_of(first))
    return _whole(changes)


def update_of(actions: Iterable[SetField]) -> AssetUpdate:
    """The fields of several changes to one asset, together."""
    values: dict[str, Any] = {}
    clear: set[str] = set()
    for action in actions:
        if action.after is None:
            clear.add(action.field.value)
        elif action.field is AssetField.DATE:
            values[action.field.value] = datetime.fromisoformat(str(action.after))
        else:
            values[action.field.value] = action.after
    return AssetUpdate(**values, clear=frozenset(clear))


def _trash(immich: Immich, changes: Sequence[Change]) -> Results:
    actions = {change.id: change.action for change in changes if isinstance(change.action, TrashAssets)}
    if not next(iter(actions.values())).by_resolving:
        immich.assets.trash(_assets(changes))
        return _whole(changes)
    asked = [Resolution(action.duplicate_id or "", action.kept_ids, action.trashed_ids) for action in actions.values()]
    refused = immich.duplicates.resolve(asked)
    missing = _("the server did not answer for this group")
    return {
        name: DONE
        if (reason := refused.get(action.duplicate_id or "", missing)) is None
        else Result(Status.FAILED, reason)
        for name, action in actions.items()
    }


def _delete_forever(immich: Immich, changes: Sequence[Change]) -> Results:
    immich.assets.delete_permanently(_assets(changes))
    return _whole(changes)


def _restore(immich: Immich, changes: Sequence[Change]) -> Results:
    immich.assets.restore(_assets(changes))
    return _whole(changes)


def _dismiss(immich: Immich, changes: Sequence[Change]) -> Results:
    immich.duplicates.dismiss([action.duplicate_id for action in _actions(changes, DismissDuplicates)])
    return _whole(changes)


def _set_duplicate_group(immich: Immich, changes: Sequence[Change]) -> Results:
    group = _actions(changes, SetDuplicateGroup)[0].duplicate_id
    immich.assets.update(_assets(changes), AssetUpdate(duplicate_id=group))
    return _whole(changes)


def _stack(immich: Immich, changes: Sequence[Change]) -> Results:
    immich.stacks.create(changes[0].action.assets)
    return _whole(changes)


def _unstack(immich: Immich, changes: Sequence[Change]) -> Results:
    members = set(changes[0].action.assets)
    stack = immich.stacks.of(changes[0].action.assets[0])
    if stack is None:
        return {changes[0].id: ALREADY}
    if set(stack.member_ids) != members:
        raise RequestRefused(
            _("the stack holds other assets now"), status=409, reason=_("the stack holds other assets now")
        )
    immich.stacks.dissolve(stack.id)
    return _whole(changes)


_PERFORMERS: Final[dict[type[Action], Callable[[Immich, Sequence[Change]], Results]]] = {
    AddToAlbum: _add_to_album,
    RemoveFromAlbum: _remove_from_album,
    AddTag: _add_tag,
    RemoveTag: _remove_tag,
    SetField: _set_fields,
    TrashAssets: _trash,
    DeleteForever: _delete_forever,
    RestoreAssets: _restore,
    DismissDuplicates: _dismiss,
    SetDuplicateGroup: _set_duplicate_group,
    StackAssets: _stack,
    UnstackAssets: _unstack,
}
