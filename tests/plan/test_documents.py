"""Plan documents: what is saved is what is loaded, people may delete lines, and damage is named precisely."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from immich_tools.errors import UsageError
from immich_tools.immich.models import Place, Visibility
from immich_tools.plan.codec import action_from_json, action_to_json
from immich_tools.plan.effects.albums import AddToAlbum, RemoveFromAlbum
from immich_tools.plan.effects.assets import DeleteForever, LinkMotionVideo, RestoreAssets, SetField, TrashAssets
from immich_tools.plan.effects.base import Action, Change
from immich_tools.plan.effects.duplicates import DismissDuplicates, SetDuplicateGroup
from immich_tools.plan.effects.libraries import ScanLibrary
from immich_tools.plan.effects.stacks import StackAssets, UnstackAssets
from immich_tools.plan.effects.tags import AddTag, RemoveTag
from immich_tools.plan.fields import AssetField, FieldValue
from immich_tools.plan.model import Keep, Label, Plan, Skip, levels
from immich_tools.plan.storage import dump_plan, load_plan, plan_from_json, save_plan

Edit = Callable[[dict[str, Any]], Any]
SAMPLE = Plan(
    "duplicates",
    "me",
    "3.1.0",
    100,
    changes=(
        Change("a", AddToAlbum("keeper", "album", "Trip"), "a copy is in it", group="g"),
        Change("f", SetField("keeper", AssetField.PLACE, before=None, after=Place(1.5, -2.25)), group="g"),
        Change("t", TrashAssets(("loser",), ("keeper",), "g"), requires=("a", "f"), group="g"),
        Change("u", TrashAssets(("other",))),
    ),
    keeps=(Keep("keeper", "the largest", "g"),),
    skips=(Skip(("x", "y"), "stacked", "in a stack"),),
    options={"ranking": ["size"], "tolerance": 1.5},
    notes=("a note",),
    labels={"keeper": Label("IMG_1.jpg", "/a/IMG_1.jpg", "2024-05-01 12:00", 123), "loser": Label("é\u2028\ud800.jpg")},
)

texts = st.text(max_size=20)
ids = st.tuples(texts, texts.filter(bool)).map("-".join)
unique_ids = st.lists(ids, min_size=1, max_size=3, unique=True).map(tuple)
values: dict[AssetField, st.SearchStrategy[FieldValue]] = {
    AssetField.DESCRIPTION: st.none() | texts,
    AssetField.RATING: st.sampled_from((None, -1, 1, 5)),
    AssetField.FAVORITE: st.booleans(),
    AssetField.DATE: st.sampled_from(("2024-05-01T12:00:00+02:00", "1969-12-31T23:59:59.999999+00:00")),
    AssetField.PLACE: st.none() | st.builds(Place, st.floats(-90, 90), st.floats(-180, 180)),
    AssetField.VISIBILITY: st.sampled_from((Visibility.TIMELINE, Visibility.ARCHIVE, Visibility.HIDDEN)),
}
fields = st.sampled_from(AssetField).flatmap(
    lambda field: st.builds(SetField, ids, st.just(field), before=values[field], after=values[field])
)


def any_of(kind: type[Action]) -> st.SearchStrategy[Action]:
    if kind is SetField:
        return fields
    if kind in (TrashAssets, DeleteForever):
        extra = {"by_resolving": st.booleans()} if kind is TrashAssets else {}
        kept = unique_ids.map(lambda names: tuple(f"kept {name}" for name in names))
        return st.builds(kind, unique_ids, kept, st.none() | ids, **extra)
    if kind is RestoreAssets:
        return st.builds(kind, unique_ids, unique_ids, st.none() | ids)
    if kind in (DismissDuplicates, SetDuplicateGroup):
        return st.builds(kind, unique_ids, ids)
    if kind in (StackAssets, UnstackAssets):
        return st.builds(kind, unique_ids)
    if kind is LinkMotionVideo:
        return st.builds(LinkMotionVideo, ids, before=st.none() | ids, after=st.none() | ids)
    if kind is ScanLibrary:
        return st.builds(ScanLibrary, ids, texts)
    return st.builds(kind, ids, ids, texts)


# Those on whole albums, on tags that may have to be made and on files have their own specifications.
ON_ASSETS: tuple[type[Action], ...] = (
    SetField,
    LinkMotionVideo,
    TrashAssets,
    DeleteForever,
    RestoreAssets,
    AddToAlbum,
    RemoveFromAlbum,
    AddTag,
    RemoveTag,
    StackAssets,
    UnstackAssets,
    DismissDuplicates,
    SetDuplicateGroup,
    ScanLibrary,
)
actions = st.sampled_from(ON_ASSETS).flatmap(any_of)
plans = st.builds(
    Plan,
    tool=texts,
    user_id=texts,
    server_version=texts,
    population=st.integers(0, 10**9),
    # One change, for random ones contradict each other.
    changes=st.lists(
        st.builds(Change, ids, actions, texts, st.just(()) | texts.map(lambda name: (f"needs {name}",)), texts),
        max_size=1,
    ).map(tuple),
    keeps=st.lists(st.builds(Keep, ids, texts, texts), max_size=2).map(tuple),
    skips=st.lists(st.builds(Skip, unique_ids, texts, texts, texts), max_size=2).map(tuple),
    options=st.dictionaries(texts, st.none() | st.booleans() | st.integers() | texts, max_size=2),
    notes=st.lists(texts, max_size=2).map(tuple),
    labels=st.dictionaries(ids, st.builds(Label, texts, texts, texts, st.none() | st.integers(0)), max_size=2),
)
often = settings(max_examples=100, derandomize=True, deadline=None, database=None)


@often
@given(actions)
def test_an_action_comes_back_from_json_as_it_was(action: Action) -> None:
    assert action_from_json(json.loads(json.dumps(action_to_json(action)))) == action


@often
@given(plans)
def test_a_plan_comes_back_from_its_document_as_it_was(plan: Plan) -> None:
    text = dump_plan(plan)
    assert plan_from_json(json.loads(text.encode())) == plan


def test_a_saved_plan_is_loaded_as_it_was(tmp_path: Path) -> None:
    SAMPLE.save(tmp_path / "plan.json")
    assert load_plan(tmp_path / "plan.json") == SAMPLE


def test_each_change_is_on_a_line_of_its_own() -> None:
    lines = [line for line in dump_plan(SAMPLE).split("\n") if '"do":' in line]
    assert len(lines) == len(SAMPLE.changes)


@pytest.mark.parametrize("end", ["\n", "\r\n"], ids=["unix", "windows"])
@pytest.mark.parametrize("mark", ["", "\ufeff"], ids=["plain", "byte order mark"])
@pytest.mark.parametrize("deleted", range(16))
def test_lines_may_be_deleted_from_the_file_in_any_combination(
    tmp_path: Path, deleted: int, mark: str, end: str
) -> None:
    path = tmp_path / "plan.json"
    SAMPLE.save(path)
    gone = [change.id for number, change in enumerate(SAMPLE.changes) if deleted >> number & 1]
    lines = [line for line in path.read_text().split("\n") if not any(f'{{"id": "{name}"' in line for name in gone)]
    path.write_text(mark + end.join(lines), newline="")
    assert [change.id for change in load_plan(path).changes] == [
        change.id for change in SAMPLE.changes if change.id not in gone
    ]


def test_an_existing_file_is_not_overwritten(tmp_path: Path) -> None:
    path = tmp_path / "plan.json"
    path.write_text("mine")
    with pytest.raises(UsageError, match="exists already"):
        save_plan(SAMPLE, path)
    assert path.read_text() == "mine"


@pytest.mark.parametrize(
    "content", [b"", b"{", b"[]", b"\xff\xfe", b"nothing", b"[" * 100_000, b'{"schema": 99}', b"{}"]
)
def test_what_is_no_plan_is_named_as_such(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "plan.json"
    path.write_bytes(content)
    with pytest.raises(UsageError) as caught:
        load_plan(path)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("place", ["missing/plan.json", "."])
def test_a_file_that_cannot_be_reached_is_a_usage_error(tmp_path: Path, place: str) -> None:
    with pytest.raises(UsageError, match="cannot be read"):
        load_plan(tmp_path / place)
    with pytest.raises(UsageError):
        SAMPLE.save(tmp_path / place)


def set_at(*path: Any) -> Edit:
    *steps, last, value = path

    def edit(document: dict[str, Any]) -> None:
        place: Any = document
        for step in steps:
            place = place[step]
        place[last] = value

    return edit


DAMAGE: list[tuple[str, Edit, str]] = [
    ("changes no list", set_at("changes", {}), "field 'changes' holds {}"),
    ("a change is text", set_at("changes", 0, "x"), "changes[1]: not an object"),
    ("no action", lambda document: document["changes"][0].pop("action"), "changes[1] (a): field 'action' is missing"),
    ("unknown action", set_at("changes", 1, "action", "do", "burn"), "changes[2] (f): unknown action"),
    ("action is a list", set_at("changes", 1, "action", "do", []), "changes[2] (f): unknown action"),
    ("unknown key", set_at("changes", 2, "action", "trashed", []), "changes[3] (t): unknown field 'trashed'"),
    ("missing key", lambda document: document["changes"][2]["action"].pop("trashed_ids"), "changes[3] (t): field"),
    (
        "ids are numbers",
        set_at("changes", 2, "action", "trashed_ids", [1]),
        "changes[3] (t): field 'trashed_ids' holds",
    ),
    ("flag is a number", set_at("changes", 2, "action", "by_resolving", 1), "field 'by_resolving' holds 1"),
    ("group is a number", set_at("changes", 2, "action", "duplicate_id", 5), "field 'duplicate_id' holds 5"),
    ("id is a number", set_at("changes", 0, "id", 5), "field 'id' holds 5"),
    ("requires is text", set_at("changes", 2, "requires", "a"), "field 'requires' holds"),
    ("unknown asset field", set_at("changes", 1, "action", "field", "shoe size"), "unknown field of an asset"),
    ("no asset field", lambda document: document["changes"][1]["action"].pop("field"), "field 'field' is missing"),
    ("no after", lambda document: document["changes"][1]["action"].pop("after"), "field 'after' is missing"),
    ("half a place", set_at("changes", 1, "action", "after", [1.0]), "invalid place: [1.0]"),
    ("place off the globe", set_at("changes", 1, "action", "after", [91.0, 0.0]), "invalid place"),
    ("place is nowhere", set_at("changes", 1, "action", "after", [float("nan"), 0.0]), "invalid place"),
    ("place is huge", set_at("changes", 1, "action", "after", [10**400, 0]), "invalid place"),
    ("place is text", set_at("changes", 1, "action", "after", "here"), "invalid place"),
    ("keeper is trashed", set_at("changes", 2, "action", "kept_ids", ["loser"]), "both keeps and trashes"),
    ("keeper of another", set_at("changes", 2, "action", "kept_ids", ["other"]), "both keeps and trashes"),
    ("nobody is kept", set_at("changes", 2, "action", "kept_ids", []), "every copy"),
    ("nothing is trashed", set_at("changes", 3, "action", "trashed_ids", []), "trashes nothing"),
    ("trashed twice", set_at("changes", 3, "action", "trashed_ids", ["loser"]), "trashes an asset twice"),
    ("the same id twice", set_at("changes", 3, "id", "t"), "twice"),
    ("a circle", set_at("changes", 0, "requires", ["t"]), "requires itself"),
    ("itself", set_at("changes", 0, "requires", ["a"]), "requires itself"),
    ("population is text", set_at("population", "many"), "field 'population' holds"),
    ("population is true", set_at("population", True), "field 'population' holds"),
    ("options is a list", set_at("options", []), "field 'options' holds"),
    ("labels is a list", set_at("labels", []), "labels"),
    ("a label is text", set_at("labels", "keeper", "IMG"), "labels"),
    ("size is a fraction", set_at("labels", "keeper", "size", 1.5), "field 'size' holds"),
    ("an unknown section", set_at("extra", 1), "unknown field 'extra'"),
    ("no tool", lambda document: document.pop("tool"), "field 'tool' is missing"),
    ("another schema", set_at("schema", 2), "schema 2"),
    ("a keep is a number", set_at("keeps", 0, 5), "keeps[1]"),
    ("a skip without code", lambda document: document["skips"][0].pop("code"), "skips[1]: field 'code' is missing"),
]


@pytest.mark.parametrize(("edit", "words"), [case[1:] for case in DAMAGE], ids=[case[0] for case in DAMAGE])
def test_damage_is_named_with_its_place(edit: Edit, words: str) -> None:
    document = json.loads(dump_plan(SAMPLE))
    edit(document)
    with pytest.raises(UsageError) as caught:
        plan_from_json(document)
    assert words in str(caught.value)


def leaves(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    if isinstance(value, dict):
        return [path, *(found for key, each in value.items() for found in leaves(each, (*path, key)))]
    if isinstance(value, list):
        return [path, *(found for number, each in enumerate(value) for found in leaves(each, (*path, number)))]
    return [path]


@pytest.mark.parametrize("other", [None, True, 7, 1.5, "x", [], {}, [[]], {"a": 1}], ids=repr)
def test_any_value_in_any_place_gives_a_plan_or_a_usage_error(other: Any) -> None:
    for path in leaves(json.loads(dump_plan(SAMPLE)))[1:]:
        document = json.loads(dump_plan(SAMPLE))
        set_at(*path, other)(document)
        try:
            plan_from_json(document)
        except UsageError as error:
            assert str(error)


@pytest.mark.parametrize(
    ("field", "before", "after"),
    [
        (AssetField.DATE, None, None),
        (AssetField.DATE, None, "2024-05-01T12:00:00"),
        (AssetField.DATE, None, "yesterday"),
        (AssetField.RATING, None, 0),
        (AssetField.RATING, None, 6),
        (AssetField.RATING, None, True),
        (AssetField.FAVORITE, None, True),
        (AssetField.VISIBILITY, Visibility.TIMELINE, Visibility.LOCKED),
        (AssetField.VISIBILITY, Visibility.LOCKED, Visibility.TIMELINE),
        (AssetField.VISIBILITY, Visibility.TIMELINE, None),
        (AssetField.DESCRIPTION, None, 5),
        (AssetField.PLACE, None, Place(0, 181)),
    ],
)
def test_a_field_takes_only_what_it_can_hold_and_give_back(
    field: AssetField, before: FieldValue, after: FieldValue
) -> None:
    with pytest.raises(ValueError, match=r"."):
        SetField("asset", field, before=before, after=after)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (AddToAlbum("x", "album"), AddToAlbum("x", "album", "Trip")),
        (SetField("x", AssetField.RATING, None, 3), SetField("x", AssetField.RATING, None, 4)),
        (RestoreAssets(("x",)), TrashAssets(("x",))),
    ],
    ids=["album", "field", "trash"],
)
def test_a_plan_decides_everything_only_once(one: Action, other: Action) -> None:
    with pytest.raises(UsageError):
        Plan("tool", "me", "3.1.0", 1, (Change("1", one), Change("2", other)))


def test_levels_of_a_long_chain_do_not_exhaust_the_stack() -> None:
    chain = {
        str(number): Change(str(number), TrashAssets((str(number),)), requires=(str(number + 1),))
        for number in range(5000)
    }
    assert len(levels(chain)) == 5000
