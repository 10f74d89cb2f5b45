"""Jobs as real processes."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
from datetime import UTC, datetime, timedelta
from importlib import resources
from pathlib import Path

import pytest

from immich_tools.service.process import Program, SystemClock, local_zone
from immich_tools.service.schedule import Ended, Task


def job(*arguments: str) -> Task:
    return Task("one", "tool", arguments)


def program(text: str) -> Program:
    """A program in place of the commands: its last argument names the file of the summary."""
    start = "import json, os, signal, sys, time\nsummary = sys.argv[-1].removeprefix('--summary-file=')\n"
    return Program((sys.executable, "-c", start + text))


def test_a_job_gets_its_words_and_tells_its_summary() -> None:
    text = (
        "told = {'results': {'done': 3, 'failed': 2}, 'message': ' '.join(sys.argv[1:3])}\n"
        "json.dump(told, open(summary, 'w'))\nsys.exit(3)"
    )
    assert program(text)(job("--apply")) == Ended(3, 3, "tool --apply")


def test_a_job_that_says_nothing_has_its_exit_code() -> None:
    assert program("sys.exit(5)")(job()) == Ended(5)
    assert program("open(summary, 'w').write('{')")(job()) == Ended(0)
    assert program("os.kill(os.getpid(), signal.SIGKILL)")(job()) == Ended(-signal.SIGKILL)


def test_a_disk_on_which_nothing_can_be_written_ends_a_run_and_not_the_schedule(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "none"))
    ended = program("")(job())
    assert ended.exit_code == 1 and "No such file or directory" in ended.message


def test_a_program_that_does_not_exist(tmp_path: Path) -> None:
    assert Program((str(tmp_path / "none"),))(job()).exit_code == 1


def test_stopping_waits_for_the_job_to_end_in_its_own_way(tmp_path: Path) -> None:
    """The outer process stands for the schedule: SIGTERM becomes KeyboardInterrupt, the job finishes its batch, then both end."""
    inner = (
        "import signal, sys, time, pathlib\n"
        f"folder = pathlib.Path({str(tmp_path)!r})\n"
        "def stop(*_):\n    time.sleep(0.2)\n    (folder / 'finished').touch()\n    sys.exit(130)\n"
        "signal.signal(signal.SIGTERM, stop)\n"
        "(folder / 'begun').touch()\n"
        "time.sleep(60)"
    )
    outer = (
        "import signal, sys, time\n"
        "from immich_tools.service.process import Program\n"
        "from immich_tools.service.schedule import Task\n"
        "def stop(*_):\n    raise KeyboardInterrupt\n"
        "signal.signal(signal.SIGTERM, stop)\n"
        f"program = Program((sys.executable, '-c', {inner!r}))\n"
        "try:\n    program(Task('one', 'tool'))\n"
        "except KeyboardInterrupt as stop:\n    print('stopped', stop.how.exit_code)\n"
    )
    process = subprocess.Popen([sys.executable, "-c", outer], stdout=subprocess.PIPE, text=True)
    while not (tmp_path / "begun").exists():
        assert process.poll() is None
    os.kill(process.pid, signal.SIGTERM)
    said, _nothing = process.communicate(timeout=30)
    assert said == "stopped 130\n" and (tmp_path / "finished").exists()


def test_the_clock_comes_back_at_once_when_the_moment_has_passed() -> None:
    clock = SystemClock()
    clock.wait_until(datetime.now(UTC) - timedelta(days=1))
    soon = clock.now() + timedelta(milliseconds=20)
    clock.wait_until(soon)
    assert clock.now() >= soon


def test_the_zone_of_this_computer(tmp_path: Path) -> None:
    with resources.files("tzdata").joinpath("zoneinfo", "Europe", "Berlin").open("rb") as file:
        (tmp_path / "berlin").write_bytes(file.read())
    summer = datetime(2026, 7, 1, tzinfo=local_zone(tmp_path / "berlin"))
    assert summer.utcoffset() == timedelta(hours=2)
    (tmp_path / "broken").write_text("no zone")
    for name in ("none", "broken"):
        assert local_zone(tmp_path / name).key == "UTC"
