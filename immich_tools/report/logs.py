"""Logs: details of a run on stderr or in a file that is rotated, as text or as JSON lines, never with a secret."""

from __future__ import annotations

import logging
import os
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from logging.handlers import RotatingFileHandler
from pathlib import Path
from typing import Final, TextIO

from immich_tools.errors import UsageError
from immich_tools.i18n import _
from immich_tools.secret import redact
from immich_tools.settings import LogFormat, OutputOptions
from immich_tools.settings.streams import json_text, printable
from immich_tools.settings.surroundings import current_invocation

PACKAGE: Final = "immich_tools"
MEGABYTE: Final = 1_000_000


class Redacting(logging.Formatter):
    """Keeps secrets and characters that steer a terminal out of log lines, whatever was logged."""

    def __init__(self) -> None:
        super().__init__("%(asctime)s %(levelname)s %(name)s %(message)s")
        # Taken here: a thread that logs a request has no invocation of its own.
        self._invocation = current_invocation.get()

    def format(self, record: logging.LogRecord) -> str:
        """One line, without the secrets that the running command has read."""
        return self._safe(printable(super().format(record), lines=True))

    def _safe(self, text: str) -> str:
        return redact(text, self._invocation.secrets if self._invocation else ())


class JsonLines(Redacting):
    """A JSON object in each line: ``time`` (ISO 8601 in UTC), ``level``, ``logger`` and ``message``."""

    def format(self, record: logging.LogRecord) -> str:
        """One line."""
        message = record.getMessage()
        if record.exc_info:
            message += "\n" + self.formatException(record.exc_info)
        return json_text(
            {
                "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
                "level": record.levelname.lower(),
                "logger": record.name,
                # Before it becomes JSON, which may write a secret with other characters.
                "message": self._safe(message),
            }
        )


class LogFile(RotatingFileHandler):
    """A log that may fail: it says so once and is silent from then on, because no log is worth a run.

    A schedule and its jobs write to one file: whoever finds that another one has rotated it goes on in the new one.

    :param tell: tells the person.
    :param size: bytes after which a new file begins.
    :param older: files that are kept beside it, with ``.1``, ``.2`` … after its name.
    :raises OSError: the file cannot be opened.
    """

    def __init__(self, path: Path, tell: Callable[[str], None], *, size: int, older: int) -> None:
        super().__init__(path, maxBytes=size, backupCount=older, encoding="utf-8", errors="backslashreplace")
        self._path = path
        self._tell = tell
        self._failed = False

    def emit(self, record: logging.LogRecord) -> None:
        """Write a record, if the file still takes any."""
        if not self._failed:
            super().emit(record)

    def shouldRollover(self, record: logging.LogRecord) -> bool:
        """Called by logging before it writes; here as it is the one place to notice that the file is another one."""
        if self.stream is not None and not self._is_current(self.stream):
            former, self.stream = self.stream, self._open()
            former.close()
        return bool(super().shouldRollover(record))

    def _is_current(self, stream: TextIO) -> bool:
        try:
            return os.path.samestat(self._path.stat(), os.fstat(stream.fileno()))
        except FileNotFoundError:
            return False

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
            self._tell(_unwritable(self._path, error))


class LogToPerson(logging.StreamHandler[TextIO]):
    """A log on stderr; where nobody can read it, it is not written."""

    def handleError(self, record: logging.LogRecord) -> None:
        """Called by logging inside its handler of the exception."""
        if not isinstance(sys.exception(), OSError):
            super().handleError(record)


def handlers_of(options: OutputOptions, tell: Callable[[str], None]) -> list[logging.Handler]:
    """The logs that options describe.

    :param tell: tells the person when a log fails later.
    :raises UsageError: the log file cannot be written.
    """
    handlers: list[logging.Handler] = []
    if options.verbose:
        handlers.append(LogToPerson(sys.stderr))
        handlers[-1].setFormatter(Redacting())
    if options.log_file is not None:
        try:
            file = LogFile(options.log_file, tell, size=int(options.log_size * MEGABYTE), older=options.log_files)
        except OSError as error:
            raise UsageError(_unwritable(options.log_file, error)) from None
        file.setFormatter(JsonLines() if options.log_format is LogFormat.JSON else Redacting())
        if options.log_level is not None:
            file.setLevel(options.log_level.value.upper())
        handlers.append(file)
    return handlers


def _unwritable(path: Path, error: OSError) -> str:
    reason = error.strerror or type(error).__name__
    return _("The log file {path} cannot be written: {reason}.").format(path=path, reason=reason)
