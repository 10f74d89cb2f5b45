"""A proxy between the command line and whatever server there is: it counts, refuses, alters answers, and can strike at a moment."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Lock, Thread
from typing import Any, Final, TypeAlias

import httpx
from attrs import define, field, frozen

READING: Final = re.compile(r"GET .*|POST /api/search/.*")
PASSED_ON: Final = ("x-api-key", "authorization", "content-type", "accept")

Moment: TypeAlias = Callable[[int], None]


@frozen
class Refusal:
    """Requests that are refused.

    :ivar pattern: of method and path, such as ``PUT /api/albums/.*``; the whole of it.
    """

    pattern: str
    status: int = 403


@define
class Gatekeeper:
    """What to do with requests; may be changed between two of them.

    :ivar url: where it listens.
    :ivar seen: method and path of each request.
    :ivar alter: changes the answer to a search, in place.
    :ivar before, after: called with the number of each writing request, from 1, before the server gets it, and before its answer goes back;
        a `ConnectionError` from these cuts the connection there.
    """

    url: str
    refusals: list[Refusal] = field(factory=list)
    seen: list[str] = field(factory=list)
    alter: Callable[[dict[str, Any]], None] | None = None
    before: Moment | None = None
    after: Moment | None = None
    _lock: Lock = field(factory=Lock)
    _count: int = 0

    def writes(self) -> list[str]:
        """The requests that were to change something."""
        return [request for request in self.seen if not READING.fullmatch(request)]

    def answer(self, server: httpx.Client, request: httpx.Request) -> tuple[int, str, bytes]:
        """The status, the type and the content to answer with."""
        name = f"{request.method} {request.url.path}"
        with self._lock:
            self.seen.append(name)
            is_write = not READING.fullmatch(name)
            self._count += is_write
            number = self._count
        for refusal in self.refusals:
            if re.fullmatch(refusal.pattern, name):
                message = {"message": "Not allowed by the gatekeeper", "statusCode": refusal.status}
                return refusal.status, "application/json", json.dumps(message).encode()
        if is_write and self.before is not None:
            self.before(number)
        response = server.send(request)
        if is_write and self.after is not None:
            self.after(number)
        content = response.content
        if self.alter is not None and request.url.path == "/api/search/metadata" and response.is_success:
            found = response.json()
            for item in found["assets"]["items"]:
                self.alter(item)
            content = json.dumps(found).encode()
        return response.status_code, response.headers.get("content-type", ""), content


@contextmanager
def gatekeeper(url: str) -> Iterator[Gatekeeper]:
    """Stand before a server.

    :param url: the server's address, without ``/api``.
    """
    server = httpx.Client(base_url=url, timeout=60)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def _pass_on(self) -> None:
            content = self.rfile.read(int(self.headers.get("content-length") or 0))
            headers = {name: self.headers[name] for name in PASSED_ON if self.headers[name] is not None}
            request = server.build_request(self.command, self.path, headers=headers, content=content)
            try:
                status, kind, answer = keeper.answer(server, request)
                self.send_response(status)
                if kind:
                    self.send_header("content-type", kind)
                self.send_header("content-length", str(len(answer)))
                self.end_headers()
                self.wfile.write(answer)
            except ConnectionError:
                self.close_connection = True  # who asked is gone

        do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = _pass_on

        def log_message(self, format: str, *args: object) -> None:
            """Say nothing."""

    with server, ThreadingHTTPServer(("127.0.0.1", 0), Handler) as listener:
        keeper = Gatekeeper(f"http://127.0.0.1:{listener.server_port}")
        thread = Thread(target=listener.serve_forever, daemon=True)
        thread.start()
        try:
            yield keeper
        finally:
            listener.shutdown()
            thread.join()
