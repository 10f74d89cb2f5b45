"""Which files leave albums of this tool, because they are in a folder of these no longer."""

from __future__ import annotations

from collections.abc import Mapping

from immich_tools.folder_albums.arrange import LOCKED, NOT_OWN, UNFIT, Arrangement
from immich_tools.folder_albums.facts import FolderFacts
from immich_tools.folder_albums.options import FolderAlbumsOptions
from immich_tools.folder_albums.refusals import SkipCode
from immich_tools.immich.models import Album
from immich_tools.paths import FilterCode

_UNDECIDED = frozenset(
    {
        NOT_OWN,
        UNFIT,
        LOCKED,
        SkipCode.PROPERTIES_INVALID.value,
        FilterCode.NOT_SELECTED.value,
        FilterCode.IGNORED.value,
    }
)
"""Skips that do not tell where a file belongs: another run may well have other filters."""


def leaving(
    facts: FolderFacts, arrangement: Arrangement, found: Mapping[str, Album], options: FolderAlbumsOptions
) -> dict[str, tuple[str, ...]]:
    """Asset id → ids of albums it leaves.

    Only what this tool put into an album it made itself is taken out again; what somebody added by hand stays, and so does what could
    not be told: files that were not read, or whose properties cannot be.

    :param found: label → album that is there.
    """
    belongs = arrangement.labels_of()
    label_of = {album.id: label for label, album in found.items()}
    undecided = {asset_id for skip in arrangement.skips if skip.code in _UNDECIDED for asset_id in skip.asset_ids}
    # A choice of libraries leaves files unread, but those that are read are in the right folder or not.
    decided = {asset.id for asset in facts.assets} - undecided
    scheme = options.scheme
    leaves: dict[str, list[str]] = {}
    for album in facts.own_albums():
        made = facts.made.get(album.id)
        if made is None or not scheme.manages(made.scheme):
            continue
        for asset_id in made.asset_ids & facts.members.get(album.id, frozenset()) & decided:
            if label_of.get(album.id, made.label) not in belongs.get(asset_id, ()):
                leaves.setdefault(asset_id, []).append(album.id)
    return {asset_id: tuple(sorted(album_ids)) for asset_id, album_ids in leaves.items()}
