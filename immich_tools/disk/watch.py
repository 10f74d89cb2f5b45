"""Following a long piece of work on files, and ending it early."""

from __future__ import annotations

from collections.abc import Callable

from attrs import frozen

from immich_tools.errors import Cancelled
from immich_tools.i18n import _


def _unseen(_count: int) -> None:
    """Nobody looks."""


def _never() -> bool:
    return False


@frozen
class Watch:
    """Who is told of progress, and who may end the work. Both are asked once in a few megabytes.

    :ivar progress: given the number of bytes done since the last call.
    :ivar cancelled: whether to stop, such as ``Event().is_set``.
    """

    progress: Callable[[int], None] = _unseen
    cancelled: Callable[[], bool] = _never

    def check(self) -> None:
        """Go on, or not.

        :raises Cancelled: the work is to end.
        """
        if self.cancelled():
            raise Cancelled(_("stopped on request"))
