"""Where a command's words go: the result to stdout, everything for people to stderr, details to the log."""

from __future__ import annotations

import json
import logging
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from types import TracebackType
from typing import Any, Final, Self, TypeVar

from rich.control import Control
from rich.segment import ControlType

from immich_tools.errors import ExitCode
from immich_tools.i18n import _, ngettext
from immich_tools.plan.effects.base import Change
from immich_tools.plan.executor import Progress
from immich_tools.plan.model import Plan
from immich_tools.plan.outcome import Outcome
from immich_tools.plan.result import Status
from immich_tools.report.jsonlines import outcome_lines, plan_lines
from immich_tools.report.logs import PACKAGE, handlers_of
from immich_tools.report.table import print_group, print_plan
from immich_tools.report.text import outcome_summary, pace, size, summary
from immich_tools.settings import OutputOptions
from immich_tools.settings.streams import Paper, json_line, printable
from immich_tools.settings.summary import KIND, summary_line
from immich_tools.settings.surroundings import current_invocation

Code = TypeVar("Code", bound=int)

# A carriage return in a text would be left out.
_WRITE_AGAIN: Final = Control(ControlType.CARRIAGE_RETURN, (ControlType.ERASE_IN_LINE, 2))

STEP: Final = 2.0
"""Seconds between two lines of progress where there is no terminal."""


