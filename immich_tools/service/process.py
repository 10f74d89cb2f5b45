"""Runs a job as a program of its own, and tells it when the schedule is to stop."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from attrs import frozen

from immich_tools.service.schedule import Ended, Job

LONGEST_NAP: Final = 30.0
"""Seconds; a clock that is set, or a computer that was asleep, is noticed after that long."""


class SystemClock:
    """The clock of this computer."""

    def now(self) -> datetime:
        """The present moment in UTC."""
        return datetime.now(UTC)

    def wait_until(self, moment: datetime) -> None:
        """Come back at a moment, also when the clock was set or the computer was asleep meanwhile."""
        while (left := (moment - self.now()).total_seconds()) > 0:
            time.sleep(min(left, LONGEST_NAP))


@frozen
class Program:
    """Runs each job in a process of its own: whatever goes wrong in it, the schedule goes on.

    :ivar command: the words before the name of the tool.
    :ivar environment: variables to set besides those of this process.
    """

    command: Sequence[str] = (sys.executable, "-m", "immich_tools")
    environment: Mapping[str, str] = {}

    def __call__(self, job: Job) -> Ended:
        """Run a job to its end.

        KeyboardInterrupt (Ctrl-C, SIGTERM) is passed on to the job, which ends after the requests under way and leaves a journal to resume
        from; a second one ends it at once. Either is raised again when the job has ended.
        """
        with tempfile.TemporaryDirectory(prefix="immich-toolkit-") as folder:
            summary = Path(folder) / "summary.json"
            words = [*self.command, job.tool, *job.arguments, f"--summary-file={summary}"]
            try:
                # In a group of its own: Ctrl-C in a terminal would reach it once from there and once from here.
                process = subprocess.Popen(
                    words, stdin=subprocess.DEVNULL, env={**os.environ, **self.environment}, start_new_session=True
                )
            except OSError as error:
                return Ended(1, message=f"{words[0]}: {error.strerror}")
            try:
                code = process.wait()
            except KeyboardInterrupt:
                process.send_signal(signal.SIGTERM)
                try:
                    process.wait()
                except KeyboardInterrupt:
                    process.kill()
                    process.wait()
                raise
            return _ended(code, summary)


def _ended(code: int, summary: Path) -> Ended:
    try:
        told = json.loads(summary.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        # The job ended before it could say anything, killed perhaps; its exit code says what there is to say.
        return Ended(code)
    results = told.get("results") or {}
    changed = sum(count for status, count in results.items() if status == "done")
    return Ended(code, changed, str(told.get("message") or ""))
