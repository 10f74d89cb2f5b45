"""Bad input is one clear line with its own exit code, changes nothing, and tells no password."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import psycopg
import pytest

from immich_tools.errors import ExitCode
from tests.missing_originals.postgres import PASSWORD, Postgres, free_port
from tests.tools.command_line import CommandLine, Result
from tests.tools.originals import Originals
from tests.tools.server import TAKEN, Server
from tests.tools.snapshot import snapshot

CANARY = PASSWORD.split()[0]


@pytest.fixture
def library(in_database: Originals) -> Originals:
    """Three uploads, one of them missing."""
    for number in range(3):
        in_database.server.photo(f"{number}.jpg", taken=TAKEN + timedelta(days=number))
    in_database.server.settle()
    in_database.fill()
    in_database.lose("0.jpg")
    in_database.mirror()
    return in_database


def refused(library: Originals, arguments: tuple[str, ...], variables: Mapping[str, str]) -> Result:
    """Run with everything right but what is given; nothing may change, and one line says why."""
    before = snapshot(library.server)
    own = {"IMMICH_API_KEY": library.shell.key, **variables}
    given = ("--map", f"{library.location}={library.path}", "--recheck-delay", "0", "--apply", *arguments)
    result = library.with_variables(own).shell_with_database().missing_originals(*given)
    assert result.code != ExitCode.DONE
    assert len(result.err.strip().splitlines()) == 1 and not result.out, result.err + result.out
    assert CANARY not in result.err and "bug" not in result.err
    assert snapshot(library.server) == before
    return result


@pytest.mark.parametrize(
    ("arguments", "variables", "code", "words"),
    [
        pytest.param((), {"DB_PASSWORD": f"{CANARY} but wrong"}, ExitCode.ACCESS, "DB_PASSWORD", id="wrong password"),
        pytest.param((), {"DB_USERNAME": "nobody"}, ExitCode.ACCESS, "DB_USERNAME", id="wrong user"),
        pytest.param((), {"DB_DATABASE_NAME": "imich"}, ExitCode.USAGE, "There is no database imich", id="no database"),
        pytest.param((), {"DB_HOSTNAME": "/nowhere"}, ExitCode.UNREACHABLE, "Cannot reach the database", id="no host"),
        pytest.param((), {"DB_PORT": "0"}, ExitCode.USAGE, "DB_PORT", id="no port"),
        pytest.param((), {"DB_PASSWORD": ""}, ExitCode.USAGE, "DB_PASSWORD", id="empty password"),
        pytest.param((), {"DB_SSL_MODE": "sometimes"}, ExitCode.USAGE, "DB_SSL_MODE", id="no such mode"),
        pytest.param(
            (),
            {"DB_URL": f"postgresql://u:{CANARY}@h:1/n"},
            ExitCode.USAGE,
            "contradict each other",
            id="two addresses",
        ),
        pytest.param((), {"DB_URL": f"mysql://u:{CANARY}@h/n"}, ExitCode.USAGE, "postgresql://USER", id="another url"),
        pytest.param(("--paths", "/my_photos/%"), {}, ExitCode.USAGE, "any one character", id="an underscore"),
        pytest.param(("--paths", "/nowhere"), {}, ExitCode.USAGE, "matches no asset", id="a pattern for nothing"),
        pytest.param((), {"IMMICH_UPLOAD_PATH": ""}, ExitCode.USAGE, "IMMICH_UPLOAD_PATH", id="an empty pattern"),
        pytest.param(("--map", "/nowhere=/tmp"), {}, ExitCode.USAGE, "no asset is in /nowhere", id="a map of nothing"),
        pytest.param(("--map", "/data"), {}, ExitCode.USAGE, "write SERVER=LOCAL", id="half a map"),
        pytest.param(
            ("--map", "/data/upload=~/media"), {}, ExitCode.USAGE, "not the whole path", id="a map to a shell's word"
        ),
        pytest.param(
            ("--map", "/data/upload=/mnt/../media"), {}, ExitCode.USAGE, "not the whole path", id="a map upwards"
        ),
        pytest.param((), {"MAX_MISSING_RATIO": "10"}, ExitCode.USAGE, "between 0 and 1", id="a percentage"),
        pytest.param(("--source", "tape"), {}, ExitCode.USAGE, "--source", id="no such source"),
        pytest.param(("--grace-runs", "0"), {}, ExitCode.USAGE, "--grace-runs", id="no run"),
        pytest.param(("--report-file", "report.txt"), {}, ExitCode.USAGE, ".json or .csv", id="no such report"),
    ],
)
def test_bad_input(
    library: Originals, arguments: tuple[str, ...], variables: dict[str, str], code: ExitCode, words: str
) -> None:
    result = refused(library, arguments, variables)
    assert result.code == code and words in result.err, result.err


def test_nobody_listens_there(library: Originals) -> None:
    result = refused(library, (), {"DB_PORT": str(free_port())})
    assert result.code == ExitCode.UNREACHABLE and "Connection refused" in result.err


@pytest.mark.parametrize(
    ("statement", "code", "words"),
    [
        ("drop table asset cascade", ExitCode.UNSUPPORTED, "has no table 'asset'"),
        ("delete from asset", ExitCode.USAGE, "holds no asset at all"),
        ("revoke all on asset from keyhole", ExitCode.ACCESS, "may not read Immich's tables"),
    ],
)
def test_what_the_tables_do_not_tell(
    library: Originals, postgres: Postgres, statement: str, code: ExitCode, words: str
) -> None:
    with postgres.connect() as connection:
        restrict(connection)
        connection.execute(statement.encode())
    variables = {"DB_USERNAME": "keyhole", "DB_PASSWORD": f"{CANARY} of keyhole"}
    result = refused(library, (), variables)
    assert result.code == code and words in result.err, result.err


def test_a_user_that_may_only_read_is_enough(library: Originals, postgres: Postgres) -> None:
    with postgres.connect() as connection:
        restrict(connection)
    variables = {"DB_USERNAME": "keyhole", "DB_PASSWORD": f"{CANARY} of keyhole", "IMMICH_API_KEY": library.shell.key}
    given = ("--map", f"{library.location}={library.path}", "--recheck-delay", "0", "--max-missing-ratio", "1")
    everything = ("--apply", "--verbose", "--report-file", "r.json", "--save-plan", "p.json", "--log-file", "log")
    result = library.with_variables(variables).shell_with_database().missing_originals(*given, *everything)
    assert result.code == ExitCode.DONE, result.err
    assert library.trashed() == {"0.jpg"} and CANARY not in result.err + result.out
    written = [path for path in library.shell.folder.rglob("*") if path.is_file()]
    assert {"r.json", "p.json", "log"} <= {path.name for path in written}
    assert not [path for path in written if CANARY.encode() in path.read_bytes()]


def restrict(connection: psycopg.Connection[Any]) -> None:
    """Let a user read the tables, and nothing else."""
    connection.execute(
        f"do $$ begin create role keyhole login password '{CANARY} of keyhole'; "
        "exception when duplicate_object then null; end $$".encode()
    )
    connection.execute(b"grant usage on schema public to keyhole")
    connection.execute(b"grant select on asset, asset_file to keyhole")


def test_a_server_without_assets_is_an_error(server: Server, shell: CommandLine) -> None:
    result = shell.missing_originals("--apply")
    assert result.code == ExitCode.USAGE and "has no asset at all" in result.err


def test_no_key_and_no_database(server: Server, shell: CommandLine) -> None:
    result = shell.with_environment({"IMMICH_URL": server.url}).missing_originals("--apply")
    assert result.code == ExitCode.USAGE and "no API key" in result.err
    result = shell.missing_originals("--apply", "--source", "database")
    assert result.code == ExitCode.USAGE and "set DB_HOSTNAME" in result.err


def test_the_variables_of_the_older_tool(library: Originals) -> None:
    older = {
        "IMMICH_API_KEY": library.shell.key,
        "DRY_RUN": "false",
        "MAX_MISSING_RATIO": "0.5",
        "CRON_EXPRESSION": "0 3 * * *",
        "RUN_AT_FIRST_STARTUP": "true",
        "IMMICH_UPLOAD_PATH": f"{library.location}/upload/%, {library.location}/%",
    }
    given = ("--map", f"{library.location}={library.path}", "--recheck-delay", "0")
    result = library.with_variables(older).shell_with_database().missing_originals(*given)
    assert result.code == ExitCode.DONE, result.err
    assert library.trashed() == {"0.jpg"}
