"""Tags that a plan makes: with those above them, once, and gone again when the run is undone; whatever the server and the process do."""

from __future__ import annotations

import pytest

from immich_tools.errors import AccessDenied, UsageError
from immich_tools.immich.client import Immich
from immich_tools.plan.effects.base import Action, Change
from immich_tools.plan.effects.tags import LONGEST, AddTag, TagAssets, UntagAssets, with_upper
from immich_tools.plan.execute import resume
from immich_tools.plan.journal import find_run
from immich_tools.plan.outcome import Outcome
from immich_tools.plan.result import Result, Status
from immich_tools.plan.storage import plan_from_json, plan_to_json
from immich_tools.sandbox import FaultKind, Faults
from immich_tools.sandbox.entities import Visibility
from tests.plan.scene import Asked, Scene, run_of, statuses, turning_points
from tests.plan.test_album_changes import assets, friend
from tests.plan.test_album_creations import LOST, NOT_DONE, Killed, kill_at, revive

ROME = "Trips/Italy/Rome"


def carry_out(scene: Scene, *actions: Action) -> Outcome:
    return scene.apply(scene.plan(*(Change(str(number), action) for number, action in enumerate(actions, 1))))


def tagged(scene: Scene) -> dict[str, set[str]]:
    """What the server has: each tag's value → the assets that carry it themselves."""
    values = [tag.value for tag in scene.sandbox.state.tags.values()]
    assert len(set(values)) == len(values)
    return {tag.value: set(tag.asset_ids) for tag in scene.sandbox.state.tags.values()}


def is_making(asked: Asked) -> bool:
    return (asked.method, asked.path) == ("PUT", "/api/tags")


def test_a_tag_is_made_with_those_above_it_and_only_the_deepest_is_put_on_assets(scene: Scene) -> None:
    ids = assets(scene)
    before = scene.dump()
    outcome = carry_out(scene, TagAssets(ROME, ids))
    assert statuses(outcome) == {"1": Status.DONE}
    assert tagged(scene) == {"Trips": set(), "Trips/Italy": set(), ROME: set(ids)}
    sent = [asked.body for asked in scene.sandbox.writes() if not asked.is_barrier]
    assert sent == [{"tags": [ROME]}, {"ids": list(ids)}]
    assert not scene.undo(outcome.run_id).failures
    assert scene.dump() == before


def test_a_second_run_writes_nothing(scene: Scene) -> None:
    ids = assets(scene)
    actions = [TagAssets(ROME, ids), TagAssets("Trips", ids[:1]), TagAssets("Empty")]
    carry_out(scene, *actions)
    count = len(scene.sandbox.writes())
    again = carry_out(scene, *actions)
    assert set(statuses(again).values()) == {Status.ALREADY} and len(scene.sandbox.writes()) == count
    assert scene.undo(again.run_id).results == {} and tagged(scene)[ROME] == set(ids)


def test_tags_in_one_another_are_made_and_undone_together(scene: Scene) -> None:
    ids = assets(scene, 8)
    before = scene.dump()
    values = [ROME, "Trips/Italy", "Trips/Italy/Pisa", "Trips", "Trips/Spain", "Home"]
    outcome = carry_out(scene, *(TagAssets(value, ids[number : number + 2]) for number, value in enumerate(values)))
    assert set(statuses(outcome).values()) == {Status.DONE}
    assert tagged(scene) == {value: set(ids[number : number + 2]) for number, value in enumerate(values)}
    undone = scene.undo(outcome.run_id)
    assert not undone.failures and scene.dump() == before
    assert not scene.undo(undone.run_id).failures
    assert tagged(scene) == {value: set(ids[number : number + 2]) for number, value in enumerate(values)}


