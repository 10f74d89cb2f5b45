"""Executes one plan; the only module that sends writes.

Level by level, what is required first. Before a level is sent, its preconditions are checked. Each batch is announced in the journal before
it is sent. What a batch rests on of files of this computer is verified after that, with nothing between the look and the request. A batch
that the server refuses as a whole is halved until the bad change is found. Writes of different kinds to one asset never overlap: the jobs
that the server queued for the first must have run. What was written is proven once it is settled, and whatever cannot be proven keeps those
that require it from being carried out.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import closing
from threading import Event
from typing import Final

from attrs import evolve, frozen

from immich_tools.disk.watch import Watch
from immich_tools.errors import AccessDenied, Cancelled, GuardTripped, RequestRefused, ToolkitError
from immich_tools.i18n import _
from immich_tools.immich.client import Immich
from immich_tools.plan.batching import Batch, batches, waves
from immich_tools.plan.effects import KINDS
from immich_tools.plan.effects.album_creation import AlbumsMade, CreateAlbum, passing_albums
from immich_tools.plan.effects.albums import AlbumsLost, RemoveFromAlbum, albums_covered_by
from immich_tools.plan.effects.assets import KEEPER_LOST, Removal, RestoreAssets, TrashAssets
from immich_tools.plan.effects.base import Change, Job, RunState
from immich_tools.plan.effects.files import FileEffects, bytes_of
from immich_tools.plan.effects.tags import TagAssets, TagsMade, UntagAssets
from immich_tools.plan.file_claims import Evidence, bytes_claimed
from immich_tools.plan.guards import check_permanent, trash_policy_now
from immich_tools.plan.journal_writer import Journal, JournalWriteError
from immich_tools.plan.library_memory import LibraryMemory
from immich_tools.plan.look import check_preconditions, read_back
from immich_tools.plan.model import Plan, levels
from immich_tools.plan.outcome import Outcome
from immich_tools.plan.result import Result, Status
from immich_tools.plan.settling import REPAIRS, Settlement

CREATION_TRIES: Final = 4
TICK: Final = 0.5
"""Seconds between two reports on how many bytes are done."""


@frozen
class Progress:
    """How far a run is, for whoever shows it: changes settled or given up, of all.

    :ivar bytes_done: of the files that are copied, or read to be proven; those in progress count as far as they are.
    :ivar bytes_total: 0 where no file is.
    :ivar waiting: assets whose jobs on the server are waited for.
    """

    done: int
    total: int
    bytes_done: int = 0
    bytes_total: int = 0
    waiting: int = 0


ProgressCallback = Callable[[Progress], None]


class PlanExecutor:
    """Carries out one plan.

    :param known: what became of changes before the run was interrupted.
    :param uncertain: ids of the changes that it had sent by then without knowing what came of them.
    :param settlement: what was known then of what it makes, and expects of the assets it wrote to.
    :param memory: which external libraries cannot hold metadata.
    """

    def __init__(
        self,
        immich: Immich,
        plan: Plan,
        journal: Journal,
        *,
        batch_size: int,
        progress: ProgressCallback | None,
        permanent: str | None,
        known: Mapping[str, Result] | None = None,
        uncertain: frozenset[str] = frozenset(),
        settlement: Settlement | None = None,
        memory: LibraryMemory | None = None,
    ) -> None:
        self._immich = immich
        self._plan = plan
        self._journal = journal
        self._batch_size = batch_size
        self._progress = progress
        self._permanent = permanent
        self._results: dict[str, Result] = dict(known or {})
        self._uncertain = uncertain
        self._changes = {change.id: change for change in plan.changes}
        self._settlement = settlement or Settlement(RunState(immich, plan.user_id))
        self._run = self._settlement.run
        # Not for plans that only form groups again: the server dissolves a group of one when asked for its groups.
        self._run.is_grouped = any(
            isinstance(each.action, Removal) and each.action.group_id is not None for each in plan.changes
        )
        self._run.own(AlbumsMade).passing = passing_albums(change.action for change in plan.changes)
        self._settlement.progress = self._report_waiting
        self._memory = memory or LibraryMemory()
        self._proven: set[str] = set()
        self._doubtful: dict[str, str] = {}  # change id → what the server said; what is true is still to be read
        self._ended = ""  # why the run cannot go on, once it cannot
        self._stopped = Event()
        files = self._run.own(FileEffects)
        files.watch = Watch(cancelled=self._stopped.is_set)
        self._files, self._meter = files, files.meter
        left = [change for change in plan.changes if change.id not in self._results]
        self._meter.total = sum(bytes_of(change.action) + bytes_claimed(change) for change in left)

    def run(self) -> Outcome:
        """Do it.

        :returns: what became of every change.
        """
        self._report_progress()
        for level in levels(self._changes):
            taken_up = [change for change in level if change.id in self._results]
            ready = self._ready(level)
            self._send(self._checked(ready))
            self._settle([*taken_up, *ready])
            self._compensate(ready)
            self._verify(level)
            self._report_progress()
        left = self._changes.keys() - self._results.keys()
        self._record({name: Result(Status.NOT_DONE, self._ended or _("the run ended before")) for name in sorted(left)})
        if not self._ended:
            try:
                self._journal.finish()
            except JournalWriteError as lost:
                self._ended = str(lost)
        return Outcome(self._plan, self._journal.run_id, self._journal.path, dict(self._results), bool(self._ended))

    def _ready(self, level: Sequence[Change]) -> list[Change]:
        """The changes of a level whose requirements are proven; the others get their result here.

        A requirement that is not in the plan (somebody deleted its line) is never proven.
        """
        ready = []
        for change in level:
            missing = [name for name in change.requires if name not in self._proven]
            if change.id in self._results:
                continue
            if self._ended:
                self._record({change.id: Result(Status.NOT_DONE, self._ended)})
            elif missing:
                self._record({change.id: self._without_requirement(missing)})
            else:
                ready.append(change)
        return ready

    def _without_requirement(self, missing: Sequence[str]) -> Result:
        results = [self._results.get(name) for name in missing]
        if all(result is not None and result.status is Status.SKIPPED for result in results):
            assert results[0] is not None
            return results[0]
        unproven = next(name for name in missing if (self._results.get(name) or _NOTHING).status is not Status.SKIPPED)
        return Result(Status.NOT_DONE, _("it requires '{id}', which was not proven").format(id=unproven))

    def _checked(self, ready: Sequence[Change]) -> list[Change]:
        """Those changes that may be sent now; the others get their result here."""
        if not ready:
            return []
        try:
            verdicts = self._unsafe_removals(ready)
            rest = [change for change in ready if change.id not in verdicts]
            verdicts |= check_preconditions(self._run, rest)
            rest = [change for change in rest if change.id not in verdicts]
            self._record_before(rest)
        except ToolkitError as failure:
            self._ended = _("what is to be changed could not be checked: {reason}").format(reason=failure)
            verdicts = {change.id: Result(Status.NOT_DONE, self._ended) for change in ready}
        self._record(verdicts)
        return [change for change in ready if change.id not in verdicts]

    def _record_before(self, changes: Sequence[Change]) -> None:
        """Record what was there before: albums and tags before new ones are made, and the whole state of assets that are written to.

        :raises JournalWriteError: it is not on the disk; nothing may be sent.
        :raises ToolkitError: the server cannot be read.
        """
        made = self._run.own(AlbumsMade)
        before = {change.id for change in changes if isinstance(change.action, CreateAlbum)} & (
            made.before.keys() - made.ids.keys()
        )
        known = frozenset[str]().union(*(made.before[name] for name in before))
        gone = {
            name: ids for name, ids in self._run.own(AlbumsLost).gone.items() if name in {each.id for each in changes}
        }
        if before or gone:
            self._journal.record_albums(known if before else None, gone)
        tags = self._run.own(TagsMade)
        tagged = [change.id for change in changes if isinstance(change.action, TagAssets | UntagAssets)]
        if tagged:
            self._journal.record_tags(tags.missing, {name: tags.carried[name] for name in tagged})
        removed = frozenset[str]().union(*(change.action.removed for change in changes))
        leaving = {
            (change.action.album_id, change.action.asset_id)
            for change in changes
            if isinstance(change.action, RemoveFromAlbum)
        }
        covered = removed.union(asset_id for _album_id, asset_id in leaving)
        found = albums_covered_by(self._immich, covered) if covered else {}
        covers = {album: asset for album, asset in found.items() if asset in removed or (album, asset) in leaving}
        if covers:
            self._journal.record_covers(covers)
        fresh = self._settlement.prepare(changes)
        if fresh:
            self._journal.record_assets(fresh)

    def _unsafe_removals(self, ready: Sequence[Change]) -> dict[str, Result]:
        """All removals, if the server's trash was turned off while the run was at other things."""
        removals = [change for change in ready if isinstance(change.action, Removal)]
        try:
            if removals:
                check_permanent(self._plan, trash_policy_now(self._immich), self._permanent)
        except GuardTripped as guard:
            return {change.id: Result(Status.NOT_DONE, str(guard)) for change in removals}
        return {}

    def _send(self, changes: Sequence[Change]) -> None:
        self._send_all(self._held(changes))

    def _send_all(self, changes: Sequence[Change]) -> None:
        planned = batches(changes, self._batch_size)
        for kind in KINDS.values():
            for wave in waves([batch for batch in planned if batch.kind is kind]):
                self._await_jobs(wave)
                self._send_wave(wave)
            self._clear_doubts()

    def _await_jobs(self, wave: Sequence[Batch]) -> None:
        """Wait until the jobs of earlier writes of the same assets have run."""
        try:
            if not self._ended:
                self._settlement.wait(frozenset[str]().union(*(batch.awaited for batch in wave)))
        except ToolkitError as failure:
            self._ended = _("the server was lost: {reason}").format(reason=failure)

    def _send_wave(self, queue: Sequence[Batch]) -> None:
        """Send batches of one kind, several at a time; refused ones come back as halves."""
        pending = list(queue)
        if not pending:
            return
        # Inside such a batch several files are looked at or worked on at a time.
        is_about_files = any(
            batch.kind.is_about_files or any(change.action.rests_on() for change in batch.changes) for batch in pending
        )
        at_a_time = 1 if is_about_files else self._immich.connection.concurrency
        with ThreadPoolExecutor(at_a_time) as pool:
            in_progress: set[Future[tuple[Batch, ...]]] = set()
            try:
                while pending or in_progress:
                    while pending and len(in_progress) < at_a_time:
                        in_progress.add(pool.submit(self._attempt, pending.pop(0)))
                    finished, in_progress = wait(in_progress, TICK if self._meter.total else None, FIRST_COMPLETED)
                    for future in finished:
                        pending[:0] = future.result()
                    self._report_progress()
            except BaseException:
                # An interruption ends the run after the requests in progress, and files in the middle: what was written of them goes.
                # The journal says what was begun.
                self._stopped.set()
                pool.shutdown(wait=True, cancel_futures=True)
                raise

    def _attempt(self, batch: Batch) -> tuple[Batch, ...]:
        """Send one batch and record what came of it; returns what must be sent again."""
        evidence = Evidence()
        if not self._ended:
            batch, evidence = self._read_files(batch)
        if not batch.changes:
            return ()
        names = [change.id for change in batch.changes]
        if not self._ended:
            self._announce(names)
        if self._ended:
            self._record({name: Result(Status.NOT_DONE, self._ended) for name in names})
            return ()
        if batch.kind.is_about_files:
            return self._work_on_files(batch)
        batch = self._without(batch, _stale(evidence.check(batch.changes)))
        if not batch.changes:
            return ()
        # From the last look to the request nothing may take time.
        try:
            results = batch.kind.send(self._run, batch.changes)
            self._expect([change for change in batch.changes if results[change.id].status is not Status.ALREADY])
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

    def _expect(self, changes: Sequence[Change]) -> None:
        if any(change.action.started_job is not Job.NONE for change in changes):
            self._settlement.sent(changes)

    def _read_files(self, batch: Batch) -> tuple[Batch, Evidence]:
        """Look at the files that a batch changes or rests on, which may take long; returns what is left to be done.

        :raises Cancelled: the run was interrupted.
        """
        if batch.kind.is_about_files:
            return self._without(batch, batch.kind.prepare(self._run, batch.changes)), Evidence()
        evidence = Evidence.of(batch.changes, self._meter, self._files.watch)
        return self._without(batch, _stale(evidence.objections)), evidence

    def _without(self, batch: Batch, verdicts: Mapping[str, Result]) -> Batch:
        """A batch without those changes whose result is known now, and is recorded."""
        self._record(verdicts)
        return evolve(batch, changes=tuple(change for change in batch.changes if change.id not in verdicts))

    def _work_on_files(self, batch: Batch) -> tuple[Batch, ...]:
        """Carry out a batch of changes to files; returns what must be tried again."""
        left = {change.id: change for change in batch.changes}
        try:
            with closing(batch.kind.work(self._run, batch.changes)) as in_progress:
                for name, result in in_progress:
                    self._record({name: result})
                    del left[name]
                    if self._ended:
                        raise JournalWriteError(self._ended)
        except Cancelled:
            raise
        except ToolkitError as failure:
            undone = self._look(tuple(left.values()), "")
            self._ended = self._ended or _("the server was lost: {reason}").format(reason=failure)
            self._record({change.id: Result(Status.NOT_DONE, self._ended) for change in undone})
        return ()

    def _announce(self, names: Sequence[str]) -> None:
        try:
            self._journal.intend(names)
        except JournalWriteError as lost:
            self._ended = str(lost)

    def _after_lost_answer(self, batch: Batch, reason: str) -> tuple[Batch, ...]:
        """Find out what a request did whose answer never came; returns it if it did nothing and may be sent again."""
        undone = self._look(batch.changes, reason)
        if self._ended or not batch.is_sent_once or batch.tries + 1 >= CREATION_TRIES:
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
            seen = read_back(self._run, changes)
            self._expect([change for change in changes if seen[change.id]])
        except ToolkitError as failure:
            self._ended = _("the server was lost: {reason}").format(reason=failure)
            self._record({change.id: Result(Status.UNKNOWN, reason or self._ended) for change in changes})
            return []
        self._record({name: Result(Status.DONE) for name, in_effect in seen.items() if in_effect})
        return [change for change in changes if not seen[change.id]]

    def _settle(self, sent: Sequence[Change]) -> None:
        """Wait until the server's jobs have worked in what was written; write again what they took back, a few times."""
        written = [
            change
            for change in sent
            if change.action.started_job is not Job.NONE and self._results[change.id].status is Status.DONE
        ]
        if not written or self._ended:
            return
        try:
            self._settlement.wait()
            for _number in range(REPAIRS):
                if not self._repair():
                    break
            self._finish(written)
        except ToolkitError as failure:
            self._ended = _("what was changed could not be read back: {reason}").format(reason=failure)
            return
        found = {change.id: self._settlement.verdict(change) for change in written}
        self._record({name: result for name, result in found.items() if result is not None})

    def _repair(self, asset_ids: Iterable[str] | None = None) -> bool:
        """Write again what the server took back; returns whether there was anything.

        :raises ToolkitError: the server cannot be reached.
        """
        again = self._settlement.repairs(asset_ids)
        planned = batches(again, self._batch_size)
        for kind in KINDS.values():
            for wave in waves([batch for batch in planned if batch.kind is kind]):
                self._settlement.wait(frozenset[str]().union(*(batch.awaited for batch in wave)))
                self._immich.connection.each(wave, self._write_again)
        self._settlement.wait()
        return bool(again)

    def _write_again(self, batch: Batch) -> None:
        try:
            batch.kind.send(self._run, batch.changes)
            self._settlement.sent(batch.changes)
        except RequestRefused:
            for half in batch.halves():
                self._write_again(half)

    def _finish(self, written: Sequence[Change]) -> None:
        for kind in KINDS.values():
            same = [change for change in written if isinstance(change.action, kind)]
            if same:
                kind.finish(self._run, same)

    def _held(self, changes: Sequence[Change]) -> list[Change]:
        """Those changes that external libraries can hold.

        What is written to an asset of a folder that the server may only read is gone within a second (2.3.1 and 3.1.0), and the API does
        not tell such folders. So the first asset of each library is written, settled and read before any other.
        """
        left = list(changes)
        for library_id, assets in self._settlement.by_library(left).items():
            if not self._memory.is_tried(library_id):
                self._try_library(library_id, assets, left)
            if self._ended or self._memory.holds(library_id):
                continue
            refused = {
                change.id
                for change in left
                if change.action.started_job is Job.METADATA and not assets.isdisjoint(change.action.assets)
            }
            # What else the same removal rests on is not worth doing either.
            resting = [change for change in self._plan.changes if not refused.isdisjoint(change.requires)]
            refused |= {name for change in resting for name in change.requires} & {change.id for change in left}
            self._record(dict.fromkeys(sorted(refused), self._memory.refusal(library_id)))
            left = [change for change in left if change.id not in refused]
        return [change for change in left if change.id not in self._results]

    def _try_library(self, library_id: str, assets: frozenset[str], changes: Sequence[Change]) -> None:
        """Write to one asset of a library, and see whether it stays."""
        canary = min(assets)
        first = [
            change
            for change in changes
            if change.action.started_job is Job.METADATA and canary in change.action.written(self._run, change.id)
        ]
        alone = [change for change in first if change.action.assets == (canary,)]
        shared = [change for change in first if change not in alone]
        self._send_all(alone)
        self._announce([change.id for change in shared])
        if self._ended:
            return
        try:
            for change in shared:
                self._settlement.wait({canary})
                self._write_again(Batch(type(change.action), (evolve(change, action=change.action.for_asset(canary)),)))
            self._settlement.wait({canary})
            if not self._settlement.deviation(canary).is_empty:
                self._repair([canary])
            holds = self._settlement.deviation(canary).is_empty
        except ToolkitError as failure:
            self._ended = _("the server was lost: {reason}").format(reason=failure)
            return
        if self._settlement.is_settled(canary):
            self._memory.remember(library_id, holds=holds)

    def _verify(self, level: Sequence[Change]) -> None:
        """Read back what later changes require, and what was restored from the trash (the server leaves offline assets there)."""
        required = {name for change in self._plan.changes if change.id not in self._results for name in change.requires}
        claimed = [
            change
            for change in level
            if (change.id in required or isinstance(change.action, RestoreAssets))
            and change.id in self._results
            and self._results[change.id].status.is_settled
        ]
        if not claimed or self._ended:
            return
        settled = {change.id for change in claimed if self._settlement.proves(change)}
        self._proven |= settled
        try:
            seen = read_back(self._run, [change for change in claimed if change.id not in settled])
        except ToolkitError as failure:
            self._ended = _("what was changed could not be read back: {reason}").format(reason=failure)
            return
        self._proven.update(name for name, in_effect in seen.items() if in_effect)
        missing = Result(Status.UNKNOWN, _("it was not there when read back"))
        self._record({name: missing for name, in_effect in seen.items() if not in_effect})

    def _compensate(self, sent: Sequence[Change]) -> None:
        """Look whether what was kept is still there after the others went; if somebody trashed it meanwhile, restore the others."""
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
        made = self._run.own(AlbumsMade).ids
        results = {
            # What was sent before the run was killed may have reached the server late; it was not so when that was checked.
            name: evolve(
                result,
                made=made.get(name, result.made),
                status=Status.DONE if result.status is Status.ALREADY and name in self._uncertain else result.status,
            )
            for name, result in results.items()
        }
        self._results.update(results)
        try:
            self._journal.conclude(results)
        except JournalWriteError as lost:
            self._ended = self._ended or str(lost)

    def _report_waiting(self, count: int) -> None:
        self._report_progress(waiting=count)

    def _report_progress(self, *, waiting: int = 0) -> None:
        if self._progress is None:
            return
        try:
            self._progress(
                Progress(len(self._results), len(self._changes), self._meter.done, self._meter.total, waiting)
            )
        except (OSError, ValueError):
            self._progress = None  # whoever watched is gone; the run goes on


_NOTHING: Final = Result(Status.NOT_DONE)


def _stale(reasons: Mapping[str, str]) -> dict[str, Result]:
    """Changes that are no longer right, each with its reason."""
    return {name: Result(Status.STALE, reason) for name, reason in reasons.items()}
