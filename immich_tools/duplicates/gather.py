"""Reads from a server what the planner of the duplicates cleaner needs; changes nothing."""

from __future__ import annotations

import unicodedata
from collections.abc import Collection, Mapping, Sequence
from typing import TYPE_CHECKING

from immich_tools.duplicates.choices import EXTERNAL, UPLOAD, Rule
from immich_tools.duplicates.facts import DuplicateFacts
from immich_tools.duplicates.options import DuplicatesOptions
from immich_tools.duplicates.scope import refuse_differences, refuse_members
from immich_tools.errors import AccessDenied, RequestRefused, UsageError
from immich_tools.i18n import _
from immich_tools.immich import compat
from immich_tools.immich.filters import AssetFilter
from immich_tools.immich.models import Album, Asset, Person, SharedLink, Tag
from immich_tools.paths import is_below
from immich_tools.paths.names import separated

if TYPE_CHECKING:
    from immich_tools.immich.client import Immich


def gather(
    immich: Immich, options: DuplicatesOptions | None = None, *, read_only_libraries: Collection[str] = ()
) -> DuplicateFacts:
    """Read the duplicate groups and what is known about their assets.

    Albums, tags and people are read only where the options need them, and only for groups that can be processed at all.

    :param read_only_libraries: ids of external libraries that an earlier run found to lose metadata.
    :raises AccessDenied: the key may not read duplicates, or what a transfer needs.
    :raises UsageError: a folder or library that is to be protected or preferred holds nothing: it is misspelt, or not mounted.
    :raises IncompleteListing: an album or a tag cannot be read completely.
    """
    options = DuplicatesOptions() if options is None else options
    groups = immich.duplicates.groups()
    _check_places(immich, options, [asset.original_path for group in groups for asset in group.assets])
    user_id = immich.me.id
    assets = [
        asset
        for group in groups
        if not options.dismiss
        and refuse_members(group.assets, user_id, options) is None
        and refuse_differences(group.assets, options) is None
        for asset in group.assets
    ]
    albums: list[Album] = []
    members: Mapping[str, frozenset[str]] = {}
    tags: Mapping[str, frozenset[Tag]] = {}
    people: Mapping[str, frozenset[Person]] | None = None
    videos: Mapping[str, Asset] = {}
    links: tuple[SharedLink, ...] | None = None
    if assets:
        links = _links(immich)
        videos = immich.assets.read({asset.live_photo_video_id for asset in assets if asset.live_photo_video_id})
        if options.transfer_metadata or Rule.ALBUMS in options.rank:
            albums = immich.albums.all()
            members = immich.albums.memberships(albums, {asset.id for asset in assets})
        if options.transfer_metadata:
            tags = immich.tags.of_assets(assets)
        if options.report_people:
            people = _people(immich, assets)
    return DuplicateFacts(
        user_id=user_id,
        server_version=immich.version,
        population=immich.assets.owned(),
        groups=tuple(groups),
        albums=tuple(albums),
        members=members,
        tags=tags,
        people=people,
        links=links,
        videos=videos,
        can_set_covers=immich.api_key.allows("album.update"),
        read_only_libraries=frozenset(read_only_libraries),
        can_resolve=compat.resolves_duplicates(immich.version) and immich.api_key.allows("duplicate.delete"),
    )


def _people(immich: Immich, assets: Sequence[Asset]) -> Mapping[str, frozenset[Person]] | None:
    try:
        return immich.people.of_assets(assets)
    except AccessDenied:
        return None


def _links(immich: Immich) -> tuple[SharedLink, ...] | None:
    try:
        return tuple(immich.shared_links.all())
    except AccessDenied:
        return None


def _check_places(immich: Immich, options: DuplicatesOptions, paths: Sequence[str]) -> None:
    """Refuse a folder or library that holds nothing.

    :param paths: of the copies; most folders that hold something hold one of these.
    """
    for folder in (*options.protected_paths, *options.preferred_paths):
        if not any(is_below(path, folder) for path in paths):
            _check_place(immich, folder, _filters_of_folder(folder))
    for name in (*options.protected_libraries, *options.preferred_libraries):
        if name not in (EXTERNAL, UPLOAD):
            _check_place(immich, name, [AssetFilter(library_id=name)])


def _filters_of_folder(folder: str) -> list[AssetFilter]:
    """The server compares letter by letter, and has a path in the Unicode form that the disk gave it."""
    plain = separated(folder).rstrip("/")
    forms = dict.fromkeys((plain, unicodedata.normalize("NFC", plain), unicodedata.normalize("NFD", plain)))
    return [AssetFilter(path_part=f"{form}/") for form in forms]


def _check_place(immich: Immich, place: str, filters: Sequence[AssetFilter]) -> None:
    if not any(_holds_something(immich, wanted) for wanted in filters):
        raise UsageError(
            _(
                "No asset of the library is in '{place}'. Is it written as the server sees it? Nothing was changed."
            ).format(place=place)
        )


def _holds_something(immich: Immich, wanted: AssetFilter) -> bool:
    try:
        return immich.assets.count(wanted) > 0
    except RequestRefused:
        return False  # not even the id of a library
