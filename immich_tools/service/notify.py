"""Notifies people of runs. Nothing that goes wrong here makes a run fail: it is reported, and that is all."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from functools import partial
from typing import Annotated, Final

from attrs import evolve, frozen
from cyclopts import Parameter

from immich_tools.errors import ExitCode
from immich_tools.i18n import _
from immich_tools.secret import redact
from immich_tools.service.channels import NotDelivered, ping
from immich_tools.service.message import Message, occasion_of
from immich_tools.service.options import NotificationOptions
from immich_tools.service.schedule import Ended
from immich_tools.settings.application import READER_GONE
from immich_tools.settings.ending import CommandEnd
from immich_tools.settings.streams import printable
from immich_tools.settings.surroundings import current_invocation

NOT_TOLD: Final = frozenset({int(ExitCode.INTERRUPTED), READER_GONE})
"""Exit codes of runs that somebody ended who was there."""


@frozen
class Notifier:
    """Tells people of runs, as the options say.

    :ivar say: where it is said when telling did not work.
    """

    options: NotificationOptions
    say: Callable[[str], None]

    def tell(self, job: str, tool: str, began: datetime, ended: datetime, how: Ended) -> None:
        """Tell of a run that has ended, if it gives an occasion to."""
        occasion = occasion_of(how)
        if occasion in self.options.occasions and occasion is not None:
            invocation = current_invocation.get()
            secrets = invocation.secrets if invocation else ()
            how = evolve(how, message=redact(printable(how.message, lines=True), secrets))
            message = Message(occasion, job, tool, began, ended, how)
            for channel in self.options.channels():
                self._try(channel.name, partial(channel.send, message))
        if how.went_well and self.options.ping_url is not None:
            self._try(_("ping"), partial(ping, self.options.ping_url))

    def _try(self, name: str, deliver: Callable[[], None]) -> None:
        try:
            deliver()
        except NotDelivered as error:
            self.say(_("Notification via {channel} failed: {reason}.").format(channel=name, reason=error))


@frozen(kw_only=True)
class RunNotifications(NotificationOptions):
    """Who gets notified of a run of a tool, and when. A run that was interrupted is not reported: whoever stopped it knows."""

    notify: Annotated[
        bool,
        Parameter(
            env_var="IMMICH_NOTIFY", help=_("Send notifications and pings of this run, where any are described.")
        ),
    ] = True

    def command_ended(self, end: CommandEnd, say: Callable[[str], None]) -> None:
        """Tell of the run. The frame calls it, whatever the command did."""
        code = int(end.summary["exit_code"])
        if not self.notify or code in NOT_TOLD:
            return
        results = end.summary.get("results") or {}
        how = Ended(code, int(results.get("done", 0)), str(end.summary.get("message") or ""))
        Notifier(self, say).tell(end.command, end.command, end.began, end.ended, how)
