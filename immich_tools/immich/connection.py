"""One open connection to a server: sends what the SDK's operations describe and turns every failure into the error tree."""

from __future__ import annotations

import json
import logging
import os
import ssl
import threading
import time
from collections.abc import Callable, Container, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from http import HTTPStatus
from pathlib import Path
from typing import Any, Final, Generic, TypeVar

import httpx

from immich_sdk.api.server import get_server_version
from immich_tools.clock import Clock, current
from immich_tools.errors import ToolkitError, UsageError
from immich_tools.i18n import _
from immich_tools.immich.failures import failure_of, not_immich, unreachable, wrong_address
from immich_tools.immich.models import Broken
from immich_tools.immich.transport import ONCE, PROBE, STREAMED, Gate
from immich_tools.secret import Secret

logger = logging.getLogger(__name__)

Item = TypeVar("Item")
Result = TypeVar("Result")

_VERSION: Final = get_server_version._get_kwargs()
_TRIES: Final = "immich_tools.tries"
PAGE_SIZE: Final = 1000
"""Assets in one answer; Immich 2.3.1 and 3.1.0 refuse more."""


def tls_context(ca_file: Path | None, *, insecure: bool) -> ssl.SSLContext:
    """How the server's certificate is verified: by the system's authorities and Mozilla's, plus one's own file.

    :raises UsageError: the file, or that of the environment variable SSL_CERT_FILE, is missing or holds no certificate.
    """
    try:
        context = httpx.create_ssl_context(verify=not insecure)
        if not insecure:
            context.load_default_certs()
    except (OSError, ssl.SSLError) as error:
        # httpx and OpenSSL read these variables themselves.
        name = next((each for each in ("SSL_CERT_FILE", "SSL_CERT_DIR") if os.environ.get(each)), None)
        raise UsageError(
            _("The certificates of {source} cannot be used: {reason}.").format(
                source=_("this computer") if name is None else f"{name}={os.environ[name]}", reason=_reason(error)
            )
        ) from None
    if ca_file is not None:
        try:
            context.load_verify_locations(ca_file)
        except (OSError, ssl.SSLError) as error:
            raise UsageError(
                _("The certificate file {path} cannot be used: {reason}.").format(path=ca_file, reason=_reason(error))
            ) from None
    return context


def _reason(error: OSError) -> object:
    return getattr(error, "reason", None) or error.strerror or error


