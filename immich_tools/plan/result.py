"""What became of one change."""

from __future__ import annotations

from enum import Enum

from attrs import frozen


class Status(Enum):
    """What became of a change."""

    DONE = "done"
    ALREADY = "already"
    """It was so already; undoing the run leaves it."""
    FAILED = "failed"
    NOT_DONE = "not-done"
    """Something it requires was not done, or the run ended before."""
    STALE = "stale"
    """No longer right when its turn came."""
    SKIPPED = "skipped"
    """The server cannot hold it there, which is no failure of the run."""
    UNKNOWN = "unknown"
    """The request was sent and no answer came, nor could the state be read afterwards."""

    @property
    def is_settled(self) -> bool:
        """Whether the state after the change is reached."""
        return self in (Status.DONE, Status.ALREADY)


@frozen
class Result:
    """What became of one change, and why.

    :ivar made: id of what was created for it, whatever came of the rest; empty when nothing was.
    """

    status: Status
    reason: str = ""
    made: str = ""
