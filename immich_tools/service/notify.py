"""Tells people of runs. Nothing that goes wrong here makes a run fail: it is said in the log, and that is all."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import partial

from attrs import evolve, frozen

from immich_tools.errors import ToolkitError
from immich_tools.i18n import _
from immich_tools.secret import redact
from immich_tools.service.channels import NotDelivered, ping
from immich_tools.service.message import Message, occasion_of
from immich_tools.service.options import NotificationOptions
from immich_tools.service.schedule import Ended
from immich_tools.settings.streams import printable
from immich_tools.settings.surroundings import current_invocation


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
            self.say(_("Nobody was told by {channel}: {reason}.").format(channel=name, reason=error))


@contextmanager
def told(notifier: Notifier, tool: str) -> Iterator[None]:
    """Tell of an error that ends the block, and pass it on.

    :param tool: the command that runs.
    """
    began = datetime.now(UTC)
    try:
        yield
    except ToolkitError as error:
        notifier.tell(tool, tool, began, datetime.now(UTC), Ended(int(error.exit_code), message=str(error)))
        raise
