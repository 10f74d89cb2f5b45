"""What a run writes is there once the server's background jobs have run, and nothing else is gone."""

from __future__ import annotations

import tempfile
from copy import deepcopy
from pathlib import Path
from random import Random
from typing import Any

from attrs import define, field
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from immich_tools.immich.models import Visibility
from immich_tools.plan.effects.assets import SetField, TrashAssets
from immich_tools.plan.effects.base import Action, Change
from immich_tools.plan.effects.tags import AddTag, RemoveTag, TagAssets
from immich_tools.plan.fields import AssetField, FieldValue
from immich_tools.plan.result import Status
from immich_tools.sandbox import Dialect, Jobs
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


@settings(
    max_examples=30, derandomize=True, deadline=None, database=None, suppress_health_check=[HealthCheck.too_slow]
)
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
