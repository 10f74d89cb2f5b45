"""From an HTTP answer that is not what was asked for to an error a person can act on."""

from __future__ import annotations

import json
from http import HTTPStatus
from typing import Any, Final

import httpx

from immich_tools.errors import AccessDenied, AdministratorNeeded, RequestRefused, ServerUnreachable, ToolkitError
from immich_tools.i18n import _

MISSING_PERMISSION: Final = "Missing required permission: "
FORBIDDEN: Final = "Forbidden"
ELEVATED: Final = "Elevated permission"
LONGEST_REASON: Final = 300
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
    if status == HTTPStatus.REQUEST_ENTITY_TOO_LARGE:
        words = words or _("the request is too large for the proxy")
    if not words:
        return ServerUnreachable(
            _(
                "Answer {status} to {request} does not come from Immich. Is the URL right (with its port and path)?"
            ).format(status=status, request=what)
        )
    return RequestRefused(
        _("The server refused {request}: {reason} ({status}).").format(request=what, reason=words, status=status),
        status=status,
        reason=words,
        correlation_id=correlation_id(response),
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
        return ServerUnreachable(
            _(
                "The TLS certificate of {url} cannot be verified. Name your own certificate authority's file, or use --insecure knowingly."
            ).format(url=url)
        )
    if "WRONG_VERSION_NUMBER" in words:
        return ServerUnreachable(_("{url} does not speak TLS; try it with http:// instead.").format(url=url))
    return ServerUnreachable(_("Cannot reach {url}: {reason}").format(url=url, reason=words or type(error).__name__))


def not_immich(request: httpx.Request) -> ServerUnreachable:
    """The error for a 2xx answer that is not what Immich sends: a login page of a proxy, Immich's own web page, another program."""
    return ServerUnreachable(
        _(
            "{request} answered with something that is not Immich's JSON. Is the URL right, or does a proxy ask for a login?"
        ).format(request=describe(request))
    )
