"""Who is told of unattended runs, and when."""

# No "from __future__ import annotations" here: cyclopts would look up the names of inherited annotations in the wrong module.

from email.errors import MessageError
from email.headerregistry import Address
from typing import Annotated
from zoneinfo import ZoneInfo

from attrs import frozen
from cyclopts import Parameter
from cyclopts.validators import Number

from immich_tools.errors import UsageError
from immich_tools.i18n import _
from immich_tools.secret import Secret
from immich_tools.service.channels import IMPLICIT_TLS_PORT, Apprise, Channel, Mail, Webhook, check_address
from immich_tools.service.cron import zone_called
from immich_tools.service.message import Occasion
from immich_tools.settings import secret_flag


@frozen(kw_only=True)
class ScheduleOptions:
    """When a tool runs that is named on the command line, as the older containers say it."""

    cron: Annotated[
        str | None,
        Parameter(
            env_var="CRON_EXPRESSION",
            help=_(
                "With TOOL: when it runs: minute, hour, day of the month, month, day of the week; without this it runs once."
            ),
        ),
    ] = None
    at_start: Annotated[
        bool,
        Parameter(
            env_var=("RUN_AT_FIRST_STARTUP", "RUN_IMMEDIATELY"), help=_("Run every job also when the schedule begins.")
        ),
    ] = False
    time_zone: Annotated[
        str | None,
        Parameter(
            env_var="TZ",
            help=_("Time zone of the schedule, such as Europe/Berlin (default: this computer's)."),
        ),
    ] = None

    def zone(self) -> ZoneInfo | None:
        """The time zone; None when none is named.

        :raises UsageError: there is no such zone.
        """
        return None if self.time_zone is None else zone_called(self.time_zone)


@frozen(kw_only=True)
class NotificationOptions:
    """Who is told of a run, and when.

    :raises UsageError: a channel is described in part, or wrongly.
    """

    notify_failure: Annotated[bool, Parameter(env_var="IMMICH_NOTIFY_FAILURE", help=_("Tell when a run fails."))] = True
    notify_guard: Annotated[
        bool, Parameter(env_var="IMMICH_NOTIFY_GUARD", help=_("Tell when a guard stops a run."))
    ] = True
    notify_change: Annotated[
        bool, Parameter(env_var="IMMICH_NOTIFY_CHANGE", help=_("Tell when a run changes something."))
    ] = False
    notify_urls: Annotated[
        Secret | None,
        secret_flag(
            "--notify-urls-file",
            "IMMICH_NOTIFY_URLS",
            help=_("File that holds addresses of Apprise, with blanks between them."),
        ),
    ] = None
    webhook_url: Annotated[
        Secret | None,
        secret_flag(
            "--webhook-url-file",
            "IMMICH_WEBHOOK_URL",
            help=_("File that holds an address to post messages to as JSON."),
        ),
    ] = None
    ping_url: Annotated[
        Secret | None,
        secret_flag(
            "--ping-url-file",
            "IMMICH_PING_URL",
            help=_(
                "File that holds an address to fetch after every run that went well, such as of a health check service."
            ),
        ),
    ] = None
    email: Annotated[bool, Parameter(env_var=("IMMICH_EMAIL", "ENABLE_EMAIL_ON_ERROR"), help=_("Tell by mail."))] = (
        False
    )
    email_smtp_server: Annotated[
        str | None, Parameter(env_var="EMAIL_SMTP_SERVER", help=_("Server that sends the mail."))
    ] = None
    email_smtp_port: Annotated[
        int,
        Parameter(
            env_var="EMAIL_SMTP_PORT",
            validator=Number(gte=1, lte=65535),
            help=_("Its port: 465 begins with TLS, on any other one TLS is asked for; mail is never sent without."),
        ),
    ] = IMPLICIT_TLS_PORT
    email_username: Annotated[str | None, Parameter(env_var="EMAIL_USERNAME", help=_("Name to log in with."))] = None
    email_password: Annotated[
        Secret | None,
        secret_flag("--email-password-file", "EMAIL_PASSWORD", help=_("File that holds the password of that name.")),
    ] = None
    email_from: Annotated[
        str | None, Parameter(env_var="EMAIL_FROM", help=_("Sender (default: the name to log in with)."))
    ] = None
    email_to: Annotated[tuple[str, ...], Parameter(env_var="EMAIL_TO", help=_("Recipient of the mail."))] = ()

    def __attrs_post_init__(self) -> None:
        self.channels()
        if self.ping_url is not None:
            check_address(self.ping_url)

    @property
    def occasions(self) -> frozenset[Occasion]:
        """When somebody is told."""
        switches = {
            Occasion.FAILURE: self.notify_failure,
            Occasion.GUARD: self.notify_guard,
            Occasion.CHANGE: self.notify_change,
        }
        return frozenset(occasion for occasion, is_on in switches.items() if is_on)

    def channels(self) -> tuple[Channel, ...]:
        """The ways that are described."""
        found: list[Channel] = []
        if self.email:
            found.append(self._mail())
        if self.notify_urls is not None:
            found.append(Apprise(self.notify_urls))
        if self.webhook_url is not None:
            found.append(Webhook(self.webhook_url))
        return tuple(found)

    def recipients(self) -> frozenset[object]:
        """All recipients, the address that is pinged among them."""
        return frozenset(self.channels()) | ({self.ping_url} if self.ping_url is not None else frozenset())

    def _mail(self) -> Mail:
        sender = self.email_from or self.email_username
        if self.email_smtp_server is None or sender is None or not self.email_to:
            raise UsageError(
                _(
                    "Mail needs EMAIL_SMTP_SERVER, EMAIL_TO and EMAIL_FROM (or --email-smtp-server, --email-to, --email-from)."
                )
            )
        if (self.email_username is None) != (self.email_password is None):
            raise UsageError(_("EMAIL_USERNAME and EMAIL_PASSWORD go together: set both or none."))
        for address in (sender, *self.email_to):
            if not _is_address(address):
                raise UsageError(_("'{address}' is no mail address.").format(address=address))
        return Mail(
            self.email_smtp_server,
            self.email_smtp_port,
            sender,
            self.email_to,
            self.email_username,
            self.email_password,
            implicit_tls=self.email_smtp_port == IMPLICIT_TLS_PORT,
        )


def _is_address(text: str) -> bool:
    """Whether a text is a mail address and nothing else; Python's own parser trips over some that are none."""
    try:
        address = Address(addr_spec=text)
    except (ValueError, IndexError, AttributeError, MessageError):
        return False
    return text.isascii() and bool(address.username and address.domain)
