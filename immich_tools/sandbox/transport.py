"""An httpx transport that hands requests to the sandbox in the same process, without a port."""

from collections.abc import Iterator
from typing import Protocol

import httpx

from immich_tools.sandbox.exchange import ConnectionFailed, Request, Response


class Handles(Protocol):
    """Anything that answers requests."""

    def handle(self, request: Request) -> Response: ...


class _Body(httpx.SyncByteStream):
    """A body handed out in pieces, as it would come over a socket."""

    def __init__(self, answer: Response, request: httpx.Request) -> None:
        self._answer = answer
        self._request = request

    def __iter__(self) -> Iterator[bytes]:
        length = self._answer.length
        yield from self._answer.pieces(length // 2 if self._answer.is_cut else length)
        if self._answer.is_cut:
            raise httpx.ReadError("connection reset by the sandbox", request=self._request)


class SandboxTransport(httpx.BaseTransport):
    """Use as `httpx.Client(transport=SandboxTransport(sandbox), base_url=sandbox.url)`; several threads may share it.

    A broken connection is raised as `httpx.ReadError`, a refused one as `httpx.ConnectError`."""

    def __init__(self, sandbox: Handles) -> None:
        self._sandbox = sandbox

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Answer one request of an httpx client."""
        query_lists: dict[str, list[str]] = {}
        for name, value in request.url.params.multi_items():
            query_lists.setdefault(name, []).append(value)
        asked = Request(
            method=request.method,
            path=request.url.path,
            query={name: values[-1] for name, values in query_lists.items()},
            query_lists=query_lists,
            headers=dict(request.headers),
            body=request.read(),
        )
        try:
            answer = self._sandbox.handle(asked)
        except ConnectionFailed as failure:
            if failure.was_refused:
                raise httpx.ConnectError("connection refused by the sandbox", request=request) from None
            raise httpx.ReadError("connection reset by the sandbox", request=request) from None
        headers = {**answer.headers, "content-length": str(answer.length)}
        if request.method == "HEAD":
            return httpx.Response(answer.status, headers=headers, request=request)
        return httpx.Response(answer.status, headers=headers, stream=_Body(answer, request), request=request)
