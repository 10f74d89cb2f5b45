"""Runs a job as a program of its own, and tells it when the schedule is to stop."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Final
from zoneinfo import ZoneInfo

from attrs import frozen

from immich_tools.errors import ExitCode
from immich_tools.service.schedule import Ended, RunStopped, Task
from immich_tools.settings.summary import SUMMARY_FLAG

LONGEST_NAP: Final = 30.0
"""Seconds; a clock that is set, or a computer that was asleep, is noticed after that long."""

LOCAL_ZONE: Final = Path("/etc/localtime")


class SystemClock:
    """The clock of this computer."""

    def now(self) -> datetime:
        """The present moment in UTC."""
        return datetime.now(UTC)

    def wait_until(self, moment: datetime) -> None:
        """Come back at a moment, also when the clock was set or the computer was asleep meanwhile."""
        while (left := (moment - self.now()).total_seconds()) > 0:
            time.sleep(min(left, LONGEST_NAP))


def local_zone(path: Path = LOCAL_ZONE) -> ZoneInfo:
    """The time zone of this computer; UTC where it does not tell."""
    try:
        with path.open("rb") as file:
            return ZoneInfo.from_file(file, "localtime")
    except (OSError, ValueError):
        return ZoneInfo("UTC")


@frozen
class Program:
    """Runs each task in a process of its own: whatever goes wrong in it, the schedule goes on.

    :ivar command: the words before the name of the tool.
    """

    # -P: a file in the working folder that is called like a module of Python is not taken for it.
    command: Sequence[str] = (sys.executable, "-P", "-m", "immich_tools")

    def __call__(self, task: Task) -> Ended:
        """Run a task to its end.

        KeyboardInterrupt (Ctrl-C, SIGTERM) is passed on to its process, which ends after the requests under way and leaves a journal to
        resume from; a second one ends it at once.

        :raises RunStopped: after either, when the process has ended.
        """
        try:
            with tempfile.TemporaryDirectory(prefix="immich-toolkit-", ignore_cleanup_errors=True) as folder:
                return self._run(task, Path(folder) / "summary.json")
        except OSError as error:
            return Ended(int(ExitCode.UNEXPECTED), message=f"{error.filename}: {error.strerror}")

    def _run(self, task: Task, summary: Path) -> Ended:
        words = [*self.command, task.tool, *task.arguments, f"{SUMMARY_FLAG}={summary}"]
        # In a group of its own: Ctrl-C in a terminal would reach it once from there and once from here.
        process = subprocess.Popen(words, stdin=subprocess.DEVNULL, start_new_session=True)
        try:
            code = process.wait()
        except KeyboardInterrupt:
            process.send_signal(signal.SIGTERM)
            try:
                process.wait()
            except KeyboardInterrupt:
                process.kill()
                process.wait()
            raise RunStopped(_ended(process.returncode, summary)) from None
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
