"""What options may want to know: how the command has ended that they were given to."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from typing import Any, Protocol, runtime_checkable

from attrs import frozen

from immich_tools.i18n import _
from immich_tools.settings.summary import joint_summary
from immich_tools.settings.surroundings import Invocation
from immich_tools.settings.turns import joint_code

log = logging.getLogger(__name__)


@frozen
class CommandEnd:
    """How a command ended.

    :ivar command: its name, such as ``duplicates``.
    :ivar summary: as in the file of ``--summary-file``; without secrets.
    """

    command: str
    began: datetime
    ended: datetime
    summary: Mapping[str, Any]


@runtime_checkable
class HearsEnd(Protocol):
    """Options that do something when the command has ended, such as telling people."""

    def command_ended(self, end: CommandEnd, say: Callable[[str], None]) -> None:
        """The command has ended.

        :param say: tells the person what goes wrong.
        """
        ...


def hear(arguments: Iterable[object], invocation: Invocation) -> None:
    """Keep in mind who there is among the arguments of a command that wants to know how it ends."""
    invocation.hearers += [(value, invocation.account_name) for value in arguments if isinstance(value, HearsEnd)]


def tell_end(code: int, began: datetime, invocation: Invocation, say: Callable[[str], None]) -> None:
    """Let everybody know how a command has ended, each once; where accounts differ in that, each of its own accounts.

    :param code: the exit code of the whole command.
    """
    hearers: list[HearsEnd] = []
    for hearer, _account in invocation.hearers:
        if isinstance(hearer, HearsEnd) and hearer not in hearers:
            hearers.append(hearer)
    for hearer in hearers:
        names = {account for other, account in invocation.hearers if other == hearer}
        own = [line for line in invocation.summaries if len(hearers) == 1 or line.get("account") in names]
        own_code = code if len(hearers) == 1 or not own else joint_code([line["exit_code"] for line in own])
        end = CommandEnd(invocation.command, began, datetime.now(UTC), joint_summary(own, own_code))
        try:
            hearer.command_ended(end, say)
        except KeyboardInterrupt:
            # The command is over; nobody waits for a mail server that does not answer.
            return
        except Exception as error:
            log.debug("a notification went wrong", exc_info=error)
            say(_("A notification went wrong: {kind}.").format(kind=type(error).__name__))
