"""What goes into the album and what leaves it."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from itertools import permutations
from typing import Any

import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

from immich_tools.errors import GuardTripped, Stopped, UsageError
from immich_tools.faceless_album import (
    AlbumMemory,
    Direction,
    FacelessAlbumOptions,
    FacelessFacts,
    Kind,
    Rule,
    Shown,
    check_guards,
    make_plan,
)
from immich_tools.faceless_album.album import mark
from immich_tools.faceless_album.rules import lacks_own_date
from immich_tools.immich.models import (
    Album,
    AlbumRole,
    Asset,
    AssetType,
    Broken,
    Exif,
    Person,
    Place,
    Recognition,
    Version,
    Visibility,
)
from immich_tools.plan.effects.album_creation import CreateAlbum
from immich_tools.plan.effects.albums import AddToAlbum, AlbumField, RemoveFromAlbum, SetAlbumField
from immich_tools.plan.model import Plan

ME = "me"
NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
TAKEN = datetime(2021, 7, 10, 12, tzinfo=UTC)
ANNA = (Person("Anna", "p1"),)
NAMELESS = (Person("", "p2"),)
OPTIONS = FacelessAlbumOptions()
UNDATED: dict[str, Any] = {"exif": Exif(date_time_original=TAKEN), "file_modified_at": TAKEN}
UNDATED_WITH_PLACE: dict[str, Any] = {
    "exif": Exif(date_time_original=TAKEN, time_zone="Europe/Lisbon", place=Place(38.7, -9.1)),
    "file_modified_at": TAKEN,
}
MARK = mark(Rule.NO_PERSON, "Faceless")


def asset(asset_id: str, **changes: Any) -> Asset:
    made = Asset(
        asset_id,
        ME,
        AssetType.IMAGE,
        f"/data/{asset_id}.jpg",
        f"{asset_id}.jpg",
        TAKEN,
        TAKEN,
        people=(),
        added_at=NOW - timedelta(days=30),
    )
    return evolve(made, **changes)


def album(album_id: str = "a1", name: str = "Faceless", description: str = MARK, **changes: Any) -> Album:
    return evolve(Album(album_id, name, ME, AlbumRole.OWNER, description), **changes)


def facts(*assets: Asset, members: dict[str, set[str]] | None = None, **changes: Any) -> FacelessFacts:
    made = FacelessFacts(
        ME,
        Version(2, 3, 1),
        1000,
        NOW,
        assets,
        recognition=Recognition(is_on=True, pending=None),
        members={name: frozenset(ids) for name, ids in (members or {}).items()},
    )
    return evolve(made, **changes)


def given_to(album_id: str, *ids: str) -> AlbumMemory:
    return AlbumMemory((album_id,), {album_id: frozenset(ids)})


def told(plan: Plan) -> dict[str, str]:
    """What the plan says of each asset."""
    entries: dict[str, str] = {}
    for change in plan.changes:
        word = {AddToAlbum: "add", RemoveFromAlbum: "remove", CreateAlbum: "create"}.get(type(change.action))
        if word is not None:
            for asset_id in change.action.assets:
                assert asset_id not in entries
                entries[asset_id] = word
    for keep in plan.keeps:
        assert keep.asset_id not in entries
        entries[keep.asset_id] = "keep"
    for skip in plan.skips:
        for asset_id in skip.asset_ids:
            assert asset_id not in entries
            entries[asset_id] = skip.code
    return entries


WITH_SOMEBODY = asset("anna", people=ANNA)


def test_the_album_is_made_with_everything_that_belongs_into_it() -> None:
    plan = make_plan(facts(asset("b"), WITH_SOMEBODY, asset("a")), OPTIONS)
    (change,) = plan.changes
    assert change.action == CreateAlbum("Faceless", ("a", "b"), MARK)
    assert told(plan) == {"a": "create", "b": "create", "anna": "not-meant"}


def test_nothing_is_made_where_nothing_belongs_into_it() -> None:
    assert make_plan(facts(WITH_SOMEBODY), OPTIONS).changes == ()


def test_what_belongs_comes_in_and_what_does_not_leaves() -> None:
    found = facts(
        asset("in"),
        asset("new"),
        WITH_SOMEBODY,
        members={"a1": {"in", "anna"}},
        albums=(album(),),
        memory=given_to("a1", "in", "anna"),
    )
    assert told(make_plan(found, OPTIONS)) == {"in": "keep", "new": "add", "anna": "remove"}


def test_what_is_right_needs_no_change() -> None:
    found = facts(asset("in"), WITH_SOMEBODY, members={"a1": {"in"}}, albums=(album(),), memory=given_to("a1", "in"))
    assert make_plan(found, OPTIONS).changes == ()


MANUAL = facts(
    asset("taken-out"),
    asset("new"),
    asset("put-in", people=ANNA),
    asset("leaves", people=ANNA),
    members={"a1": {"put-in", "leaves"}},
    albums=(album(),),
    memory=given_to("a1", "taken-out", "leaves"),
)


def test_what_somebody_did_by_hand_stays_so() -> None:
    assert told(make_plan(MANUAL, OPTIONS)) == {
        "taken-out": "by-hand",
        "put-in": "by-hand",
        "new": "add",
        "leaves": "remove",
    }


def test_unless_it_is_not_to_be_respected() -> None:
    assert told(make_plan(MANUAL, FacelessAlbumOptions(respect_manual=False))) == {
        "taken-out": "add",
        "put-in": "remove",
        "new": "add",
        "leaves": "remove",
    }


@pytest.mark.parametrize(
    ("direction", "expected"),
    [
        (
            Direction.ADD,
            {"taken-out": "by-hand", "put-in": "other-direction", "new": "add", "leaves": "other-direction"},
        ),
        (
            Direction.REMOVE,
            {"taken-out": "other-direction", "put-in": "by-hand", "new": "other-direction", "leaves": "remove"},
        ),
    ],
)
def test_one_direction_only(direction: Direction, expected: dict[str, str]) -> None:
    assert told(make_plan(MANUAL, FacelessAlbumOptions(direction=direction))) == expected


def test_without_journals_nothing_is_removed() -> None:
    assert told(make_plan(evolve(MANUAL, memory=AlbumMemory()), OPTIONS)) == {
        "taken-out": "add",
        "put-in": "by-hand",
        "new": "add",
        "leaves": "by-hand",
    }


@pytest.mark.parametrize(
    ("changes", "options", "code"),
    [
        ({"owner_id": "partner"}, OPTIONS, "not-own"),
        ({"is_trashed": True}, OPTIONS, "unfit"),
        ({"visibility": Visibility.ARCHIVE}, OPTIONS, "unfit"),
        ({"visibility": Visibility.HIDDEN}, FacelessAlbumOptions(shown=Shown.BOTH), "unfit"),
        ({"visibility": Visibility.LOCKED}, FacelessAlbumOptions(shown=Shown.BOTH), "unfit"),
        ({"type": AssetType.VIDEO}, FacelessAlbumOptions(kind=Kind.IMAGES), "out-of-scope"),
        ({}, FacelessAlbumOptions(kind=Kind.VIDEOS), "out-of-scope"),
        ({"type": AssetType.OTHER}, OPTIONS, "out-of-scope"),
        ({}, FacelessAlbumOptions(taken_after=date(2021, 7, 11)), "out-of-scope"),
        ({}, FacelessAlbumOptions(taken_before=date(2021, 7, 9)), "out-of-scope"),
        ({}, FacelessAlbumOptions(path_filter=("**/anna.jpg",)), "out-of-scope"),
        ({}, FacelessAlbumOptions(ignore=("data/x.jpg",)), "out-of-scope"),
        ({"added_at": NOW - timedelta(hours=23)}, OPTIONS, "too-young"),
    ],
)
def test_what_is_left_out(changes: dict[str, Any], options: FacelessAlbumOptions, code: str) -> None:
    assert told(make_plan(facts(asset("x", **changes), WITH_SOMEBODY), options))["x"] == code


@pytest.mark.parametrize(
    "options",
    [
        FacelessAlbumOptions(taken_after=date(2021, 7, 10), taken_before=date(2021, 7, 10)),
        FacelessAlbumOptions(kind=Kind.IMAGES, shown=Shown.BOTH),
        FacelessAlbumOptions(path_filter=("data/*",)),
    ],
)
def test_what_is_not_left_out(options: FacelessAlbumOptions) -> None:
    assert told(make_plan(facts(asset("x"), WITH_SOMEBODY), options))["x"] == "create"


YOUNG = asset("young", added_at=NOW - timedelta(minutes=5))
AHEAD = asset("young", added_at=NOW + timedelta(minutes=5))
"""Added by a server whose clock is ahead."""


@pytest.mark.parametrize(
    ("young", "options", "recognition", "expected"),
    [
        (YOUNG, OPTIONS, Recognition(is_on=True, pending=None), "too-young"),
        (YOUNG, OPTIONS, Recognition(is_on=True, pending=3), "too-young"),
        (YOUNG, FacelessAlbumOptions(allow_nobody=True), Recognition(is_on=None, pending=None), "too-young"),
        (YOUNG, OPTIONS, Recognition(is_on=True, pending=0), "create"),
        (YOUNG, FacelessAlbumOptions(minimum_age=0), Recognition(is_on=True, pending=None), "create"),
        (AHEAD, FacelessAlbumOptions(minimum_age=0), Recognition(is_on=True, pending=None), "create"),
        (AHEAD, OPTIONS, Recognition(is_on=True, pending=None), "too-young"),
        (evolve(YOUNG, people=ANNA), OPTIONS, Recognition(is_on=True, pending=None), "not-meant"),
        (YOUNG, FacelessAlbumOptions(rule=Rule.NO_GPS), None, "create"),
    ],
)
def test_fresh_files_wait_until_people_in_them_are_found(
    young: Asset, options: FacelessAlbumOptions, recognition: Recognition | None, expected: str
) -> None:
    assert told(make_plan(facts(young, WITH_SOMEBODY, recognition=recognition), options))["young"] == expected


def test_a_fresh_file_that_is_in_the_album_stays_there() -> None:
    found = facts(YOUNG, WITH_SOMEBODY, members={"a1": {"young"}}, albums=(album(),), memory=given_to("a1", "young"))
    plan = make_plan(found, OPTIONS)
    assert not plan.changes and told(plan)["young"] == "too-young"


def test_members_that_were_not_read_stay() -> None:
    found = facts(WITH_SOMEBODY, members={"a1": {"archived"}}, albums=(album(),), memory=given_to("a1", "archived"))
    plan = make_plan(found, OPTIONS)
    assert not plan.changes and told(plan)["archived"] == "not-read"


def test_a_file_that_is_no_longer_asked_for_leaves() -> None:
    found = facts(asset("x"), WITH_SOMEBODY, members={"a1": {"x"}}, albums=(album(),), memory=given_to("a1", "x"))
    assert told(make_plan(found, FacelessAlbumOptions(kind=Kind.VIDEOS)))["x"] == "remove"


@pytest.mark.parametrize(
    ("rule", "meant", "not_meant"),
    [
        (Rule.NO_PERSON, {"people": ()}, {"people": ANNA}),
        (Rule.UNNAMED_PERSON, {"people": ANNA + NAMELESS}, {"people": ANNA}),
        (Rule.UNNAMED_PERSON, {"people": NAMELESS}, {"people": ()}),
        (Rule.NO_GPS, {"exif": Exif()}, {"exif": Exif(place=Place(1, 2))}),
        (Rule.NO_GPS, {"exif": None}, {"exif": Exif(place=Place(0.5, 0))}),
        (Rule.NO_DATE, UNDATED, {"exif": Exif(date_time_original=TAKEN), "file_modified_at": NOW}),
        (Rule.NO_DATE, UNDATED, {**UNDATED, "exif": Exif(date_time_original=TAKEN, time_zone="UTC+0")}),
        (Rule.NO_DATE, UNDATED, {**UNDATED, "local_date_time": TAKEN + timedelta(hours=2)}),
        (Rule.NO_DATE, UNDATED, {**UNDATED, "file_modified_at": TAKEN + timedelta(milliseconds=1)}),
        (Rule.NO_DATE, UNDATED, {"exif": Exif(date_time_original=TAKEN)}),
        (Rule.NO_DATE, UNDATED, {"exif": Exif(), "file_modified_at": TAKEN}),
        (Rule.NO_DATE, UNDATED, {"exif": None, "file_modified_at": TAKEN}),
        (Rule.NO_DATE, UNDATED_WITH_PLACE, {"exif": Exif(), "file_modified_at": TAKEN}),
        (Rule.SCREENSHOTS, {"original_file_name": "Screenshot_2021.png"}, {"original_file_name": "IMG_1.jpg"}),
        (
            Rule.SCREENSHOTS,
            {"original_file_name": "Bildschirmfoto 2021-01-01.png"},
            {"original_file_name": "screen.jpg"},
        ),
        (Rule.SCREENSHOTS, {"original_file_name": "Capture d’écran 1.png"}, {"original_file_name": "capture.jpg"}),
    ],
)
def test_the_rules(rule: Rule, meant: dict[str, Any], not_meant: dict[str, Any]) -> None:
    found = facts(asset("yes", **meant), asset("no", **not_meant), WITH_SOMEBODY)
    entries = told(make_plan(found, FacelessAlbumOptions(rule=rule)))
    assert (entries["yes"], entries["no"]) == ("create", "not-meant")


def test_a_face_that_is_nobodys_is_a_face() -> None:
    found = facts(
        asset("stranger"), asset("none"), asset("gone"), WITH_SOMEBODY, faces={"stranger": True, "none": False}
    )
    entries = told(make_plan(found, FacelessAlbumOptions(no_face=True)))
    assert entries == {"stranger": "not-meant", "none": "create", "gone": "not-meant", "anna": "not-meant"}


def test_what_is_in_another_album_is_not_in_none() -> None:
    found = facts(asset("loose"), asset("held"), elsewhere=frozenset({"held"}))
    entries = told(make_plan(found, FacelessAlbumOptions(rule=Rule.NOT_IN_ALBUM)))
    assert entries == {"loose": "create", "held": "not-meant"}


@pytest.mark.parametrize(
    ("found", "message"),
    [
        (facts(asset("x"), asset("y", people=None), WITH_SOMEBODY), "told nothing about people for 1 of 3 files"),
        (facts(asset("x"), asset("y")), "Nobody is recognised in any of the 2 files"),
        (
            facts(asset("x"), WITH_SOMEBODY, recognition=Recognition(is_on=False, pending=None)),
            "Facial recognition is switched off",
        ),
        (
            facts(asset("x"), WITH_SOMEBODY, recognition=Recognition(is_on=None, pending=None)),
            "Nothing tells whether facial recognition is switched on.*userConfig.read",
        ),
    ],
)
@pytest.mark.parametrize("rule", [Rule.NO_PERSON, Rule.NO_FACE, Rule.UNNAMED_PERSON])
def test_without_knowledge_about_people_nothing_is_decided(found: FacelessFacts, message: str, rule: Rule) -> None:
    with pytest.raises(Stopped, match=message):
        make_plan(found, FacelessAlbumOptions(rule=rule))


def test_a_library_that_really_shows_nobody() -> None:
    assert told(make_plan(facts(asset("x")), FacelessAlbumOptions(allow_nobody=True))) == {"x": "create"}


@pytest.mark.parametrize(
    "options",
    [
        FacelessAlbumOptions(path_filter=("**/other/**",)),
        FacelessAlbumOptions(path_filter=("*.png", "nothing/**")),
        FacelessAlbumOptions(ignore=("data",)),
        FacelessAlbumOptions(path_filter=("data/**",), ignore=("*.jpg", "**/*.jpg")),
    ],
)
def test_filters_that_let_no_file_through_are_a_mistake(options: FacelessAlbumOptions) -> None:
    found = facts(asset("x"), WITH_SOMEBODY, members={"a1": {"x"}}, albums=(album(),), memory=given_to("a1", "x"))
    with pytest.raises(UsageError, match=r"let none of the 2 files through.*Nothing was changed"):
        make_plan(found, options)


def test_an_empty_library() -> None:
    assert make_plan(facts(), OPTIONS).changes == ()


# Which album


def test_an_album_made_by_hand_is_not_touched() -> None:
    found = facts(asset("x"), WITH_SOMEBODY, members={"a1": set()}, albums=(album(description="my own"),))
    with pytest.raises(UsageError, match="an album 'Faceless' that this tool did not make"):
        make_plan(found, OPTIONS)


def test_unless_it_is_to_be_taken_over() -> None:
    by_hand = album(description="my own\n")
    found = facts(asset("x"), WITH_SOMEBODY, members={"a1": {"anna"}}, albums=(by_hand,))
    plan = make_plan(found, FacelessAlbumOptions(adopt=True))
    assert [change.action for change in plan.changes] == [
        SetAlbumField("a1", "Faceless", AlbumField.DESCRIPTION, "my own\n", f"my own\n\n{MARK}"),
        AddToAlbum("x", "a1", "Faceless"),
    ]
    assert told(plan)["anna"] == "by-hand"


@pytest.mark.parametrize(
    ("albums", "memory", "chosen"),
    [
        ([album("mine"), album("hand", description="")], AlbumMemory(), "mine"),
        ([album("mine", name="Nobody")], AlbumMemory(), "mine"),
        ([album("mine", description="")], given_to("mine"), "mine"),
        ([album("mine", name="Nobody", description="")], given_to("mine"), "mine"),
        ([album("other", name="Nobody"), album("mine")], AlbumMemory(), "mine"),
        ([album("new", created_at=NOW), album("old", created_at=NOW - timedelta(days=1))], AlbumMemory(), "old"),
        ([album("b"), album("a")], AlbumMemory(), "a"),
        ([album("composed", name="Cafe\u0301", description=mark(Rule.NO_PERSON, "Café"))], AlbumMemory(), "composed"),
    ],
)
def test_the_album_is_known_again(albums: list[Album], memory: AlbumMemory, chosen: str) -> None:
    name = "Café" if albums[0].id == "composed" else "Faceless"
    found = facts(asset("x"), WITH_SOMEBODY, albums=tuple(albums), memory=memory)
    actions = [change.action for change in make_plan(found, FacelessAlbumOptions(album_name=name)).changes]
    assert [action.album_id for action in actions if isinstance(action, AddToAlbum)] == [chosen]


def test_an_album_of_another_rule_is_somebody_elses() -> None:
    found = facts(asset("x"), WITH_SOMEBODY, albums=(album(description=mark(Rule.NO_GPS, "Faceless")),))
    with pytest.raises(UsageError):
        make_plan(found, OPTIONS)


def test_one_rule_may_keep_several_albums() -> None:
    found = facts(asset("x"), WITH_SOMEBODY, members={"a1": {"x"}}, albums=(album(),), memory=AlbumMemory())
    (change,) = make_plan(found, FacelessAlbumOptions(album_name="Things")).changes
    assert change.action == CreateAlbum("Things", ("x",), mark(Rule.NO_PERSON, "Things"))


# Guard


@pytest.mark.parametrize(
    ("members", "leaving", "options", "stops"),
    [
        (20, 10, OPTIONS, False),
        (12, 11, OPTIONS, True),
        (22, 11, OPTIONS, False),
        (21, 11, OPTIONS, True),
        (21, 11, FacelessAlbumOptions(max_leaving_ratio=1), False),
        (100, 3, FacelessAlbumOptions(max_leaving=2), True),
        (100, 3, FacelessAlbumOptions(max_leaving=3), False),
        (100, 1, FacelessAlbumOptions(max_leaving=0), True),
    ],
)
def test_too_much_leaving_stops_the_run(members: int, leaving: int, options: FacelessAlbumOptions, stops: bool) -> None:
    assets = [asset(f"x{number:03}", people=ANNA if number < leaving else ()) for number in range(members)]
    ids = {each.id for each in assets}
    found = facts(*assets, members={"a1": ids}, albums=(album(),), memory=given_to("a1", *ids))
    plan = make_plan(found, options)
    assert len(plan.changes) == leaving
    if stops:
        with pytest.raises(GuardTripped, match="Nothing was changed"):
            check_guards(plan, found, options)
    else:
        check_guards(plan, found, options)


@pytest.mark.parametrize(
    ("files", "joining", "options", "stops"),
    [
        (100, 20, OPTIONS, False),
        (100, 21, OPTIONS, True),
        (210, 21, OPTIONS, False),
        (209, 21, OPTIONS, True),
        (100, 90, FacelessAlbumOptions(max_joining_ratio=1), False),
        (100, 90, FacelessAlbumOptions(max_joining=90), True),
        (100, 3, FacelessAlbumOptions(max_joining=2), True),
        (100, 3, FacelessAlbumOptions(max_joining=3), False),
        (100, 1, FacelessAlbumOptions(max_joining=0), True),
        (100, 0, FacelessAlbumOptions(max_joining=0), False),
    ],
)
@pytest.mark.parametrize("known", ["mark", "journal"])
def test_too_much_joining_stops_a_run_on_an_album_that_was_filled_before(
    files: int, joining: int, options: FacelessAlbumOptions, stops: bool, known: str
) -> None:
    assets = [asset(f"x{number:03}", people=() if number < joining else ANNA) for number in range(files)]
    kept = album() if known == "mark" else album(description="")
    memory = given_to("a1") if known == "journal" else AlbumMemory()
    found = facts(*assets, albums=(kept,), memory=memory)
    plan = make_plan(found, options)
    assert [told(plan)[each.id] for each in assets[:joining]] == ["add"] * joining
    if stops:
        with pytest.raises(GuardTripped, match=r"Nothing was changed.*--max-joining"):
            check_guards(plan, found, options)
    else:
        check_guards(plan, found, options)


@pytest.mark.parametrize(
    ("albums", "options"),
    [
        ((), FacelessAlbumOptions(max_joining=0)),
        ((album(description=""),), FacelessAlbumOptions(max_joining=0, adopt=True)),
    ],
    ids=["made", "taken over"],
)
def test_the_run_that_makes_or_takes_over_the_album_may_fill_it(
    albums: tuple[Album, ...], options: FacelessAlbumOptions
) -> None:
    found = facts(*(asset(f"x{number}") for number in range(99)), WITH_SOMEBODY, albums=albums)
    plan = make_plan(found, options)
    assert len(told(plan)) == 100 and plan.changes
    check_guards(plan, found, options)


def test_a_plan_from_which_a_person_deleted_additions_is_judged_by_what_is_left() -> None:
    found = facts(*(asset(f"x{number}") for number in range(99)), WITH_SOMEBODY, albums=(album(),))
    plan = make_plan(found, OPTIONS)
    check_guards(plan.only([change.id for change in plan.changes][:20]), found, OPTIONS)


# Properties

ASSETS = st.builds(
    asset,
    st.uuids().map(str),
    people=st.sampled_from([(), ANNA, NAMELESS]),
    visibility=st.sampled_from(Visibility),
    type=st.sampled_from(AssetType),
    owner_id=st.sampled_from([ME, ME, ME, "partner"]),
    added_at=st.sampled_from([None, NOW, NOW - timedelta(days=9)]),
    is_trashed=st.sampled_from([False, False, True]),
)


@st.composite
def libraries(draw: st.DrawFn) -> FacelessFacts:
    assets = draw(st.lists(ASSETS, max_size=8, unique_by=lambda each: each.id))
    ids = [each.id for each in assets] + ["stranger"]
    return facts(
        *assets,
        members={"a1": draw(st.sets(st.sampled_from(ids)))},
        albums=(album(),),
        memory=given_to("a1", *draw(st.sets(st.sampled_from(ids)))),
        faces={each: draw(st.booleans()) for each in ids},
    )


CHOICES = st.builds(
    FacelessAlbumOptions,
    rule=st.sampled_from(Rule),
    kind=st.sampled_from(Kind),
    shown=st.sampled_from(Shown),
    direction=st.sampled_from(Direction),
    respect_manual=st.booleans(),
    allow_nobody=st.just(True),
    adopt=st.just(True),
)


@given(libraries(), CHOICES)
def test_every_file_is_told_of_exactly_once(found: FacelessFacts, options: FacelessAlbumOptions) -> None:
    entries = told(make_plan(found, options))
    held = found.members["a1"]
    assert set(entries) == {each.id for each in found.assets} | held


@given(libraries(), CHOICES)
def test_nothing_of_somebody_else_is_touched(found: FacelessFacts, options: FacelessAlbumOptions) -> None:
    own = {each.id for each in found.assets if each.owner_id == ME and not each.is_trashed}
    changed = {asset_id for change in make_plan(found, options).changes for asset_id in change.action.assets}
    assert changed <= own


@given(libraries(), CHOICES)
def test_the_order_of_the_facts_does_not_matter(found: FacelessFacts, options: FacelessAlbumOptions) -> None:
    plan = make_plan(found, options)
    for assets in list(permutations(found.assets[:3])):
        other = evolve(found, assets=(*reversed(found.assets[3:]), *assets))
        assert make_plan(other, options).changes == plan.changes


@given(libraries(), CHOICES)
def test_a_second_run_changes_nothing(found: FacelessFacts, options: FacelessAlbumOptions) -> None:
    plan = make_plan(found, options)
    members, given_before = set(found.members["a1"]), set(found.memory.given["a1"])
    description = MARK
    for change in plan.changes:
        action = change.action
        if isinstance(action, AddToAlbum):
            members.add(action.asset_id)
            given_before.add(action.asset_id)
        elif isinstance(action, RemoveFromAlbum):
            members.discard(action.asset_id)
            given_before.discard(action.asset_id)
        elif isinstance(action, SetAlbumField):
            description = str(action.after)
    after = evolve(
        found,
        albums=(album(description=description),),
        members={"a1": frozenset(members)},
        memory=given_to("a1", *given_before),
    )
    if all(not isinstance(change.action, CreateAlbum) for change in plan.changes):
        assert make_plan(after, options).changes == ()


def test_a_file_whose_date_is_unknown_is_neither_added_nor_removed_by_days() -> None:
    undated = asset("x", local_date_time=None)
    for options in ({"taken_after": date(2020, 1, 1)}, {"taken_before": date(2030, 1, 1)}):
        for members in (set[str](), {"x"}):
            found = facts(undated, WITH_SOMEBODY, members={"a1": members})
            assert told(make_plan(found, FacelessAlbumOptions(**options)))["x"] == "date-unknown"  # type: ignore[arg-type]
    assert told(make_plan(facts(undated, WITH_SOMEBODY), FacelessAlbumOptions()))["x"] == "create"


def test_nothing_leaves_the_album_where_the_server_failed_to_list_an_asset() -> None:
    found = facts(
        WITH_SOMEBODY, asset("new"), albums=(album(),), members={"a1": {"anna"}}, memory=given_to("a1", "anna")
    )
    assert told(make_plan(found, FacelessAlbumOptions())) == {"anna": "remove", "new": "add"}
    unseen = evolve(found, unlisted=(Broken(1, NOW, NOW, Visibility.TIMELINE),))
    assert told(make_plan(unseen, FacelessAlbumOptions())) == {"anna": "unseen", "new": "add"}


def test_no_date_is_not_concluded_where_the_wall_clock_is_unknown() -> None:
    taken = datetime(2021, 7, 10, 12, tzinfo=UTC)
    dated = asset("x", file_modified_at=taken, exif=Exif(date_time_original=taken))
    assert lacks_own_date(dated)
    assert not lacks_own_date(evolve(dated, local_date_time=None))
