"""Sandboxes of both dialects and clients that talk to them."""

from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest

from immich_tools.sandbox import Dialect, Sandbox

Call = Callable[..., httpx.Response]


@pytest.fixture(params=list(Dialect), ids=lambda dialect: dialect.value)
def dialect(request: pytest.FixtureRequest) -> Dialect:
    """Each dialect in turn."""
    value: Dialect = request.param
    return value


@pytest.fixture
def sandbox(dialect: Dialect) -> Sandbox:
    """An empty sandbox."""
    return Sandbox(dialect)


@pytest.fixture
def client(sandbox: Sandbox) -> Iterator[httpx.Client]:
    """A client with the administrator's key."""
    with client_of(sandbox, sandbox.admin_key) as opened:
        yield opened


@pytest.fixture
def call(client: httpx.Client) -> Call:
    """`call(method, path below /api, json)` with the administrator's key."""

    def send(method: str, path: str, body: Any = None, **more: Any) -> httpx.Response:
        return client.request(method, f"/api{path}", json=body, **more)

    return send


def client_of(sandbox: Sandbox, key: str) -> httpx.Client:
    """A client with a key of its own."""
    return httpx.Client(transport=sandbox.transport(), base_url=sandbox.url, headers={"x-api-key": key})


@pytest.fixture
def call_as(sandbox: Sandbox) -> Callable[[str], Call]:
    """`call_as(key)` gives a `call` for another key."""

    def make(key: str) -> Call:
        def send(method: str, path: str, body: Any = None, **more: Any) -> httpx.Response:
            with client_of(sandbox, key) as opened:
                return opened.request(method, f"/api{path}", json=body, **more)

        return send

    return make
