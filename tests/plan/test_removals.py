"""What must be true at the moment of a removal, and of every other change."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from immich_tools.immich.models import Place, TrashPolicy
from immich_tools.plan.effects.albums import AddToAlbum, RemoveFromAlbum
from immich_tools.plan.effects.assets import SetField, TrashAssets
from immich_tools.plan.effects.base import Change
from immich_tools.plan.effects.duplicates import DismissDuplicates
from immich_tools.plan.effects.stacks import StackAssets
from immich_tools.plan.fields import AssetField
from immich_tools.plan.result import Status
from immich_tools.plan.settling import REPAIRS
from immich_tools.sandbox import Dialect
from immich_tools.sandbox.entities import Visibility
from tests.plan.scene import NOON, Asked, Scene, statuses, three

KEPT = TrashPolicy(enabled=True, days=30)


@pytest.mark.parametrize("line", ["album", "tag", "field"])
def test_a_requirement_whose_line_was_deleted_blocks_the_removal(scene: Scene, line: str) -> None:
    plan, members = three(scene)
    outcome = scene.apply(plan.only({"album", "tag", "field", "trash"} - {line}))
    assert outcome.results["trash"].status is Status.NOT_DONE and line in outcome.results["trash"].reason
    assert not any(map(scene.is_trashed, members))


def strip(scene: Scene, keeper: str) -> None:
    """Take albums, tags and the description off an asset, in its sidecar as well."""
    state = scene.sandbox.state
    for album in state.albums.values():
        state.remove_from_album(album, keeper)
    for tag in state.tags.values():
        state.untag_asset(tag, keeper)
    state.assets[keeper].exif.description = ""
    state.assets[keeper].sidecar = None


@pytest.mark.parametrize("path", ["/api/albums/", "/api/tags/", "/api/assets"])
def test_a_transfer_that_is_taken_back_again_and_again_blocks_the_removal(scene: Scene, path: str) -> None:
    plan, members = three(scene)
    written: list[Asked] = []

    def take_back(number: int, asked: Asked) -> None:
        if asked.method == "PUT" and asked.path.startswith(path) and not asked.is_barrier:
            written.append(asked)
        if written:
            strip(scene, members[0])

    scene.sandbox.after = take_back
    outcome = scene.apply(plan)
    assert outcome.results["trash"].status is Status.NOT_DONE
    assert outcome.exit_code == 3
    assert not any(map(scene.is_trashed, members))
    # Memberships in albums are no business of the server's jobs: they are not written again.
    assert len(written) == (1 if path == "/api/albums/" else 1 + REPAIRS)


@pytest.mark.parametrize("path", ["/api/tags/", "/api/assets"])
def test_a_transfer_that_is_taken_back_once_is_written_again_before_the_removal(scene: Scene, path: str) -> None:
    plan, members = three(scene)
    state, keeper = scene.sandbox.state, members[0]
    written: list[Asked] = []

    def take_back(number: int, asked: Asked) -> None:
        if asked.method == "PUT" and asked.path.startswith(path) and not asked.is_barrier:
            if not written:
                for tag in state.tags.values():
                    state.untag_asset(tag, keeper)
                state.assets[keeper].exif.description = ""
                state.assets[keeper].sidecar = None
            written.append(asked)

    scene.sandbox.after = take_back
    outcome = scene.apply(plan)
    assert set(statuses(outcome).values()) == {Status.DONE}, outcome.results
    assert len(written) == 2
    assert state.tags_of_asset[keeper] and state.assets[keeper].exif.description == "the sea"
    assert all(map(scene.is_trashed, members[1:]))


MEDDLING: dict[str, Callable[[Scene, list[str]], None]] = {
    "the kept one is trashed": lambda scene, ids: vars_of(scene, ids[0], deleted_at=NOON, is_trashed_by_user=True),
    "the kept one is locked": lambda scene, ids: vars_of(scene, ids[0], visibility="locked"),
    "the kept one is given away": lambda scene, ids: vars_of(scene, ids[0], owner_id=stranger(scene)),
    "one is trashed already": lambda scene, ids: vars_of(scene, ids[2], deleted_at=NOON, is_trashed_by_user=True),
    "one is locked": lambda scene, ids: vars_of(scene, ids[2], visibility="locked"),
    "one is given away": lambda scene, ids: vars_of(scene, ids[2], owner_id=stranger(scene)),
    "one is stacked": lambda scene, ids: stack(scene, ids[1]),
    "the group is dismissed": lambda scene, ids: scene.immich.duplicates.dismiss(
        [scene.sandbox.state.assets[ids[0]].duplicate_id or ""]
    ),
    "one is in another group": lambda scene, ids: join_another_group(scene, ids[1]),
    "one is purged": lambda scene, ids: scene.sandbox.state.remove_asset(
        scene.sandbox.state.assets[ids[1]], delete_files=False
    ),
}


def stranger(scene: Scene) -> str:
    return scene.sandbox.add_user("Stranger", "stranger@example.com").id


def vars_of(scene: Scene, asset_id: str, **values: Any) -> None:
    asset = scene.sandbox.state.assets[asset_id]
    for name, value in values.items():
        setattr(asset, name, Visibility(value) if name == "visibility" else value)


def join_another_group(scene: Scene, asset_id: str) -> None:
    group, _members = scene.group(2)
    scene.sandbox.state.set_duplicate(scene.sandbox.state.assets[asset_id], group)


def stack(scene: Scene, asset_id: str) -> None:
    scene.sandbox.add_stack([asset_id, scene.sandbox.add_asset()])


@pytest.mark.parametrize("meddle", MEDDLING.values(), ids=MEDDLING.keys())
@pytest.mark.parametrize("when", ["before the run", "after the transfer"])
def test_nothing_is_trashed_once_its_reasons_have_gone(
    scene: Scene, meddle: Callable[[Scene, list[str]], None], when: str
) -> None:
    plan, members = three(scene)
    if when == "before the run":
        meddle(scene, members)
    else:
        done: list[int] = []

        def strike(number: int, asked: Asked) -> None:
            if asked.path.startswith("/api/tags/") and asked.is_write and not done:
                done.append(number)
                meddle(scene, members)

        scene.sandbox.after = strike
    before = {each for each in members if each in scene.sandbox.state.assets and scene.is_trashed(each)}
    outcome = scene.apply(plan)
    assert outcome.results["trash"].status in (Status.STALE, Status.NOT_DONE)
    assert not any(asked.method == "DELETE" and asked.path == "/api/assets" for asked in scene.sandbox.asked)
    if when == "before the run":
        assert before == {each for each in members if each in scene.sandbox.state.assets and scene.is_trashed(each)}


def test_a_group_that_grew_is_thinned_out_but_not_resolved(scene: Scene) -> None:
    for resolving in (False, True):
        group, (kept, loser) = scene.group(2)
        scene.sandbox.add_asset(duplicate_id=group)
        outcome = scene.apply(scene.plan(Change("t", TrashAssets((loser,), (kept,), group, by_resolving=resolving))))
        assert statuses(outcome) == {"t": Status.STALE if resolving else Status.DONE}


def test_resolving_falls_back_to_the_trash_where_the_server_cannot(tmp_path: Path) -> None:
    scene = Scene(Dialect.V2, tmp_path)
    group, (kept, loser) = scene.group(2)
    outcome = scene.apply(scene.plan(Change("t", TrashAssets((loser,), (kept,), group, by_resolving=True))))
    assert statuses(outcome) == {"t": Status.DONE} and scene.is_trashed(loser)


def test_a_field_that_somebody_wrote_meanwhile_is_not_overwritten(scene: Scene) -> None:
    asset = scene.sandbox.add_asset(description="by hand", rating=4)
    outcome = scene.apply(
        scene.plan(
            Change("text", SetField(asset, AssetField.DESCRIPTION, before=None, after="sea")),
            Change("rating", SetField(asset, AssetField.RATING, before=None, after=4)),
            Change("place", SetField(asset, AssetField.PLACE, before=None, after=Place(1, 2))),
        )
    )
    assert statuses(outcome) == {"text": Status.STALE, "rating": Status.ALREADY, "place": Status.DONE}
    assert scene.sandbox.state.assets[asset].exif.description == "by hand"


def test_a_stack_is_not_enlarged_by_the_way(scene: Scene) -> None:
    free, stacked, other = (scene.sandbox.add_asset() for _number in range(3))
    scene.sandbox.add_stack([stacked, other])
    before = scene.dump()
    assert statuses(scene.apply(scene.plan(Change("s", StackAssets((free, stacked)))))) == {"s": Status.STALE}
    assert scene.dump() == before


def test_a_group_that_somebody_enlarged_is_not_dismissed(scene: Scene) -> None:
    group, members = scene.group(2)
    scene.sandbox.add_asset(duplicate_id=group)
    before = scene.dump()
    plan = scene.plan(Change("d", DismissDuplicates(tuple(members), group)))
    assert statuses(scene.apply(plan)) == {"d": Status.STALE}
    assert scene.dump() == before


def test_assets_of_others_are_not_touched_even_where_the_server_would_allow_it(scene: Scene) -> None:
    partner = scene.sandbox.add_user("Partner", "partner@example.com").id
    scene.sandbox.add_partner(partner, scene.user_id)
    theirs = scene.sandbox.add_asset(owner_id=partner)
    album = scene.sandbox.add_album("Trip")
    shared = scene.sandbox.add_album("Shared", asset_ids=[theirs])
    before = scene.dump()
    outcome = scene.apply(
        scene.plan(Change("in", AddToAlbum(theirs, album)), Change("out", RemoveFromAlbum(theirs, shared)))
    )
    assert statuses(outcome) == {"in": Status.STALE, "out": Status.STALE}
    assert scene.dump() == before
