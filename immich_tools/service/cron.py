"""Times of a cron expression, as cron itself reads them: 0 and 7 are Sunday, and of daylight saving time no run is lost or doubled."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Self
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from attrs import field, frozen
from cronsim import CronSim, CronSimError

from immich_tools.errors import UsageError
from immich_tools.i18n import _

_A_LEAP_DAY_ON_A_SUNDAY = datetime(2004, 2, 29, tzinfo=UTC)


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

        Quotes around it are taken off: a list of variables in a compose file leaves them there.

        :raises UsageError: it is not valid, or names a day that never comes.
        """
        text = expression.strip()
        if len(text) >= 2 and text[0] == text[-1] and text[0] in "'\"":
            text = text[1:-1].strip()
        try:
            next(CronSim(text, _A_LEAP_DAY_ON_A_SUNDAY))
        except CronSimError as error:
            reason = str(error)
        except StopIteration:
            reason = _("that day never comes")
        else:
            return cls(" ".join(text.split()), zone)
        raise UsageError(
            _(
                "'{text}' is no cron expression: {reason}. Write five fields, such as '0 3 * * *' for 3 at night."
            ).format(text=expression, reason=reason[:1].lower() + reason[1:])
        )

    def after(self, moment: datetime) -> Iterator[datetime]:
        """The times it is due after a moment, in UTC.

        :param moment: with a time zone.
        """
        for due in CronSim(self.expression, moment.astimezone(self.zone)):
            yield due.astimezone(UTC)


def zone_called(name: str) -> ZoneInfo:
    """A time zone by its name, such as ``Europe/Berlin``.

    :raises UsageError: there is none of that name.
    """
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise UsageError(
            _("There is no time zone '{name}'; write one such as Europe/Berlin or UTC.").format(name=name)
        ) from None
