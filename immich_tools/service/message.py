"""What is told of a run, and on what occasion. Pure."""

from __future__ import annotations

from datetime import datetime
from enum import Enum
from typing import Any, Final

from attrs import frozen

from immich_tools.errors import ExitCode
from immich_tools.i18n import _, ngettext
from immich_tools.service.schedule import Ended


class Occasion(Enum):
    """Why somebody is told of a run."""

    FAILURE = "failure"
    GUARD = "guard"
    CHANGE = "change"


def occasion_of(how: Ended) -> Occasion | None:
    """The occasion that a run gives, the most important one; None when there is nothing to tell."""
    if how.exit_code == ExitCode.STOPPED:
        return Occasion.GUARD
    if not how.went_well:
        return Occasion.FAILURE
    return Occasion.CHANGE if how.changed else None


@frozen
class Message:
    """What is told of one run.

    :ivar job: the name of the job.
    :ivar subject: one line.
    :ivar body: a few lines.
    """

    occasion: Occasion
    job: str
    tool: str
    began: datetime
    ended: datetime
    how: Ended

    @property
    def subject(self) -> str:
        """One line for people."""
        words = {
            Occasion.FAILURE: _("immich-toolkit: {job} failed"),
            Occasion.GUARD: _("immich-toolkit: {job} was stopped by a guard"),
            Occasion.CHANGE: _("immich-toolkit: {job} made changes"),
        }
        # A name is a person's text, and a subject is one header line.
        return words[self.occasion].format(job=" ".join(self.job.split()))

    @property
    def body(self) -> str:
        """A few lines for people."""
        lines = [_REASONS.get(self.how.exit_code, "")] if self.occasion is not Occasion.CHANGE else []
        if self.how.message:
            lines.append(self.how.message)
        if self.how.changed:
            lines.append(
                ngettext("{count} change was made.", "{count} changes were made.", self.how.changed).format(
                    count=self.how.changed
                )
            )
        lines.append(
            _("Began {began:%Y-%m-%d %H:%M}, took {took}; exit code {code}.").format(
                began=self.began.astimezone(), took=span(self.began, self.ended), code=self.how.exit_code
            )
        )
        return "\n".join(filter(None, lines))

    def to_json(self) -> dict[str, Any]:
        """The same for programs."""
        return {
            "occasion": self.occasion.value,
            "job": self.job,
            "tool": self.tool,
            "began": self.began.isoformat(),
            "ended": self.ended.isoformat(),
            "exit_code": self.how.exit_code,
            "changed": self.how.changed,
            "message": self.how.message,
        }


def span(began: datetime, ended: datetime) -> str:
    """How long something took, as hours, minutes and seconds."""
    seconds = max(0, round((ended - began).total_seconds()))
    return f"{seconds // 3600}:{seconds // 60 % 60:02}:{seconds % 60:02}"


_REASONS: Final = {
    int(ExitCode.UNEXPECTED): _("Something unexpected went wrong."),
    int(ExitCode.USAGE): _("The configuration is wrong."),
    int(ExitCode.CHANGES_FAILED): _("Some changes failed."),
    int(ExitCode.STOPPED): _("Nothing was changed."),
    int(ExitCode.UNREACHABLE): _("The server could not be reached."),
    int(ExitCode.ACCESS): _("The API key was refused or lacks a permission."),
    int(ExitCode.UNSUPPORTED): _("The server's version is not supported."),
    int(ExitCode.INTERRUPTED): _("The run was interrupted; 'immich-toolkit resume last' goes on with it."),
}
