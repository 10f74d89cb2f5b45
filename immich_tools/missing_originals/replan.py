"""Planning again with the options of a saved plan, and what must hold before anything is carried out."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final

from immich_tools.errors import GuardTripped
from immich_tools.i18n import _
from immich_tools.missing_originals.facts import MissingFacts
from immich_tools.missing_originals.gather import gather
from immich_tools.missing_originals.options import MissingOriginalsOptions
from immich_tools.missing_originals.plan import make_plan, stopped_by
from immich_tools.missing_originals.records import RecordSource
from immich_tools.missing_originals.state import read_memory, state_path
from immich_tools.plan.model import Plan
from immich_tools.settings.documents import from_document

if TYPE_CHECKING:
    from immich_tools.immich.client import Immich
    from immich_tools.missing_originals.database_options import DatabaseAddress

OPERATIONS: Final = frozenset(
    {
        "addAssetsToAlbum",
        "deleteAssets",
        "getAlbumInfo",
        "getAllAlbums",
        "getAllTags",
        "getAssetInfo",
        "getAssetStatistics",
        "getMyUser",
        "removeAssetFromAlbum",
        "restoreAssets",
        "searchAssets",
        "searchAssetStatistics",
        "searchStacks",
        "tagAssets",
        "untagAssets",
        "updateAssets",
    }
)
"""Ids of the server's operations that a run and its undo may need."""


def replan(immich: Immich, saved: Plan, *, journal_folder: Path) -> Plan:
    """What would be planned now with the options of a saved plan.

    :param journal_folder: where journals of earlier runs are; they tell what was trashed before.
    :raises UsageError: the options in the saved plan are not usable, or no database is configured where it came from one.
    :raises GuardTripped: the saved plan trashes something, and too much is missing now, or the trash is off.
    """
    options = from_document(MissingOriginalsOptions, saved.options)
    facts = gather(
        immich,
        options,
        database=_database() if options.source is RecordSource.DATABASE else None,
        journal_folder=journal_folder,
        seen=read_memory(state_path(immich.url)),
    )
    plan = make_plan(facts, options)
    if saved.removed():
        check_trash(plan, immich)
        check_guards(plan)
    return plan


def check_trash(plan: Plan, immich: Immich) -> None:
    """Refuse to trash where a trash keeps nothing: a file that is only out of sight would be deleted the next night.

    :raises GuardTripped: the plan trashes something.
    """
    policy = immich.trash_policy
    if plan.removed() and not policy.is_known:
        raise GuardTripped(
            _(
                "Nothing tells whether the server has a trash ({reason}), so a file that comes back might be deleted. Nothing was changed. "
                "Give the API key the permission userConfig.read."
            ).format(reason=policy.reason.removesuffix("."))
        )
    if plan.removed() and not policy.is_safety_net:
        raise GuardTripped(
            _(
                "The server's trash is off or keeps nothing: a file that comes back would be deleted. Nothing was changed. "
                "Switch the trash on in Immich under Administration > Settings."
            )
        )


def check_guards(plan: Plan) -> None:
    """Stop where too much is missing.

    :raises GuardTripped: says what, and which option allows more.
    """
    reason = stopped_by(plan)
    if reason is not None:
        raise GuardTripped(_("Too much is missing; {reason}.").format(reason=reason))


def check_proof(facts: MissingFacts) -> None:
    """Stop where nothing could be looked for: neither "nothing is missing" nor "nothing to do" would be true.

    :raises GuardTripped: no root is proven to be there.
    """
    if not facts.proven:
        folders = sorted({facts.places.place(record.path).folder for record in facts.records})
        raise GuardTripped(
            _(
                "No file could be looked for, because the disk of {folders} is not proven to be there. "
                "Is it mounted? If the folder is elsewhere on this computer, say so, such as with --map /data=/mnt/photos."
            ).format(folders=", ".join(folders))
        )


def _database() -> DatabaseAddress | None:
    """The database that the configuration names."""
    from immich_tools.missing_originals.cli import configured_database

    return configured_database()
