"""Reads from a server, from journals and from ``.albumprops`` files what the planner of the folder albums tool needs; changes nothing."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from attrs import evolve

from immich_tools.errors import AccessDenied
from immich_tools.folder_albums.arrange import Arrangement, root_of
from immich_tools.folder_albums.choices import Mode, SyncMode
from immich_tools.folder_albums.cleanup import is_renamed
from immich_tools.folder_albums.facts import FolderFacts
from immich_tools.folder_albums.levels import name_key
from immich_tools.folder_albums.made import made_albums
from immich_tools.folder_albums.matching import Matches, match
from immich_tools.folder_albums.options import FolderAlbumsOptions
from immich_tools.folder_albums.plan import arranged
from immich_tools.folder_albums.properties import ThumbnailChoice
from immich_tools.folder_albums.refusals import Refusal
from immich_tools.folder_albums.roots import Folder, Roots, directory
from immich_tools.folder_albums.tagging import by_value, tag_value
from immich_tools.folder_albums.walk import PropertyFiles, read_files
from immich_tools.folders import default_journal_folder
from immich_tools.i18n import _
from immich_tools.immich.filters import SHOWN, AssetFilter
from immich_tools.immich.models import Album, Asset, Tag, Visibility

if TYPE_CHECKING:
    from immich_tools.immich.client import Immich

_BY_ID_ALONE = (None, ThumbnailChoice.RANDOM, ThumbnailChoice.RANDOM_ALL)
"""Thumbnails that are chosen without knowing more of the pictures than their ids."""


def gather(immich: Immich, options: FolderAlbumsOptions, *, journal_folder: Path | None = None) -> FolderFacts:
    """Read the user's files and albums.

    What is in an album is only read where it matters: for albums that folders call for, when their files may be in them already.

    :param journal_folder: where journals of earlier runs are; None for the user's state folder.
    :raises UsageError: there is no root.
    :raises AccessDenied: the key may not read files or albums, or users or tags where these are needed.
    :raises IncompleteListing: the files or the members of an album cannot be read completely.
    """
    if options.mode is not Mode.DELETE_ALL:
        options.roots()
    assets = tuple(_assets(immich, options))
    user_id = immich.me.id
    facts = FolderFacts(
        user_id=user_id,
        server_version=immich.version,
        population=immich.assets.owned(),
        assets=assets,
        loose=_loose(immich, options),
        albums=tuple(immich.albums.all()),
        made=made_albums(journal_folder or default_journal_folder(), user_id),
        warnings=_empty_libraries(immich, options, assets),
    )
    if options.mode is Mode.DELETE_ALL:
        return evolve(facts, members=immich.albums.members(facts.own_albums()))
    if options.read_album_properties:
        found = _property_files(assets, options)
        facts = evolve(facts, properties=found.files, broken=found.broken, warnings=(*facts.warnings, *found.warnings))
    arrangement = arranged(facts, options)
    if options.mode is Mode.CLEANUP:
        names = {wanted.name for wanted in arrangement.wanted.values()}
        named = [
            album
            for album in facts.own_albums()
            if name_key(album.name) in names or is_renamed(album, facts, arrangement, options)
        ]
        return _with_search_for_roots(immich, options, evolve(facts, members=immich.albums.members(named)), arrangement)
    return _for_creation(immich, options, facts, arrangement)


def _for_creation(
    immich: Immich, options: FolderAlbumsOptions, facts: FolderFacts, arrangement: Arrangement
) -> FolderFacts:
    facts = _with_search_for_roots(immich, options, facts, arrangement)
    matches = match(facts, arrangement, options)
    wanted_albums = _whose_members_matter(options, facts, arrangement, matches)
    facts = evolve(facts, members=immich.albums.members(wanted_albums))
    if not options.merge or matches.open_ids:
        matches = match(facts, arrangement, options)
    shares = bool(options.share_with) or any(said.share_with for said in facts.properties.values())
    facts = evolve(
        facts,
        pictures=_pictures(immich, options, facts, matches),
        users=tuple(immich.users.all()) if shares and arrangement.wanted else (),
        dormant=_dormant(immich, options, facts, matches),
        absent=_absent(immich, options),
    )
    if options.tag and arrangement.wanted:
        tags = immich.tags.all()
        facts = evolve(facts, tags=tuple(tags), tagged=_tagged(immich, tags, arrangement))
    return facts


def _absent(immich: Immich, options: FolderAlbumsOptions) -> int:
    if options.sync_mode is not SyncMode.OFFLINE_ASSETS:
        return 0
    roots = options.roots()
    trashed = immich.assets.stream(AssetFilter(visibility=SHOWN, trashed=True))
    return sum(asset.is_offline and root_of(asset.original_path, roots) is not None for asset in trashed)


def _filters(options: FolderAlbumsOptions, *, not_in_album: bool) -> Iterator[AssetFilter]:
    archived = options.find_archived_assets or options.mode is not Mode.CREATE
    visibility = SHOWN if archived else (Visibility.TIMELINE,)
    for library_id in options.library or (None,):
        yield AssetFilter(visibility=visibility, library_id=library_id, not_in_album=not_in_album)


def _assets(immich: Immich, options: FolderAlbumsOptions) -> Iterator[Asset]:
    if options.mode is Mode.DELETE_ALL and options.target_visibility is None:
        return
    for wanted in _filters(options, not_in_album=not options.reads_everything):
        yield from immich.assets.stream(wanted)


def _empty_libraries(immich: Immich, options: FolderAlbumsOptions, assets: Iterable[Asset]) -> tuple[str, ...]:
    """Which of the chosen libraries are to be told, because a wrong id looks as if there were nothing to do."""
    held = {asset.library_id for asset in assets}
    return tuple(
        _("The library {id} holds no file of yours (--library).").format(id=library_id)
        for library_id in options.library
        if library_id not in held and not immich.assets.count(AssetFilter(visibility=SHOWN, library_id=library_id))
    )


def _loose(immich: Immich, options: FolderAlbumsOptions) -> frozenset[str] | None:
    """Which files are in no album; None where that does not matter or those are all that is read."""
    if options.mode is not Mode.CREATE or options.find_assets_in_albums or not options.reads_everything:
        return None
    found = (immich.assets.stream(wanted) for wanted in _filters(options, not_in_album=True))
    return frozenset(asset.id for each in found for asset in each)


def _property_files(assets: Sequence[Asset], options: FolderAlbumsOptions) -> PropertyFiles:
    return read_files(_folders(options.roots(), assets), options.path_map())


def _folders(roots: Roots, assets: Iterable[Asset]) -> set[Folder]:
    placed = map(roots.place, {directory(asset.original_path): asset.original_path for asset in assets}.values())
    return {each.folder for each in placed if not isinstance(each, Refusal)}


def _whose_members_matter(
    options: FolderAlbumsOptions, facts: FolderFacts, arrangement: Arrangement, matches: Matches
) -> list[Album]:
    own = facts.own_albums()
    if options.set_album_thumbnail is ThumbnailChoice.RANDOM_ALL:
        return list(own)
    wanted: set[str] = set()
    if options.reads_everything or _chooses_thumbnails(options, facts):
        wanted.update(album.id for album in matches.found.values())
    if options.sync_removals:
        wanted.update(facts.made)
    wanted |= matches.open_ids
    if not options.merge:
        names = {each.name for each in arrangement.wanted.values()}
        wanted.update(album.id for album in own if name_key(album.name) in names)
    return [album for album in own if album.id in wanted]


def _chooses_thumbnails(options: FolderAlbumsOptions, facts: FolderFacts) -> bool:
    return options.set_album_thumbnail is not None or any(
        said.thumbnail_setting is not None for said in facts.properties.values()
    )


def _pictures(
    immich: Immich, options: FolderAlbumsOptions, facts: FolderFacts, matches: Matches
) -> Mapping[str, Asset]:
    """Members of albums that are not among the files read, where a thumbnail is chosen by more than their ids."""
    settings = {options.set_album_thumbnail, *(said.thumbnail_setting for said in facts.properties.values())}
    if settings.issubset(_BY_ID_ALONE):
        return {}
    known = {asset.id for asset in facts.assets}
    members = (facts.members.get(album.id, frozenset()) for album in matches.found.values())
    unknown = {asset_id for each in members for asset_id in each} - known
    return immich.assets.read(unknown) if unknown else {}


def _tagged(immich: Immich, tags: Iterable[Tag], arrangement: Arrangement) -> Mapping[str, frozenset[str]]:
    known = by_value(tags)
    asked: dict[str, set[str]] = {}
    for files in arrangement.files():
        tag = known.get(tag_value(files.folder))
        if tag is not None:
            asked.setdefault(tag.id, set()).update(asset.id for asset in files.assets)
    return immich.tags.carried(asked) if asked else {}


def _dormant(immich: Immich, options: FolderAlbumsOptions, facts: FolderFacts, matches: Matches) -> frozenset[str]:
    """Of the albums that would be deleted because they show nothing, those with files in the trash.

    A disk that is not there for a while puts all its files there (Immich 2.3.1 and 3.1.0), and their albums are wanted again with it.
    """
    if options.sync_mode is SyncMode.NOTHING:
        return frozenset()
    used = {album.id for album in matches.found.values()}
    empty = [
        album.id
        for album in facts.own_albums()
        if not album.asset_count and album.id not in used and (album.id in facts.made or options.include_foreign)
    ]
    counts = immich.connection.each(
        empty, lambda album_id: immich.assets.count(AssetFilter(album_ids=(album_id,), trashed=True))
    )
    return frozenset(album_id for album_id, count in zip(empty, counts, strict=True) if count)


def _with_search_for_roots(
    immich: Immich, options: FolderAlbumsOptions, facts: FolderFacts, arrangement: Arrangement
) -> FolderFacts:
    """What helps to find out what is wrong with a root under which nothing was read."""
    missing = set(options.roots().folders) - arrangement.held_roots
    if not missing:
        return facts
    elsewhere = _elsewhere(immich, options.roots(), missing)
    return evolve(facts, elsewhere=elsewhere, import_paths=_import_paths(immich, facts.user_id) if missing else ())


def _import_paths(immich: Immich, user_id: str) -> tuple[str, ...]:
    """Folders that the user's external libraries read; none where the key may not see them, which only administrators' may."""
    try:
        libraries = immich.libraries.all()
    except AccessDenied:
        return ()
    return tuple(sorted({path for each in libraries if each.owner_id == user_id for path in each.import_paths}))


def _elsewhere(immich: Immich, roots: Roots, missing: set[str]) -> tuple[str, ...]:
    """Paths of files that were not read, one of each folder, until each root has one: then there is nothing wrong with it.

    :param missing: roots without a file; those that have one are taken out.
    """
    paths: dict[str, str] = {}
    for asset in immich.assets.stream(AssetFilter(visibility=SHOWN)):
        root = root_of(asset.original_path, roots)
        if asset.library_id is None and root is None:
            continue
        paths.setdefault(directory(asset.original_path), asset.original_path)
        missing.discard(root or "")
        if not missing:
            break
    return tuple(paths.values())
