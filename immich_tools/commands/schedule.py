"""``immich-toolkit schedule``: runs tools at certain times, unattended."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Annotated, Final
from zoneinfo import ZoneInfo

from attrs import evolve
from cyclopts import Parameter

from immich_tools.commands.examiner import Examiner
from immich_tools.errors import ExitCode, UsageError
from immich_tools.i18n import _
from immich_tools.report.output import Output
from immich_tools.service.chronicle import Chronicle
from immich_tools.service.cron import Cron
from immich_tools.service.jobs import jobs_of
from immich_tools.service.options import NotificationOptions, ScheduleOptions
from immich_tools.service.place import Place
from immich_tools.service.process import Program, SystemClock, local_zone
from immich_tools.service.schedule import Job, Task, how_stopped, serve
from immich_tools.settings import (
    Invocation,
    OutputOptions,
    SourceOptions,
    Surroundings,
    current_invocation,
    read_configuration_file,
)
from immich_tools.settings.files import nearest_hint
from immich_tools.tools import PACKAGES

ALSO: Final = {"folder-albums": {"--unattended": ""}}
"""Flags of a tool that runs by CRON_EXPRESSION, where nothing else is said: the older container of this one adds it, too."""
WHEN: Final = ScheduleOptions()

BY_SIGNAL: Final = 128
"""A program that a signal ended is said to have this exit code and the signal's number."""


def schedule(
    tool: Annotated[
        str | None,
        Parameter(
            help=_("The tool to run, with its options from the environment (default: the [[job]] tables of the file).")
        ),
    ] = None,
    /,
    *,
    options: Annotated[ScheduleOptions, Parameter(name="*")] = WHEN,
    notifications: Annotated[NotificationOptions, Parameter(name="*")] = NotificationOptions(),
    output: Annotated[OutputOptions, Parameter(name="*")] = OutputOptions(),
    source: Annotated[SourceOptions, Parameter(name="*")] = SourceOptions(),
) -> int:
    """Run the [[job]] tables of the configuration file when they are due, or one tool as CRON_EXPRESSION says.

    One job runs at a time. Ctrl-C and SIGTERM end the one under way after its requests, so that it can be resumed, and then the schedule.
    """
    invocation = current_invocation.get() or Invocation(Surroundings())
    with Output(output) as out, ExitStack() as stack:
        examiner = Examiner(_of_sources(source), _of_logs(output), notifications)
        zone = options.zone() or local_zone()

        def begin(tasks: Sequence[Task]) -> Chronicle:
            servers = sorted(frozenset().union(*(task.servers for task in tasks)))
            places = {server: Place.of(invocation.surroundings.state_folder, server) for server in servers}
            for place in places.values():
                stack.enter_context(place.alone())
            files = {server: place.health for server, place in places.items()}
            chronicle = Chronicle(out.say, SystemClock(), zone, notifications, files)
            chronicle.open(tasks)
            return chronicle

        if tool is not None and options.cron is None:
            task = _task(tool, examiner)
            return _once(task, begin([task]))
        if tool is not None:
            jobs: Sequence[Job] = [_job(tool, options, zone, examiner)]
        else:
            jobs = _jobs(invocation.configuration_file, options, zone, examiner)
        chronicle = begin(jobs)
        try:
            serve(jobs, chronicle.clock, Program(), chronicle)
        except KeyboardInterrupt:
            chronicle.stopped()
        return out.ended(ExitCode.DONE)


def _once(task: Task, chronicle: Chronicle) -> int:
    """Run a tool once, as a container without CRON_EXPRESSION does."""
    began = chronicle.clock.now()
    chronicle.begins(task, began, began)
    try:
        how = Program()(task)
    except KeyboardInterrupt as stop:
        chronicle.cut_short(task, began, chronicle.clock.now(), how_stopped(stop))
        raise
    chronicle.ended(task, began, chronicle.clock.now(), how)
    return how.exit_code if how.exit_code >= 0 else BY_SIGNAL - how.exit_code


def _task(tool: str, examiner: Examiner) -> Task:
    _refuse_unknown(tool)
    examined = examiner(tool, ())
    return Task(tool, tool, examined.arguments, examined.servers)


def _job(tool: str, options: ScheduleOptions, zone: ZoneInfo, examiner: Examiner) -> Job:
    _refuse_unknown(tool)
    cron = Cron.parse(options.cron or "", zone)
    examined = examiner(tool, (), ALSO.get(tool))
    return Job(tool, tool, examined.arguments, examined.servers, cron=cron, at_start=options.at_start)


def _refuse_unknown(tool: str) -> None:
    if tool not in PACKAGES:
        hint = nearest_hint(tool, PACKAGES) or _("; there are: {tools}").format(tools=", ".join(PACKAGES))
        raise UsageError(_("There is no tool '{tool}'{hint}").format(tool=tool, hint=hint))


def _jobs(path: Path | None, options: ScheduleOptions, zone: ZoneInfo, examiner: Examiner) -> Sequence[Job]:
    if options.cron is not None:
        raise UsageError(
            _(
                "A cron expression goes with a tool, as in: immich-toolkit schedule duplicates. [[job]] tables have their own."
            )
        )
    if path is None:
        raise UsageError(
            _(
                "There is nothing to run: describe jobs as [[job]] tables of immich-toolkit.toml, "
                "or name a tool and set CRON_EXPRESSION."
            )
        )
    tables = read_configuration_file(path).get("job")
    jobs = jobs_of(tables, path, tools=tuple(PACKAGES), zone=zone, examine=examiner)
    return [evolve(job, at_start=job.at_start or options.at_start) for job in jobs]


def _of_sources(source: SourceOptions) -> dict[str, str]:
    files = {"--config": source.config, "--env-file": source.env_file}
    return {flag: str(path.absolute()) for flag, path in files.items() if path is not None}


def _of_logs(output: OutputOptions) -> dict[str, str]:
    """The schedule's log is that of its jobs as well, unless they have one of their own."""
    if output.log_file is None:
        return {}
    return {
        "--log-file": str(output.log_file.absolute()),
        "--log-format": output.log_format.value,
        "--log-size": f"{output.log_size:g}",
        "--log-files": str(output.log_files),
        **({} if output.log_level is None else {"--log-level": output.log_level.value}),
    }
