"""What is left out of a plan when the server failed to list some assets, and that nothing is without reason."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from immich_tools.immich.models import Broken, Visibility
from immich_tools.plan.effects.albums import AddToAlbum, RemoveFromAlbum
from immich_tools.plan.effects.assets import TrashAssets
from immich_tools.plan.effects.base import Action, Change
from immich_tools.plan.model import Keep, Plan
from immich_tools.plan.unseen import UNSEEN, without_removals

MOMENT = datetime(2024, 1, 1, tzinfo=UTC)
BROKEN = Broken(1, MOMENT - timedelta(milliseconds=2), MOMENT, Visibility.TIMELINE, ("x",), "cid-1")
PLAN = Plan(
    "tool",
    "me",
    "3.1.0",
    9,
    (
        Change("add", AddToAlbum("a", "new", "New"), group="New"),
        Change("remove", RemoveFromAlbum("a", "old", "Old"), group="Old"),
        Change("after", AddToAlbum("b", "old", "Old"), requires=("remove",), group="Old"),
        Change("later", AddToAlbum("c", "old", "Old"), requires=("after",), group="New"),
        Change("beside", AddToAlbum("d", "old", "Old"), group="Old"),
    ),
    keeps=(Keep("e", "stays"),),
)


def is_removal(action: Action) -> bool:
    return isinstance(action, RemoveFromAlbum | TrashAssets)


def test_a_plan_for_which_everything_was_seen_is_unchanged() -> None:
    assert without_removals(PLAN, (), is_removal) is PLAN


def test_removals_and_what_requires_them_are_left_out_and_each_asset_is_told_once() -> None:
    plan = without_removals(PLAN, (BROKEN,), is_removal)
    assert [change.id for change in plan.changes] == ["add", "beside"]
    assert {skip.group: skip.asset_ids for skip in plan.skips} == {"New": ("c",), "Old": ("b",)}
    assert {skip.code for skip in plan.skips} == {UNSEEN}
    seen, left_out = plan.notes
    assert seen == (
        "The server fails on 1 asset taken about 2024-01-01 00:00:00 UTC (x); it was not seen. "
        "Its log says why; look for cid-1."
    )
    assert left_out.startswith("3 changes are left out")


def test_whole_groups_are_left_out_where_asked_for() -> None:
    plan = without_removals(PLAN, (BROKEN,), is_removal, whole_groups=True)
    assert [change.id for change in plan.changes] == ["add"]


def test_a_plan_without_removals_only_gets_the_note() -> None:
    plan = without_removals(PLAN, (BROKEN,), lambda action: False)
    assert (plan.changes, plan.skips, len(plan.notes)) == (PLAN.changes, (), 1)