class Output:
    """What one command says.

    :raises UsageError: the log file cannot be written.
    """

    def __init__(self, options: OutputOptions | None = None) -> None:
        options = OutputOptions() if options is None else options
        self._json = options.json
        self._quiet = options.quiet
        self.out = Paper(file=sys.stdout, highlight=False, soft_wrap=True)
        self.err = Paper(file=sys.stderr, highlight=False, soft_wrap=True)
        self._handlers = handlers_of(options, self._tell)
        package = logging.getLogger(PACKAGE)
        for handler in self._handlers:
            package.addHandler(handler)
        if self._handlers:
            package.setLevel(logging.DEBUG)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the log."""
        package = logging.getLogger(PACKAGE)
        for handler in self._handlers:
            package.removeHandler(handler)
            handler.close()

    def say(self, message: str, *, moment: str = "", level: int = logging.INFO) -> None:
        """Tell the person something that is not part of the result.

        :param moment: when it happened, for commands that go on for days; the log has its own times.
        """
        logging.getLogger(PACKAGE).log(level, "%s", message)
        if not self._quiet:
            self._tell(f"{moment}  {message}" if moment else message)

    def _tell(self, message: str, end: str = "\n") -> None:
        # Nothing that is only said to a person may decide how a run ends.
        with suppress(OSError):
            self.err.print(printable(message, lines=True), end=end, markup=False)

    def line(self, values: Mapping[str, Any]) -> None:
        """Print one JSON line."""
        invocation = current_invocation.get()
        if invocation is not None:
            values = invocation.with_account(values)
            if values.get("message_type") == KIND:
                invocation.summarized = True
        print(json_line(values, sys.stdout), file=sys.stdout)  # noqa: T201 - this is the result

    def _summarize(self, summary: Mapping[str, Any]) -> None:
        """Say how the command ended: to whoever reads JSON, and for the file of ``--summary-file``."""
        invocation = current_invocation.get()
        if invocation is not None:
            invocation.summaries.append(invocation.with_account(summary))
        if self._json:
            self.line(summary)

    def text(self, text: str) -> None:
        """Print a part of the result, of one line or several."""
        self.out.print(printable(text, lines=True), markup=False)

    @property
    def is_json(self) -> bool:
        """Whether the result is JSON lines."""
        return self._json

    def plan(self, plan: Plan, *, each: bool = True) -> None:
        """Print a plan.

        :param each: every group of it, not only the sums (JSON always has everything).
        """
        log = logging.getLogger(PACKAGE)
        # Where nobody reads them, the lines of a large plan are not even made.
        for line in plan_lines(plan) if self._json or log.isEnabledFor(logging.INFO) else ():
            log.info("%s", json.dumps(line, ensure_ascii=False))
            if self._json:
                self.line(line)
        if self._json:
            # Whether anybody takes the plan is to be known before it is carried out.
            sys.stdout.flush()
        elif each:
            print_plan(plan, self.out)
        else:
            self.text(summary(plan))

    def nothing_done(self, why: str, code: ExitCode) -> ExitCode:
        """Say that the run ends with `code` and without changing anything; the last JSON line is a summary all the same."""
        self.ended(code)
        self.say(why)
        return code

    def ended(self, code: Code) -> Code:
        """The end of a command that carries nothing out."""
        self._summarize(summary_line(code))
        return code

    def not_over(self) -> None:
        """An error follows what was said to be the end, and has the last word as JSON, too."""
        invocation = current_invocation.get()
        if invocation is not None:
            invocation.summarized = False

    def group(self, plan: Plan, changes: Sequence[Change]) -> None:
        """Show one group of a plan to the person who is asked about it.

        :raises OSError: nobody can see it, so nobody can agree to it.
        """
        print_group(plan, changes, self.err)

    def outcome(self, outcome: Outcome, *, hint: bool = True) -> None:
        """Print what became of a plan.

        :param hint: say how to undo it.
        """
        try:
            self._outcome(outcome)
        except OSError:
            # The changes are made: whoever wanted them must hear of it in some way.
            self._tell(outcome_summary(outcome))
            raise
        finally:
            did_something = outcome.run_id is not None and not outcome.unfinished and Status.DONE in outcome.counts()
            if hint and not self._json and did_something:
                self.say(_("Undo it with: immich-toolkit undo {run}").format(run=outcome.run_id))

    def _outcome(self, outcome: Outcome) -> None:
        log = logging.getLogger(PACKAGE)
        for line in outcome_lines(outcome):
            log.info("%s", json.dumps(line, ensure_ascii=False))
            if line["message_type"] == KIND:
                self._summarize(line)
            elif self._json:
                self.line(line)
        if self._json:
            sys.stdout.flush()
        else:
            self.text(outcome_summary(outcome))

    def watcher(self, title: str) -> Callable[[Progress], None] | None:
        """Shows progress: one line rewritten on a terminal, a line now and then elsewhere, nothing when quiet."""
        if self._quiet:
            return None
        last = 0.0
        shown = (-1, -1, -1)
        began = time.monotonic()

        def watch(progress: Progress) -> None:
            nonlocal last, shown
            state = (progress.done, progress.bytes_done, progress.waiting)
            text = f"{title}: {progress.done}/{progress.total}{_bytes(progress, time.monotonic() - began)}"
            if progress.waiting:
                words = ngettext(
                    ", waiting for the server's jobs ({count} asset)",
                    ", waiting for the server's jobs ({count} assets)",
                    progress.waiting,
                )
                text += words.format(count=progress.waiting)
            is_last = progress.done == progress.total and not progress.waiting
            if shown == state:
                return
            if self.err.is_terminal and not self.err.is_dumb_terminal:
                shown = state
                with suppress(OSError):
                    self.err.control(_WRITE_AGAIN)
                    self.err.print(text[: self.err.width - 1], end="\n" if is_last else "", markup=False)
            elif is_last or time.monotonic() - last >= STEP:
                last, shown = time.monotonic(), state
                self._tell(text)

        return watch


def _bytes(progress: Progress, seconds: float) -> str:
    """How many bytes are done, where there are any, how fast, and how long the rest takes."""
    if not progress.bytes_total:
        return ""
    text = _(", {done} of {total}").format(done=size(progress.bytes_done), total=size(progress.bytes_total))
    known = pace(progress.bytes_done, progress.bytes_total, seconds)
    if known is None or progress.bytes_done == progress.bytes_total:
        return text
    rate, left = known
    return text + _(", {rate}/s, {seconds:.0f} s left").format(rate=size(round(rate)), seconds=left)
