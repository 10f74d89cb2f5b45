"""A network that loses requests and answers, between the code under test and whatever server there is."""

from __future__ import annotations

import httpx

from immich_tools.sandbox import FaultKind, Faults
from immich_tools.sandbox.faults import BROKEN_CONNECTION, CARRIED_OUT, TRANSIENT, FaultPlayer

KINDS = (*TRANSIENT, FaultKind.BAD_GATEWAY_AFTER)


class UnreliableTransport(httpx.BaseTransport):
    """Sends over the network, and fails on purpose.

    :param rate: part of the requests that fails, 0 to 1.
    :ivar failed: how many did.
    """

    def __init__(self, *, rate: float, seed: int) -> None:
        self._network = httpx.HTTPTransport()
        self._player = FaultPlayer(Faults(failure_rate=rate, kinds=KINDS, seed=seed))
        self.failed = 0

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        kind = self._player.next(is_read=False)
        if kind is None:
            return self._network.handle_request(request)
        self.failed += 1
        if kind in CARRIED_OUT:
            self._network.handle_request(request).read()
        if kind in BROKEN_CONNECTION:
            raise httpx.ReadError("the connection was lost on purpose", request=request)
        answer = self._player.answer(kind)
        return httpx.Response(answer.status, headers=dict(answer.headers), content=answer.content(), request=request)

    def close(self) -> None:
        self._network.close()
