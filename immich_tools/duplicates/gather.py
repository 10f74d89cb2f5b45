"""Reads from a server what the planner of the duplicates cleaner needs; changes nothing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from immich_tools.duplicates.choices import EXTERNAL, UPLOAD, Rule
from immich_tools.duplicates.facts import DuplicateFacts
from immich_tools.duplicates.options import DuplicatesOptions
from immich_tools.duplicates.scope import refuse_differences, refuse_members
from immich_tools.errors import AccessDenied, RequestRefused, UsageError
from immich_tools.i18n import _
from immich_tools.immich import compat
from immich_tools.immich.filters import AssetFilter
from immich_tools.immich.models import Album, Asset, Person, Tag

if TYPE_CHECKING:
    from immich_tools.immich.client import Immich


def gather(immich: Immich, options: DuplicatesOptions | None = None) -> DuplicateFacts:
    """Read the duplicate groups and what is known about their assets.

    Albums, tags and people are read only where the options need them, and only for groups that can be processed at all.

    :raises AccessDenied: the key may not read duplicates, or what a transfer needs.
    :raises UsageError: a folder or library that is to be protected or preferred holds nothing: it is misspelt, or not mounted.
    :raises IncompleteListing: an album or a tag cannot be read completely.
    """
    options = DuplicatesOptions() if options is None else options
    _check_places(immich, options)
    groups = immich.duplicates.groups()
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
    if assets:
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
        can_resolve=compat.resolves_duplicates(immich.version) and immich.api_key.allows("duplicate.delete"),
    )


def _people(immich: Immich, assets: Sequence[Asset]) -> Mapping[str, frozenset[Person]] | None:
    try:
        return immich.people.of_assets(assets)
    except AccessDenied:
        return None


def _check_places(immich: Immich, options: DuplicatesOptions) -> None:
    places = [
        (path, AssetFilter(path_part=f"{path}/")) for path in (*options.protected_paths, *options.preferred_paths)
    ]
    libraries = (*options.protected_libraries, *options.preferred_libraries)
    places += [(name, AssetFilter(library_id=name)) for name in libraries if name not in (EXTERNAL, UPLOAD)]
    for name, wanted in places:
        if not _holds_something(immich, wanted):
            raise UsageError(
                _(
                    "No asset of the library is in '{place}'. Is it written as the server sees it? Nothing was changed."
                ).format(place=name)
            )


def _holds_something(immich: Immich, wanted: AssetFilter) -> bool:
    try:
        return immich.assets.count(wanted) > 0
    except RequestRefused:
        return False  # not even the id of a library
