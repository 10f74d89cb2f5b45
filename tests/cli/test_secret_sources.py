"""Secrets are read in one way wherever they stand: in variables, ``.env``, tables, lists and files."""

from __future__ import annotations

import io
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, ClassVar

import pytest
from attrs import fields, frozen
from cyclopts import Parameter

from immich_tools.album_backup.older import Connection as BackupConnection
from immich_tools.cli import toolkit_app
from immich_tools.errors import ExitCode
from immich_tools.faceless_album.cli import Connection as FacelessConnection
from immich_tools.folder_albums.older import Keys
from immich_tools.missing_originals.database_options import DatabaseOptions
from immich_tools.secret import Secret
from immich_tools.service.options import NotificationOptions
from immich_tools.settings import (
    ConnectionOptions,
    EachAccountOptions,
    OutputOptions,
    SourceOptions,
    Surroundings,
    make_app,
    run,
)

KEY = "Kq7ZrV0secretsecretsecretsecretsecret42"
SECOND = "Bx9TqW1secretsecretsecretsecretsecret43"
SHORT = "pg-2024"


@frozen
class Ended:
    """How a command ended, and what it got."""

    code: int
    text: str
    values: dict[str, Any]


OPTIONS = (ConnectionOptions(), DatabaseOptions(), NotificationOptions(), OutputOptions(), SourceOptions())


def start(folder: Path, *argv: str, environment: Mapping[str, str] | None = None, toml: str = "") -> Ended:
    """Run a command that takes every option that is a secret."""
    (folder / "immich-toolkit.toml").write_text(toml, encoding="utf-8")
    output = io.StringIO()
    world = Surroundings(
        environment=environment or {},
        working_folder=folder,
        configuration_folder=folder,
        state_folder=folder / "state",
        stdout=output,
        stderr=output,
    )
    seen: dict[str, Any] = {}
    app = make_app("immich-example", "An example.", table="missing-originals")

    @app.default
    def command(
        *,
        connection: Annotated[ConnectionOptions, Parameter(name="*")] = OPTIONS[0],
        database: Annotated[DatabaseOptions, Parameter(name="*")] = OPTIONS[1],
        notifications: Annotated[NotificationOptions, Parameter(name="*")] = OPTIONS[2],
        output: Annotated[OutputOptions, Parameter(name="*")] = OPTIONS[3],
        source: Annotated[SourceOptions, Parameter(name="*")] = OPTIONS[4],
    ) -> None:
        seen.update(connection=connection, database=database, notifications=notifications)

    code = run(app, argv, world)
    return Ended(code, output.getvalue(), seen)


SECRETS = {
    "--api-key-file": "IMMICH_API_KEY",
    "--db-url-file": "DB_URL",
    "--db-password-file": "DB_PASSWORD",
    "--notify-urls-file": "IMMICH_NOTIFY_URLS",
    "--webhook-url-file": "IMMICH_WEBHOOK_URL",
    "--ping-url-file": "IMMICH_PING_URL",
    "--email-password-file": "EMAIL_PASSWORD",
}
"""Every flag that names a secret's file, and the variable that holds the secret itself."""


def test_the_table_of_secrets_is_complete() -> None:
    classes = (ConnectionOptions, BackupConnection, FacelessConnection, Keys, DatabaseOptions, NotificationOptions)
    found = {field.name for each in classes for field in fields(each) if "Secret" in str(field.type)}
    assert {name.replace("_", "-") for name in found} == {
        flag.removeprefix("--").removesuffix("-file").removeprefix("db-") for flag in SECRETS
    }


