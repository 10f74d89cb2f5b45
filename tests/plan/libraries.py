"""Random libraries with random plans for them, and what other people may do to a library meanwhile."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from random import Random

from hypothesis import strategies as st

from immich_tools.immich.models import Place, Visibility
from immich_tools.plan.effects.albums import AddToAlbum, RemoveFromAlbum
from immich_tools.plan.effects.assets import RestoreAssets, SetField, TrashAssets
from immich_tools.plan.effects.base import Action, Change
from immich_tools.plan.effects.duplicates import DismissDuplicates
from immich_tools.plan.effects.stacks import StackAssets, UnstackAssets
from immich_tools.plan.effects.tags import AddTag, RemoveTag
from immich_tools.plan.fields import AssetField, FieldValue
from immich_tools.plan.model import Plan
from immich_tools.sandbox import Dialect
from immich_tools.sandbox.entities import Visibility as SandboxVisibility
from tests.plan.scene import NOON, Scene

# What a place gives an asset besides.
PLACES = {Place(48.85, 2.35): "Europe/Paris", Place(-33.9, 18.4): "Africa/Johannesburg"}
seeds = st.integers(0, 2**32)


class Library:
    """A library of some groups, albums, tags and stacks, with a plan that touches much of it. The same seed gives the same."""

    def __init__(self, seed: int, dialect: Dialect, folder: Path) -> None:
        self.random = Random(seed)
        self.scene = Scene(dialect, folder)
        sandbox = self.scene.sandbox
        self.changes: list[Change] = []
        self.albums = [sandbox.add_album(f"Album {number}") for number in range(self.random.randint(1, 4))]
        self.tags = [sandbox.add_tag(value) for value in ("sea", "sea/north", "food")]
        self.stranger = sandbox.add_user("Stranger", "stranger@example.com").id
        self.bystanders = [sandbox.add_asset(description="alone") for _number in range(3)]
        self.bystanders += [
            sandbox.add_asset(owner_id=self.stranger),
            sandbox.add_asset(visibility=SandboxVisibility.LOCKED),
            sandbox.add_asset(is_trashed=True),
        ]
        for _number in range(self.random.randint(1, 4)):
            self._group()
        for add in (self._stack, self._unstack, self._dismiss, self._restore, self._strip):
            if self.random.random() < 0.4:
                add()
        self.plan: Plan = self.scene.plan(*self.changes)

    def _change(self, action: Action, requires: tuple[str, ...] = ()) -> str:
        name = f"{len(self.changes)}-{action.kind}"
        self.changes.append(Change(name, action, "because", requires))
        return name

    def _asset(self, group_id: str | None = None) -> str:
        chance, sandbox = self.random, self.scene.sandbox
        place = chance.choice((None, *PLACES))
        asset_id = sandbox.add_asset(
            duplicate_id=group_id,
            description=chance.choice(("", "", "the sea", "l'été\u2028at dusk")),
            rating=chance.choice((None, None, 3, 5)),
            is_favorite=chance.random() < 0.3,
            latitude=None if place is None else place.latitude,
            longitude=None if place is None else place.longitude,
            time_zone=None if place is None else PLACES[place],
            visibility=chance.choice(("timeline", "timeline", "archive")),
        )
        for album in self.albums:
            if chance.random() < 0.4:
                sandbox.state.add_to_album(sandbox.state.albums[album], asset_id)
        for tag in self.tags:
            if chance.random() < 0.4:
                sandbox.state.tag_asset(sandbox.state.tags[tag], asset_id)
        return asset_id

    def _group(self) -> None:
        """A group of which one is kept: it gets the others' albums, tags and some fields."""
        chance, state = self.random, self.scene.sandbox.state
        is_plain = self.scene.sandbox.dialect is Dialect.V3 and chance.random() < 0.4
        group_id = self.scene.new_id()
        add = self.scene.sandbox.add_asset
        size = chance.randint(2, 4)
        keeper, *losers = [add(duplicate_id=group_id) if is_plain else self._asset(group_id) for _each in range(size)]
        spared = losers.pop() if len(losers) > 1 and not is_plain and chance.random() < 0.3 else None
        kept = (keeper,) if spared is None else (keeper, spared)
        albums = set[str]().union(*(state.albums_of_asset.get(loser, set()) for loser in losers))
        tags = set[str]().union(*(state.tags_of_asset.get(loser, {}) for loser in losers))
        requires = [
            self._change(AddToAlbum(keeper, album))
            for album in sorted(albums - state.albums_of_asset.get(keeper, set()))
        ]
        requires += [
            self._change(AddTag(keeper, tag)) for tag in sorted(tags - state.tags_of_asset.get(keeper, {}).keys())
        ]
        if not is_plain:
            requires += [self._change(action) for action in self._fields(keeper)]
        self._change(TrashAssets(tuple(losers), kept, group_id, by_resolving=is_plain), tuple(requires))

    def _fields(self, asset_id: str) -> list[Action]:
        asset = self.scene.sandbox.state.assets[asset_id]
        exif = asset.exif
        place = None if exif.latitude is None or exif.longitude is None else Place(exif.latitude, exif.longitude)
        values: list[tuple[AssetField, FieldValue, FieldValue]] = [
            (AssetField.DESCRIPTION, exif.description or None, "from a copy"),
            (AssetField.RATING, exif.rating, 4),
            (AssetField.FAVORITE, asset.is_favorite, not asset.is_favorite),
            (AssetField.PLACE, place, Place(52.5, 13.4)),
            (AssetField.VISIBILITY, Visibility(asset.visibility.value), Visibility.TIMELINE),
        ]
        chosen = [each for each in values if each[1] != each[2] and self.random.random() < 0.4]
        return [SetField(asset_id, field, before=before, after=after) for field, before, after in chosen]

    def _stack(self) -> None:
        self._change(StackAssets((self._asset(), self._asset(), self._asset())))

    def _unstack(self) -> None:
        members = (self._asset(), self._asset())
        self.scene.sandbox.add_stack(members)
        self._change(UnstackAssets(members))

    def _dismiss(self) -> None:
        group_id = self.scene.new_id()
        self._change(DismissDuplicates((self._asset(group_id), self._asset(group_id)), group_id))

    def _restore(self) -> None:
        self._change(RestoreAssets((self.scene.sandbox.add_asset(is_trashed=True),)))

    def _strip(self) -> None:
        asset_id, sandbox = self._asset(), self.scene.sandbox
        album = sandbox.add_album("Stripped", asset_ids=[asset_id])
        tag = sandbox.add_tag("stripped", asset_ids=[asset_id])
        self._change(RemoveFromAlbum(asset_id, album))
        self._change(RemoveTag(asset_id, tag))

    def named(self) -> list[str]:
        """Every asset that the plan names, those it keeps included."""
        found = {asset_id for change in self.changes for asset_id in change.action.assets}
        found |= {each for change in self.changes for each in getattr(change.action, "kept_ids", ())}
        return sorted(found)


