"""Plan documents with changes to albums: what is saved is what is loaded, and damage is named precisely."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from immich_tools.errors import UsageError
from immich_tools.immich.models import AlbumRole, AlbumUser
from immich_tools.plan.codec import action_from_json, action_to_json
from immich_tools.plan.effects import KINDS
from immich_tools.plan.effects.album_creation import CreateAlbum, DeleteAlbum
from immich_tools.plan.effects.albums import (
    AddToAlbum,
    AlbumField,
    AlbumValue,
    RemoveFromAlbum,
    SetAlbumField,
    ShareAlbum,
    roles_of,
    share_texts,
)
from immich_tools.plan.effects.base import Action, Change
from immich_tools.plan.journal import read_run
from immich_tools.plan.journal_writer import Journal
from immich_tools.plan.model import Plan
from immich_tools.plan.result import Result, Status
from immich_tools.plan.storage import dump_plan, plan_from_json

texts = st.text(max_size=20)
ids = st.uuids().map(str)
orders = st.none() | st.sampled_from(("asc", "desc"))
roles = st.sampled_from(("editor", "viewer"))
shares = st.dictionaries(ids, roles, max_size=2).map(lambda all_: tuple(f"{k}={v}" for k, v in sorted(all_.items())))
unique_ids = st.lists(ids, max_size=3, unique=True).map(tuple)
values: dict[AlbumField, st.SearchStrategy[AlbumValue]] = {
    AlbumField.NAME: texts,
    AlbumField.DESCRIPTION: texts | st.none(),
    AlbumField.ORDER: st.sampled_from(("asc", "desc")),
    AlbumField.ACTIVITY: st.booleans(),
    AlbumField.THUMBNAIL: ids,
}
actions = st.one_of(
    st.builds(
        CreateAlbum, texts, unique_ids, texts, shares, orders, st.none() | st.booleans(), replaces=st.none() | ids
    ),
    st.builds(
        DeleteAlbum, texts, unique_ids, texts, shares, orders, st.none() | st.booleans(), st.none() | ids, album_id=ids
    ),
    st.sampled_from(AlbumField).flatmap(
        lambda field: st.builds(
            SetAlbumField, ids, texts, st.just(field), before=st.none() | values[field], after=values[field]
        )
    ),
    st.builds(ShareAlbum, ids, texts, ids, texts, before=st.none() | roles, after=st.none() | roles),
)
MAKE = CreateAlbum("Trip", ("a", "b"), "the sea", ("u=editor",), "asc", True, "b")
DELETE = DeleteAlbum("Trip", ("a",), album_id="x")
FIELD = SetAlbumField("y", "Home", AlbumField.DESCRIPTION, before="", after="sweet")
SHARE = ShareAlbum("y", "Home", "u", "Bea", before=None, after="viewer")
SAMPLE = Plan(
    "folder-albums",
    "me",
    "3.1.0",
    9,
    tuple(Change(str(number), each) for number, each in enumerate((MAKE, DELETE, FIELD, SHARE))),
)


@settings(max_examples=200, derandomize=True, deadline=None, database=None)
@given(actions)
def test_an_action_comes_back_from_json_as_it_was(action: Action) -> None:
    assert action_from_json(json.loads(json.dumps(action_to_json(action)))) == action


@settings(max_examples=100, derandomize=True, deadline=None, database=None)
@given(actions)
def test_undoing_the_undoing_is_the_action_itself(action: Action) -> None:
    for inverse in action.inverse():
        if isinstance(inverse, CreateAlbum):
            assert inverse.undoing("new", is_complete=True).inverse()[0].assets == action.assets
            assert inverse.replaces is not None
        else:
            assert inverse.inverse() == (action,)


def test_a_plan_comes_back_and_says_what_it_does() -> None:
    assert plan_from_json(json.loads(dump_plan(SAMPLE))) == SAMPLE
    assert "make albums" in repr(SAMPLE) and "share albums" in repr(SAMPLE)


def test_kinds_are_sent_in_the_order_of_their_phases() -> None:
    phases = [kind.phase for kind in KINDS.values()]
    assert phases == sorted(phases) and all(kind.words for kind in KINDS.values())


def test_every_effect_is_a_kind() -> None:
    def leaves(of: type[Action]) -> set[type[Action]]:
        below = of.__subclasses__()
        return {leaf for each in below for leaf in leaves(each)} if below else {of}

    assert {each for each in leaves(Action) if hasattr(each, "kind")} == set(KINDS.values())


def test_shares_are_written_in_the_order_of_ids() -> None:
    users = (AlbumUser("b=c", AlbumRole.VIEWER), AlbumUser("a", AlbumRole.EDITOR))
    assert share_texts(users) == ("a=editor", "b=c=viewer")
    assert roles_of(share_texts(users)) == {user.user_id: user.role for user in users}


DAMAGE: list[tuple[int, str, Any, str]] = [
    (0, "asset_ids", ["a", "a"], "changes[1] (0): album 'Trip' names an asset twice"),
    (0, "asset_ids", "a", "changes[1] (0): field 'asset_ids' holds"),
    (0, "shares", ["u=owner"], "invalid share 'u=owner'"),
    (0, "shares", ["u=editor", "u=viewer"], "invalid share 'u=viewer'"),
    (0, "shares", ["=viewer"], "invalid share '=viewer'"),
    (0, "shares", [1], "field 'shares' holds"),
    (0, "order", "sideways", "invalid order of an album: 'sideways'"),
    (0, "is_activity_enabled", 1, "field 'is_activity_enabled' holds 1"),
    (0, "is_activity_enabled", "yes", "field 'is_activity_enabled' holds"),
    (0, "thumbnail_asset_id", "z", "the thumbnail of album 'Trip' is not one of its assets"),
    (0, "replaces", 5, "field 'replaces' holds 5"),
    (0, "name", None, "field 'name' holds null"),
    (1, "album_id", "", "changes[2] (1): field 'album_id' is missing"),
    (2, "field", "shoe size", "changes[3] (2): unknown field of an album"),
    (2, "after", True, "field 'after' holds True: invalid description"),
    (2, "after", [], "field 'after' holds"),
    (3, "after", "owner", "changes[4] (3): invalid role in a shared album: 'owner'"),
    (3, "before", 1, "field 'before' holds 1"),
    (3, "user_id", None, "field 'user_id' holds null"),
]


@pytest.mark.parametrize(("number", "name", "value", "words"), DAMAGE)
def test_damage_is_named_with_its_place(number: int, name: str, value: Any, words: str) -> None:
    document = json.loads(dump_plan(SAMPLE))
    document["changes"][number]["action"][name] = value
    with pytest.raises(UsageError) as caught:
        plan_from_json(document)
    assert words in str(caught.value)


@pytest.mark.parametrize("other", [None, True, 7, 1.5, "x", [], {}, [[]]], ids=repr)
def test_any_value_in_any_place_gives_a_plan_or_a_usage_error(other: Any) -> None:
    for number, change in enumerate(json.loads(dump_plan(SAMPLE))["changes"]):
        for name in change["action"]:
            document = json.loads(dump_plan(SAMPLE))
            document["changes"][number]["action"][name] = other
            try:
                plan_from_json(document)
            except UsageError as error:
                assert str(error)


@pytest.mark.parametrize(
    ("field", "before", "after"),
    [
        (AlbumField.NAME, "a", None),
        (AlbumField.ORDER, "asc", "up"),
        (AlbumField.ACTIVITY, True, "no"),
        (AlbumField.THUMBNAIL, "a", None),
        (AlbumField.THUMBNAIL, True, "a"),
    ],
)
def test_what_a_property_cannot_hold_is_refused(field: AlbumField, before: AlbumValue, after: AlbumValue) -> None:
    with pytest.raises(ValueError, match=r"invalid|holds"):
        SetAlbumField("x", "Trip", field, before=before, after=after)


def test_a_property_that_was_not_there_is_named_as_a_loss() -> None:
    action = SetAlbumField("x", "Trip", AlbumField.THUMBNAIL, before=None, after="a")
    assert action.inverse() == () and "'Trip'" in str(action.loss())
    described = SetAlbumField("x", "Trip", AlbumField.DESCRIPTION, before=None, after="a")
    assert described.loss() is None and described.inverse()


@pytest.mark.parametrize(
    "pair",
    [
        (DELETE, DeleteAlbum("Other", album_id="x")),
        (MAKE, CreateAlbum("Trip", ("b", "a"), "the sea")),
        (FIELD, SetAlbumField("y", "", AlbumField.DESCRIPTION, before=None, after="other")),
        (SHARE, ShareAlbum("y", "", "u", "", before="viewer", after=None)),
        (DELETE, AddToAlbum("a", "x")),
        (RemoveFromAlbum("a", "x"), DELETE),
        (DELETE, SetAlbumField("x", "", AlbumField.NAME, before="a", after="b")),
        (ShareAlbum("x", "", "u", "", before=None, after="viewer"), DELETE),
    ],
)
def test_what_contradicts_itself_is_no_plan(pair: tuple[Action, Action]) -> None:
    with pytest.raises(UsageError):
        Plan("tool", "me", "3.1.0", 9, (Change("1", pair[0]), Change("2", pair[1])))


def test_albums_of_one_name_may_be_made_in_one_plan() -> None:
    Plan("t", "me", "3.1.0", 9, (Change("1", CreateAlbum("Trip", ("a",))), Change("2", CreateAlbum("Trip", ("b",)))))


def test_a_journal_tells_what_was_made_and_what_was_there(tmp_path: Path) -> None:
    with Journal.create(tmp_path, SAMPLE, server="http://nas/api", permanent=None, undoes=None) as journal:
        journal.record_albums(["old"], {"1": ["a"]})
        journal.intend(["0"])
    run = read_run(journal.path)
    assert run.albums_before == {"0": {"old"}} and run.gone == {"1": ("a",)} and run.open_changes == {"0"}
    with Journal.reopen(run) as journal:
        journal.record_albums(["old", "mine"], {})
        journal.intend(["0"])  # still open: what was there at first counts
        journal.conclude({"0": Result(Status.UNKNOWN, "lost")})
        journal.intend(["0"])
    assert read_run(journal.path).albums_before == {"0": {"old"}}
    with Journal.reopen(run) as journal:
        journal.conclude({"0": Result(Status.FAILED, "half", "made")})
        journal.conclude({"0": Result(Status.DONE)})
    assert read_run(journal.path).results == {"0": Result(Status.DONE, "", "made")}


@pytest.mark.parametrize(
    "line", ['{"event": "albums"}', '{"event": "albums", "known": [1], "gone": {"1": 5, "x": ["y"]}}']
)
def test_a_damaged_line_on_albums_is_passed_over(tmp_path: Path, line: str) -> None:
    with Journal.create(tmp_path, SAMPLE, server="http://nas/api", permanent=None, undoes=None) as journal:
        journal.intend(["0"])
    with journal.path.open("a") as file:
        file.write(line + "\n")
    run = read_run(journal.path)
    assert run.albums_before == {} and run.gone == {}
