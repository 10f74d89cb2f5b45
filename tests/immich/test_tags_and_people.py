"""Which tags assets carry themselves, and who is in them: by searching or by reading, with the same result."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from attrs import evolve
from hypothesis import given, settings
from hypothesis import strategies as st

from immich_tools import Immich
from immich_tools.errors import RequestRefused
from immich_tools.immich.models import Asset, ItemError, ItemResult, Tag, Visibility
from immich_tools.immich.tags import direct_tags
from immich_tools.sandbox import Dialect, Sandbox

Connect = Callable[..., Immich]

VALUES = ("places", "places/france", "places/france/paris", "places/spain", "placeholder", "family")


def known(sandbox: Sandbox, immich: Immich) -> list[Asset]:
    """All assets as a search finds them: without tags and people."""
    found = immich.assets.read_each(sorted(sandbox.state.assets))
    return [evolve(asset, tags=None, people=None) for asset in found.values()]


def values_of(tags: dict[str, frozenset[Tag]]) -> dict[str, set[str]]:
    return {asset_id: {tag.value for tag in carried} for asset_id, carried in tags.items()}


asset_states = st.fixed_dictionaries(
    {
        "tags": st.sets(st.sampled_from(VALUES), max_size=3),
        "visibility": st.sampled_from(["timeline", "archive", "hidden"]),
        "is_trashed": st.booleans(),
    }
)


@pytest.mark.parametrize("dialect", list(Dialect), ids=lambda dialect: dialect.value)
@settings(max_examples=60, deadline=None)
@given(states=st.lists(asset_states, max_size=40))
def test_tags_of_assets(dialect: Dialect, states: list[dict[str, object]]) -> None:
    sandbox = Sandbox(dialect)
    expected = {
        sandbox.add_asset(
            tags=list(state["tags"]),  # type: ignore[call-overload]
            visibility=str(state["visibility"]),
            is_trashed=bool(state["is_trashed"]),
        ): state["tags"]
        for state in states
    }
    immich = Immich.connect(sandbox.url, sandbox.admin_key, transport=sandbox.transport())
    assert values_of(immich.tags.of_assets(known(sandbox, immich))) == expected


@pytest.mark.parametrize("dialect", list(Dialect), ids=lambda dialect: dialect.value)
@settings(max_examples=40, deadline=None)
@given(
    states=st.lists(st.sets(st.sampled_from(VALUES), max_size=3), max_size=25),
    archived=st.integers(0, 3),
    asked=st.sets(st.sampled_from(VALUES), min_size=1),
)
def test_who_carries_a_tag(dialect: Dialect, states: list[set[str]], archived: int, asked: set[str]) -> None:
    sandbox = Sandbox(dialect)
    ids = {value: sandbox.add_tag(value) for value in VALUES}
    expected: dict[str, set[str]] = {ids[value]: set() for value in asked}
    for number, values in enumerate(states):
        asset_id = sandbox.add_asset(tags=sorted(values), visibility="archive" if number < archived else "timeline")
        for value in values & asked:
            expected[ids[value]].add(asset_id)
    immich = Immich.connect(sandbox.url, sandbox.admin_key, transport=sandbox.transport())
    wanted = {tag_id: list(sandbox.state.assets) for tag_id in expected}
    assert immich.tags.carried(wanted) == expected


def test_assets_of_unknown_visibility_are_read_singly(sandbox: Sandbox, immich: Immich) -> None:
    ids = [sandbox.add_asset(tags=["sea"]) for _number in range(4)]
    odd = [evolve(asset, visibility=Visibility.UNKNOWN) for asset in known(sandbox, immich)]
    assert values_of(immich.tags.of_assets(odd)) == {asset_id: {"sea"} for asset_id in ids}


def test_many_assets_cost_a_search_for_each_tag(sandbox: Sandbox, immich: Immich) -> None:
    for number in range(60):
        sandbox.add_asset(tags=[("sea", "sky", "sun")[number % 3]])
    assets = known(sandbox, immich)
    _ = immich.me
    before = immich.connection.requests_sent
    immich.tags.of_assets(assets)
    assert immich.connection.requests_sent - before == 1 + 3


def test_assets_that_tell_their_tags_cost_nothing(sandbox: Sandbox, immich: Immich) -> None:
    sandbox.add_asset(tags=["sea"])
    assets = list(immich.assets.read_each(sorted(sandbox.state.assets)).values())
    before = immich.connection.requests_sent
    assert [len(tags) for tags in immich.tags.of_assets(assets).values()] == [1]
    assert immich.tags.of_assets([]) == {}
    assert immich.connection.requests_sent == before


def test_parents(sandbox: Sandbox, immich: Immich) -> None:
    sandbox.add_tag("places/france")
    upper, lower = immich.tags.all()
    assert (upper.value, lower.value, lower.parent_id) == ("places", "places/france", upper.id)


def test_tagging(sandbox: Sandbox, connect: Connect) -> None:
    bea = sandbox.add_user("Bea", "bea@example.com")
    asset_id, foreign = sandbox.add_asset(), sandbox.add_asset(owner_id=bea.id)
    tag_id = sandbox.add_tag("sea")
    tags = connect().tags
    assert tags.add(tag_id, [asset_id]) == [ItemResult(asset_id)]
    assert tags.add(tag_id, [asset_id]) == [ItemResult(asset_id, ItemError.DUPLICATE)]
    assert tags.add(tag_id, [foreign])[0].error is not None
    assert tags.remove(tag_id, [asset_id]) == [ItemResult(asset_id)]
    assert tags.remove(tag_id, [asset_id])[0].error is not None


def test_what_searches_by_tag_leave_open() -> None:
    upper, lower, other = Tag("a", "1"), Tag("a/b", "2", "1"), Tag("c", "3")
    carried, doubtful = direct_tags(
        {upper: frozenset("xy"), lower: frozenset("x"), other: frozenset("xz")},
    )
    assert carried == {"x": {lower, other}, "y": {upper}, "z": {other}}
    assert doubtful == {"x"}


faces = st.lists(
    st.tuples(
        st.sets(st.sampled_from(["Alice", "Bob", ""]), max_size=3),
        st.sampled_from(["timeline", "archive", "hidden"]),
        st.booleans(),
    ),
    max_size=25,
)


@pytest.mark.parametrize("dialect", list(Dialect), ids=lambda dialect: dialect.value)
@settings(max_examples=60, deadline=None)
@given(states=faces)
def test_people_of_assets(dialect: Dialect, states: list[tuple[set[str], str, bool]]) -> None:
    sandbox = Sandbox(dialect)
    ids = {name: sandbox.add_person(name, is_hidden=name == "Bob") for name in ("Alice", "Bob", "")}
    expected = {}
    for names, visibility, is_trashed in states:
        asset_id = sandbox.add_asset(visibility=visibility, is_trashed=is_trashed)
        for name in names:
            sandbox.add_face(asset_id, ids[name])
        expected[asset_id] = names - {""}
    immich = Immich.connect(sandbox.url, sandbox.admin_key, transport=sandbox.transport())
    found = immich.people.of_assets(known(sandbox, immich))
    assert {asset_id: {person.name for person in persons} for asset_id, persons in found.items()} == expected


def test_people_of_duplicates_are_not_taken_for_none(sandbox: Sandbox, immich: Immich) -> None:
    """Their list of people is empty whoever is in the picture."""
    alice = sandbox.add_person("Alice")
    group = sandbox.state.new_id()
    for _number in range(2):
        sandbox.add_face(sandbox.add_asset(duplicate_id=group), alice)
    (duplicates,) = immich.duplicates.groups()
    assert [asset.people for asset in duplicates.assets] == [None, None]
    assert [len(persons) for persons in immich.people.of_assets(duplicates.assets).values()] == [1, 1]


def test_many_assets_cost_a_listing(sandbox: Sandbox, immich: Immich) -> None:
    alice = sandbox.add_person("Alice")
    for number in range(60):
        asset_id = sandbox.add_asset()
        if number % 2:
            sandbox.add_face(asset_id, alice)
    assets = known(sandbox, immich)
    _ = immich.me
    before = immich.connection.requests_sent
    assert sum(map(len, immich.people.of_assets(assets).values())) == 30
    assert immich.connection.requests_sent - before == 3  # whether anybody is named, then two to list


def test_where_nobody_is_named_one_request_tells(sandbox: Sandbox, immich: Immich) -> None:
    for _number in range(60):
        sandbox.add_asset()
    assets = known(sandbox, immich)
    before = immich.connection.requests_sent
    assert not any(immich.people.of_assets(assets).values())
    assert immich.connection.requests_sent - before == 1


def test_a_tag_is_found_or_made_with_those_above_it(sandbox: Sandbox, immich: Immich) -> None:
    made = immich.tags.find_or_make("places/france")
    assert immich.tags.find_or_make("places/france") == made
    assert [tag.value for tag in immich.tags.all()] == ["places", "places/france"]
    with pytest.raises(RequestRefused, match="no tag 'family/'"):
        immich.tags.find_or_make("family/")  # the server leaves the slash out


def test_a_tag_is_carried_by_whatever_carries_one_below_it(sandbox: Sandbox, immich: Immich) -> None:
    upper = immich.tags.find_or_make("places")
    assert not immich.tags.is_carried(upper.id)
    asset_id = sandbox.add_asset(tags=["places/france"])
    assert immich.tags.is_carried(upper.id)
    immich.assets.trash([asset_id])
    assert immich.tags.is_carried(upper.id)
    immich.tags.delete(upper.id)
    assert immich.tags.all() == []


def test_everybody_with_a_name(sandbox: Sandbox, immich: Immich) -> None:
    asset_id = sandbox.add_asset()
    for number in range(1500):
        sandbox.add_face(asset_id, sandbox.add_person(f"Person {number:04d}" if number % 3 else ""))
    sandbox.add_face(asset_id, sandbox.add_person("Hidden", is_hidden=True))
    names = [person.name for person in immich.people.named()]
    assert len(names) == 1001
    assert names == sorted(names)
    assert "Hidden" in names
