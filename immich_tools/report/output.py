"""Where a command's words go: the result to stdout, everything for people to stderr, details to the log."""

from __future__ import annotations

import json
import logging
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self, TextIO

from immich_tools.errors import ExitCode, UsageError
from immich_tools.i18n import _
from immich_tools.plan.document import Change, Plan
from immich_tools.plan.execute import Progress
from immich_tools.plan.outcome import Outcome
from immich_tools.report.jsonlines import outcome_lines, plan_lines
from immich_tools.report.table import print_group, print_plan
from immich_tools.report.text import outcome_summary, summary
from immich_tools.secret import redact
from immich_tools.settings import OutputOptions
from immich_tools.settings.application import summary_line
from immich_tools.settings.streams import Paper, json_line, printable
from immich_tools.settings.surroundings import current_invocation

PACKAGE: Final = "immich_tools"
STEP: Final = 2.0
"""Seconds between two lines of progress where there is no terminal."""


class Redacting(logging.Formatter):
    """Keeps secrets and characters that steer a terminal out of log lines, whatever was logged."""

    def __init__(self, style: str) -> None:
        super().__init__(style)
        # Taken here: a thread that logs a request has no invocation of its own.
        self._invocation = current_invocation.get()

    def format(self, record: logging.LogRecord) -> str:
        """One line, without the secrets that the running command has read."""
        line = printable(super().format(record), lines=True)
        return redact(line, self._invocation.secrets if self._invocation else ())


class LogFile(logging.FileHandler):
    """A log that may fail: it says so once and is silent from then on, because no log is worth a run.

    :param tell: tells the person.
    :raises OSError: the file cannot be opened.
    """

    def __init__(self, path: Path, tell: Callable[[str], None]) -> None:
        super().__init__(path, encoding="utf-8", errors="backslashreplace")
        self._path = path
        self._tell = tell
        self._failed = False

    def emit(self, record: logging.LogRecord) -> None:
        """Write a record, if the file still takes any."""
        if not self._failed:
            super().emit(record)

    def handleError(self, record: logging.LogRecord) -> None:
        """Called by logging inside its handler of the exception."""
        error = sys.exception()
        if isinstance(error, OSError):
            self._fail(error)
        else:
            super().handleError(record)

    def close(self) -> None:
        """Close the file; what cannot be written any more is given up."""
        try:
            super().close()
        except OSError as error:
            self._fail(error)

    def _fail(self, error: OSError) -> None:
        if not self._failed:
            self._failed = True
            reason = error.strerror or type(error).__name__
            self._tell(_("The log file {path} cannot be written: {reason}.").format(path=self._path, reason=reason))


class LogToPerson(logging.StreamHandler[TextIO]):
    """A log on stderr; where nobody can read it, it is not written."""

    def handleError(self, record: logging.LogRecord) -> None:
        """Called by logging inside its handler of the exception."""
        if not isinstance(sys.exception(), OSError):
            super().handleError(record)


class Output:
    """What one command says.

    :param json: JSON lines on stdout instead of tables.
    :param quiet: nothing on stderr.
    :param verbose: details on stderr.
    :param log_file: the same details, appended to a file.
    :raises UsageError: the log file cannot be written.
    """

    def __init__(
        self, *, json: bool = False, quiet: bool = False, verbose: bool = False, log_file: Path | None = None
    ) -> None:
        self._json = json
        self._quiet = quiet
        self.out = Paper(file=sys.stdout, highlight=False, soft_wrap=True)
        self.err = Paper(file=sys.stderr, highlight=False, soft_wrap=True)
        self._handlers = self._log_to(verbose, log_file)

    def _log_to(self, verbose: bool, log_file: Path | None) -> list[logging.Handler]:
        handlers: list[logging.Handler] = []
        if verbose:
            handlers.append(LogToPerson(sys.stderr))
        if log_file is not None:
            try:
                handlers.append(LogFile(log_file, self._tell))
            except OSError as error:
                raise UsageError(
                    _("The log file {path} cannot be written: {reason}.").format(path=log_file, reason=error.strerror)
                ) from None
        package = logging.getLogger(PACKAGE)
        for handler in handlers:
            handler.setFormatter(Redacting("%(asctime)s %(levelname)s %(name)s %(message)s"))
            package.addHandler(handler)
        if handlers:
            package.setLevel(logging.DEBUG)
        return handlers

    @classmethod
    def of(cls, options: OutputOptions) -> Self:
        """The output that options describe."""
        return cls(json=options.json, quiet=options.quiet, verbose=options.verbose, log_file=options.log_file)

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

    def say(self, message: str) -> None:
        """Tell the person something that is not part of the result."""
        logging.getLogger(PACKAGE).info("%s", message)
        if not self._quiet:
            self._tell(message)

    def _tell(self, message: str, end: str = "\n") -> None:
        # Nothing that is only said to a person may decide how a run ends.
        with suppress(OSError):
            self.err.print(printable(message, lines=True), end=end, markup=False)

    def line(self, values: Mapping[str, Any]) -> None:
        """Print one JSON line."""
        invocation = current_invocation.get()
        if invocation is not None and values.get("message_type") == "summary":
            invocation.summarized = True
        print(json_line(values, sys.stdout), file=sys.stdout)  # noqa: T201 - this is the result

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
        for line in plan_lines(plan):
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

    def ended(self, code: ExitCode) -> ExitCode:
        """The end of a command that carries nothing out: as JSON its last line is a summary, too."""
        if self._json:
            self.line(summary_line(code))
        return code

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
            if hint and not self._json and outcome.run_id is not None and not outcome.unfinished:
                self.say(_("Undo it with: immich-toolkit undo {run}").format(run=outcome.run_id))

    def _outcome(self, outcome: Outcome) -> None:
        log = logging.getLogger(PACKAGE)
        for line in outcome_lines(outcome):
            log.info("%s", json.dumps(line, ensure_ascii=False))
            if self._json:
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
        shown = -1

        def watch(progress: Progress) -> None:
            nonlocal last, shown
            text = f"{title}: {progress.done}/{progress.total}"
            is_last = progress.done == progress.total
            if self.err.is_terminal:
                with suppress(OSError):
                    self.err.print(f"\r{text}", end="\n" if is_last else "", markup=False)
            elif shown != progress.done and (is_last or time.monotonic() - last >= STEP):
                last, shown = time.monotonic(), progress.done
                self._tell(text)

        return watch
