"""How many requests a plan takes, and what becomes of the ones that are refused."""

from __future__ import annotations

from collections import Counter
from uuid import uuid4

import pytest

from immich_tools.immich.models import AssetUpdate, Place
from immich_tools.plan.batching import ITEMS, batches
from immich_tools.plan.effects.albums import AddToAlbum
from immich_tools.plan.effects.assets import DeleteForever, RestoreAssets, SetField, TrashAssets, update_of
from immich_tools.plan.effects.base import Action, Change
from immich_tools.plan.effects.duplicates import DismissDuplicates, SetDuplicateGroup
from immich_tools.plan.effects.stacks import StackAssets, UnstackAssets
from immich_tools.plan.effects.tags import AddTag
from immich_tools.plan.fields import AssetField
from immich_tools.plan.guards import sentence
from immich_tools.plan.result import Status
from immich_tools.sandbox import Dialect, FaultKind, Faults
from tests.plan.scene import Scene, statuses


def changes_of(*actions: Action) -> list[Change]:
    return [Change(str(number), action) for number, action in enumerate(actions)]


def description(asset_id: str, text: str) -> SetField:
    return SetField(asset_id, AssetField.DESCRIPTION, before=None, after=text)


def rating(asset_id: str, value: int) -> SetField:
    return SetField(asset_id, AssetField.RATING, before=None, after=value)


NAMES = [f"asset-{number:05}" for number in range(5000)]

TABLE: list[tuple[str, list[Action], int, list[int]]] = [
    ("nothing", [], 500, []),
    ("one album", [AddToAlbum(name, "album") for name in NAMES[:500]], 100, [500]),
    ("a large album", [AddToAlbum(name, "album") for name in NAMES], 100, [ITEMS, ITEMS, 5000 - 2 * ITEMS]),
    ("two albums", [AddToAlbum(name, album) for name in NAMES[:3] for album in ("a", "b")], 500, [3, 3]),
    ("two tags", [AddTag(name, tag) for name in NAMES[:3] for tag in ("a", "b")], 500, [6]),
    ("an album and a tag of one id", [AddToAlbum("x", "same"), AddTag("x", "same")], 500, [1, 1]),
    ("losers", [TrashAssets((name,)) for name in NAMES[:1001]], 500, [500, 500, 1]),
    ("a unit is not torn", [TrashAssets(tuple(NAMES[:3])), TrashAssets(tuple(NAMES[3:6]))], 4, [1, 1]),
    ("a unit larger than a batch", [TrashAssets(tuple(NAMES[:9]))], 4, [1]),
    ("resolved and trashed", [TrashAssets(("x",), ("y",), "g", by_resolving=True), TrashAssets(("z",))], 500, [1, 1]),
    ("the same text", [description(name, "sea") for name in NAMES[:7]], 5, [5, 2]),
    ("different texts", [description("x", "sea"), description("y", "food")], 500, [1, 1]),
    ("the same fields", [each for name in NAMES[:3] for each in (description(name, "sea"), rating(name, 3))], 500, [6]),
    ("some fields", [description("x", "sea"), rating("x", 3), description("y", "sea")], 500, [2, 1]),
    ("stacks", [StackAssets(("a", "b")), StackAssets(("c", "d"))], 500, [1, 1]),
    ("groups", [SetDuplicateGroup(("a", "b"), "1"), SetDuplicateGroup(("c", "d"), "2")], 500, [1, 1]),
    ("restored", [RestoreAssets((name,)) for name in NAMES[:1000]], 500, [500, 500]),
]


@pytest.mark.parametrize(("actions", "size", "sizes"), [row[1:] for row in TABLE], ids=[row[0] for row in TABLE])
def test_changes_that_one_request_can_carry_go_into_one(actions: list[Action], size: int, sizes: list[int]) -> None:
    made = batches(changes_of(*actions), size)
    assert sorted(len(batch.changes) for batch in made) == sorted(sizes)
    assert Counter(change.id for batch in made for change in batch.changes) == Counter(map(str, range(len(actions))))


def test_what_brings_back_goes_first_and_what_takes_away_last() -> None:
    made = batches(changes_of(TrashAssets(("x",)), AddTag("y", "t"), RestoreAssets(("z",)), rating("y", 3)), 500)
    assert [batch.kind.phase for batch in made] == sorted(batch.kind.phase for batch in made)
    assert made[0].kind is RestoreAssets and made[-1].kind is TrashAssets


@pytest.mark.parametrize(
    ("actions", "update"),
    [
        ([description("x", "sea"), rating("x", 3)], AssetUpdate(description="sea", rating=3)),
        ([SetField("x", AssetField.DESCRIPTION, before="sea", after=None)], AssetUpdate(description="")),
        ([SetField("x", AssetField.RATING, before=3, after=None)], AssetUpdate(clear=frozenset({"rating"}))),
        ([SetField("x", AssetField.PLACE, before=Place(1, 2), after=None)], AssetUpdate(clear=frozenset({"place"}))),
        ([SetField("x", AssetField.FAVORITE, before=True, after=False)], AssetUpdate(is_favorite=False)),
    ],
    ids=["two fields", "no description", "no rating", "no place", "no favourite"],
)
def test_fields_become_one_update(actions: list[SetField], update: AssetUpdate) -> None:
    assert update_of(actions) == update


