"""A backup from beginning to end, for whoever shows it: a command, a web page, a script.

Each stage is read, planned and carried out by itself, as a run of its own with its own journal. What is there already is not done again,
so a backup that was killed at any moment goes on when it is started again.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path
from typing import Final, TypeAlias

from attrs import define, evolve, field, frozen

from immich_tools.album_backup.accounts import Accounts
from immich_tools.album_backup.appeared import imported
from immich_tools.album_backup.choices import Stage
from immich_tools.album_backup.facts import BackupFacts
from immich_tools.album_backup.files import KnownFiles
from immich_tools.album_backup.gather import gather
from immich_tools.album_backup.options import AlbumBackupOptions
from immich_tools.album_backup.plan import copies, make_plans, not_appeared, orphans, removals, units_of
from immich_tools.album_backup.units import HIDDEN, IN_THE_WAY, UNREAD, UNREADABLE
from immich_tools.disk.copy import clean_up
from immich_tools.disk.place import Place
from immich_tools.disk.watch import Watch
from immich_tools.errors import ExitCode, FileFailed
from immich_tools.i18n import _
from immich_tools.immich.client import Immich
from immich_tools.immich.models import Asset
from immich_tools.plan.effects.assets import TrashAssets
from immich_tools.plan.effects.files import WRITTEN
from immich_tools.plan.executor import Progress, ProgressCallback
from immich_tools.plan.guards import check_room
from immich_tools.plan.model import Plan
from immich_tools.plan.outcome import Outcome
from immich_tools.plan.result import Status
from immich_tools.report.text import pace

_PASSES: Final = 4
"""Rounds of the last stage: what goes over, other users' uploads, own uploads, the album."""
_COPY_PASSES: Final = 2
"""Rounds of the first stage: Immich may move a file between the plan and the copy."""
_FIRST_PAUSE: Final = 0.1
_LONGEST_PAUSE: Final = 5.0
_FAILURES: Final = frozenset({UNREADABLE, IN_THE_WAY, UNREAD, HIDDEN})


@frozen
class Planned:
    """A stage's plan for one user, before anything of it is done."""

    stage: Stage
    plan: Plan


@frozen
class Progressed:
    """How far a run is.

    :ivar rate: bytes a second so far; None where nothing was copied yet.
    :ivar seconds_left: until all bytes are done at that rate; None where that is not known.
    """

    stage: Stage
    progress: Progress
    rate: float | None = None
    seconds_left: float | None = None


@frozen
class Waited:
    """How many of the copies have appeared in Immich."""

    appeared: int
    expected: int


@frozen
class CarriedOut:
    """A run has ended."""

    stage: Stage
    outcome: Outcome


Event: TypeAlias = Planned | Progressed | Waited | CarriedOut
Tell: TypeAlias = Callable[[Event], None]
CarryOut: TypeAlias = Callable[[Plan, Immich, ProgressCallback], Outcome]
"""Carries out a plan with a user's connection, usually by `plan.execute.apply`, which it gives the watcher."""
Check: TypeAlias = Callable[[Plan, Immich], None]
"""Raises GuardTripped for a plan that removes too much."""


@frozen
class Stay:
    """An upload that was to go and has not gone.

    :ivar name: of its file.
    :ivar reason: for a person.
    """

    asset_id: str
    name: str
    reason: str


@frozen
class Report:
    """How a backup has ended.

    :ivar outcomes: of the runs that were made, in their order.
    :ivar not_appeared: paths, as the server sees them, of copies that Immich does not show yet.
    :ivar left: ids of members that could not be copied.
    :ivar stays: uploads that were to go and have not gone.
    :ivar is_overdue: whether copies have not appeared although a scan was asked for and waited for.
    """

    outcomes: tuple[Outcome, ...] = ()
    not_appeared: tuple[str, ...] = ()
    left: tuple[str, ...] = ()
    stays: tuple[Stay, ...] = ()
    is_overdue: bool = False

    @property
    def exit_code(self) -> ExitCode:
        """CHANGES_FAILED when something failed, could not be copied, did not appear in time, or stays that was to go."""
        failed = self.left or self.stays or self.is_overdue or any(outcome.failures for outcome in self.outcomes)
        return ExitCode.CHANGES_FAILED if failed else ExitCode.DONE


@frozen
class Preview:
    """What a backup would do now.

    :ivar stage: the first that has something to do; the last where none has.
    :ivar plans: its plans, of each user.
    :ivar follows: what comes after it, for a person.
    :ivar removals: what may go to the trash in the end at most, of each user.
    """

    stage: Stage
    plans: tuple[Plan, ...]
    follows: tuple[str, ...] = ()
    removals: tuple[Plan, ...] = ()

    @property
    def has_work(self) -> bool:
        """Whether anything would be changed."""
        return any(plan.changes for plan in self.plans)


