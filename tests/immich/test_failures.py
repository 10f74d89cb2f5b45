"""What people are told for each answer that is not what was asked for."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest

from immich_tools import Immich
from immich_tools.errors import AccessDenied, AdministratorNeeded, RequestRefused, ServerUnreachable, ToolkitError
from immich_tools.immich.failures import LONGEST_REASON, failure_of, server_words, unreachable

CAPTURES = Path(__file__).parent.parent / "contract" / "captures"


def recorded(version: str, name: str) -> httpx.Response:
    """A recorded answer, as if it came just now."""
    (path,) = (CAPTURES / version).glob(f"???-{name}.json")
    exchange = json.loads(path.read_text(encoding="utf-8"))
    request = httpx.Request(exchange["request"]["method"], "http://nas" + exchange["request"]["path"])
    return httpx.Response(exchange["response"]["status"], json=exchange["response"]["body"], request=request)


@pytest.mark.parametrize("version", ["v2.3.1", "v3.1.0"])
@pytest.mark.parametrize(
    ("name", "kind", "words"),
    [
        ("no-key", AccessDenied, "does not accept this API key"),
        ("bad-key", AccessDenied, "does not accept this API key"),
        ("missing-permission", AccessDenied, "lacks the permission 'tag.read'"),
        ("not-admin", AdministratorNeeded, "administrator's API key (GET /api/libraries)"),
        ("search-visibility-locked", AccessDenied, "locked folder"),
        ("unknown-route", RequestRefused, "Cannot GET /api/nothing"),
        ("malformed-json", RequestRefused, "JSON"),
        ("search-size-1001", RequestRefused, "1000"),
        ("search-bad-uuid", RequestRefused, "UUID"),
        ("asset-unknown", RequestRefused, "Not found or no asset.read access"),
        ("trash-one-unknown", RequestRefused, "Not found or no asset.delete access"),
        ("assets-update-lat-only", RequestRefused, "itude"),
    ],
)
def test_recorded_refusals(version: str, name: str, kind: type[ToolkitError], words: str) -> None:
    failure = failure_of(recorded(version, name))
    assert type(failure) is kind
    assert words in str(failure)
    assert "\n" not in str(failure)


def answer(status: int, **content: Any) -> httpx.Response:
    return httpx.Response(status, request=httpx.Request("GET", "http://nas/api/tags?secret=1"), **content)


@pytest.mark.parametrize(
    ("response", "kind", "words"),
    [
        (answer(401, html="<h1>Login</h1>"), AccessDenied, "proxy"),
        (answer(403, html="<h1>Access denied</h1>"), AccessDenied, "proxy"),
        (answer(404, html="<h1>Not found</h1>"), ServerUnreachable, "Is the URL right"),
        (answer(404, json=["what"]), ServerUnreachable, "Is the URL right"),
        (answer(404, content=b""), ServerUnreachable, "Is the URL right"),
        (answer(499, html="closed"), ServerUnreachable, "499"),
        (answer(413, html="<h1>Too large</h1>"), RequestRefused, "too large"),
        (answer(429, json={"message": "Too Many Requests"}), ServerUnreachable, "429"),
        (answer(500, json={"message": "Internal server error"}), RequestRefused, "Internal server error (500)"),
        (answer(500, html="oops"), ServerUnreachable, "500"),
        (answer(502, html="Bad gateway"), ServerUnreachable, "502"),
        (answer(503, json={"message": "In maintenance mode"}), ServerUnreachable, "503 (In maintenance mode)"),
        (answer(520, html="Unknown error"), ServerUnreachable, "520"),
        (answer(526, html="Invalid certificate"), ServerUnreachable, "526"),
        (
            answer(301, headers={"location": "https://nas/api/tags?secret=1"}),
            ServerUnreachable,
            "redirects to https://nas: use that",
        ),
        (answer(308, headers={"location": "/photos/api/tags"}), ServerUnreachable, "to http://nas/photos/api/tags."),
        (
            answer(302, headers={"location": "https://login.example/?token=secret"}),
            ServerUnreachable,
            "https://login.example/",
        ),
        (answer(302, headers={"location": "http://nas:port/"}), ServerUnreachable, "redirects GET /api/tags"),
    ],
)
def test_other_answers(response: httpx.Response, kind: type[ToolkitError], words: str) -> None:
    failure = failure_of(response)
    assert type(failure) is kind
    assert words in str(failure)
    assert "secret" not in str(failure)
    assert "<" not in str(failure)


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ({"message": "One"}, "One"),
        ({"message": ["one", "two"]}, "one; two"),
        (
            {"message": "Validation failed", "errors": [{"path": ["ids", 0], "message": "Invalid UUID"}]},
            "ids.0: Invalid UUID",
        ),
        ({"message": "Validation failed", "errors": [{"path": [], "message": "Together"}]}, "Together"),
        ({"message": "Kept", "errors": []}, "Kept"),
        ({"message": "Kept", "errors": "odd"}, "Kept"),
        ({"message": "Kept", "errors": ["odd"]}, "Kept"),
        ({"errors": [{"path": 7, "message": None}]}, ""),
        ({"message": None}, ""),
        ({"message": "two\nlines \x1b[31mred"}, "two lines [31mred"),
        ({"message": "x" * 5000}, "x" * LONGEST_REASON),
        ({}, ""),
        ([], ""),
        ("text", ""),
        (None, ""),
    ],
)
def test_words_of_the_server(body: object, words: str) -> None:
    assert server_words(answer(400, json=body)) == words


def test_the_servers_id_of_a_request() -> None:
    refused = [
        failure_of(answer(400, json={"message": "no"}, headers={name: "abc"}))
        for name in ("x-immich-cid", "X-Correlation-ID")
    ]
    assert [error.correlation_id for error in refused if isinstance(error, RequestRefused)] == ["abc", "abc"]


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (httpx.ConnectError("[Errno -2] Name or service not known"), "Cannot reach http://nas:2283/api: [Errno -2]"),
        (httpx.ConnectError("[Errno 111] Connection refused"), "Connection refused"),
        (httpx.ConnectTimeout("timed out"), "within 3 s"),
        (httpx.ReadTimeout("timed out"), "within 3 s"),
        (httpx.RemoteProtocolError("Server disconnected"), "Server disconnected"),
        (httpx.ReadError(""), "ReadError"),
        (httpx.DecodingError("incorrect header check"), "incorrect header check"),
        (httpx.ConnectError("[SSL: CERTIFICATE_VERIFY_FAILED] self-signed"), "certificate"),
        (httpx.ConnectError("[SSL: WRONG_VERSION_NUMBER] wrong version"), "http://"),
    ],
)
def test_no_answer(error: httpx.HTTPError, words: str) -> None:
    def server(request: httpx.Request) -> httpx.Response:
        raise error

    immich = Immich.connect("nas:2283", "key", transport=httpx.MockTransport(server), retry_wait=0, timeout=3)
    with pytest.raises(ServerUnreachable) as failure:
        _ = immich.version
    assert words in str(failure.value)
    assert failure.value.__context__ is None


@pytest.mark.parametrize(
    "response",
    [
        httpx.Response(200, html="<title>Login</title>"),
        httpx.Response(200, content=b""),
        httpx.Response(200, content=b"\xff\xfe\xfa"),
        httpx.Response(200, json=None),
        httpx.Response(200, json=[]),
        httpx.Response(200, json={"version": "1.0"}),
        httpx.Response(200, json={"major": "two", "minor": 0, "patch": 0}),
        httpx.Response(200, json={"major": None, "minor": 0, "patch": 0}),
    ],
)
def test_something_else_answers(response: httpx.Response) -> None:
    immich = Immich.connect("nas", "key", transport=httpx.MockTransport(lambda request: response))
    for read in (lambda: immich.version, lambda: immich.me, lambda: immich.api_key):
        with pytest.raises(ServerUnreachable, match="not Immich's JSON"):
            read()


def test_a_wrong_path_in_the_address_is_named_whatever_is_asked_first() -> None:
    """Immich answers in its own words, so only the first answers of all can tell."""

    def server(request: httpx.Request) -> httpx.Response:
        path = request.url.path
        if path == "/api/server/version":
            return httpx.Response(200, json={"major": 3, "minor": 1, "patch": 0})
        return httpx.Response(404, json={"message": f"Cannot {request.method} {path}", "statusCode": 404})

    for url in ("http://nas/api/api", "http://nas/immich"):
        immich = Immich.connect(url, "key", transport=httpx.MockTransport(server))
        reads: list[Callable[[Immich], object]] = [
            lambda given: given.version,
            lambda given: given.me,
            lambda given: given.albums.all(),
            lambda given: given.assets.owned(),
        ]
        for read in reads:
            with pytest.raises(ServerUnreachable, match=f"no Immich API at {immich.url} "):
                read(immich)
    right = Immich.connect("http://nas", "key", transport=httpx.MockTransport(server))
    for _number in range(2):
        with pytest.raises(RequestRefused, match="Cannot GET /api/assets/statistics"):
            right.assets.owned()


def test_a_page_at_a_wrong_path_is_reported_with_its_address() -> None:
    page = httpx.MockTransport(lambda request: httpx.Response(200, html="<html>"))
    with pytest.raises(ServerUnreachable, match="GET http://nas:2283/photos/api/server/version answered"):
        _ = Immich.connect("http://nas:2283/photos", "key", transport=page).version


def test_a_request_that_is_too_large_names_the_option_that_makes_it_smaller() -> None:
    for response in (
        httpx.Response(413, html="<html>"),
        httpx.Response(413, json={"message": "request entity too large"}),
    ):
        immich = Immich.connect(
            "http://nas", "key", transport=httpx.MockTransport(lambda request, given=response: given)
        )
        with pytest.raises(RequestRefused, match=r"too large.*--batch-size"):
            immich.assets.trash(["a"])


def test_a_server_that_fails_gives_the_id_to_look_for_in_its_log() -> None:
    for header in ("x-immich-cid", "x-correlation-id"):
        response = httpx.Response(500, json={"message": "Internal server error"}, headers={header: "abc123"})
        immich = Immich.connect(
            "http://nas", "key", transport=httpx.MockTransport(lambda request, given=response: given), retry_wait=0
        )
        with pytest.raises(RequestRefused, match=r"failed on GET /api/assets/statistics.*look for abc123"):
            immich.assets.owned()


def test_a_certificate_that_is_refused_gives_openssls_reason_and_what_to_do() -> None:
    cases = {
        "certificate has expired": "Renew it",
        "certificate is not yet valid": "set this computer's clock",
        "self-signed certificate": "IMMICH_CA_FILE",
        "unable to get local issuer certificate": "IMMICH_CA_FILE",
        "Hostname mismatch, certificate is not valid for 'nas'.": "Use a name as URL",
        "IP address mismatch, certificate is not valid for '10.0.0.1'.": "Use a name as URL",
    }
    for reason, remedy in cases.items():
        words = f"[SSL: CERTIFICATE_VERIFY_FAILED] certificate verify failed: {reason} (_ssl.c:1006)"
        message = str(unreachable(httpx.ConnectError(words), "https://nas/api", 5))
        assert message.startswith(f"The TLS certificate of https://nas/api cannot be verified: {reason.rstrip('.')}. ")
        assert remedy in message
        assert "_ssl.c" not in message