def trash_somebody(library: Library) -> None:
    asset = library.scene.sandbox.state.assets[library.random.choice(library.named())]
    asset.deleted_at, asset.is_trashed_by_user = NOON, True


def lock_somebody(library: Library) -> None:
    state = library.scene.sandbox.state
    asset = state.assets[library.random.choice(library.named())]
    asset.visibility = SandboxVisibility.LOCKED
    for album_id in list(state.albums_of_asset.get(asset.id, ())):
        state.remove_from_album(state.albums[album_id], asset.id)


def give_somebody_away(library: Library) -> None:
    library.scene.sandbox.state.assets[library.random.choice(library.named())].owner_id = library.stranger


def purge_somebody(library: Library) -> None:
    state = library.scene.sandbox.state
    state.remove_asset(state.assets[library.random.choice(library.named())], delete_files=False)


def dismiss_a_group(library: Library) -> None:
    state = library.scene.sandbox.state
    group_id = library.random.choice(sorted(state.duplicate_groups))
    for asset in state.existing(list(state.duplicate_groups[group_id])):
        state.set_duplicate(asset, None)


def enlarge_a_group(library: Library) -> None:
    state = library.scene.sandbox.state
    library.scene.sandbox.add_asset(duplicate_id=library.random.choice(sorted(state.duplicate_groups)))


def remove_an_album(library: Library) -> None:
    state = library.scene.sandbox.state
    state.remove_album(state.albums[library.random.choice(sorted(state.albums))])


def remove_a_tag(library: Library) -> None:
    state = library.scene.sandbox.state
    state.remove_tag(state.tags[library.random.choice(sorted(state.tags))])


def describe_somebody(library: Library) -> None:
    library.scene.sandbox.state.assets[library.random.choice(library.named())].exif.description = "written by hand"


def put_somebody_into_an_album(library: Library) -> None:
    state = library.scene.sandbox.state
    album = state.albums[library.random.choice(sorted(state.albums))]
    state.add_to_album(album, library.random.choice(library.named()))


MEDDLING: tuple[Callable[[Library], None], ...] = (
    trash_somebody,
    lock_somebody,
    give_somebody_away,
    dismiss_a_group,
    enlarge_a_group,
    describe_somebody,
    put_somebody_into_an_album,
)
DESTROYING: tuple[Callable[[Library], None], ...] = (purge_somebody, remove_an_album, remove_a_tag)
