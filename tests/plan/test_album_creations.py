"""No album is made twice, and none is lost: answers that never come, runs that are killed in between, undos that are repeated."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from attrs import evolve

from immich_tools.immich import albums
from immich_tools.plan.effects import album_creation
from immich_tools.plan.effects.album_creation import CreateAlbum, DeleteAlbum
from immich_tools.plan.effects.base import Change
from immich_tools.plan.effects.tags import AddTag
from immich_tools.plan.execute import resume
from immich_tools.plan.journal import find_run
from immich_tools.plan.journal_writer import Journal
from immich_tools.plan.model import Plan
from immich_tools.plan.result import Result, Status
from immich_tools.sandbox import FaultKind, Faults
from immich_tools.sandbox.exchange import ConnectionFailed
from tests.plan.scene import Asked, Scene, statuses
from tests.plan.test_album_changes import assets, by_name, deletion, friend, whole

LOST = (FaultKind.RESET_AFTER, FaultKind.BAD_GATEWAY_AFTER, FaultKind.GATEWAY_TIMEOUT_AFTER)
NOT_DONE = (FaultKind.RESET_BEFORE, FaultKind.BAD_GATEWAY, FaultKind.REFUSED_CONNECTION)


class Killed(BaseException):
    """The process ends here; nothing is written down any more."""


def in_parts_of(size: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let only so many assets go into an album with one request."""
    for module in (albums, album_creation):
        monkeypatch.setattr(module, "ADD_SIZE", size)


def trip(scene: Scene) -> CreateAlbum:
    """An album that takes two requests or more."""
    members = assets(scene)
    return CreateAlbum("Trip", members, "the sea", (f"{friend(scene)}=viewer",), "asc", False, members[-1])


def fail_creations(scene: Scene, kind: FaultKind, times: int) -> None:
    """Let the first `times` requests that make an album fail."""
    left = [times]

    def before(number: int, asked: Asked) -> None:
        if is_creation(asked) and left[0]:
            left[0] -= 1
            scene.sandbox.set_faults(Faults(at={1: kind}))

    scene.sandbox.before = before


def is_creation(asked: Asked) -> bool:
    return asked.method == "POST" and asked.path == "/api/albums"


def kill_at(scene: Scene, fatal: int, moment: str) -> None:
    """Let the program die at a request: before the server carries it out, or after."""
    base = len(scene.sandbox.asked)

    def strike(number: int, asked: Asked) -> None:
        if number == base + fatal:
            raise Killed
        if number > base + fatal:
            raise ConnectionFailed(was_refused=True)

    setattr(scene.sandbox, moment, strike)


def revive(scene: Scene) -> None:
    scene.sandbox.before = scene.sandbox.after = lambda number, asked: None


def complete(scene: Scene, action: CreateAlbum) -> None:
    """There is exactly one such album, and it has everything."""
    (album,) = (each for each in scene.dump()["albums"].values() if each["name"] == action.name)
    assert album["assets"] == sorted(action.asset_ids)
    assert (album["description"], album["order"], album["thumbnail"]) == ("the sea", "asc", action.thumbnail_asset_id)
    assert len(album["users"]) == 1 and album["isActivityEnabled"] is False


