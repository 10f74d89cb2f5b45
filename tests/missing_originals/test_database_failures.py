"""What goes wrong with a database: one clear line with an exit code, and the password nowhere."""

from __future__ import annotations

import logging
import socket
import ssl
import traceback
from collections.abc import Callable, Iterator
from pathlib import Path
from types import TracebackType
from typing import Any, Final, TypeAlias

import psycopg
import pytest
import trustme
from attrs import evolve

from immich_tools.errors import AccessDenied, ExitCode, ServerUnreachable, ToolkitError, UnsupportedServer, UsageError
from immich_tools.missing_originals.database import stream
from immich_tools.missing_originals.database_options import DatabaseAddress, TlsMode
from immich_tools.secret import Secret
from tests.missing_originals.conftest import Database
from tests.missing_originals.postgres import PASSWORD, Postgres, free_port
from tests.missing_originals.tables import V3, fill
from tests.missing_originals.tls import tls_before

CANARY: Final = PASSWORD.split()[0]
WRONG: Final = Secret(f"{CANARY}, but wrong")


FailureOf: TypeAlias = Callable[[DatabaseAddress], ToolkitError]


@pytest.fixture
def failure_of(caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch) -> FailureOf:
    """Read, and give the error with which that ends, after looking for the password wherever an error may carry it."""
    monkeypatch.setenv("PGPASSFILE", "/nowhere/pgpass")
    caplog.set_level(logging.DEBUG)

    def read(address: DatabaseAddress) -> ToolkitError:
        with pytest.raises(ToolkitError) as raised:
            list(stream(address))
        error = raised.value
        shown = [str(error), repr(error), caplog.text, "".join(traceback.format_exception(error))]
        shown += [repr(values) for values in variables(error.__traceback__)]
        assert not [text for text in shown if CANARY in text]
        assert error.__context__ is None
        assert "\n" not in str(error)
        return error

    return read


def variables(trace: TracebackType | None) -> Iterator[dict[str, Any]]:
    """The local variables of the frames of the code under test, which a traceback may show."""
    while trace is not None:
        if "immich_tools" in trace.tb_frame.f_code.co_filename:
            yield trace.tb_frame.f_locals
        trace = trace.tb_next


@pytest.mark.parametrize(
    ("change", "kind", "words"),
    [
        ({"password": WRONG}, AccessDenied, "does not accept the user postgres with this password"),
        ({"user": "nobody"}, AccessDenied, "does not accept the user nobody"),
        ({"password": None}, AccessDenied, "set DB_PASSWORD or DB_PASSWORD_FILE"),
        ({"name": "imich"}, UsageError, "There is no database imich at 127.0.0.1"),
        ({"tls": TlsMode.REQUIRE}, ServerUnreachable, "does not offer TLS, which --db-ssl-mode require demands"),
        (
            {"tls": TlsMode.VERIFY_FULL},
            ServerUnreachable,
            "does not offer TLS, which --db-ssl-mode verify-full demands",
        ),
        (
            {"host": "/nowhere/postgresql"},
            ServerUnreachable,
            "Cannot reach the database postgres at /nowhere/postgresql",
        ),
        ({"host": "no such host"}, ServerUnreachable, "Cannot reach the database postgres at no such host"),
        ({"host": "no such host"}, ServerUnreachable, "set DB_HOSTNAME to where the database's port is published"),
        ({"host": "no such host"}, ServerUnreachable, "with --source api"),
    ],
)
def test_a_connection_that_does_not_come_about(
    postgres: Postgres,
    failure_of: FailureOf,
    change: dict[str, Any],
    kind: type[ToolkitError],
    words: str,
) -> None:
    error = failure_of(evolve(postgres.address(), **change))
    assert type(error) is kind
    assert words in str(error)


def test_nobody_listens(postgres: Postgres, failure_of: FailureOf) -> None:
    error = failure_of(evolve(postgres.address(), port=free_port()))
    assert error.exit_code is ExitCode.UNREACHABLE
    assert str(error).endswith(": Connection refused")


def test_somebody_listens_and_never_answers(postgres: Postgres, failure_of: FailureOf) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        error = failure_of(evolve(postgres.address(), port=port, connect_timeout=2))
    assert isinstance(error, ServerUnreachable)
    assert f"No connection to the database postgres at 127.0.0.1:{port} within 2 s" in str(error)


def run(*statements: str) -> Callable[[psycopg.Connection[Any]], None]:
    """Statements that spoil a database."""

    def spoil(connection: psycopg.Connection[Any]) -> None:
        for statement in statements:
            connection.execute(statement.encode())

    return spoil


@pytest.mark.parametrize(
    ("spoil", "kind", "words"),
    [
        (run("drop table asset cascade"), UnsupportedServer, "has no table 'asset' that the user postgres can see"),
        (run('alter table asset drop "stackId"'), UnsupportedServer, "The table 'asset' of the database"),
        (
            run('alter table asset drop "stackId"', "alter table asset drop visibility"),
            UnsupportedServer,
            "visibility, stackId",
        ),
        (run('alter table asset alter "ownerId" type text'), UnsupportedServer, "uuid_send(text) does not exist"),
        (run(), UsageError, "holds no asset at all. Is it the one that Immich uses?"),
    ],
)
def test_a_database_that_is_not_what_it_should_be(
    database: Database,
    failure_of: FailureOf,
    spoil: Callable[[psycopg.Connection[Any]], None],
    kind: type[ToolkitError],
    words: str,
) -> None:
    spoil(database.connection)
    error = failure_of(database.address)
    assert type(error) is kind
    assert words in str(error)


