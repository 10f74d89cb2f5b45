"""One run under way: the only place from which anything is written to a server.

Level by level, what is required first. Before a level is sent, it is looked at once more. Each batch is announced in the journal before
it is sent. What a batch rests on of files of this computer is looked at after that, with nothing between the look and the request. A
batch that the server refuses as a whole is halved until the bad change is found. What later changes require is read back,
and whatever cannot be proven keeps those that require it from being carried out.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import closing
from threading import Event
from typing import Final

from attrs import evolve, frozen

from immich_tools.disk.watch import Watch
from immich_tools.errors import AccessDenied, Cancelled, GuardTripped, RequestRefused, ToolkitError
from immich_tools.i18n import _
from immich_tools.immich.client import Immich
from immich_tools.plan.actions import RestoreAssets, TrashAssets
from immich_tools.plan.album_actions import CreateAlbum, passing_albums
from immich_tools.plan.batching import ORDER, Batch, batches
from immich_tools.plan.creations import Creations
from immich_tools.plan.document import Change, Plan, levels
from immich_tools.plan.file_actions import FILE_KINDS
from immich_tools.plan.file_changes import bytes_of
from immich_tools.plan.file_claims import Evidence, bytes_claimed, claims_of
from immich_tools.plan.guards import check_permanent, trash_policy_now
from immich_tools.plan.journal_writer import Journal, JournalLost
from immich_tools.plan.observe import observe
from immich_tools.plan.outcome import Outcome, Result, Status
from immich_tools.plan.perform import KEEPER_LOST, perform
from immich_tools.plan.recheck import REMOVALS, group_of, recheck
from immich_tools.plan.tag_actions import TAG_KINDS

CREATION_TRIES: Final = 4
TICK: Final = 0.5
"""Seconds between two words on how many bytes are done."""


@frozen
class Progress:
    """How far a run is, for whoever shows it: changes settled or given up, of all.

    :ivar bytes_done: of the files that are copied, or read to be proven; those of files under way count as far as they are.
    :ivar bytes_total: 0 where no file is.
    """

    done: int
    total: int
    bytes_done: int = 0
    bytes_total: int = 0


Watcher = Callable[[Progress], None]


class Carrier:
    """Carries out one plan.

    :param known: what became of changes before the run was cut short.
    :param creations: what was known then of the albums and tags it makes.
    """

    def __init__(
        self,
        immich: Immich,
        plan: Plan,
        journal: Journal,
        *,
        batch_size: int,
        watcher: Watcher | None,
        permanent: str | None,
        known: Mapping[str, Result] | None = None,
        creations: Creations | None = None,
    ) -> None:
        self._immich = immich
        self._plan = plan
        self._journal = journal
        self._batch_size = batch_size
        self._watcher = watcher
        self._permanent = permanent
        self._results: dict[str, Result] = dict(known or {})
        self._creations = creations or Creations()
        self._creations.passing = passing_albums(change.action for change in plan.changes)
        self._changes = {change.id: change for change in plan.changes}
        # Not for plans that only form groups again: the server dissolves a group of one when asked for its groups.
        self._grouped = any(isinstance(each.action, REMOVALS) and group_of(each.action) for each in plan.changes)
        self._proven: set[str] = set()
        self._doubtful: dict[str, str] = {}  # change id → what the server said; what is true is still to be read
        self._lost = ""  # why the run cannot go on, once it cannot
        self._stopped = Event()
        self._files = self._creations.files
        self._files.watch = Watch(cancelled=self._stopped.is_set)
        self._meter = self._files.meter
        left = [change for change in plan.changes if change.id not in self._results]
        self._meter.total = sum(bytes_of(change.action) + bytes_claimed(change) for change in left)

    def carry_out(self) -> Outcome:
        """Do it.

        :returns: what became of every change.
        """
        self._tell()
        for level in levels(self._changes):
            ready = self._ready(level)
            self._send(self._still_right(ready))
            self._bring_back(ready)
            self._prove(level)
            self._tell()
        left = self._changes.keys() - self._results.keys()
        self._record({name: Result(Status.NOT_DONE, self._lost or _("the run ended before")) for name in sorted(left)})
        if not self._lost:
            try:
                self._journal.finish()
            except JournalLost as lost:
                self._lost = str(lost)
        return Outcome(self._plan, self._journal.run_id, self._journal.path, dict(self._results), bool(self._lost))

    def _ready(self, level: Sequence[Change]) -> list[Change]:
        """The changes of a level whose requirements are proven; the others get their result here.

        A requirement that is not in the plan (somebody deleted its line) is never proven.
        """
        ready = []
        for change in level:
            missing = [name for name in change.requires if name not in self._proven]
            if change.id in self._results:
                continue
            if self._lost:
                self._record({change.id: Result(Status.NOT_DONE, self._lost)})
            elif missing:
                reason = _("it requires '{id}', which was not proven").format(id=missing[0])
                self._record({change.id: Result(Status.NOT_DONE, reason)})
            else:
                ready.append(change)
        return ready

    def _still_right(self, ready: Sequence[Change]) -> list[Change]:
        """Those changes that may be sent now; the others get their result here."""
        if not ready:
            return []
        try:
            verdicts = self._unsafe_removals(ready)
            rest = [change for change in ready if change.id not in verdicts]
            verdicts |= recheck(
                self._immich, self._plan.user_id, rest, grouped=self._grouped, creations=self._creations
            )
            self._witness([change for change in rest if change.id not in verdicts])
        except ToolkitError as failure:
            self._lost = _("what is to be changed could not be checked: {reason}").format(reason=failure)
            verdicts = {change.id: Result(Status.NOT_DONE, self._lost) for change in ready}
        self._record(verdicts)
        return [change for change in ready if change.id not in verdicts]

    def _witness(self, changes: Sequence[Change]) -> None:
        """Put down what was there before: albums and tags before new ones are made, and what is in those that are to be deleted.

        :raises JournalLost: it is not on the disk; nothing may be sent.
        """
        before = {change.id for change in changes if isinstance(change.action, CreateAlbum)} & (
            self._creations.before.keys() - self._creations.made.keys()
        )
        known = frozenset[str]().union(*(self._creations.before[name] for name in before))
        gone = {change.id: self._creations.gone[change.id] for change in changes if change.id in self._creations.gone}
        if before or gone:
            self._journal.witness(known if before else None, gone)
        tagging = self._creations.tagging
        tagged = [change.id for change in changes if isinstance(change.action, TAG_KINDS)]
        if tagged:
            self._journal.witness_tags(tagging.missing, {name: tagging.carried[name] for name in tagged})

    def _unsafe_removals(self, ready: Sequence[Change]) -> dict[str, Result]:
        """All removals, if the server's trash was turned off while the run was at other things."""
        removals = [change for change in ready if isinstance(change.action, REMOVALS)]
        try:
            if removals:
                check_permanent(self._plan, trash_policy_now(self._immich), self._permanent)
        except GuardTripped as guard:
            return {change.id: Result(Status.NOT_DONE, str(guard)) for change in removals}
        return {}

    def _send(self, changes: Sequence[Change]) -> None:
        planned = batches(changes, self._batch_size)
        for kind in ORDER:
            self._send_alike([batch for batch in planned if batch.kind is kind])
            self._clear_doubts()

    def _send_alike(self, queue: Sequence[Batch]) -> None:
        """Send batches of one kind, several at a time; refused ones come back as halves."""
        pending = list(queue)
        if not pending:
            return
        # Inside such a batch several files are looked at or worked on at a time.
        is_about_files = any(batch.kind in FILE_KINDS or any(map(claims_of, batch.changes)) for batch in pending)
        at_a_time = 1 if is_about_files else self._immich.connection.concurrency
        with ThreadPoolExecutor(at_a_time) as pool:
            under_way: set[Future[tuple[Batch, ...]]] = set()
            try:
                while pending or under_way:
                    while pending and len(under_way) < at_a_time:
                        under_way.add(pool.submit(self._attempt, pending.pop(0)))
                    finished, under_way = wait(under_way, TICK if self._meter.total else None, FIRST_COMPLETED)
                    for future in finished:
                        pending[:0] = future.result()
                    self._tell()
            except BaseException:
                # An interruption ends the run after the requests that are under way, and files in the middle: what was written of
                # them goes. The journal says what was begun.
                self._stopped.set()
                pool.shutdown(wait=True, cancel_futures=True)
                raise

    def _attempt(self, batch: Batch) -> tuple[Batch, ...]:
        """Send one batch and record what came of it; returns what must be sent again."""
        evidence = Evidence()
        if not self._lost:
            batch, evidence = self._read_files(batch)
        if not batch.changes:
            return ()
        names = [change.id for change in batch.changes]
        if not self._lost:
            self._announce(names)
        if self._lost:
            self._record({name: Result(Status.NOT_DONE, self._lost) for name in names})
            return ()
        if batch.kind in FILE_KINDS:
            return self._work_on_files(batch)
        batch = self._without(batch, _fallen(evidence.last_look(batch.changes)))
        if not batch.changes:
            return ()
        # From the last look to the request nothing may take time.
        try:
            results = perform(self._immich, batch, self._creations)
        except RequestRefused as refusal:
            halves = batch.halves()
            if not halves:
                # The connection may have sent it twice, and the first may have been carried out: only looking tells.
                self._doubtful.update((name, refusal.reason or str(refusal)) for name in names)
            return halves
        except AccessDenied as denial:
            self._record({name: Result(Status.FAILED, str(denial)) for name in names})
        except ToolkitError as failure:
            return self._after_lost_answer(batch, str(failure))
        else:
            self._doubtful.update(
                (name, result.reason) for name, result in results.items() if result.status is Status.UNKNOWN
            )
            self._record({name: result for name, result in results.items() if result.status is not Status.UNKNOWN})
        return ()

    def _read_files(self, batch: Batch) -> tuple[Batch, Evidence]:
        """Look at the files that a batch changes or rests on, which may take long; returns what is left to be done.

        :raises Cancelled: the run was interrupted.
        """
        if batch.kind in FILE_KINDS:
            return self._without(batch, self._files.prepare(batch.changes)), Evidence()
        evidence = Evidence.of(batch.changes, self._meter, self._files.watch)
        return self._without(batch, _fallen(evidence.objections)), evidence

    def _without(self, batch: Batch, verdicts: Mapping[str, Result]) -> Batch:
        """A batch without those changes whose result is known now, and is recorded."""
        self._record(verdicts)
        return evolve(batch, changes=tuple(change for change in batch.changes if change.id not in verdicts))

    def _work_on_files(self, batch: Batch) -> tuple[Batch, ...]:
        """Carry out a batch of changes to files; returns what must be tried again."""
        left = {change.id: change for change in batch.changes}
        try:
            with closing(self._files.perform(self._immich, batch.changes)) as under_way:
                for name, result in under_way:
                    self._record({name: result})
                    del left[name]
                    if self._lost:
                        raise JournalLost(self._lost)
        except Cancelled:
            raise
        except (AccessDenied, RequestRefused) as refusal:  # of a scan
            self._record({name: Result(Status.FAILED, str(refusal)) for name in left})
        except ToolkitError as failure:
            if batch.is_sent_once:
                return self._after_lost_answer(batch, str(failure))
            undone = self._look(tuple(left.values()), "")
            self._lost = self._lost or _("the server was lost: {reason}").format(reason=failure)
            self._record({change.id: Result(Status.NOT_DONE, self._lost) for change in undone})
        return ()

    def _announce(self, names: Sequence[str]) -> None:
        try:
            self._journal.intend(names)
        except JournalLost as lost:
            self._lost = str(lost)

    def _after_lost_answer(self, batch: Batch, reason: str) -> tuple[Batch, ...]:
        """Find out what a request did whose answer never came; returns it if it did nothing and may be sent again."""
        undone = self._look(batch.changes, reason)
        if self._lost or not batch.is_sent_once or batch.tries + 1 >= CREATION_TRIES:
            self._record({change.id: Result(Status.FAILED, reason) for change in undone})
            return ()
        return (evolve(batch, changes=tuple(undone), tries=batch.tries + 1),) if undone else ()

    def _clear_doubts(self) -> None:
        """Decide by reading what the server's words on single changes left open."""
        doubtful, self._doubtful = self._doubtful, {}
        undone = self._look([self._changes[name] for name in doubtful], "")
        self._record({change.id: Result(Status.FAILED, doubtful[change.id]) for change in undone})

    def _look(self, changes: Sequence[Change], reason: str) -> list[Change]:
        """Record those of `changes` that are in effect as DONE and return the others.

        If that cannot be read, all are UNKNOWN and the run ends.
        """
        if not changes:
            return []
        try:
            seen = observe(self._immich, changes, creations=self._creations)
        except ToolkitError as failure:
            self._lost = _("the server was lost: {reason}").format(reason=failure)
            self._record({change.id: Result(Status.UNKNOWN, reason or self._lost) for change in changes})
            return []
        self._record({name: Result(Status.DONE) for name, in_effect in seen.items() if in_effect})
        return [change for change in changes if not seen[change.id]]

    def _prove(self, level: Sequence[Change]) -> None:
        """Read back what later changes require, and what was brought back from the trash (the server leaves offline assets there)."""
        required = {name for change in self._plan.changes if change.id not in self._results for name in change.requires}
        claimed = [
            change
            for change in level
            if (change.id in required or isinstance(change.action, RestoreAssets))
            and change.id in self._results
            and self._results[change.id].status.is_settled
        ]
        if not claimed or self._lost:
            return
        try:
            seen = observe(self._immich, claimed, grouped=self._grouped, creations=self._creations)
        except ToolkitError as failure:
            self._lost = _("what was changed could not be read back: {reason}").format(reason=failure)
            return
        self._proven.update(name for name, in_effect in seen.items() if in_effect)
        missing = Result(Status.UNKNOWN, _("it was not there when read back"))
        self._record({name: missing for name, in_effect in seen.items() if not in_effect})

    def _bring_back(self, sent: Sequence[Change]) -> None:
        """Look whether what was kept is still there after the others went; if somebody trashed it meanwhile, bring the others back."""
        done = {
            change.id: change.action
            for change in sent
            if isinstance(change.action, TrashAssets) and self._results[change.id].status is Status.DONE
        }
        kept = {asset_id for action in done.values() for asset_id in action.kept_ids}
        if not kept:
            return
        try:
            lost = self._immich.assets.trashed(kept)
            endangered = {name: action for name, action in done.items() if not lost.isdisjoint(action.kept_ids)}
            if endangered:
                self._immich.assets.restore(sorted(one for action in endangered.values() for one in action.trashed_ids))
            self._record(dict.fromkeys(endangered, KEEPER_LOST))
        except ToolkitError as failure:
            reason = _("whether what was kept is still there could not be read: {reason}").format(reason=failure)
            self._record(dict.fromkeys(done, Result(Status.UNKNOWN, reason)))

    def _record(self, results: Mapping[str, Result]) -> None:
        made = self._creations.made
        results = {name: evolve(result, made=made.get(name, result.made)) for name, result in results.items()}
        self._results.update(results)
        try:
            self._journal.conclude(results)
        except JournalLost as lost:
            self._lost = self._lost or str(lost)

    def _tell(self) -> None:
        if self._watcher is None:
            return
        try:
            self._watcher(Progress(len(self._results), len(self._changes), self._meter.done, self._meter.total))
        except (OSError, ValueError):
            self._watcher = None  # whoever watched is gone; the run goes on


def _fallen(reasons: Mapping[str, str]) -> dict[str, Result]:
    """Changes that are no longer right, each with its reason."""
    return {name: Result(Status.FELL_AWAY, reason) for name, reason in reasons.items()}
