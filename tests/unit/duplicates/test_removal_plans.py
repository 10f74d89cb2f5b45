"""What a removal rests on besides the transfer: links of live photos, covers, and libraries that hold what is written."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from attrs import evolve

from immich_tools.duplicates import DuplicateFacts, DuplicatesOptions, make_plan
from immich_tools.duplicates.choices import Rule
from immich_tools.immich.models import Album, AlbumRole, Asset, Tag
from immich_tools.plan.effects.albums import AlbumField, SetAlbumField
from immich_tools.plan.effects.assets import LinkMotionVideo, TrashAssets
from immich_tools.plan.model import Plan

Make = Callable[..., Asset]
Build = Callable[..., DuplicateFacts]
EXTERNAL_FIRST = DuplicatesOptions(rank=(Rule.LIBRARY, Rule.SIZE), preferred_libraries=("external",))


def trash_of(plan: Plan) -> tuple[TrashAssets, tuple[str, ...]]:
    ((action, requires),) = [
        (change.action, change.requires) for change in plan.changes if isinstance(change.action, TrashAssets)
    ]
    return action, requires


def test_a_crossed_live_photo_is_put_straight_before_a_copy_goes(asset: Make, facts: Build) -> None:
    keeper = asset("k.heic", library_id="archive", live_photo_video_id="uploaded")
    loser = asset("l.heic", live_photo_video_id="archived")
    known = evolve(
        facts((keeper, loser)),
        videos={"uploaded": asset("uploaded.mov"), "archived": asset("archived.mov", library_id="archive")},
    )
    plan = make_plan(known, EXTERNAL_FIRST)
    links = {
        change.id: (change.action.asset_id, change.action.before, change.action.after)
        for change in plan.changes
        if isinstance(change.action, LinkMotionVideo)
    }
    assert links == {"link:k": ("k", "uploaded", "archived"), "link:l": ("l", "archived", "uploaded")}
    action, requires = trash_of(plan)
    assert action.own_videos == ("uploaded",) and set(links) <= set(requires)


@pytest.mark.parametrize("keeper_is_member", [True, False])
def test_the_keeper_takes_over_the_cover_before_the_copy_goes(
    asset: Make, facts: Build, keeper_is_member: bool
) -> None:
    album = Album("album", "Trip", "me", AlbumRole.OWNER, thumbnail_asset_id="l")
    members = {"album": frozenset({"k", "l"} if keeper_is_member else {"l"})}
    known = evolve(facts((asset("k.jpg", file_size=9_000_000), asset("l.jpg"))), albums=(album,), members=members)
    plan = make_plan(known)
    (cover,) = [change for change in plan.changes if isinstance(change.action, SetAlbumField)]
    assert cover.action == SetAlbumField("album", "Trip", AlbumField.THUMBNAIL, before="l", after="k")
    assert cover.requires == (() if keeper_is_member else ("album+:album:k",))
    assert cover.id in trash_of(plan)[1]


def test_covers_of_other_people_and_of_albums_that_the_keeper_does_not_enter_stay(asset: Make, facts: Build) -> None:
    shared = Album("shared", "Theirs", "them", AlbumRole.EDITOR, thumbnail_asset_id="l")
    known = evolve(
        facts((asset("k.jpg", file_size=9_000_000), asset("l.jpg"))),
        albums=(shared,),
        members={"shared": frozenset({"k", "l"})},
    )
    assert not [change for change in make_plan(known).changes if isinstance(change.action, SetAlbumField)]


@pytest.mark.parametrize(
    ("loser", "tags", "codes"),
    [
        ({"description": "words"}, (), ["read-only-library"]),
        ({"rating": 3}, (), ["read-only-library"]),
        ({}, (Tag("sea", "t"),), ["read-only-library"]),
        ({"is_favorite": True}, (), []),
        ({}, (), []),
    ],
)
def test_what_a_read_only_library_would_lose_is_skipped(
    asset: Make, facts: Build, loser: dict[str, Any], tags: tuple[Tag, ...], codes: list[str]
) -> None:
    copies = (asset("k.jpg", library_id="archive"), asset("l.jpg", **loser))
    known = facts(copies, tags={"l": frozenset(tags)})
    assert [skip.code for skip in make_plan(known, EXTERNAL_FIRST).skips] == []
    remembered = evolve(known, read_only_libraries=frozenset({"archive"}))
    plan = make_plan(remembered, EXTERNAL_FIRST)
    assert [skip.code for skip in plan.skips] == codes
    assert bool(plan.removed()) is not bool(codes)
