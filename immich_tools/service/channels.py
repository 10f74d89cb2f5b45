"""Notification channels: mail, Apprise, webhooks and pings. Failures are reported and never fail a run."""

from __future__ import annotations

import json
import smtplib
import ssl
from email.message import EmailMessage
from email.utils import formatdate, make_msgid
from http.client import HTTPException
from importlib.util import find_spec
from typing import Final, Protocol
from urllib.parse import urlsplit
from urllib.request import HTTPRedirectHandler, Request, build_opener

from attrs import field, frozen

from immich_tools.errors import UsageError
from immich_tools.i18n import _
from immich_tools.secret import Secret
from immich_tools.service.message import Message

PATIENCE: Final = 15.0
"""Seconds to wait for an answer."""

IMPLICIT_TLS_PORT: Final = 465
"""The port on which SMTP begins with TLS."""


class NotDelivered(Exception):
    """A message did not reach its channel; the text says why, without secrets."""


class Channel(Protocol):
    """One way to tell people."""

    @property
    def name(self) -> str:
        """What messages call it; holds no secret."""
        ...

    def send(self, message: Message) -> None:
        """Tell of a run.

        :raises NotDelivered: it was not told.
        """
        ...


@frozen
class Mail:
    """Mail over SMTP with TLS.

    :ivar user: to log in with; None for a server that wants none.
    :ivar implicit_tls: whether the connection begins with TLS; else it is asked for, and mail is not sent without.
    :ivar context: which certificates are trusted.
    """

    server: str
    port: int
    sender: str
    recipients: tuple[str, ...]
    user: str | None = None
    password: Secret | None = None
    implicit_tls: bool = True
    context: ssl.SSLContext = field(factory=ssl.create_default_context, repr=False, eq=False)

    @property
    def name(self) -> str:
        """The server."""
        return _("mail by {server}").format(server=self.server)

    def send(self, message: Message) -> None:
        """Send one mail to all recipients."""
        mail = EmailMessage()
        mail["Subject"], mail["From"], mail["To"] = message.subject, self.sender, ", ".join(self.recipients)
        mail["Date"], mail["Message-ID"] = formatdate(localtime=True), make_msgid(domain="immich-toolkit.invalid")
        mail.set_content(message.body + "\n")
        try:
            with self._connect() as connection:
                if self.user is not None and self.password is not None:
                    connection.login(self.user, self.password.reveal())
                refused = connection.send_message(mail)
        except (OSError, smtplib.SMTPException, ValueError) as error:
            reason = _reason(error)
        else:
            if not refused:
                return
            reason = _("refused for {recipients}").format(recipients=", ".join(refused))
        # Raised outside the handler: what the server answered to the login stays out of tracebacks.
        raise NotDelivered(reason)

    def _connect(self) -> smtplib.SMTP:
        if self.implicit_tls:
            return smtplib.SMTP_SSL(self.server, self.port, timeout=PATIENCE, context=self.context)
        connection = smtplib.SMTP(self.server, self.port, timeout=PATIENCE)
        try:
            connection.starttls(context=self.context)
        except BaseException:
            connection.close()
            raise
        return connection


@frozen
class Apprise:
    """Whatever Apprise knows: more than a hundred services, one address for each.

    :raises UsageError: Apprise is not installed, or does not understand an address.
    """

    addresses: Secret

    def __attrs_post_init__(self) -> None:
        if find_spec("apprise") is None:
            raise UsageError(
                _('Apprise is not installed. Install it, in the folder of the clone, with: pip install ".[notify]"')
            )
        from apprise import Apprise as Service

        for number, address in enumerate(self.addresses.reveal().split(), 1):
            if not Service().add(address):
                raise UsageError(
                    _("The notification address number {number} is none that Apprise understands.").format(
                        number=number
                    )
                )

    @property
    def name(self) -> str:
        """Always the same: an address is a secret."""
        return "Apprise"

    def send(self, message: Message) -> None:
        """Send to all addresses."""
        from apprise import Apprise as Service

        service = Service()
        for address in self.addresses.reveal().split():
            service.add(address)
        if not service.notify(title=message.subject, body=message.body):
            raise NotDelivered(_("at least one of its addresses could not be reached"))


class _NoRedirects(HTTPRedirectHandler):
    """An address with a token in it is not handed on to wherever the server points."""

    def redirect_request(self, *_arguments: object, **_named: object) -> None:
        return None


_OPENER: Final = build_opener(_NoRedirects)


@frozen
class Webhook:
    """Posts each message as JSON.

    :raises UsageError: the address is none of http or https.
    """

    address: Secret

    def __attrs_post_init__(self) -> None:
        check_address(self.address)

    @property
    def name(self) -> str:
        """The host alone: the rest of the address may be a token."""
        return _("webhook at {host}").format(host=urlsplit(self.address.reveal()).hostname)

    def send(self, message: Message) -> None:
        """Post one message."""
        body = json.dumps(message.to_json()).encode()
        _fetch(Request(self.address.reveal(), data=body, headers={"Content-Type": "application/json"}, method="POST"))


def ping(address: Secret) -> None:
    """Fetch an address that watches for runs that do not happen (a dead man's switch).

    :raises NotDelivered: there was no good answer.
    """
    _fetch(Request(address.reveal(), headers={"User-Agent": "immich-toolkit"}))


def check_address(address: Secret) -> None:
    """:raises UsageError: the address is none of http or https."""
    try:
        parts = urlsplit(address.reveal())
        good = parts.scheme in ("http", "https") and bool(parts.hostname)
    except ValueError:
        good = False
    if not good:
        raise UsageError(_("The address of a webhook or a ping must begin with https:// or http:// and name a host."))


def _fetch(request: Request) -> None:
    try:
        with _OPENER.open(request, timeout=PATIENCE) as answer:
            answer.read(1)
            return
    except (OSError, HTTPException, ValueError) as error:
        reason = _reason(error)
    raise NotDelivered(reason)


def _reason(error: Exception) -> str:
    """Why something was not delivered, without what the other side said: that may repeat what it was sent."""
    if isinstance(error, smtplib.SMTPAuthenticationError):
        return _("the login was refused")
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        return _("refused for {recipients}").format(recipients=", ".join(error.recipients))
    if isinstance(error, smtplib.SMTPResponseException):
        return _("the server refused it with code {code}").format(code=error.smtp_code)
    if isinstance(error, smtplib.SMTPNotSupportedError):
        return _("the server offers no TLS")
    if isinstance(error, smtplib.SMTPServerDisconnected):
        return _("the server said nothing, or ended the connection")
    code = getattr(error, "code", None)
    if isinstance(code, int):
        return _("the server answered with status {code}").format(code=code)
    reason = getattr(error, "reason", None)
    cause = reason if isinstance(reason, Exception) else error
    if isinstance(cause, ssl.SSLCertVerificationError):
        return _("its certificate is not trusted: {reason}").format(reason=cause.verify_message)
    if isinstance(cause, OSError) and cause.strerror:
        return cause.strerror
    return type(cause).__name__
