"""What the whole runs begin with."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.missing_originals.postgres import Postgres
from tests.tools.command_line import CommandLine
from tests.tools.folders import Folders
from tests.tools.holiday import holiday as arrange_holiday
from tests.tools.originals import Originals
from tests.tools.server import Server


@pytest.fixture
def shell(server: Server, tmp_path: Path) -> CommandLine:
    """A command line for the server's user."""
    return CommandLine(server.url, server.key, tmp_path, waits_by=server.host.clock)


@pytest.fixture
def holiday(server: Server) -> Server:
    """The server with the holiday library."""
    arrange_holiday(server)
    return server


@pytest.fixture
def folders(server: Server, tmp_path: Path) -> Folders:
    """An external library of the server's user, still empty."""
    return Folders(server, tmp_path / "library")


@pytest.fixture
def originals(server: Server, shell: CommandLine, tmp_path: Path) -> Originals:
    """The originals of the server's user, still empty; the tool reads through the API."""
    return Originals(shell, tmp_path / "media", [server])


@pytest.fixture
def in_database(server: Server, shell: CommandLine, tmp_path: Path, postgres: Postgres) -> Originals:
    """The same; the tool reads from the database."""
    return Originals(shell, tmp_path / "media", [server], postgres)
