"""What a run writes is there once the server's background jobs have run, and nothing else is gone."""

from __future__ import annotations

import json
import tempfile
from copy import deepcopy
from pathlib import Path
from random import Random
from typing import Any

import pytest
from attrs import define, field
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from immich_tools.immich.models import Visibility
from immich_tools.plan.effects.albums import AddToAlbum
from immich_tools.plan.effects.assets import SetField, TrashAssets
from immich_tools.plan.effects.base import Action, Change
from immich_tools.plan.effects.tags import AddTag, RemoveTag, TagAssets
from immich_tools.plan.execute import resume
from immich_tools.plan.executor import Progress
from immich_tools.plan.fields import AssetField, FieldValue
from immich_tools.plan.journal import find_run
from immich_tools.plan.result import Status
from immich_tools.sandbox import Dialect, Jobs
from tests.plan.dumped import of_asset
from tests.plan.scene import Scene, statuses

OWN = ("own", "own/first", "own/second", "family")
NEW = ("trip", "trip/sea", "trip/sea/north", "food")


@define
class Wishes:
    """A random plan of writes to some assets, and what the server is to hold afterwards.

    :ivar wanted: the dump that the plan is to lead to.
    """

    scene: Scene
    chance: Random
    changes: list[Change] = field(factory=list)
    wanted: dict[str, Any] = field(factory=dict)

    @classmethod
    def of(cls, scene: Scene, seed: int) -> Wishes:
        made = cls(scene, Random(seed))
        sandbox, chance = scene.sandbox, made.chance
        new = {value: sandbox.add_tag(value) for value in NEW}
        assets = [
            sandbox.add_asset(
                description=chance.choice(("", "its own text")),
                rating=chance.choice((None, 2)),
                tags=chance.sample(OWN, chance.randint(0, len(OWN))),
            )
            for _number in range(chance.randint(3, 6))
        ]
        loser = sandbox.add_asset()
        own = {sandbox.state.tags[each].value: each for each in sandbox.state.tags}
        made.wanted = scene.dump()
        for asset_id in assets:
            made._write_fields(asset_id)
            for value in chance.sample(NEW, chance.randint(0, len(NEW))):
                made._tag(value, (asset_id,))
                made._add(AddTag(asset_id, new[value], value))
            carried = [value for value in OWN if asset_id in made._tagged(value)]
            for value in chance.sample(carried, chance.randint(0, len(carried))):
                made._tagged(value).remove(asset_id)
                made._add(RemoveTag(asset_id, own[value], value))
        together = tuple(chance.sample(assets, chance.randint(1, len(assets))))
        made.wanted["tags"][made._name("place")] = {"color": None, "assets": []}
        made.wanted["tags"][made._name("place/far away")] = {"color": None, "assets": []}
        made._tag("place/far away", together)
        made._add(TagAssets("place/far away", together))
        made.wanted["assets"][loser]["isTrashed"] = True
        made._add(TrashAssets((loser,), (assets[0],)), tuple(each.id for each in made.changes))
        return made

    def _add(self, action: Action, requires: tuple[str, ...] = ()) -> None:
        self.changes.append(Change(f"{len(self.changes)}-{action.kind}", action, requires=requires))

    def _name(self, value: str) -> str:
        return f"{self.scene.user_id}:{value}"

    def _tagged(self, value: str) -> list[str]:
        tag = self.wanted["tags"].get(self._name(value), {"assets": []})
        found: list[str] = tag["assets"]
        return found

    def _tag(self, value: str, asset_ids: tuple[str, ...]) -> None:
        self.wanted["tags"][self._name(value)]["assets"] = sorted({*self._tagged(value), *asset_ids})

    def _write_fields(self, asset_id: str) -> None:
        asset = self.wanted["assets"][asset_id]
        exif = asset["exif"]
        values: list[tuple[AssetField, dict[str, Any], str, FieldValue]] = [
            (AssetField.DESCRIPTION, exif, "description", "the sea"),
            (AssetField.RATING, exif, "rating", 4),
            (AssetField.FAVORITE, asset, "isFavorite", True),
            (AssetField.VISIBILITY, asset, "visibility", Visibility.ARCHIVE),
        ]
        for name, held, key, after in values:
            if self.chance.random() < 0.6:
                before = Visibility(held[key]) if name is AssetField.VISIBILITY else held[key] or None
                if name is AssetField.FAVORITE:
                    before = False
                self._add(SetField(asset_id, name, before=before, after=after))
                held[key] = after.value if isinstance(after, Visibility) else after


