"""How changes are put together into few requests."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from typing import Final

from attrs import frozen

from immich_tools.immich.connection import chunks
from immich_tools.plan.actions import (
    ITEMIZED,
    Action,
    AddTag,
    AddToAlbum,
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
from immich_tools.plan.album_actions import ALBUM_KINDS, CreateAlbum, DeleteAlbum, SetAlbumField, ShareAlbum
from immich_tools.plan.document import Change
from immich_tools.plan.file_actions import FILE_KINDS, CopyFile, RemoveFile, ScanLibrary, WriteFile
from immich_tools.plan.tag_actions import TAG_KINDS, TagAssets, UntagAssets

# Within a level, what brings back comes first and what takes away last. Fields come before tags because Immich before 2.4 may lose one
# of two quick changes while it rewrites the sidecar; the read-back comes after all of them.
ORDER: Final[tuple[type[Action], ...]] = (
    RestoreAssets,
    CopyFile,
    WriteFile,
    SetField,
    CreateAlbum,
    RemoveFromAlbum,
    AddToAlbum,
    SetAlbumField,
    ShareAlbum,
    RemoveTag,
    UntagAssets,
    AddTag,
    TagAssets,
    UnstackAssets,
    SetDuplicateGroup,
    DismissDuplicates,
    StackAssets,
    DeleteAlbum,
    ScanLibrary,
    TrashAssets,
    DeleteForever,
    RemoveFile,
)
ITEMS: Final = 2000
"""Ids in one request that answers for each id by itself."""
FILES: Final = 100
"""Files between two lines of the journal that must be on the disk before the next one is worked on."""


@frozen
class Batch:
    """Changes that go into one request.

    :ivar tries: how often these changes were sent before.
    """

    kind: type[Action]
    changes: tuple[Change, ...]
    tries: int = 0

    @property
    def is_sent_once(self) -> bool:
        """Whether the connection sends it only once: then what it creates, or what it rests on, is looked at before it is sent again."""
        return self.kind in (StackAssets, CreateAlbum, ScanLibrary) or any(
            isinstance(change.action, TrashAssets) and (change.action.by_resolving or change.action.claims)
            for change in self.changes
        )

    def halves(self) -> tuple[Batch, ...]:
        """Cut in two, between assets if there are several, else between the fields of the one; empty when it cannot be cut.

        A request that is answered for each asset by itself is only refused as a whole for its album or tag, so cutting it finds nothing.
        """
        if self.kind in ITEMIZED or self.kind in FILE_KINDS:
            return ()
        units = [tuple(unit) for _assets, unit in groupby(self.changes, key=lambda change: change.action.assets)]
        if len(units) < 2:
            units = [(change,) for change in self.changes]
        if len(units) < 2:
            return ()
        middle = len(units) // 2
        return tuple(
            Batch(self.kind, tuple(change for unit in part for change in unit), self.tries)
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
            if kind in FILE_KINDS:
                result += [Batch(kind, tuple(part)) for part in chunks(group, FILES)]
                continue
            limit = ITEMS if kind in ITEMIZED else size
            result += [Batch(kind, part) for part in _filled(group, limit)]
    return result


def _alike(kind: type[Action], changes: Sequence[Change]) -> list[list[Change]]:
    """Changes that one request can carry: the same album or tag, the same values, the same way of trashing."""
    if kind is SetField:
        return _same_values(changes)
    if kind in (StackAssets, UnstackAssets, ScanLibrary, *ALBUM_KINDS, *TAG_KINDS):
        return [[change] for change in changes]

    def key(change: Change) -> object:
        action = change.action
        if isinstance(action, AddToAlbum | RemoveFromAlbum):
            return action.album_id
        if isinstance(action, AddTag | RemoveTag):
            return action.tag_id
        if isinstance(action, TrashAssets):
            return action.by_resolving, bool(action.claims)
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
