"""Effects on duplicate groups: dismissing them and forming them again."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from typing import Any, ClassVar

from attrs import frozen

from immich_tools.i18n import _, ngettext
from immich_tools.immich.models import Asset, AssetUpdate
from immich_tools.plan.effects.base import (
    ALREADY,
    LOOK,
    Action,
    Change,
    Job,
    Phase,
    Results,
    RunState,
    State,
    asset_ids,
    stale,
    whole,
)
from immich_tools.plan.result import Result


@frozen
class Members(Action):
    """Several assets together."""

    member_ids: tuple[str, ...]

    @property
    def assets(self) -> tuple[str, ...]:
        return self.member_ids


@frozen
class _Group(Members):
    duplicate_id: str

    @property
    def group_id(self) -> str | None:
        return self.duplicate_id


@frozen
class DismissDuplicates(_Group):
    """Say that the assets of a group are not duplicates of each other; all stay."""

    kind: ClassVar[str] = "dismiss-duplicates"
    words: ClassVar[str] = _("dismiss groups")
    phase: ClassVar[Phase] = Phase.DISMISS
    operations: ClassVar[tuple[str, ...]] = ("deleteDuplicates", *LOOK)

    def inverse(self) -> tuple[Action, ...]:
        return (SetDuplicateGroup(self.member_ids, self.duplicate_id),)

    def describe(self) -> str:
        count = len(self.member_ids)
        return ngettext("{count} copy: not duplicates", "{count} copies: not duplicates", count).format(count=count)

    def objection(self, state: State) -> Result | None:
        if self.duplicate_id not in state.groups and self.is_in_effect(state.assets):
            return ALREADY
        if state.groups.get(self.duplicate_id) != frozenset(self.member_ids):
            return stale(_("the duplicate group has changed since it was planned"))
        return None

    @classmethod
    def send(cls, run: RunState, changes: Sequence[Change[Any]]) -> Results:
        run.immich.duplicates.dismiss([change.action.duplicate_id for change in changes])
        return whole(changes)

    def is_in_effect(self, assets: Mapping[str, Asset]) -> bool:
        return all(assets[each].duplicate_id != self.duplicate_id for each in self.assets if each in assets)


@frozen
class SetDuplicateGroup(_Group):
    """Make assets a duplicate group again.

    :ivar after_restore: some of them come out of the trash; trashing these again is all that undoing takes.
    """

    kind: ClassVar[str] = "set-duplicate-group"
    words: ClassVar[str] = _("form groups again")
    phase: ClassVar[Phase] = Phase.GROUP
    operations: ClassVar[tuple[str, ...]] = ("updateAssets", *LOOK)
    job: ClassVar[Job] = Job.FLAG
    after_restore: bool = False

    def inverse(self) -> tuple[Action, ...]:
        return () if self.after_restore else (DismissDuplicates(self.member_ids, self.duplicate_id),)

    def batch_key(self) -> Hashable:
        return self.duplicate_id

    def objection(self, state: State) -> Result | None:
        if state.groups.get(self.duplicate_id, frozenset()).issuperset(self.member_ids):
            return ALREADY
        present = {state.assets[each].duplicate_id for each in self.member_ids} - {self.duplicate_id, None}
        if not present.isdisjoint(state.groups):
            return stale(_("an asset has moved to another duplicate group since the plan was made"))
        return None

    @classmethod
    def send(cls, run: RunState, changes: Sequence[Change[Any]]) -> Results:
        run.immich.assets.update(asset_ids(changes), AssetUpdate(duplicate_id=changes[0].action.duplicate_id))
        return whole(changes)

    def is_in_effect(self, assets: Mapping[str, Asset]) -> bool:
        return all(each in assets and assets[each].duplicate_id == self.duplicate_id for each in self.assets)
