"""Where the whole-run tests find their server: a sandbox of each dialect, or a real one that was named on the command line.

``pytest tests/tools --immich-url URL --immich-admin-key KEY`` creates users on a real, throw-away server, lets them upload what a scenario
needs, and removes them. Its machine learning should be off: whoever finds duplicates of their own changes the scenarios.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, settings

from tests.environment import cleared

if TYPE_CHECKING:
    from tests.missing_originals.postgres import Postgres
    from tests.tools.host import Host
    from tests.tools.server import Server

URL = "--immich-url"
ADMIN_KEY = "--immich-admin-key"
REAL = "real"
DIALECTS = ("v2", "v3")


def pytest_addoption(parser: pytest.Parser) -> None:
    """Let a real server be named."""
    group = parser.getgroup("immich", "whole runs against a real, throw-away Immich server")
    group.addoption(URL, metavar="URL", help="its address; users are created there and removed")
    group.addoption(ADMIN_KEY, metavar="KEY", help="an administrator's API key with all permissions")


def pytest_configure(config: pytest.Config) -> None:
    """Keep what the caller's environment says of servers, databases and proxies from all tests, and from what they start.

    Not a fixture, because some modules look at the environment when they are imported. And no property fails because the machine is busy.
    """
    settings.register_profile("any machine", deadline=None, suppress_health_check=[HealthCheck.too_slow])
    settings.load_profile("any machine")
    stack = ExitStack()
    home = stack.enter_context(TemporaryDirectory(prefix="pytest-home-", ignore_cleanup_errors=True))
    stack.enter_context(cleared(os.environ, Path(home)))
    config.add_cleanup(stack.close)


def _is_real(config: pytest.Config) -> bool:
    given = [config.getoption(option) is not None for option in (URL, ADMIN_KEY)]
    if any(given) and not all(given):
        raise pytest.UsageError(f"{URL} and {ADMIN_KEY} go together")
    return all(given)


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run whatever needs a server on both dialects of the sandbox, or once on the real server."""
    if "host" in metafunc.fixturenames:
        names = (REAL,) if _is_real(metafunc.config) else DIALECTS
        metafunc.parametrize("host", names, indirect=True, scope="session")


@pytest.fixture(scope="session")
def host(request: pytest.FixtureRequest) -> Iterator[Host]:
    """The server with its administrator, shared by all tests."""
    # Loaded here, because most of the other tests need no server.
    from immich_tools.sandbox import Dialect
    from tests.tools.host import real_host, sandbox_host

    if request.param == REAL:
        with real_host(request.config.getoption(URL), request.config.getoption(ADMIN_KEY)) as real:
            yield real
    else:
        with sandbox_host(Dialect(request.param)) as sandbox:
            yield sandbox


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    """A running PostgreSQL, one for all tests of a process."""
    from tests.missing_originals.postgres import running_postgres

    with running_postgres() as database:
        yield database


@pytest.fixture
def server(host: Host) -> Iterator[Server]:
    """The server as a fresh user has it; the user, and whoever else the test creates, is removed afterwards."""
    try:
        yield host.new_user("Alex")
    finally:
        if host.sandbox is not None:
            host.sandbox.set_faults(None)
        host.remove_users()
