"""From actions to requests: how a batch of changes is sent, and what its answer says of each."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from typing import Any, Final, TypeAlias, TypeVar

from immich_tools.errors import RequestRefused
from immich_tools.i18n import _
from immich_tools.immich import compat
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
from immich_tools.plan.album_actions import ALBUM_KINDS
from immich_tools.plan.album_perform import perform_on_album
from immich_tools.plan.batching import Batch
from immich_tools.plan.creations import Creations
from immich_tools.plan.document import Change
from immich_tools.plan.outcome import Result, Status
from immich_tools.plan.tag_actions import TAG_KINDS

A = TypeVar("A", bound=Action)

Results: TypeAlias = dict[str, Result]
DONE: Final = Result(Status.DONE)
ALREADY: Final = Result(Status.ALREADY)
KEEPER_LOST: Final = Result(
    Status.FAILED, _("what was to be kept was trashed by somebody else meanwhile, so the others were brought back")
)


def perform(immich: Immich, batch: Batch, creations: Creations | None = None) -> Results:
    """Send one batch; not of files, which `Filing` works on.

    :param creations: what the run knows of the albums and tags it makes; gets the ids of those made now.
    :returns: what came of each change; all are DONE where the server answers for the whole request. UNKNOWN where the server says
        something that only looking can tell.
    :raises RequestRefused: the server refused the request as a whole; nothing of it was done.
    """
    known = creations or Creations()
    if batch.kind in ALBUM_KINDS:
        return {change.id: perform_on_album(immich, change, known) for change in batch.changes}
    if batch.kind in TAG_KINDS:
        return {change.id: known.tagging.perform(immich, change) for change in batch.changes}
    return _PERFORMERS[batch.kind](immich, batch.changes)


def _each(changes: Sequence[Change], answers: Iterable[ItemResult], already: ItemError) -> Results:
    """What the answers for single assets mean.

    `already` (it is in the album, it does not carry the tag) says that nothing was done, so undoing leaves it. But when the answer to a
    first try was lost and the connection sent the request again, the answer of the second is `already` for what the first did. It was
    not so when the plan was made, so then it counts as done.
    """
    given = {answer.id: answer for answer in answers}
    return {change.id: _item(given.get(change.action.assets[0]), already) for change in changes}


def _item(answer: ItemResult | None, already: ItemError) -> Result:
    if answer is None or answer.error is ItemError.UNKNOWN:
        return Result(Status.UNKNOWN, _("the server refused it"))
    if answer.error is None:
        return DONE
    if answer.error is already:
        return DONE if answer.repeated else ALREADY
    words = {
        ItemError.NO_PERMISSION: _("the key's user may not do this"),
        ItemError.NOT_FOUND: _("the asset is not there"),
    }
    return Result(Status.FAILED, words.get(answer.error, _("the server refused it")))


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
        if action.field is AssetField.DESCRIPTION:
            values[action.field.value] = action.after or ""
        elif action.after is None:
            clear.add(action.field.value)
        elif action.field is AssetField.DATE:
            values[action.field.value] = datetime.fromisoformat(str(action.after))
        else:
            values[action.field.value] = action.after
    return AssetUpdate(**values, clear=frozenset(clear))


def _trash(immich: Immich, changes: Sequence[Change]) -> Results:
    actions = {change.id: change.action for change in changes if isinstance(change.action, TrashAssets)}
    # Before 2.7 there is no such request; what it does there for a group that is trashed but for one, the next look at the groups does.
    if not next(iter(actions.values())).by_resolving or not compat.resolves_duplicates(immich.version):
        # What was looked at on the disk is looked at again before a second try.
        immich.assets.trash(_assets(changes), once=any(action.claims for action in actions.values()))
        return _whole(changes)
    asked = [Resolution(action.duplicate_id or "", action.kept_ids, action.trashed_ids) for action in actions.values()]
    refused = immich.duplicates.resolve(asked)
    missing = _("the server did not answer for this group")
    return {
        name: DONE
        if (reason := refused.get(action.duplicate_id or "", missing)) is None
        else Result(Status.UNKNOWN, reason)
        for name, action in actions.items()
    }


def _delete_forever(immich: Immich, changes: Sequence[Change]) -> Results:
    """By way of the trash: only once everything is in there and what is kept still is not, nothing can be lost by deleting for good."""
    actions = {change.id: change.action for change in changes if isinstance(change.action, DeleteForever)}
    immich.assets.trash(_assets(changes))
    lost = immich.assets.trashed(asset_id for action in actions.values() for asset_id in action.kept_ids)
    endangered = {name for name, action in actions.items() if not lost.isdisjoint(action.kept_ids)}
    bring_back = [asset_id for name in endangered for asset_id in actions[name].trashed_ids]
    if bring_back:
        immich.assets.restore(sorted(bring_back))
    rest = [change for change in changes if change.id not in endangered]
    if rest:
        immich.assets.delete_permanently(_assets(rest))
    return _whole(rest) | dict.fromkeys(endangered, KEEPER_LOST)


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
