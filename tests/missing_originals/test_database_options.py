"""Where a database is: one URL, single options, or both where they agree; and how they are read from flags and environment."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Annotated, Any, Final

import pytest
from attrs import evolve
from cyclopts import Parameter

from immich_tools.errors import UsageError
from immich_tools.missing_originals.database_options import DatabaseAddress, DatabaseOptions, TlsMode
from immich_tools.secret import Secret
from immich_tools.settings import Surroundings, make_app, run

CANARY: Final = "canary"
PLAIN: Final = DatabaseAddress()


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("postgresql://", PLAIN),
        ("postgres://db", evolve(PLAIN, host="db")),
        ("POSTGRESQL://DB:6543/Photos", evolve(PLAIN, host="DB", port=6543, name="Photos")),
        ("postgresql://ben@db/", evolve(PLAIN, host="db", user="ben")),
        ("postgresql://ben:@db", evolve(PLAIN, host="db", user="ben")),
        (
            "postgresql://ben:pass@[::1]:99/x",
            evolve(PLAIN, host="::1", port=99, name="x", user="ben", password=Secret("pass")),
        ),
        (
            "postgresql://b%40n:p%2F%3F%23%25%40:%C3%A9@db",
            evolve(PLAIN, host="db", user="b@n", password=Secret("p/?#%@:é")),
        ),
        ("postgresql://ben:p@ss@db", evolve(PLAIN, host="db", user="ben", password=Secret("p@ss"))),
        ("postgresql:///immich?host=/run/Postgresql", evolve(PLAIN, host="/run/Postgresql")),
        ("postgresql://%2Frun%2FPostgresql/immich", evolve(PLAIN, host="/run/Postgresql")),
        ("postgresql://db?sslmode=require&uselibpqcompat=true", evolve(PLAIN, host="db", tls=TlsMode.REQUIRE)),
        ("postgresql://db?sslmode=no-verify", evolve(PLAIN, host="db", tls=TlsMode.REQUIRE)),
        ("postgresql://db?ssl=no-verify", evolve(PLAIN, host="db", tls=TlsMode.REQUIRE)),
        ("postgresql://db?ssl=require", evolve(PLAIN, host="db", tls=TlsMode.REQUIRE)),
        ("postgresql://db?ssl=false", evolve(PLAIN, host="db", tls=TlsMode.DISABLE)),
        ("postgresql://db?ssl=true", evolve(PLAIN, host="db", tls=TlsMode.VERIFY_FULL, ca_file=Path("system"))),
        ("postgresql://db?ssl=1", evolve(PLAIN, host="db", tls=TlsMode.VERIFY_FULL, ca_file=Path("system"))),
        ("postgresql://db?ssl=true&sslmode=no-verify", evolve(PLAIN, host="db", tls=TlsMode.REQUIRE)),
        (
            "postgresql://db?ssl=true&sslrootcert=/ca.pem",
            evolve(PLAIN, host="db", tls=TlsMode.VERIFY_FULL, ca_file=Path("/ca.pem")),
        ),
        (
            "postgresql://db?sslrootcert=/ca.pem",
            evolve(PLAIN, host="db", tls=TlsMode.VERIFY_FULL, ca_file=Path("/ca.pem")),
        ),
    ],
)
def test_url(url: str, expected: DatabaseAddress) -> None:
    assert DatabaseOptions(url=Secret(url)).address() == expected


FORM: Final = "is not of the form postgresql://USER:PASSWORD@HOST:PORT/NAME"


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("canary", FORM),
        ("mysql://ben:canary@db", FORM),
        ("postgresql:ben:canary@db", FORM),
        ("postgresql://ben:can/ary@db", FORM),
        ("postgresql://ben:can?ary@db", FORM),
        ("postgresql://ben:canary#@db", FORM),
        ("postgresql://ben:100%canary@db", FORM),
        ("postgresql://ben:canary@db:port", FORM),
        ("postgresql://ben:canary@db:0", FORM),
        ("postgresql://ben:canary@db:65536", FORM),
        ("postgresql://ben:canary@db/a/b", FORM),
        ("postgresql://ben:canary@one:1,two:2/immich", FORM),
        ("postgresql://ben:canary%0A@db", "the password in the database URL holds a line break"),
        ("postgresql://db?password=canary", "has a parameter other than host, ssl, sslmode and sslrootcert"),
        ("postgresql://ben:canary@db?sslmode=on", "sslmode in the database URL is none of disable, allow"),
        ("postgresql://ben:canary@db?ssl=canary", "ssl in the database URL is none of disable, allow"),
        ("postgresql://ben:canary@db?ssl=", "ssl in the database URL is none of disable, allow"),
        ("postgresql://ben:canary@db?sslmode=prefer&sslrootcert=/ca.pem", "--db-ca-file has no effect"),
    ],
)
def test_a_url_that_cannot_be_used_is_not_quoted(url: str, words: str) -> None:
    with pytest.raises(UsageError, match=r"^[^\n]+$") as refusal:
        DatabaseOptions(url=Secret(url)).address()
    assert words in str(refusal.value)
    assert CANARY not in str(refusal.value)
    assert refusal.value.__context__ is None


URL: Final = Secret("postgresql://ben:canary@db:6543/photos?sslmode=require")


@pytest.mark.parametrize(
    ("options", "flag"),
    [
        ({"host": "other"}, "--db-host"),
        ({"port": 5432}, "--db-port"),
        ({"name": "immich"}, "--db-name"),
        ({"user": "postgres"}, "--db-user"),
        ({"password": Secret("other")}, "--db-password-file"),
        ({"tls": TlsMode.PREFER}, "--db-ssl-mode"),
    ],
)
def test_an_option_that_says_something_else_than_the_url(options: dict[str, Any], flag: str) -> None:
    with pytest.raises(UsageError, match="contradict each other") as refusal:
        DatabaseOptions(url=URL, **options).address()
    assert flag in str(refusal.value)
    assert CANARY not in str(refusal.value)


def test_an_option_that_says_the_same_as_the_url_or_what_it_leaves_open() -> None:
    same = DatabaseOptions(url=URL, host="db", port=6543, name="photos", user="ben", password=Secret("canary"))
    assert same.address() == DatabaseOptions(url=URL).address()
    completed = DatabaseOptions(
        url=Secret("postgresql://db"), password=Secret("canary"), connect_timeout=3, timeout=2.5
    )
    assert completed.address() == evolve(PLAIN, host="db", password=Secret("canary"), connect_timeout=3, timeout=2.5)


def test_a_file_of_authorities_is_of_no_use_without_verifying() -> None:
    with pytest.raises(UsageError, match="--db-ca-file has no effect with --db-ssl-mode disable; use verify-full"):
        DatabaseOptions(ca_file=Path("/ca.pem"), tls=TlsMode.DISABLE).address()
    assert DatabaseOptions(ca_file=Path("/ca.pem")).address().tls is TlsMode.VERIFY_FULL


@pytest.mark.parametrize(
    "options", [{"url": URL}, {"host": "db"}, {"port": 1}, {"name": "x"}, {"user": "x"}, {"password": Secret("x")}]
)
def test_any_part_of_an_address_configures_a_database(options: dict[str, Any]) -> None:
    assert DatabaseOptions(**options).is_given


def test_without_any_there_is_none() -> None:
    assert not DatabaseOptions(tls=TlsMode.REQUIRE, timeout=1).is_given


def read(folder: Path, environment: dict[str, str], *flags: str) -> tuple[int, str, list[DatabaseOptions]]:
    """Run a command that takes the options; give its exit code, all it printed, and the options."""
    taken: list[DatabaseOptions] = []

    def take(*, database: Annotated[DatabaseOptions, Parameter(name="*")] = DatabaseOptions()) -> None:
        taken.append(database)
        database.address()

    app = make_app("immich-missing-originals", "Test.", table="missing-originals")
    app.default(take)
    output = io.StringIO()
    world = Surroundings(
        environment=environment,
        working_folder=folder,
        configuration_folder=folder,
        state_folder=folder,
        stdout=output,
        stderr=output,
    )
    return run(app, flags, world), output.getvalue(), taken


def test_the_variables_of_the_older_tool_and_of_immich(tmp_path: Path) -> None:
    environment = {
        "DB_HOSTNAME": "db",
        "DB_PORT": "6543",
        "DB_DATABASE_NAME": "photos",
        "DB_USERNAME": "ben",
        "DB_PASSWORD": "canary",
        "DB_SSL_MODE": "require",
    }
    code, printed, (options,) = read(tmp_path, environment)
    assert (code, printed) == (0, "")
    assert options.address() == DatabaseOptions(url=URL).address()


def test_flags_and_files(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("canary\n")
    flags = ("--db-host", "db", "--db-port=6543", "--db-name", "photos", "--db-user", "ben", "--db-ssl-mode", "require")
    for given in (
        read(tmp_path, {}, *flags, "--db-password-file", "secret"),
        read(tmp_path, {"DB_PASSWORD_FILE": "secret"}, *flags),
    ):
        assert given[:2] == (0, "")
        assert given[2][0].address() == DatabaseOptions(url=URL).address()
    (tmp_path / "url").write_text(URL.reveal())
    assert read(tmp_path, {}, "--db-url-file", "url")[2] == [DatabaseOptions(url=URL)]
    assert read(tmp_path, {"DB_URL": URL.reveal()})[2] == [DatabaseOptions(url=URL)]


@pytest.mark.parametrize(
    ("environment", "words"),
    [
        ({"DB_PASSWORD": ""}, "DB_PASSWORD: is empty"),
        ({"DB_HOSTNAME": ""}, "DB_HOSTNAME: is empty"),
        ({"DB_PORT": "0"}, "DB_PORT: 0 must be >= 1"),
        ({"DB_PORT": "54x"}, "DB_PORT: '54x' is not a whole number"),
        ({"DB_CONNECT_TIMEOUT": "1"}, "DB_CONNECT_TIMEOUT: 1 must be >= 2"),
        ({"DB_TIMEOUT": "0"}, "DB_TIMEOUT: 0.0 must be >= 0.001"),
        ({"DB_SSL_MODE": "no-verify"}, "DB_SSL_MODE"),
        ({"DB_PASSWORD": "canary", "DB_PASSWORD_FILE": "canary"}, "are both set"),
        ({"DB_URL": "postgresql://ben:canary@db:x"}, FORM),
        ({"DB_URL": "postgresql://ben:canary@db", "DB_USERNAME": "anna"}, "contradict each other"),
        ({"DB_URL": "postgresql://canary@db", "DB_PASSWORD": "canary", "DB_HOSTNAME": "x"}, "contradict each other"),
    ],
)
def test_refused_with_one_line(tmp_path: Path, environment: dict[str, str], words: str) -> None:
    code, printed, _taken = read(tmp_path, environment)
    assert code == 2
    assert printed.count("\n") == 1
    assert words in printed
    assert CANARY not in printed


def test_the_password_in_a_url_stays_out_of_a_crash_report(tmp_path: Path) -> None:
    def crash(*, database: Annotated[DatabaseOptions, Parameter(name="*")] = DatabaseOptions()) -> None:
        password = database.address().password
        assert password is not None
        raise ValueError(f"{password.reveal()} and can%61ry-2024")

    app = make_app("immich-missing-originals", "Test.", table="missing-originals")
    app.default(crash)
    output = io.StringIO()
    environment = {"DB_URL": "postgresql://ben:can%61ry-2024@db", "IMMICH_VERBOSE": "yes"}
    world = Surroundings(
        environment=environment, working_folder=tmp_path, configuration_folder=tmp_path, state_folder=tmp_path
    )
    assert run(app, [], evolve(world, stdout=output, stderr=output)) == 1
    reports = [path.read_text() for path in (tmp_path / "crashes").iterdir()]
    assert len(reports) == 1
    for text in (output.getvalue(), *reports):
        assert CANARY not in text
        assert "can%61ry-2024" not in text
