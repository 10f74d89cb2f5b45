"""From what people write for their server to the URL requests go to."""

from __future__ import annotations

import re
from typing import Final

import httpx

from immich_tools.errors import UsageError
from immich_tools.i18n import _

_SCHEME: Final = re.compile(r"([a-z][a-z0-9+.-]*)://", re.IGNORECASE)
_HALF_A_SCHEME: Final = re.compile(r"https?:?/|https?:$", re.IGNORECASE)
HIGHEST_PORT: Final = 65535
LENGTH_OF_KEYS: Final = 40
"""Characters an API key has at least; no host without a domain has so many."""


def api_address(text: str) -> str:
    """The base URL of the API, without a trailing slash.

    ``http://nas:2283``, ``http://nas:2283/``, ``https://home.example/photos/api/`` and ``nas:2283`` are all understood: with or without
    ``/api``, below a path of a proxy, and without a scheme (then http).

    :raises UsageError: it is empty, not http(s), or carries a query, a fragment or a password.
    """
    text = text.strip()
    if not text:
        raise UsageError(
            _("The server's URL is empty. Give it as http://HOST:PORT, for example http://192.168.1.10:2283.")
        )
    if any(mark in text for mark in "@?#"):
        # Not quoted: what stands before the @ or behind the ? may be a password or a key.
        raise UsageError(
            _("The server's URL must hold no query, fragment or password: only http://HOST:PORT and a path.")
        )
    if not text.isprintable() or " " in text:
        raise UsageError(_("The server's URL holds a blank or an unprintable character."))
    scheme = _SCHEME.match(text)
    if scheme is None and not _HALF_A_SCHEME.match(text):
        text = f"http://{text}"
    try:
        url = httpx.URL(text)
    except httpx.InvalidURL as error:
        raise UsageError(_("'{url}' is not a URL: {reason}.").format(url=text, reason=error)) from None
    if len(url.host) >= LENGTH_OF_KEYS and "." not in url.host and ":" not in url.host:
        # Not quoted: the two variables were probably mixed up.
        raise UsageError(_("The server's URL looks like an API key. Give it as http://HOST:PORT."))
    is_port = url.port is None or 0 < url.port <= HIGHEST_PORT
    if url.scheme not in ("http", "https") or not url.host or not is_port:
        raise UsageError(_("'{url}' is not a URL of a server. Give it as http://HOST:PORT.").format(url=text))
    path = re.sub("/+", "/", url.path).rstrip("/")
    if not path.endswith("/api"):
        path += "/api"
    return str(url.copy_with(path=path)).rstrip("/")
