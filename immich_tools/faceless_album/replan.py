"""Planning again with the options of a saved plan."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final

from immich_tools.faceless_album.gather import gather
from immich_tools.faceless_album.options import FacelessAlbumOptions
from immich_tools.faceless_album.plan import check_guards, make_plan
from immich_tools.plan.model import Plan
from immich_tools.settings.documents import from_document

if TYPE_CHECKING:
    from immich_tools.immich.client import Immich

OPERATIONS: Final = frozenset(
    {
        "addAssetsToAlbum",
        "createAlbum",
        "deleteAlbum",
        "getAlbumInfo",
        "getAllAlbums",
        "getAssetStatistics",
        "getFaces",
        "getMyUser",
        "removeAssetFromAlbum",
        "searchAssets",
        "searchAssetStatistics",
        "updateAlbumInfo",
    }
)
"""Ids of the server's operations that a run and its undo may need."""


def replan(immich: Immich, saved: Plan, *, journal_folder: Path) -> Plan:
    """What would be planned now with the options of a saved plan.

    :param journal_folder: where journals of earlier runs are; they tell what this tool put into the album.
    :raises UsageError: the options in the saved plan are not usable.
    :raises GuardTripped: too much would leave the album, or be added to it.
    """
    options = from_document(FacelessAlbumOptions, saved.options)
    facts = gather(immich, options, journal_folder=journal_folder)
    plan = make_plan(facts, options)
    check_guards(plan, facts, options)
    return plan
