"""From what people write for their server to the URL requests go to."""

from __future__ import annotations

import httpx

from immich_tools.errors import UsageError
from immich_tools.i18n import _


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
    if "://" not in text:
        text = f"http://{text}"
    try:
        url = httpx.URL(text)
    except httpx.InvalidURL as error:
        raise UsageError(_("'{url}' is not a URL: {reason}.").format(url=text, reason=error)) from None
    if url.scheme not in ("http", "https") or not url.host:
        raise UsageError(_("'{url}' is not a URL of a server. Give it as http://HOST:PORT.").format(url=text))
    if url.query or url.fragment or url.userinfo:
        raise UsageError(
            _("The server's URL must hold no query, fragment or password: only http://HOST:PORT and a path.")
        )
    path = url.path.rstrip("/")
    if not path.endswith("/api"):
        path += "/api"
    return str(url.copy_with(path=path)).rstrip("/")
