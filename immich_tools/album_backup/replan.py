"""Planning again with the options of a saved plan."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final

from immich_tools.album_backup.choices import Stage
from immich_tools.album_backup.gather import gather
from immich_tools.album_backup.options import AlbumBackupOptions
from immich_tools.album_backup.plan import make_plan
from immich_tools.plan.effects.files import WRITTEN
from immich_tools.plan.effects.libraries import ScanLibrary
from immich_tools.plan.model import Plan
from immich_tools.settings.documents import from_document

if TYPE_CHECKING:
    from immich_tools.immich.client import Immich

OPERATIONS: Final = frozenset(
    {
        "addAssetsToAlbum",
        "createAlbum",
        "deleteAlbum",
        "deleteAssets",
        "downloadAsset",
        "getAlbumInfo",
        "getAllAlbums",
        "getAllLibraries",
        "getAllTags",
        "getAssetInfo",
        "getAssetStatistics",
        "getFaces",
        "getMyUser",
        "getStack",
        "removeAssetFromAlbum",
        "restoreAssets",
        "scanLibrary",
        "searchAssets",
        "searchAssetStatistics",
        "searchUsers",
        "tagAssets",
        "updateAlbumInfo",
        "updateAsset",
        "updateAssets",
    }
)
"""Ids of the server's operations that a run and its undo may need."""


def stage_of(plan: Plan) -> Stage:
    """The stage that a plan was made for."""
    actions = [change.action for change in plan.changes]
    if any(isinstance(action, ScanLibrary) for action in actions):
        return Stage.SCAN
    return Stage.COPY if not actions or any(isinstance(action, WRITTEN) for action in actions) else Stage.FINISH


def replan(immich: Immich, saved: Plan, *, journal_folder: Path) -> Plan:
    """What would be planned now with the options of a saved plan, for the same stage and with one user's key.

    :param journal_folder: not needed: everything is found on the server and on the disk.
    :raises UsageError: the options in the saved plan are not usable.
    """
    options = from_document(AlbumBackupOptions, saved.options)
    return make_plan(gather(immich, options, may_be_gone=True), options, stage_of(saved))