def preview(
    accounts: Accounts,
    options: AlbumBackupOptions,
    *,
    watch: Watch | None = None,
    known: KnownFiles | None = None,
) -> Preview:
    """What the next stage would do; only reads. Every source is tried, every target looked at, and there must be room for the copies.

    :param known: what was read of files before.
    :raises GuardTripped: there is not.
    :raises ToolkitError: as for `gather`.
    """
    facts = gather(accounts, options, known=known, watch=watch, try_downloads=True)
    copying = make_plans(facts, options, Stage.COPY)
    found = Preview(Stage.COPY, copying, _follows(Stage.COPY, options))
    for stage in _stages(options):
        plans = make_plans(facts, options, stage)
        if any(plan.changes for plan in plans):
            # What cannot be copied is told only with the copies.
            left = [plan for plan in copying if stage is not Stage.COPY and plan.skips]
            found = Preview(
                stage, (*left, *(plan for plan in plans if plan.changes or plan.skips)), _follows(stage, options)
            )
            break
    check_room(change for plan in found.plans for change in plan.changes)
    return evolve(found, removals=removals(facts, options))


def back_up(
    accounts: Accounts,
    options: AlbumBackupOptions,
    carry_out: CarryOut,
    *,
    check: Check | None = None,
    known: KnownFiles | None = None,
    tell: Tell | None = None,
    watch: Watch | None = None,
) -> Report:
    """Do it all, as far as the options say.

    :param carry_out: see `CarryOut`.
    :param check: is asked before anything is copied about all that may go to the trash in the end.
    :param known: what was read of files before; learns what is read now.
    :param tell: is told what happens, also by other threads.
    :param watch: may end it; what was begun can be resumed, or the backup just started again.
    :raises Cancelled: `watch` asked to stop.
    :raises Stopped: a guard stopped a run; the runs before it stay.
    :raises ToolkitError: as for `gather`, and what `carry_out` raises.
    """
    backup = _Backup(
        accounts,
        options,
        carry_out,
        check=check or _unchecked,
        known=known or KnownFiles(),
        tell=tell or _unheard,
        watch=watch or Watch(),
    )
    return backup.run()


def _unheard(_event: Event) -> None:
    """Nobody listens."""


def _unchecked(_plan: Plan, _immich: Immich) -> None:
    """Nobody objects."""


def _stages(options: AlbumBackupOptions) -> tuple[Stage, ...]:
    return tuple(Stage) if options.scan else (Stage.COPY, Stage.FINISH)


def _follows(stage: Stage, options: AlbumBackupOptions) -> tuple[str, ...]:
    steps = []
    if stage is Stage.COPY and options.scan:
        steps.append(_("the library is scanned"))
    if stage is not Stage.FINISH:
        steps.append(_("the copies take over what hangs on the uploads, once they have appeared in Immich"))
        if options.rebuild_album:
            steps.append(_("the album is made again with the copies"))
        if options.delete_assets:
            steps.append(_("the uploads are moved to the trash"))
        if options.delete_album:
            steps.append(_("the album is deleted"))
    return tuple(steps)


@frozen
class _Done:
    """A stage that was carried out.

    :ivar facts: as they were before.
    :ivar goes_on: whether something was done, and went well: then there may be more to do.
    :ivar has_moved: whether a file was not copied because it is elsewhere now.
    """

    facts: BackupFacts
    goes_on: bool
    has_moved: bool = False


