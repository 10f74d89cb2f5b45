"""What must hold for every plan, whatever the server says."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

import pytest
from attrs import evolve
from hypothesis import given, settings
from hypothesis import strategies as st

from immich_tools.duplicates import (
    ArchivedKeeper,
    DuplicateFacts,
    DuplicatesOptions,
    Media,
    RawPairs,
    Rule,
    make_plan,
)
from immich_tools.duplicates.rank import is_protected
from immich_tools.immich.models import (
    Album,
    AlbumRole,
    Asset,
    AssetType,
    DuplicateGroup,
    Exif,
    Person,
    Place,
    Tag,
    Version,
    Visibility,
)
from immich_tools.plan.effects.albums import AddToAlbum, RemoveFromAlbum
from immich_tools.plan.effects.assets import DeleteForever, LinkMotionVideo, SetField, TrashAssets
from immich_tools.plan.effects.base import Action
from immich_tools.plan.effects.duplicates import DismissDuplicates
from immich_tools.plan.effects.stacks import StackAssets
from immich_tools.plan.effects.tags import AddTag, RemoveTag
from immich_tools.plan.fields import AssetField
from immich_tools.plan.model import Plan
from immich_tools.plan.storage import plan_from_json, plan_to_json
from immich_tools.settings.documents import from_document

ODDITIES: tuple[dict[str, Any], ...] = (
    {"owner_id": "somebody"},
    {"type": AssetType.OTHER},
    {"type": AssetType.VIDEO},
    {"type": AssetType.VIDEO, "duration": 5000},
    {"visibility": Visibility.HIDDEN},
    {"visibility": Visibility.LOCKED},
    {"is_trashed": True},
    {"is_offline": True},
    {"stack_id": "st-2"},
)
SAFE = (unicodedata.normalize("NFC", "/schön"), unicodedata.normalize("NFD", "/schön"))
PLACEHOLDERS = (datetime(1970, 1, 1, tzinfo=UTC), datetime(1980, 1, 6, 1, tzinfo=UTC))
NOON = datetime(2024, 5, 3, 12, tzinfo=UTC)
ALBUMS = (
    Album("al-1", "One", "me", AlbumRole.OWNER),
    Album("al-2", "Two", "x", AlbumRole.EDITOR),
    Album("al-3", "Three", "x", AlbumRole.VIEWER),
)
TAGS = (Tag("a", "t-1"), Tag("a/b", "t-2", "t-1"), Tag("c", "t-3"))
PEOPLE = (Person("Anna", "p-1"), Person("Ben", "p-2"))


def mostly(usual: Any, *others: Any) -> st.SearchStrategy[Any]:
    """The usual value in most draws, so that most groups get past the checks."""
    return st.sampled_from([usual] * (9 * len(others)) + list(others))


@st.composite
def assets(draw: st.DrawFn, asset_id: str) -> Asset:
    extension = draw(st.sampled_from(["heic", "heic", "heic", "jpg", "jpg", "JPG", "png", "", "dng"]))
    exif = Exif(
        file_size=draw(st.sampled_from([None, 0, 1000, 2000])),
        width=draw(mostly(4000, None, 100, 2000)),
        height=draw(mostly(3000, None)),
        date_time_original=draw(
            st.none()
            | st.sampled_from([-3, -0.5, 0, 0.5, 3]).map(lambda days: NOON + timedelta(days=days))
            | st.sampled_from(PLACEHOLDERS)
        ),
        place=draw(st.sampled_from([None, None, Place(1.0, 2.0), Place(3.0, 4.0)])),
        rating=draw(st.sampled_from([None, None, -1, 3, 5])),
        description=draw(st.sampled_from(["", "", "a", "a\nb", "b"])),
        filled=draw(st.integers(0, 3)),
    )
    return Asset(
        id=asset_id,
        owner_id="me",
        type=AssetType.IMAGE,
        original_path=draw(st.sampled_from([*(f"{safe}/" for safe in SAFE), "/free/", "/sicher/"])) + asset_id,
        original_file_name=f"{asset_id}.{extension}",
        file_created_at=NOON,
        local_date_time=NOON + timedelta(hours=draw(st.integers(-11, 14))),
        visibility=draw(st.sampled_from([Visibility.TIMELINE, Visibility.TIMELINE, Visibility.ARCHIVE])),
        is_favorite=draw(st.booleans()),
        live_photo_video_id=draw(mostly(None, f"v-{asset_id}")),
        library_id=draw(mostly(None, "lib")),
        stack_id=draw(mostly(None, "st-1")),
        exif=draw(mostly(exif, None)),
    )


@st.composite
def many_facts(draw: st.DrawFn) -> DuplicateFacts:
    groups = []
    number = 0
    for group in range(draw(st.integers(0, 4))):
        members = []
        for _member in range(draw(st.sampled_from([2, 2, 3, 3, 4, 6]))):
            number += 1
            members.append(draw(assets(f"a-{number:02}")))
        if draw(mostly(False, True, True, True)):
            members[-1] = evolve(members[-1], **draw(st.sampled_from(ODDITIES)))
        suggested = tuple(asset.id for asset in members[:1] if draw(st.booleans()))
        groups.append(DuplicateGroup(f"g-{group}", tuple(members), suggested))
    if len(groups) > 1 and draw(mostly(False, True)):
        groups[1] = evolve(groups[1], assets=(*groups[1].assets, groups[0].assets[0]))
    ids = sorted({asset.id for group in groups for asset in group.assets})
    some = st.frozensets(st.sampled_from(ids), max_size=len(ids) // 2) if ids else st.just(frozenset[str]())
    return DuplicateFacts(
        user_id="me",
        server_version=Version(3, 1, 0),
        population=100,
        groups=tuple(groups),
        albums=ALBUMS,
        members={album.id: draw(some) for album in ALBUMS},
        tags={asset_id: draw(st.frozensets(st.sampled_from(TAGS))) for asset_id in ids},
        people=draw(st.none() | st.just({asset_id: frozenset(PEOPLE[:1]) for asset_id in ids[::2]})),
        videos={
            asset.live_photo_video_id: evolve(
                asset,
                id=asset.live_photo_video_id,
                live_photo_video_id=None,
                library_id=draw(mostly(asset.library_id, "lib", None)),
            )
            for group in groups
            for asset in group.assets
            if asset.live_photo_video_id is not None and draw(mostly(True, False))
        },
        can_resolve=draw(st.booleans()),
    )


@st.composite
def many_options(draw: st.DrawFn) -> DuplicatesOptions:
    keep = draw(st.booleans())
    rules = [rule for rule in Rule if rule not in (Rule.SMALLEST, Rule.LARGEST, Rule.PATH, Rule.LIBRARY)]
    return DuplicatesOptions(
        rank=tuple(draw(st.lists(st.sampled_from(rules), min_size=1, max_size=5, unique=True))),
        date_tolerance=draw(st.sampled_from([0.0, 1.0, 10.0])),
        protected_paths=draw(st.sampled_from([(), (), (), (), *((safe,) for safe in SAFE), (f"{SAFE[0]}/",)])),
        protected_libraries=draw(mostly((), ("external",))),
        only_pairs=draw(mostly(False, True)),
        max_group_size=draw(st.sampled_from([0, 5])),
        media=draw(mostly(Media.ALL, Media.IMAGES)),
        raw=draw(st.sampled_from(RawPairs)),
        archived=draw(st.sampled_from(ArchivedKeeper)),
        allow_different_types=draw(st.booleans()),
        allow_different_resolutions=draw(st.booleans()),
        allow_motion_video_loss=draw(st.booleans()),
        allow_stack_loss=draw(st.booleans()),
        allow_viewer_albums=draw(st.booleans()),
        keep_metadata=keep,
        transfer_metadata=not keep or draw(mostly(True, False)),
        dismiss=draw(mostly(False, True)),
    )


every_plan = given(facts=many_facts(), options=many_options())
examples = settings(max_examples=100, deadline=None)


def removals(plan: Plan) -> list[TrashAssets | DeleteForever]:
    return [change.action for change in plan.changes if isinstance(change.action, TrashAssets | DeleteForever)]


@examples
@every_plan
def test_every_asset_is_accounted_for_exactly_once(facts: DuplicateFacts, options: DuplicatesOptions) -> None:
    plan = make_plan(facts, options)
    told = [keep.asset_id for keep in plan.keeps]
    told += [asset_id for skip in plan.skips for asset_id in skip.asset_ids]
    told += [asset_id for action in removals(plan) for asset_id in action.trashed_ids]
    read = {asset.id for group in facts.groups for asset in group.assets}
    assert sorted(told) == sorted(read)
    assert set(plan.labels) == read


@examples
@every_plan
def test_of_each_processed_group_one_stays_or_all_protected(facts: DuplicateFacts, options: DuplicatesOptions) -> None:
    members = {group.id: group.assets for group in facts.groups}
    for action in removals(make_plan(facts, options)):
        group = members[action.duplicate_id or ""]
        assert sorted((*action.kept_ids, *action.trashed_ids)) == sorted(asset.id for asset in group)
        protected = {asset.id for asset in group if is_protected(asset, options)}
        assert not protected.intersection(action.trashed_ids)
        assert set(action.kept_ids) == protected or (not protected and len(action.kept_ids) == 1)


@examples
@every_plan
def test_nothing_protected_goes_whatever_the_unicode_form_of_either_side(
    facts: DuplicateFacts, options: DuplicatesOptions
) -> None:
    paths = {asset.id: asset.original_path for group in facts.groups for asset in group.assets}
    for action in removals(make_plan(facts, options)):
        if options.protected_paths:
            assert not any(paths[asset_id].startswith(SAFE) for asset_id in action.trashed_ids)


@examples
@every_plan
def test_a_tie_never_decides_between_an_upload_and_the_archive(
    facts: DuplicateFacts, options: DuplicatesOptions
) -> None:
    """With the ids the other way round, the copies that stay are of the same origin."""

    def origins_kept(facts: DuplicateFacts) -> dict[str | None, set[bool]]:
        is_upload = {asset.id: asset.library_id is None for group in facts.groups for asset in group.assets}
        return {
            action.duplicate_id: {is_upload[asset_id] for asset_id in action.kept_ids}
            for action in removals(make_plan(facts, options))
        }

    def mirrored(name: str) -> str:
        return "".join(chr(187 - ord(each)) for each in name)

    other = evolve(
        facts,
        groups=tuple(
            evolve(
                group,
                assets=tuple(evolve(asset, id=mirrored(asset.id)) for asset in group.assets),
                suggested_keep_ids=tuple(map(mirrored, group.suggested_keep_ids)),
            )
            for group in facts.groups
        ),
        members={album: frozenset(map(mirrored, ids)) for album, ids in facts.members.items()},
        tags={mirrored(asset_id): tags for asset_id, tags in facts.tags.items()},
    )
    before, after = origins_kept(facts), origins_kept(other)
    for duplicate_id in before.keys() & after.keys():
        assert before[duplicate_id] == after[duplicate_id]


@examples
@every_plan
def test_a_placeholder_is_never_carried_over_and_never_wins(facts: DuplicateFacts, options: DuplicatesOptions) -> None:
    dates = {
        asset.id: None if asset.exif is None else asset.exif.date_time_original
        for group in facts.groups
        for asset in group.assets
    }
    plan = make_plan(facts, options)
    for change in plan.changes:
        if isinstance(change.action, SetField) and change.action.field is AssetField.DATE:
            assert datetime.fromisoformat(str(change.action.after)) not in PLACEHOLDERS
    for keep in plan.keeps:
        if dates[keep.asset_id] in PLACEHOLDERS:
            assert "taken" not in keep.reason


@examples
@every_plan
def test_no_motion_video_of_another_library_goes(facts: DuplicateFacts, options: DuplicatesOptions) -> None:
    plan = make_plan(facts, options)
    by_id = {asset.id: asset for group in after(facts, plan, keep_trashed=True).groups for asset in group.assets}
    for action in removals(plan):
        spared = {by_id[asset_id].live_photo_video_id for asset_id in action.kept_ids}
        for loser in (by_id[asset_id] for asset_id in action.trashed_ids):
            if loser.live_photo_video_id is not None and loser.live_photo_video_id not in spared:
                video = facts.videos[loser.live_photo_video_id]
                assert video.library_id == loser.library_id and not is_protected(video, options)


@examples
@every_plan
def test_nothing_is_trashed_without_its_transfers(facts: DuplicateFacts, options: DuplicatesOptions) -> None:
    plan = make_plan(facts, options)
    for change in plan.changes:
        if isinstance(change.action, TrashAssets):
            others = {other.id for other in plan.changes if other.group == change.group and other is not change}
            assert set(change.requires) == others
            assert {asset for other in plan.changes if other.id in others for asset in other.action.assets} <= {
                change.action.kept_ids[0]
            }
        else:
            assert change.requires == ()


@examples
@every_plan
def test_only_shown_assets_of_the_user_are_touched(facts: DuplicateFacts, options: DuplicatesOptions) -> None:
    by_id = {asset.id: asset for group in facts.groups for asset in group.assets}
    for change in make_plan(facts, options).changes:
        for asset_id in change.action.assets:
            assert by_id[asset_id].owner_id == "me"
            assert by_id[asset_id].visibility in (Visibility.TIMELINE, Visibility.ARCHIVE)
            assert not by_id[asset_id].is_trashed
            assert by_id[asset_id].type is not AssetType.OTHER


@examples
@given(facts=many_facts(), options=many_options(), random=st.randoms(use_true_random=False))
def test_the_order_of_what_was_read_does_not_matter(
    facts: DuplicateFacts, options: DuplicatesOptions, random: Random
) -> None:
    def shuffled(items: Iterable[Any]) -> tuple[Any, ...]:
        items = list(items)
        random.shuffle(items)
        return tuple(items)

    groups = shuffled(evolve(group, assets=shuffled(group.assets)) for group in facts.groups)
    other = evolve(
        facts,
        groups=groups,
        albums=shuffled(facts.albums),
        members=dict(shuffled(facts.members.items())),
        tags=dict(shuffled(facts.tags.items())),
    )
    assert plan_to_json(make_plan(other, options)) == plan_to_json(make_plan(facts, options))


@examples
@given(facts=many_facts(), options=many_options(), permanent=st.booleans())
def test_plans_survive_being_saved(facts: DuplicateFacts, options: DuplicatesOptions, permanent: bool) -> None:
    plan = make_plan(facts, options, permanent=permanent and not options.dismiss)
    read = plan_from_json(plan_to_json(plan))
    assert read == plan
    assert (
        make_plan(facts, from_document(DuplicatesOptions, read.options), permanent=permanent and not options.dismiss)
        == plan
    )


@examples
@every_plan
def test_after_applying_there_is_nothing_left_to_do(facts: DuplicateFacts, options: DuplicatesOptions) -> None:
    again = make_plan(after(facts, make_plan(facts, options)), options)
    assert again.changes == ()


@examples
@every_plan
def test_the_keeper_ends_with_what_the_losers_had(facts: DuplicateFacts, options: DuplicatesOptions) -> None:
    if not options.transfer_metadata:
        options = evolve(options, transfer_metadata=True)
    plan = make_plan(facts, options)
    then = after(facts, plan, keep_trashed=True)
    now = {asset.id: asset for group in facts.groups for asset in group.assets}
    later = {asset.id: asset for group in then.groups for asset in group.assets}
    for action in removals(plan):
        keeper = action.kept_ids[0]
        for loser in action.trashed_ids:
            assert facts.tags[loser] <= then.tags[keeper]
            for album in ALBUMS:
                if album.role.may_add and loser in facts.members[album.id]:
                    assert keeper in then.members[album.id]
            assert later[keeper].is_favorite >= now[loser].is_favorite
            mine, theirs = later[keeper].exif, now[loser].exif
            if theirs is not None and mine is not None:
                assert mine.description or not theirs.description
                assert mine.place is not None or theirs.place is None
                assert mine.date_time_original is not None or theirs.date_time_original in (None, *PLACEHOLDERS)
                assert mine.date_time_original not in PLACEHOLDERS or theirs.date_time_original in (None, *PLACEHOLDERS)


def after(facts: DuplicateFacts, plan: Plan, *, keep_trashed: bool = False) -> DuplicateFacts:
    """The facts a server would give once the plan has been carried out."""
    by_id = {asset.id: asset for group in facts.groups for asset in group.assets}
    members = {album_id: set(asset_ids) for album_id, asset_ids in facts.members.items()}
    tags = {asset_id: set(held) for asset_id, held in facts.tags.items()}
    gone: set[str] = set()
    for change in plan.changes:
        _carry_out(change.action, by_id, members, tags, gone)
    groups = []
    for group in facts.groups:
        present = tuple(by_id[asset.id] for asset in group.assets if keep_trashed or asset.id not in gone)
        if len(present) > 1:
            groups.append(evolve(group, assets=present))
    return evolve(
        facts,
        groups=tuple(groups),
        members={album_id: frozenset(ids) for album_id, ids in members.items()},
        tags={asset_id: frozenset(held) for asset_id, held in tags.items()},
    )


def _carry_out(
    action: Action,
    by_id: dict[str, Asset],
    members: dict[str, set[str]],
    tags: dict[str, set[Tag]],
    gone: set[str],
) -> None:
    tag_by_id = {tag.id: tag for tag in TAGS}
    match action:
        case AddToAlbum():
            assert action.asset_id not in members[action.album_id]
            members[action.album_id].add(action.asset_id)
        case RemoveFromAlbum():
            members[action.album_id].remove(action.asset_id)
        case AddTag():
            assert tag_by_id[action.tag_id] not in tags[action.asset_id]
            tags[action.asset_id].add(tag_by_id[action.tag_id])
        case RemoveTag():
            tags[action.asset_id].remove(tag_by_id[action.tag_id])
        case SetField():
            by_id[action.asset_id] = _with_field(by_id[action.asset_id], action)
        case LinkMotionVideo():
            by_id[action.asset_id] = evolve(by_id[action.asset_id], live_photo_video_id=action.after)
        case TrashAssets() | DeleteForever():
            gone.update(action.trashed_ids)
        case StackAssets() | DismissDuplicates():
            gone.update(action.member_ids)
        case _:
            pytest.fail(f"unexpected {action}")


def _with_field(asset: Asset, change: SetField) -> Asset:
    values: dict[str, Any] = {change.field.value: change.after}
    if change.field in (AssetField.FAVORITE, AssetField.VISIBILITY):
        return evolve(asset, **values)
    if change.field is AssetField.DATE:
        assert isinstance(change.after, str)
        values = {change.field.value: datetime.fromisoformat(change.after)}
    return evolve(asset, exif=evolve(asset.exif or Exif(), **values))
