"""Counting the bytes of files that are copied or read, for whoever watches a run."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager


class Meter:
    """How many bytes of how many; told by several threads.

    :param total: bytes of all files.
    """

    def __init__(self, total: int = 0) -> None:
        self.total = total
        self._done = 0
        self._lock = threading.Lock()

    @property
    def done(self) -> int:
        """Bytes of the files that are settled, and of those under way."""
        return min(self._done, self.total)

    @contextmanager
    def file(self, size: int) -> Iterator[Callable[[int], None]]:
        """While one file is worked on: what is given counts bytes. At the end the file counts as a whole, whatever came of it.

        :param size: bytes.
        """
        left = size

        def count(more: int) -> None:
            nonlocal left
            with self._lock:
                more = min(more, left)
                left -= more
                self._done += more

        try:
            yield count
        finally:
            count(left)
