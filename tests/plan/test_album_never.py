"""Random plans for random albums, in any weather: what belongs to others stays, and undoing brings everything back."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from random import Random
from typing import Any

from attrs import evolve
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from immich_tools.errors import ToolkitError
from immich_tools.plan.effects.album_creation import CreateAlbum, DeleteAlbum
from immich_tools.plan.effects.albums import (
    AddToAlbum,
    AlbumField,
    AlbumValue,
    RemoveFromAlbum,
    SetAlbumField,
    ShareAlbum,
)
from immich_tools.plan.effects.base import Action, Change
from immich_tools.plan.execute import resume
from immich_tools.plan.journal import find_run, runs
from immich_tools.plan.result import Status
from immich_tools.sandbox import Dialect, FaultKind, Faults
from tests.plan.scene import Scene

often = settings(
    max_examples=60, derandomize=True, deadline=None, suppress_health_check=[HealthCheck.too_slow], database=None
)
faults = st.builds(
    Faults,
    failure_rate=st.sampled_from((0.0, 0.05, 0.3, 0.6)),
    kinds=st.just(tuple(kind for kind in FaultKind if kind is not FaultKind.HALF_OF_BATCH)),
    seed=st.integers(0, 1000),
)
seeds = st.integers(0, 2**32)
NAMES = ("Trip", "Trip", "Home", "")


class Albums:
    """Some albums of the user and of a stranger, often with the same names, and a plan that wants to change them all."""

    def __init__(self, seed: int, dialect: Dialect, folder: Path) -> None:
        self.random = chance = Random(seed)
        self.scene = Scene(dialect, folder)
        sandbox = self.scene.sandbox
        self.people = [sandbox.add_user(name, f"{name}@example.com").id for name in ("bea", "carl")]
        self.assets = [sandbox.add_asset() for _number in range(8)]
        self.theirs = [sandbox.add_asset(owner_id=self.people[0]) for _number in range(2)]
        self.own = [self._album(self.scene.user_id) for _number in range(chance.randint(1, 5))]
        self.foreign = [self._album(self.people[0]) for _number in range(chance.randint(1, 3))]
        self.changes: list[Change] = []
        for _number in range(chance.randint(1, 4)):
            self._create()
        for album_id in (*self.own, *self.foreign):
            self._change_album(album_id)
        self.plan = self.scene.plan(*self.changes, tool="folder-albums")

    def _some(self, most: int = 4) -> list[str]:
        return self.random.sample(self.assets, self.random.randint(0, most))

    def _album(self, owner_id: str) -> str:
        chance = self.random
        others = [each for each in (*self.people, self.scene.user_id) if each != owner_id]
        users = {each: chance.choice(("editor", "viewer")) for each in others if chance.random() < 0.5}
        members = [*self._some(), *(self.theirs if owner_id in self.people else ())]
        album_id = self.scene.sandbox.add_album(
            chance.choice(NAMES), owner_id=owner_id, users=users, asset_ids=members, description=chance.choice(NAMES)
        )
        self.scene.sandbox.state.albums[album_id].order = chance.choice(("asc", "desc"))
        return album_id

    def _add(self, action: Action) -> None:
        earlier = [change.id for change in self.changes if isinstance(change.action, CreateAlbum)]
        needed = (self.random.choice(earlier),) if earlier and self.random.random() < 0.2 else ()
        self.changes.append(Change(f"{len(self.changes)}-{action.kind}", action, "because", needed))

    def _create(self) -> None:
        chance = self.random
        members = tuple(self._some())
        shares = tuple(sorted(f"{each}=viewer" for each in self.people if chance.random() < 0.3))
        name = f"{chance.choice(NAMES)}{'' if chance.random() < 0.5 else len(self.changes)}"
        action = CreateAlbum(name, members, chance.choice(NAMES), shares, chance.choice((None, "asc")))
        if members and chance.random() < 0.4:
            action = evolve(action, thumbnail_asset_id=members[-1], is_activity_enabled=False)
        if action.decides() not in [change.action.decides() for change in self.changes]:
            self._add(action)

    def _change_album(self, album_id: str) -> None:
        chance, album = self.random, self.scene.sandbox.state.albums[album_id]
        roles = {user_id: role.value for user_id, role in album.user_roles.items()}
        if chance.random() < 0.4:
            members = tuple(album.asset_ids)
            shares = tuple(sorted(f"{user_id}={role}" for user_id, role in roles.items()))
            self._add(DeleteAlbum(album.name, members, album.description, shares, album.order, album_id=album_id))
            return
        fields: dict[AlbumField, tuple[AlbumValue, AlbumValue]] = {
            AlbumField.NAME: (album.name, "Renamed"),
            AlbumField.DESCRIPTION: (album.description, "described"),
            AlbumField.ORDER: (album.order, "asc"),
            AlbumField.ACTIVITY: (album.is_activity_enabled, False),
        }
        for field, (before, after) in fields.items():
            if chance.random() < 0.4:
                self._add(SetAlbumField(album_id, album.name, field, before=before, after=after))
        for person in self.people:
            after_role = chance.choice((None, "editor", "viewer"))
            if chance.random() < 0.5:
                self._add(ShareAlbum(album_id, album.name, person, "", before=roles.get(person), after=after_role))
        if album_id in self.own:
            for asset_id in self._some(2):
                kind = RemoveFromAlbum if asset_id in album.asset_ids else AddToAlbum
                self._add(kind(asset_id, album_id, album.name))

    def foreign_albums(self) -> dict[str, Any]:
        return {name: album for name, album in self.scene.dump()["albums"].items() if name in self.foreign}

    def own_albums(self) -> list[Any]:
        """What the user's albums hold, told apart by that and not by their ids."""
        albums = self.scene.dump()["albums"].values()
        return sorted((album for album in albums if album["owner"] == self.scene.user_id), key=str)


