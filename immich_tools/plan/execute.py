"""Carrying a plan out: the only place from which anything is written to a server.

Level by level, what is required first. Each batch is announced in the journal before it is sent. A batch that the server refuses as a
whole is halved until the bad change is found. What later changes require is read back, and whatever cannot be proven keeps those that
require it from being carried out. Right before something is removed, its reasons are checked once more.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from pathlib import Path
from typing import Final

from attrs import frozen

from immich_tools.errors import AccessDenied, RequestRefused, ServerUnreachable, ToolkitError, UsageError
from immich_tools.i18n import _
from immich_tools.immich.client import Immich
from immich_tools.immich.models import Asset
from immich_tools.plan.actions import Action, DeleteForever, TrashAssets
from immich_tools.plan.document import Change, Plan, levels
from immich_tools.plan.guards import Guards, check_permanent
from immich_tools.plan.journal import Journal, Run, default_folder
from immich_tools.plan.observe import objection, observe
from immich_tools.plan.outcome import Outcome, Result, Status
from immich_tools.plan.perform import ORDER, Batch, batches, perform

REMOVALS: Final = (TrashAssets, DeleteForever)
SERVER_FAULT: Final = 500


@frozen
class Progress:
    """How far a run is, for whoever shows it: changes settled or given up, of all."""

    done: int
    total: int


Watcher = Callable[[Progress], None]


def apply(
    plan: Plan,
    immich: Immich,
    *,
    guards: Guards | None = None,
    journal_folder: Path | None = None,
    permanent: str | None = None,
    batch_size: int = 500,
    watcher: Watcher | None = None,
    undoes: str | None = None,
) -> Outcome:
    """Carry out a plan.

    :param guards: limits on what may be removed.
    :param journal_folder: where the run's journal goes; None for the user's state folder.
    :param permanent: what a person typed to allow deleting for good (see `guards.sentence`).
    :param batch_size: assets in one request.
    :param watcher: told after each batch how far the run is.
    :param undoes: id of the run this plan undoes.
    :returns: what became of every change. Failures of single changes are in it, not raised.
    :raises Stopped: a guard tripped; nothing was changed.
    :raises UnsupportedServer: nothing was changed.
    :raises UsageError: the client may only read, the plan is another user's, or the journal cannot be written; nothing was changed.
    """
    if not plan.changes:
        return Outcome(plan)
    _check_client(plan, immich)
    (guards or Guards()).check(plan)
    check_permanent(plan, immich.trash_policy, permanent)
    folder = journal_folder or default_folder()
    with Journal.create(folder, plan, server=immich.url, permanent=permanent, undoes=undoes) as journal:
        return _Carrier(immich, plan, journal, batch_size=batch_size, watcher=watcher).carry_out()


def resume(run: Run, immich: Immich, *, batch_size: int = 500, watcher: Watcher | None = None) -> Outcome:
    """Go on with a run that was cut short.

    What was sent without a recorded answer is read from the server first; what was done is not done again.

    :raises UsageError: the run came to its end, was on another server, or belongs to another user.
    """
    if run.finished:
        raise UsageError(_("Run {run} came to its end; there is nothing to resume.").format(run=run.id))
    check_server(run, immich)
    _check_client(run.plan, immich)
    check_permanent(run.plan, immich.trash_policy, run.permanent)
    with Journal.reopen(run) as journal:
        known = {name: result for name, result in run.results.items() if result.status.is_settled}
        known |= reread(run, immich)
        journal.conclude(known)
        return _Carrier(immich, run.plan, journal, batch_size=batch_size, watcher=watcher, known=known).carry_out()


def reread(run: Run, immich: Immich) -> dict[str, Result]:
    """What came of the changes whose answer was never recorded: DONE for those in effect; the others are not in it."""
    uncertain = run.open_changes.union(run.with_status(Status.UNKNOWN))
    seen = observe(immich, [change for change in run.plan.changes if change.id in uncertain])
    return {name: Result(Status.DONE) for name, in_effect in seen.items() if in_effect}


def check_server(run: Run, immich: Immich) -> None:
    """:raises UsageError: `run` was on another server."""
    if run.server != immich.url:
        raise UsageError(
            _("Run {run} was on {server}, not on {url}.").format(run=run.id, server=run.server, url=immich.url)
        )


def _check_client(plan: Plan, immich: Immich) -> None:
    if immich.connection.read_only:
        raise UsageError(_("This connection may only read; connect without read_only to apply a plan."))
    immich.check_writable()
    if plan.user_id != immich.me.id:
        raise UsageError(
            _("The plan was made for another user than the one this key belongs to ({name}).").format(
                name=immich.me.name
            )
        )


class _Carrier:
    """One run under way."""

    def __init__(
        self,
        immich: Immich,
        plan: Plan,
        journal: Journal,
        *,
        batch_size: int,
        watcher: Watcher | None,
        known: Mapping[str, Result] | None = None,
    ) -> None:
        self._immich = immich
        self._plan = plan
        self._journal = journal
        self._batch_size = batch_size
        self._watcher = watcher
        self._results: dict[str, Result] = dict(known or {})
        self._changes = {change.id: change for change in plan.changes}
        self._proven: set[str] = set()
        self._lost = ""  # why the server counts as lost, once it does

    def carry_out(self) -> Outcome:
        for level in levels(self._changes):
            ready = self._ready(level)
            fallen = self._fallen_away([change for change in ready if isinstance(change.action, REMOVALS)])
            self._send([change for change in ready if change.id not in fallen])
            self._prove(level)
        self._record(
            {
                name: Result(Status.NOT_DONE, self._lost or _("the run ended before"))
                for name in self._changes
                if name not in self._results
            }
        )
        unfinished = bool(self._lost)
        if not unfinished:
            self._journal.finish()
        return Outcome(self._plan, self._journal.run_id, self._journal.path, dict(self._results), unfinished)

    def _ready(self, level: Sequence[Change]) -> list[Change]:
        """The changes of a level whose requirements are proven; the others get their result here."""
        ready = []
        for change in level:
            missing = [name for name in change.requires if name not in self._proven]
            if change.id in self._results:
                continue
            if self._lost:
                self._record({change.id: Result(Status.NOT_DONE, self._lost)})
            elif missing:
                self._record(
                    {
                        change.id: Result(
                            Status.NOT_DONE, _("it requires '{id}', which was not proven").format(id=missing[0])
                        )
                    }
                )
            else:
                ready.append(change)
        return ready

    def _send(self, changes: Sequence[Change]) -> None:
        planned = batches(changes, self._batch_size)
        for kind in ORDER:
            self._send_alike([batch for batch in planned if batch.kind is kind])

    def _send_alike(self, queue: Sequence[Batch]) -> None:
        """Send batches of one kind, several at a time; refused ones come back as halves."""
        pending = list(queue)
        with ThreadPoolExecutor(self._immich.connection.concurrency) as pool:
            under_way: set[Future[tuple[Batch, ...]]] = set()
            try:
                while pending or under_way:
                    while pending and len(under_way) < self._immich.connection.concurrency:
                        under_way.add(pool.submit(self._attempt, pending.pop(0)))
                    finished, under_way = wait(under_way, return_when=FIRST_COMPLETED)
                    for future in finished:
                        pending[:0] = future.result()
                    if self._watcher is not None:
                        self._watcher(Progress(len(self._results), len(self._changes)))
            except BaseException:
                # An interruption ends the run after the requests that are under way; the journal says what was sent.
                pool.shutdown(wait=True, cancel_futures=True)
                raise

    def _attempt(self, batch: Batch) -> tuple[Batch, ...]:
        """Send one batch and record what came of it; returns what must be sent again in smaller parts."""
        names = [change.id for change in batch.changes]
        if self._lost:
            self._record({name: Result(Status.NOT_DONE, self._lost) for name in names})
            return ()
        self._journal.intend(names)
        try:
            self._record(perform(self._immich, batch))
        except RequestRefused as refusal:
            halves = batch.halves()
            if halves:
                return halves
            if refusal.status >= SERVER_FAULT:
                self._record_seen(batch.changes, str(refusal))
            else:
                self._record({name: Result(Status.FAILED, refusal.reason) for name in names})
        except AccessDenied as denial:
            self._record({name: Result(Status.FAILED, str(denial)) for name in names})
        except ServerUnreachable as failure:
            self._record_seen(batch.changes, str(failure))
        return ()

    def _record_seen(self, changes: Sequence[Change], reason: str) -> None:
        """Record by reading the server, because its answer was lost or said nothing."""
        try:
            seen = observe(self._immich, changes)
        except ToolkitError as failure:
            self._lost = _("the server was lost: {reason}").format(reason=failure)
            self._record({change.id: Result(Status.UNKNOWN, reason) for change in changes})
        else:
            self._record(
                {name: Result(Status.DONE) if done else Result(Status.FAILED, reason) for name, done in seen.items()}
            )

    def _prove(self, level: Sequence[Change]) -> None:
        """Read back the changes of a level that later ones require."""
        required = {name for change in self._plan.changes if change.id not in self._results for name in change.requires}
        claimed = [
            change
            for change in level
            if change.id in required and change.id in self._results and self._results[change.id].status.is_settled
        ]
        if not claimed:
            return
        try:
            seen = observe(self._immich, claimed)
        except ToolkitError as failure:
            self._lost = _("what was transferred could not be read back: {reason}").format(reason=failure)
            return
        self._proven.update(name for name, in_effect in seen.items() if in_effect)
        self._record(
            {
                name: Result(Status.FAILED, _("it was not there when read back"))
                for name, in_effect in seen.items()
                if not in_effect
            }
        )

    def _fallen_away(self, removals: Sequence[Change]) -> frozenset[str]:
        """Ids of the removals whose reasons no longer hold, or cannot be checked."""
        if not removals:
            return frozenset()
        try:
            objections = self._objections(removals)
        except ToolkitError as failure:
            self._lost = _("what is to be removed could not be checked: {reason}").format(reason=failure)
            self._record({change.id: Result(Status.NOT_DONE, self._lost) for change in removals})
            return frozenset(change.id for change in removals)
        self._record({name: Result(Status.FELL_AWAY, reason) for name, reason in objections.items()})
        return frozenset(objections)

    def _objections(self, removals: Sequence[Change]) -> dict[str, str]:
        grouped = [
            change
            for change in removals
            if isinstance(change.action, REMOVALS) and change.action.duplicate_id is not None
        ]
        assets: dict[str, Asset] = {}
        groups: dict[str, frozenset[str]] = {}
        if grouped:
            for group in self._immich.duplicates.groups():
                groups[group.id] = frozenset(asset.id for asset in group.assets)
                assets.update((asset.id, asset) for asset in group.assets)
        named = {asset_id for change in removals for asset_id in _named(change.action)}
        assets |= self._immich.assets.read(
            named - assets.keys() - {asset_id for change in grouped for asset_id in _named(change.action)}
        )
        found = ((change.id, objection(change, self._plan.user_id, assets, groups)) for change in removals)
        return {name: reason for name, reason in found if reason is not None}

    def _record(self, results: Mapping[str, Result]) -> None:
        self._results.update(results)
        self._journal.conclude(results)


def _named(action: Action) -> Iterable[str]:
    return (*action.kept_ids, *action.trashed_ids) if isinstance(action, TrashAssets | DeleteForever) else action.assets
