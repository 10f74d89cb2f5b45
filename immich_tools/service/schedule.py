"""Runs jobs when they are due, one after the other, until it is told to stop.

What belongs to the process (the clock, the programs) comes from outside, so a year can be tried out in a second.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from itertools import islice
from typing import Final, Protocol

from attrs import frozen

from immich_tools.errors import ExitCode
from immich_tools.service.cron import Cron

WELL: Final = frozenset({int(ExitCode.DONE), int(ExitCode.WORK_FOUND)})
"""Exit codes of runs that went well."""

MOST_MISSED: Final = 1000
"""Missed runs that are counted; more are as good as "many"."""


@frozen
class Task:
    """A command to run.

    :ivar name: tells it from the others.
    :ivar tool: the name of the command.
    :ivar arguments: its flags.
    :ivar servers: addresses of the servers that it works on.
    """

    name: str
    tool: str
    arguments: tuple[str, ...] = ()
    servers: frozenset[str] = frozenset()


@frozen(kw_only=True)
class Job(Task):
    """A task that is due at certain times.

    :ivar at_start: whether it also runs when the schedule begins.
    """

    cron: Cron
    at_start: bool = False


@frozen
class Ended:
    """How one run of a job ended.

    :ivar exit_code: of the command; see `errors.ExitCode`. Negative: the number of the signal that ended it.
    :ivar changed: how many changes it made; None when that is not known.
    :ivar message: what it said about its end, without secrets; empty when nothing.
    """

    exit_code: int
    changed: int | None = None
    message: str = ""

    @property
    def went_well(self) -> bool:
        """Whether nothing went wrong; work that a dry run found is nothing wrong."""
        return self.exit_code in WELL


class RunStopped(KeyboardInterrupt):
    """A run was stopped because the schedule is to stop.

    :ivar how: how it ended: it may have come to its end all the same.
    """

    def __init__(self, how: Ended) -> None:
        super().__init__()
        self.how = how


def how_stopped(stop: KeyboardInterrupt) -> Ended:
    """How a run ended that was stopped; one that had not begun yet was interrupted."""
    return stop.how if isinstance(stop, RunStopped) else Ended(int(ExitCode.INTERRUPTED))


class Clock(Protocol):
    """What time it is."""

    def now(self) -> datetime:
        """The present moment, with a time zone."""
        ...

    def wait_until(self, moment: datetime) -> None:
        """Come back at a moment; at once when it has passed."""
        ...


class Runner(Protocol):
    """Runs tasks."""

    def __call__(self, task: Task) -> Ended:
        """Run a task to its end.

        :raises RunStopped: the schedule is to stop; the run has ended.
        """
        ...


class Watcher(Protocol):
    """Hears of everything that happens. Nothing it does may raise."""

    def waiting(self, job: Job, due: datetime) -> None:
        """A job is due next at `due`."""
        ...

    def begins(self, job: Job, due: datetime, now: datetime) -> None:
        """A run begins that was due at `due`."""
        ...

    def ended(self, job: Job, began: datetime, now: datetime, how: Ended) -> None:
        """A run has ended."""
        ...

    def cut_short(self, job: Job, began: datetime, now: datetime, how: Ended) -> None:
        """A run has ended because the schedule is to stop."""
        ...

    def missed(self, job: Job, times: Sequence[datetime]) -> None:
        """Runs that will not take place, because the clock was past them before the job could run again."""
        ...


def serve(jobs: Sequence[Job], clock: Clock, run: Runner, watcher: Watcher) -> None:
    """Run jobs when they are due; comes back only by an exception such as KeyboardInterrupt.

    One job runs at a time: two of them working on one server would plan on what the other is changing. A job that is due while another
    runs waits for its turn. Times that a job missed are made up for by one run, and told.
    """
    begin = clock.now()
    due = {job.name: begin if job.at_start else next(job.cron.after(begin)) for job in jobs}
    for job in jobs:
        watcher.waiting(job, due[job.name])
    while True:
        job = min(jobs, key=lambda each: due[each.name])  # of two that are due at once, the first in the list
        clock.wait_until(due[job.name])
        began = clock.now()
        watcher.begins(job, due[job.name], began)
        try:
            how = run(job)
        except KeyboardInterrupt as stop:
            watcher.cut_short(job, began, clock.now(), how_stopped(stop))
            raise
        now = clock.now()
        watcher.ended(job, began, now, how)
        missed, due[job.name] = following(job.cron, due[job.name], now)
        if missed:
            watcher.missed(job, missed)
        watcher.waiting(job, due[job.name])


def following(cron: Cron, last: datetime, now: datetime) -> tuple[list[datetime], datetime]:
    """The times between the last one and now (at most `MOST_MISSED`), and the first one after now.

    Time may have gone backwards since the last one; then the last one does not come again.
    """
    missed: list[datetime] = []
    for due in islice(cron.after(last), MOST_MISSED):
        if due > now:
            return missed, due
        missed.append(due)
    return missed, next(cron.after(now))
