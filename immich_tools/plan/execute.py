"""Carrying a plan out, from its beginning (`apply`) or from where it was cut short (`resume`)."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

from immich_tools.errors import UsageError
from immich_tools.folders import default_journal_folder
from immich_tools.i18n import _
from immich_tools.immich.client import Immich
from immich_tools.plan.confirm import outdated
from immich_tools.plan.effects.album_creation import AlbumsMade, CreateAlbum
from immich_tools.plan.effects.albums import AlbumsLost
from immich_tools.plan.effects.base import Change, Job, RunState
from immich_tools.plan.effects.files import CopyFile, FileEffects, content_from, remove_leftovers
from immich_tools.plan.effects.libraries import ScanLibrary, ScansAsked
from immich_tools.plan.effects.tags import TagsMade
from immich_tools.plan.executor import PlanExecutor, Progress, ProgressCallback
from immich_tools.plan.guards import Guards, check_permanent, check_room, trash_policy_now
from immich_tools.plan.journal import Run, find_run, read_run, undo_runs, undoing
from immich_tools.plan.journal_writer import Journal, exclusive_lock
from immich_tools.plan.library_memory import LibraryMemory
from immich_tools.plan.look import read_back
from immich_tools.plan.model import Plan
from immich_tools.plan.outcome import Outcome
from immich_tools.plan.permissions import check_permissions
from immich_tools.plan.result import Result, Status
from immich_tools.plan.settling import Settlement

__all__ = ["Progress", "ProgressCallback", "apply", "check_user", "reread", "resume", "state_of"]


def apply(
    plan: Plan,
    immich: Immich,
    *,
    guards: Guards | None = None,
    journal_folder: Path | None = None,
    permanent: str | None = None,
    batch_size: int = 500,
    progress: ProgressCallback | None = None,
    undoes: str | None = None,
) -> Outcome:
    """Carry out a plan.

    An interruption (Ctrl-C) ends the run after the requests in progress; `resume` and `undo_plan` take up its journal.

    :param guards: limits on what may be removed.
    :param journal_folder: where the run's journal goes; None for the user's state folder.
    :param permanent: what a person typed to allow deleting permanently (see `guards.sentence`).
    :param batch_size: assets in one request.
    :param progress: called before the first and after each batch with how far the run is.
    :param undoes: id of the run this plan undoes.
    :returns: what became of every change. Failures of single changes are in it, not raised.
    :raises Stopped: a guard tripped; nothing was changed.
    :raises UnsupportedServer: nothing was changed.
    :raises AccessDenied: the key lacks a permission that the plan needs; nothing was changed.
    :raises UsageError: the client may only read, the plan is another user's, or the journal cannot be written; nothing was changed.
    """
    if not plan.changes:
        return Outcome(plan)
    _check_client(plan, immich)
    (guards or Guards()).check(plan)
    check_permanent(plan, trash_policy_now(immich), permanent)
    folder = journal_folder or default_journal_folder()
    with exclusive_lock(folder, plan.user_id):
        undone = find_run(folder, undoes) if undoes else None
        written = [*plan.changes, *(undone.plan.changes if undone else ())]
        # What a killed run left needs room as well, and undoing that run is the last who knows of it.
        remove_leftovers(change.action for change in written)
        check_room(plan.changes)
        user = immich.me.name or immich.me.email
        settlement = Settlement(RunState(immich, plan.user_id))
        if undone is not None and (undone.uncertain or not undone.finished):
            settlement.drain(undone.assets_before)
        with Journal.create(folder, plan, server=immich.url, permanent=permanent, undoes=undoes, user=user) as journal:
            executor = PlanExecutor(
                immich,
                plan,
                journal,
                batch_size=batch_size,
                progress=progress,
                permanent=permanent,
                settlement=settlement,
                memory=LibraryMemory.load(folder),
            )
            return executor.run()


def resume(
    run: Run,
    immich: Immich,
    *,
    fresh: Plan | None = None,
    permanent: str | None = None,
    batch_size: int = 500,
    progress: ProgressCallback | None = None,
) -> Outcome:
    """Go on with a run that was cut short.

    What was sent without a recorded answer is read from the server first; what was done is not done again.

    :param fresh: what the tool would plan now with the run's options: removals that are not in it like that are not carried out, because
        a run may be taken up long after it was planned. None for runs that no tool can plan again, such as undoing.
    :param permanent: what a person typed to allow deleting permanently; None for what was typed when the run began.
    :raises GuardTripped: the server's trash was turned off since, or files would find no room.
    :raises UsageError: the run came to its end, is in progress elsewhere, was undone, or belongs to another user.
    """
    check_user(run, immich)
    _check_client(run.plan, immich)
    with exclusive_lock(run.path.parent, run.plan.user_id), Journal.reopen(run) as journal:
        run = read_run(run.path)  # nobody else writes to it now
        if run.finished:
            raise UsageError(_("Run {run} came to its end; there is nothing to resume.").format(run=run.id))
        for other in undoing(run, undo_runs(run.path.parent)):
            raise UsageError(
                _("Run {run} is undone by {other}; make a new plan instead.").format(run=run.id, other=other.id)
            )
        permanent = permanent or run.permanent
        check_permanent(run.plan, trash_policy_now(immich), permanent)
        journal.resume()
        known = {name: result for name, result in run.results.items() if result.status.is_settled}
        state = state_of(run, immich)
        settlement = Settlement(state)
        settlement.drain(run.assets_before)
        known |= reread(run, immich, state)
        settlement.take_up(run.assets_before, _written(run, known))
        if fresh is not None:
            pending = [change for change in run.plan.changes if change.id not in known]
            names = {change.id for change in run.plan.changes}
            known |= {name: Result(Status.STALE, why) for name, why in outdated(pending, names, fresh).items()}
        journal.conclude(known)
        remove_leftovers(change.action for change in run.plan.changes)
        check_room(change for change in run.plan.changes if change.id not in known)
        return PlanExecutor(
            immich,
            run.plan,
            journal,
            batch_size=batch_size,
            progress=progress,
            permanent=permanent,
            known=known,
            uncertain=sent_late(run),
            settlement=settlement,
            memory=LibraryMemory.load(run.path.parent),
        ).run()


def _written(run: Run, known: Collection[str]) -> list[Change]:
    """The changes that an interrupted run carried out and whose jobs may still wait on the server."""
    return [change for change in run.plan.changes if change.id in known and change.action.started_job is not Job.NONE]


def state_of(run: Run, immich: Immich) -> RunState:
    """What is known of what a run made, albums included of which nobody could write down that they were made.

    :raises ToolkitError: the server cannot be read.
    """
    uncertain = run.uncertain
    copied = {change.id for change in run.plan.changes if isinstance(change.action, CopyFile)}
    done = set(run.with_status(Status.DONE))
    state = RunState(immich, run.plan.user_id)
    albums = state.own(AlbumsMade)
    albums.before.update((name, known) for name, known in run.albums_before.items() if name in uncertain)
    albums.ids.update((name, result.made) for name, result in run.results.items() if result.made and name not in copied)
    state.own(AlbumsLost).gone.update(run.gone)
    tags = state.own(TagsMade)
    tags.carried, tags.sent = dict(run.carried), frozenset(run.carried)
    found = {name: content_from(run.results[name].made) for name in copied if name in run.results}
    state.own(FileEffects).contents.update((name, content) for name, content in found.items() if content is not None)
    scans = [change.id for change in run.plan.changes if isinstance(change.action, ScanLibrary) and change.id in done]
    state.own(ScansAsked).done.update(scans)
    asked = [change for change in run.plan.changes if isinstance(change.action, CreateAlbum) and change.id in uncertain]
    albums.find(immich, asked)
    return state


def reread(run: Run, immich: Immich, state: RunState | None = None) -> dict[str, Result]:
    """What came of the changes whose answer was never recorded: DONE for those in effect; the others are not in it.

    When the plan was made it was not so, so whoever finds it so takes it for the run's doing.

    :param state: what `state_of` says of the run, if it was asked already.
    """
    state = state or state_of(run, immich)
    uncertain = run.uncertain
    made = state.own(AlbumsMade).ids
    # An album that was not found was not made, even if somebody has one just like it.
    asked = [
        change
        for change in run.plan.changes
        if change.id in uncertain and (change.id in made or not isinstance(change.action, CreateAlbum))
    ]
    seen = read_back(state, asked)
    return {name: Result(Status.DONE, made=made.get(name, "")) for name, in_effect in seen.items() if in_effect}


def sent_late(run: Run) -> frozenset[str]:
    """Ids of the changes that may reach the server after everybody has looked: what is found done of them was the run's doing.

    Not albums, which are only known as the run's when their making was seen, nor files, which nothing carries late.
    """
    uncertain = run.uncertain
    return frozenset(
        change.id
        for change in run.plan.changes
        if change.id in uncertain and not change.action.is_about_files and not isinstance(change.action, CreateAlbum)
    )


def check_user(run: Run, immich: Immich) -> None:
    """Refuse another user's run; user ids are unique across servers, whose addresses may change.

    :raises UsageError: the key does not belong to the user whose assets the run changed.
    """
    if run.plan.user_id != immich.me.id:
        raise UsageError(
            _("Run {run} changed another user's assets, on {server}; this key belongs to {name} on {url}.").format(
                run=run.id, server=run.server, name=immich.me.name, url=immich.url
            )
        )


def _check_client(plan: Plan, immich: Immich) -> None:
    if immich.connection.read_only:
        raise UsageError(_("This connection may only read; connect without read_only to apply a plan."))
    immich.check_writable()
    check_permissions(plan, immich)
    if plan.user_id != immich.me.id:
        raise UsageError(
            _("The plan was made for another user than the one this key belongs to ({name}).").format(
                name=immich.me.name
            )
        )
