"""The lines of journals of format 1, which earlier versions wrote: ids on every line. They are only read."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Final

from attrs import frozen

from immich_tools.plan.codec import field_value
from immich_tools.plan.expected import Expected
from immich_tools.plan.fields import AssetField
from immich_tools.plan.journal_lines import Line, Numbering
from immich_tools.plan.journal_state import JournalState
from immich_tools.plan.result import Result, Status

_STATUSES: Final = {**{status.value: status for status in Status}, "fell-away": Status.STALE}
"""By their names in such journals; one of them had another."""
Ids = tuple[str, ...]


@frozen
class Intent1:
    """See `journal_lines.Intent`."""

    event: ClassVar[str] = "intent"
    changes: Ids

    def tell(self, state: JournalState, plan: Numbering) -> None:
        state.intend(plan.known(self.changes))


@frozen
class Outcomes1:
    """See `journal_lines.Outcomes`.

    :ivar changes: change → status, reason, and the id of what was made for it, if anything was.
    """

    event: ClassVar[str] = "result"
    changes: Mapping[str, Ids]

    def tell(self, state: JournalState, plan: Numbering) -> None:
        state.conclude({name: _result(*self.changes[name]) for name in plan.known(self.changes)})


def _result(status: str = "", reason: str = "", made: str = "", *_more: str) -> Result:
    if status not in _STATUSES:
        raise ValueError(status)
    return Result(_STATUSES[status], reason, made)


@frozen
class AlbumsSeen1:
    """See `journal_lines.AlbumsSeen`."""

    event: ClassVar[str] = "albums"
    known: Ids | None
    gone: Mapping[str, Ids]

    def tell(self, state: JournalState, plan: Numbering) -> None:
        state.see_albums(self.known, {name: self.gone[name] for name in plan.known(self.gone)})


@frozen
class TagsSeen1:
    """See `journal_lines.TagsSeen`."""

    event: ClassVar[str] = "tags"
    missing: Ids
    carried: Mapping[str, Ids]

    def tell(self, state: JournalState, plan: Numbering) -> None:
        state.see_tags(self.missing, {name: self.carried[name] for name in plan.known(self.carried)})


@frozen
class AssetsSeen1:
    """See `journal_lines.AssetsSeen`.

    :ivar before: asset → ``tags`` and fields.
    """

    event: ClassVar[str] = "assets"
    before: Mapping[str, Mapping[str, Any]]

    def tell(self, state: JournalState, plan: Numbering) -> None:
        state.see_assets({asset_id: _expected(held) for asset_id, held in self.before.items()})


def _expected(held: Mapping[str, Any]) -> Expected:
    tags = held.get("tags")
    if not isinstance(tags, list):
        raise ValueError(tags)
    return Expected({each: field_value(each, held.get(each.value)) for each in AssetField}, set(map(str, tags)))


LINES_1: Final[dict[str, type[Line]]] = {
    each.event: each for each in (Intent1, Outcomes1, AlbumsSeen1, TagsSeen1, AssetsSeen1)
}