@contextmanager
def albums_of(seed: int, dialect: Dialect) -> Iterator[Albums]:
    with tempfile.TemporaryDirectory() as folder:
        yield Albums(seed, dialect, Path(folder))


@often
@given(seeds, st.sampled_from(Dialect), faults)
def test_what_belongs_to_others_stays_and_undoing_brings_everything_back(
    seed: int, dialect: Dialect, fault: Faults
) -> None:
    with albums_of(seed, dialect) as library:
        scene = library.scene
        assert scene.immich.me.id and scene.immich.version
        theirs, mine, assets = library.foreign_albums(), library.own_albums(), scene.dump()["assets"]
        scene.sandbox.set_faults(fault)
        try:
            outcome = scene.apply(library.plan)
        except ToolkitError:
            assert not scene.sandbox.writes()
            return
        scene.sandbox.set_faults(None)
        assert library.foreign_albums() == theirs
        for change, result in outcome.with_status(Status.DONE):
            if isinstance(change.action, CreateAlbum):
                album = scene.dump()["albums"][result.made]
                assert (album["name"], set(album["assets"])) == (change.action.name, set(change.action.asset_ids))
        made = [result.made for result in outcome.results.values() if result.made]
        assert len(made) == len(set(made))
        undone = scene.undo(outcome.run_id)
        assert not undone.failures, undone.results
        # A second try says "so already" of a membership that a first one brought about whose answer was lost.
        if not outcome.with_status(Status.ALREADY):
            assert library.own_albums() == mine
        assert library.foreign_albums() == theirs and scene.dump()["assets"] == assets


@often
@given(seeds, st.sampled_from(Dialect), faults)
def test_a_run_in_any_weather_ends_like_one_in_good_weather(seed: int, dialect: Dialect, fault: Faults) -> None:
    """However often it is cut short and gone on with, no album is there twice."""
    with albums_of(seed, dialect) as calm, albums_of(seed, dialect) as stormy:
        calm.scene.apply(calm.plan)
        scene = stormy.scene
        assert scene.immich.me.id and scene.immich.version
        scene.sandbox.set_faults(fault)
        try:
            outcome = scene.apply(stormy.plan)
        except ToolkitError:
            assert not scene.sandbox.writes()
            return
        scene.sandbox.set_faults(None)
        if outcome.unfinished:
            outcome = resume(find_run(scene.folder, "last"), scene.immich)
        if not outcome.failures:
            assert stormy.own_albums() == calm.own_albums()
        assert len(runs(scene.folder)) == 1


@often
@given(seeds, st.sampled_from(Dialect))
def test_a_plan_made_from_the_albums_as_they_are_is_undone_and_done_again(seed: int, dialect: Dialect) -> None:
    with albums_of(seed, dialect) as library:
        scene = library.scene
        mine = library.own_albums()
        outcome = scene.apply(library.plan)
        assert not outcome.failures, outcome.results
        done = library.own_albums()
        undone = scene.undo(outcome.run_id)
        assert not undone.failures and library.own_albums() == mine
        redone = scene.undo(undone.run_id)
        assert not redone.failures and library.own_albums() == done
        assert not scene.undo(redone.run_id).failures and library.own_albums() == mine
