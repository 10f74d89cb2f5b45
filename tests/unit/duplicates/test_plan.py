"""From facts to plans: whole groups, the ids of changes, what depends on what, protection, remarks and notes."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

import pytest
from attrs import evolve

from immich_tools.duplicates import ArchivedKeeper, DuplicateFacts, DuplicatesOptions, Rule, make_plan
from immich_tools.errors import UsageError
from immich_tools.immich.models import (
    Album,
    AlbumRole,
    Asset,
    DuplicateGroup,
    Person,
    Place,
    SharedLink,
    Tag,
    Visibility,
)
from immich_tools.plan.effects.albums import AddToAlbum
from immich_tools.plan.effects.assets import DeleteForever, SetField, TrashAssets
from immich_tools.plan.effects.base import Action
from immich_tools.plan.effects.duplicates import DismissDuplicates
from immich_tools.plan.effects.tags import AddTag
from immich_tools.plan.model import Label, Skip
from immich_tools.settings.documents import from_document

Make = Callable[..., Asset]
MakeFacts = Callable[..., DuplicateFacts]
MINE = Album("mine", "Holiday", "me", AlbumRole.OWNER)
EDITED = Album("edited", "Family", "somebody", AlbumRole.EDITOR)
VIEWED = Album("viewed", "Club", "somebody", AlbumRole.VIEWER)
ODD = Album("odd", "Odd", "somebody", AlbumRole.OTHER)
SUNSET = Tag("sunset", "tag-1")
ANNA, BEN = Person("Anna", "p1"), Person("Ben", "p2")


def bare(action: Action) -> Action:
    """An action without the fingerprints of what it removes."""
    if not isinstance(action, TrashAssets | DeleteForever):
        return action
    assert len(action.fingerprints) == len(action.trashed_ids)
    return evolve(action, fingerprints=())


def test_a_group_with_everything(asset: Make, facts: MakeFacts) -> None:
    heic = asset("a.heic", file_size=3_000_000)
    large = asset("b.jpg", file_size=5_000_000, place=Place(1.0, 2.0))
    small = asset("c.jpg", file_size=500_000, place=Place(3.0, 4.0), is_favorite=True)
    plan = make_plan(
        facts(
            (large, small, heic),
            albums=(MINE, EDITED),
            members={"mine": frozenset({"b", "a"}), "edited": frozenset({"c"})},
            tags={"c": frozenset({SUNSET})},
        )
    )
    *transfers, trash = plan.changes
    assert [change.id for change in transfers] == [
        "album+:edited:a",
        "field:a:is_favorite",
        "field:a:place",
        "tag+:tag-1:a",
    ]
    assert transfers[0].action == AddToAlbum("a", "edited", "Family")
    assert transfers[3].action == AddTag("a", "tag-1", "sunset")
    assert trash.id == "trash:g1"
    assert bare(trash.action) == TrashAssets(("b", "c"), ("a",), "g1")
    assert trash.requires == tuple(change.id for change in transfers)
    assert trash.reason.split("\n") == [
        "b.jpg: JPEG instead of HEIC",
        "c.jpg: JPEG instead of HEIC",
        "goes with the others, because the copy that stays says something else: place",
    ]
    assert {change.group for change in plan.changes} == {"g1"}
    assert [(keep.asset_id, keep.reason) for keep in plan.keeps] == [("a", "kept: HEIC preferred")]
    assert plan.labels["b"] == Label("b.jpg", "/upload/b.jpg", "2024-05-03 14:00:00", 5_000_000)
    assert plan.bytes_freed() == 5_500_000
    assert (plan.tool, plan.user_id, plan.server_version, plan.population) == ("duplicates", "me", "2.3.1", 1000)


def test_permanent(asset: Make, facts: MakeFacts) -> None:
    plan = make_plan(facts((asset("a.heic"), asset("b.jpg")), can_resolve=True), permanent=True)
    assert [(change.id, bare(change.action)) for change in plan.changes] == [
        ("delete:g1", DeleteForever(("b",), ("a",), "g1"))
    ]


def test_dismiss_keeps_all_and_touches_nothing_else(asset: Make, facts: MakeFacts) -> None:
    alike = (asset("a.heic"), asset("b.jpg", width=40, height=30))
    foreign = (asset("c.heic"), asset("d.jpg", owner_id="somebody"))
    plan = make_plan(facts(alike, foreign), DuplicatesOptions(dismiss=True))
    assert [(change.id, bare(change.action)) for change in plan.changes] == [
        ("dismiss:g1", DismissDuplicates(("a", "b"), "g1"))
    ]
    assert [keep.asset_id for keep in plan.keeps] == ["a", "b"]
    assert [skip.code for skip in plan.skips] == ["foreign"]


def test_dismiss_and_permanent_contradict(facts: MakeFacts) -> None:
    with pytest.raises(UsageError, match="contradict"):
        make_plan(facts(), DuplicatesOptions(dismiss=True), permanent=True)


def test_nothing_to_do(facts: MakeFacts) -> None:
    plan = make_plan(facts())
    assert (plan.changes, plan.keeps, plan.skips, plan.notes) == ((), (), (), ())


def test_protected_stay_and_the_best_of_them_takes_over(asset: Make, facts: MakeFacts) -> None:
    group = (
        asset("a.heic"),
        asset("b.jpg", original_path="/safe/b.jpg"),
        asset("c.jpg", original_path="/safe/c.jpg", file_size=2_000_000),
    )
    plan = make_plan(
        facts(group, albums=(MINE,), members={"mine": frozenset({"a"})}, can_resolve=True),
        DuplicatesOptions(protected_paths=("/safe",)),
    )
    add, trash = plan.changes
    assert add.action == AddToAlbum("c", "mine", "Holiday")
    assert bare(trash.action) == TrashAssets(("a",), ("c", "b"), "g1", by_resolving=False)
    assert trash.reason == "a.heic: another copy is protected"
    assert [(keep.asset_id, keep.reason) for keep in plan.keeps] == [("c", "kept: protected"), ("b", "kept: protected")]


def test_all_protected(asset: Make, facts: MakeFacts) -> None:
    group = (asset("a.heic", library_id="l1"), asset("b.jpg", library_id="l2"))
    plan = make_plan(facts(group), DuplicatesOptions(protected_libraries=("external",)))
    assert plan.skips == (Skip(("a", "b"), "all-protected", "every copy is in a protected folder or library", "g1"),)


def test_protection_that_matches_nothing_is_said(asset: Make, facts: MakeFacts) -> None:
    plan = make_plan(
        facts((asset("a.heic"), asset("b.jpg"))),
        DuplicatesOptions(protected_paths=("/safe", "/upload"), protected_libraries=("l9", "upload")),
    )
    assert [note for note in plan.notes if "protected" in note] == [
        "No copy is in the protected folder /safe; is it written as the server sees it?",
        "No copy is in the protected library l9.",
    ]


@pytest.mark.parametrize("album", [VIEWED, ODD])
def test_an_album_one_may_only_view(asset: Make, facts: MakeFacts, album: Album) -> None:
    known = facts((asset("a.heic"), asset("b.jpg")), albums=(album,), members={album.id: frozenset({"b"})})
    assert [skip.code for skip in make_plan(known).skips] == ["viewer-album"]
    allowed = make_plan(known, DuplicatesOptions(allow_viewer_albums=True))
    assert [change.id for change in allowed.changes] == ["trash:g1"]
    assert f"only to be viewed, so left as it is: album {album.name}" in allowed.changes[0].reason
    assert any(album.name in note for note in allowed.notes)
    assert make_plan(known, DuplicatesOptions(transfer_metadata=False)).counts() == {"trash": 1}


@pytest.mark.parametrize(("members", "keep_metadata", "skipped"), [
    ({"a", "b"}, True, False),
    ({"a"}, True, False),
    ({"a"}, False, True),
    ({"a", "b"}, False, False),
])  # fmt: skip
def test_the_keeper_in_an_album_one_may_only_view(
    asset: Make, facts: MakeFacts, members: set[str], keep_metadata: bool, skipped: bool
) -> None:
    known = facts((asset("a.heic"), asset("b.jpg")), albums=(VIEWED,), members={"viewed": frozenset(members)})
    assert bool(make_plan(known, DuplicatesOptions(keep_metadata=keep_metadata)).skips) is skipped


def test_unknown_tags(asset: Make, facts: MakeFacts) -> None:
    known = facts((asset("a.heic"), asset("b.jpg")))
    blind = DuplicateFacts(known.user_id, known.server_version, known.population, known.groups)
    assert [skip.code for skip in make_plan(blind).skips] == ["tags-unknown"]
    assert make_plan(blind, DuplicatesOptions(transfer_metadata=False)).counts() == {"trash": 1}


def test_tags_the_server_lists_with_the_group(asset: Make, facts: MakeFacts) -> None:
    group = DuplicateGroup("g", (asset("a.heic", tags=()), asset("b.jpg", tags=(SUNSET,))))
    known = facts()
    blind = DuplicateFacts(known.user_id, known.server_version, known.population, (group,))
    assert [change.id for change in make_plan(blind).changes] == ["tag+:tag-1:a", "trash:g"]


def test_an_asset_in_two_groups_is_neither_kept_nor_trashed(asset: Make, facts: MakeFacts) -> None:
    shared = asset("b.jpg")
    plan = make_plan(facts((asset("a.heic"), shared), (shared, asset("c.jpg")), (asset("d.heic"), asset("e.jpg"))))
    assert plan.removed() == {"e"}
    assert [(skip.asset_ids, skip.code) for skip in plan.skips] == [
        (("a", "b"), "in-two-groups"),
        (("c",), "in-two-groups"),
    ]


@pytest.mark.parametrize("can_resolve", [True, False])
@pytest.mark.parametrize(
    ("options", "by_resolving"),
    [
        (DuplicatesOptions(), True),
        (DuplicatesOptions(keep_metadata=False), True),
        (DuplicatesOptions(transfer_metadata=False), False),
    ],
)
def test_resolving_where_our_transfer_leaves_nothing_to_merge(
    asset: Make, facts: MakeFacts, options: DuplicatesOptions, by_resolving: bool, can_resolve: bool
) -> None:
    group = (asset("a.heic"), asset("b.jpg", rating=4, description="text"))
    plan = make_plan(facts(group, tags={"b": frozenset({SUNSET})}, can_resolve=can_resolve), options)
    assert bare(plan.changes[-1].action) == TrashAssets(("b",), ("a",), "g1", by_resolving=by_resolving and can_resolve)


def test_no_resolving_while_nothing_is_known_of_albums_and_tags(asset: Make, facts: MakeFacts) -> None:
    known = facts((asset("a.heic"), asset("b.jpg")), can_resolve=True)
    (trash,) = make_plan(known, DuplicatesOptions(transfer_metadata=False)).changes
    assert bare(trash.action) == TrashAssets(("b",), ("a",), "g1", by_resolving=False)


def test_no_resolving_where_the_server_would_merge_more(asset: Make, facts: MakeFacts) -> None:
    group = (asset("a.heic", description="mine"), asset("b.jpg", description="other"))
    action = make_plan(facts(group, can_resolve=True)).changes[-1].action
    assert bare(action) == TrashAssets(("b",), ("a",), "g1", by_resolving=False)


def test_people_who_are_only_on_losers_are_reported(asset: Make, facts: MakeFacts) -> None:
    people = {"a": frozenset({ANNA}), "b": frozenset({ANNA, BEN})}
    plan = make_plan(facts((asset("a.heic"), asset("b.jpg")), people=people))
    assert plan.changes[-1].reason.endswith("recognised only on a copy that goes: Ben")
    assert plan.notes == ("In 1 group somebody is recognised only on a copy that goes: Ben.",)


def test_people_that_could_not_be_read(asset: Make, facts: MakeFacts) -> None:
    unread = facts((asset("a.heic"), asset("b.jpg")), people=None)
    assert "person.read" in make_plan(unread).notes[0]
    assert make_plan(unread, DuplicatesOptions(report_people=False)).notes == ()


def test_archived_and_external_copies_are_reported(asset: Make, facts: MakeFacts) -> None:
    archive = Visibility.ARCHIVE
    plan = make_plan(
        facts(
            (asset("a.heic", visibility=archive), asset("b.jpg")),
            (asset("c.heic"), asset("d.jpg", visibility=archive)),
            (asset("e.heic"), asset("f.jpg", library_id="l")),
            (asset("g.heic", library_id="l"), asset("h.jpg")),
        )
    )
    reasons = {change.group: change.reason for change in plan.changes if change.id.startswith("trash")}
    assert "shown in the timeline again" in reasons["g1"]
    assert "an archived copy goes" in reasons["g2"]
    assert "the copy of an external library goes" in reasons["g3"]
    assert "the uploaded copy goes" in reasons["g4"]
    assert [change.id for change in plan.changes if change.id.startswith("field")] == ["field:a:visibility"]
    assert len(plan.notes) == 4
    left = make_plan(
        facts((asset("a.heic", visibility=archive), asset("b.jpg"))),
        DuplicatesOptions(archived=ArchivedKeeper.IGNORE),
    )
    assert left.notes == ("In 1 group the photo leaves the timeline, because the copy that stays is archived.",)


def test_a_missing_date_is_taken_from_a_loser_with_its_zone(asset: Make, facts: MakeFacts) -> None:
    dated = asset("b.jpg", date_time_original=datetime(2024, 5, 3, 12, 0, 5, 937000, tzinfo=UTC))
    group = (asset("a.heic", date_time_original=None), dated)
    plan = make_plan(facts(group), DuplicatesOptions(rank=(Rule.FORMAT,)))
    assert plan.changes[0].id == "field:a:date_time_original"
    assert getattr(plan.changes[0].action, "after") == "2024-05-03T14:00:05.937000+02:00"  # noqa: B009


def test_options_are_in_the_plan(facts: MakeFacts) -> None:
    options = DuplicatesOptions(only_pairs=True)
    assert from_document(DuplicatesOptions, make_plan(facts(), options).options) == options


def test_a_placeholder_gives_way_to_a_date_and_is_never_carried_over(asset: Make, facts: MakeFacts) -> None:
    epoch, taken = datetime(1970, 1, 1, tzinfo=UTC), datetime(2021, 7, 4, 10, tzinfo=UTC)
    options = DuplicatesOptions(rank=(Rule.FORMAT,))
    plan = make_plan(
        facts((asset("a.heic", date_time_original=epoch), asset("b.jpg", date_time_original=taken))), options
    )
    (action,) = (change.action for change in plan.changes if isinstance(change.action, SetField))
    assert (action.before, action.after) == ("1970-01-01T02:00:00+02:00", "2021-07-04T12:00:00+02:00")
    for date in (taken, epoch, None):
        group = (asset("a.heic", date_time_original=date), asset("b.jpg", date_time_original=epoch))
        assert not [each for each in make_plan(facts(group), options).changes if isinstance(each.action, SetField)]


def test_a_copy_that_loses_by_a_placeholder_says_so(asset: Make, facts: MakeFacts) -> None:
    copies = (asset("camera.jpg"), asset("scan.jpg", date_time_original=datetime(1970, 1, 1, tzinfo=UTC)))
    plan = make_plan(facts(copies))
    assert plan.keeps[0].reason == "kept: taken earliest"
    assert plan.changes[-1].reason == "scan.jpg: no date, only a placeholder: 1970-01-01"


def test_links_that_only_show_a_copy_that_goes_are_reported(asset: Make, facts: MakeFacts) -> None:
    def link(name: str, description: str, *ids: str) -> SharedLink:
        return SharedLink(name, description, "2024-05-03", frozenset(ids))

    links = (
        link("1", "For Anna", "b"),
        link("2", "", "b", "other"),
        link("3", "Both", "a", "b"),
        link("4", "Kept", "a"),
    )
    plan = make_plan(facts((asset("a.heic"), asset("b.jpg")), links=links))
    assert "shown only as a copy that goes by the shared link 'For Anna', of 2024-05-03" in plan.changes[-1].reason
    (note,) = plan.notes
    assert note.startswith("In 1 group a shared link") and note.endswith(": 'For Anna', of 2024-05-03.")
    (unread,) = make_plan(facts((asset("a.heic"), asset("b.jpg")), links=None)).notes
    assert "sharedLink.read" in unread
