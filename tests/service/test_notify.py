"""People are told of runs, by real servers; what goes wrong with that makes no run fail."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from attrs import define, evolve, field

from immich_tools.errors import UsageError
from immich_tools.secret import Secret
from immich_tools.service.channels import Apprise, Channel, Mail, NotDelivered, Webhook
from immich_tools.service.message import Message, Occasion, occasion_of
from immich_tools.service.notify import Notifier
from immich_tools.service.options import NotificationOptions
from immich_tools.service.schedule import Ended
from tests.service.conftest import PASSWORD, USER, MailServer, WebServer

pytestmark = pytest.mark.filterwarnings("ignore:Requiring AUTH while not requiring TLS")
"""The server does not know that its whole connection is TLS."""

BEGAN = datetime(2026, 11, 20, 3, tzinfo=UTC)
FAILED = Message(
    Occasion.FAILURE,
    "albums\nof Anna",
    "folder-albums",
    BEGAN,
    BEGAN + timedelta(seconds=75),
    Ended(6, 2, "key refused"),
)


def mail(real_port: int, server: MailServer, **changes: Any) -> Mail:
    made = Mail("localhost", real_port, USER, ("ben@example.org", "cara@example.org"), USER, Secret(PASSWORD))
    return evolve(made, **({"context": server.trusting} | changes))


@pytest.mark.parametrize("implicit_tls", [True, False])
def test_a_mail_arrives(implicit_tls: bool, mail_server: MailServer) -> None:
    port = mail_server.start(implicit_tls=implicit_tls)
    mail(port, mail_server, implicit_tls=implicit_tls).send(FAILED)
    (arrived,) = mail_server.mails
    assert arrived["Subject"] == "immich-toolkit: albums of Anna failed"
    assert arrived["From"] == USER and arrived["To"] == "ben@example.org, cara@example.org"
    lines = arrived.get_content().splitlines()
    assert lines[:3] == ["The API key was refused or lacks a permission.", "key refused", "2 changes were made."]
    assert "took 0:01:15; exit code 6" in lines[3]


def test_no_mail_without_tls(mail_server: MailServer) -> None:
    port = mail_server.start(implicit_tls=False, offers_tls=False)
    with pytest.raises(NotDelivered, match="the server offers no TLS"):
        mail(port, mail_server, implicit_tls=False).send(FAILED)
    assert not mail_server.mails


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"password": Secret("wrong-canary")}, "the login was refused"),
        ({"recipients": ("nobody@example.org",)}, "refused for nobody@example.org"),
        ({"recipients": ("ben@example.org", "nobody@example.org")}, "refused for nobody@example.org"),
        ({"port": 1}, "Connection refused"),
    ],
)
def test_why_a_mail_does_not_arrive(changes: dict[str, Any], reason: str, mail_server: MailServer) -> None:
    port = mail_server.start(implicit_tls=True)
    with pytest.raises(NotDelivered) as caught:
        mail(port, mail_server, **changes).send(FAILED)
    assert reason in str(caught.value) and "canary" not in str(caught.value)
    assert caught.value.__context__ is None


def test_a_certificate_that_is_not_trusted(mail_server: MailServer) -> None:
    port = mail_server.start(implicit_tls=True)
    made = Mail("localhost", port, USER, ("ben@example.org",), USER, Secret(PASSWORD))
    with pytest.raises(NotDelivered, match="its certificate is not trusted"):
        made.send(FAILED)


def test_a_webhook_gets_json(web_server: WebServer) -> None:
    Webhook(Secret(web_server.url + "/hook?token=canary")).send(FAILED)
    ((method, path, body),) = web_server.requests
    assert (method, path) == ("POST", "/hook?token=canary")
    assert json.loads(body) == {
        "occasion": "failure",
        "job": "albums\nof Anna",
        "tool": "folder-albums",
        "began": "2026-11-20T03:00:00+00:00",
        "ended": "2026-11-20T03:01:15+00:00",
        "exit_code": 6,
        "changed": 2,
        "message": "key refused",
    }


@pytest.mark.parametrize("status", [302, 404, 500])
def test_a_webhook_that_is_refused(status: int, web_server: WebServer) -> None:
    web_server.status = status
    hook = Webhook(Secret(web_server.url + "/canary"))
    with pytest.raises(NotDelivered, match=f"^the server answered with status {status}$"):
        hook.send(FAILED)
    assert len(web_server.requests) == 1, "an address with a token must not be handed on"
    assert "canary" not in hook.name


def test_apprise_reaches_its_addresses(web_server: WebServer) -> None:
    address = web_server.url.replace("http://", "json://") + "/canary"
    Apprise(Secret(address)).send(FAILED)
    ((method, path, body),) = web_server.requests
    assert (method, path) == ("POST", "/canary") and "key refused" in json.loads(body)["message"]
    web_server.status = 500
    with pytest.raises(NotDelivered):
        Apprise(Secret(address)).send(FAILED)


@pytest.mark.parametrize(
    ("how", "occasion"),
    [
        (Ended(0), None),
        (Ended(0, 0), None),
        (Ended(0, 5), Occasion.CHANGE),
        (Ended(10), None),
        (Ended(4), Occasion.GUARD),
        (Ended(3, 5), Occasion.FAILURE),
        (Ended(-9), Occasion.FAILURE),
        (Ended(130), Occasion.FAILURE),
    ],
)
def test_the_occasion_that_a_run_gives(how: Ended, occasion: Occasion | None) -> None:
    assert occasion_of(how) is occasion


@define
class Said:
    """What the log says."""

    lines: list[str] = field(factory=list)

    def __call__(self, line: str) -> None:
        self.lines.append(line)


@pytest.mark.parametrize(
    ("switches", "codes"),
    [
        ({}, [4, 6]),
        ({"notify_failure": False}, [4]),
        ({"notify_guard": False, "notify_change": True}, [6, 0]),
    ],
)
def test_each_occasion_has_its_switch(switches: dict[str, Any], codes: list[int], web_server: WebServer) -> None:
    notifier = Notifier(NotificationOptions(webhook_url=Secret(web_server.url), **switches), Said())
    for how in (Ended(4), Ended(6), Ended(0, 3), Ended(0, 0)):
        notifier.tell("a", "duplicates", BEGAN, BEGAN, how)
    assert [json.loads(body)["exit_code"] for _method, _path, body in web_server.requests] == codes


def test_a_ping_follows_each_run_that_went_well(web_server: WebServer) -> None:
    notifier = Notifier(NotificationOptions(ping_url=Secret(web_server.url + "/ping")), Said())
    for code in (0, 3, 10):
        notifier.tell("a", "duplicates", BEGAN, BEGAN, Ended(code))
    assert web_server.requests == [("GET", "/ping", "")] * 2


def test_what_cannot_be_told_is_said_and_hinders_nothing(web_server: WebServer) -> None:
    said = Said()
    address = Secret("http://127.0.0.1:1/canary")
    notifier = Notifier(NotificationOptions(webhook_url=address, ping_url=address), said)
    notifier.tell("a", "duplicates", BEGAN, BEGAN, Ended(6))
    notifier.tell("a", "duplicates", BEGAN, BEGAN, Ended(0))
    assert said.lines == [
        "Notification via webhook at 127.0.0.1 failed: Connection refused.",
        "Notification via ping failed: Connection refused.",
    ]


def test_the_name_of_an_odd_file_can_be_told(web_server: WebServer) -> None:
    notifier = Notifier(NotificationOptions(webhook_url=Secret(web_server.url)), Said())
    notifier.tell("a", "duplicates", BEGAN, BEGAN, Ended(3, message="\udc80.jpg\n\x1b[31m"))
    ((_method, _path, body),) = web_server.requests
    assert json.loads(body)["message"] == "\\udc80.jpg\n\\x1b[31m"


MAIL: dict[str, Any] = {
    "email": True,
    "email_smtp_server": "smtp.example.org",
    "email_from": USER,
    "email_to": ("ben@example.org",),
}


def test_mail_needs_no_login() -> None:
    (channel,) = NotificationOptions(**MAIL).channels()
    assert isinstance(channel, Mail) and channel.implicit_tls and channel.user is None


def test_another_port_asks_for_tls() -> None:
    (channel,) = NotificationOptions(**MAIL, email_smtp_port=587).channels()
    assert isinstance(channel, Mail) and not channel.implicit_tls


def test_what_is_described_but_switched_off_is_no_channel() -> None:
    assert NotificationOptions(email_smtp_server="smtp.example.org").channels() == ()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({**MAIL, "email_smtp_server": None}, "Mail needs EMAIL_SMTP_SERVER"),
        ({**MAIL, "email_to": ()}, "Mail needs EMAIL_SMTP_SERVER"),
        ({**MAIL, "email_from": None}, "Mail needs EMAIL_SMTP_SERVER"),
        ({**MAIL, "email_from": "me"}, "'me' is no mail address"),
        ({**MAIL, "email_to": ("a@b\nBcc: c@d",)}, "is no mail address"),
        ({**MAIL, "email_to": ("a@b", "c@")}, "'c@' is no mail address"),
        ({**MAIL, "email_to": ("@b",)}, "'@b' is no mail address"),
        ({**MAIL, "email_to": ("a@[",)}, "'a@[' is no mail address"),
        ({**MAIL, "email_to": ("a@b,c@d",)}, "'a@b,c@d' is no mail address"),
        ({**MAIL, "email_from": "ünal@b"}, "'ünal@b' is no mail address"),
        ({**MAIL, "email_username": "x"}, "go together"),
        ({**MAIL, "email_password": Secret("x")}, "go together"),
        ({"webhook_url": Secret("ftp://example.org/canary")}, "must begin with https"),
        ({"webhook_url": Secret("https:///canary")}, "must begin with https"),
        ({"ping_url": Secret("canary")}, "must begin with https"),
        ({"notify_urls": Secret("json://localhost canary:/x")}, "address number 2 is none that Apprise understands"),
    ],
)
def test_what_is_described_wrongly_is_refused(options: dict[str, Any], message: str) -> None:
    with pytest.raises(UsageError) as caught:
        NotificationOptions(**options)
    assert message in str(caught.value) and "canary" not in str(caught.value)


def test_names_of_channels_hold_no_secret(mail_server: MailServer) -> None:
    channels: list[Channel] = [mail(465, mail_server), Webhook(Secret("https://u:canary@hook.example/canary"))]
    assert [channel.name for channel in channels] == ["mail by localhost", "webhook at hook.example"]
    assert "canary" not in repr(channels)
