"""What journals of earlier runs tell of originals that were trashed, by this command, by a saved plan, or by an undo of an undo."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

from immich_tools.missing_originals.memory import Trashed
from immich_tools.missing_originals.plan import TOOL
from immich_tools.plan.effects.assets import RestoreAssets, TrashAssets
from immich_tools.plan.journal import Run, runs_of
from immich_tools.plan.result import Status


def trashed_earlier(folder: Path, user_ids: Collection[str]) -> dict[str, Trashed]:
    """Asset id → when it was trashed; what a run has restored since is not in it.

    :param folder: of the journals; need not exist.
    :param user_ids: whose assets count.
    :raises UnreadableJournal: the journal of a run cannot be read.
    """
    known: dict[str, Trashed] = {}
    found = runs_of(TOOL, folder)
    own = {run.id for run in found if run.undoes is None}
    for run in found:
        if run.undoes is not None and run.undoes in own:
            own.add(run.id)  # so that what undoes this one counts, too
        if run.id in own and run.plan.user_id in user_ids:
            _learn(run, known)
    return known


def _learn(run: Run, known: dict[str, Trashed]) -> None:
    day = run.started.astimezone().date()
    for change in run.plan.changes:
        result = run.results.get(change.id)
        status = result.status if result is not None else None
        if isinstance(change.action, TrashAssets):
            # A request whose answer never came may have been carried out.
            if status in (Status.DONE, Status.UNKNOWN) or change.id in run.open_changes:
                for asset_id in change.action.trashed_ids:
                    label = run.plan.labels.get(asset_id)
                    known[asset_id] = Trashed(day, "" if label is None else label.path)
        elif isinstance(change.action, RestoreAssets) and status is not None and status.is_settled:
            for asset_id in change.action.restored_ids:
                known.pop(asset_id, None)
