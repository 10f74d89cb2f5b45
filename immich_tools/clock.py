"""The clock by which the tools wait. Tests replace it, so that no test sleeps."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol


class Clock(Protocol):
    """What measures a wait and carries it out, in seconds."""

    def now(self) -> float:
        """Seconds since some fixed moment; never goes back."""
        ...

    def sleep(self, seconds: float) -> None:
        """Return when that many seconds have passed."""
        ...


class SystemClock:
    """The computer's own clock."""

    def now(self) -> float:
        """Seconds of the monotonic clock."""
        return time.monotonic()

    def sleep(self, seconds: float) -> None:
        """Sleep."""
        time.sleep(seconds)


_current: Clock = SystemClock()


def current() -> Clock:
    """The clock that new connections wait by."""
    return _current


@contextmanager
def replaced(clock: Clock) -> Iterator[None]:
    """Let connections that are made inside wait by another clock."""
    global _current  # noqa: PLW0603
    before, _current = _current, clock
    try:
        yield
    finally:
        _current = before
