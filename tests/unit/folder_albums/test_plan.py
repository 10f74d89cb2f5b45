"""What the planner decides, case by case; every test names only what it is about."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar

import pytest
from attrs import evolve

from immich_tools.folder_albums import (
    AlbumProperties,
    FolderAlbumsOptions,
    FolderFacts,
    MadeAlbum,
    Mode,
    Share,
    ShareRole,
    SortOrder,
    SyncMode,
    ThumbnailChoice,
    UpdateMode,
    make_plan,
)
from immich_tools.folder_albums.scheme import Scheme
from immich_tools.immich.models import Album, AlbumRole, AlbumUser, Asset, AssetType, Tag, User, Version, Visibility
from immich_tools.plan.effects.album_creation import CreateAlbum, DeleteAlbum
from immich_tools.plan.effects.albums import AddToAlbum, AlbumField, RemoveFromAlbum, SetAlbumField, ShareAlbum
from immich_tools.plan.effects.assets import SetField
from immich_tools.plan.effects.base import Action
from immich_tools.plan.effects.tags import AddTag, TagAssets
from immich_tools.plan.fields import AssetField
from immich_tools.plan.model import Plan
from immich_tools.plan.storage import plan_from_json, plan_to_json

ME = "me"
ROOT = "/ext/lib"
NOON = datetime(2024, 5, 3, 12, tzinfo=UTC)
USERS = (User(ME, "Me", "me@x"), User("u-dad", "dad", "dad@x"), User("u-mom", "mom", "mom@x"))


def asset(path: str, **values: Any) -> Asset:
    """A file whose id is its path below the root, unless it is given; `days` is added to its date."""
    when = NOON + timedelta(days=values.pop("days", 0))
    fields: dict[str, Any] = {
        "id": path.removeprefix(ROOT + "/"),
        "owner_id": ME,
        "type": AssetType.IMAGE,
        "original_path": path if path.startswith("/") else f"{ROOT}/{path}",
        "original_file_name": path.rpartition("/")[2],
        "file_created_at": when,
        "local_date_time": when,
        "library_id": "lib",
    }
    return Asset(**(fields | values))


def album(name: str, **values: Any) -> Album:
    """An own album whose id is its name, unless it is given."""
    fields: dict[str, Any] = {"id": name, "name": name, "owner_id": ME, "role": AlbumRole.OWNER, "asset_count": 1}
    return Album(**(fields | values))


def plan_of(*assets: Asset, options: dict[str, Any] | None = None, **facts: Any) -> Plan:
    """The plan for some files, with one root unless `options` say otherwise."""
    chosen = FolderAlbumsOptions(**({"root_path": (ROOT,)} | (options or {})))
    scheme = chosen.scheme
    if "made" in facts:
        facts["made"] = {
            album_id: evolve(known, scheme=scheme) if known.scheme == Scheme() else known
            for album_id, known in facts["made"].items()
        }
    values: dict[str, Any] = {"user_id": ME, "server_version": Version(2, 3, 1), "population": 1000, "users": USERS}
    plan = make_plan(FolderFacts(assets=assets, **(values | facts)), chosen)
    assert plan_from_json(plan_to_json(plan)) == plan
    return plan


def actions(plan: Plan) -> list[Action]:
    return [change.action for change in plan.changes]


def made(name: str, *asset_ids: str, label: str | None = None) -> MadeAlbum:
    return MadeAlbum(label or name, name, frozenset(asset_ids))


def skips(plan: Plan) -> dict[str, tuple[str, ...]]:
    return {skip.code: skip.asset_ids for skip in plan.skips}


def members(**ids: Iterable[str]) -> dict[str, frozenset[str]]:
    return {album_id: frozenset(each) for album_id, each in ids.items()}


EVERYTHING = {"find_assets_in_albums": True}


def test_one_change_makes_an_album_with_all_that_belongs_to_it() -> None:
    plan = plan_of(
        asset("A/2.jpg", days=2),
        asset("A/B/1.jpg", days=1),
        options={
            "share_with": ("dad@x=editor", "mom"),
            "album_order": SortOrder.ASCENDING,
            "set_album_thumbnail": ThumbnailChoice.LAST,
            "comments_and_likes": False,
        },
        properties={f"{ROOT}/A": AlbumProperties(description="Summer")},
    )
    assert actions(plan) == [
        CreateAlbum("A", ("A/2.jpg", "A/B/1.jpg"), "Summer", ("u-dad=editor", "u-mom=viewer"), "asc", False, "A/2.jpg")
    ]
    assert plan.changes[0].id == "create:A" and plan.notes == ()
    assert plan.changes[0].reason == f"from {ROOT}/A and 1 more folder, shared with dad (editor), mom (viewer)"


@pytest.mark.parametrize(
    ("path", "levels", "name"),
    [
        ("img.jpg", "1", None),
        ("A/img.jpg", "1", "A"),
        ("A/B/C/img.jpg", "2", "A B"),
        ("A/B/C/img.jpg", "-2", "B C"),
        ("A/img.jpg", "2,2", None),
        ("A/B/C/D/img.jpg", "-3,-2", "B C"),
        ("A/B/img.jpg", "-4,-4", "A"),
        ("/ext/library2/A/img.jpg", "1", None),
    ],
)
def test_names_of_albums(path: str, levels: str, name: str | None) -> None:
    plan = plan_of(asset(path), options={"album_levels": levels})
    assert [action.name for action in actions(plan) if isinstance(action, CreateAlbum)] == [name][: name is not None]
    assert bool(plan.skips) is (name is None)


@pytest.mark.parametrize(
    ("values", "code"),
    [
        ({"owner_id": "partner"}, "not-own"),
        ({"is_trashed": True}, "unfit"),
        ({"visibility": Visibility.HIDDEN}, "unfit"),
        ({"visibility": Visibility.LOCKED}, "unfit"),
        ({"visibility": Visibility.UNKNOWN}, "unfit"),
        ({"type": AssetType.OTHER}, "unfit"),
        ({"original_path": ""}, "outside-roots"),
    ],
)
def test_files_that_are_never_touched(values: dict[str, Any], code: str) -> None:
    plan = plan_of(asset("A/1.jpg", **values), asset("A/2.jpg"))
    assert actions(plan) == [CreateAlbum("A", ("A/2.jpg",))]
    assert skips(plan) == {code: ("A/1.jpg",)}


def test_filters_select_first_and_then_ignore() -> None:
    plan = plan_of(
        asset("2020/a.jpg"),
        asset("2020/Feb/b.jpg"),
        asset("2021/c.jpg"),
        options={"path_filter": ("2020/**",), "ignore": ("Feb",)},
    )
    assert actions(plan) == [CreateAlbum("2020", ("2020/a.jpg",))]
    assert skips(plan) == {"not-selected": ("2021/c.jpg",), "ignored": ("2020/Feb/b.jpg",)}


def test_folders_of_one_name_share_an_album_or_not() -> None:
    files = asset("2020/Sony/1.jpg"), asset("2021/Sony/2.jpg")
    merged = plan_of(*files, options={"album_levels": "-1"})
    assert actions(merged) == [CreateAlbum("Sony", ("2020/Sony/1.jpg", "2021/Sony/2.jpg"))]
    apart = plan_of(*files, options={"album_levels": "-1", "merge": False})
    assert actions(apart) == [CreateAlbum("Sony", ("2020/Sony/1.jpg",)), CreateAlbum("Sony", ("2021/Sony/2.jpg",))]


def test_albums_kept_apart_are_found_again() -> None:
    files = asset("2020/Sony/1.jpg"), asset("2020/Sony/3.jpg"), asset("2021/Sony/2.jpg"), asset("2021/Sony/4.jpg")
    by_content, by_journal = album("Sony", id="al-1"), album("Sony", id="al-2")
    plan = plan_of(
        *files,
        options={"album_levels": "-1", "merge": False, **EVERYTHING},
        albums=(by_content, by_journal),
        members={"al-1": frozenset({"2020/Sony/1.jpg"}), "al-2": frozenset()},
        made={"al-2": made("Sony", label=f"{ROOT}/2021/Sony//Sony")},
    )
    added = [(action.album_id, action.asset_id) for action in actions(plan) if isinstance(action, AddToAlbum)]
    assert added == [("al-1", "2020/Sony/3.jpg"), ("al-2", "2021/Sony/2.jpg"), ("al-2", "2021/Sony/4.jpg")]


def test_an_album_kept_apart_does_not_take_in_another_folder_of_its_name() -> None:
    """The files of its own folder are in it already, and mostly only others are read."""
    plan = plan_of(
        asset("2021/Sony/2.jpg"),
        options={"album_levels": "-1", "merge": False},
        albums=(album("Sony"),),
        members={"Sony": frozenset({"2020/Sony/1.jpg"})},
        made={"Sony": made("Sony", "2020/Sony/1.jpg", label=f"{ROOT}/2020/Sony//Sony")},
    )
    assert actions(plan) == [CreateAlbum("Sony", ("2021/Sony/2.jpg",))]


@pytest.mark.parametrize("known", [{}, {"Sony": made("Sony")}], ids=["made by hand", "made when folders were merged"])
def test_an_album_of_no_folder_in_particular_is_that_of_the_only_folder_of_its_name(
    known: dict[str, MadeAlbum],
) -> None:
    plan = plan_of(
        asset("2021/Sony/2.jpg"),
        options={"album_levels": "-1", "merge": False},
        albums=(album("Sony"),),
        members={"Sony": frozenset({"other"})},
        made=known,
    )
    assert actions(plan) == [AddToAlbum("2021/Sony/2.jpg", "Sony", "Sony")]


def test_parents_get_albums_too() -> None:
    plan = plan_of(
        asset("2020/Rome/1.jpg"),
        asset("2020/2.jpg"),
        options={"album_levels": "2", "album_separator": "/", "also_parents": True},
    )
    assert actions(plan) == [
        CreateAlbum("2020", ("2020/2.jpg", "2020/Rome/1.jpg")),
        CreateAlbum("2020/Rome", ("2020/Rome/1.jpg",)),
    ]


def test_the_album_of_the_folders_below_is_that_of_the_folder_itself() -> None:
    plan = plan_of(
        asset("2020/1.jpg"),
        asset("2020/Rome/2.jpg"),
        asset("2021/Rome/3.jpg"),
        options={"album_levels": "-2", "also_parents": True, "merge": False},
    )
    assert actions(plan) == [
        CreateAlbum("2020", ("2020/1.jpg", "2020/Rome/2.jpg")),
        CreateAlbum("2020 Rome", ("2020/Rome/2.jpg",)),
        CreateAlbum("2021", ("2021/Rome/3.jpg",)),
        CreateAlbum("2021 Rome", ("2021/Rome/3.jpg",)),
    ]


def test_a_folder_does_not_speak_for_the_album_above_but_keeps_people_out_of_it() -> None:
    plan = plan_of(
        asset("2020/Rome/1.jpg"),
        options={"album_levels": "2", "also_parents": True, "share_with": ("dad", "mom")},
        properties={
            f"{ROOT}/2020/Rome": AlbumProperties(
                description="Rome", share_with=(Share("mom", ShareRole.NONE), Share("me@x"))
            )
        },
    )
    above = actions(plan)[0]
    assert isinstance(above, CreateAlbum)
    assert (above.name, above.description, above.shares) == ("2020", "", ("u-dad=viewer",))


class TestMatching:
    def test_only_what_is_missing_is_added(self) -> None:
        plan = plan_of(
            asset("A/1.jpg"), asset("A/2.jpg"), albums=(album("A"),), members=members(A=["A/1.jpg"]), options=EVERYTHING
        )
        assert actions(plan) == [AddToAlbum("A/2.jpg", "A", "A")]
        assert [keep.asset_id for keep in plan.keeps] == ["A/1.jpg"]

    def test_names_are_compared_in_composed_form(self) -> None:
        plan = plan_of(asset("Mu\u0308nchen/1.jpg"), albums=(album("M\u00fcnchen", id="al"),))
        assert actions(plan) == [AddToAlbum("Mu\u0308nchen/1.jpg", "al", "M\u00fcnchen")]

    @pytest.mark.parametrize(
        ("made_id", "used", "word"), [("new", "new", "made by this tool"), (None, "old", "oldest")]
    )
    def test_of_several_the_one_this_tool_made_else_the_oldest(self, made_id: str | None, used: str, word: str) -> None:
        albums = (
            album("A", id="unknown"),
            album("A", id="new", created_at=NOON),
            album("A", id="old", created_at=NOON - timedelta(days=1)),
        )
        plan = plan_of(asset("A/1.jpg"), albums=albums, made={made_id: made("A")} if made_id else {})
        assert actions(plan) == [AddToAlbum("A/1.jpg", used, "A")]
        assert "3 albums of yours are called 'A'" in plan.notes[0] and word in plan.notes[0]

    def test_an_album_of_somebody_else_is_left_alone(self) -> None:
        foreign = album("A", owner_id="x", role=AlbumRole.EDITOR)
        plan = plan_of(asset("A/1.jpg"), albums=(foreign,))
        assert actions(plan) == [CreateAlbum("A", ("A/1.jpg",))]
        assert "of somebody else" in plan.notes[0]

    def test_an_album_its_owner_named_differently_is_used(self) -> None:
        plan = plan_of(asset("A/1.jpg"), albums=(album("Summer"),), made={"Summer": made("A")})
        assert actions(plan) == [AddToAlbum("A/1.jpg", "Summer", "Summer")]

    def test_an_album_counts_for_one_folder_alone(self) -> None:
        """What was made for folder A is called B by now, and there is a folder B."""
        plan = plan_of(asset("A/1.jpg"), asset("B/2.jpg"), albums=(album("B", id="al"),), made={"al": made("A")})
        assert actions(plan) == [CreateAlbum("A", ("A/1.jpg",)), AddToAlbum("B/2.jpg", "al", "B")]


class TestProperties:
    CHANGED = AlbumProperties(
        description="new", sort_order=SortOrder.DESCENDING, comments_and_likes_enabled=False, share_with=(Share("mom"),)
    )
    THERE = album(
        "A",
        description="old",
        order="asc",
        is_activity_enabled=True,
        users=(AlbumUser("u-dad", AlbumRole.EDITOR),),
    )

    def changes(self, mode: UpdateMode) -> list[Action]:
        plan = plan_of(
            asset("A/1.jpg"),
            options={"update_album_props_mode": mode, **EVERYTHING},
            albums=(self.THERE,),
            members=members(A=["A/1.jpg"]),
            properties={f"{ROOT}/A": self.CHANGED},
        )
        return actions(plan)

    def test_update_modes(self) -> None:
        properties: list[Action] = [
            SetAlbumField("A", "A", AlbumField.DESCRIPTION, "old", "new"),
            SetAlbumField("A", "A", AlbumField.ORDER, "asc", "desc"),
            SetAlbumField("A", "A", AlbumField.ACTIVITY, True, False),
        ]
        sharing: list[Action] = [
            ShareAlbum("A", "A", "u-dad", "dad", before="editor", after=None),
            ShareAlbum("A", "A", "u-mom", "mom", before=None, after="viewer"),
        ]
        assert self.changes(UpdateMode.NOTHING) == []
        assert self.changes(UpdateMode.PROPERTIES) == properties
        assert self.changes(UpdateMode.SHARING) == properties + sharing

    def test_without_a_list_nobody_is_removed(self) -> None:
        plan = plan_of(
            asset("A/1.jpg"),
            options={"update_album_props_mode": UpdateMode.SHARING, **EVERYTHING},
            albums=(self.THERE,),
            members=members(A=["A/1.jpg"]),
        )
        assert plan.changes == ()

    def test_conflicts_and_unknown_users_are_told(self) -> None:
        plan = plan_of(
            asset("A/x/1.jpg"),
            asset("A/y/2.jpg"),
            options={"share_with": ("daddy",)},
            properties={
                f"{ROOT}/A/x": AlbumProperties(description="one"),
                f"{ROOT}/A/y": AlbumProperties(description="two"),
            },
        )
        assert actions(plan) == [CreateAlbum("A", ("A/x/1.jpg", "A/y/2.jpg"))]
        assert "'description' is left as it is" in plan.notes[0] and "perhaps 'dad' is meant" in plan.notes[1]

    def test_notes_name_albums_as_people_know_them(self) -> None:
        """What tells albums of one name apart is for the tool alone."""
        plan = plan_of(
            asset("A/1.jpg"),
            asset("B/2.jpg"),
            options={
                "merge": False,
                "share_with": ("daddy",),
                "update_album_props_mode": UpdateMode.SHARING,
                **EVERYTHING,
            },
            properties={
                f"{ROOT}/A": AlbumProperties(thumbnail_setting="/nowhere.jpg"),
                f"{ROOT}/B": AlbumProperties(thumbnail_setting="/nowhere.jpg"),
            },
            albums=(album("B", users=(AlbumUser("u-mom", AlbumRole.VIEWER),)),),
            members=members(B=["B/2.jpg"]),
        )
        notes = "\n".join(plan.notes)
        assert "Nobody was removed from 'B'" in notes
        assert "Album 'A' has no file /nowhere.jpg" in notes and "Album 'B' has no file /nowhere.jpg" in notes

    def test_what_cannot_be_read_or_is_locked_leaves_the_folder_alone(self) -> None:
        plan = plan_of(
            asset("A/1.jpg"),
            asset("B/2.jpg"),
            broken={f"{ROOT}/A": "line 1: no YAML"},
            properties={f"{ROOT}/B": AlbumProperties(visibility=Visibility.LOCKED)},
        )
        assert plan.changes == ()
        assert skips(plan) == {"properties-invalid": ("A/1.jpg",), "locked": ("B/2.jpg",)}

    def test_each_locked_folder_is_told_and_the_rest_goes_on(self) -> None:
        locked = AlbumProperties(visibility=Visibility.LOCKED)
        plan = plan_of(
            asset("A/1.jpg"),
            asset("B/2.jpg"),
            asset("C/3.jpg"),
            properties={f"{ROOT}/A": locked, f"{ROOT}/B": locked},
        )
        assert actions(plan) == [CreateAlbum("C", ("C/3.jpg",))]
        assert [(skip.group, skip.asset_ids) for skip in plan.skips] == [
            (f"{ROOT}/A", ("A/1.jpg",)),
            (f"{ROOT}/B", ("B/2.jpg",)),
        ]
        assert all("no API key can take files out of the locked folder" in skip.reason for skip in plan.skips)

    def test_a_name_of_its_own_gathers_folders(self) -> None:
        plan = plan_of(
            asset("A/1.jpg"),
            asset("B/2.jpg"),
            options={"merge": False},
            properties={f"{ROOT}/{name}": AlbumProperties(override_name="2020") for name in "AB"},
        )
        assert actions(plan) == [CreateAlbum("2020", ("A/1.jpg", "B/2.jpg"))]


class TestThumbnails:
    FILES = (asset("A/1.jpg", days=3), asset("A/2.jpg", days=1), asset("A/3.jpg", days=2))

    @pytest.mark.parametrize(
        ("setting", "chosen"),
        [
            (ThumbnailChoice.FIRST, {"A/2.jpg"}),
            (ThumbnailChoice.LAST, {"A/1.jpg"}),
            (ThumbnailChoice.RANDOM, {"A/1.jpg", "A/2.jpg", "A/3.jpg"}),
            (ThumbnailChoice.RANDOM_ALL, {"A/1.jpg", "A/2.jpg", "A/3.jpg"}),
        ],
    )
    def test_choices(self, setting: ThumbnailChoice, chosen: set[str]) -> None:
        plans = [plan_of(*files, options={"set_album_thumbnail": setting}) for files in (self.FILES, self.FILES[::-1])]
        first, second = (actions(plan)[0] for plan in plans)
        assert isinstance(first, CreateAlbum) and first == second
        assert first.thumbnail_asset_id in chosen

    def test_a_path(self) -> None:
        said = AlbumProperties(thumbnail_setting=f"{ROOT}/A/3.jpg")
        plan = plan_of(*self.FILES, properties={f"{ROOT}/A": said})
        assert isinstance(action := actions(plan)[0], CreateAlbum) and action.thumbnail_asset_id == "A/3.jpg"
        gone = plan_of(*self.FILES, properties={f"{ROOT}/A": AlbumProperties(thumbnail_setting="/x.jpg")})
        assert isinstance(action := actions(gone)[0], CreateAlbum) and action.thumbnail_asset_id is None
        assert "has no file /x.jpg" in gone.notes[0]

    def test_filtered_in_an_album_that_holds_other_files(self) -> None:
        other = asset("A/raw.jpg", id="raw")
        plan = plan_of(
            asset("A/1.jpg"),
            options={"set_album_thumbnail": ThumbnailChoice.RANDOM_FILTERED, "ignore": ("raw",), **EVERYTHING},
            albums=(album("A", thumbnail_asset_id="raw"),),
            members=members(A=["A/1.jpg", "raw"]),
            pictures={"raw": other},
        )
        assert actions(plan) == [SetAlbumField("A", "A", AlbumField.THUMBNAIL, "raw", "A/1.jpg")]

    def test_a_new_picture_is_added_before_it_stands_for_the_album(self) -> None:
        old = asset("/upload/old.jpg", id="old", days=9)
        plan = plan_of(
            asset("A/1.jpg"),
            options={"set_album_thumbnail": ThumbnailChoice.FIRST},
            albums=(album("A", thumbnail_asset_id="old"),),
            members=members(A=["old"]),
            pictures={"old": old},
        )
        assert [change.id for change in plan.changes] == ["add:A:A/1.jpg", "thumbnail_asset_id:A"]
        assert plan.changes[1].requires == ("add:A:A/1.jpg",)

    def test_random_all_is_for_every_album(self) -> None:
        plan = plan_of(
            options={"set_album_thumbnail": ThumbnailChoice.RANDOM_ALL},
            albums=(album("By hand"), album("Empty", asset_count=0), album("X", owner_id="x", role=AlbumRole.EDITOR)),
            members={"By hand": frozenset({"one"}), "Empty": frozenset(), "X": frozenset({"two"})},
        )
        assert actions(plan) == [SetAlbumField("By hand", "By hand", AlbumField.THUMBNAIL, None, "one")]


def test_random_all_leaves_albums_alone_whose_folders_may_say_otherwise() -> None:
    facts: dict[str, Any] = {
        "albums": (album("A", thumbnail_asset_id="x"), album("By hand", thumbnail_asset_id="x")),
        "members": members(A=["1"], **{"By hand": ["2"]}),
        "made": {"A": made("A", "1")},
    }
    options: dict[str, Any] = {"set_album_thumbnail": ThumbnailChoice.RANDOM_ALL}
    by_hand = SetAlbumField("By hand", "By hand", AlbumField.THUMBNAIL, "x", "2")
    assert actions(plan_of(options={**options, "read_album_properties": True}, **facts)) == [by_hand]
    assert actions(plan_of(options=options, **facts)) == [
        SetAlbumField("A", "A", AlbumField.THUMBNAIL, "x", "1"),
        by_hand,
    ]


def test_files_are_archived_once_they_are_in_their_album() -> None:
    plan = plan_of(asset("A/1.jpg"), asset("B/2.jpg"), options={"archive": True}, albums=(album("B"),))
    fields = [change for change in plan.changes if isinstance(change.action, SetField)]
    assert [change.action for change in fields] == [
        SetField("A/1.jpg", AssetField.VISIBILITY, Visibility.TIMELINE, Visibility.ARCHIVE),
        SetField("B/2.jpg", AssetField.VISIBILITY, Visibility.TIMELINE, Visibility.ARCHIVE),
    ]
    assert [change.requires for change in fields] == [("create:A",), ("add:B:B/2.jpg",)]


@pytest.mark.parametrize(("mode", "count"), [(UpdateMode.NOTHING, 0), (UpdateMode.PROPERTIES, 1)])
def test_members_are_archived_in_update_modes_only(mode: UpdateMode, count: int) -> None:
    plan = plan_of(
        asset("A/1.jpg"),
        options={"visibility": Visibility.ARCHIVE, "update_album_props_mode": mode, **EVERYTHING},
        albums=(album("A"),),
        members=members(A=["A/1.jpg"]),
    )
    assert len(plan.changes) == count


def test_tags_name_the_folder_and_those_that_do_not_exist_are_made() -> None:
    plan = plan_of(
        asset("A/B/1.jpg"),
        asset("A/B/2.jpg"),
        asset("C/3.jpg"),
        options={"tag": True},
        tags=(Tag("A/B", "t-1"),),
        tagged={"t-1": frozenset({"A/B/1.jpg"})},
    )
    tagging = [action for action in actions(plan) if isinstance(action, AddTag | TagAssets)]
    assert tagging == [AddTag("A/B/2.jpg", "t-1", "A/B"), TagAssets("C", ("C/3.jpg",))]
    assert not plan.notes


def test_folders_that_no_tag_can_be_named_after_are_told_once_for_each_reason() -> None:
    plan = plan_of(*(asset(f"{name}/1.jpg") for name in ("a\tb", "c\td", "x" * 3000, "C")), options={"tag": True})
    assert [action for action in actions(plan) if isinstance(action, TagAssets)] == [TagAssets("C", ("C/1.jpg",))]
    told = [note for note in plan.notes if "not tagged" in note]
    assert len(told) == 2 and "a\tb" in told[0] and "c\td" in told[0] and "2500 bytes" in told[1]


class TestSync:
    def test_empty_albums_of_this_tool(self) -> None:
        albums = (album("Made", asset_count=0), album("By hand", asset_count=0), album("Full"))
        facts: dict[str, Any] = {"albums": albums, "made": {"Made": made("Made"), "Full": made("Full")}}
        plan = plan_of(asset("A/1.jpg"), options={"sync_mode": SyncMode.EMPTY_ALBUMS}, **facts)
        assert actions(plan)[1:] == [DeleteAlbum("Made", album_id="Made")]
        assert "By hand" in plan.notes[0]
        told = plan_of(options={"sync_mode": SyncMode.EMPTY_ALBUMS, "include_foreign": True}, **facts)
        assert {action.name for action in actions(told) if isinstance(action, DeleteAlbum)} == {"By hand", "Made"}

    def test_an_empty_album_that_is_filled_stays(self) -> None:
        plan = plan_of(
            asset("A/1.jpg"),
            options={"sync_mode": SyncMode.EMPTY_ALBUMS},
            albums=(album("A", asset_count=0),),
            made={"A": made("A")},
        )
        assert actions(plan) == [AddToAlbum("A/1.jpg", "A", "A")]

    def test_removals_only_of_what_the_tool_put_there_and_the_file_moves_on_at_once(self) -> None:
        plan = plan_of(
            asset("B/moved.jpg"),
            asset("A/stays.jpg"),
            asset("/upload/by-hand.jpg"),
            options={"sync_removals": True},
            albums=(album("A"), album("By hand"), album("C")),
            members={
                "A": frozenset({"B/moved.jpg", "A/stays.jpg", "/upload/by-hand.jpg", "unread"}),
                "By hand": frozenset({"B/moved.jpg"}),
                "C": frozenset({"B/moved.jpg", "unread"}),
            },
            made={"A": made("A", "B/moved.jpg", "A/stays.jpg", "unread"), "C": made("C", "B/moved.jpg", "unread")},
            loose=frozenset(),
        )
        assert actions(plan) == [
            CreateAlbum("B", ("B/moved.jpg",)),
            RemoveFromAlbum("B/moved.jpg", "A", "A"),
            RemoveFromAlbum("B/moved.jpg", "C", "C"),
        ]

    @pytest.mark.parametrize(
        ("other", "removed"),
        [
            ({}, 1),
            ({"root_path": ("/ext",)}, 1),
            ({"root_path": ("/elsewhere", ROOT)}, 0),
            ({"album_levels": "-1"}, 0),
        ],
    )
    def test_albums_of_a_run_with_other_levels_or_roots_keep_their_files(
        self, other: dict[str, Any], removed: int
    ) -> None:
        scheme = FolderAlbumsOptions(**({"root_path": (ROOT,)} | other)).scheme
        plan = plan_of(
            asset("B/1.jpg"),
            asset("B/2.jpg"),
            options={"sync_removals": True, "root_path": (ROOT, "/ext")},
            albums=(album("A"), album("B")),
            members=members(A=["B/1.jpg"], B=["B/1.jpg", "B/2.jpg"]),
            made={"A": MadeAlbum("A", "A", frozenset({"B/1.jpg"}), scheme)},
            loose=frozenset(),
        )
        assert len(plan.changes) == removed

    def test_no_removal_where_the_folder_could_not_be_read(self) -> None:
        plan = plan_of(
            asset("A/1.jpg"),
            options={"sync_removals": True},
            albums=(album("A"),),
            members=members(A=["A/1.jpg"]),
            made={"A": made("A", "A/1.jpg")},
            broken={f"{ROOT}/A": "?"},
        )
        assert plan.changes == ()


def test_what_is_in_some_album_stays_there() -> None:
    plan = plan_of(
        asset("A/1.jpg"),
        asset("A/2.jpg"),
        options={"sync_mode": SyncMode.OFFLINE_ASSETS},
        loose=frozenset({"A/2.jpg"}),
    )
    assert actions(plan) == [CreateAlbum("A", ("A/2.jpg",))]
    assert [(keep.asset_id, keep.reason) for keep in plan.keeps] == [("A/1.jpg", "is in an album already")]


class TestCleanup:
    FILES = (asset("A/1.jpg"), asset("B/2.jpg"), asset("C/3.jpg"), asset("D/4.jpg"))
    FACTS: ClassVar[dict[str, Any]] = {
        "albums": (album("A"), album("B"), album("C"), album("X"), album("D", role=AlbumRole.EDITOR, owner_id="x")),
        "members": {
            "A": frozenset({"A/1.jpg", "foreign"}),
            "B": frozenset({"B/2.jpg"}),
            "C": frozenset({"C/3.jpg", "foreign"}),
        },
        "made": {"A": made("A"), "X": made("X")},
    }

    def test_only_albums_that_are_the_tools_or_hold_nothing_else(self) -> None:
        plan = plan_of(*self.FILES, options={"mode": Mode.CLEANUP}, **self.FACTS)
        assert actions(plan) == [
            DeleteAlbum("A", ("A/1.jpg", "foreign"), album_id="A"),
            DeleteAlbum("B", ("B/2.jpg",), album_id="B"),
        ]
        (skip,) = plan.skips
        assert skip.code == "foreign-album" and "'C'" in skip.reason and "1 other file " in skip.reason
        assert [keep.asset_id for keep in plan.keeps] == ["C/3.jpg", "D/4.jpg"]

    def test_others_when_told(self) -> None:
        plan = plan_of(*self.FILES, options={"mode": Mode.CLEANUP, "include_foreign": True}, **self.FACTS)
        assert [action.name for action in actions(plan) if isinstance(action, DeleteAlbum)] == ["A", "B", "C"]

    @pytest.mark.parametrize(("include", "deleted", "told"), [(False, [], {"renamed-album": ()}), (True, ["My A"], {})])
    def test_what_somebody_renamed_stays_and_is_told(self, include: bool, deleted: list[str], told: Any) -> None:
        plan = plan_of(
            asset("A/1.jpg"),
            options={"mode": Mode.CLEANUP, "include_foreign": include},
            albums=(album("My A", id="A"),),
            members=members(A=["A/1.jpg"]),
            made={"A": made("A")},
        )
        assert [action.name for action in actions(plan) if isinstance(action, DeleteAlbum)] == deleted
        assert skips(plan) == told

    def test_files_show_again(self) -> None:
        plan = plan_of(
            asset("A/1.jpg", visibility=Visibility.ARCHIVE),
            options={"mode": Mode.CLEANUP, "visibility": Visibility.TIMELINE},
            albums=(album("A"),),
            members=members(A=["A/1.jpg"]),
        )
        assert [(change.requires, change.group) for change in plan.changes] == [((), "A"), (("delete-album:A",), "A")]

    def test_a_locked_folder_s_album_goes_like_any_other(self) -> None:
        plan = plan_of(
            *self.FILES,
            options={"mode": Mode.CLEANUP},
            properties={f"{ROOT}/A": AlbumProperties(visibility=Visibility.LOCKED)},
            **self.FACTS,
        )
        assert [action.name for action in actions(plan) if isinstance(action, DeleteAlbum)] == ["A", "B"]

    def test_albums_of_other_folders_of_the_same_name_stay_where_these_are_kept_apart(self) -> None:
        plan = plan_of(
            asset("2020/Sony/1.jpg"),
            options={"mode": Mode.CLEANUP, "album_levels": "-1", "merge": False},
            albums=(album("Sony", id="al-1"), album("Sony", id="al-2"), album("Sony", id="al-3")),
            members={
                "al-1": frozenset({"2020/Sony/1.jpg", "by hand"}),
                "al-2": frozenset({"elsewhere"}),
                "al-3": frozenset({"2020/Sony/1.jpg"}),
            },
            made={
                "al-1": made("Sony", label=f"{ROOT}/2020/Sony//Sony"),
                "al-2": made("Sony", label="/other/Sony//Sony"),
            },
        )
        deleted = [action.album_id for action in actions(plan) if isinstance(action, DeleteAlbum)]
        assert deleted == ["al-1", "al-3"]
        assert [skip.code for skip in plan.skips] == ["foreign-album"]

    def test_every_file_is_accounted_for_where_all_albums_go(self) -> None:
        plan = plan_of(
            asset("A/1.jpg", visibility=Visibility.ARCHIVE),
            asset("B/2.jpg"),
            asset("/upload/3.jpg", id="loose"),
            asset("A/4.jpg", owner_id="partner"),
            options={"mode": Mode.DELETE_ALL, "root_path": (), "visibility": Visibility.TIMELINE},
            **self.FACTS,
        )
        shown = [change for change in plan.changes if isinstance(change.action, SetField)]
        assert [(change.action.assets, change.requires) for change in shown] == [(("A/1.jpg",), ("delete-album:A",))]
        assert [keep.asset_id for keep in plan.keeps] == ["loose"] and skips(plan) == {"not-own": ("A/4.jpg",)}

    def test_every_album_without_a_root(self) -> None:
        plan = plan_of(options={"mode": Mode.DELETE_ALL, "root_path": ()}, **self.FACTS)
        assert [action.name for action in actions(plan) if isinstance(action, DeleteAlbum)] == ["A", "B", "C", "X"]


def test_a_root_that_holds_nothing_is_told_with_what_was_meant() -> None:
    plan = plan_of(asset("/external/photos/A/1.jpg"), options={"root_path": ("/mnt/photos",)})
    assert plan.changes == ()
    assert "Did you mean /external/photos?" in plan.notes[0] and "/external/photos/A/1.jpg" in plan.notes[0]


def test_a_root_whose_files_are_all_in_albums_is_right() -> None:
    plan = plan_of(elsewhere=(f"{ROOT}/A/1.jpg",))
    assert plan.notes == ()


@pytest.mark.parametrize(
    "path",
    [
        "A/name without extension",
        "A/.hidden",
        "A/",
        "A/\n",
        "A/\x00.jpg",
        "A/\ud800.jpg",
        "A/" + "x" * 5000,
        "A/\u202e.jpg",
    ],
)
def test_odd_names_are_ordinary_files(path: str) -> None:
    plan = plan_of(asset(path, id="odd"), options={"set_album_thumbnail": ThumbnailChoice.RANDOM})
    assert actions(plan) == [CreateAlbum("A", ("odd",), thumbnail_asset_id="odd")]


@pytest.mark.parametrize("folder", ["\n", "\x00", "\ud800", "..", "A\\B", "\u202e", "x" * 5000])
def test_odd_folders_have_albums_or_a_reason(folder: str) -> None:
    plan = plan_of(asset(f"{folder}/1.jpg", id="odd"), options={"tag": True})
    made = [action for action in actions(plan) if isinstance(action, CreateAlbum)]
    assert [action.asset_ids for action in made] + [skip.asset_ids for skip in plan.skips] == [("odd",)]