@pytest.mark.parametrize("bad", [0, 1, 250, 499])
def test_one_bad_id_among_500_is_found_with_few_requests(scene: Scene, bad: int) -> None:
    members = [scene.sandbox.add_asset() for _number in range(500)]
    scene.sandbox.set_faults(Faults(refused_ids=frozenset({members[bad]})))
    plan = scene.plan(*(Change(asset_id, TrashAssets((asset_id,))) for asset_id in members))
    outcome = scene.apply(plan)
    assert [change.id for change, _result in outcome.failures] == [members[bad]]
    assert [asset_id for asset_id in members if not scene.is_trashed(asset_id)] == [members[bad]]
    # Halving 500 takes nine steps, each of which sends both halves.
    assert len(scene.sandbox.writes()) <= 19


def test_several_bad_ids_are_found_alone(scene: Scene) -> None:
    members = [scene.sandbox.add_asset() for _number in range(64)]
    bad = {members[3], members[4], members[60]}
    scene.sandbox.set_faults(Faults(refused_ids=frozenset(bad)))
    outcome = scene.apply(scene.plan(*(Change(asset_id, description(asset_id, "sea")) for asset_id in members)))
    assert {change.id for change, _result in outcome.failures} == bad
    assert {asset_id for asset_id in members if scene.sandbox.state.assets[asset_id].exif.description} == set(
        members
    ) - bad


def test_a_refused_unit_stays_whole(scene: Scene) -> None:
    units = [tuple(scene.sandbox.add_asset() for _part in range(3)) for _number in range(8)]
    scene.sandbox.set_faults(Faults(refused_ids=frozenset({units[5][1]})))
    outcome = scene.apply(scene.plan(*(Change(str(number), TrashAssets(unit)) for number, unit in enumerate(units))))
    assert [change.id for change, _result in outcome.failures] == ["5"]
    assert [[scene.is_trashed(part) for part in unit] for unit in units] == [[number != 5] * 3 for number in range(8)]


@pytest.mark.parametrize("name", ["album", "tag"])
def test_an_album_that_is_gone_costs_one_request_not_one_for_each_asset(scene: Scene, name: str) -> None:
    gone = str(uuid4())
    make = AddToAlbum if name == "album" else AddTag
    members = [scene.sandbox.add_asset() for _number in range(50)]
    outcome = scene.apply(scene.plan(*(Change(each, make(each, gone)) for each in members)))
    assert len(outcome.failures) == 50
    assert len(scene.sandbox.writes()) == 1


def test_what_was_refused_for_single_assets_is_told_for_each(scene: Scene) -> None:
    members = [scene.sandbox.add_asset() for _number in range(9)]
    album = scene.sandbox.add_album("Trip", asset_ids=members[:2])
    plan = scene.plan(*(Change(each, AddToAlbum(each, album)) for each in members))
    scene.sandbox.before = lambda number, asked: (
        scene.sandbox.set_faults(Faults(at={1: FaultKind.HALF_OF_BATCH})) if asked.method == "PUT" else None
    )
    results = statuses(scene.apply(plan))
    inside = scene.sandbox.state.albums[album].asset_ids
    assert [results[each] for each in members[:2]] == [Status.ALREADY, Status.DONE]  # the second is in, looking tells
    assert all((results[each] is Status.DONE) == (each in inside) for each in members[1:])
    assert Status.FAILED in results.values()


def test_a_large_undo_asks_once_whether_groups_are_whole_and_sends_only_what_differs(scene: Scene) -> None:
    made = [scene.group(2) for _number in range(40)]
    before = scene.dump()
    plan = scene.plan(*(Change(group, TrashAssets((loser,), (kept,), group)) for group, (kept, loser) in made))
    outcome = scene.apply(plan)
    scene.sandbox.asked.clear()
    undone = scene.undo(outcome.run_id)
    assert scene.dump() == before and not undone.failures
    assert [asked.path for asked in scene.sandbox.writes()] == ["/api/trash/restore/assets"]
    scene.undo(undone.run_id)
    scene.immich.duplicates.groups()  # now the server forgets the groups of which one is left
    scene.sandbox.asked.clear()
    assert not scene.undo(None).failures
    assert scene.dump() == before
    # One to restore all, one for each group, and one that queues a job behind theirs.
    assert len(scene.sandbox.writes()) == 1 + len(made) + 1


@pytest.mark.parametrize(
    "kind", [FaultKind.RESET_BEFORE, FaultKind.RESET_AFTER, FaultKind.GATEWAY_TIMEOUT_AFTER, FaultKind.UNAVAILABLE]
)
@pytest.mark.parametrize("what", ["stack", "resolve", "dismiss", "delete", "unstack"])
def test_a_request_whose_answer_is_lost_is_looked_up_before_it_counts_as_failed(
    scene: Scene, kind: FaultKind, what: str
) -> None:
    """Creations are not repeated by the connection; deletions are, and the second answer says that there is nothing to delete."""
    group, (kept, loser) = scene.group(2)
    others = tuple(scene.sandbox.add_asset() for _number in range(2))
    actions: dict[str, Action] = {
        "stack": StackAssets(others),
        "resolve": TrashAssets((loser,), (kept,), group, by_resolving=scene.sandbox.dialect is Dialect.V3),
        "dismiss": DismissDuplicates((kept, loser), group),
        "delete": DeleteForever((loser,), (kept,), group),
        "unstack": UnstackAssets(others),
    }
    if what == "unstack":
        scene.sandbox.add_stack(others)
    struck: list[int] = []

    def strike(number: int, asked: object) -> None:
        if not struck and scene.sandbox.asked[number - 1].is_write:
            struck.append(number)
            scene.sandbox.set_faults(Faults(at={1: kind}))

    scene.sandbox.before = strike
    outcome = scene.apply(scene.plan(Change("only", actions[what])), permanent=sentence(1))
    assert statuses(outcome) == {"only": Status.DONE}, outcome.results
    assert struck
    stacks = scene.dump()["stacks"]
    assert len(stacks) == (1 if what == "stack" else 0)
