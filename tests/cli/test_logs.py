"""Log files: their size, their number, what they hold, and that they hold no secret."""

from __future__ import annotations

import json
import logging
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from immich_tools.errors import UsageError
from immich_tools.report.logs import LogFile
from immich_tools.report.output import Output
from immich_tools.secret import MASK, Secret
from immich_tools.settings import (
    LogFormat,
    LogLevel,
    OutputOptions,
    Surroundings,
    current_invocation,
    protect,
)
from immich_tools.settings.surroundings import Invocation

SECRET = 'a "secret" canary of some length'
LOG = logging.getLogger("immich_tools.example")


@contextmanager
def logging_to(path: Path, **options: Any) -> Iterator[None]:
    """A command that logs."""
    reset = current_invocation.set(Invocation(Surroundings(environment={})))
    try:
        with Output(OutputOptions(log_file=path, **options)):
            yield
    finally:
        current_invocation.reset(reset)


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_a_full_file_makes_room_for_a_new_one_and_the_oldest_goes(tmp_path: Path) -> None:
    with logging_to(tmp_path / "log", log_size=0.001, log_files=2):
        for number in range(40):
            LOG.info("line %02d %s", number, "x" * 60)
    assert names(tmp_path) == ["log", "log.1", "log.2"]
    assert all(path.stat().st_size <= 1000 for path in tmp_path.iterdir())
    lines = [line for name in ("log.2", "log.1", "log") for line in (tmp_path / name).read_text().splitlines()]
    numbers = [int(line.split("line ")[1][:2]) for line in lines]
    assert numbers == list(range(numbers[0], 40)), "what is kept is the newest, without a hole"


def test_whoever_writes_beside_a_process_that_rotates_goes_on_in_the_new_file(tmp_path: Path) -> None:
    """A schedule and its job have one log file."""
    job = (
        "import logging, sys\nfrom pathlib import Path\n"
        "from immich_tools.report.output import Output\nfrom immich_tools.settings import OutputOptions\n"
        "with Output(OutputOptions(log_file=Path(sys.argv[1]), log_size=0.001)):\n"
        "    for number in range(30):\n"
        "        logging.getLogger('immich_tools').info('job %s', 'x' * 60)\n"
    )
    with logging_to(tmp_path / "log", log_size=0.001):
        LOG.info("before")
        subprocess.run([sys.executable, "-c", job, str(tmp_path / "log")], check=True)
        LOG.info("after")
    assert "after" in (tmp_path / "log").read_text()
    assert (tmp_path / "log").stat().st_size <= 1000


def test_five_megabytes_and_three_older_files_are_usual() -> None:
    assert (OutputOptions().log_size, OutputOptions().log_files) == (5.0, 3)


def test_json_lines(tmp_path: Path) -> None:
    began = datetime.now(UTC)
    with logging_to(tmp_path / "log", log_format=LogFormat.JSON):
        protect(Secret(SECRET))
        LOG.warning("Été %s \x1b[31m\u2028 next", SECRET)
        try:
            raise ValueError(SECRET)
        except ValueError:
            LOG.exception("broken")
    text = (tmp_path / "log").read_text(encoding="utf-8")
    first, second = [json.loads(line) for line in text.split("\n") if line]
    assert list(first) == ["time", "level", "logger", "message"]
    assert (first["level"], first["logger"]) == ("warning", "immich_tools.example")
    assert first["message"] == f"Été {MASK} \x1b[31m\u2028 next"
    assert abs((datetime.fromisoformat(first["time"]) - began).total_seconds()) < 60
    assert second["level"] == "error" and second["message"].startswith("broken\nTraceback")
    assert "canary" not in text and "\x1b" not in text and "\u2028" not in text


@pytest.mark.parametrize(
    ("level", "kept"),
    [
        (None, ["debug", "info", "warning", "error"]),
        (LogLevel.DEBUG, ["debug", "info", "warning", "error"]),
        (LogLevel.INFO, ["info", "warning", "error"]),
        (LogLevel.WARNING, ["warning", "error"]),
        (LogLevel.ERROR, ["error"]),
    ],
)
def test_the_level_is_that_of_the_file_alone(
    level: LogLevel | None, kept: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with logging_to(tmp_path / "log", log_level=level, verbose=True):
        for name in ("debug", "info", "warning", "error"):
            LOG.log(getattr(logging, name.upper()), name)
    assert [line.split()[-1] for line in (tmp_path / "log").read_text().splitlines()] == kept
    assert len(capsys.readouterr().err.splitlines()) == 4


def test_a_file_that_cannot_be_opened_is_an_error(tmp_path: Path) -> None:
    for path in (tmp_path, tmp_path / "none" / "log"):
        with pytest.raises(UsageError, match=r"The log file .* cannot be written: "):
            Output(OutputOptions(log_file=path))


def test_a_file_that_can_no_longer_be_written_is_told_once_and_ends_nothing(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    told: list[str] = []
    log = LogFile(tmp_path / "folder" / "log", told.append, size=1000, older=1)
    (tmp_path / "folder" / "log").unlink()
    (tmp_path / "folder").rmdir()
    for _number in range(3):
        log.handle(logging.LogRecord("immich_tools", logging.INFO, __file__, 1, "text", (), None))
    log.close()
    assert len(told) == 1 and "No such file or directory" in told[0]
