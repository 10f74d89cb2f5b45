"""One open connection to a server: sends what the SDK's operations describe and turns every failure into the error tree."""

from __future__ import annotations

import ssl
import threading
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, TypeVar

import httpx

from immich_tools.errors import UsageError
from immich_tools.i18n import _
from immich_tools.immich.failures import failure_of, not_immich, unreachable
from immich_tools.immich.transport import Gate
from immich_tools.secret import Secret

Item = TypeVar("Item")
Result = TypeVar("Result")


def tls_context(ca_file: Path | None, *, insecure: bool) -> ssl.SSLContext:
    """How the server's certificate is verified: by the system's authorities, plus one's own file.

    :raises UsageError: the file is missing or holds no certificate.
    """
    context = httpx.create_ssl_context(verify=not insecure)
    if ca_file is not None:
        try:
            context.load_verify_locations(ca_file)
        except (OSError, ssl.SSLError) as error:
            raise UsageError(
                _("The certificate file {path} cannot be used: {reason}.").format(path=ca_file, reason=error)
            ) from None
    return context


class Connection:
    """Sends requests and runs several at a time.

    :param url: base URL of the API (see `address.api_address`).
    :param timeout: seconds to connect, and seconds without a byte while reading or writing.
    :param concurrency: how many requests are under way at once.
    :param transport: what really sends; None for the network.
    """

    def __init__(
        self,
        url: str,
        api_key: Secret,
        *,
        read_only: bool,
        timeout: float,
        concurrency: int,
        tls: ssl.SSLContext,
        transport: httpx.BaseTransport | None = None,
        tries: int = 6,
        retry_wait: float = 0.25,
    ) -> None:
        self.url = url
        self.read_only = read_only
        self.timeout = timeout
        self.concurrency = concurrency
        self.requests_sent = 0
        self._lock = threading.Lock()
        inner = transport or httpx.HTTPTransport(
            verify=tls, limits=httpx.Limits(max_connections=concurrency + 1, max_keepalive_connections=concurrency + 1)
        )
        self._http = httpx.Client(
            base_url=url,
            headers={"x-api-key": api_key.reveal(), "accept": "application/json"},
            timeout=timeout,
            transport=Gate(inner, read_only=read_only, tries=tries, wait=retry_wait),
        )

    def __repr__(self) -> str:
        return f"Connection({self.url!r}, read_only={self.read_only})"

    def send(self, operation: dict[str, Any], *, timeout: float | None = None) -> httpx.Response:
        """Send one request.

        :param operation: what an SDK operation's ``_get_kwargs`` gives: method, url, params, json, headers.
        :param timeout: seconds, where an operation needs more than the usual.
        :returns: a 2xx answer, its body read.
        :raises ToolkitError: for everything else.
        """
        with self._lock:
            self.requests_sent += 1
        try:
            response = self._http.request(**operation, timeout=timeout or self.timeout)
        except httpx.HTTPError as error:
            raise unreachable(error, self.url, timeout or self.timeout) from None
        except ValueError as error:
            # httpx cannot name status codes that proxies invent (520, 499 …).
            raise unreachable(httpx.RemoteProtocolError(str(error)), self.url, self.timeout) from None
        if not response.is_success:
            raise failure_of(response)
        return response

    def json(self, operation: dict[str, Any], *, timeout: float | None = None) -> Any:
        """Send one request and decode the JSON it answers.

        :raises ServerUnreachable: the answer is not JSON.
        """
        response = self.send(operation, timeout=timeout)
        try:
            return response.json()
        except ValueError:
            raise not_immich(response) from None

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


def chunks(items: Iterable[Item], size: int) -> list[list[Item]]:
    """Cut into lists of at most `size`."""
    whole = list(items)
    return [whole[start : start + size] for start in range(0, len(whole), size)]
