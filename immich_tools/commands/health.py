"""``immich-toolkit health``: how the last runs of a schedule ended, for people and for a container's HEALTHCHECK."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Annotated

from cyclopts import Parameter

from immich_tools.errors import ExitCode, UsageError
from immich_tools.i18n import _
from immich_tools.report.output import Output
from immich_tools.service.health import INTERRUPTED, Health, JobHealth, hangs
from immich_tools.service.place import Place
from immich_tools.settings import Invocation, OutputOptions, SourceOptions, Surroundings, current_invocation
from immich_tools.settings.streams import printable


def health(
    *,
    output: Annotated[OutputOptions, Parameter(name="*")] = OutputOptions(),
    source: Annotated[SourceOptions, Parameter(name="*")] = SourceOptions(),
) -> int:
    """Tell when each job of the schedule last went well, how it last ended, and when it is due next.

    The exit code is 0 when a schedule runs and the last runs of all its jobs went well, else 1.
    """
    invocation = current_invocation.get() or Invocation(Surroundings())
    with Output(output) as out:
        known: dict[Place, Health] = {}
        problems = []
        for place in Place.all(invocation.surroundings.state_folder):
            try:
                known[place] = place.health.read()
            except UsageError as error:
                problems.append(str(error))
        running = [health for place, health in known.items() if place.is_taken()]
        if out.is_json:
            for each in known.values():
                _print_lines(each, out, is_running=each in running)
        else:
            _print_table(known, running, out)
        problems += _problems(running)
        for problem in problems:
            out.say(problem)
        return out.ended(ExitCode.UNEXPECTED if problems else ExitCode.DONE)


def _problems(running: list[Health]) -> list[str]:
    if not running:
        return [_("No schedule is running.")]
    problems = [_problem(name, health.jobs[name].last_exit_code) for health in running for name in health.unwell]
    if hangs(running, datetime.now(UTC)):
        problems.append(_("The schedule hangs: a job should have begun long ago."))
    return problems


def _problem(name: str, code: int | None) -> str:
    if code in INTERRUPTED:
        return _(
            "The last run of {job} was interrupted (exit code {code}); 'immich-toolkit runs' shows whether it can be resumed."
        ).format(job=name, code=code)
    return _("The last run of {job} failed with exit code {code}.").format(job=name, code=code)


def _print_lines(health: Health, out: Output, *, is_running: bool) -> None:
    for name, job in health.jobs.items():
        out.line(
            {
                "message_type": "job",
                "job": name,
                "server": health.server,
                "schedule_running": is_running,
                "well": job.is_well,
                "last_success": job.last_success,
                "last_end": job.last_end,
                "last_exit_code": job.last_exit_code,
                "running_since": job.running_since if is_running else None,
                "cut_short_since": None if is_running else job.running_since,
                "next_due": job.next_due if is_running else None,
            }
        )


def _print_table(known: Mapping[Place, Health], running: list[Health], out: Output) -> None:
    head = (_("job"), _("last success"), _("last run"), _("code"), _("next due"))
    for health in known.values():
        is_running = health in running
        rows = [head, *(_row(name, job, is_running=is_running) for name, job in health.jobs.items())]
        widths = [max(len(row[column]) for row in rows) for column in range(len(head))]
        title = health.server if is_running else _("{server} (no schedule runs)").format(server=health.server)
        out.text(title)
        for row in rows:
            out.text("  " + "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())


def _row(name: str, job: JobHealth, *, is_running: bool) -> tuple[str, ...]:
    code = "" if job.last_exit_code is None else str(job.last_exit_code)
    due = _moment(job.next_due)
    if job.running_since is not None:
        # Whoever was killed could not write that its run has ended.
        words = _("running since {moment}") if is_running else _("cut short; began {moment}")
        due = words.format(moment=_moment(job.running_since))
    elif not is_running:
        due = "-"
    return printable(name), _moment(job.last_success), _moment(job.last_end), code, due


def _moment(text: str | None) -> str:
    return "-" if text is None else f"{datetime.fromisoformat(text).astimezone():%Y-%m-%d %H:%M}"
