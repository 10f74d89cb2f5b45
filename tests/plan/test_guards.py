"""Guards, and what it takes to delete permanently."""

from __future__ import annotations

from pathlib import Path

import pytest

from immich_tools.errors import GuardTripped, UsageError
from immich_tools.immich.models import TrashPolicy
from immich_tools.plan.effects.albums import AddToAlbum
from immich_tools.plan.effects.assets import DeleteForever, TrashAssets
from immich_tools.plan.effects.base import Change
from immich_tools.plan.guards import Guards, check_permanent, finally_removed, sentence
from immich_tools.plan.journal import find_run, runs
from immich_tools.plan.model import Plan
from immich_tools.plan.result import Status
from immich_tools.plan.undo import undo_plan
from immich_tools.sandbox import Dialect
from tests.plan.scene import Asked, Scene, run_of, three

KEPT = TrashPolicy(enabled=True, days=30)


@pytest.mark.parametrize(
    ("guards", "removed", "population", "trips"),
    [
        (Guards(), 50, 100, False),
        (Guards(), 51, 100, True),
        (Guards(), 1, 0, True),
        (Guards(max_ratio=0), 1, 100, True),
        (Guards(max_ratio=1), 100, 100, False),
        (Guards(max_ratio=1, max_removed=3), 3, 100, False),
        (Guards(max_ratio=1, max_removed=3), 4, 100, True),
        (Guards(max_ratio=1, max_removed=0), 1, 100, True),
        (Guards(max_removed=0), 0, 0, False),
    ],
)
def test_guards_trip_above_their_limit(guards: Guards, removed: int, population: int, trips: bool) -> None:
    changes = tuple(Change(str(number), TrashAssets((str(number),))) for number in range(removed))
    plan = Plan("tool", "me", "3.1.0", population, changes)
    if trips:
        with pytest.raises(GuardTripped, match="Nothing was changed"):
            guards.check(plan)
    else:
        guards.check(plan)


@pytest.mark.parametrize(
    "values", [{"max_ratio": 1.1}, {"max_ratio": -0.1}, {"max_ratio": float("nan")}, {"max_removed": -1}]
)
def test_nonsensical_guards_are_refused(values: dict[str, float]) -> None:
    with pytest.raises(UsageError):
        Guards(**values)  # type: ignore[arg-type]


def test_a_tripped_guard_changes_nothing_and_leaves_no_journal(scene: Scene) -> None:
    plan, _members = three(scene)
    with pytest.raises(GuardTripped):
        scene.apply(plan, guards=Guards(max_removed=1, max_ratio=1))
    assert not scene.sandbox.writes() and runs(scene.folder) == []


@pytest.mark.parametrize(
    ("policy", "final"),
    [
        (KEPT, 1),
        (TrashPolicy(enabled=False, days=30), 3),
        (TrashPolicy(enabled=True, days=0), 3),
        (TrashPolicy(enabled=None, days=None, reason="no permission"), 3),
    ],
)
def test_what_goes_to_a_trash_that_keeps_nothing_counts_as_deleted(policy: TrashPolicy, final: int) -> None:
    changes = (
        Change("t", TrashAssets(("a", "b"))),
        Change("d", DeleteForever(("c",))),
        Change("s", AddToAlbum("x", "y")),
    )
    plan = Plan("tool", "me", "3.1.0", 9, changes)
    assert finally_removed(plan, policy) == final
    for words in (None, "", "yes", sentence(final + 1), sentence(final).upper()):
        with pytest.raises(GuardTripped, match="permanently"):
            check_permanent(plan, policy, words)
    check_permanent(plan, policy, sentence(final))


@pytest.mark.parametrize("settings", [{"trash": False}, {"trash_days": 0}], ids=["off", "0 days"])
@pytest.mark.parametrize("resolving", [False, True])
def test_without_a_trash_nothing_goes_unless_the_sentence_was_typed(
    dialect: Dialect, tmp_path: Path, settings: dict[str, int], resolving: bool
) -> None:
    scene = Scene(dialect, tmp_path, **settings)
    group, (kept, loser) = scene.group(2)
    plan = scene.plan(Change("t", TrashAssets((loser,), (kept,), group, by_resolving=resolving)))
    with pytest.raises(GuardTripped):
        scene.apply(plan)
    assert not scene.sandbox.writes()
    assert not scene.apply(plan, permanent=sentence(1)).failures


def test_a_trash_of_which_nothing_tells_counts_as_off_and_the_message_says_why() -> None:
    plan = Plan("tool", "me", "3.4.0", 9, (Change("t", TrashAssets(("a", "b"))),))
    unknown = TrashPolicy(enabled=None, days=None, reason="The API key lacks the permission 'userConfig.read'.")
    with pytest.raises(GuardTripped, match=r"Nothing tells whether .*lacks the permission 'userConfig.read'\), so 2 "):
        check_permanent(plan, unknown, None)
    check_permanent(plan, unknown, sentence(2))


def test_a_trash_that_was_turned_off_after_the_connection_was_made_is_noticed(scene: Scene) -> None:
    assert scene.immich.trash_policy.is_safety_net  # asked once, and remembered
    plan, _members = three(scene)
    scene.sandbox.server.trash = False
    with pytest.raises(GuardTripped):
        scene.apply(plan)
    assert not scene.sandbox.writes()


def test_a_trash_that_is_turned_off_during_the_run_stops_the_removal(scene: Scene) -> None:
    plan, members = three(scene)

    def turn_off(number: int, asked: Asked) -> None:
        if asked.path.startswith("/api/tags/") and asked.is_write:
            scene.sandbox.server.trash = False

    scene.sandbox.after = turn_off
    outcome = scene.apply(plan)
    assert outcome.results["trash"].status is Status.NOT_DONE
    assert not any(map(scene.is_trashed, members))


def test_deleting_permanently_takes_only_what_was_named(scene: Scene) -> None:
    group, members = scene.group()
    plan = scene.plan(Change("d", DeleteForever(tuple(members[1:]), (members[0],), group)))
    outcome = scene.apply(plan, permanent=sentence(2))
    assert not outcome.failures and members[0] in scene.sandbox.state.assets
    assert not any(member in scene.sandbox.state.assets for member in members[1:])
    again = undo_plan(find_run(scene.folder, run_of(outcome)), scene.immich)
    assert not again.changes and [skip.code for skip in again.skips] == ["cannot-be-undone"]
