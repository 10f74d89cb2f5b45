"""Failures on purpose: slow answers, broken connections, overload, half-refused batches."""

import random
from collections.abc import Mapping
from enum import Enum
from http import HTTPStatus
from threading import Lock
from typing import Final

from attrs import field, frozen
from attrs.validators import ge, le

from immich_tools.sandbox.exchange import JSON_TYPE, Response, json_response


class FaultKind(Enum):
    """What goes wrong with one request."""

    REFUSED_CONNECTION = "refused connection"
    """No connection: nothing was done."""
    RESET_BEFORE = "reset before"
    """The connection broke before the request was carried out."""
    RESET_AFTER = "reset after"
    """The request was carried out, its answer was lost."""
    TOO_MANY_REQUESTS = "429"
    BAD_GATEWAY = "502"
    """A proxy lost the server before the request was carried out."""
    BAD_GATEWAY_AFTER = "502 after"
    """A proxy lost the server's answer: the request was carried out."""
    UNAVAILABLE = "503"
    GATEWAY_TIMEOUT_AFTER = "504 after"
    """The proxy gave up waiting, but the request was carried out."""
    RESET_WITHIN = "reset within"
    """The request was carried out, and the connection broke in the middle of its answer."""
    HALF_OF_BATCH = "half of batch"
    """Calls with a result per id: every second id is answered with the error `unknown` and left undone. Other calls are not
    touched."""


CARRIED_OUT: Final = frozenset(
    {FaultKind.RESET_AFTER, FaultKind.RESET_WITHIN, FaultKind.BAD_GATEWAY_AFTER, FaultKind.GATEWAY_TIMEOUT_AFTER}
)
BROKEN_CONNECTION: Final = frozenset({FaultKind.REFUSED_CONNECTION, FaultKind.RESET_BEFORE, FaultKind.RESET_AFTER})
TRANSIENT: Final = (
    FaultKind.RESET_BEFORE,
    FaultKind.RESET_AFTER,
    FaultKind.TOO_MANY_REQUESTS,
    FaultKind.BAD_GATEWAY,
    FaultKind.UNAVAILABLE,
)
_STATUS: Final = {
    FaultKind.TOO_MANY_REQUESTS: HTTPStatus.TOO_MANY_REQUESTS,
    FaultKind.BAD_GATEWAY: HTTPStatus.BAD_GATEWAY,
    FaultKind.BAD_GATEWAY_AFTER: HTTPStatus.BAD_GATEWAY,
    FaultKind.UNAVAILABLE: HTTPStatus.SERVICE_UNAVAILABLE,
    FaultKind.GATEWAY_TIMEOUT_AFTER: HTTPStatus.GATEWAY_TIMEOUT,
}


@frozen
class Faults:
    """Which requests fail and how.

    `latency` is in seconds and delays every answer. `failure_rate` is the share of requests (0 to 1) that fail with one of
    `kinds`, drawn from a generator seeded with `seed`. `at` fails single requests by number, counted from 1.
    `retry_after` is in seconds (header of a 429). `refused_ids` are assets that the server denies to know in every write,
    so that a batch holding one is refused as a whole. `only_writes` spares requests that are reads."""

    latency: float = field(default=0.0, validator=ge(0.0))
    failure_rate: float = field(default=0.0, validator=[ge(0.0), le(1.0)])
    kinds: tuple[FaultKind, ...] = TRANSIENT
    at: Mapping[int, FaultKind] = field(factory=dict)
    seed: int = 0
    retry_after: int = 0
    refused_ids: frozenset[str] = frozenset()
    only_writes: bool = False


class FaultPlayer:
    """Draws the fault of each request in turn; the same faults and the same requests give the same failures."""

    def __init__(self, faults: Faults) -> None:
        self.faults = faults
        self._random = random.Random(faults.seed)
        self._number = 0
        self._lock = Lock()

    def next(self, *, is_read: bool) -> FaultKind | None:
        """The fault of the next request, or None."""
        with self._lock:
            self._number += 1
            drawn = self._random.random()
            kind = self._random.choice(self.faults.kinds) if self.faults.kinds else None
            if self._number in self.faults.at:
                return self.faults.at[self._number]
            if self.faults.only_writes and is_read:
                return None
            return kind if drawn < self.faults.failure_rate else None

    def answer(self, kind: FaultKind) -> Response:
        """What a proxy or an overloaded server sends instead of the real answer."""
        status = _STATUS[kind]
        if kind is FaultKind.TOO_MANY_REQUESTS:
            headers = {"retry-after": str(self.faults.retry_after)}
            return json_response({"message": "Too Many Requests"}, status).with_headers(headers)
        page = f"<html><head><title>{status.value} {status.phrase}</title></head><body></body></html>"
        return Response(status.value, {"content-type": "text/html"}, page.encode())


def is_json(response: Response) -> bool:
    """Whether an answer carries JSON."""
    return response.headers.get("content-type") == JSON_TYPE
