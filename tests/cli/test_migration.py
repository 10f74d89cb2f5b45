"""The migration pages name every variable and flag of the older tools, and what they say of these is what the commands do."""

from __future__ import annotations

import io
import shlex
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

import pytest

from docs.migration_pages import Command, page
from docs.older import OlderTool, Setting, older_tools
from docs.pages import commands, keep
from immich_tools.cli import toolkit_app
from immich_tools.errors import UsageError
from immich_tools.folder_albums.older import LONG_OPTIONS
from immich_tools.settings import Invocation, Surroundings, current_invocation
from immich_tools.settings.application import Parsed, parse

OLDER: Final = {
    "duplicates": (
        "IMMICH_SERVER IMMICH_API_KEY IMMICH_ENABLE_LOG IMMICH_DRY_RUN IMMICH_DEFINITELY IMMICH_ONLY_PAIRS IMMICH_KEEP_METADATA "
        "IMMICH_TRANSFER_METADATA IMMICH_CONFIRM IMMICH_REQUEST_TIMEOUT IMMICH_DELETE_BATCH_SIZE"
    ),
    "folder-albums": (
        "ROOT_PATH API_URL API_KEY API_KEY_FILE UNATTENDED ALBUM_LEVELS ALBUM_SEPARATOR ALBUM_NAME_POST_REGEX1 CHUNK_SIZE "
        "FETCH_CHUNK_SIZE LOG_LEVEL INSECURE IGNORE IGNORE_REGEX1 PATH_FILTER PATH_FILTER_REGEX1 MODE DELETE_CONFIRM SHARE_WITH "
        "SHARE_ROLE SYNC_MODE ALBUM_ORDER FIND_ASSETS_IN_ALBUMS SET_ALBUM_THUMBNAIL VISIBILITY ARCHIVE FIND_ARCHIVED_ASSETS "
        "READ_ALBUM_PROPERTIES API_TIMEOUT COMMENTS_AND_LIKES UPDATE_ALBUM_PROPS_MODE MAX_RETRY_COUNT THREADS CRON_EXPRESSION "
        "RUN_IMMEDIATELY TZ IS_DOCKER "
        "root_path api_url api_key --api-key -t --api-key-type -r --root-path -u --unattended -a --album-levels -s --album-separator "
        "-R --album-name-post-regex -c --chunk-size -C --fetch-chunk-size -l --log-level -k --insecure -i --ignore --ignore-regex "
        "-f --path-filter --path-filter-regex -m --mode -d --delete-confirm -x --share-with -o --share-role -S --sync-mode "
        "-O --album-order -A --find-assets-in-albums --set-album-thumbnail --visibility --find-archived-assets -v --archive "
        "--read-album-properties --api-timeout --comments-and-likes-enabled --comments-and-likes-disabled --update-album-props-mode "
        "--max-retry-count --threads"
    ),
    "missing-originals": (
        "IMMICH_URL IMMICH_API_KEY CRON_EXPRESSION RUN_AT_FIRST_STARTUP DRY_RUN MAX_MISSING_RATIO IMMICH_UPLOAD_PATH DB_HOSTNAME "
        "DB_PORT DB_DATABASE_NAME DB_USERNAME DB_PASSWORD"
    ),
    "album-backup": "API_KEYS API_KEY IMMICH_SERVER IMMICH_PORT EXTERNAL_LIB_PATHS DRY_RUN WEBUI_IP WEBUI_PORT",
    "faceless-album": (
        "IMMICH_URL API_KEY ALBUM_NAME LOG_FILE_PATH ENABLE_EMAIL_ON_ERROR EMAIL_SMTP_SERVER EMAIL_SMTP_PORT EMAIL_USERNAME "
        "EMAIL_PASSWORD EMAIL_TO EMAIL_FROM"
    ),
}
"""The variables and flags of the older tools, as their own documentation lists them."""

APP: Final = toolkit_app()
TOOLS: Final = {tool.command: tool for tool in older_tools()}
PRESENT: Final = [
    (tool, setting)
    for tool in TOOLS.values()
    for setting in tool.settings
    if {tool.command, setting.command or tool.command} <= set(commands(APP))
]
"""The settings whose commands are there."""


def names(tool: OlderTool) -> list[str]:
    return [name for setting in tool.settings for name in (setting.name, *setting.flags)]


def called(value: object) -> str:
    """How a case is called in a report."""
    if isinstance(value, OlderTool):
        return value.command
    return value.name if isinstance(value, Setting) else repr(value)


