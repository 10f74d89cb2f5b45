"""A file system with faults that no test can cause on a real disk; what has no fault is asked of the real one."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator, Mapping

from attrs import field, frozen

from immich_tools.disk.port import Entry, LocalFileSystem, Status


@frozen
class FaultyFileSystem:
    """The local files, with faults.

    :ivar listing: folder → error number that listing it raises after its first name.
    :ivar calls: path → error number that a call about it raises.
    :ivar hanging: folders and paths whose calls do not return before `release` is set.
    :ivar asked: the calls that were made: their kind and their path.
    """

    listing: Mapping[str, int] = field(factory=dict)
    calls: Mapping[str, int] = field(factory=dict)
    hanging: frozenset[str] = frozenset()
    release: threading.Event = field(factory=threading.Event)
    asked: list[tuple[str, str]] = field(factory=list)
    _real: LocalFileSystem = field(factory=LocalFileSystem)

    def entries(self, folder: str) -> Iterator[Entry]:
        self.asked.append(("entries", folder))
        self._wait(folder)
        for entry in self._real.entries(folder):
            yield entry
            self._fail(self.listing, folder)

    def status(self, path: str) -> Status:
        self.asked.append(("status", path))
        self._wait(path)
        self._fail(self.calls, path)
        return self._real.status(path)

    def _wait(self, path: str) -> None:
        if path in self.hanging:
            self.release.wait()

    @staticmethod
    def _fail(faults: Mapping[str, int], path: str) -> None:
        if path in faults:
            raise OSError(faults[path], os.strerror(faults[path]), path)