class Noted(httpx.BaseTransport):
    """Writes each try of each request to the log: never a query, a header or a body, any of which may hold what is nobody's business.

    :param inner: what really sends.
    """

    def __init__(self, inner: httpx.BaseTransport) -> None:
        self._inner = inner

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Send it on, and note how it went."""
        # A request that is sent again is the same object.
        request.extensions[_TRIES] = request.extensions.get(_TRIES, 0) + 1
        began = time.monotonic()
        try:
            response = self._inner.handle_request(request)
        except BaseException as error:
            self._note(request, type(error).__name__, began)
            raise
        self._note(request, str(response.status_code), began)
        return response

    def _note(self, request: httpx.Request, ending: str, began: float) -> None:
        milliseconds = 1000 * (time.monotonic() - began)
        tries = request.extensions[_TRIES]
        logger.debug("%s %s: %s, %.0f ms, try %d", request.method, request.url.path, ending, milliseconds, tries)

    def close(self) -> None:
        """Close what really sends."""
        self._inner.close()


class Connection:
    """Sends requests and runs several at a time.

    :ivar server_date: header ``date`` of the latest answer, the server's clock to the second; None while none told it.

    :param url: base URL of the API (see `address.api_address`).
    :param timeout: seconds to connect, and seconds without a byte while reading or writing.
    :param concurrency: how many requests are under way at once.
    :param tls: how certificates are verified; not needed with a `transport` of one's own.
    :param transport: what really sends; None for the network.
    :param tries: how often a request that may be repeated is sent at most.
    :param retry_wait: seconds before the second try.
    :param page_size: assets in one answer of a listing, 1 to 1000.
    :param clock: by which waits for the server's jobs are measured; None for the current one.
    :param report_wait: tells a person of a long wait that the server asks for; None writes it to the log.
    :param skip_broken: list a library without the assets on which the server fails; see `broken`.
    """

    def __init__(
        self,
        url: str,
        api_key: Secret,
        *,
        read_only: bool,
        timeout: float,
        concurrency: int,
        tls: ssl.SSLContext | None = None,
        transport: httpx.BaseTransport | None = None,
        tries: int = 6,
        retry_wait: float = 0.25,
        page_size: int = PAGE_SIZE,
        clock: Clock | None = None,
        report_wait: Callable[[str], None] | None = None,
        skip_broken: bool = False,
    ) -> None:
        self.url = url
        self.skip_broken = skip_broken
        self._broken: dict[object, Broken] = {}
        self.clock = clock or current()
        self.read_only = read_only
        self.timeout = timeout
        self.concurrency = concurrency
        self.page_size = page_size
        self.tries = tries
        self.retry_wait = retry_wait
        self.requests_sent = 0
        self.server_date: str | None = None
        self._is_immich = False
        self._lock = threading.Lock()
        inner = transport or httpx.HTTPTransport(
            verify=tls or False,
            limits=httpx.Limits(max_connections=concurrency, max_keepalive_connections=concurrency),
        )
        gate = Gate(
            Noted(inner),
            base_path=httpx.URL(url).path,
            api_key=api_key,
            read_only=read_only,
            tries=tries,
            wait=retry_wait,
            report=report_wait,
        )
        self._http = httpx.Client(base_url=url, headers={"accept": "application/json"}, transport=gate)

    def __repr__(self) -> str:
        return f"Connection({self.url!r}, read_only={self.read_only})"

    def note_broken(self, broken: Iterable[Broken]) -> None:
        """Remember assets that a listing could not read."""
        with self._lock:
            self._broken |= {each.key: each for each in broken}

    @property
    def broken(self) -> tuple[Broken, ...]:
        """What the listings of this connection could not read so far, from old to new."""
        with self._lock:
            return tuple(
                sorted(self._broken.values(), key=lambda each: (each.after, each.before, each.visibility.value))
            )

    def send(
        self, operation: dict[str, Any], *, timeout: float | None = None, once: bool = False, probe: bool = False
    ) -> httpx.Response:
        """Send one request.

        :param operation: what an SDK operation's ``_get_kwargs`` gives: method, url, params, json, headers.
        :param timeout: seconds, where an operation needs more than the usual.
        :param once: never send it again, not even where that does no harm.
        :param probe: a 500 is the answer, and is not retried.
        :returns: a 2xx answer, its body read.
        :raises ToolkitError: for everything else.
        """
        request = self._request(operation, timeout or self.timeout)
        request.extensions |= {ONCE: once, PROBE: probe}
        failure: ToolkitError
        try:
            response = self._http.send(request)
        except httpx.HTTPError as error:
            failure = unreachable(error, self.url, timeout or self.timeout)
        else:
            self.server_date = response.headers.get("date") or self.server_date
            if response.is_success:
                self._is_immich = True
                return response
            failure = failure_of(response)
            if response.status_code == HTTPStatus.NOT_FOUND and not self._finds_immich(request):
                failure = wrong_address(self.url)
        # Raised outside the handler: the frames of the HTTP library hold the request with its key and must not become the context.
        raise failure

    def open(self, operation: dict[str, Any], *, accepted: Container[int] = ()) -> httpx.Response:
        """Send one request whose answer is too long to be held in memory.

        :param accepted: status codes outside 2xx that are answers all the same.
        :returns: an answer whose body has not been read; whoever opens it closes it.
        :raises ToolkitError: for everything else.
        """
        request = self._request(operation, self.timeout)
        request.extensions[STREAMED] = True
        failure: ToolkitError
        try:
            response = self._http.send(request, stream=True)
            if response.is_success or response.status_code in accepted:
                return response
            response.read()
        except httpx.HTTPError as error:
            failure = unreachable(error, self.url, self.timeout)
        else:
            failure = failure_of(response)
        raise failure

    def _finds_immich(self, refused: httpx.Request) -> bool:
        """Whether there is an API of Immich at the address; asked where the first request of all found nothing."""
        version = self._request(_VERSION, self.timeout)
        if not self._is_immich and refused.url != version.url:
            try:
                self._is_immich = self._http.send(version).status_code != HTTPStatus.NOT_FOUND
            except httpx.HTTPError:
                return True
        return self._is_immich

    def _request(self, operation: dict[str, Any], seconds: float) -> httpx.Request:
        with self._lock:
            self.requests_sent += 1
        # More threads than connections may be at work: waiting for a free one is no sign of a slow server.
        return self._http.build_request(**operation, timeout=httpx.Timeout(seconds, pool=None))

    def json(self, operation: dict[str, Any], *, timeout: float | None = None, probe: bool = False) -> Any:
        """Send one request and decode the JSON it answers.

        :raises ServerUnreachable: the answer is not JSON.
        """
        return decoded(self.send(operation, timeout=timeout, probe=probe))

    def each(self, items: Sequence[Item], action: Callable[[Item], Result]) -> list[Result]:
        """Do `action` for every item, several at a time, and return the results in the items' order.

        The first error is raised once the actions under way have ended; those not yet begun are dropped.
        """
        if len(items) < 2 or self.concurrency < 2:
            return [action(item) for item in items]
        with ThreadPoolExecutor(self.concurrency) as pool:
            futures = [pool.submit(action, item) for item in items]
            try:
                return [future.result() for future in futures]
            except BaseException:
                pool.shutdown(wait=True, cancel_futures=True)
                raise

    def close(self) -> None:
        """Close the connections; the object cannot be used afterwards."""
        self._http.close()


class Once(Generic[Result]):
    """A value that is read when first needed, once, also when several threads need it at the same time.

    A read that fails is tried again by the next who asks.
    """

    def __init__(self, read: Callable[[], Result]) -> None:
        self._read = read
        self._lock = threading.Lock()
        self._values: list[Result] = []

    def __call__(self) -> Result:
        with self._lock:
            if not self._values:
                self._values.append(self._read())
            return self._values[0]


def decoded(response: httpx.Response) -> Any:
    """The JSON of an answer.

    :raises ServerUnreachable: it is none.
    """
    try:
        return json.loads(response.content)
    except ValueError:
        raise not_immich(response.request) from None


def chunks(items: Iterable[Item], size: int) -> list[list[Item]]:
    """Cut into lists of at most `size`."""
    whole = list(items)
    return [whole[start : start + size] for start in range(0, len(whole), size)]
