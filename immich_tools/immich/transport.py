"""What may be sent, and what may be sent again.

The order of the layers, outermost first: `Gate` (adds the key, refuses writes of a read-only client, decides about retries) →
RetryTransport of httpx-retries → httpx's own transport, or the one given (a sandbox).
"""

from __future__ import annotations

import math
import time
from enum import Enum
from http import HTTPStatus
from typing import Any, Final, Self

import httpx
from httpx_retries import Retry, RetryTransport

from immich_tools.errors import WriteRefused
from immich_tools.i18n import _
from immich_tools.secret import Secret

_READING_METHODS: Final = frozenset({"GET", "HEAD", "OPTIONS"})
_READING_POSTS: Final = frozenset(
    {
        "/assets/bulk-upload-check",
        "/assets/exist",
        "/download/archive",
        "/download/info",
        "/search/large-assets",
        "/search/metadata",
        "/search/random",
        "/search/smart",
        "/search/statistics",
    }
)
# Doing these twice is the same as doing them once; every other POST creates something.
_REPEATABLE_POSTS: Final = frozenset({"/trash/restore/assets"})
_REPEATABLE_METHODS: Final = frozenset({"PUT", "PATCH", "DELETE"})
_RELATIVE: Final = b'"dateTimeRelative"'
LONGEST_WAIT: Final = 30.0
"""Seconds; also the most that a Retry-After is obeyed."""
PATIENCE: Final = 300.0
"""Seconds after the first try from when on a request is not sent again."""
STREAMED: Final = "immich_tools.streamed"
"""Extension of a request whose answer is read by the caller, who also asks for the rest when it breaks off."""


ONCE: Final = "immich_tools.once"
"""Extension of a request that is not sent a second time, whatever became of the first."""


class Effect(Enum):
    """What a request does to the server."""

    READ = "read"
    REPEATABLE_WRITE = "repeatable write"
    CREATE = "create"


def effect_of(method: str, path: str, body: bytes = b"") -> Effect:
    """Classify a request; what nobody has classified counts as CREATE, which is neither sent in a dry run nor sent twice.

    :param method: HTTP method, any case.
    :param path: path below the API's base, such as ``/search/metadata``.
    :param body: the JSON sent with it.
    """
    method, path = method.upper(), path.rstrip("/")
    if method in _READING_METHODS or (method == "POST" and path in _READING_POSTS):
        return Effect.READ
    if method == "POST" and path in _REPEATABLE_POSTS:
        return Effect.REPEATABLE_WRITE
    # Moving dates by some minutes is the one update that adds up.
    if method in _REPEATABLE_METHODS and _RELATIVE not in body:
        return Effect.REPEATABLE_WRITE
    return Effect.CREATE


def _read_whole(response: httpx.Response) -> None:
    # A connection that breaks inside a body must count as a failed try, not as an error after the retries.
    response.read()


class _Patience(Retry):
    """Retries that also end at a point in time: six tries of five minutes each would be half an hour."""

    deadline: float = math.inf
    may_be_done: bool = False

    def from_now(self, seconds: float) -> Self:
        again = super().copy_with()
        assert isinstance(again, type(self))
        again.deadline = time.monotonic() + seconds
        return again

    def is_exhausted(self) -> bool:
        return super().is_exhausted() or time.monotonic() >= self.deadline

    def increment(self) -> Retry:
        again = super().increment()
        assert isinstance(again, _Patience)
        again.deadline = self.deadline
        again.may_be_done = self.may_be_done
        return again

    def sleep(self, response: httpx.Response | Exception) -> None:
        self.may_be_done = self.may_be_done or not _was_surely_not_done(response)
        super().sleep(response)


def _was_surely_not_done(failed: httpx.Response | Exception) -> bool:
    if isinstance(failed, httpx.Response):
        return failed.status_code == HTTPStatus.TOO_MANY_REQUESTS
    return isinstance(failed, httpx.ConnectError | httpx.ConnectTimeout)


def may_be_second(response: httpx.Response) -> bool:
    """Whether an earlier try of the same request may have been carried out, its answer having been lost."""
    retry = response.extensions.get("retry")
    return isinstance(retry, _Patience) and retry.may_be_done


class Gate(httpx.BaseTransport):
    """Lets reads through, keeps writes back when asked to, and repeats what may be repeated.

    Repeated are connection errors, timeouts and 429 (honouring Retry-After), 502, 503, 504; never a request that creates something.

    :param inner: what really sends.
    :param base_path: path of the API's base URL, such as ``/api``.
    :param api_key: added to each request here, as late as possible: whatever goes wrong earlier cannot show it.
    :param read_only: refuse every request that is not a read.
    :param tries: how often a request is sent at most.
    :param wait: seconds before the second try; doubles with each further one, with jitter. 0 does not wait.
    :param patience: seconds after the first try from when on it is not sent again.
    """

    def __init__(
        self,
        inner: httpx.BaseTransport,
        *,
        base_path: str,
        api_key: Secret,
        read_only: bool,
        tries: int = 6,
        wait: float = 0.25,
        patience: float = PATIENCE,
    ) -> None:
        self._retrying = RetryTransport(transport=inner)
        self._base_path = base_path.rstrip("/")
        self._api_key = api_key
        self._read_only = read_only
        self._patience = patience
        methods = (*_READING_METHODS, *_REPEATABLE_METHODS, "POST")
        again: dict[str, Any] = {
            "total": tries - 1,
            "backoff_factor": wait / 2,  # the library doubles it before the first wait already
            "max_backoff_wait": LONGEST_WAIT,
            "backoff_jitter": 0.5,
            "allowed_methods": methods,
        }
        self._again = _Patience(**again, validate_response=_read_whole)
        self._streamed = _Patience(**again)
        self._once = Retry(total=0, allowed_methods=methods, validate_response=_read_whole)

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        path = request.url.path
        inside = path.startswith(f"{self._base_path}/")
        is_json = request.headers.get("content-type") == "application/json"
        # Anything outside the API is no operation of Immich: not known, so not known to be harmless.
        effect = (
            effect_of(request.method, path.removeprefix(self._base_path), request.read() if is_json else b"")
            if inside
            else Effect.CREATE
        )
        if self._read_only and effect is not Effect.READ:
            raise WriteRefused(
                _("A dry run tried to send {method} {path}; nothing was sent.").format(method=request.method, path=path)
            )
        request.headers["x-api-key"] = self._api_key.reveal()
        again = self._streamed if request.extensions.get(STREAMED) else self._again
        is_sent_once = effect is Effect.CREATE or request.extensions.get(ONCE, False)
        request.extensions["retry"] = self._once if is_sent_once else again.from_now(self._patience)
        return self._retrying.handle_request(request)

    def close(self) -> None:
        self._retrying.close()
