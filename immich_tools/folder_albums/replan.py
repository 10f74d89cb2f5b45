"""Planning again with the options of a saved plan."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final

from immich_tools.folder_albums.gather import gather
from immich_tools.folder_albums.options import FolderAlbumsOptions
from immich_tools.folder_albums.plan import make_plan
from immich_tools.plan.model import Plan
from immich_tools.settings.documents import from_document

if TYPE_CHECKING:
    from immich_tools.immich.client import Immich

OPERATIONS: Final = frozenset(
    {
        "addAssetsToAlbum",
        "addUsersToAlbum",
        "createAlbum",
        "deleteAlbum",
        "deleteTag",
        "getAlbumInfo",
        "getAllAlbums",
        "getAllTags",
        "getAssetInfo",
        "getAssetStatistics",
        "getMyUser",
        "removeAssetFromAlbum",
        "removeUserFromAlbum",
        "searchAssets",
        "searchAssetStatistics",
        "searchUsers",
        "tagAssets",
        "untagAssets",
        "updateAlbumInfo",
        "updateAlbumUser",
        "updateAssets",
        "upsertTags",
    }
)
"""Ids of the server's operations that a run and its undo may need."""


def replan(immich: Immich, saved: Plan, *, journal_folder: Path) -> Plan:
    """What would be planned now with the options of a saved plan.

    :param journal_folder: where journals of earlier runs are; they tell which albums this tool made.
    :raises UsageError: the options in the saved plan are not usable.
    """
    options = from_document(FolderAlbumsOptions, saved.options)
    return make_plan(gather(immich, options, journal_folder=journal_folder), options)
