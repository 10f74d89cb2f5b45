"""Where a schedule keeps what concerns one server: the lock that lets no second one work on it, and the file of its health."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path
from typing import Final, Self

from attrs import frozen

from immich_tools.disk.lock import LockTaken, is_locked, take_lock
from immich_tools.errors import UsageError
from immich_tools.i18n import _
from immich_tools.service.health import HealthFile

LOCK: Final = ".lock"
HEALTH: Final = ".json"
PATIENCE: Final = 0.5
"""Seconds to wait for the lock: whoever looks whether there is a schedule holds it for an instant."""


@frozen
class Place:
    """The files of one server.

    :ivar folder: in which all schedules of a state folder keep them.
    :ivar name: what the files are called.
    """

    folder: Path
    name: str

    @classmethod
    def of(cls, state_folder: Path, server: str) -> Self:
        """The place of a server.

        :param server: its address.
        """
        readable = re.sub("[^a-z0-9]+", "-", server.lower().partition("://")[2]).strip("-")[:60]
        return cls(state_folder / "schedule", f"{readable}-{sha256(server.encode()).hexdigest()[:8]}")

    @classmethod
    def all(cls, state_folder: Path) -> tuple[Self, ...]:
        """Places of all servers that a schedule has worked on.

        :raises UsageError: the folder cannot be read.
        """
        folder = state_folder / "schedule"
        try:
            # Not glob(), which takes a folder that cannot be read for an empty one.
            names = sorted(path.name for path in folder.iterdir())
        except FileNotFoundError:
            return ()
        except OSError as error:
            raise UsageError(
                _("The state folder {path} cannot be read: {reason}. Set HOME or XDG_STATE_HOME.").format(
                    path=folder, reason=error.strerror or type(error).__name__
                )
            ) from None
        return tuple(cls(folder, name.removesuffix(HEALTH)) for name in names if name.endswith(HEALTH))

    @property
    def health(self) -> HealthFile:
        """The file of its jobs' health."""
        return HealthFile(self.folder / f"{self.name}{HEALTH}")

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Let one schedule at a time work on the server. Those with other state folders, or on other machines, do not see each other.

        :raises UsageError: another one is at it, or the folder cannot be written to.
        """
        try:
            self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            lock = take_lock(self._lock, patience=PATIENCE)
        except LockTaken:
            raise UsageError(
                _(
                    "Another schedule works on this server already. Give one schedule all the jobs, as [[job]] tables of "
                    "immich-toolkit.toml, or end the other one."
                )
            ) from None
        except OSError as error:
            raise UsageError(
                _("The state folder {path} cannot be written to: {reason}.").format(
                    path=self.folder, reason=error.strerror or type(error).__name__
                )
            ) from None
        try:
            yield
        finally:
            lock.release()

    def is_taken(self) -> bool:
        """Whether a schedule works on the server now, or perhaps does: where nobody can tell, the times in its health file do."""
        try:
            return is_locked(self._lock, patience=PATIENCE)
        except OSError:
            return True

    @property
    def _lock(self) -> Path:
        return self.folder / f"{self.name}{LOCK}"
