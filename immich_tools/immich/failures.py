"""From an HTTP answer that is not what was asked for to an error a person can act on."""

from __future__ import annotations

import json
import re
from http import HTTPStatus
from typing import Any, Final

import httpx

from immich_tools.errors import AccessDenied, AdministratorNeeded, RequestRefused, ServerUnreachable, ToolkitError
from immich_tools.i18n import _

MISSING_PERMISSION: Final = "Missing required permission: "
FORBIDDEN: Final = "Forbidden"
ELEVATED: Final = "Elevated permission"
LONGEST_REASON: Final = 300
_OPENSSL_REASON: Final = re.compile(r"certificate verify failed: (.*?)\.?(?: \(_ssl\.c:\d+\))?$")
_TEMPORARY: Final = frozenset(
    {
        HTTPStatus.REQUEST_TIMEOUT,
        HTTPStatus.TOO_MANY_REQUESTS,
        HTTPStatus.BAD_GATEWAY,
        HTTPStatus.SERVICE_UNAVAILABLE,
        HTTPStatus.GATEWAY_TIMEOUT,
    }
)


def describe(request: httpx.Request) -> str:
    """A request in words: method and path, without query, body or headers (they may hold a key)."""
    return f"{request.method} {request.url.path}"


def address_of(request: httpx.Request) -> str:
    """A request with the address it went to, without the query."""
    return f"{request.method} {request.url.copy_with(query=None, username='', password='')}"


def server_words(response: httpx.Response) -> str:
    """What the server said went wrong, in one line; empty when it was not Immich that answered.

    Immich 2 sends ``message`` as text or list, Immich 3 adds ``errors`` with a path and a message each; a proxy sends HTML.
    """
    try:
        body = json.loads(response.content)
    except ValueError:
        return ""
    if not isinstance(body, dict):
        return ""
    issues: Any = body.get("errors")
    parts = [_issue(issue) for issue in issues if isinstance(issue, dict)] if isinstance(issues, list) else []
    if not parts:
        message = body.get("message")
        parts = [str(part) for part in message] if isinstance(message, list) else [str(message or "")]
    words = " ".join("; ".join(parts).split())
    return "".join(character for character in words if character.isprintable())[:LONGEST_REASON]


def _issue(issue: dict[str, Any]) -> str:
    steps = issue.get("path")
    path = ".".join(str(step) for step in steps) if isinstance(steps, list) else ""
    message = str(issue.get("message") or "")
    return f"{path}: {message}" if path else message


def correlation_id(response: httpx.Response) -> str | None:
    """The server's own id of a request: header ``x-immich-cid`` (2.x) or ``X-Correlation-ID`` (3.x)."""
    found: str | None = response.headers.get("x-correlation-id") or response.headers.get("x-immich-cid")
    return found


def failure_of(response: httpx.Response) -> ToolkitError:
    """The error for an answer outside 2xx. The body must have been read."""
    status, words, what = response.status_code, server_words(response), describe(response.request)
    if status in (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN):
        return _denied(status, words, what)
    if response.is_redirect:
        return _redirected(response)
    if status in _TEMPORARY or (status >= HTTPStatus.INTERNAL_SERVER_ERROR and not words):
        said = f"{status} ({words})" if words else str(status)
        return ServerUnreachable(
            _(
                "The server or the proxy before it keeps answering {status} to {request}. Is Immich running, and not in maintenance?"
            ).format(status=said, request=what)
        )
    if not words and status != HTTPStatus.REQUEST_ENTITY_TOO_LARGE:
        return ServerUnreachable(
            _(
                "Answer {status} to {request} does not come from Immich. Is the URL right (with its port and path)?"
            ).format(status=status, request=address_of(response.request))
        )
    return _refused(response, status, words, what)


def _refused(response: httpx.Response, status: int, words: str, what: str) -> RequestRefused:
    known = correlation_id(response)
    if status == HTTPStatus.REQUEST_ENTITY_TOO_LARGE:
        words = words or _("the request is too large for the proxy")
        message = _(
            "The server refused {request}: {reason} ({status}). Make requests smaller with --batch-size, or allow larger ones in the proxy."
        )
    elif status < HTTPStatus.INTERNAL_SERVER_ERROR:
        message = _("The server refused {request}: {reason} ({status}).")
    elif known is None:
        message = _("The server failed on {request}: {reason} ({status}). Its log may say why.")
    else:
        message = _("The server failed on {request}: {reason} ({status}). Its log says why; look for {id}.")
    return RequestRefused(
        message.format(request=what, reason=words, status=status, id=known),
        status=status,
        reason=words,
        correlation_id=known,
    )