class TestUndoLeaves:
    """What was there before the run, and what somebody has put there since."""

    def test_a_tag_that_was_there(self, scene: Scene) -> None:
        ids = assets(scene)
        scene.sandbox.add_tag("Trips")
        scene.sandbox.add_tag("Home")
        before = scene.dump()
        outcome = carry_out(scene, TagAssets(ROME, ids), TagAssets("Home", ids))
        scene.undo(outcome.run_id)
        assert scene.dump() == before

    def test_the_tag_on_assets_that_carried_it(self, scene: Scene) -> None:
        ids = assets(scene)
        scene.sandbox.add_tag("Home", asset_ids=ids[:1])
        outcome = carry_out(scene, TagAssets("Home", ids))
        assert statuses(outcome) == {"1": Status.DONE} and tagged(scene) == {"Home": set(ids)}
        scene.undo(outcome.run_id)
        assert tagged(scene) == {"Home": {ids[0]}}

    @pytest.mark.parametrize("visibility", [Visibility.TIMELINE, Visibility.ARCHIVE, Visibility.HIDDEN])
    @pytest.mark.parametrize("trashed", [False, True])
    def test_a_tag_that_something_else_carries_by_now(
        self, scene: Scene, visibility: Visibility, trashed: bool
    ) -> None:
        ids = assets(scene)
        other = scene.sandbox.add_asset(visibility=visibility)
        outcome = carry_out(scene, TagAssets("Trips/Italy", ids))
        scene.sandbox.add_tag("Trips/Italy", asset_ids=[other])
        if trashed:
            scene.immich.assets.trash([other])
        assert not scene.undo(outcome.run_id).failures
        assert tagged(scene) == {"Trips": set(), "Trips/Italy": {other}}

    def test_a_tag_below_which_somebody_made_one(self, scene: Scene) -> None:
        outcome = carry_out(scene, TagAssets("Trips/Italy", assets(scene)))
        scene.sandbox.add_tag(ROME)
        assert not scene.undo(outcome.run_id).failures
        assert tagged(scene) == {"Trips": set(), "Trips/Italy": set(), ROME: set()}

    def test_nothing_of_a_tag_that_is_gone(self, scene: Scene) -> None:
        outcome = carry_out(scene, TagAssets("Home", assets(scene)))
        scene.immich.tags.delete(next(iter(scene.sandbox.state.tags)))
        assert statuses(scene.undo(outcome.run_id)) == {"undo:1:1": Status.ALREADY}

    def test_undoing_the_undo_puts_the_tag_back_where_it_was(self, scene: Scene) -> None:
        ids = assets(scene)
        outcome = carry_out(scene, TagAssets("Home", ids))
        tag_id = next(iter(scene.sandbox.state.tags))
        scene.immich.tags.remove(tag_id, ids[:1])
        other = scene.sandbox.add_asset()
        scene.sandbox.add_tag("Home", asset_ids=[other])
        undone = scene.undo(outcome.run_id)
        assert tagged(scene) == {"Home": {other}}
        scene.undo(undone.run_id)
        assert tagged(scene) == {"Home": {*ids[1:], other}}


class TestMeanwhile:
    """What has changed between planning and carrying out."""

    def test_somebody_made_the_tag(self, scene: Scene) -> None:
        ids = assets(scene)
        plan = scene.plan(Change("1", TagAssets(ROME, ids)))
        scene.sandbox.add_tag(ROME)
        before = scene.dump()
        outcome = scene.apply(plan)
        assert tagged(scene)[ROME] == set(ids) and not any(map(is_making, scene.sandbox.asked))
        scene.undo(outcome.run_id)
        assert scene.dump() == before

    @pytest.mark.parametrize("fate", ["trashed", "gone", "locked", "another's"])
    def test_an_asset_that_cannot_be_tagged_is_left_out(self, scene: Scene, fate: str) -> None:
        ids = assets(scene)
        match fate:
            case "trashed":
                scene.immich.assets.trash(ids[:1])
            case "gone":
                scene.immich.assets.delete_permanently(ids[:1])
            case "locked":
                scene.sandbox.state.assets[ids[0]].visibility = Visibility.LOCKED
            case _:
                scene.sandbox.state.assets[ids[0]].owner_id = friend(scene)
        outcome = carry_out(scene, TagAssets("Home", ids), TagAssets("Away", ids[:1]))
        assert statuses(outcome) == {"1": Status.DONE, "2": Status.STALE}
        assert "1 of its assets" in outcome.results["1"].reason
        assert tagged(scene) == {"Home": set(ids[1:])}

    def test_what_needs_the_tag_waits_until_it_was_read_back(self, scene: Scene) -> None:
        ids, other = assets(scene), scene.sandbox.add_tag("other")
        make = Change("make", TagAssets("Home", ids))

        def take_off(number: int, asked: Asked) -> None:
            if asked.path.startswith("/api/tags/") and asked.method == "PUT":
                for tag in scene.sandbox.state.tags.values():
                    scene.sandbox.state.untag_asset(tag, ids[0])
                scene.sandbox.state.assets[ids[0]].sidecar = None

        scene.sandbox.after = take_off
        outcome = scene.apply(scene.plan(make, Change("then", AddTag(ids[1], other), requires=("make",))))
        assert statuses(outcome) == {"make": Status.FAILED, "then": Status.NOT_DONE}
        assert "took back" in outcome.results["make"].reason


