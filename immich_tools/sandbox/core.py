"""The server itself: takes a request, finds who asks and what for, and answers."""

import random
from threading import RLock
from typing import Final

from immich_tools.sandbox.access import authenticate, check_key
from immich_tools.sandbox.context import Call, Server
from immich_tools.sandbox.exchange import NO_CONTENT, Request, Response, json_response
from immich_tools.sandbox.handlers import ALL_TABLES
from immich_tools.sandbox.moments import http_date
from immich_tools.sandbox.permissions import demand_of
from immich_tools.sandbox.refusals import Refused, internal_error, unknown_route
from immich_tools.sandbox.router import Router
from immich_tools.sandbox.validation import check_uuid

LARGEST_JSON_BODY: Final = 10 * 1024 * 1024
_CORRELATION_LETTERS: Final = "abcdefghijklmnopqrstuvwxyz0123456789"


class Core:
    """Answers requests one after the other; safe to call from several threads."""

    def __init__(self, server: Server) -> None:
        self.server = server
        self.lock = RLock()
        self._router = Router(server.dialect, ALL_TABLES)
        self._correlations = random.Random(0)

    def handle(self, request: Request) -> Response:
        """Answer one request. Every answer carries the date and a correlation id (header `x-immich-cid` in Immich 2.3.1,
        `x-correlation-id` in 3.1.0)."""
        with self.lock:
            queues, paused = self.server.queues, self.server.state.paused_queues
            queues.on_request(paused)
            correlation = "".join(self._correlations.choices(_CORRELATION_LETTERS, k=8))
            try:
                response = self._answer(request)
            except Refused as refusal:
                response = refusal.response(self.server.dialect, correlation)
            queues.on_answer(paused)
            name = "x-correlation-id" if self.server.is_v3 else "x-immich-cid"
            date = http_date(self.server.state.now())
            return response.with_headers({"date": date, name: correlation})

    def _answer(self, request: Request) -> Response:
        if request.path == "/.well-known/immich":
            return json_response({"api": {"endpoint": "/api"}})
        if request.method == "OPTIONS":
            return NO_CONTENT
        below_api = request.path.removeprefix("/api")
        method = "GET" if request.method == "HEAD" else request.method
        found = self._router.find(method, below_api) if request.path.startswith("/api/") else None
        if found is None:
            raise unknown_route(request.method, request.path)
        route, parameters = found
        is_multipart = request.headers.get("content-type", "").startswith("multipart/")
        if len(request.body) > LARGEST_JSON_BODY and not is_multipart:
            raise internal_error()
        if route.is_public:
            return route.handler(Call(self.server, request, parameters, None, None))
        user, key = authenticate(self.server, request)
        if not route.any_key:
            demand = demand_of(self.server.dialect, route.permission_method, route.template)
            check_key(user, key, demand.permission, needs_admin=demand.needs_admin)
        for name, value in parameters.items():
            if name not in route.plain:
                check_uuid(self.server.dialect, name, value)
        return route.handler(Call(self.server, request, parameters, user, key))


def is_read(method: str, path: str) -> bool:
    """Whether a request changes nothing: GET, HEAD and the POST requests that only ask."""
    if method in ("GET", "HEAD", "OPTIONS"):
        return True
    return method == "POST" and (path.startswith("/api/search/") or path in _READING_POSTS)


_READING_POSTS: Final = frozenset(
    {"/api/assets/bulk-upload-check", "/api/assets/exist", "/api/download/info", "/api/download/archive"}
)
