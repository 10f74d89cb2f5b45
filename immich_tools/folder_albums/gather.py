"""Reads from a server, from journals and from ``.albumprops`` files what the planner of the folder albums tool needs; changes nothing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from attrs import evolve, frozen

from immich_tools.errors import AccessDenied
from immich_tools.folder_albums.arrange import Arrangement, root_of
from immich_tools.folder_albums.choices import Mode, SyncMode
from immich_tools.folder_albums.cleanup import is_renamed
from immich_tools.folder_albums.facts import FolderFacts, ShownFolder
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
from immich_tools.immich.assets import EVERYWHERE
from immich_tools.immich.filters import SHOWN, AssetFilter
from immich_tools.immich.models import Album, Asset, Tag, Visibility
from immich_tools.paths import PathFilter
from immich_tools.plan.library_memory import LibraryMemory

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
    facts = _gathered(immich, options, journal_folder)
    return evolve(facts, unlisted=immich.broken_assets)


def _gathered(immich: Immich, options: FolderAlbumsOptions, journal_folder: Path | None) -> FolderFacts:
    if options.mode is not Mode.DELETE_ALL:
        options.roots()
    assets = tuple(_assets(immich, options))
    user_id = immich.me.id
    folder = journal_folder or default_journal_folder()
    facts = FolderFacts(
        user_id=user_id,
        server_version=immich.version,
        population=immich.assets.owned(),
        assets=assets,
        loose=_loose(immich, options),
        albums=tuple(immich.albums.all()),
        made=made_albums(folder, user_id),
        read_only_libraries=frozenset(LibraryMemory.load(folder).refusing),
        empty_libraries=_empty_libraries(immich, options, assets),
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
    )
    facts = _with_disks(immich, options, facts)
    if options.tag and arrangement.wanted:
        tags = immich.tags.all()
        facts = evolve(facts, tags=tuple(tags), tagged=_tagged(immich, tags, arrangement))
    return facts


def _with_disks(immich: Immich, options: FolderAlbumsOptions, facts: FolderFacts) -> FolderFacts:
    """What proves that the disks of missing files are there, where their albums may be deleted."""
    if options.sync_mode is not SyncMode.OFFLINE_ASSETS:
        return facts
    facts = evolve(facts, absent=_absent(immich, options.roots()))
    if facts.made.keys().isdisjoint(facts.dormant):
        return facts
    counts = Counter(
        (directory(asset.original_path), asset.library_id)
        for asset in immich.assets.stream(AssetFilter(visibility=SHOWN))
        if not asset.is_offline
    )
    shown = tuple([ShownFolder(path, library_id, count) for (path, library_id), count in counts.items()])
    return evolve(facts, shown=shown, import_paths=facts.import_paths or _import_paths(immich, facts.user_id))


def _absent(immich: Immich, roots: Roots) -> Mapping[str, int]:
    """Root → how many files below it are missing on the disk."""
    trashed = immich.assets.stream(AssetFilter(visibility=SHOWN, trashed=True))
    found = Counter(root_of(asset.original_path, roots) for asset in trashed if asset.is_offline)
    return {root: count for root, count in found.items() if root is not None}


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
    """Which of the chosen libraries hold no file: a wrong id looks as if there were nothing to do."""
    held = {asset.library_id for asset in assets}
    return tuple(
        library_id
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


def _dormant(
    immich: Immich, options: FolderAlbumsOptions, facts: FolderFacts, matches: Matches
) -> Mapping[str, tuple[Asset, ...]]:
    """Of the albums that would be deleted because they show nothing, those with files in the trash.

    A disk that is not there for a while puts all its files there (Immich 2.3.1 and 3.1.0), and their albums are wanted again with it.
    """
    if options.sync_mode is SyncMode.NOTHING:
        return {}
    used = {album.id for album in matches.found.values()}
    empty = [
        album.id
        for album in facts.own_albums()
        if not album.asset_count and album.id not in used and (album.id in facts.made or options.include_foreign)
    ]
    held = immich.connection.each(empty, lambda album_id: _unshown(immich, album_id))
    return {album_id: files for album_id, files in zip(empty, held, strict=True) if files}


def _unshown(immich: Immich, album_id: str) -> tuple[Asset, ...]:
    """What an album holds that its count leaves out: files in the trash, and hidden ones."""
    filters = (
        AssetFilter(album_ids=(album_id,), visibility=EVERYWHERE, trashed=True),
        AssetFilter(album_ids=(album_id,), visibility=(Visibility.HIDDEN,)),
    )
    return tuple([asset for wanted in filters for asset in immich.assets.stream(wanted, own=False)])


def _with_search_for_roots(
    immich: Immich, options: FolderAlbumsOptions, facts: FolderFacts, arrangement: Arrangement
) -> FolderFacts:
    """What helps to find out what is wrong with a root, or with filters, for which nothing was read."""
    roots = options.roots()
    selection = _Selection(roots, options.path_filter_of_all())
    missing = set(roots.folders) - arrangement.held_roots
    selects = selection.takes_any(facts.assets)
    if not missing and selects is not False:
        return evolve(facts, selects=selects)
    paths: dict[str, str] = {}
    for asset in immich.assets.stream(AssetFilter(visibility=SHOWN)):
        root = root_of(asset.original_path, roots)
        missing.discard(root or "")
        if selects is False:
            selects = selection.takes(asset)
        if asset.library_id is not None or root is not None:
            paths.setdefault(directory(asset.original_path), asset.original_path)
        if not missing and selects is not False:
            break
    facts = evolve(facts, elsewhere=tuple(paths.values()), selects=selects)
    if not missing:
        return facts
    return evolve(facts, import_paths=_import_paths(immich, facts.user_id), absent=_absent(immich, roots))


@frozen
class _Selection:
    """What path filters let through."""

    roots: Roots
    path_filter: PathFilter

    def takes(self, asset: Asset) -> bool:
        """Whether a file lies below a root and no filter is against it."""
        placed = self.roots.place(asset.original_path)
        return not isinstance(placed, Refusal) and self.path_filter.refuse(placed.below) is None

    def takes_any(self, assets: Iterable[Asset]) -> bool | None:
        """Whether any of some files is let through; None where there are no filters."""
        if not (self.path_filter.selected or self.path_filter.ignored):
            return None
        return any(map(self.takes, assets))


def _import_paths(immich: Immich, user_id: str) -> tuple[str, ...]:
    """Folders that the user's external libraries read; none where the key may not see them, which only administrators' may."""
    try:
        libraries = immich.libraries.all()
    except AccessDenied:
        return ()
    return tuple(sorted({path for each in libraries if each.owner_id == user_id for path in each.import_paths}))