@pytest.mark.parametrize("value", [KEY, SHORT, f'"{KEY}"', "x" * 5000], ids=["key", "short", "quoted", "long"])
@pytest.mark.parametrize("flag", SECRETS)
def test_a_secret_given_as_the_path_of_its_file_is_not_shown(tmp_path: Path, flag: str, value: str) -> None:
    variable = SECRETS[flag]
    table = "server" if flag == "--api-key-file" else "missing-originals"
    key = flag.removeprefix("--")
    attempts = [
        (start(tmp_path, environment={f"{variable}_FILE": value}), f"{variable}_FILE", variable),
        (start(tmp_path, f"{flag}={value}"), flag, variable),
        (start(tmp_path, toml=f"[{table}]\n{key} = '{value}'\n"), f"{key} in [{table}]", key.removesuffix("-file")),
        (start(tmp_path, "--json", environment={f"{variable}_FILE": value}), f"{variable}_FILE", variable),
    ]
    (tmp_path / "immich-toolkit.toml").unlink()
    (tmp_path / ".env").write_text(f"{variable}_FILE={value}\n")
    attempts.append((start(tmp_path, "--summary-file", "summary"), f"{variable}_FILE in ", variable))
    for ended, name, instead in attempts:
        assert ended.code == ExitCode.USAGE
        assert (
            name in ended.text and f"holds no readable path. Is it the secret itself? Then set {instead}." in ended.text
        )
        assert value.strip('"') not in ended.text
    assert value.strip('"') not in (tmp_path / "summary").read_text()


def test_keys_of_several_accounts_given_as_paths_are_not_shown(tmp_path: Path) -> None:
    words = ["folder-albums", "--url", "http://127.0.0.1:9", "--root-path", "/photos"]
    table = f"[[account]]\nname = 'anna'\napi-key-file = '{KEY}'\n"
    attempts: list[tuple[list[str], dict[str, str], str]] = [
        ([*words, "-t", "file", "--api-key", KEY], {}, ""),
        (words, {"API_KEY_FILE": f"{KEY}:{SECOND}"}, ""),
        (words, {}, table),
        (["schedule"], {}, f"[[job]]\ntool='duplicates'\ncron='0 3 * * *'\noptions.api-key-file = '{KEY}'\n"),
    ]
    for argv, environment, toml in attempts:
        (tmp_path / "immich-toolkit.toml").write_text(toml)
        output = io.StringIO()
        world = Surroundings(
            environment=environment,
            working_folder=tmp_path,
            configuration_folder=tmp_path,
            stdout=output,
            stderr=output,
        )
        assert run(toolkit_app(), argv, world) == ExitCode.USAGE
        assert "holds no readable path" in output.getvalue()
        assert KEY not in output.getvalue() and SECOND not in output.getvalue()


def test_a_file_that_is_there_is_named_when_it_holds_no_secret(tmp_path: Path) -> None:
    (tmp_path / "empty").write_text("\n")
    (tmp_path / "folder").mkdir()
    for name, reason in (("empty", "is empty"), ("folder", "Is a directory")):
        ended = start(tmp_path, environment={"IMMICH_API_KEY_FILE": name})
        assert ended.code == ExitCode.USAGE
        assert f"IMMICH_API_KEY_FILE: secret file {tmp_path / name}: {reason}" in ended.text


@pytest.mark.parametrize("quote", ['"', "'", ""])
def test_quotes_around_a_secret_are_dropped_wherever_it_stands(tmp_path: Path, quote: str) -> None:
    def quoted(text: str) -> str:
        return f"{quote}{text}{quote}"

    (tmp_path / "key").write_text(quoted(KEY) + "\n")
    for ended in (
        start(tmp_path, environment={"IMMICH_API_KEY": quoted(KEY)}),
        start(tmp_path, environment={"IMMICH_API_KEY_FILE": quoted("key")}),
        start(tmp_path, "--api-key-file", "key"),
        start(tmp_path, toml="[server]\napi-key-file = 'key'"),
        start(tmp_path, toml=f"[server]\napi-key = {json.dumps(quoted(KEY))}"),
    ):
        assert ended.values["connection"].api_key == Secret(KEY)
    (tmp_path / "immich-toolkit.toml").unlink()
    assert start(tmp_path, environment={"DB_PASSWORD": quoted(SHORT)}).values["database"].password == Secret(SHORT)


@frozen(kw_only=True)
class Several(EachAccountOptions):
    """Lists of keys as the older tool has them."""

    key_lists: ClassVar[tuple[str, ...]] = ("API_KEY",)


SEVERAL = Several()


