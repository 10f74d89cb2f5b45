"""What must hold for every plan, whatever the server and the folders say."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

import pytest
from attrs import evolve
from hypothesis import given, settings
from hypothesis import strategies as st

from immich_tools.folder_albums import (
    AlbumProperties,
    FolderAlbumsOptions,
    FolderFacts,
    MadeAlbum,
    Mode,
    Share,
    ShareRole,
    ShownFolder,
    SortOrder,
    SyncMode,
    ThumbnailChoice,
    UpdateMode,
    make_plan,
)
from immich_tools.folder_albums.facts import trace
from immich_tools.folder_albums.roots import directory
from immich_tools.folder_albums.scheme import Scheme
from immich_tools.immich.models import Album, AlbumRole, AlbumUser, Asset, AssetType, Tag, User, Version, Visibility
from immich_tools.plan.effects.album_creation import CreateAlbum, DeleteAlbum
from immich_tools.plan.effects.albums import (
    AddToAlbum,
    AlbumField,
    RemoveFromAlbum,
    SetAlbumField,
    ShareAlbum,
    roles_of,
)
from immich_tools.plan.effects.assets import SetField
from immich_tools.plan.effects.base import Change
from immich_tools.plan.effects.tags import AddTag, TagAssets
from immich_tools.plan.model import Plan
from immich_tools.plan.storage import plan_from_json, plan_to_json
from immich_tools.settings.documents import from_document

NOON = datetime(2024, 5, 3, 12, tzinfo=UTC)
FOLDERS = ("", "A", "B", "A/x", "A/y", "B/x", " ", "u\u0308", "\u00fc", "A\n\x00\ud800")
NAMES = ("A", "B", "x", "A x", "\u00fc", "Old", "By hand")
SCHEME = FolderAlbumsOptions(root_path=("/ext/lib",)).scheme
OTHER_SCHEME = FolderAlbumsOptions(root_path=("/else",)).scheme
USERS = (User("me", "Me", "me@x"), User("u-1", "dad"), User("u-2", "mom"))
TAGS = (Tag("A", "t-1"), Tag("A/x", "t-2"))
ODDITIES: tuple[dict[str, Any], ...] = (
    {"owner_id": "somebody"},
    {"type": AssetType.OTHER},
    {"visibility": Visibility.HIDDEN},
    {"visibility": Visibility.ARCHIVE},
    {"is_trashed": True},
    {"is_trashed": True, "is_offline": True},
    {"original_path": "C:\\ext\\lib\\A\\1.jpg"},
    {"original_path": "/ext/lib/A/../../1"},
    {"original_path": ""},
    {"original_file_name": "", "original_path": "/ext/lib/A/"},
    {"visibility": Visibility.UNKNOWN},
    {"file_created_at": datetime.min.replace(tzinfo=UTC), "local_date_time": datetime.max.replace(tzinfo=UTC)},
)


def rarely(usual: Any, *others: Any) -> st.SearchStrategy[Any]:
    """The usual value in most draws."""
    return st.sampled_from([usual] * (4 * len(others)) + list(others))


@st.composite
def assets(draw: st.DrawFn) -> tuple[Asset, ...]:
    made = []
    for number in range(draw(st.integers(0, 8))):
        folder = draw(st.sampled_from(FOLDERS))
        root = draw(rarely("/ext/lib", "/ext/other", "/ext/library2"))
        name = f"{number}.jpg"
        when = NOON + timedelta(days=draw(st.integers(0, 2)))
        asset = Asset(
            id=f"a-{number}",
            owner_id="me",
            type=AssetType.IMAGE,
            original_path="/".join(part for part in (root, folder, name) if part),
            original_file_name=name,
            file_created_at=when,
            local_date_time=when,
            library_id=draw(rarely("lib", None)),
        )
        made.append(evolve(asset, **draw(rarely({}, *ODDITIES))))
    return tuple(made)


properties = st.builds(
    AlbumProperties,
    override_name=rarely(None, "A", "all"),
    description=rarely(None, "one", "two"),
    share_with=rarely(None, (Share("dad"),), (Share("mom", ShareRole.NONE), Share("dad", ShareRole.EDITOR))),
    thumbnail_setting=rarely(None, ThumbnailChoice.LAST, "/ext/lib/A/1.jpg"),
    visibility=rarely(None, Visibility.ARCHIVE, Visibility.LOCKED),
    inherit=st.booleans(),
)


@st.composite
def trashed_asset(draw: st.DrawFn) -> Asset:
    folder = draw(st.sampled_from((*FOLDERS, "Old", "Old/x")))
    name = f"{draw(st.integers(0, 3))}.jpg"
    path = "/".join(part for part in (draw(rarely("/ext/lib", "/ext/other")), folder, name) if part)
    return Asset(
        id=f"missing {path}",
        owner_id=draw(rarely("me", "x")),
        type=AssetType.IMAGE,
        original_path=path,
        original_file_name=name,
        file_created_at=NOON,
        local_date_time=NOON,
        is_trashed=True,
        is_offline=draw(rarely(True, False)),
        library_id=draw(rarely("lib", None, "lib-2")),
    )


missing_files = st.lists(trashed_asset(), min_size=1, max_size=3, unique_by=lambda each: each.id).map(tuple)


@st.composite
def many_facts(draw: st.DrawFn) -> FolderFacts:
    files = draw(assets())
    ids = [*sorted({asset.id for asset in files}), "a-foreign"]
    albums, members, made = [], {}, {}
    for number in range(draw(st.integers(0, 4))):
        album_id = f"al-{number}"
        held = draw(st.frozensets(st.sampled_from(ids)))
        owner = draw(rarely("me", "x"))
        name = draw(st.sampled_from(NAMES))
        albums.append(
            Album(
                album_id,
                name,
                owner,
                AlbumRole.OWNER if owner == "me" else AlbumRole.EDITOR,
                asset_count=len(held),
                users=draw(st.sampled_from([(), (AlbumUser("u-1", AlbumRole.VIEWER),)])),
                created_at=draw(st.sampled_from([None, NOON])),
            )
        )
        members[album_id] = held
        if draw(st.booleans()):
            label = draw(rarely(name, "Old", *NAMES))
            known = MadeAlbum(label, name, scheme=draw(rarely(SCHEME, OTHER_SCHEME)))
            made[album_id] = put(known, draw(st.sets(st.sampled_from(ids))), {asset.id: asset for asset in files})
            if draw(st.booleans()):
                # The files were moved since, so they are other assets.
                made[album_id] = evolve(made[album_id], asset_ids=frozenset(), folders=frozenset({"/ext/lib/Old"}))
    return FolderFacts(
        user_id="me",
        server_version=Version(3, 1, 0),
        population=100,
        assets=files,
        albums=tuple(albums),
        members=members,
        users=USERS,
        tags=TAGS,
        tagged={"t-1": frozenset(ids[:1])},
        made=made,
        properties=draw(st.dictionaries(st.sampled_from(["/ext/lib", "/ext/lib/A", "/ext/lib/A/x"]), properties)),
        broken=draw(rarely({}, {"/ext/lib/B": "no YAML"})),
        dormant=draw(st.dictionaries(st.sampled_from(["al-0", "al-1", "al-2"]), missing_files)),
        shown=draw(rarely(shown_by(files), ())),
        import_paths=draw(rarely((), ("/ext/lib/A", "/ext/lib"))),
    )


def shown_by(files: Iterable[Asset]) -> tuple[ShownFolder, ...]:
    """The folders of files that are on the disk."""
    counts = Counter((directory(asset.original_path), asset.library_id) for asset in files if not asset.is_trashed)
    return tuple(ShownFolder(path, library_id, count) for (path, library_id), count in counts.items())


def put(made: MadeAlbum, asset_ids: Iterable[str], known: Mapping[str, Asset]) -> MadeAlbum:
    """What journals tell of an album once assets were put into it."""
    found = [known[asset_id] for asset_id in asset_ids if asset_id in known and known[asset_id].original_path]
    return evolve(
        made,
        asset_ids=made.asset_ids | frozenset(asset_ids),
        files=made.files | {trace(asset.original_file_name, asset.time_taken) for asset in found},
        folders=made.folders | {directory(asset.original_path) for asset in found},
    )


def as_read(server: FolderFacts, options: FolderAlbumsOptions) -> FolderFacts:
    """What of everything there is on a server is read with some options."""
    in_albums = {asset_id for held in server.members.values() for asset_id in held}
    everything = options.mode is not Mode.CREATE or options.reads_everything
    archived = options.mode is not Mode.CREATE or options.find_archived_assets
    assets = tuple(
        asset
        for asset in server.assets
        if (everything or asset.id not in in_albums) and (archived or asset.visibility is not Visibility.ARCHIVE)
    )
    is_partial = options.mode is Mode.CREATE and everything and not options.find_assets_in_albums
    return evolve(
        server,
        assets=assets,
        loose=frozenset(asset.id for asset in assets if asset.id not in in_albums) if is_partial else None,
        pictures={asset.id: asset for asset in server.assets},
    )


@st.composite
def many_options(draw: st.DrawFn) -> FolderAlbumsOptions:
    return FolderAlbumsOptions(
        root_path=draw(rarely(("/ext/lib",), ("/ext/lib/A", "/ext/lib"), ("/ext/other",))),
        mode=draw(rarely(Mode.CREATE, Mode.CLEANUP, Mode.DELETE_ALL)),
        album_levels=draw(rarely("1", "2", "-1", "2,2", "-2,-2")),
        merge=draw(rarely(True, False)),
        ignore=draw(rarely((), ("1.jpg",))),
        find_assets_in_albums=draw(st.booleans()),
        find_archived_assets=draw(st.booleans()),
        comments_and_likes=draw(st.sampled_from([None, False])),
        album_name_post_regex=draw(rarely((), ("x",))),
        share_with=draw(st.sampled_from([(), ("dad",), ("nobody", "mom")])),
        album_order=draw(st.sampled_from([None, SortOrder.ASCENDING])),
        set_album_thumbnail=draw(st.sampled_from([None, *ThumbnailChoice])),
        archive=draw(st.booleans()),
        update_album_props_mode=draw(st.sampled_from(UpdateMode)),
        tag=draw(st.booleans()),
        sync_mode=draw(st.sampled_from(SyncMode)),
        sync_removals=draw(st.booleans()),
        include_foreign=draw(rarely(False, True)),
    )


every_plan = given(facts=many_facts(), options=many_options())
examples = settings(max_examples=150, deadline=None)


def own_entries(plan: Plan) -> list[str]:
    """Ids of assets as often as the plan says what becomes of them."""
    told = [keep.asset_id for keep in plan.keeps]
    told += [asset_id for skip in plan.skips for asset_id in skip.asset_ids]
    for change in plan.changes:
        if isinstance(change.action, CreateAlbum | AddToAlbum):
            told += change.action.assets
    return told


@examples
@every_plan
def test_every_asset_is_in_exactly_one_entry_or_skip(facts: FolderFacts, options: FolderAlbumsOptions) -> None:
    facts = as_read(facts, options)
    plan = make_plan(facts, options)
    told = Counter(own_entries(plan))
    if options.mode is not Mode.CREATE:
        deleted = {asset_id for change in plan.changes for asset_id in change.action.assets}
        read = {asset.id for asset in facts.assets}
        assert deleted | set(told) >= read
        assert not deleted & {keep.asset_id for keep in plan.keeps}
        assert set(told.values()) <= {1}
    else:
        assert told == Counter(asset.id for asset in facts.assets)


@examples
@every_plan
def test_with_parents_every_asset_is_told_of(facts: FolderFacts, options: FolderAlbumsOptions) -> None:
    options = evolve(options, also_parents=True, mode=Mode.CREATE)
    facts = as_read(facts, options)
    plan = make_plan(facts, options)
    assert set(own_entries(plan)) == {asset.id for asset in facts.assets}


@examples
@given(facts=many_facts(), options=many_options(), random=st.randoms(use_true_random=False))
def test_the_order_of_what_was_read_does_not_matter(
    facts: FolderFacts, options: FolderAlbumsOptions, random: Random
) -> None:
    def shuffled(items: Iterable[Any]) -> tuple[Any, ...]:
        items = list(items)
        random.shuffle(items)
        return tuple(items)

    facts = as_read(facts, options)
    other = evolve(
        facts,
        assets=shuffled(facts.assets),
        albums=shuffled(facts.albums),
        members=dict(shuffled(facts.members.items())),
        made=dict(shuffled(facts.made.items())),
        users=shuffled(facts.users),
        tags=shuffled(facts.tags),
        properties=dict(shuffled(facts.properties.items())),
    )
    assert plan_to_json(make_plan(other, options)) == plan_to_json(make_plan(facts, options))


@examples
@every_plan
def test_plans_survive_being_saved(facts: FolderFacts, options: FolderAlbumsOptions) -> None:
    plan = make_plan(as_read(facts, options), options)
    read = plan_from_json(json.loads(json.dumps(plan_to_json(plan))))
    assert read == plan
    assert make_plan(as_read(facts, options), from_document(FolderAlbumsOptions, read.options)) == plan


@examples
@every_plan
def test_only_own_shown_assets_and_own_albums_are_touched(facts: FolderFacts, options: FolderAlbumsOptions) -> None:
    by_id = {asset.id: asset for asset in facts.assets}
    own = {album.id for album in facts.own_albums()}
    for change in make_plan(as_read(facts, options), options).changes:
        if not isinstance(change.action, DeleteAlbum):
            for asset_id in change.action.assets:
                assert by_id[asset_id].owner_id == "me"
                assert by_id[asset_id].visibility in (Visibility.TIMELINE, Visibility.ARCHIVE)
                assert not by_id[asset_id].is_trashed
        assert getattr(change.action, "album_id", "") in {*own, ""}


@examples
@every_plan
def test_a_deleted_album_is_the_tools_or_holds_files_of_its_folder_only(
    facts: FolderFacts, options: FolderAlbumsOptions
) -> None:
    options = evolve(options, include_foreign=False)
    if options.mode is Mode.DELETE_ALL:
        return
    facts = as_read(facts, options)
    plan = make_plan(facts, options)
    read = {asset.id for asset in facts.assets}
    for change in plan.changes:
        if isinstance(change.action, DeleteAlbum) and change.action.album_id not in facts.made:
            assert options.mode is Mode.CLEANUP
            assert facts.members[change.action.album_id] <= read
        if isinstance(change.action, DeleteAlbum) and options.mode is Mode.CREATE:
            assert not change.action.asset_ids


@examples
@every_plan
def test_an_album_of_missing_files_goes_only_where_its_folder_is_gone_from_a_disk_that_is_there(
    facts: FolderFacts, options: FolderAlbumsOptions
) -> None:
    plan = make_plan(as_read(facts, options), options)
    assert not plan.removed()
    folders = {each.path for each in facts.shown}
    for change in plan.changes:
        if not isinstance(change.action, DeleteAlbum) or options.mode is not Mode.CREATE:
            continue
        files = facts.dormant.get(change.action.album_id, ())
        assert set(change.action.trashed_ids) == {asset.id for asset in files}
        if not files:
            continue
        assert options.sync_mode is SyncMode.OFFLINE_ASSETS
        assert change.action.album_id in facts.made
        assert any(asset.is_offline for asset in files)
        assert folders.isdisjoint(directory(asset.original_path) for asset in files)
        for root in options.roots().folders:
            assert any(f"{each}/".startswith(f"{root}/") for each in folders)
        for asset in files:
            assert (asset.owner_id, asset.is_trashed) == ("me", True)
            (root,) = [each for each in options.roots().folders if asset.original_path.startswith(f"{each}/")][:1]
            shown = [each.path for each in facts.shown if each.library_id == asset.library_id]
            assert any(f"{each}/".startswith(f"{root}/") for each in shown)


@examples
@every_plan
def test_without_a_shown_file_no_album_of_missing_files_goes(facts: FolderFacts, options: FolderAlbumsOptions) -> None:
    plan = make_plan(as_read(evolve(facts, shown=()), options), options)
    assert not any(isinstance(change.action, DeleteAlbum) and change.action.trashed_ids for change in plan.changes)


@examples
@every_plan
def test_nothing_leaves_an_album_that_the_tool_did_not_put_there(
    facts: FolderFacts, options: FolderAlbumsOptions
) -> None:
    for change in make_plan(as_read(facts, options), options).changes:
        if isinstance(change.action, RemoveFromAlbum):
            assert change.action.asset_id in facts.made[change.action.album_id].asset_ids


@examples
@given(facts=many_facts(), options=many_options(), also_parents=st.booleans())
def test_after_applying_there_is_nothing_left_to_do(
    facts: FolderFacts, options: FolderAlbumsOptions, also_parents: bool
) -> None:
    options = evolve(options, also_parents=also_parents)
    if options.set_album_thumbnail is ThumbnailChoice.RANDOM_ALL:
        # Nobody knows what a folder says of an album that somebody made by hand, once its files are all in there and not read again.
        facts = evolve(facts, properties={})
    first = make_plan(as_read(facts, options), options)
    then = after(facts, first)
    again = make_plan(as_read(then, options), options)
    # An album that was emptied is found to be empty in the next run only; and so is one that got its folder's files.
    rest = [change for change in again.changes if not isinstance(change.action, DeleteAlbum)]
    assert rest == []
    last = after(then, again)
    assert make_plan(as_read(last, options), options).changes == ()


def after(facts: FolderFacts, plan: Plan) -> FolderFacts:
    """The facts a server and the journals would give once the plan has been carried out."""
    state = _State(facts, from_document(FolderAlbumsOptions, plan.options).scheme)
    for change in plan.changes:
        state.carry_out(change)
    return state.facts()


class _State:
    def __init__(self, facts: FolderFacts, scheme: Scheme) -> None:
        self.scheme = scheme
        self.before = facts
        self.assets = {asset.id: asset for asset in facts.assets}
        self.albums = {album.id: album for album in facts.albums}
        self.members = {album_id: set(ids) for album_id, ids in facts.members.items()}
        self.tags = list(facts.tags)
        self.tagged = {tag.id: set(facts.tagged.get(tag.id, ())) for tag in facts.tags}
        self.made = dict(facts.made)

    def facts(self) -> FolderFacts:
        return evolve(
            self.before,
            assets=tuple(self.assets.values()),
            albums=tuple(evolve(album, asset_count=len(self.members[album.id])) for album in self.albums.values()),
            members={album_id: frozenset(ids) for album_id, ids in self.members.items()},
            tags=tuple(self.tags),
            tagged={tag_id: frozenset(ids) for tag_id, ids in self.tagged.items()},
            made=self.made,
        )

    def carry_out(self, change: Change) -> None:
        match change.action:
            case AddToAlbum() as action:
                assert action.asset_id not in self.members[action.album_id]
                self.members[action.album_id].add(action.asset_id)
                known = self.made.get(action.album_id)
                if known is not None and known.scheme == self.scheme:
                    self.made[action.album_id] = put(known, action.assets, self.assets)
            case RemoveFromAlbum() as action:
                self.members[action.album_id].remove(action.asset_id)
            case AddTag() as action:
                self.tagged[action.tag_id].add(action.asset_id)
            case TagAssets() as action:
                self.tags.append(Tag(action.value, f"t-{action.value}"))
                self.tagged[self.tags[-1].id] = set(action.asset_ids)
            case SetField() as action:
                assert isinstance(action.after, Visibility)
                self.assets[action.asset_id] = evolve(self.assets[action.asset_id], visibility=action.after)
            case CreateAlbum() | SetAlbumField() | ShareAlbum() | DeleteAlbum():
                self._change_album(change)
            case _:
                pytest.fail(f"unexpected {change.action}")

    def _change_album(self, change: Change) -> None:
        match change.action:
            case CreateAlbum() as action:
                album_id = f"new-{len(self.albums)}-{change.id}"
                users = tuple(AlbumUser(user, role) for user, role in roles_of(action.shares).items())
                self.albums[album_id] = Album(
                    album_id,
                    action.name,
                    "me",
                    AlbumRole.OWNER,
                    description=action.description,
                    thumbnail_asset_id=action.thumbnail_asset_id or action.asset_ids[0],
                    users=users,
                    order=action.order or "desc",
                    is_activity_enabled=action.is_activity_enabled,
                )
                self.members[album_id] = set(action.asset_ids)
                made = MadeAlbum(change.group, action.name, scheme=self.scheme)
                self.made[album_id] = put(made, action.asset_ids, self.assets)
            case SetAlbumField() as action:
                values: dict[str, Any] = {action.field.value: action.after}
                assert getattr(self.albums[action.album_id], action.field.value) == action.before
                self.albums[action.album_id] = evolve(self.albums[action.album_id], **values)
                if action.field is AlbumField.NAME:
                    known = self.made[action.album_id]
                    self.made[action.album_id] = evolve(known, label=change.group, name=str(action.after))
            case ShareAlbum() as action:
                self._share(action)
            case DeleteAlbum() as action:
                assert set(action.asset_ids) == self.members.pop(action.album_id)
                del self.albums[action.album_id]

    def _share(self, action: ShareAlbum) -> None:
        album = self.albums[action.album_id]
        users = {user.user_id: user for user in album.users if user.user_id != action.user_id}
        if action.after is not None:
            users[action.user_id] = AlbumUser(action.user_id, AlbumRole(action.after))
        self.albums[action.album_id] = evolve(album, users=tuple(users[name] for name in sorted(users)))