@pytest.mark.parametrize("kind", LOST)
@pytest.mark.parametrize("size", [2, 2000])
def test_an_album_whose_answer_was_lost_is_found_again(
    scene: Scene, kind: FaultKind, size: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    in_parts_of(size, monkeypatch)
    action = trip(scene)
    before = scene.dump()
    fail_creations(scene, kind, 1)
    outcome = scene.apply(scene.plan(Change("1", action)))
    assert statuses(outcome) == {"1": Status.DONE} and outcome.results["1"].made in scene.sandbox.state.albums
    assert sum(map(is_creation, scene.sandbox.asked)) == 1
    complete(scene, action)
    revive(scene)
    assert not scene.undo(outcome.run_id).failures and scene.dump() == before


@pytest.mark.parametrize("kind", NOT_DONE)
def test_an_album_that_was_not_made_is_asked_for_again(scene: Scene, kind: FaultKind) -> None:
    action = trip(scene)
    fail_creations(scene, kind, 2)
    outcome = scene.apply(scene.plan(Change("1", action)))
    assert statuses(outcome) == {"1": Status.DONE}
    complete(scene, action)


def test_a_server_that_never_makes_it_is_not_asked_forever(scene: Scene) -> None:
    fail_creations(scene, FaultKind.BAD_GATEWAY, 99)
    outcome = scene.apply(scene.plan(Change("1", trip(scene))))
    assert statuses(outcome) == {"1": Status.FAILED} and not outcome.results["1"].made
    assert sum(map(is_creation, scene.sandbox.asked)) == 4


def test_what_looks_the_same_but_was_there_before_is_not_taken_for_it(scene: Scene) -> None:
    """An album of the same name and description with some of the assets, and an empty one of another owner."""
    action = trip(scene)
    scene.sandbox.add_album("Trip", description="the sea", asset_ids=action.asset_ids[:2])
    before = scene.dump()
    fail_creations(scene, FaultKind.RESET_AFTER, 1)
    outcome = scene.apply(scene.plan(Change("1", action)))
    assert len(scene.sandbox.state.albums) == 2
    revive(scene)
    scene.undo(outcome.run_id)
    assert scene.dump() == before


def test_lost_answers_of_albums_of_one_name_are_told_apart(scene: Scene) -> None:
    ids = assets(scene, 8)
    changes = [Change(str(number), CreateAlbum("Trip", ids[: number + 1])) for number in range(8)]
    fail_creations(scene, FaultKind.RESET_AFTER, 8)
    outcome = scene.apply(scene.plan(*changes))
    assert set(statuses(outcome).values()) == {Status.DONE}
    assert sorted(len(album.asset_ids) for album in scene.sandbox.state.albums.values()) == list(range(1, 9))
    assert all(
        len(scene.sandbox.state.albums[outcome.results[str(number)].made].asset_ids) == number + 1
        for number in range(8)
    )


def killed(scene: Scene, plan: Plan, fatal: int, moment: str) -> bool:
    """Carry out a plan that is killed; whether it was."""
    kill_at(scene, fatal, moment)
    try:
        scene.apply(plan, scene.connect(concurrency=1))
    except Killed:
        return True
    finally:
        revive(scene)
    return False


@pytest.mark.parametrize("moment", ["before", "after"])
@pytest.mark.parametrize("ending", ["resume", "undo"])
@pytest.mark.parametrize("size", [2, 2000])
def test_a_run_that_makes_an_album_may_be_killed_at_any_request(
    scene: Scene, moment: str, ending: str, size: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    in_parts_of(size, monkeypatch)
    action = trip(scene)
    plan = scene.plan(Change("1", action))
    before = scene.dump()
    for fatal in range(1, 99):
        if not killed(scene, plan, fatal, moment):
            break
        if not list(scene.folder.glob("*")):
            assert scene.dump() == before
            continue
        run = find_run(scene.folder, "last")
        if ending == "resume":
            outcome = resume(run, scene.immich)
            assert statuses(outcome) == {"1": Status.DONE}
            complete(scene, action)
        scene.undo("last")
        assert scene.dump() == before, (fatal, moment)
        for path in scene.folder.glob("*"):
            path.unlink()
    else:
        raise AssertionError("the run never ended")


@pytest.mark.parametrize("moment", ["before", "after"])
def test_an_undo_that_brings_an_album_back_may_be_killed_at_any_request(scene: Scene, moment: str) -> None:
    plan = scene.plan(Change("1", deletion(scene, whole(scene))))
    before = by_name(scene)
    for fatal in range(1, 99):
        (album_id,) = scene.sandbox.state.albums
        plan = scene.plan(Change("1", deletion(scene, album_id)))
        scene.apply(plan)
        first = find_run(scene.folder, "last")
        kill_at(scene, fatal, moment)
        try:
            scene.undo(first.id, scene.connect(concurrency=1))
            break
        except Killed:
            revive(scene)
        last = find_run(scene.folder, "last")
        if last.id == first.id:
            scene.undo(first.id)
        else:
            assert not resume(last, scene.immich).failures
        assert by_name(scene) == before, (fatal, moment)
        for path in scene.folder.glob("*"):
            path.unlink()
    else:
        raise AssertionError("the undo never ended")


def test_an_undo_that_failed_in_part_does_not_bring_an_album_back_twice(scene: Scene) -> None:
    album_id = whole(scene)
    other = scene.sandbox.add_album("Other", asset_ids=assets(scene))
    plain = evolve(deletion(scene, other), thumbnail_asset_id=None)  # the server picked it
    changes = [Change("1", deletion(scene, album_id)), Change("2", plain)]
    before = by_name(scene)
    outcome = scene.apply(scene.plan(*changes))
    refused = [True]

    def before_request(number: int, asked: Asked) -> None:
        if is_creation(asked) and asked.body["albumName"] == "Other" and refused[0]:
            scene.sandbox.set_faults(Faults(failure_rate=1, kinds=(FaultKind.BAD_GATEWAY,)))

    scene.sandbox.before = before_request
    first = scene.undo(outcome.run_id, scene.connect(concurrency=1))
    assert first.failures
    scene.sandbox.set_faults(None)
    refused[0] = False
    scene.undo(outcome.run_id)
    assert by_name(scene) == before


def test_an_album_left_half_made_is_gone_on_with_and_is_undone(scene: Scene) -> None:
    """The server refuses to write its properties: it is the run's all the same."""
    action = trip(scene)
    before = scene.dump()

    def before_request(number: int, asked: Asked) -> None:
        if asked.method == "PATCH":
            album = next(iter(scene.sandbox.state.albums.values()))
            scene.sandbox.state.remove_from_album(album, action.asset_ids[-1])

    scene.sandbox.before = before_request
    outcome = scene.apply(scene.plan(Change("1", action)))
    revive(scene)
    assert statuses(outcome) == {"1": Status.FAILED} and outcome.results["1"].made
    assert outcome.exit_code == 3
    scene.undo(outcome.run_id)
    assert scene.dump() == before


def test_an_album_that_somebody_deleted_while_the_run_was_cut_short_is_a_failure(scene: Scene) -> None:
    action = trip(scene)
    plan = scene.plan(Change("1", action))
    journal = open_intent(scene, plan, known=[])
    album = scene.immich.albums.create("Trip", description="the sea", asset_ids=action.asset_ids)
    append(journal, {"event": "result", "changes": {"1": ["unknown", "lost", album.id]}})
    scene.immich.albums.delete(album.id)
    outcome = resume(find_run(scene.folder, "last"), scene.immich)
    assert statuses(outcome) == {"1": Status.FAILED} and not scene.sandbox.state.albums


def test_an_old_journal_without_what_was_there_makes_nothing_its_own(scene: Scene) -> None:
    members = assets(scene)
    open_intent(scene, scene.plan(Change("1", CreateAlbum("Trip", members))), known=None)
    made = scene.immich.albums.create("Trip", asset_ids=members)
    outcome = resume(find_run(scene.folder, "last"), scene.immich)
    assert statuses(outcome) == {"1": Status.ALREADY}
    assert scene.undo(outcome.run_id).results == {} and made.id in scene.sandbox.state.albums


def test_what_was_made_is_told_by_the_journal(scene: Scene) -> None:
    outcome = scene.apply(scene.plan(Change("1", CreateAlbum("Trip", assets(scene)))))
    run = find_run(scene.folder, "last")
    assert run.results == {"1": Result(Status.DONE, "", outcome.results["1"].made)}


def test_undoing_deletes_exactly_the_album_that_was_made(scene: Scene) -> None:
    action = CreateAlbum("Trip", assets(scene))
    outcome = scene.apply(scene.plan(Change("1", action)))
    twin = scene.sandbox.add_album("Trip", asset_ids=action.asset_ids)
    undone = scene.undo(outcome.run_id)
    assert set(scene.sandbox.state.albums) == {twin}
    (change,) = undone.plan.changes
    assert isinstance(change.action, DeleteAlbum) and change.action.album_id == outcome.results["1"].made


def open_intent(scene: Scene, plan: Plan, known: list[str] | None) -> Path:
    """The journal of a run that was killed when it had asked for an album."""
    with Journal.create(scene.folder, plan, server=scene.sandbox.url, permanent=None, undoes=None) as journal:
        if known is not None:
            journal.record_albums(known, {})
        journal.intend(["1"])
    return journal.path


def append(path: Path, line: Mapping[str, Any]) -> None:
    with path.open("a") as file:
        file.write(json.dumps(line) + "\n")


def test_what_needs_an_album_that_is_there_already_is_carried_out(scene: Scene) -> None:
    members, tag = assets(scene), scene.sandbox.add_tag("sea")
    scene.sandbox.add_album("Trip", asset_ids=members)
    make = Change("make", CreateAlbum("Trip", members))
    outcome = scene.apply(scene.plan(make, Change("tag", AddTag(members[0], tag), requires=("make",))))
    assert statuses(outcome) == {"make": Status.ALREADY, "tag": Status.DONE}
    scene.undo(outcome.run_id)
    assert len(scene.sandbox.state.albums) == 1


def test_an_album_that_the_same_plan_deletes_does_not_make_a_new_one_needless(scene: Scene) -> None:
    members, tag = assets(scene), scene.sandbox.add_tag("sea")
    old = scene.sandbox.add_album("Trip", asset_ids=members)
    before = by_name(scene)
    changes = [Change("make", CreateAlbum("Trip", members)), Change("gone", deletion(scene, old))]
    outcome = scene.apply(scene.plan(*changes, Change("tag", AddTag(members[0], tag), requires=("make",))))
    assert set(statuses(outcome).values()) == {Status.DONE}
    assert set(scene.sandbox.state.albums) == {outcome.results["make"].made}
    scene.undo(outcome.run_id)
    assert [each["assets"] for each in by_name(scene)["albums"]] == [each["assets"] for each in before["albums"]]
