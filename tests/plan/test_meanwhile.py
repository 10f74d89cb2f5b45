"""What other people and programs do while a run is under way."""

from __future__ import annotations

from threading import Event, Thread

import pytest

from immich_tools.errors import UsageError
from immich_tools.immich.models import AssetUpdate
from immich_tools.plan.effects.assets import DeleteForever, TrashAssets
from immich_tools.plan.effects.base import Change
from immich_tools.plan.fingerprint import fingerprint
from immich_tools.plan.guards import sentence
from immich_tools.plan.model import Plan
from immich_tools.plan.outcome import Outcome
from immich_tools.plan.result import Status
from immich_tools.plan.undo import inverse
from tests.plan.scene import Asked, Scene, statuses


def is_removal(asked: Asked) -> bool:
    """Whether a request sends the copies away."""
    return asked.method == "DELETE" and asked.path == "/api/assets"


@pytest.mark.parametrize("kind", [TrashAssets, DeleteForever])
def test_a_keeper_trashed_at_the_last_moment_costs_no_photo(
    scene: Scene, kind: type[TrashAssets | DeleteForever]
) -> None:
    group, (kept, *losers) = scene.group(3)
    plan = scene.plan(Change("away", kind(tuple(losers), (kept,), group)))

    def somebody(_number: int, asked: Asked) -> None:
        # Right before the copies go, after everything was checked.
        if is_removal(asked) and kept not in asked.body["ids"]:
            scene.sandbox.before = lambda number, asked: None
            theirs.assets.trash([kept])

    theirs = scene.connect()
    _ = theirs.version
    scene.sandbox.before = somebody
    outcome = scene.apply(plan, permanent=sentence(2))

    assert statuses(outcome) == {"away": Status.FAILED}
    assert "were restored" in outcome.results["away"].reason
    assert not any(scene.is_trashed(loser) for loser in losers)


def test_a_keeper_trashed_while_the_server_resolves_is_noticed_too(scene: Scene) -> None:
    group, (kept, loser) = scene.group(2)
    plan = scene.plan(Change("away", TrashAssets((loser,), (kept,), group, by_resolving=True)))

    def somebody(_number: int, asked: Asked) -> None:
        if asked.path.endswith("/duplicates/resolve") or is_removal(asked):
            scene.sandbox.after = lambda number, asked: None
            theirs.assets.trash([kept])

    theirs = scene.connect()
    _ = theirs.version
    scene.sandbox.after = somebody
    assert statuses(scene.apply(plan)) == {"away": Status.FAILED}
    assert not scene.is_trashed(loser)


@pytest.mark.parametrize(
    "fields", [{"description": "new words"}, {"rating": 5}, {"is_favorite": True}], ids=lambda fields: str(*fields)
)
def test_a_copy_that_got_something_since_it_was_planned_stays(scene: Scene, fields: dict[str, object]) -> None:
    group, (kept, loser) = scene.group(2)
    asset = next(each for each in scene.immich.duplicates.groups()[0].assets if each.id == loser)
    plan = scene.plan(Change("away", TrashAssets((loser,), (kept,), group, (fingerprint(asset),))))
    scene.immich.assets.update([loser], AssetUpdate(**fields))  # type: ignore[arg-type]  # one table for all fields
    assert statuses(scene.apply(plan)) == {"away": Status.STALE}
    assert not scene.is_trashed(loser)


def test_what_is_unchanged_goes(scene: Scene) -> None:
    group, (kept, loser) = scene.group(2)
    asset = next(each for each in scene.immich.duplicates.groups()[0].assets if each.id == loser)
    plan = scene.plan(Change("away", TrashAssets((loser,), (kept,), group, (fingerprint(asset),))))
    assert statuses(scene.apply(plan)) == {"away": Status.DONE}


def test_two_runs_never_change_one_library_at_once(scene: Scene) -> None:
    group, (first, second) = scene.group(2)
    keep_first = scene.plan(Change("away", TrashAssets((second,), (first,), group)))
    keep_second = scene.plan(Change("away", TrashAssets((first,), (second,), group)))
    inside, may_end = Event(), Event()

    def slow(_number: int, asked: Asked) -> None:
        if is_removal(asked):
            inside.set()
            may_end.wait(30)

    scene.sandbox.before = slow
    ended: list[Outcome] = []
    run = Thread(target=lambda: ended.append(scene.apply(keep_first)))
    run.start()
    assert inside.wait(30)
    with pytest.raises(UsageError, match="Another run"):
        scene.apply(keep_second, scene.connect())
    may_end.set()
    run.join(30)

    assert statuses(ended[0]) == {"away": Status.DONE}
    assert scene.is_trashed(second) and not scene.is_trashed(first)


def test_whoever_watches_and_goes_away_does_not_end_the_run(scene: Scene) -> None:
    group, (kept, loser) = scene.group(2)

    def gone(_progress: object) -> None:
        raise BrokenPipeError

    outcome = scene.apply(scene.plan(Change("away", TrashAssets((loser,), (kept,), group))), progress=gone)
    assert statuses(outcome) == {"away": Status.DONE}


def test_an_undo_tells_of_each_asset_its_own_reason(scene: Scene) -> None:
    group, (kept, *losers) = scene.group(3)
    plan: Plan = scene.plan(Change("away", TrashAssets(tuple(losers), (kept,), group), "one: small\ntwo: old"))
    once = inverse(plan, {"away"})
    assert [change.reason for change in once.changes[:2]] == ["undoes: one: small", "undoes: two: old"]


def test_an_undo_of_what_had_no_reason_has_none(scene: Scene) -> None:
    group, (kept, loser) = scene.group(2)
    plan: Plan = scene.plan(Change("away", TrashAssets((loser,), (kept,), group)))
    assert {change.reason for change in inverse(plan, {"away"}).changes} == {""}