def _denied(status: int, words: str, what: str) -> AccessDenied:
    if not words:
        return AccessDenied(
            _("Not Immich but a proxy before it refused {request} ({status}). Does it ask for a login?").format(
                request=what, status=status
            )
        )
    if words.startswith(MISSING_PERMISSION):
        permission = words.removeprefix(MISSING_PERMISSION)
        return AccessDenied(
            _(
                "The API key lacks the permission '{permission}'. Add it in Immich under Account settings > API keys."
            ).format(permission=permission)
        )
    if words.startswith(ELEVATED):
        return AccessDenied(_("The locked folder cannot be reached with an API key ({request}).").format(request=what))
    if status == HTTPStatus.UNAUTHORIZED:
        return AccessDenied(
            _("The server does not accept this API key. Create one in Immich under Account settings > API keys.")
        )
    if words == FORBIDDEN:
        return AdministratorNeeded(_("This needs an administrator's API key ({request}).").format(request=what))
    return AccessDenied(_("The server denied {request}: {reason}.").format(request=what, reason=words))


def _redirected(response: httpx.Response) -> ServerUnreachable:
    asked = response.request.url
    try:
        target = asked.join(response.headers["location"]).copy_with(query=None, fragment=None, username="", password="")
    except (httpx.InvalidURL, KeyError):
        return ServerUnreachable(_("The server redirects {request}.").format(request=describe(response.request)))
    if target.path == asked.path:
        base = str(target).partition("/api/")[0]
        return ServerUnreachable(
            _("The server redirects to {location}: use that address as the URL.").format(location=base)
        )
    return ServerUnreachable(
        _("{request} is redirected to {location}. Is the URL right, or does a proxy ask for a login?").format(
            request=describe(response.request), location=target
        )
    )


def unreachable(error: httpx.HTTPError, url: str, timeout: float) -> ServerUnreachable:
    """The error for a request that got no answer at all."""
    if isinstance(error, httpx.TimeoutException):
        return ServerUnreachable(
            _("No answer from {url} within {timeout:g} s. Raise the timeout or check the server.").format(
                url=url, timeout=timeout
            )
        )
    words = str(error)
    if "CERTIFICATE_VERIFY_FAILED" in words:
        return _unverified(words, url)
    if "WRONG_VERSION_NUMBER" in words:
        return ServerUnreachable(_("{url} does not speak TLS; try it with http:// instead.").format(url=url))
    return ServerUnreachable(_("Cannot reach {url}: {reason}").format(url=url, reason=words or type(error).__name__))


def _unverified(words: str, url: str) -> ServerUnreachable:
    """The error for a certificate that OpenSSL does not accept, by its own reason."""
    found = _OPENSSL_REASON.search(words)
    reason = words if found is None else found[1]
    kind = reason.lower()
    if "mismatch" in kind or "not valid for" in kind:
        remedy = _("Use a name as URL that the certificate is made for, or get one for this name.")
    elif "expired" in kind or "not yet valid" in kind:
        remedy = _("Renew it; if it is not so old, set this computer's clock.")
    else:
        remedy = _(
            "Name your certificate authority's file with --ca-file (IMMICH_CA_FILE), or use --insecure knowingly."
        )
    return ServerUnreachable(
        _("The TLS certificate of {url} cannot be verified: {reason}. {remedy}").format(
            url=url, reason=reason, remedy=remedy
        )
    )


def wrong_address(url: str) -> ServerUnreachable:
    """The error for an address at which Immich, or another program, knows nothing of the API."""
    return ServerUnreachable(
        _(
            "There is no Immich API at {url} (404). Give the server's URL as http://HOST:PORT; /api is added to it."
        ).format(url=url)
    )


def not_immich(request: httpx.Request) -> ServerUnreachable:
    """The error for a 2xx answer that is not what Immich sends: a login page of a proxy, Immich's own web page, another program."""
    return ServerUnreachable(
        _(
            "{request} answered with something that is not Immich's JSON. Is the URL right, or does a proxy ask for a login?"
        ).format(request=address_of(request))
    )