@define
class _Backup:
    accounts: Accounts
    options: AlbumBackupOptions
    carry_out: CarryOut
    check: Check
    known: KnownFiles
    tell: Tell
    watch: Watch
    albums: tuple[str, ...] | None = None
    uploads: dict[str, str] = field(factory=dict)
    reasons: dict[str, str] = field(factory=dict)
    outcomes: list[Outcome] = field(factory=list)
    left: list[str] = field(factory=list)

    def run(self) -> Report:
        for _number in range(_COPY_PASSES):
            if not self._stage(Stage.COPY).has_moved:
                break
        missing: tuple[str, ...] = ()
        if self.options.scan:
            missing = self._wait(self._stage(Stage.SCAN).facts)
        for _number in range(_PASSES):
            finished = self._stage(Stage.FINISH)
            if not self.options.scan:
                missing = not_appeared(copies(finished.facts, self.options), finished.facts.imported)
            if not finished.goes_on:
                break
        is_overdue = bool(missing) and self.options.scan
        left = tuple(dict.fromkeys(self.left))
        return Report(tuple(self.outcomes), missing, left, self._stays(finished.facts), is_overdue)

    def _stage(self, stage: Stage) -> _Done:
        """Plan a stage and carry it out."""
        self.watch.check()
        facts = self._gather()
        plans = make_plans(facts, self.options, stage)
        goes_on, has_moved = any(plan.changes for plan in plans), False
        if stage is Stage.COPY:
            self._begin(facts)
            self._clean_up(facts)
            # Each run looks for itself, but all users' copies may go to one disk.
            check_room(change for plan in plans for change in plan.changes)
        for plan in plans:
            self.tell(Planned(stage, plan))
            self.left += [name for skip in plan.skips if skip.code in _FAILURES for name in skip.asset_ids]
            self.reasons.update((name, skip.reason) for skip in plan.skips for name in skip.asset_ids)
        for plan in plans:
            client = self.accounts.of_user(plan.user_id)
            if plan.changes and client is not None:
                self.watch.check()
                outcome = self._carry_out(stage, plan, client)
                goes_on = goes_on and not outcome.failures
                stale = outcome.with_status(Status.STALE)
                has_moved = has_moved or any(isinstance(change.action, WRITTEN) for change, _result in stale)
                cleaning = orphans(outcome, facts) if stage is Stage.COPY and not outcome.unfinished else None
                if cleaning is not None and cleaning.changes:
                    self.tell(Planned(stage, cleaning))
                    self._carry_out(stage, cleaning, client)
        return _Done(facts, goes_on, has_moved)

    def _carry_out(self, stage: Stage, plan: Plan, client: Immich) -> Outcome:
        outcome = self.carry_out(plan, client, self._watcher(stage))
        self.outcomes.append(outcome)
        self._learn(outcome)
        for change in plan.changes:
            result = outcome.results.get(change.id)
            if result is not None and result.reason and not result.status.is_settled:
                # The parts of a photo are named after it: of a motion video the action only knows the video.
                self.reasons.update(dict.fromkeys((*change.action.assets, change.id.partition(":")[2]), result.reason))
        self.tell(CarriedOut(stage, outcome))
        return outcome

    def _begin(self, facts: BackupFacts) -> None:
        """Ask the guards, and note what is to go."""
        for plan in removals(facts, self.options):
            client = self.accounts.of_user(plan.user_id)
            assert client is not None, "only uploads of users with keys are copied"
            self.check(plan, client)
        if self.options.delete_assets:
            own = [each.asset for each in facts.uploads.values() if each.asset.owner_id in facts.user_ids]
            self.uploads = {asset.id: asset.original_file_name for asset in own}

    def _stays(self, facts: BackupFacts) -> tuple[Stay, ...]:
        """The uploads that were to go and are still there.

        :param facts: as the last stage found them.
        """
        gone = {
            asset_id
            for outcome in self.outcomes
            for change in outcome.plan.changes
            if isinstance(change.action, TrashAssets) and outcome.results[change.id].status.is_settled
            for asset_id in change.action.trashed_ids
        }
        reasons = dict.fromkeys(self.uploads, _("its copy is not proven"))
        reasons |= {unit.id: unit.refusal[1] for unit in units_of(facts, self.options) if unit.refusal is not None}
        reasons |= self.reasons
        left = [name for name in self.uploads if name in facts.uploads and name not in gone]
        stays = (Stay(name, self.uploads[name], reasons[name]) for name in left)
        return tuple(sorted(stays, key=lambda stay: (stay.name, stay.asset_id)))

    def _clean_up(self, facts: BackupFacts) -> None:
        """Remove what killed runs left in the albums' folders, also where nothing is to be copied any more."""
        paths = [unit.relative for unit in units_of(facts, self.options) if unit.relative]
        for path in {path.rpartition("/")[0]: path for path in paths}.values():
            # A left-over does no harm; whatever keeps it there will meet a copy too, which says so.
            with suppress(FileFailed):
                clean_up(Place(Path(facts.local_target), path))

    def _gather(self) -> BackupFacts:
        """The facts as they are now, about the albums that the backup began with."""
        options = self.options
        if self.albums is not None:
            options = evolve(options, all_albums=False, album=self.albums)
        is_first = self.albums is None
        facts = gather(self.accounts, options, known=self.known, watch=self.watch, may_be_gone=not is_first)
        if is_first:
            self.albums = tuple(chosen.album.id for chosen in facts.albums)
        return facts

    def _learn(self, outcome: Outcome) -> None:
        """Files that a run has just read back need not be read again for the next plan."""
        for change in outcome.plan.changes:
            action, result = change.action, outcome.results.get(change.id)
            if isinstance(action, WRITTEN) and action.content is not None and result and result.status.is_settled:
                self.known.learn(Place(Path(action.folder), action.relative), action.content)

    def _watcher(self, stage: Stage) -> ProgressCallback:
        began = time.monotonic()

        def watch(progress: Progress) -> None:
            self.watch.check()
            rate, left = pace(progress.bytes_done, progress.bytes_total, time.monotonic() - began) or (None, None)
            self.tell(Progressed(stage, progress, rate, left))

        return watch

    def _wait(self, facts: BackupFacts) -> tuple[str, ...]:
        """Wait until the copies have appeared in Immich and are read, if a scan could be asked for.

        :param facts: as they were before the scan.
        :returns: paths of those that have not.
        """
        expected = copies(facts, self.options)
        missing = not_appeared(expected, facts.imported)
        if facts.library is None or facts.administrator is None:
            return missing
        clock = self.accounts.first.connection.clock
        ends = clock.now() + self.options.wait
        pause = _FIRST_PAUSE
        while True:
            self.tell(Waited(len(expected) - len(missing), len(expected)))
            if not missing or clock.now() >= ends:
                return missing
            clock.sleep(pause)
            pause = min(2 * pause, _LONGEST_PAUSE)
            self.watch.check()
            missing = not_appeared(missing, self._imported(missing))

    def _imported(self, paths: Iterable[str]) -> dict[str, Asset]:
        target = self.options.target()
        return imported(self.accounts, target, [path.removeprefix(f"{target}/") for path in paths])
