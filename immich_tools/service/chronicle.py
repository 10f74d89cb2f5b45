"""What becomes known of a schedule while it goes on: on stderr and in the log, in the file of its health, and to those who are notified."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta, tzinfo
from functools import partial
from typing import Final, Protocol

from attrs import define, field

from immich_tools.errors import UsageError
from immich_tools.i18n import _, ngettext
from immich_tools.service.health import INTERRUPTED, Health, HealthFile, JobHealth
from immich_tools.service.message import span
from immich_tools.service.notify import Notifier
from immich_tools.service.options import NotificationOptions
from immich_tools.service.schedule import Clock, Ended, Job, Task

LATE: Final = timedelta(minutes=1)
"""A run that begins so much later than it was due had to wait for another one."""

log = logging.getLogger(__name__)


class Say(Protocol):
    """Tells the person."""

    def __call__(self, message: str, *, moment: str = "", level: int = logging.INFO) -> None:
        """Tell one line.

        :param moment: when it happened.
        """
        ...


@define
class Chronicle:
    """Hears of all that happens on a schedule. Nothing that goes wrong here ends the schedule.

    :ivar zone: whose clock the times are told by.
    :ivar notifications: who is told of runs.
    :ivar files: the files of health, by the servers that the jobs work on.
    """

    say: Say
    clock: Clock
    zone: tzinfo
    notifications: NotificationOptions
    files: Mapping[str, HealthFile]
    _health: dict[str, Health] = field(factory=dict)
    _is_unwritable: bool = False

    def open(self, tasks: Sequence[Task]) -> None:
        """Go on from what is known of earlier runs, and tell which were lost since."""
        earlier: dict[str, JobHealth] = {}
        for server, file in self.files.items():
            try:
                known = file.read()
            except UsageError as error:
                self._tell(str(error), logging.WARNING)
                known = Health()
            names = [task.name for task in tasks if server in task.servers]
            earlier |= {name: job for name, job in known.jobs.items() if name in names}
            self._health[server] = known.of(server, names)
            self._write(server)
        for task in tasks:
            self._tell_lost(task, earlier.get(task.name, JobHealth()))

    def _tell_lost(self, task: Task, known: JobHealth) -> None:
        if known.running_since is not None:
            began = datetime.fromisoformat(known.running_since).astimezone(self.zone)
            self._tell(
                _(
                    "{job}: the run of {began:%a %Y-%m-%d %H:%M %Z} was cut short; 'immich-toolkit runs' shows whether it can be resumed"
                ).format(job=task.name, began=began),
                logging.WARNING,
            )
        elif isinstance(task, Job) and known.next_due is not None:
            due = datetime.fromisoformat(known.next_due)
            if due < self.clock.now():
                self._tell(
                    _("{job}: missed what was due since {due:%a %Y-%m-%d %H:%M %Z}: no schedule ran").format(
                        job=task.name, due=due.astimezone(task.cron.zone)
                    ),
                    logging.WARNING,
                )

    def waiting(self, job: Job, due: datetime) -> None:
        """A job is due next at `due`."""
        self._note(job, lambda health: health.waiting(due))
        when = due.astimezone(job.cron.zone)
        self._tell(_("{job}: next due {due:%a %Y-%m-%d %H:%M %Z}").format(job=job.name, due=when))

    def begins(self, job: Task, due: datetime, now: datetime) -> None:
        """A run begins that was due at `due`."""
        self._note(job, lambda health: health.begun(now))
        if now - due >= LATE:
            self._tell(_("{job}: begins, late by {late}").format(job=job.name, late=span(due, now)), logging.WARNING)
        else:
            self._tell(_("{job}: begins").format(job=job.name))

    def ended(self, job: Task, began: datetime, now: datetime, how: Ended) -> None:
        """A run has ended."""
        self._note(job, lambda health: health.ended(now, how.exit_code))
        words = _("{job}: ended with exit code {code} after {took}").format(
            job=job.name, code=how.exit_code, took=span(began, now)
        )
        if how.changed is not None:
            words += ngettext(", {count} change", ", {count} changes", how.changed).format(count=how.changed)
        self._tell(words, logging.INFO if how.went_well else logging.ERROR)
        with self._unhindered():
            notifier = Notifier(self.notifications, partial(self._tell, level=logging.ERROR))
            notifier.tell(job.name, job.tool, began, now, how)

    def cut_short(self, job: Task, began: datetime, now: datetime, how: Ended) -> None:
        """A run has ended because the schedule is to stop; whoever stops it knows, and waits for it."""
        self._note(job, lambda health: health.ended(now, how.exit_code))
        words = _("{job}: stopped with exit code {code} after {took}")
        if how.exit_code in INTERRUPTED:
            words += _("; 'immich-toolkit runs' shows whether it can be resumed")
        self._tell(
            words.format(job=job.name, code=how.exit_code, took=span(began, now)),
            logging.INFO if how.went_well else logging.WARNING,
        )

    def missed(self, job: Job, times: Sequence[datetime]) -> None:
        """Runs that will not take place."""
        for time in times:
            self._tell(
                _("{job}: missed the run of {due:%a %Y-%m-%d %H:%M %Z}").format(
                    job=job.name, due=time.astimezone(job.cron.zone)
                ),
                logging.WARNING,
            )

    def stopped(self) -> None:
        """The schedule ends because it was told to."""
        self._tell(_("Stopped."))

    def _note(self, job: Task, change: Callable[[JobHealth], JobHealth]) -> None:
        for server in job.servers:
            health = self._health[server]
            self._health[server] = health.with_job(job.name, change(health.jobs[job.name]))
            self._write(server)

    def _write(self, server: str) -> None:
        file = self.files[server]
        try:
            file.write(self._health[server])
        except OSError as error:
            if not self._is_unwritable:
                self._is_unwritable = True
                self._tell(
                    _("{path} cannot be written: {reason}; health is not known from now on.").format(
                        path=file.path, reason=error.strerror or type(error).__name__
                    ),
                    logging.ERROR,
                )
        else:
            self._is_unwritable = False

    def _tell(self, message: str, level: int = logging.INFO) -> None:
        self.say(message, moment=f"{self.clock.now().astimezone(self.zone):%Y-%m-%d %H:%M:%S%z}", level=level)

    @contextmanager
    def _unhindered(self) -> Iterator[None]:
        try:
            yield
        except Exception as error:
            log.debug("a notification went wrong", exc_info=error)
            self._tell(_("A notification went wrong: {kind}.").format(kind=type(error).__name__), logging.ERROR)