def read(tool: OlderTool, folder: Path, argv: Sequence[str], environment: Mapping[str, str]) -> tuple[Parsed, ...]:
    """What a command understands, without doing it."""
    for name, text in tool.files.items():
        (folder / name).write_text(text)
    world = Surroundings(
        environment={**tool.surroundings, **environment},
        working_folder=folder,
        configuration_folder=folder,
        state_folder=folder,
        stdout=io.StringIO(),
        stderr=io.StringIO(),
    )
    reset = current_invocation.set(Invocation(world))
    try:
        return parse(APP, argv)
    finally:
        current_invocation.reset(reset)


@pytest.mark.parametrize("command", OLDER)
def test_every_variable_and_flag_has_its_place(command: str) -> None:
    assert sorted(names(TOOLS[command])) == sorted(OLDER[command].split())


def test_every_tool_that_took_the_place_of_an_older_one_is_there() -> None:
    assert set(TOOLS) == set(OLDER)


@pytest.mark.parametrize("command", sorted(set(TOOLS) & set(commands(APP))))
def test_the_page_shows_every_name(command: str) -> None:
    rows = [line for line in page(APP, TOOLS[command]).splitlines() if line.startswith("| `")]
    for name in names(TOOLS[command]):
        assert any(f"`{name}`" in line.split(" | ")[0] for line in rows)


@pytest.mark.parametrize(
    ("tool", "setting", "value", "flags"),
    [(tool, setting, value, flags) for tool, setting in PRESENT for value, flags in setting.means.items()],
    ids=called,
)
def test_a_variable_means_what_the_page_says(
    tmp_path: Path, tool: OlderTool, setting: Setting, value: str, flags: str
) -> None:
    command = setting.command or tool.command
    without = {name: text for name, text in tool.surroundings.items() if name != setting.name}
    nothing = read(tool, tmp_path, [command], {})
    variable = read(tool, tmp_path, [command], {setting.name: value})
    typed = read(tool, tmp_path, [command, *shlex.split(flags)], without)
    assert variable == typed
    if setting.name not in tool.surroundings:
        assert variable[0].given > nothing[0].given


@pytest.mark.parametrize(
    ("tool", "setting", "value"),
    [(tool, setting, value) for tool, setting in PRESENT for value in setting.refuses],
    ids=called,
)
def test_a_value_that_the_page_calls_wrong_is_refused(
    tmp_path: Path, tool: OlderTool, setting: Setting, value: str
) -> None:
    with pytest.raises(UsageError):
        read(tool, tmp_path, [setting.command or tool.command], {setting.name: value})


@pytest.mark.parametrize(
    ("tool", "setting", "flag"),
    [(tool, setting, flag) for tool, setting in PRESENT for flag in setting.flags],
    ids=called,
)
def test_a_flag_of_the_older_command_line_is_that_option(tool: OlderTool, setting: Setting, flag: str) -> None:
    command = Command.of(APP, setting.command or tool.command)
    reading = command.reading(setting)
    assert reading is not None
    assert flag in command.flags(reading.option)


def test_all_long_options_of_the_older_command_line_may_be_abbreviated() -> None:
    long = {name for name in names(TOOLS["folder-albums"]) if name.startswith("--")}
    assert set(LONG_OPTIONS) == long | {"--help"}


@pytest.mark.parametrize(("tool", "setting"), PRESENT, ids=called)
def test_what_the_page_says_is_not_read_is_not(tool: OlderTool, setting: Setting) -> None:
    reading = Command.of(APP, setting.command or tool.command).reading(setting)
    assert (reading is None) == bool(setting.instead)


@pytest.mark.parametrize("command", commands(APP))
def test_no_older_name_is_read_that_no_page_tells(command: str) -> None:
    known = {name for tool in TOOLS.values() for name in names(tool)}
    prefix = "IMMICH_" + command.replace("-", "_").upper() + "_"
    assert {name for name in Command.of(APP, command).older_names() if not name.startswith(prefix)} <= known


def test_a_page_that_is_out_of_date_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pages = {tmp_path / "a.md": "one\n", tmp_path / "b.md": "two\n"}
    assert keep(pages, only_check=True) == 1
    assert not list(tmp_path.iterdir())
    assert keep(pages, only_check=False) == 0
    assert keep(pages, only_check=True) == 0
    capsys.readouterr()
    (tmp_path / "b.md").write_text("older\n")
    assert keep(pages, only_check=True) == 1
    assert "b.md is not up to date" in capsys.readouterr().err