@pytest.mark.parametrize("schema", [V3], ids=["3.1.0"])
def test_no_table_of_files_where_the_sidecars_should_be(database: Database, failure_of: FailureOf) -> None:
    database.connection.execute(b"drop table asset_file")
    assert "The table 'asset_file' of the database" in str(failure_of(database.address))


@pytest.fixture
def reader(database: Database) -> Iterator[DatabaseAddress]:
    """A database user who may connect and nothing else; there is one asset."""
    fill(database.connection, 1)
    password = f"{CANARY} of a reader"
    database.connection.execute(f"create role reader login password '{password}'".encode())
    database.connection.execute(b"grant usage on schema public to reader")
    try:
        yield evolve(database.address, user="reader", password=Secret(password))
    finally:
        database.connection.execute(b"drop owned by reader")
        database.connection.execute(b"drop role reader")


def test_no_permission_on_the_tables(database: Database, reader: DatabaseAddress, failure_of: FailureOf) -> None:
    error = failure_of(reader)
    assert isinstance(error, AccessDenied)
    assert "The database user reader may not read Immich's tables (permission denied for table asset" in str(error)
    assert "grant select on asset, asset_file to reader;" in str(error)


def test_no_permission_on_the_database(database: Database, reader: DatabaseAddress, failure_of: FailureOf) -> None:
    database.connection.execute(b"revoke connect on database postgres from public")
    try:
        error = failure_of(reader)
    finally:
        database.connection.execute(b"grant connect on database postgres to public")
    assert isinstance(error, AccessDenied)
    assert 'does not let the user reader in: permission denied for database "postgres"' in str(error)


def test_permission_to_read_is_enough(database: Database, reader: DatabaseAddress) -> None:
    database.connection.execute(b"grant select on asset, asset_file to reader")
    assert len(list(stream(reader))) == 1


def test_an_answer_that_does_not_come_in_time(database: Database, failure_of: FailureOf) -> None:
    fill(database.connection, 1)
    with database.postgres.connect() as other, other.transaction():
        other.execute(b"lock table asset in access exclusive mode")
        error = failure_of(evolve(database.address, timeout=0.1))
    assert isinstance(error, ServerUnreachable)
    assert "did not answer within 0.1 s (canceling statement due to statement timeout). Raise --db-timeout." in str(
        error
    )


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    """Somebody who signs certificates."""
    return trustme.CA()


@pytest.fixture
def trusted(authority: trustme.CA, tmp_path: Path) -> Path:
    """The authority's own certificate, as a file."""
    authority.cert_pem.write_to_path(tmp_path / "authority.pem")
    return tmp_path / "authority.pem"


def server_side(authority: trustme.CA, name: str) -> ssl.SSLContext:
    """A server with a certificate for `name`."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(name).configure_cert(context)
    return context


@pytest.mark.parametrize("mode", [TlsMode.REQUIRE, TlsMode.VERIFY_CA, TlsMode.VERIFY_FULL])
def test_a_certificate_that_is_in_order(
    database: Database, authority: trustme.CA, trusted: Path, mode: TlsMode
) -> None:
    fill(database.connection, 1)
    with tls_before(database.postgres.port, server_side(authority, "127.0.0.1")) as port:
        assert len(list(stream(evolve(database.address, port=port, tls=mode, ca_file=trusted)))) == 1


def test_a_certificate_of_somebody_else(
    postgres: Postgres, authority: trustme.CA, trusted: Path, failure_of: FailureOf
) -> None:
    with tls_before(postgres.port, server_side(authority, "immich.example")) as port:
        address = evolve(postgres.address(), port=port, tls=TlsMode.VERIFY_FULL, ca_file=trusted)
        error = failure_of(address)
    assert isinstance(error, ServerUnreachable)
    assert "The TLS certificate of the database" in str(error)
    assert "does not match host name" in str(error)


def test_a_certificate_from_nobody_known(postgres: Postgres, trusted: Path, failure_of: FailureOf) -> None:
    with tls_before(postgres.port, server_side(trustme.CA(), "127.0.0.1")) as port:
        address = evolve(postgres.address(), port=port, tls=TlsMode.VERIFY_CA, ca_file=trusted)
        error = failure_of(address)
    assert isinstance(error, ServerUnreachable)
    assert "certificate verify failed" in str(error)


def test_a_file_of_authorities_that_is_not_there(
    postgres: Postgres, authority: trustme.CA, tmp_path: Path, failure_of: FailureOf
) -> None:
    with tls_before(postgres.port, server_side(authority, "127.0.0.1")) as port:
        address = evolve(postgres.address(), port=port, tls=TlsMode.VERIFY_FULL, ca_file=tmp_path / "none.pem")
        error = failure_of(address)
    assert isinstance(error, UsageError)
    assert "name a file with --db-ca-file" in str(error)
