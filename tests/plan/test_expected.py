"""What an asset is to hold once the server's jobs have run, and where it deviates from that."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from attrs import evolve
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from immich_tools.immich.models import Asset, AssetType, Exif, Place, Tag, Visibility
from immich_tools.plan.expected import Deviation, Expected
from immich_tools.plan.fields import AssetField, FieldValue
from tests.plan.scene import NOON

SEA, NORTH, FOOD, OTHERS = (f"tag-{name}" for name in ("sea", "north", "food", "others"))
PARIS, SYDNEY = Place(48.85, 2.35), Place(-33.9, 18.4)


def tags(*ids: str) -> tuple[Tag, ...]:
    return tuple(Tag(name, name) for name in sorted(ids))


def asset_of(
    description: str = "",
    rating: int | None = None,
    place: Place | None = None,
    *,
    favorite: bool = False,
    visibility: Visibility = Visibility.TIMELINE,
    carried: tuple[str, ...] = (),
) -> Asset:
    return Asset(
        "a",
        "me",
        AssetType.IMAGE,
        "/photos/a.jpg",
        "a.jpg",
        NOON,
        NOON,
        visibility,
        is_favorite=favorite,
        exif=Exif(description=description, rating=rating, place=place, date_time_original=NOON),
        tags=tags(*carried),
    )


def written(expected: Expected, **values: FieldValue) -> Expected:
    for name, value in values.items():
        expected.write(AssetField[name.upper()], value)
    return expected


def tagged(expected: Expected, *ids: str) -> Expected:
    for tag_id in ids:
        expected.tag(tag_id)
    return expected


def untagged(expected: Expected, *ids: str) -> Expected:
    for tag_id in ids:
        expected.untag(tag_id, tag_id)  # its value is the same, see `tags`
    return expected


NONE = Deviation()
TABLE: dict[str, tuple[Asset, Callable[[Expected], Expected], Asset, Deviation]] = {
    "nothing was written, nothing is missing": (asset_of(), lambda each: each, asset_of(), NONE),
    "a description was taken back": (
        asset_of(),
        lambda each: written(each, description="sea"),
        asset_of(),
        Deviation(fields=((AssetField.DESCRIPTION, "sea"),)),
    ),
    "a written description is another one": (
        asset_of("old"),
        lambda each: written(each, description="sea"),
        asset_of("old"),
        Deviation(fields=((AssetField.DESCRIPTION, "sea"),)),
    ),
    "a description without its outer spaces is the same": (
        asset_of(),
        lambda each: written(each, description=" sea\n"),
        asset_of("sea"),
        NONE,
    ),
    "an emptied description is back": (
        asset_of("old"),
        lambda each: written(each, description=None),
        asset_of("old"),
        Deviation(fields=((AssetField.DESCRIPTION, None),)),
    ),
    "a rating of 0 is none": (asset_of(rating=3), lambda each: written(each, rating=None), asset_of(rating=0), NONE),
    "a place is rounded": (
        asset_of(),
        lambda each: written(each, place=PARIS),
        asset_of(place=Place(PARIS.latitude + 5e-7, PARIS.longitude)),
        NONE,
    ),
    "a place is elsewhere": (
        asset_of(),
        lambda each: written(each, place=PARIS),
        asset_of(place=SYDNEY),
        Deviation(fields=((AssetField.PLACE, PARIS),)),
    ),
    "the second of two writes counts": (
        asset_of(),
        lambda each: written(written(each, rating=3), rating=5),
        asset_of(rating=3),
        Deviation(fields=((AssetField.RATING, 5),)),
    ),
    "a field that nobody wrote is wiped": (
        asset_of("own", 4),
        lambda each: tagged(each, SEA),
        asset_of(carried=(SEA,)),
        Deviation(fields=((AssetField.DESCRIPTION, "own"), (AssetField.RATING, 4))),
    ),
    "a field that nobody wrote was written by somebody else": (
        asset_of("own"),
        lambda each: tagged(each, SEA),
        asset_of("by hand", 5, favorite=True, visibility=Visibility.ARCHIVE, carried=(SEA,)),
        NONE,
    ),
    "a favourite mark and a visibility were taken back": (
        asset_of(),
        lambda each: written(each, favorite=True, visibility=Visibility.ARCHIVE),
        asset_of(),
        Deviation(fields=((AssetField.FAVORITE, True), (AssetField.VISIBILITY, Visibility.ARCHIVE))),
    ),
    "a new tag was taken back": (
        asset_of(carried=(FOOD,)),
        lambda each: tagged(each, SEA, NORTH),
        asset_of(carried=(FOOD, NORTH)),
        Deviation(missing_tags=frozenset({SEA})),
    ),
    "a tag that no change names is wiped": (
        asset_of(carried=(FOOD,)),
        lambda each: written(each, rating=3),
        asset_of(rating=3),
        Deviation(missing_tags=frozenset({FOOD})),
    ),
    "a tag that was removed came back": (
        asset_of(carried=(FOOD, SEA)),
        lambda each: untagged(each, SEA),
        asset_of(carried=(FOOD, SEA)),
        Deviation(returned_tags=frozenset({SEA})),
    ),
    "a tag that somebody else put on stays": (
        asset_of(),
        lambda each: tagged(each, SEA),
        asset_of(carried=(OTHERS, SEA)),
        NONE,
    ),
    "a tag that was removed and put on again is there": (
        asset_of(carried=(SEA,)),
        lambda each: tagged(untagged(each, SEA), SEA),
        asset_of(carried=(SEA,)),
        NONE,
    ),
    "a tag that was deleted came back under another id": (
        asset_of(carried=(FOOD, SEA)),
        lambda each: untagged(each, SEA),
        evolve(asset_of(), tags=(Tag(FOOD, FOOD), Tag(SEA, "another id"))),
        Deviation(returned_tags=frozenset({"another id"})),
    ),
    "a tag that was put on and removed again is gone": (
        asset_of(),
        lambda each: untagged(tagged(each, SEA), SEA),
        asset_of(),
        NONE,
    ),
}


@pytest.mark.parametrize(("before", "write", "after", "deviation"), TABLE.values(), ids=TABLE.keys())
def test_an_asset_deviates_where_it_lacks_what_it_held_or_was_given(
    before: Asset, write: Callable[[Expected], Expected], after: Asset, deviation: Deviation
) -> None:
    found = write(Expected.of(before)).deviation(after)
    assert found == deviation
    assert found.is_empty is (deviation == NONE)


def test_a_place_brings_a_time_zone_and_with_it_another_moment() -> None:
    moved = evolve(asset_of(place=PARIS), exif=Exif(place=PARIS, date_time_original=None))
    assert written(Expected.of(asset_of()), place=PARIS).deviation(moved).is_empty
    assert [name for name, _value in Expected.of(asset_of(place=PARIS)).deviation(moved).fields] == [AssetField.DATE]


VALUES: dict[AssetField, st.SearchStrategy[FieldValue]] = {
    AssetField.DESCRIPTION: st.sampled_from(("", "sea", "food")),
    AssetField.RATING: st.sampled_from((None, 1, 3, 5)),
    AssetField.PLACE: st.sampled_from((None, PARIS, SYDNEY)),
    AssetField.FAVORITE: st.booleans(),
    AssetField.VISIBILITY: st.sampled_from((Visibility.TIMELINE, Visibility.ARCHIVE)),
}
some_tags = st.frozensets(st.sampled_from((SEA, NORTH, FOOD)))


def asset_with(values: dict[AssetField, FieldValue], carried: frozenset[str]) -> Asset:
    place, rating, visibility = (values[each] for each in (AssetField.PLACE, AssetField.RATING, AssetField.VISIBILITY))
    assert place is None or isinstance(place, Place)
    assert rating is None or isinstance(rating, int)
    assert isinstance(visibility, Visibility)
    return asset_of(
        str(values[AssetField.DESCRIPTION]),
        rating,
        place,
        favorite=bool(values[AssetField.FAVORITE]),
        visibility=visibility,
        carried=tuple(carried),
    )


held = st.tuples(st.fixed_dictionaries(VALUES), some_tags)
Held = tuple[dict[AssetField, FieldValue], frozenset[str]]


@settings(derandomize=True, deadline=None, database=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    held,
    st.lists(st.one_of(*(st.tuples(st.just(name), value) for name, value in VALUES.items()))),
    some_tags,
    some_tags,
    held,
)
def test_writing_what_deviates_gives_the_expected_asset(
    before: Held,
    writes: list[tuple[AssetField, FieldValue]],
    added: frozenset[str],
    removed: frozenset[str],
    read: Held,
) -> None:
    expected = Expected.of(asset_with(*before))
    for name, value in writes:
        expected.write(name, value)
    tagged(untagged(expected, *removed), *added)
    changed = dict(writes)
    wanted, wanted_tags = before[0] | changed, (before[1] - removed) | added
    found_fields, found_tags = read

    # Without anybody's doing, the asset is as expected; a foreign tag and foreign values of other fields change nothing.
    assert expected.deviation(asset_with(wanted, wanted_tags)).is_empty
    foreign: dict[AssetField, FieldValue] = {
        name: value for name, value in found_fields.items() if name not in changed and value not in (None, "")
    }
    assert expected.deviation(asset_with(wanted | foreign, wanted_tags | {OTHERS})).is_empty

    # Whatever is read, writing again what deviates is enough.
    found = expected.deviation(asset_with(*read))
    again: dict[AssetField, FieldValue] = dict(found.fields)
    repaired = asset_with(found_fields | again, (found_tags | found.missing_tags) - found.returned_tags)
    assert expected.deviation(repaired).is_empty
    assert found.missing_tags == wanted_tags - found_tags
    assert found.returned_tags == (removed - added) & found_tags
    assert all(found_fields[name] != value for name, value in again.items())
    assert again.keys() >= {name for name, value in changed.items() if found_fields[name] != value}
