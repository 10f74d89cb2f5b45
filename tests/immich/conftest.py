"""Sandboxes of both dialects, and the library as it talks to them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from immich_tools import Immich
from immich_tools.sandbox import Dialect, Sandbox

Connect = Callable[..., Immich]


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
def connect(sandbox: Sandbox) -> Connect:
    """Connect to the sandbox with the administrator's key, or another one; retries do not wait."""

    def make(key: str | None = None, **options: Any) -> Immich:
        return Immich.connect(
            sandbox.url, key or sandbox.admin_key, transport=sandbox.transport(), retry_wait=0, **options
        )

    return make


@pytest.fixture
def immich(connect: Connect) -> Immich:
    """The library with the administrator's key."""
    return connect()
