"""What the keeper takes over: the state it ends in, the changes that lead there, and where the server's own merge gives the same."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from attrs import evolve

from immich_tools.duplicates import ArchivedKeeper, DuplicatesOptions
from immich_tools.duplicates.transfer import merged, resolving_changes_nothing_more
from immich_tools.immich.models import Album, AlbumRole, Asset, Exif, Place, Tag, Visibility
from immich_tools.plan.effects.albums import AddToAlbum, RemoveFromAlbum
from immich_tools.plan.effects.assets import SetField
from immich_tools.plan.effects.tags import AddTag, RemoveTag
from immich_tools.plan.fields import AssetField
from immich_tools.plan.transfer import Metadata, left_behind, metadata_of, transfer_changes, with_local_date

BERLIN, PARIS = Place(52.5, 13.4), Place(48.9, 2.4)
EARLY, LATE = datetime(2024, 5, 3, tzinfo=UTC), datetime(2024, 5, 4, tzinfo=UTC)
ARCHIVE, TIMELINE = Visibility.ARCHIVE, Visibility.TIMELINE
Values = dict[str, Any]


def ids(*names: str) -> frozenset[str]:
    return frozenset(names)


@pytest.mark.parametrize(
    ("keeper", "losers", "expected"),
    [
        pytest.param({}, [{}], {}, id="nothing to take"),
        pytest.param({"albums": ids("a")}, [{"albums": ids("b")}, {}], {"albums": ids("a", "b")}, id="albums of all"),
        pytest.param({"tags": ids("s")}, [{"tags": ids("s", "t")}], {"tags": ids("s", "t")}, id="tags of all"),
        pytest.param({"place": BERLIN}, [{"place": PARIS}], {"place": BERLIN}, id="a place is not overwritten"),
        pytest.param({}, [{}, {"place": PARIS}, {"place": BERLIN}], {"place": PARIS}, id="the place of the best that has one"),
        pytest.param({"description": "mine"}, [{"description": "other"}], {"description": "mine"}, id="nor a description"),
        pytest.param({}, [{"description": "b"}, {"description": "c"}], {"description": "b"}, id="the best's description"),
        pytest.param({"date": LATE}, [{"date": EARLY}], {"date": LATE}, id="nor a date"),
        pytest.param({}, [{}, {"date": EARLY}], {"date": EARLY}, id="a date where there is none"),
        pytest.param({"rating": 2}, [{"rating": 5}], {"rating": 2}, id="nor a rating"),
        pytest.param({"rating": -1}, [{"rating": 5}], {"rating": -1}, id="nor a rejection"),
        pytest.param({}, [{"rating": 2}, {"rating": 4}], {"rating": 4}, id="the highest rating"),
        pytest.param({}, [{"rating": -1}], {}, id="a rejection concerns that copy alone"),
        pytest.param({}, [{}, {"favorite": True}], {"favorite": True}, id="a favourite among them"),
        pytest.param({"favorite": True}, [{}], {"favorite": True}, id="stays a favourite"),
        pytest.param({}, [{"visibility": ARCHIVE}], {}, id="the archive is not inherited"),
        pytest.param({"visibility": ARCHIVE}, [{"visibility": ARCHIVE}], {"visibility": ARCHIVE}, id="all archived"),
        pytest.param({"visibility": ARCHIVE}, [{}], {"visibility": TIMELINE}, id="shown again"),
    ],
)  # fmt: skip
def test_transfer_only_adds(keeper: Values, losers: list[Values], expected: Values) -> None:
    assert merged(Metadata(**keeper), [Metadata(**each) for each in losers], DuplicatesOptions()) == Metadata(
        **expected
    )


@pytest.mark.parametrize(
    ("keeper", "losers", "expected"),
    [
        ({"albums": ids("a", "b")}, [{"albums": ids("b", "c")}], {"albums": ids("b", "c")}),
        ({"tags": ids("s", "t")}, [{"tags": ids("t")}, {"tags": ids("u")}], {"tags": ids("t", "u")}),
        ({"albums": ids("a"), "tags": ids("s")}, [{}], {}),
        ({"place": BERLIN}, [{"place": PARIS}], {"place": PARIS}),
        ({"place": BERLIN}, [{}], {"place": BERLIN}),
        ({"description": "mine"}, [{}, {"description": "other"}], {"description": "other"}),
        ({"description": "mine"}, [{}], {"description": "mine"}),
        ({"rating": 2}, [{"rating": 1}], {"rating": 1}),
        ({"rating": 2}, [{}], {"rating": 2}),
        ({"date": EARLY}, [{"date": LATE}], {"date": LATE}),
        ({"favorite": True}, [{}], {"favorite": True}),
    ],
)
def test_without_keeping_its_own_metadata(keeper: Values, losers: list[Values], expected: Values) -> None:
    options = DuplicatesOptions(keep_metadata=False)
    assert merged(Metadata(**keeper), [Metadata(**each) for each in losers], options) == Metadata(**expected)


def test_without_transfer_nothing_changes() -> None:
    keeper = Metadata(visibility=ARCHIVE)
    loser = Metadata(ids("a"), ids("t"), "text", 5, BERLIN, EARLY, True)
    assert merged(keeper, [loser], DuplicatesOptions(transfer_metadata=False)) == keeper


@pytest.mark.parametrize("archived", [ArchivedKeeper.IGNORE, ArchivedKeeper.SKIP])
def test_the_archive_is_left_where_asked(archived: ArchivedKeeper) -> None:
    keeper = Metadata(visibility=ARCHIVE)
    assert merged(keeper, [Metadata()], DuplicatesOptions(archived=archived)) == keeper


def test_changes_are_the_difference_by_their_ids() -> None:
    albums = {name: Album(name, name.upper(), "me", AlbumRole.OWNER) for name in ("a", "b", "c")}
    tags = {name: Tag(f"path/{name}", name) for name in ("s", "t", "u")}
    zone = timezone(timedelta(hours=2))
    before = Metadata(ids("a", "b"), ids("s", "t"), "old", 1, None, None, False, ARCHIVE)
    after = Metadata(ids("b", "c"), ids("t", "u"), "new", 2, PARIS, EARLY.astimezone(zone), True, TIMELINE)
    changes = transfer_changes("k", before, after, group="g", albums=albums, tags=tags)
    assert {change.id: change.action for change in changes} == {
        "album+:c:k": AddToAlbum("k", "c", "C"),
        "album-:a:k": RemoveFromAlbum("k", "a", "A"),
        "field:k:date_time_original": SetField("k", AssetField.DATE, None, "2024-05-03T02:00:00+02:00"),
        "field:k:description": SetField("k", AssetField.DESCRIPTION, "old", "new"),
        "field:k:is_favorite": SetField("k", AssetField.FAVORITE, False, True),
        "field:k:place": SetField("k", AssetField.PLACE, None, PARIS),
        "field:k:rating": SetField("k", AssetField.RATING, 1, 2),
        "field:k:visibility": SetField("k", AssetField.VISIBILITY, ARCHIVE, TIMELINE),
        "tag+:u:k": AddTag("k", "u", "path/u"),
        "tag-:s:k": RemoveTag("k", "s", "path/s"),
    }
    assert [change.id for change in changes] == sorted(change.id for change in changes)
    assert all(change.reason and change.group == "g" for change in changes)


def test_no_changes_between_equals() -> None:
    same = Metadata(ids("a"), ids("t"), "text", 5, BERLIN, EARLY, True)
    moved = evolve(same, date=EARLY.astimezone(timezone(timedelta(hours=5))))
    assert transfer_changes("k", same, moved, group="g", albums={}, tags={}) == []


def test_metadata_of_an_asset(asset: Callable[..., Asset]) -> None:
    exif = Exif(description="text", rating=3, place=BERLIN, date_time_original=datetime(2024, 5, 3, 12, tzinfo=UTC))
    read = metadata_of(asset("a.jpg", exif=exif, is_favorite=True), ids("x"), [Tag("t", "1")])
    assert read == Metadata(ids("x"), ids("1"), "text", 3, BERLIN, exif.date_time_original, True)
    local = with_local_date(read, [asset("b.jpg", days=1), asset("c.jpg", exif=exif)]).date
    assert local is not None and local.isoformat() == "2024-05-03T14:00:00+02:00"
    assert with_local_date(read, [asset("b.jpg", days=1)]) == read
    assert metadata_of(asset("a.jpg", exif=None), ids(), []) == Metadata()


@pytest.mark.parametrize(
    ("keeper", "losers", "same"),
    [
        pytest.param({}, [{}], True, id="nothing anywhere"),
        pytest.param({"albums": ids("a", "b")}, [{"albums": ids("a")}], True, id="keeper is in every album"),
        pytest.param({"albums": ids("b")}, [{"albums": ids("a")}], False, id="an album would be added"),
        pytest.param({"tags": ids("s")}, [{"tags": ids("s")}], True, id="keeper has every tag"),
        pytest.param({}, [{}, {"tags": ids("s")}], False, id="a tag would be added"),
        pytest.param({"favorite": True}, [{"favorite": True}], True, id="a favourite already"),
        pytest.param({}, [{"favorite": True}], False, id="would become a favourite"),
        pytest.param({"favorite": True}, [{}], True, id="stays a favourite"),
        pytest.param({"rating": 4}, [{"rating": 3}], True, id="keeper has the highest rating"),
        pytest.param({"rating": 3}, [{"rating": 4}], False, id="a rating would be raised"),
        pytest.param({}, [{"rating": 1}], False, id="a rating would be set"),
        pytest.param({}, [{"rating": -1}], True, id="rejections do not count"),
        pytest.param({"rating": -1}, [{}], True, id="its own rejection stays"),
        pytest.param({"rating": -1}, [{"rating": 2}], False, id="its own rejection would go"),
        pytest.param({"description": "a\nb"}, [{"description": "a"}], True, id="first lines of the keeper's"),
        pytest.param({"description": "a\nb"}, [{"description": " a \n"}, {"description": "a\nb"}], True, id="blanks do not count"),
        pytest.param({"description": "a\nb"}, [{"description": "b"}], False, id="lines might change places"),
        pytest.param({"description": "a"}, [{"description": "c"}], False, id="a line would be added"),
        pytest.param({"description": "a"}, [{}], True, id="one line of its own"),
        pytest.param({"description": "a\n\nb"}, [{}], False, id="its blank line would go"),
        pytest.param({"description": "a\na"}, [{}], False, id="its repeated line would go"),
        pytest.param({}, [{"description": "c"}], False, id="a description would be set"),
        pytest.param({}, [{"visibility": ARCHIVE}], False, id="would be archived"),
        pytest.param({"visibility": ARCHIVE}, [{}], True, id="archived already"),
        pytest.param({"place": BERLIN}, [{"place": PARIS}], True, id="places disagree, so none is set"),
        pytest.param({"place": BERLIN}, [{"place": BERLIN}], False, id="places agree, so it is written again"),
        pytest.param({"place": BERLIN}, [{}], False, id="only the keeper has a place, so it is written again"),
        pytest.param({}, [{"place": BERLIN}, {"place": PARIS}], True, id="losers disagree"),
        pytest.param({}, [{"place": BERLIN}, {"place": BERLIN}], False, id="a place would be set"),
        pytest.param({"date": EARLY}, [{"date": LATE}], True, id="dates are not merged"),
    ],
)  # fmt: skip
def test_where_resolving_does_the_same(keeper: Values, losers: list[Values], same: bool) -> None:
    assert resolving_changes_nothing_more(Metadata(**keeper), [Metadata(**each) for each in losers]) is same


@pytest.mark.parametrize(
    ("kept", "lost", "named"),
    [
        ({}, {}, ()),
        ({"description": "Sunset"}, {"description": "Sunset"}, ()),
        ({"description": "Sunset"}, {"description": ""}, ()),
        ({"description": "Sunset"}, {"description": "Evening"}, ("description",)),
        ({"rating": 5}, {"rating": 3}, ("rating",)),
        ({"rating": 5}, {"rating": -1}, ()),
        ({"place": Place(52.5, 13.4)}, {"place": Place(52.5001, 13.4)}, ()),
        ({"place": Place(52.5, 13.4)}, {"place": Place(48.8, 2.3)}, ("place",)),
    ],
)
def test_what_a_copy_says_differently_is_named(
    kept: dict[str, Any], lost: dict[str, Any], named: tuple[str, ...]
) -> None:
    assert left_behind(Metadata(**kept), [Metadata(**lost)]) == named
