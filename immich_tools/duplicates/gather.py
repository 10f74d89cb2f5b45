"""Reads from a server what the planner of the duplicates cleaner needs; changes nothing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from immich_tools.duplicates.choices import Rule
from immich_tools.duplicates.facts import DuplicateFacts
from immich_tools.duplicates.options import DuplicatesOptions
from immich_tools.duplicates.scope import refuse_differences, refuse_members
from immich_tools.errors import AccessDenied
from immich_tools.immich import compat
from immich_tools.immich.models import Album, Asset, Person, Tag

if TYPE_CHECKING:
    from immich_tools.immich.client import Immich


def gather(immich: Immich, options: DuplicatesOptions | None = None) -> DuplicateFacts:
    """Read the duplicate groups and what is known about their assets.

    Albums, tags and people are read only where the options need them, and only for groups that can be processed at all.

    :raises AccessDenied: the key may not read duplicates, or what a transfer needs.
    :raises IncompleteListing: an album or a tag cannot be read completely.
    """
    options = DuplicatesOptions() if options is None else options
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
