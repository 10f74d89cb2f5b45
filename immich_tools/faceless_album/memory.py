"""What journals of earlier runs tell of the albums that were kept."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

from immich_tools.errors import UsageError
from immich_tools.faceless_album.album import mark
from immich_tools.faceless_album.facts import AlbumMemory
from immich_tools.faceless_album.options import FacelessAlbumOptions
from immich_tools.faceless_album.plan import TOOL
from immich_tools.plan.effects.album_creation import CreateAlbum, DeleteAlbum
from immich_tools.plan.effects.albums import AddToAlbum, RemoveFromAlbum, SetAlbumField
from immich_tools.plan.effects.base import Action
from immich_tools.plan.journal import Run, runs_of
from immich_tools.plan.result import Status
from immich_tools.settings.documents import from_document

Given = Mapping[str, frozenset[str]]
"""Album id → ids of what was put into it and not taken out again."""


def remembered(folder: Path, user_id: str, options: FacelessAlbumOptions) -> AlbumMemory:
    """What is known of the albums that runs with the same rule and name kept; some may be gone.

    :param folder: of the journals; need not exist.
    :raises UnreadableJournal: the journal of a run cannot be read.
    """
    given: dict[str, set[str]] = {}
    before: dict[str, Given] = {}
    found = runs_of(TOOL, folder)
    kept = {run.id for run in found if run.undoes is None and _purpose(_options_of(run)) == _purpose(options)}
    undone = {run.undoes for run in found}
    for run in found:
        # Runs of other tools are undone as well; their albums are not this one's.
        if run.plan.user_id != user_id or not (run.id in kept or run.undoes in before):
            continue
        if run.id in undone:
            before[run.id] = _frozen(given)
        if run.undoes is None:
            _learn(run, given)
        else:
            _restore(run, given, before[run.undoes])
    return AlbumMemory(tuple(given), _frozen(given))


def _frozen(given: Mapping[str, set[str]]) -> Given:
    return {album_id: frozenset(ids) for album_id, ids in given.items()}


def _options_of(run: Run) -> FacelessAlbumOptions | None:
    try:
        return from_document(FacelessAlbumOptions, run.plan.options)
    except UsageError:
        # Written by a version with other options.
        return None


def _purpose(options: FacelessAlbumOptions | None) -> str | None:
    return None if options is None else mark(options.chosen_rule, options.album_name)


def _learn(run: Run, given: dict[str, set[str]]) -> None:
    options = _options_of(run)
    is_sorted_out = options is not None and not options.respect_manual
    for action in _done(run):
        if isinstance(action, SetAlbumField) and action.album_id not in given:
            # An album that was taken over. Where nothing in it was to count as put there by hand, what stayed is the tool's, too.
            given[action.album_id] = {keep.asset_id for keep in run.plan.keeps} if is_sorted_out else set()
    for action in _done(run):
        if isinstance(action, AddToAlbum):
            given.setdefault(action.album_id, set()).add(action.asset_id)
        elif isinstance(action, RemoveFromAlbum):
            given.setdefault(action.album_id, set()).discard(action.asset_id)
    _learn_made(run, given)


def _restore(run: Run, given: dict[str, set[str]], former: Given) -> None:
    """What an undo touched is known as it was before the run that it undoes."""
    for action in _done(run):
        if isinstance(action, AddToAlbum):
            if action.asset_id in former.get(action.album_id, ()):
                given.setdefault(action.album_id, set()).add(action.asset_id)
        elif isinstance(action, RemoveFromAlbum):
            given.get(action.album_id, set()).discard(action.asset_id)
        elif isinstance(action, DeleteAlbum):
            given.pop(action.album_id, None)
        elif isinstance(action, SetAlbumField) and action.album_id not in former:
            given.pop(action.album_id, None)  # no longer taken over
    _learn_made(run, given)


def _learn_made(run: Run, given: dict[str, set[str]]) -> None:
    for change in run.plan.changes:
        result = run.results.get(change.id)
        if isinstance(change.action, CreateAlbum) and result is not None and result.made:
            given[result.made] = set(change.action.asset_ids)


def _done(run: Run) -> Iterator[Action]:
    done = set(run.with_status(Status.DONE))
    return (change.action for change in run.plan.changes if change.id in done)
