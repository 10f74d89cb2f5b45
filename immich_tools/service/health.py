"""What is known of the last runs of a schedule's jobs, kept in a file so that another process can tell whether all is well."""

from __future__ import annotations

import json
import signal
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Final

from attrs import evolve, field, frozen
from cattrs import Converter

from immich_tools.codec import strict_converter, structured
from immich_tools.disk.atomic import write_atomically
from immich_tools.errors import ExitCode, UsageError
from immich_tools.i18n import _
from immich_tools.service.schedule import WELL

INTERRUPTED: Final = frozenset({int(ExitCode.INTERRUPTED), -signal.SIGTERM, -signal.SIGINT, -9})
"""Exit codes of runs that somebody stopped; negative is the number of a signal, of which 9 is SIGKILL."""

OVERDUE: Final = timedelta(minutes=10)
"""No schedule lets a job wait that long while nothing runs, unless it hangs."""


@frozen
class JobHealth:
    """What is known of one job; moments are ISO 8601 in UTC.

    :ivar last_end, last_exit_code: of the run that ended last; None before the first one has.
    :ivar last_success: when a run last went well.
    :ivar running_since: when the run under way began.
    :raises ValueError: a moment is none, or says no time zone.
    """

    next_due: str | None = None
    last_end: str | None = None
    last_exit_code: int | None = None
    last_success: str | None = None
    running_since: str | None = None

    def __attrs_post_init__(self) -> None:
        for moment in (self.next_due, self.last_end, self.last_success, self.running_since):
            if moment is not None and datetime.fromisoformat(moment).tzinfo is None:
                raise ValueError(moment)

    @property
    def is_well(self) -> bool:
        """Whether the last run went well; a job that has not run yet is well."""
        return self.last_exit_code is None or self.last_exit_code in WELL

    def waiting(self, due: datetime) -> JobHealth:
        """After it became known when the job is due next."""
        return evolve(self, next_due=due.isoformat())

    def begun(self, now: datetime) -> JobHealth:
        """After a run began."""
        return evolve(self, running_since=now.isoformat())

    def ended(self, now: datetime, exit_code: int) -> JobHealth:
        """After a run ended."""
        success = now.isoformat() if exit_code in WELL else self.last_success
        return evolve(
            self, last_end=now.isoformat(), last_exit_code=exit_code, last_success=success, running_since=None
        )

    def without_schedule(self) -> JobHealth:
        """After the schedule ended in whatever way: a run that was in progress was killed with it, some time after it began."""
        if self.running_since is None:
            return self
        return evolve(self, last_end=self.running_since, last_exit_code=int(ExitCode.INTERRUPTED), running_since=None)


@frozen
class _Stored:
    """What the file holds."""

    server: str
    jobs: Mapping[str, JobHealth]


@cache
def _converter() -> Converter:
    return strict_converter()


@frozen
class HealthFile:
    """The file of a schedule's health."""

    path: Path

    def read(self) -> Health:
        """What it says; nothing where there is no such file yet.

        :raises UsageError: it cannot be read or understood.
        """
        try:
            stored = structured(_converter(), json.loads(self.path.read_text(encoding="utf-8")), _Stored)
            return Health(stored.jobs, stored.server)
        except FileNotFoundError:
            return Health()
        except OSError as error:
            reason = error.strerror or type(error).__name__
        except (ValueError, RecursionError):
            reason = _("it is damaged")
        raise UsageError(_("{path} cannot be read: {reason}").format(path=self.path, reason=reason))

    def write(self, health: Health) -> None:
        """Replace what it says; whoever reads it meanwhile sees the old or the new state, never half of one.

        :raises OSError: it cannot be written.
        """
        document = _converter().unstructure(_Stored(health.server, health.jobs))
        write_atomically(self.path, json.dumps(document, indent=1).encode())


@frozen
class Health:
    """What is known of all jobs that work on a server, by their names.

    :ivar server: its address.
    """

    jobs: Mapping[str, JobHealth] = field(factory=dict)
    server: str = ""

    def of(self, server: str, names: Iterable[str]) -> Health:
        """What a schedule that begins knows of its jobs: what was known of them, and nothing of the others."""
        return Health({name: self.jobs.get(name, JobHealth()).without_schedule() for name in names}, server)

    def with_job(self, name: str, job: JobHealth) -> Health:
        """The same with one job replaced."""
        return evolve(self, jobs={**self.jobs, name: job})

    @property
    def unwell(self) -> tuple[str, ...]:
        """Names of jobs whose last run failed."""
        return tuple(name for name, job in self.jobs.items() if not job.is_well)


def hangs(healths: Iterable[Health], now: datetime) -> bool:
    """Whether a job should have begun long ago, and none is running for which it would have to wait.

    :param healths: of all servers that a schedule works on.
    """
    jobs = [job for health in healths for job in health.jobs.values()]
    if any(job.running_since for job in jobs):
        return False
    return any(job.next_due and datetime.fromisoformat(job.next_due) + OVERDUE < now for job in jobs)
