"""Undoing: exactly what was done, in the order that loses nothing."""

from __future__ import annotations

import pytest

from immich_tools.errors import UsageError
from immich_tools.immich.models import TrashPolicy
from immich_tools.plan.effects.albums import AddToAlbum, RemoveFromAlbum
from immich_tools.plan.effects.assets import DeleteForever, RestoreAssets, SetField, TrashAssets
from immich_tools.plan.effects.base import Change
from immich_tools.plan.effects.duplicates import SetDuplicateGroup
from immich_tools.plan.fields import AssetField
from immich_tools.plan.journal import find_run
from immich_tools.plan.model import Plan
from immich_tools.plan.result import Status
from immich_tools.plan.undo import inverse, undo_plan
from tests.plan.scene import NOON, Scene, run_of, statuses, three

KEPT = TrashPolicy(enabled=True, days=30)


def test_an_undo_cannot_be_done_twice_unless_it_was_undone_itself(scene: Scene) -> None:
    plan, _members = three(scene)
    before = scene.dump()
    first = run_of(scene.apply(plan))
    undone = run_of(scene.undo(first))
    with pytest.raises(UsageError, match="was undone by"):
        undo_plan(find_run(scene.folder, first), scene.immich)
    scene.undo(undone)
    assert not scene.undo(first).failures
    assert scene.dump() == before


def test_what_was_so_already_is_not_undone(scene: Scene) -> None:
    asset, other = scene.sandbox.add_asset(), scene.sandbox.add_asset()
    album = scene.sandbox.add_album("Trip", asset_ids=[asset])
    before = scene.dump()
    outcome = scene.apply(scene.plan(Change("1", AddToAlbum(asset, album)), Change("2", AddToAlbum(other, album))))
    assert statuses(outcome) == {"1": Status.ALREADY, "2": Status.DONE}
    scene.undo(outcome.run_id)
    assert scene.dump() == before


@pytest.mark.parametrize("purged", [1, 2])
def test_a_transfer_stays_when_what_it_was_taken_from_cannot_be_brought_back(scene: Scene, purged: int) -> None:
    """Somebody emptied the trash: the keeper's albums and tags are all that is left of the copies."""
    plan, members = three(scene)
    outcome = scene.apply(plan)
    state = scene.sandbox.state
    state.remove_asset(state.assets[members[purged]], delete_files=False)
    before = scene.dump()["albums"], scene.dump()["tags"], scene.dump()["assets"][members[0]]["exif"]
    undone = scene.undo(outcome.run_id)
    assert undone.exit_code == 3
    assert (scene.dump()["albums"], scene.dump()["tags"], scene.dump()["assets"][members[0]]["exif"]) == before
    assert not scene.is_trashed(members[3 - purged])


def test_what_cannot_be_brought_back_is_a_failure(scene: Scene) -> None:
    asset = scene.sandbox.add_asset()
    outcome = scene.apply(scene.plan(Change("t", TrashAssets((asset,)))))
    scene.sandbox.state.remove_asset(scene.sandbox.state.assets[asset], delete_files=False)
    undone = scene.undo(outcome.run_id)
    assert list(statuses(undone).values()) == [Status.FAILED] and undone.exit_code == 3


def test_a_transfer_stays_when_its_copies_were_deleted_for_good() -> None:
    changes = (
        Change("album", AddToAlbum("keeper", "album")),
        Change("deeper", AddToAlbum("keeper", "another"), requires=("album",)),
        Change("delete", DeleteForever(("loser",), ("keeper",), "g"), requires=("deeper",)),
        Change("other", AddToAlbum("someone", "album")),
    )
    plan = inverse(Plan("tool", "me", "3.1.0", 9, changes), {change.id for change in changes})
    assert [change.action for change in plan.changes] == [RemoveFromAlbum("someone", "album")]
    assert {skip.asset_ids for skip in plan.skips} == {("keeper",), ("loser",)}


def test_undo_turns_requirements_around() -> None:
    changes = (
        Change("album", AddToAlbum("keeper", "album")),
        Change("trash", TrashAssets(("a", "b"), ("keeper",), "g"), requires=("album",)),
    )
    plan = inverse(Plan("tool", "me", "3.1.0", 9, changes), {"album", "trash"})
    a, b, group, album = plan.changes
    assert (a.action, b.action) == (RestoreAssets(("a",), ("keeper",), "g"), RestoreAssets(("b",), ("keeper",), "g"))
    assert group.action == SetDuplicateGroup(("keeper", "a", "b"), "g", after_restore=True)
    assert set(group.requires) == {a.id, b.id} and set(album.requires) == {a.id, b.id}
    again = inverse(plan, {change.id for change in plan.changes})
    album_again, *trashes = again.changes
    assert album_again.action == AddToAlbum("keeper", "album") and not album_again.requires
    assert [each.action for each in trashes] == [TrashAssets((name,), ("keeper",), "g") for name in ("b", "a")]
    assert all(each.requires == (album_again.id,) for each in trashes)


def test_undoing_an_undo_does_not_trash_the_last_copy(scene: Scene) -> None:
    plan, members = three(scene)
    undone = run_of(scene.undo(scene.apply(plan).run_id))
    scene.sandbox.state.assets[members[0]].deleted_at = NOON
    outcome = scene.undo(undone)
    assert not any(scene.is_trashed(member) for member in members[1:])
    assert Status.DONE not in statuses(outcome).values()


def test_a_date_set_where_there_was_none_is_named_as_a_loss() -> None:
    change = Change("d", SetField("x", AssetField.DATE, before=None, after="2024-05-01T12:00:00+00:00"))
    plan = inverse(Plan("tool", "me", "3.1.0", 9, (change,)), {"d"})
    assert not plan.changes and plan.skips[0].code == "cannot-be-undone"


def test_an_offline_asset_that_the_server_leaves_in_the_trash_is_not_claimed_as_restored(scene: Scene) -> None:
    offline = scene.sandbox.add_asset(is_trashed=True, is_offline=True)
    outcome = scene.apply(scene.plan(Change("r", RestoreAssets((offline,)))))
    assert statuses(outcome) == {"r": Status.UNKNOWN}
