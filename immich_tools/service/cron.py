"""Times of a cron expression, as cron itself reads them: 0 and 7 are Sunday, and of daylight saving time no run is lost or doubled."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Final, Self
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from attrs import field, frozen
from cronsim import CronSim, CronSimError

from immich_tools.errors import UsageError
from immich_tools.i18n import _

_A_LEAP_DAY_ON_A_SUNDAY = datetime(2004, 2, 29, tzinfo=UTC)

NICKNAMES: Final = {
    "@yearly": "0 0 1 1 *",
    "@annually": "0 0 1 1 *",
    "@monthly": "0 0 1 * *",
    "@weekly": "0 0 * * 0",
    "@daily": "0 0 * * *",
    "@midnight": "0 0 * * *",
    "@hourly": "0 * * * *",
}
"""Short forms, as crontab(5) defines them."""


@frozen
class Cron:
    """When a job is due.

    A time that the clock skips in spring is due right after the gap; one that comes twice in autumn is due once, unless the expression
    names no hour (``*/30 * * * *`` goes on every half hour). This is what Debian's cron does.

    :ivar expression: five fields: minute, hour, day of the month, month, day of the week.
    :ivar zone: whose clock it means.
    """

    expression: str
    zone: ZoneInfo = field(repr=str)

    @classmethod
    def parse(cls, expression: str, zone: ZoneInfo) -> Self:
        """Read an expression.

        Quotes around it are taken off: a list of variables in a compose file leaves them there. ``@hourly``, ``@daily`` and the other
        short forms of crontab are read as well.

        :raises UsageError: it is not valid, or names a day that never comes.
        """
        text = expression.strip()
        if len(text) >= 2 and text[0] == text[-1] and text[0] in "'\"":
            text = text[1:-1].strip()
        text = NICKNAMES.get(text.lower(), text)
        reason = _refusal(text)
        if reason is None:
            return cls(" ".join(text.split()), zone)
        raise UsageError(
            _(
                "'{text}' is not a valid cron expression: {reason}. Write five fields, such as '0 3 * * *' for 3 at night."
            ).format(text=expression, reason=reason[:1].lower() + reason[1:])
        )

    def after(self, moment: datetime) -> Iterator[datetime]:
        """The times it is due after a moment, in UTC.

        :param moment: with a time zone.
        """
        for due in CronSim(self.expression, moment.astimezone(self.zone)):
            yield due.astimezone(UTC)


def _refusal(text: str) -> str | None:
    """Why a text is not an expression; None where it is one."""
    fields = len(text.split())
    if text.lower() == "@reboot":
        return _("a job runs when the schedule begins with at-start = true, or RUN_AT_FIRST_STARTUP=true")
    if text.startswith("@"):
        return _("the short forms are {names}").format(names=", ".join(NICKNAMES))
    if fields == 6:
        return _("it has six fields; leave out the one for seconds or years")
    try:
        next(CronSim(text, _A_LEAP_DAY_ON_A_SUNDAY))
    except CronSimError as error:
        return str(error)
    except StopIteration:
        return _("that day never comes")
    return None


def zone_called(name: str) -> ZoneInfo:
    """A time zone by its name, such as ``Europe/Berlin``; spaces around it do not count, nor a colon before it, as in POSIX.

    :raises UsageError: there is none of that name.
    """
    try:
        return ZoneInfo(name.strip().removeprefix(":").strip())
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise UsageError(
            _("There is no time zone '{name}'; write one such as Europe/Berlin or UTC.").format(name=name)
        ) from None
