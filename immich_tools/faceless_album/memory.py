"""What journals of earlier runs tell of the albums that were kept."""

from __future__ import annotations

from pathlib import Path

from immich_tools.errors import UsageError
from immich_tools.faceless_album.album import mark
from immich_tools.faceless_album.facts import AlbumMemory
from immich_tools.faceless_album.options import FacelessAlbumOptions
from immich_tools.faceless_album.plan import TOOL
from immich_tools.plan.actions import AddToAlbum, RemoveFromAlbum
from immich_tools.plan.album_actions import CreateAlbum, DeleteAlbum, SetAlbumField
from immich_tools.plan.journal import SUFFIX, Run, runs, undo_runs
from immich_tools.plan.outcome import Status
from immich_tools.settings.documents import from_document


def remembered(folder: Path, user_id: str, options: FacelessAlbumOptions) -> AlbumMemory:
    """What is known of the albums that runs with the same rule and name kept; some may be gone.

    :param folder: of the journals; need not exist.
    """
    given: dict[str, set[str]] = {}
    found = runs(folder, f"*-{TOOL}-*{SUFFIX}")
    kept = {run.id for run in found if _purpose(_options_of(run)) == _purpose(options)}
    for run in sorted([*found, *undo_runs(folder)], key=lambda each: (each.started, each.id)):
        if run.plan.user_id == user_id and (run.undoes or run.id) in kept:
            _learn(run, given)
    return AlbumMemory(tuple(given), {album_id: frozenset(ids) for album_id, ids in given.items()})


def _options_of(run: Run) -> FacelessAlbumOptions | None:
    try:
        return from_document(FacelessAlbumOptions, run.plan.options)
    except UsageError:
        # Written by a version with other options.
        return None


def _purpose(options: FacelessAlbumOptions | None) -> str | None:
    return None if options is None else mark(options.chosen_rule, options.album_name)


def _learn(run: Run, given: dict[str, set[str]]) -> None:
    for change in run.plan.changes:
        action, result = change.action, run.results.get(change.id)
        if result is None:
            continue
        if isinstance(action, CreateAlbum):
            if result.made:
                given[result.made] = set(action.asset_ids)
        elif result.status is not Status.DONE:
            continue
        elif isinstance(action, DeleteAlbum):
            given.pop(action.album_id, None)
        elif isinstance(action, AddToAlbum):
            given.setdefault(action.album_id, set()).add(action.asset_id)
        elif isinstance(action, RemoveFromAlbum):
            given.setdefault(action.album_id, set()).discard(action.asset_id)
        elif isinstance(action, SetAlbumField) and run.undoes is None:
            given.setdefault(action.album_id, set())  # an album that was taken over
