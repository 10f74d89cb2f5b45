"""Changes to albums themselves: done, read back, undone exactly, and never done to what is not the user's or is not as planned."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from attrs import evolve

from immich_tools.errors import AccessDenied
from immich_tools.immich.client import Immich
from immich_tools.plan.effects.album_creation import CreateAlbum, DeleteAlbum
from immich_tools.plan.effects.albums import AddToAlbum, AlbumField, AlbumValue, SetAlbumField, ShareAlbum, share_texts
from immich_tools.plan.effects.assets import TrashAssets
from immich_tools.plan.effects.base import Action, Change
from immich_tools.plan.effects.tags import AddTag
from immich_tools.plan.journal import find_run
from immich_tools.plan.outcome import Outcome
from immich_tools.plan.result import Status
from immich_tools.plan.undo import undo_plan
from immich_tools.sandbox.entities import AlbumRole
from tests.plan.scene import Scene, run_of, statuses

Meddle = Callable[[Scene, str], None]


def by_name(scene: Scene) -> dict[str, Any]:
    """A dump in which albums are told apart by what they hold, not by their ids."""
    dump = scene.dump()
    dump["albums"] = sorted(dump["albums"].values(), key=str)
    return dump


def friend(scene: Scene, name: str = "Bea") -> str:
    return scene.sandbox.add_user(name, f"{name}@example.com").id


def assets(scene: Scene, count: int = 3) -> tuple[str, ...]:
    return tuple(scene.sandbox.add_asset() for _number in range(count))


def whole(scene: Scene, **more: Any) -> str:
    """An album with everything an album can have."""
    members = assets(scene)
    album_id = scene.sandbox.add_album(
        "Trip", asset_ids=members, description="the sea", users={friend(scene): "viewer"}, **more
    )
    album = scene.sandbox.state.albums[album_id]
    album.order, album.is_activity_enabled = "asc", False
    album.thumbnail_id = members[1]
    return album_id


def deletion(scene: Scene, album_id: str) -> DeleteAlbum:
    """What a planner that has read the album plans."""
    album = scene.immich.albums.get(album_id)
    return DeleteAlbum(
        album.name,
        tuple(sorted(scene.immich.albums.member_ids(album))),
        album.description,
        share_texts(album.users),
        album.order,
        album.is_activity_enabled,
        album.thumbnail_asset_id,
        album_id=album_id,
    )


def status_of(outcome: Outcome) -> Status:
    (result,) = outcome.results.values()
    return result.status


def carry_out(scene: Scene, *actions: Action) -> Outcome:
    return scene.apply(scene.plan(*(Change(f"{number}", action) for number, action in enumerate(actions))))


def test_an_album_is_made_with_everything_and_unmade(scene: Scene) -> None:
    bea, members = friend(scene), assets(scene)
    scene.sandbox.add_album("Trip", asset_ids=members[:1])
    before = scene.dump()
    action = CreateAlbum("Trip", members, "the sea", (f"{bea}=editor",), "asc", False, members[2])
    outcome = carry_out(scene, action)
    assert statuses(outcome) == {"0": Status.DONE}
    made = outcome.results["0"].made
    assert scene.dump()["albums"][made] == {
        "owner": scene.user_id,
        "name": "Trip",
        "description": "the sea",
        "assets": sorted(members),
        "users": {bea: "editor"},
        "hasSharedLink": False,
        "isActivityEnabled": False,
        "order": "asc",
        "thumbnail": members[2],
    }
    done = by_name(scene)
    undone = scene.undo(outcome.run_id)
    assert not undone.failures and scene.dump() == before
    redone = scene.undo(undone.run_id)
    assert not redone.failures and by_name(scene) == done
    assert not scene.undo(redone.run_id).failures and scene.dump() == before


def test_a_plain_album_is_one_request(scene: Scene) -> None:
    carry_out(scene, CreateAlbum("Trip", assets(scene)))
    assert [(asked.method, asked.path) for asked in scene.sandbox.writes()] == [("POST", "/api/albums")]


def test_an_album_of_3000_assets(scene: Scene) -> None:
    members = assets(scene, 3000)
    before = scene.dump()
    outcome = carry_out(scene, CreateAlbum("Large", members))
    assert status_of(outcome) is Status.DONE
    assert [len(asked.body.get("assetIds") or asked.body["ids"]) for asked in scene.sandbox.writes()] == [2000, 1000]
    assert list(scene.sandbox.state.albums[outcome.results["0"].made].asset_ids) == list(members)
    assert not scene.undo(outcome.run_id).failures and scene.dump() == before


def test_a_plan_applied_twice_makes_an_album_once(scene: Scene) -> None:
    action = CreateAlbum("Trip", assets(scene))
    carry_out(scene, action, CreateAlbum("Empty"))
    after = scene.dump()
    outcome = carry_out(scene, action, CreateAlbum("Empty"))
    assert set(statuses(outcome).values()) == {Status.ALREADY} and scene.dump() == after
    assert scene.undo(outcome.run_id).results == {} and scene.dump() == after


def test_albums_of_one_name_are_told_apart(scene: Scene) -> None:
    ids = assets(scene, 4)
    before = scene.dump()
    outcome = carry_out(scene, CreateAlbum("Trip", ids[:2]), CreateAlbum("Trip", ids[2:]), CreateAlbum("Trip"))
    assert len({result.made for result in outcome.results.values()}) == 3
    assert not scene.undo(outcome.run_id).failures and scene.dump() == before


def test_what_needs_a_new_album_waits_until_it_is_read_back(scene: Scene) -> None:
    group, members = scene.group()
    make = Change("make", CreateAlbum("Trip", (members[0],)))
    trash = Change("trash", TrashAssets(tuple(members[1:]), (members[0],), group), requires=("make",))
    before = scene.dump()
    outcome = scene.apply(scene.plan(make, trash))
    assert set(statuses(outcome).values()) == {Status.DONE}
    assert not scene.undo(outcome.run_id).failures and scene.dump() == before


def test_what_needs_an_album_that_was_not_made_is_not_done(scene: Scene) -> None:
    asset, tag = scene.sandbox.add_asset(), scene.sandbox.add_tag("sea")
    make = Change("make", CreateAlbum("Trip", (asset,), shares=(f"{scene.new_id()}=viewer",)))
    outcome = scene.apply(scene.plan(make, Change("tag", AddTag(asset, tag), requires=("make",))))
    assert statuses(outcome) == {"make": Status.FAILED, "tag": Status.NOT_DONE}
    assert not scene.sandbox.state.albums


def test_a_deleted_album_comes_back_with_everything_but_its_id(scene: Scene) -> None:
    album_id = whole(scene)
    before, exactly = by_name(scene), scene.dump()
    outcome = carry_out(scene, deletion(scene, album_id))
    assert status_of(outcome) is Status.DONE and not scene.sandbox.state.albums
    plan = undo_plan(find_run(scene.folder, run_of(outcome)), scene.immich)
    assert [(skip.code, "links" in skip.reason) for skip in plan.skips] == [("cannot-be-undone", True)]
    undone = scene.undo(outcome.run_id)
    assert not undone.failures and by_name(scene) == before and scene.dump() != exactly
    assert not scene.undo(undone.run_id).failures and not scene.sandbox.state.albums
    assert not scene.undo("last").failures and by_name(scene) == before


def test_an_album_and_its_trashed_assets_come_back_together(scene: Scene) -> None:
    album_id = whole(scene)
    action = deletion(scene, album_id)
    before = by_name(scene)
    outcome = carry_out(scene, action, TrashAssets(action.asset_ids[:1]))
    undone = scene.undo(outcome.run_id)
    assert not undone.failures and by_name(scene) == before


def test_what_left_an_album_before_it_was_deleted_does_not_come_back_into_it(scene: Scene) -> None:
    album_id = whole(scene)
    action = deletion(scene, album_id)
    scene.sandbox.state.remove_from_album(scene.sandbox.state.albums[album_id], action.asset_ids[0])
    scene.sandbox.state.albums[album_id].thumbnail_id = action.thumbnail_asset_id
    before = by_name(scene)
    outcome = carry_out(scene, evolve(action, thumbnail_asset_id=action.asset_ids[1]))
    scene.undo(outcome.run_id)
    after = by_name(scene)
    assert [album["assets"] for album in after["albums"]] == [album["assets"] for album in before["albums"]]


def test_people_and_assets_that_are_gone_do_not_keep_an_album_from_coming_back(scene: Scene) -> None:
    album_id = whole(scene)
    action = deletion(scene, album_id)
    state = scene.sandbox.state
    foreign = scene.sandbox.add_asset(owner_id=friend(scene, "Carl"))
    state.add_to_album(state.albums[album_id], foreign)
    outcome = carry_out(scene, evolve(action, asset_ids=(*action.asset_ids, foreign)))
    state.remove_asset(state.assets[action.asset_ids[0]], delete_files=False)
    (bea,) = (share.partition("=")[0] for share in action.shares)
    del state.users[bea]
    undone = scene.undo(outcome.run_id)
    assert (
        status_of(undone) is Status.DONE and "3 of its assets and people" in next(iter(undone.results.values())).reason
    )
    (album,) = scene.dump()["albums"].values()
    assert album["assets"] == sorted(action.asset_ids[1:]) and album["users"] == {}


FIELDS: list[tuple[AlbumField, AlbumValue]] = [
    (AlbumField.NAME, "Journey"),
    (AlbumField.DESCRIPTION, "l'été\u2028at dusk"),
    (AlbumField.DESCRIPTION, ""),
    (AlbumField.DESCRIPTION, None),
    (AlbumField.ORDER, "desc"),
    (AlbumField.ACTIVITY, True),
    (AlbumField.THUMBNAIL, "last"),
]


@pytest.mark.parametrize(("field", "after"), FIELDS)
def test_a_property_is_written_and_written_back(scene: Scene, field: AlbumField, after: AlbumValue) -> None:
    album_id = whole(scene)
    album = scene.immich.albums.get(album_id)
    if field is AlbumField.THUMBNAIL:
        after = list(scene.sandbox.state.albums[album_id].asset_ids)[2]
    before = scene.dump()
    action = SetAlbumField(album_id, "Trip", field, before=getattr(album, field.value), after=after)
    outcome = carry_out(scene, action)
    assert status_of(outcome) is Status.DONE and scene.dump() != before
    assert getattr(scene.immich.albums.get(album_id), field.value) == ("" if after is None else after)
    assert status_of(carry_out(scene, action)) is Status.ALREADY
    assert not scene.undo(outcome.run_id).failures and scene.dump() == before


@pytest.mark.parametrize("field", [AlbumField.NAME, AlbumField.DESCRIPTION, AlbumField.ORDER])
def test_a_property_that_somebody_changed_is_left_alone(scene: Scene, field: AlbumField) -> None:
    album_id = whole(scene)
    before = scene.dump()
    after = "desc" if field is AlbumField.ORDER else "new"
    planned = "desc" if field is AlbumField.ORDER else "old"
    if field is AlbumField.ORDER:
        scene.immich.albums.update(album_id, order="desc")
        before, after = scene.dump(), "asc"
        action = SetAlbumField(album_id, "Trip", field, before="asc", after=after)
        scene.immich.albums.update(album_id, order="asc")
        assert status_of(carry_out(scene, action)) is Status.ALREADY
        return
    action = SetAlbumField(album_id, "Trip", field, before=planned, after=after)
    assert status_of(carry_out(scene, action)) is Status.STALE and scene.dump() == before


def test_the_first_assets_thumbnail_can_be_chosen_in_the_same_plan(scene: Scene) -> None:
    first, second = assets(scene, 2)
    album_id = scene.sandbox.add_album("Trip")
    choose = SetAlbumField(album_id, "Trip", AlbumField.THUMBNAIL, before=None, after=second)
    changes = [Change("1", AddToAlbum(first, album_id)), Change("2", AddToAlbum(second, album_id))]
    outcome = scene.apply(scene.plan(*changes, Change("3", choose, requires=("1", "2"))))
    assert set(statuses(outcome).values()) == {Status.DONE}
    assert scene.sandbox.state.albums[album_id].thumbnail_id == second


@pytest.mark.parametrize(
    ("before", "after"),
    [(None, "viewer"), (None, "editor"), ("viewer", "editor"), ("editor", "viewer"), ("viewer", None)],
)
def test_sharing_is_done_and_taken_back(scene: Scene, before: str | None, after: str | None) -> None:
    bea = friend(scene)
    album_id = scene.sandbox.add_album("Trip", users={bea: before} if before else {})
    dump = scene.dump()
    action = ShareAlbum(album_id, "Trip", bea, "Bea", before=before, after=after)
    outcome = carry_out(scene, action)
    assert status_of(outcome) is Status.DONE
    assert scene.dump()["albums"][album_id]["users"] == ({bea: after} if after else {})
    assert status_of(carry_out(scene, action)) is Status.ALREADY
    assert not scene.undo(outcome.run_id).failures and scene.dump() == dump


def test_a_role_that_somebody_changed_is_left_alone(scene: Scene) -> None:
    bea = friend(scene)
    album_id = scene.sandbox.add_album("Trip", users={bea: "editor"})
    for after in ("viewer", None):
        action = ShareAlbum(album_id, "Trip", bea, "Bea", before="viewer" if after is None else None, after=after)
        assert status_of(carry_out(scene, action)) is Status.STALE
    mine = ShareAlbum(album_id, "Trip", scene.user_id, "me", before=None, after="viewer")
    assert status_of(carry_out(scene, mine)) is Status.STALE
    assert scene.sandbox.state.albums[album_id].user_roles == {bea: AlbumRole.EDITOR}
    assert not scene.sandbox.writes()


def add_one(scene: Scene, album_id: str) -> None:
    scene.sandbox.state.add_to_album(scene.sandbox.state.albums[album_id], scene.sandbox.add_asset())


def add_an_archived_one(scene: Scene, album_id: str) -> None:
    album = scene.sandbox.state.albums[album_id]
    scene.sandbox.state.add_to_album(album, scene.sandbox.add_asset(visibility="archive"))


def rename(scene: Scene, album_id: str) -> None:
    scene.sandbox.state.albums[album_id].name = "Mine"


def describe(scene: Scene, album_id: str) -> None:
    scene.sandbox.state.albums[album_id].description = "written by hand"


def share(scene: Scene, album_id: str) -> None:
    scene.sandbox.state.albums[album_id].user_roles[friend(scene, "Dora")] = AlbumRole.VIEWER


def turn(scene: Scene, album_id: str) -> None:
    album = scene.sandbox.state.albums[album_id]
    album.order = "desc" if album.order == "asc" else "asc"


def give_away(scene: Scene, album_id: str) -> None:
    scene.sandbox.state.albums[album_id].owner_id = friend(scene, "Emil")
    scene.sandbox.state.albums[album_id].user_roles[scene.user_id] = AlbumRole.EDITOR


CARING: tuple[Meddle, ...] = (add_one, add_an_archived_one, rename, describe, share, turn, give_away)


@pytest.mark.parametrize("meddle", CARING)
def test_an_album_that_somebody_cares_for_is_not_deleted(scene: Scene, meddle: Meddle) -> None:
    album_id = whole(scene)
    action = deletion(scene, album_id)
    meddle(scene, album_id)
    before = scene.dump()
    assert status_of(carry_out(scene, action)) is Status.STALE
    assert scene.dump() == before and not scene.sandbox.writes()


@pytest.mark.parametrize("meddle", CARING)
def test_an_album_that_was_made_and_is_cared_for_is_not_unmade(scene: Scene, meddle: Meddle) -> None:
    outcome = carry_out(scene, CreateAlbum("Trip", assets(scene), order="asc"))
    meddle(scene, outcome.results["0"].made)
    before = scene.dump()
    undone = scene.undo(outcome.run_id)
    assert status_of(undone) is Status.STALE and next(iter(undone.results.values())).reason
    assert scene.dump() == before


def test_an_album_that_was_made_and_lost_an_asset_is_unmade(scene: Scene) -> None:
    members = assets(scene)
    outcome = carry_out(scene, CreateAlbum("Trip", members))
    album = scene.sandbox.state.albums[outcome.results["0"].made]
    scene.sandbox.state.remove_from_album(album, members[0])
    held = by_name(scene)
    undone = scene.undo(outcome.run_id)
    assert status_of(undone) is Status.DONE and not scene.sandbox.state.albums
    scene.undo(undone.run_id)
    again = by_name(scene)
    for dump in (held, again):  # nobody had chosen a cover: the server chooses one for each album
        del dump["albums"][0]["thumbnail"]
    assert again == held


def test_an_album_that_is_gone_is_not_looked_for_elsewhere(scene: Scene) -> None:
    album_id = whole(scene)
    action, bea = deletion(scene, album_id), friend(scene, "Carl")
    scene.sandbox.state.remove_album(scene.sandbox.state.albums[album_id])
    assert status_of(carry_out(scene, action)) is Status.ALREADY
    for other in (
        SetAlbumField(album_id, "Trip", AlbumField.NAME, before="Trip", after="Journey"),
        ShareAlbum(album_id, "Trip", bea, "Carl", before=None, after="viewer"),
    ):
        assert status_of(carry_out(scene, other)) is Status.STALE
    assert not scene.sandbox.writes()


@pytest.mark.parametrize("role", ["editor", "viewer"])
def test_an_album_of_another_owner_is_never_touched(scene: Scene, role: str) -> None:
    bea = friend(scene)
    mine = scene.sandbox.add_asset()
    hers = scene.sandbox.add_album("Trip", owner_id=bea, users={scene.user_id: role}, asset_ids=[mine])
    carl = friend(scene, "Carl")
    before = scene.dump()
    for action in (
        deletion(scene, hers),
        SetAlbumField(hers, "Trip", AlbumField.NAME, before="Trip", after="Mine"),
        ShareAlbum(hers, "Trip", carl, "Carl", before=None, after="viewer"),
        ShareAlbum(hers, "Trip", scene.user_id, "me", before=role, after=None),
    ):
        assert status_of(carry_out(scene, action)) is Status.STALE
    assert scene.dump() == before and not scene.sandbox.writes()
    # A foreign album of the same name with the same members is not one's own.
    assert status_of(carry_out(scene, CreateAlbum("Trip", (mine,)))) is Status.DONE


def spoil_nothing(scene: Scene, asset_id: str) -> None:
    scene.sandbox.state.remove_asset(scene.sandbox.state.assets[asset_id], delete_files=False)


def spoil_trash(scene: Scene, asset_id: str) -> None:
    scene.sandbox.state.assets[asset_id].deleted_at = scene.sandbox.state.now()


def spoil_owner(scene: Scene, asset_id: str) -> None:
    scene.sandbox.state.assets[asset_id].owner_id = friend(scene)


@pytest.mark.parametrize("spoil", [spoil_nothing, spoil_trash, spoil_owner])
def test_an_album_of_an_asset_that_cannot_go_in_is_not_made(scene: Scene, spoil: Meddle) -> None:
    members = assets(scene)
    spoil(scene, members[1])
    assert status_of(carry_out(scene, CreateAlbum("Trip", members))) is Status.STALE
    assert not scene.sandbox.writes()


def test_a_key_that_cannot_end_it_does_not_begin(scene: Scene) -> None:
    bea, members = friend(scene), assets(scene)
    album_id = scene.sandbox.add_album("Home")
    reading = ("album.read", "asset.read", "asset.statistics", "user.read", "apiKey.read")
    actions: dict[str, Action] = {
        "album.create": CreateAlbum("Trip", members),
        "album.update": CreateAlbum("Trip", members, order="asc"),
        "albumAsset.create": CreateAlbum("Trip", tuple(map(str, range(2001)))),
        "album.delete": DeleteAlbum("Home", album_id=album_id),
        "albumUser.create": ShareAlbum(album_id, "", bea, "", before=None, after="viewer"),
        "albumUser.update": ShareAlbum(album_id, "", bea, "", before="editor", after="viewer"),
        "albumUser.delete": ShareAlbum(album_id, "", bea, "", before="editor", after=None),
    }
    for permission, action in actions.items():
        key = scene.sandbox.add_key(scene.user_id, reading)
        immich = Immich.connect(scene.sandbox.url, key, transport=scene.sandbox.transport(), retry_wait=0)
        with pytest.raises(AccessDenied, match=permission):
            scene.apply(scene.plan(Change("1", action)), immich)
    assert not scene.sandbox.writes()
