"""Where a command's words go: the result to stdout, everything for people to stderr, details to the log."""

from __future__ import annotations

import json
import logging
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

from rich.console import Console

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
from immich_tools.settings.surroundings import current_invocation

PACKAGE: Final = "immich_tools"
STEP: Final = 2.0
"""Seconds between two lines of progress where there is no terminal."""


class Redacting(logging.Formatter):
    """Keeps secrets out of log lines, whatever was logged."""

    def format(self, record: logging.LogRecord) -> str:
        """One line, without the secrets that the running command has read."""
        invocation = current_invocation.get()
        return redact(super().format(record), invocation.secrets if invocation else ())


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
        self.out = Console(file=sys.stdout, highlight=False, soft_wrap=True)
        self.err = Console(file=sys.stderr, highlight=False, soft_wrap=True)
        self._handlers = self._log_to(verbose, log_file)

    def _log_to(self, verbose: bool, log_file: Path | None) -> list[logging.Handler]:
        handlers: list[logging.Handler] = []
        if verbose:
            handlers.append(logging.StreamHandler(sys.stderr))
        if log_file is not None:
            try:
                handlers.append(logging.FileHandler(log_file, encoding="utf-8"))
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
            self.err.print(message, markup=False)

    def line(self, values: Mapping[str, Any]) -> None:
        """Print one JSON line."""
        print(json.dumps(values, ensure_ascii=False), file=sys.stdout)  # noqa: T201 - this is the result

    def text(self, text: str) -> None:
        """Print a part of the result as it is."""
        self.out.print(text, markup=False)

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
        if not self._json:
            if each:
                print_plan(plan, self.out)
            else:
                self.text(summary(plan))

    def nothing_done(self, why: str, code: ExitCode) -> ExitCode:
        """Say that the run ends with `code` and without changing anything; the last JSON line is a summary all the same."""
        if self._json:
            self.line(
                {"message_type": "summary", "run": None, "results": {}, "unfinished": False, "exit_code": int(code)}
            )
        self.say(why)
        return code

    def group(self, plan: Plan, changes: Sequence[Change]) -> None:
        """Show one group of a plan to the person who is asked about it."""
        print_group(plan, changes, self.err)

    def outcome(self, outcome: Outcome, *, hint: bool = True) -> None:
        """Print what became of a plan.

        :param hint: say how to undo it.
        """
        log = logging.getLogger(PACKAGE)
        for line in outcome_lines(outcome):
            log.info("%s", json.dumps(line, ensure_ascii=False))
            if self._json:
                self.line(line)
        if not self._json:
            self.text(outcome_summary(outcome))
            if hint and outcome.run_id is not None and not outcome.unfinished:
                self.say(_("Undo it with: immich-toolkit undo {run}").format(run=outcome.run_id))

    def watcher(self, title: str) -> Callable[[Progress], None] | None:
        """Shows progress: one line rewritten on a terminal, a line now and then elsewhere, nothing when quiet."""
        if self._quiet:
            return None
        last = 0.0

        def watch(progress: Progress) -> None:
            nonlocal last
            text = f"{title}: {progress.done}/{progress.total}"
            if self.err.is_terminal:
                self.err.print(f"\r{text}", end="\n" if progress.done == progress.total else "", markup=False)
            elif time.monotonic() - last >= STEP:
                last = time.monotonic()
                self.err.print(text, markup=False)

        return watch