@pytest.mark.parametrize(
    "environment",
    [
        {"IMMICH_API_KEYS": f'"{KEY}","{SECOND}"'},
        {"IMMICH_API_KEYS": f"'{KEY}', '{SECOND}'"},
        {"IMMICH_API_KEYS": f'"{KEY},{SECOND}"'},
        {"IMMICH_API_KEYS": f"'anna:{KEY},ben:{SECOND}'"},
        {"IMMICH_API_KEYS": f'anna:"{KEY}",ben:"{SECOND}"'},
        {"IMMICH_API_KEYS": f'"anna:{KEY}","ben:{SECOND}"'},
        {"API_KEYS": f'"anna: {KEY}" , "ben: {SECOND}"'},
        {"API_KEY": f'"{KEY}:{SECOND}"'},
        {"API_KEY": f"'{KEY}':'{SECOND}'"},
        {"API_KEY_FILE": '"keys"'},
        {"API_KEY_FILE": "'first':'second'"},
    ],
    ids=str,
)
def test_quotes_in_lists_of_keys_are_dropped(tmp_path: Path, environment: dict[str, str]) -> None:
    (tmp_path / "keys").write_text(f"\"{KEY}\"\n'{SECOND}'\n")
    (tmp_path / "first").write_text(f"'{KEY}'")
    (tmp_path / "second").write_text(f'"{SECOND}"')
    keys: list[Secret] = []
    app = make_app("immich-example", "An example.", table="folder-albums")

    @app.default
    def command(
        *,
        connection: Annotated[ConnectionOptions, Parameter(name="*")] = OPTIONS[0],
        several: Annotated[Several, Parameter(name="*")] = SEVERAL,
        source: Annotated[SourceOptions, Parameter(name="*")] = OPTIONS[4],
    ) -> None:
        assert connection.api_key is not None
        keys.append(connection.api_key)

    output = io.StringIO()
    world = Surroundings(
        environment=environment, working_folder=tmp_path, configuration_folder=tmp_path, stdout=output, stderr=output
    )
    assert (run(app, [], world), output.getvalue()) == (0, "")
    assert keys == [Secret(KEY), Secret(SECOND)]


def test_database_options_are_read_from_files_as_immich_reads_them(tmp_path: Path) -> None:
    for name, text in (("host", "db\n"), ("name", " photos\n"), ("user", "ben"), ("password", "canary-2024\n")):
        (tmp_path / name).write_text(text)
    environment = {
        "DB_HOSTNAME_FILE": "host",
        "DB_DATABASE_NAME_FILE": '"name"',
        "DB_USERNAME_FILE": "user",
        "DB_PASSWORD_FILE": "password",
    }
    ended = start(tmp_path, environment=environment)
    assert ended.text == ""
    address = ended.values["database"].address()
    assert (address.host, address.name, address.user) == ("db", "photos", "ben")
    assert address.password == Secret("canary-2024")


@pytest.mark.parametrize(
    ("environment", "words"),
    [
        ({"DB_USERNAME_FILE": "none"}, "DB_USERNAME_FILE: cannot read none: No such file or directory"),
        ({"DB_USERNAME_FILE": ""}, "DB_USERNAME_FILE: is empty"),
        ({"DB_USERNAME_FILE": "empty"}, "DB_USERNAME_FILE: is empty"),
        ({"DB_USERNAME_FILE": "two"}, "DB_USERNAME_FILE: two holds more than one line"),
        ({"DB_USERNAME_FILE": "bytes"}, "DB_USERNAME_FILE: is not UTF-8 text"),
        ({"DB_USERNAME_FILE": "two", "DB_USERNAME": "ben"}, "DB_USERNAME and DB_USERNAME_FILE are both set"),
    ],
)
def test_a_file_that_holds_no_value_is_refused(tmp_path: Path, environment: dict[str, str], words: str) -> None:
    (tmp_path / "empty").write_text("")
    (tmp_path / "two").write_text("ben\ncara")
    (tmp_path / "bytes").write_bytes(b"\xff")
    ended = start(tmp_path, environment=environment)
    assert (ended.code, ended.text.count("\n")) == (ExitCode.USAGE, 1)
    assert words in ended.text


@pytest.mark.parametrize("name", ["DB_PORT_FILE", "IMMICH_URL_FILE", "IMMICH_TIMEOUT_FILE", "DB_USERNAM_FILE"])
def test_a_file_variable_that_nobody_reads_is_reported(tmp_path: Path, name: str) -> None:
    ended = start(tmp_path, environment={name: "file"})
    assert ended.code == 0
    assert f"unknown environment variable {name}; did you mean " in ended.text
