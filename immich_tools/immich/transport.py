"""What may be sent, and what may be sent again.

The order of the layers, outermost first: `Gate` (adds the key, refuses writes of a read-only client, decides about retries) →
RetryTransport of httpx-retries → httpx's own transport, or the one given (a sandbox).
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from enum import Enum
from http import HTTPStatus
from typing import Any, Final, Self

import httpx
from attrs import define
from httpx_retries import Retry, RetryTransport

from immich_tools.errors import WriteRefused
from immich_tools.i18n import _
from immich_tools.secret import Secret

logger = logging.getLogger(__name__)

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
PROBE: Final = "immich_tools.probe"
"""Extension of a read that asks whether the server fails on it: a 500 is the answer and is not retried."""
LONG_WAIT: Final = 5.0
"""Seconds from which on a wait that the server asks for is reported."""
INTERNAL_ERRORS: Final = 3
"""Tries of a read that the server answers with 500: a fault of one asset, which retries do not mend, is as likely as a passing one."""
WRITE_AGAIN: Final = frozenset(
    {
        HTTPStatus.TOO_MANY_REQUESTS,
        HTTPStatus.BAD_GATEWAY,
        HTTPStatus.SERVICE_UNAVAILABLE,
        HTTPStatus.GATEWAY_TIMEOUT,
    }
)
READ_AGAIN: Final = WRITE_AGAIN | {
    HTTPStatus.REQUEST_TIMEOUT,
    HTTPStatus.INTERNAL_SERVER_ERROR,
    # Cloudflare's own codes: the server behind it did not answer, or not in time.
    *range(520, 528),
    530,
}


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


@define
class _Course:
    """How one request has gone so far.

    :ivar deadline: of the monotonic clock; after it the request is not sent again.
    :ivar may_be_done: whether a try may have been carried out, its answer having been lost.
    :ivar internal_errors: how many 500 are left to be retried.
    """

    deadline: float
    internal_errors: int
    may_be_done: bool = False


class _Patience(Retry):
    """Retries that also end at a point in time: six tries of five minutes each would be half an hour."""

    course: _Course
    report: Callable[[float], None]

    def begin(self, course: _Course, report: Callable[[float], None]) -> Self:
        """A copy for one request.

        :param report: takes the seconds of a long wait before it begins.
        """
        again = self.copy_with()
        assert isinstance(again, type(self))
        again.course, again.report = course, report
        return again

    def is_exhausted(self) -> bool:
        return super().is_exhausted() or time.monotonic() >= self.course.deadline

    def is_retryable_status_code(self, status_code: int) -> bool:
        if status_code == HTTPStatus.INTERNAL_SERVER_ERROR and self.course.internal_errors <= 0:
            return False
        return super().is_retryable_status_code(status_code)

    def increment(self) -> Retry:
        again = super().increment()
        assert isinstance(again, _Patience)
        return again.begin(self.course, self.report)

    def sleep(self, response: httpx.Response | Exception) -> None:
        self.course.may_be_done = self.course.may_be_done or not _was_surely_not_done(response)
        if isinstance(response, httpx.Response):
            if response.status_code == HTTPStatus.INTERNAL_SERVER_ERROR:
                self.course.internal_errors -= 1
            seconds = self._asked_for(response)
            if seconds >= LONG_WAIT:
                self.report(seconds)
        super().sleep(response)

    def _asked_for(self, response: httpx.Response) -> float:
        try:
            return min(self.parse_retry_after(response.headers.get("retry-after", "")), self.max_backoff_wait)
        except ValueError:
            return 0.0


class _Waits:
    """Reports that the server asks to wait: once for all requests that wait at the same time."""

    def __init__(self, report: Callable[[str], None]) -> None:
        self._report = report
        self._lock = threading.Lock()
        self._until = 0.0

    def __call__(self, seconds: float) -> None:
        with self._lock:
            now = time.monotonic()
            if now < self._until:
                return
            self._until = now + seconds
        self._report(_("The server is busy and asks to wait: {seconds:.0f} s.").format(seconds=seconds))


def _was_surely_not_done(failed: httpx.Response | Exception) -> bool:
    if isinstance(failed, httpx.Response):
        return failed.status_code == HTTPStatus.TOO_MANY_REQUESTS
    return isinstance(failed, httpx.ConnectError | httpx.ConnectTimeout)


def may_be_second(response: httpx.Response) -> bool:
    """Whether an earlier try of the same request may have been carried out, its answer having been lost."""
    retry = response.extensions.get("retry")
    return isinstance(retry, _Patience) and retry.course.may_be_done


class Gate(httpx.BaseTransport):
    """Lets reads through, keeps writes back when asked to, and repeats what may be repeated.

    Repeated are connection errors, timeouts and 429 (honouring Retry-After), 502, 503, 504; reads also after 408, 500, 520 to 527 and
    530; never a request that creates something.

    :param inner: what really sends.
    :param base_path: path of the API's base URL, such as ``/api``.
    :param api_key: added to each request here, as late as possible: whatever goes wrong earlier cannot show it.
    :param read_only: refuse every request that is not a read.
    :param tries: how often a request is sent at most.
    :param wait: seconds before the second try; doubles with each further one, with jitter. 0 does not wait.
    :param patience: seconds after the first try from when on it is not sent again.
    :param report: tells a person of a long wait that the server asks for; None writes it to the log.
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
        report: Callable[[str], None] | None = None,
    ) -> None:
        self._retrying = RetryTransport(transport=inner)
        self._base_path = base_path.rstrip("/")
        self._api_key = api_key
        self._read_only = read_only
        self._patience = patience
        self._waits = _Waits(logger.warning if report is None else report)
        methods = (*_READING_METHODS, *_REPEATABLE_METHODS, "POST")
        again: dict[str, Any] = {
            "total": tries - 1,
            "backoff_factor": wait / 2,  # the library doubles it before the first wait already
            "max_backoff_wait": LONGEST_WAIT,
            "backoff_jitter": 0.5,
            "allowed_methods": methods,
        }
        self._read = _Patience(**again, status_forcelist=READ_AGAIN, validate_response=_read_whole)
        self._streamed = _Patience(**again, status_forcelist=READ_AGAIN)
        self._write = _Patience(**again, status_forcelist=WRITE_AGAIN, validate_response=_read_whole)
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
        request.extensions["retry"] = self._retries(request, effect)
        return self._retrying.handle_request(request)

    def _retries(self, request: httpx.Request, effect: Effect) -> Retry:
        if effect is Effect.CREATE or request.extensions.get(ONCE):
            return self._once
        reads = self._streamed if request.extensions.get(STREAMED) else self._read
        retries = reads if effect is Effect.READ else self._write
        internal_errors = 0 if request.extensions.get(PROBE) else INTERNAL_ERRORS - 1
        return retries.begin(_Course(time.monotonic() + self._patience, internal_errors), self._waits)

    def close(self) -> None:
        self._retrying.close()
