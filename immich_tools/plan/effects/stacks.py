"""Effects on stacks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from attrs import frozen

from immich_tools.errors import RequestRefused
from immich_tools.i18n import _
from immich_tools.immich.models import Asset
from immich_tools.plan.effects.base import (
    ALREADY,
    LOOK,
    Action,
    Change,
    Phase,
    Reading,
    Results,
    RunState,
    State,
    stale,
    whole,
)
from immich_tools.plan.effects.duplicates import Members
from immich_tools.plan.result import Result


@frozen
class _Stack(Members):
    reading: ClassVar[Reading] = Reading.EACH
    is_sent_alone: ClassVar[bool] = True
    is_in_trash_fine: ClassVar[bool] = False

    def stacks(self, assets: Mapping[str, Asset]) -> set[str | None]:
        """Ids of the stacks that its assets are in; None among them where one is in none or is gone."""
        return {assets[asset_id].stack_id if asset_id in assets else None for asset_id in self.assets}


@frozen
class StackAssets(_Stack):
    """Put assets into one stack; the first one shows."""

    kind: ClassVar[str] = "stack"
    words: ClassVar[str] = _("stack")
    phase: ClassVar[Phase] = Phase.STACK
    operations: ClassVar[tuple[str, ...]] = ("createStack", *LOOK)

    @property
    def is_sent_once(self) -> bool:
        return True

    def inverse(self) -> tuple[Action, ...]:
        return (UnstackAssets(self.member_ids),)

    def objection(self, state: State) -> Result | None:
        stacks = self.stacks(state.assets)
        if len(stacks) == 1 and None not in stacks:
            return ALREADY
        if stacks != {None}:
            # Joining would bring the rest of that stack along.
            return stale(_("an asset has been stacked since the plan was made"))
        return None

    @classmethod
    def send(cls, run: RunState, changes: Sequence[Change[Any]]) -> Results:
        run.immich.stacks.create(changes[0].action.assets)
        return whole(changes)

    def is_in_effect(self, assets: Mapping[str, Asset]) -> bool:
        stacks = self.stacks(assets)
        return len(stacks) == 1 and None not in stacks


@frozen
class UnstackAssets(_Stack):
    """Dissolve the stack that holds exactly these assets."""

    kind: ClassVar[str] = "unstack"
    words: ClassVar[str] = _("unstack")
    phase: ClassVar[Phase] = Phase.UNSTACK
    operations: ClassVar[tuple[str, ...]] = ("getStack", "deleteStack", *LOOK)

    def inverse(self) -> tuple[Action, ...]:
        return (StackAssets(self.member_ids),)

    @classmethod
    def send(cls, run: RunState, changes: Sequence[Change[Any]]) -> Results:
        (change,) = changes
        stack = run.immich.stacks.of(change.action.assets[0])
        if stack is None:
            return {change.id: ALREADY}
        if set(stack.member_ids) != set(change.action.assets):
            reason = _("the stack holds other assets now")
            raise RequestRefused(reason, status=409, reason=reason)
        run.immich.stacks.dissolve(stack.id)
        return whole(changes)

    def is_in_effect(self, assets: Mapping[str, Asset]) -> bool:
        return all(asset_id not in assets or assets[asset_id].stack_id is None for asset_id in self.assets)
