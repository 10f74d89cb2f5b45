"""How changes are put together into few requests."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from typing import Any, Final

from attrs import frozen

from immich_tools.immich.connection import chunks
from immich_tools.plan.effects import KINDS
from immich_tools.plan.effects.base import Action, Change

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
    changes: tuple[Change[Any], ...]
    tries: int = 0

    @property
    def is_sent_once(self) -> bool:
        """Whether the connection sends it only once: then what it creates, or what it rests on, is looked at before it is sent again."""
        return any(change.action.is_sent_once for change in self.changes)

    @property
    def awaited(self) -> frozenset[str]:
        """Ids of the assets whose earlier jobs must have run."""
        return frozenset(asset_id for change in self.changes for asset_id in change.action.awaits)

    def halves(self) -> tuple[Batch, ...]:
        """Cut in two, between assets if there are several, else between the fields of the one; empty when it cannot be cut.

        A request that is answered for each asset by itself is only refused as a whole for its album or tag, so cutting it finds nothing.
        """
        if self.kind.is_itemized or self.kind.is_about_files:
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
    by_kind: dict[type[Action], list[Change[Any]]] = {}
    for change in changes:
        by_kind.setdefault(type(change.action), []).append(change)
    result: list[Batch] = []
    for kind in KINDS.values():
        for group in kind.batched(by_kind.get(kind, [])):
            if kind.is_about_files:
                result += [Batch(kind, tuple(part)) for part in chunks(group, FILES)]
                continue
            limit = ITEMS if kind.is_itemized else size
            result += [Batch(kind, part) for part in _filled(group, limit)]
    return result


def waves(queue: Sequence[Batch]) -> list[list[Batch]]:
    """Requests in waves: no two of a wave write to one asset, so that their jobs cannot meet."""
    found: list[list[Batch]] = []
    taken: set[str] = set()
    for batch in queue:
        if not found or not taken.isdisjoint(batch.awaited):
            found.append([])
            taken = set()
        found[-1].append(batch)
        taken |= batch.awaited
    return found


def _filled(changes: Sequence[Change[Any]], limit: int) -> Iterator[tuple[Change[Any], ...]]:
    """Cut so that no part names more than `limit` assets, unless one change alone does."""
    part: list[Change[Any]] = []
    assets: set[str] = set()
    for change in changes:
        if part and len(assets | set(change.action.assets)) > limit:
            yield tuple(part)
            part, assets = [], set()
        part.append(change)
        assets.update(change.action.assets)
    if part:
        yield tuple(part)