def fail_once(scene: Scene, kind: FaultKind, method: str, path: str) -> None:
    """Let the first request of that kind fail, each time the connection sends it."""
    left = [True]

    def before(number: int, asked: Asked) -> None:
        if asked.method == method and asked.path.startswith(path) and left[0]:
            left[0] = False
            scene.sandbox.set_faults(Faults(at={1: kind}))

    scene.sandbox.before = before


def connect(scene: Scene, key: str) -> Immich:
    return Immich.connect(
        scene.sandbox.url, key, transport=scene.sandbox.transport(), retry_wait=0, clock=scene.sandbox.clock
    )


REQUESTS = [("PUT", "/api/tags"), ("PUT", "/api/tags/"), ("DELETE", "/api/tags/")]


@pytest.mark.parametrize("kind", [*LOST, *NOT_DONE])
@pytest.mark.parametrize(("method", "path"), REQUESTS)
def test_lost_answers_double_nothing_and_lose_nothing(scene: Scene, kind: FaultKind, method: str, path: str) -> None:
    ids = assets(scene)
    before = scene.dump()
    fail_once(scene, kind, method, path)
    outcome = carry_out(scene, TagAssets(ROME, ids))
    assert statuses(outcome) == {"1": Status.DONE} and tagged(scene)[ROME] == set(ids)
    assert not scene.undo(outcome.run_id).failures
    assert scene.dump() == before


def test_a_deletion_that_is_asked_for_twice_goes_on_with_the_tag_above(scene: Scene) -> None:
    ids = assets(scene)
    before = scene.dump()
    outcome = carry_out(scene, TagAssets(ROME, ids))
    left = [True]

    def strike(number: int, asked: Asked) -> None:
        if asked.method == "DELETE" and not asked.path.endswith("/assets") and left[0]:
            left[0] = False
            scene.sandbox.set_faults(Faults(at={1: FaultKind.RESET_AFTER}))

    scene.sandbox.before = strike
    assert not scene.undo(outcome.run_id).failures and scene.dump() == before


@pytest.mark.parametrize("refused", [("PUT", "/api/tags"), ("PUT", "/api/tags/")])
def test_a_run_that_failed_in_part_is_undone(scene: Scene, refused: tuple[str, str]) -> None:
    ids = assets(scene)
    before = scene.dump()

    def strike(number: int, asked: Asked) -> None:
        if asked.method == refused[0] and asked.path.startswith(refused[1]):
            scene.sandbox.set_faults(Faults(at={1: FaultKind.BAD_GATEWAY}))

    scene.sandbox.before = strike
    outcome = carry_out(scene, TagAssets(ROME, ids))
    revive(scene)
    assert statuses(outcome) == {"1": Status.FAILED} and outcome.exit_code == 3
    scene.undo(outcome.run_id)
    assert scene.dump() == before


@pytest.mark.parametrize("moment", ["before", "after"])
@pytest.mark.parametrize("ending", ["resume", "undo"])
def test_a_run_may_be_killed_at_any_request(scene: Scene, moment: str, ending: str) -> None:
    """A tag with assets of its own above the one that makes it, and one that was there and that an asset carries."""
    ids = assets(scene)
    scene.sandbox.add_tag("Home", asset_ids=ids[:1])
    changes = [TagAssets(ROME, ids), TagAssets("Trips", ids[1:]), TagAssets("Home", ids)]
    plan = scene.plan(*(Change(str(number), action) for number, action in enumerate(changes)))
    before = scene.dump()
    asked = len(scene.sandbox.asked)
    scene.apply(plan, scene.connect(concurrency=1))
    points = turning_points(scene.sandbox.asked[asked:])
    scene.undo("last")
    for fatal in points:
        for path in scene.folder.glob("*"):
            path.unlink()
        kill_at(scene, fatal, moment)
        with pytest.raises(Killed):
            scene.apply(plan, scene.connect(concurrency=1))
        revive(scene)
        if not list(scene.folder.glob("*.jsonl")):
            assert scene.dump() == before
            continue
        if ending == "resume":
            outcome = resume(find_run(scene.folder, "last"), scene.immich)
            assert set(statuses(outcome).values()) == {Status.DONE}
            assert tagged(scene) == {
                ROME: set(ids),
                "Trips/Italy": set(),
                "Trips": set(ids[1:]),
                "Home": set(ids),
            }, fatal
        scene.undo("last")
        assert scene.dump() == before, (fatal, moment)


