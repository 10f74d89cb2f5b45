"""A sandbox that fails on every page of a search that holds one of some assets, as a server with damaged rows does."""

from __future__ import annotations

import json
from collections.abc import Collection
from typing import Any

import httpx

from immich_tools import Immich
from immich_tools.sandbox import Dialect, Sandbox

CORRELATION = {Dialect.V2: "x-immich-cid", Dialect.V3: "x-correlation-id"}


class Breaking(httpx.BaseTransport):
    """The transport to such a sandbox.

    :param broken: ids of the assets.
    :param failures: how often it fails; None for ever.
    :param has_timeline: whether the timeline tells of the assets of a month.
    :ivar searches: how many pages were asked for, counts included.
    """

    def __init__(
        self, sandbox: Sandbox, broken: Collection[str], *, failures: int | None = None, has_timeline: bool = True
    ) -> None:
        self._inner = sandbox.transport()
        self._header = CORRELATION[sandbox.dialect]
        self._broken = broken
        self._failures = failures
        self._has_timeline = has_timeline
        self.searches = 0

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Answer, or fail."""
        response = self._inner.handle_request(request)
        path = request.url.path
        self.searches += path.startswith("/api/search/")
        if path == "/api/timeline/bucket" and not self._has_timeline:
            return httpx.Response(500, json={"message": "Internal server error"})
        if path == "/api/search/metadata" and response.status_code == 200 and self._failures != 0:
            items = json.loads(response.read())["assets"]["items"]
            if any(item["id"] in self._broken for item in items):
                self._failures = None if self._failures is None else self._failures - 1
                return httpx.Response(500, json={"message": "Internal server error"}, headers={self._header: "cid-1"})
        return response


def breaking(
    sandbox: Sandbox,
    broken: Collection[str],
    *,
    failures: int | None = None,
    has_timeline: bool = True,
    **options: Any,
) -> tuple[Immich, Breaking]:
    """Connect to such a sandbox."""
    transport = Breaking(sandbox, broken, failures=failures, has_timeline=has_timeline)
    return Immich.connect(sandbox.url, sandbox.admin_key, transport=transport, retry_wait=0, **options), transport
