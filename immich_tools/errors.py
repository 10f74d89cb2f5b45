"""Every error a user can meet, as one tree; each class carries the exit code of the commands.

    ToolkitError                1  unexpected
    ├── UsageError              2  wrong options, configuration or plan file
    ├── Stopped                 4  a guard stopped the run; nothing was changed
    │   ├── GuardTripped
    │   ├── UnreadableJournal
    │   ├── IncompleteListing
    │   └── WriteRefused
    ├── ServerUnreachable       5
    ├── AccessDenied            6  authentication or permission
    │   └── AdministratorNeeded
    ├── UnsupportedServer       7
    ├── RequestRefused          1  the server refused a request that the tools believed to be right
    ├── FileFailed              3  a file of this computer could not be read, copied or proven
    │   ├── DiskFull
    │   ├── FileInTheWay
    │   └── FileChanged
    ├── NotShared               3  albums were not shared with everybody they were to be shared with
    └── Cancelled               130

A message is one line (or a few) a person can act on; it never holds a secret, a stack trace or an HTML page.
"""

from __future__ import annotations

from enum import IntEnum


class ExitCode(IntEnum):
    """Exit codes of all commands."""

    DONE = 0
    UNEXPECTED = 1
    USAGE = 2
    CHANGES_FAILED = 3
    STOPPED = 4
    UNREACHABLE = 5
    ACCESS = 6
    UNSUPPORTED = 7
    WORK_FOUND = 10
    INTERRUPTED = 130


class ToolkitError(Exception):
    """Root of all errors raised on purpose by immich_tools."""

    exit_code = ExitCode.UNEXPECTED


class UsageError(ToolkitError):
    """Options, configuration, environment or a plan file are wrong; nothing was read from the server."""

    exit_code = ExitCode.USAGE


class Stopped(ToolkitError):
    """A safety rule stopped the run before it changed anything."""

    exit_code = ExitCode.STOPPED


class GuardTripped(Stopped):
    """A plan would remove more than its guards allow."""


class UnreadableJournal(Stopped):
    """A journal of an earlier run cannot be read, on which a decision rests."""


class IncompleteListing(Stopped):
    """The server's list and its statistics do not agree, so no decision may be based on the list."""


class WriteRefused(Stopped):
    """A client that may only read was asked to write: a bug, kept from the server by the transport."""


class ServerUnreachable(ToolkitError):
    """No usable answer: connection, TLS, timeout, proxy error, or something that is not Immich."""

    exit_code = ExitCode.UNREACHABLE


class AccessDenied(ToolkitError):
    """The key is missing, wrong, or lacks a permission."""

    exit_code = ExitCode.ACCESS


class AdministratorNeeded(AccessDenied):
    """The key is in order, but its user is no administrator."""


class UnsupportedServer(ToolkitError):
    """The server's version is outside the supported range."""

    exit_code = ExitCode.UNSUPPORTED


class RequestRefused(ToolkitError):
    """The server answered 4xx or 5xx to one request.

    :param status: HTTP status code.
    :param reason: the server's own words.
    :param correlation_id: the server's id of the request, to be found in its log; None when it sent none.
    """

    def __init__(self, message: str, *, status: int, reason: str = "", correlation_id: str | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.reason = reason
        self.correlation_id = correlation_id


class FileFailed(ToolkitError):
    """A file of this computer could not be read, copied or proven; others may still succeed."""

    exit_code = ExitCode.CHANGES_FAILED


class DiskFull(FileFailed):
    """No room, or no quota, is left where a file was to be written."""


class FileInTheWay(FileFailed):
    """Something else already has the name that a file was to get; it was left as it is."""


class FileChanged(FileFailed):
    """What is left of a file to be read does not belong to what was read of it before."""


class NotShared(ToolkitError):
    """Albums were not shared with everybody they were to be shared with; the rest was done."""

    exit_code = ExitCode.CHANGES_FAILED


class Cancelled(ToolkitError):
    """The caller asked to stop; what was under way was taken back."""

    exit_code = ExitCode.INTERRUPTED
