"""What may be sent, and what may be sent again.

The order of the layers, outermost first: `Gate` (refuses writes of a read-only client, decides about retries) → RetryTransport of
httpx-retries → httpx's own transport, or the one given (a sandbox).
"""

from __future__ import annotations

import re
from enum import Enum
from typing import Final

import httpx
from httpx_retries import Retry, RetryTransport

from immich_tools.errors import WriteRefused

_READING_POSTS: Final = re.compile(
    r"/(search/(metadata|statistics|random|smart|large-assets)|assets/(bulk-upload-check|exist)|download/info)/?$"
)
# Doing these twice is the same as doing them once; every other POST creates something.
_REPEATABLE_POSTS: Final = re.compile(r"/trash/restore/assets/?$")
_READING_METHODS: Final = frozenset({"GET", "HEAD", "OPTIONS"})


class Effect(Enum):
    """What a request does to the server."""

    READ = "read"
    REPEATABLE_WRITE = "repeatable write"
    CREATE = "create"


def effect_of(method: str, path: str) -> Effect:
    """Classify a request.

    :param method: HTTP method, any case.
    :param path: path of the URL, with whatever prefix the server lives under.
    """
    method = method.upper()
    if method in _READING_METHODS or (method == "POST" and _READING_POSTS.search(path)):
        return Effect.READ
    if method == "POST" and not _REPEATABLE_POSTS.search(path):
        return Effect.CREATE
    return Effect.REPEATABLE_WRITE


def _read_whole(response: httpx.Response) -> None:
    # A connection that breaks inside a body must count as a failed try, not as an error after the retries.
    response.read()


class Gate(httpx.BaseTransport):
    """Lets reads through, keeps writes back when asked to, and repeats what may be repeated.

    Repeated are connection errors, timeouts and 429 (honouring Retry-After), 502, 503, 504; never a request that creates something.

    :param inner: what really sends.
    :param read_only: refuse every request that is not a read.
    :param tries: how often a request is sent at most.
    :param wait: seconds before the second try; doubles with each further one, with jitter. 0 does not wait.
    """

    def __init__(self, inner: httpx.BaseTransport, *, read_only: bool, tries: int = 6, wait: float = 0.25) -> None:
        self._retrying = RetryTransport(transport=inner)
        self._read_only = read_only
        self._again = Retry(
            total=tries - 1,
            backoff_factor=wait,
            max_backoff_wait=30.0,
            allowed_methods=("GET", "HEAD", "OPTIONS", "PUT", "PATCH", "DELETE", "POST"),
            validate_response=_read_whole,
        )
        self._once = Retry(total=0, allowed_methods=("POST",), validate_response=_read_whole)

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        effect = effect_of(request.method, request.url.path)
        if self._read_only and effect is not Effect.READ:
            raise WriteRefused(f"A dry run tried to send {request.method} {request.url.path}; nothing was sent.")
        request.extensions["retry"] = self._once if effect is Effect.CREATE else self._again
        return self._retrying.handle_request(request)

    def close(self) -> None:
        self._retrying.close()
