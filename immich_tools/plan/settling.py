"""Holding the server to what a run has written, until its background jobs have worked it in.

Before the first write of an asset its whole state is recorded. After a write, `immich.settled` waits until the server's jobs have run, for
all assets of that kind of change together; then the state that was read is compared with the one that is expected. What the jobs took back
is written again, a few times; what they always take back, or have not worked in, is not proven, and nothing that rests on it is removed.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from typing import Final

from attrs import define, field

from immich_tools.i18n import _
from immich_tools.immich.models import Asset
from immich_tools.plan.effects.assets import SetField
from immich_tools.plan.effects.base import Action, Change, Job, RunState
from immich_tools.plan.effects.tags import AddTag, RemoveTag, TagsMade
from immich_tools.plan.expected import Deviation, Expected
from immich_tools.plan.fields import FIELD_WORDS, field_value
from immich_tools.plan.listed import is_listed
from immich_tools.plan.look import snapshot
from immich_tools.plan.result import Result, Status

REPAIRS: Final = 3
"""How often what the server took back is written again."""
BUSY: Final = Result(
    Status.UNKNOWN, _("the server has not worked it in yet: its queue of jobs is busy; run again when it is empty")
)


@define
class Settlement:
    """What one run expects of the assets that it writes to.

    :ivar expected: by asset id, what it is to hold.
    :ivar progress: called with the number of assets that are waited for.
    """

    run: RunState
    progress: Callable[[int], None] | None = None
    expected: dict[str, Expected] = field(factory=dict)
    _known: dict[str, Asset] = field(factory=dict)
    _pending: dict[str, Asset] = field(factory=dict)
    _moved: set[str] = field(factory=set)  # by the write itself; a barrier is still to be queued for them
    _unsettled: set[str] = field(factory=set)
    _settled: set[str] = field(factory=set)
    _first_written: set[str] = field(factory=set)  # what a sidecar holds, for the first time in this run
    _with_sidecar: set[str] = field(factory=set)
    _lock: threading.Lock = field(factory=threading.Lock, repr=False)

    def prepare(self, changes: Iterable[Change]) -> dict[str, Asset]:
        """Read the whole state of the assets that changes are about to write to, those not known yet.

        :returns: the assets that the run has not written to before.
        :raises ToolkitError: the server cannot be read.
        """
        wanted = {
            asset_id
            for change in changes
            if change.action.started_job is not Job.NONE
            for asset_id in change.action.written(self.run, change.id)
        } - self.expected.keys()
        fresh = {name: asset for name, asset in self.run.snapshots.items() if name in wanted}
        unread = sorted(wanted - fresh.keys())
        if unread:
            fresh |= snapshot(self.run.immich, unread)
        self._known.update(fresh)
        self.expected.update((name, Expected.of(asset)) for name, asset in fresh.items())
        return fresh

    def take_up(self, before: Mapping[str, Expected], done: Iterable[Change]) -> None:
        """Take up what an interrupted run expected; its queued jobs must have run (see `drain`).

        :param before: what each asset held before that run wrote to it.
        :param done: the changes that it carried out.
        :raises ToolkitError: the server cannot be read.
        """
        present = snapshot(self.run.immich, sorted(before)) if before else {}
        self._known.update(present)
        tags = self.run.own(TagsMade)
        if present:
            tags.read(self.run.immich)
        for name in present:
            self.expected[name] = before[name]
            # What was deleted meanwhile, by that run or by somebody else, is not missing.
            self.expected[name].tags &= frozenset(tags.ids.values())
        for change in done:
            for name in change.action.assets:
                if name in self.expected:
                    change.action.expect(self.run, name, self.expected[name])

    def drain(self, asset_ids: Iterable[str]) -> None:
        """Bring the jobs that another run has queued for some assets to an end, so that none of them changes what is read from now on.

        A write that changes nothing is queued behind the jobs that still wait; when its own job has run, so have they. One is not enough:
        on a busy server each move that is seen may come from a job that was queued minutes before.

        :raises ToolkitError: the server cannot be read.
        """
        wanted = sorted(asset_ids)
        present = snapshot(self.run.immich, wanted) if wanted else {}
        names = sorted(name for name, asset in present.items() if is_listed(asset))
        moves_before = 2 if self.run.immich.moves_twice_for_first_sidecar else 1
        for _number in range(moves_before + 1 if names else 0):
            self._pending.update(self.run.immich.settled.read(names))
            self.run.immich.assets.queue_jobs(names)
            self.wait()

    def sent(self, changes: Sequence[Change]) -> None:
        """Changes of one request were carried out: their jobs are to be waited for."""
        with self._lock:
            for change in changes:
                for asset_id in change.action.written(self.run, change.id):
                    if asset_id in self.expected:
                        change.action.expect(self.run, asset_id, self.expected[asset_id])
                    if change.action.started_job is Job.NONE:
                        continue
                    self._settled.discard(asset_id)
                    if change.action.started_job is Job.METADATA and asset_id not in self._with_sidecar:
                        self._first_written.add(asset_id)
                    if change.action.started_job is Job.FLAG:
                        self._moved.add(asset_id)
                    elif asset_id in self._known:
                        self._pending[asset_id] = self._known[asset_id]

    def wait(self, asset_ids: Collection[str] | None = None) -> None:
        """Wait until the jobs of these assets have run, or of all that are pending.

        :raises ToolkitError: the server cannot be read.
        """
        self._queue_barrier()
        waited = {name: asset for name, asset in self._pending.items() if asset_ids is None or name in asset_ids}
        if not waited:
            return
        settled = self.run.immich.settled.wait(waited, progress=self.progress)
        first = {name: asset for name, asset in settled.items() if name in self._first_written}
        self._first_written -= first.keys()
        self._with_sidecar |= first.keys()
        if first and self.run.immich.moves_twice_for_first_sidecar:
            # The first sidecar may move it twice, once before its metadata is read: the move of another job behind that one tells.
            self.run.immich.assets.queue_jobs(sorted(first))
            again = self.run.immich.settled.wait(first, progress=self.progress)
            settled = {name: asset for name, asset in settled.items() if name not in first} | again
        for name in waited:
            del self._pending[name]
            if name in settled:
                self._known[name] = settled[name]
                self._unsettled.discard(name)
                self._settled.add(name)
            else:
                self._unsettled.add(name)
                self._settled.discard(name)

    def _queue_barrier(self) -> None:
        """Queue another job for all assets that writes themselves have moved.

        Their own jobs may have moved them again before anybody looked, so only a job behind those tells.
        """
        if not self._moved:
            return
        now = self.run.immich.settled.read(self._moved)
        if now:
            self.run.immich.assets.queue_jobs(sorted(now))
        self._pending.update({name: self._known[name] for name in self._moved & self._known.keys()} | now)
        self._moved.clear()

    def repairs(self, asset_ids: Iterable[str] | None = None) -> list[Change]:
        """What must be written again, as changes that no plan holds."""
        found: list[Change] = []
        for name in sorted(self.expected if asset_ids is None else asset_ids):
            if name in self._known and name not in self._unsettled:
                found += [
                    Change(f"again:{name}:{number}", action) for number, action in enumerate(self._again(name), 1)
                ]
        return found

    def _again(self, name: str) -> Iterable[Action]:
        asset, deviation = self._known[name], self.deviation(name)
        yield from (SetField(name, each, field_value(asset, each), value) for each, value in deviation.fields)
        yield from (RemoveTag(name, tag_id) for tag_id in sorted(deviation.returned_tags))
        yield from (AddTag(name, tag_id) for tag_id in sorted(deviation.missing_tags))

    def deviation(self, name: str) -> Deviation:
        """How an asset differs from what is expected, as last read."""
        return self.expected[name].deviation(self._known[name])

    def verdict(self, change: Change) -> Result | None:
        """Why a change that was sent is not proven; None when the settled state holds it, and everything else that was there."""
        for name in change.action.written(self.run, change.id):
            if name in self._unsettled:
                return BUSY
            if name not in self.expected or name not in self._known:
                continue
            deviation = self.deviation(name)
            if not deviation.is_empty:
                return Result(Status.FAILED, _reason(deviation))
        return None

    def proves(self, change: Change) -> bool:
        """Whether the settled state was read and holds a change that was sent, so that nobody needs to read it back once more."""
        names = change.action.assets
        return (
            change.action.is_expected and all(name in self._settled for name in names) and self.verdict(change) is None
        )

    def is_settled(self, name: str) -> bool:
        """Whether the jobs of an asset have run."""
        return name in self._settled

    def by_library(self, changes: Iterable[Change]) -> dict[str, frozenset[str]]:
        """The assets of external libraries whose metadata changes are about to write, by library."""
        found: dict[str, set[str]] = {}
        for change in changes:
            if change.action.started_job is Job.METADATA:
                for name in change.action.written(self.run, change.id):
                    library_id = self._known[name].library_id if name in self._known else None
                    if library_id is not None:
                        found.setdefault(library_id, set()).add(name)
        return {library_id: frozenset(names) for library_id, names in sorted(found.items())}


def _reason(deviation: Deviation) -> str:
    parts = [FIELD_WORDS[name] for name, _value in deviation.fields]
    if deviation.missing_tags:
        parts.append(_("tags"))
    if deviation.returned_tags:
        parts.append(_("removed tags"))
    return _("the server took back what was written ({what})").format(what=", ".join(parts))
