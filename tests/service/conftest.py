"""Real servers on this computer that receive mail and requests."""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Iterator
from email import message_from_bytes, policy
from email.message import EmailMessage
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
import trustme
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session
from attrs import define, field

USER, PASSWORD = "anna@example.org", "mail-password-canary"


@define
class MailServer:
    """A server that takes mail of one user.

    :ivar mails: what arrived.
    """

    authority: trustme.CA
    mails: list[EmailMessage] = field(factory=list)
    controllers: list[Controller] = field(factory=list)

    @property
    def trusting(self) -> ssl.SSLContext:
        """What a client needs to trust it."""
        context = ssl.create_default_context()
        self.authority.configure_trust(context)
        return context

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:
        content = envelope.content
        assert isinstance(content, bytes)
        self.mails.append(message_from_bytes(content, policy=policy.default))
        return "250 OK"

    async def handle_RCPT(
        self, _server: SMTP, _session: Session, envelope: Envelope, address: str, _options: list[str]
    ) -> str:
        if address.startswith("nobody@"):
            return "550 no such user"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    def start(self, *, implicit_tls: bool, offers_tls: bool = True) -> int:
        """Begin to listen.

        :returns: the port.
        """
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.authority.issue_cert("localhost").configure_cert(context)

        def login(_server: SMTP, _session: Session, _envelope: Envelope, mechanism: str, data: object) -> AuthResult:
            good = isinstance(data, LoginPassword) and (data.login, data.password) == (USER.encode(), PASSWORD.encode())
            return AuthResult(success=good and mechanism in ("LOGIN", "PLAIN"), handled=False)

        controller = Controller(
            self,
            hostname="127.0.0.1",
            port=free_port(),
            ssl_context=context if implicit_tls else None,
            tls_context=context if offers_tls and not implicit_tls else None,
            require_starttls=offers_tls and not implicit_tls,
            authenticator=login,
            auth_require_tls=not implicit_tls,
            auth_required=True,
        )
        controller.start()
        self.controllers.append(controller)
        port: int = controller.port
        return port


def free_port() -> int:
    """A port on which nobody listens: the controller looks whether it can be reached, which port 0 cannot."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
        return port


@pytest.fixture
def mail_server() -> Iterator[MailServer]:
    server = MailServer(trustme.CA())
    yield server
    for controller in server.controllers:
        controller.stop()


@define
class WebServer:
    """A server that remembers what it is asked.

    :ivar requests: method, path and body of each request.
    :ivar status: what it answers with.
    """

    url: str = ""
    requests: list[tuple[str, str, str]] = field(factory=list)
    status: int = 200


@pytest.fixture
def web_server() -> Iterator[WebServer]:
    seen = WebServer()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            length = int(self.headers.get("Content-Length") or 0)
            seen.requests.append((self.command, self.path, self.rfile.read(length).decode()))
            self.send_response(seen.status)
            if seen.status == 302:
                self.send_header("Location", "/elsewhere")
            self.send_header("Content-Length", "0")
            self.end_headers()

        do_POST = do_GET

        def log_message(self, format: str, *_arguments: object) -> None:
            """Says nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    seen.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    yield seen
    server.shutdown()
    thread.join()
    server.server_close()
