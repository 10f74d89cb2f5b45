"""The sandbox as an ASGI application, to be served by any ASGI server."""

import asyncio
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any, Final, Protocol
from urllib.parse import parse_qsl, unquote

from immich_tools.sandbox.exchange import ConnectionFailed, Request, Response

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]

TRANSPORT_KEY: Final = "sandbox.transport"


class Handles(Protocol):
    """Anything that answers requests."""

    def handle(self, request: Request) -> Response: ...


class SandboxApp:
    """The ASGI callable. Files are sent in pieces.

    A broken connection is cut without an answer when the server put its transport into the state (as `serve` does); under
    other servers the answer begins and never ends."""

    def __init__(self, sandbox: Handles) -> None:
        self._sandbox = sandbox

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        request = _request(scope, await _read_body(receive))
        try:
            response = await asyncio.to_thread(self._sandbox.handle, request)
        except ConnectionFailed:
            await _break_connection(scope, receive, send)
            return
        await _send_response(request, response, send)
        if response.is_cut and (transport := scope.get("state", {}).get(TRANSPORT_KEY)) is not None:
            # What has been sent is to arrive.
            transport.close()
            await _wait_for_end(receive)


async def _read_body(receive: Receive) -> bytes:
    pieces: list[bytes] = []
    while True:
        message = await receive()
        pieces.append(message.get("body", b""))
        if not message.get("more_body", False):
            return b"".join(pieces)


def _request(scope: Message, body: bytes) -> Request:
    query_lists: dict[str, list[str]] = {}
    for name, value in parse_qsl(scope["query_string"].decode("latin-1"), keep_blank_values=True):
        query_lists.setdefault(name, []).append(value)
    return Request(
        method=scope["method"],
        path=unquote(scope["raw_path"].decode("latin-1")) if scope.get("raw_path") else scope["path"],
        query={name: values[-1] for name, values in query_lists.items()},
        query_lists=query_lists,
        headers={name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]},
        body=body,
    )


async def _send_response(request: Request, response: Response, send: Send) -> None:
    headers = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in response.headers.items()]
    length = response.length
    headers.append((b"content-length", str(length).encode()))
    await send({"type": "http.response.start", "status": response.status, "headers": headers})
    if request.method != "HEAD" and response.file is None and not response.is_cut:
        await send({"type": "http.response.body", "body": response.body})
        return
    if request.method != "HEAD":
        pieces = response.pieces(length // 2 if response.is_cut else length)
        while piece := await asyncio.to_thread(next, pieces, b""):
            await send({"type": "http.response.body", "body": piece, "more_body": True})
    if not response.is_cut:
        await send({"type": "http.response.body", "body": b""})


async def _break_connection(scope: Message, receive: Receive, send: Send) -> None:
    transport = scope.get("state", {}).get(TRANSPORT_KEY)
    if transport is None:
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"1")]})
        return
    transport.abort()
    await _wait_for_end(receive)


async def _wait_for_end(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
