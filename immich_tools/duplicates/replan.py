"""Planning again with the options of a saved plan."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final

from immich_tools.duplicates.gather import gather
from immich_tools.duplicates.options import DuplicatesOptions
from immich_tools.duplicates.plan import make_plan
from immich_tools.plan.effects.assets import DeleteForever
from immich_tools.plan.library_memory import LibraryMemory
from immich_tools.plan.model import Plan
from immich_tools.settings.documents import from_document

if TYPE_CHECKING:
    from immich_tools.immich.client import Immich

OPERATIONS: Final = frozenset(
    {
        "addAssetsToAlbum",
        "bulkTagAssets",
        "createStack",
        "deleteAssets",
        "deleteDuplicates",
        "deleteStack",
        "getAlbumInfo",
        "getAllAlbums",
        "getAllPeople",
        "getAllSharedLinks",
        "getAllTags",
        "getAssetDuplicates",
        "getAssetInfo",
        "getAssetStatistics",
        "getMyUser",
        "getSharedLinkById",
        "getStack",
        "removeAssetFromAlbum",
        "resolveDuplicates",
        "restoreAssets",
        "searchAssets",
        "searchAssetStatistics",
        "tagAssets",
        "untagAssets",
        "updateAlbumInfo",
        "updateAsset",
        "updateAssets",
    }
)
"""Ids of the server's operations that a clean-up and its undo may need."""


def replan(immich: Immich, saved: Plan, *, journal_folder: Path) -> Plan:
    """What would be planned now with the options of a saved plan.

    :param journal_folder: where runs remember which libraries lose metadata.
    :raises UsageError: the options in the saved plan are not usable.
    """
    options = from_document(DuplicatesOptions, saved.options)
    permanent = any(isinstance(change.action, DeleteForever) for change in saved.changes)
    known = LibraryMemory.load(journal_folder).refusing.keys()
    return make_plan(gather(immich, options, read_only_libraries=known), options, permanent=permanent)