@pytest.mark.parametrize("moment", ["before", "after"])
@pytest.mark.parametrize("ending", ["resume", "again", "undo"])
def test_an_undo_may_be_killed_at_any_request(scene: Scene, moment: str, ending: str) -> None:
    ids = assets(scene)
    changes = [Change("1", TagAssets(ROME, ids)), Change("2", TagAssets("Trips", ids[1:]))]
    before = scene.dump()
    first = scene.apply(scene.plan(*changes))
    asked = len(scene.sandbox.asked)
    scene.undo(first.run_id, scene.connect(concurrency=1))
    for fatal in turning_points(scene.sandbox.asked[asked:]):
        for path in scene.folder.glob("*"):
            path.unlink()
        first = scene.apply(scene.plan(*changes))
        then = scene.dump()
        kill_at(scene, fatal, moment)
        with pytest.raises(Killed):
            scene.undo(first.run_id, scene.connect(concurrency=1))
        revive(scene)
        last = find_run(scene.folder, "last")
        if ending == "undo" and last.id != first.run_id:
            scene.undo(last.id)
            assert scene.dump() == then, (fatal, moment)
            scene.undo(run_of(first))
        elif ending == "resume" and last.id != first.run_id:
            assert not resume(last, scene.immich).failures
        else:
            scene.undo(first.run_id)
        assert scene.dump() == before, (fatal, moment)


def test_what_was_there_before_is_in_the_journal_before_anything_is_sent(scene: Scene) -> None:
    ids = assets(scene)
    scene.sandbox.add_tag("Trips")
    scene.sandbox.add_tag("Home", asset_ids=ids[:1])
    carry_out(scene, TagAssets("Trips/Italy", ids), TagAssets("Home", ids))
    run = find_run(scene.folder, "last")
    assert run.made_tags == {"1": {"Trips/Italy"}, "2": set()}
    assert run.carried == {"1": (), "2": ids[:1]}
    assert run.results == {"1": Result(Status.DONE), "2": Result(Status.DONE)}


@pytest.mark.parametrize("permission", ["tag.create", "tag.asset", "tag.read"])
def test_a_key_that_cannot_tag_is_told_before_anything_is_sent(scene: Scene, permission: str) -> None:
    ids = assets(scene)
    needed = {"apiKey.read", "asset.read", "asset.statistics", "tag.asset", "tag.create", "tag.read", "user.read"}
    plan = scene.plan(Change("1", TagAssets(ROME, ids)))
    key = scene.sandbox.add_key(scene.user_id, sorted(needed - {permission}))
    with pytest.raises(AccessDenied, match=permission):
        scene.apply(plan, connect(scene, key))
    assert not scene.sandbox.writes()
    key = scene.sandbox.add_key(scene.user_id, sorted(needed))
    done = scene.apply(plan, connect(scene, key))
    assert statuses(done) == {"1": Status.DONE}
    with pytest.raises(AccessDenied, match=r"tag\.delete"):
        scene.undo(done.run_id, connect(scene, key))


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        ("", "empty"),
        ("A/", "empty"),
        ("/A", "empty"),
        ("A//B", "empty"),
        ("A/ /B", "empty"),
        ("A /B", "space"),
        ("A/\tB", "space"),
        ("A\nB", "character"),
        ("A/\ud800", "character"),
        ("é" * (LONGEST // 2 + 1), "longer"),
    ],
)
def test_what_is_no_tag_is_refused(value: str, reason: str) -> None:
    for kind in (TagAssets, UntagAssets):
        with pytest.raises(ValueError, match=reason):
            kind(value, ("a",))


@pytest.mark.parametrize("value", ["A", "A/B", "Été 🏖/👨‍👩‍👧", "a|b, c", "é" * (LONGEST // 2)])
def test_what_is_a_tag_survives_being_saved_and_made(scene: Scene, value: str) -> None:
    ids = assets(scene)
    plan = scene.plan(Change("1", TagAssets(value, ids)), Change("2", UntagAssets("Z/Y", ids, ("Z",))))
    assert plan_from_json(plan_to_json(plan)) == plan
    carry_out(scene, TagAssets(value, ids))
    assert tagged(scene)[value] == set(ids)


def test_a_plan_decides_on_a_tag_once_and_on_an_asset_once(scene: Scene) -> None:
    with pytest.raises(UsageError):
        scene.plan(Change("1", TagAssets("A", ("x",))), Change("2", TagAssets("A", ("y",))))
    with pytest.raises(ValueError, match="twice"):
        TagAssets("A", ("x", "x"))
    with pytest.raises(ValueError, match="does not fit"):
        UntagAssets("A/B", (), ("B",))
    assert with_upper("A/B/C") == ("A/B/C", "A/B", "A")