@settings(max_examples=30, derandomize=True, deadline=None, database=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.integers(0, 2**32), st.integers(0, 2**32), st.sampled_from(Dialect))
def test_everything_planned_is_there_once_the_server_has_settled_and_nothing_else_has_changed(
    seed: int, jobs: int, dialect: Dialect
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        scene = Scene(dialect, Path(folder), jobs=Jobs(seed=jobs))
        wishes = Wishes.of(scene, seed)
        before = deepcopy(scene.dump())
        outcome = scene.apply(scene.plan(*wishes.changes))
        done = scene.dump()
        assert set(statuses(outcome).values()) == {Status.DONE}, outcome.results
        assert outcome.exit_code == 0
        assert done == wishes.wanted
        undone = scene.undo(outcome.run_id)
        assert not undone.failures, undone.results
        assert scene.dump() == before


def photos(scene: Scene, folder: Path, count: int, *, read_only: bool) -> list[str]:
    """An external library of some pictures in a folder, which the server may only read or may write to; its assets."""
    root = f"/mnt/{folder.name}"
    folder.mkdir()
    for number in range(count):
        (folder / f"{number}.jpg").write_bytes(f"{folder.name} {number}".encode())
    scene.sandbox.mount(root, folder, read_only=read_only)
    library = scene.sandbox.add_library(folder.name, [root])
    scene.immich.libraries.scan(library)
    scene.sandbox.settle()
    return sorted(each.id for each in scene.sandbox.state.assets.values() if each.library_id == library)


@pytest.fixture
def slow(dialect: Dialect, tmp_path: Path) -> Scene:
    """A server whose jobs take their time."""
    return Scene(dialect, tmp_path / "runs", jobs=Jobs(seed=7))


def described(asset_id: str) -> SetField:
    return SetField(asset_id, AssetField.DESCRIPTION, before=None, after="the sea")


def test_what_a_read_only_library_cannot_hold_is_skipped_with_all_that_rests_on_it(slow: Scene, tmp_path: Path) -> None:
    archive = photos(slow, tmp_path / "archive", 3, read_only=True)
    writable = photos(slow, tmp_path / "photos", 2, read_only=False)
    upload, *losers = (slow.sandbox.add_asset() for _number in range(4))
    album, tag = slow.sandbox.add_album("Trip"), slow.sandbox.add_tag("trip/sea")
    changes = []
    for keeper, loser in zip((archive[0], writable[0], upload), losers, strict=True):
        names = (f"text {loser}", f"tag {loser}", f"album {loser}")
        changes += [
            Change(names[0], described(keeper)),
            Change(names[1], AddTag(keeper, tag)),
            Change(names[2], AddToAlbum(keeper, album)),
            Change(f"trash {loser}", TrashAssets((loser,), (keeper,)), requires=names),
        ]
    changes += [Change("tags", TagAssets("place", (archive[1], archive[2])))]
    changes += [Change("favourite", SetField(archive[1], AssetField.FAVORITE, before=False, after=True))]
    before = slow.dump()
    outcome = slow.apply(slow.plan(*changes))
    results, done = statuses(outcome), slow.dump()

    refused = {name for name in results if name.endswith(losers[0])} | {"tags"}
    assert {name for name, status in results.items() if status is Status.SKIPPED} == refused, outcome.results
    assert {results[name] for name in results.keys() - refused} == {Status.DONE}
    assert outcome.exit_code == 0
    assert "cannot write" in outcome.results[f"trash {losers[0]}"].reason
    assert [slow.is_trashed(loser) for loser in losers] == [False, True, True]
    # A favourite mark needs no sidecar; nothing else of the archive has changed.
    assert done["assets"][archive[1]]["isFavorite"]
    before["assets"][archive[1]]["isFavorite"] = True
    assert all(of_asset(before, each) == of_asset(done, each) for each in archive)


def test_a_read_only_library_is_remembered_until_the_file_that_says_so_is_deleted(slow: Scene, tmp_path: Path) -> None:
    archive = photos(slow, tmp_path / "archive", 2, read_only=True)
    slow.apply(slow.plan(Change("1", described(archive[0]))))
    memory = slow.folder / "read-only-libraries.json"
    assert list(json.loads(memory.read_text())["libraries"]) == list(slow.sandbox.state.libraries)
    slow.sandbox.set_read_only("/mnt/archive", False)
    slow.sandbox.asked.clear()
    skipped = slow.apply(slow.plan(Change("1", described(archive[1]))))
    assert statuses(skipped) == {"1": Status.SKIPPED} and not slow.sandbox.writes()
    assert str(memory) in skipped.results["1"].reason
    memory.unlink()
    assert statuses(slow.apply(slow.plan(Change("1", described(archive[1]))))) == {"1": Status.DONE}
    assert not memory.exists()


def test_an_asset_whose_jobs_never_run_is_not_proven_and_nothing_that_rests_on_it_is_done(slow: Scene) -> None:
    keeper, loser, other = (slow.sandbox.add_asset() for _number in range(3))
    album = slow.sandbox.add_album("Trip")
    changes = (
        Change("text", described(keeper)),
        Change("album", AddToAlbum(other, album)),
        Change("trash", TrashAssets((loser,), (keeper,)), requires=("text",)),
    )
    slow.sandbox.state.paused_queues.add("sidecar")
    outcome = slow.apply(slow.plan(*changes))
    assert statuses(outcome) == {"text": Status.UNKNOWN, "album": Status.DONE, "trash": Status.NOT_DONE}
    assert "queue" in outcome.results["text"].reason
    assert outcome.exit_code == 3 and not slow.is_trashed(loser)
    # While it waits, it asks less and less often.
    assert len(slow.sandbox.asked) < 250

    slow.sandbox.state.paused_queues.clear()
    slow.sandbox.settle()
    again = slow.apply(slow.plan(*changes))
    assert statuses(again) == {"text": Status.ALREADY, "album": Status.ALREADY, "trash": Status.DONE}


def test_a_run_that_was_interrupted_while_jobs_waited_writes_again_what_they_took_back(slow: Scene) -> None:
    """The jobs of its writes are still queued when it is resumed, and somebody's late job takes the tags off."""
    asset_id, other = slow.sandbox.add_asset(tags=["own"]), slow.sandbox.add_asset()
    tag = slow.sandbox.add_tag("trip/sea")
    changes = (
        Change("tag", AddTag(asset_id, tag)),
        Change("many", TagAssets("place/far away", (asset_id, other))),
        Change("trash", TrashAssets((slow.sandbox.add_asset(),), (asset_id,)), requires=("tag", "many")),
    )
    calls: list[Progress] = []

    def interrupt(progress: Progress) -> None:
        calls.append(progress)
        if progress.done == 2 and progress.waiting:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        slow.apply(slow.plan(*changes), progress=interrupt)
    state = slow.sandbox.state
    slow.sandbox.settle()
    for each in state.tags.values():
        state.untag_asset(each, asset_id)
    state.assets[asset_id].sidecar, state.assets[asset_id].exif_tags = None, []
    resumed = resume(find_run(slow.folder, "last"), slow.immich)
    assert set(statuses(resumed).values()) == {Status.DONE}, resumed.results
    slow.sandbox.settle()
    values = {state.tags[each].value for each in state.tags_of_asset[asset_id]}
    assert values == {"own", "trip/sea", "place/far away"}
