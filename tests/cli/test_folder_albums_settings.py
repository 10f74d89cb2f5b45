"""``immich-folder-albums`` takes the command line, the variables and the keys of immich-folder-album-creator."""

from __future__ import annotations

import io
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

import pytest
from attrs import Factory, frozen

from immich_tools.errors import ExitCode
from immich_tools.folder_albums.choices import Mode, SyncMode, UpdateMode
from immich_tools.folder_albums.cli import folder_albums
from immich_tools.folder_albums.levels import Rewrite
from immich_tools.folder_albums.older import LONG_OPTIONS, Changes, Connection, Keys, RunOptions, Said
from immich_tools.folder_albums.options import FolderAlbumsOptions
from immich_tools.sandbox import Dialect, Sandbox
from immich_tools.sandbox.serve import serve
from immich_tools.settings import Invocation, LogLevel, OutputOptions, Surroundings, current_invocation, make_app, run
from immich_tools.settings.abbreviations import completed
from immich_tools.settings.accounts import RunForEach
from tests.tools.command_line import CommandLine

KEY: Final = "Kq7ZrV0secretsecretsecretsecretsecretse42"
OTHER: Final = "Xy9AbC1secretsecretsecretsecretsecretse77"
ROOT: Final = {"ROOT_PATH": "/photos"}


@frozen
class Given:
    """What the command was given."""

    tool: FolderAlbumsOptions = Factory(FolderAlbumsOptions)
    changes: Changes = Factory(Changes)
    options: RunOptions = Factory(RunOptions)
    connection: Connection = Factory(Connection)
    keys: Keys = Factory(Keys)
    output: Said = Factory(Said)

    @property
    def rewrites(self) -> tuple[Rewrite, ...]:
        return self.tool.naming().rewrites

    @property
    def said(self) -> OutputOptions:
        """What is said in the end."""
        return self.output.resolved()


def surroundings(folder: Path, environment: Mapping[str, str]) -> Surroundings:
    return Surroundings(
        environment=environment,
        working_folder=folder,
        configuration_folder=folder,
        state_folder=folder,
        stdout=io.StringIO(),
        stderr=io.StringIO(),
    )


def app() -> Any:
    app = make_app("immich-folder-albums", "Albums.", table="folder-albums")
    app.default(folder_albums)
    return app


def given(folder: Path, *argv: str, environment: Mapping[str, str] | None = None, toml: str = "") -> list[Given]:
    """What the command is called with, for each account, without calling it."""
    (folder / "immich-toolkit.toml").write_text(toml)
    invocation = Invocation(surroundings(folder, {**ROOT, **(environment or {})}))
    reset = current_invocation.set(invocation)
    try:
        return list(_given(argv, invocation))
    finally:
        current_invocation.reset(reset)


def _given(argv: tuple[str, ...], invocation: Invocation) -> Iterator[Given]:
    def parsed() -> Given:
        _command, bound, _ignored = app().parse_args(completed(app(), argv), print_error=False, exit_on_error=False)
        assert not bound.args or set(bound.args) == {None}
        return Given(**{name: value for name, value in bound.kwargs.items() if name != "source"})

    try:
        yield parsed()
    except RunForEach as found:
        for invocation.turn in found.turns:
            yield parsed()


def refused(folder: Path, *argv: str, environment: Mapping[str, str] | None = None, toml: str = "") -> str:
    """The line that refuses it."""
    (folder / "immich-toolkit.toml").write_text(toml)
    world = surroundings(folder, environment or {})
    assert run(app(), argv, world) == ExitCode.USAGE
    assert isinstance(world.stderr, io.StringIO)
    said = world.stderr.getvalue()
    assert KEY not in said
    assert said.count("\n") == 1 + said.count("Warning: ")
    return said


@pytest.mark.parametrize(
    ("argv", "environment", "place", "expected"),
    [
        (["-r", "/a", "--root-path", "/b"], {}, "tool.root_path", ("/a", "/b")),
        ([], {"ROOT_PATH": "/a,/b c"}, "tool.root_path", ("/a", "/b c")),
        (["-a", "-2,-2"], {}, "tool.album_levels", "-2,-2"),
        (["-a=-2,-2"], {}, "tool.album_levels", "-2,-2"),
        (["-a", "-2"], {}, "tool.album_levels", "-2"),
        ([], {"ALBUM_LEVELS": "1,2"}, "tool.album_levels", "1,2"),
        (["-s", ""], {}, "tool.album_separator", ""),
        ([], {"ALBUM_SEPARATOR": ""}, "tool.album_separator", ""),
        ([], {"ALBUM_SEPARATOR": "  -  "}, "tool.album_separator", "  -  "),
        (["-R", "a", "-R", "b c"], {}, "rewrites", (Rewrite("a"), Rewrite("b c"))),
        (["-R", "a b", r"\g<0>", "-R", "c"], {}, "rewrites", (Rewrite("a b", r"\g<0>"), Rewrite("c"))),
        (["-R", "a", "", "-r", "/x"], {}, "rewrites", (Rewrite("a"),)),
        (["-R", "'", '"'], {}, "rewrites", (Rewrite("'", '"'),)),
        (["-R", r"'(\d+)' '<\1>'"], {}, "rewrites", (Rewrite(r"(\d+)", r"<\1>"),)),
        (
            [],
            {"ALBUM_NAME_POST_REGEX2": "'b c' 'd'", "ALBUM_NAME_POST_REGEX10": "j", "ALBUM_NAME_POST_REGEX1": "'a'"},
            "rewrites",
            (Rewrite("a"), Rewrite("b c", "d"), Rewrite("j")),
        ),
        ([], {"IGNORE_REGEX11": "'k'", "IGNORE_REGEX1": "a b"}, "tool.ignore_regex", ("a b", "k")),
        ([], {"PATH_FILTER_REGEX50": r"'.*\.jpg'"}, "tool.path_filter_regex", (r".*\.jpg",)),
        ([], {"IMMICH_FOLDER_ALBUMS_PATH_FILTER_REGEX3": "a"}, "tool.path_filter_regex", ("a",)),
        (["-i", "x", "-i", "y"], {"IGNORE": "z"}, "tool.ignore", ("x", "y")),
        ([], {"IGNORE": "a:b"}, "tool.ignore", ("a", "b")),
        (["-f", "x"], {}, "tool.path_filter", ("x",)),
        (["-m", "CLEANUP"], {}, "tool.mode", Mode.CLEANUP),
        (["-S", "2"], {}, "tool.sync_mode", SyncMode.OFFLINE_ASSETS),
        ([], {"UPDATE_ALBUM_PROPS_MODE": "2"}, "tool.update_album_props_mode", UpdateMode.SHARING),
        (["-A"], {}, "tool.find_assets_in_albums", True),
        ([], {"COMMENTS_AND_LIKES": "0"}, "tool.comments_and_likes", False),
        (["-u"], {}, "options.unattended", True),
        (["-d"], {}, "options.delete_confirm", True),
        ([], {"UNATTENDED": "1"}, "options.unattended", True),
        (["-uA"], {}, "options.unattended", True),
        (["-v"], {}, "tool.archive", True),
        (["--album-level", "2"], {}, "tool.album_levels", "2"),
        (["--album-level=-2,-1"], {}, "tool.album_levels", "-2,-1"),
        (["--album-na", "a", "b"], {}, "rewrites", (Rewrite("a", "b"),)),
        (["--root", "/a", "--root-pa=/b"], {}, "tool.root_path", ("/a", "/b")),
        (["--find-assets"], {}, "tool.find_assets_in_albums", True),
        (["--comments-and-likes-d"], {}, "tool.comments_and_likes", False),
        (["--t", "7"], {}, "connection.concurrency", 7),
        (["--unatt"], {}, "options.unattended", True),
        (["--update", "1"], {}, "tool.update_album_props_mode", UpdateMode.PROPERTIES),
        (["-c", "7"], {}, "changes.batch_size", 7),
        (["--chunk-size", "7"], {"CHUNK_SIZE": "8"}, "changes.batch_size", 7),
        ([], {"CHUNK_SIZE": "8"}, "changes.batch_size", 8),
        ([], {}, "changes.batch_size", 2000),
        (["-C", "5000"], {}, "options.page_size", 1000),
        ([], {"FETCH_CHUNK_SIZE": "30"}, "options.page_size", 30),
        ([], {}, "options.page_size", 1000),
        (["-k"], {}, "connection.insecure", True),
        ([], {"INSECURE": "true"}, "connection.insecure", True),
        (["--api-timeout", "7"], {}, "connection.timeout", 7.0),
        ([], {"API_TIMEOUT": "7"}, "connection.timeout", 7.0),
        ([], {}, "connection.timeout", 30.0),
        (["--threads", "20"], {}, "connection.concurrency", 20),
        ([], {"THREADS": "1"}, "connection.concurrency", 1),
        ([], {"API_URL": "http://a"}, "connection.url", "http://a"),
        (["--max-retry-count", "0"], {}, "options.max_retry_count", 0),
        ([], {"MAX_RETRY_COUNT": "5"}, "options.max_retry_count", 5),
        (["-l", "DEBUG"], {}, "said.verbose", True),
        ([], {"LOG_LEVEL": "debug"}, "said.verbose", True),
        ([], {"LOG_LEVEL": "WARNING"}, "said.quiet", True),
        ([], {"LOG_LEVEL": "ERROR"}, "said.quiet", True),
        ([], {"LOG_LEVEL": "CRITICAL"}, "said.quiet", True),
        ([], {"LOG_LEVEL": "INFO"}, "said", Said(log_level=LogLevel.INFO)),
        ([], {"LOG_LEVEL": "CRITICAL"}, "said.log_level", LogLevel.ERROR),
        (["--quiet"], {"LOG_LEVEL": "DEBUG"}, "said", Said(quiet=True, log_level=LogLevel.DEBUG)),
        ([], {"ROOT_PATH": '"/a,/b c"'}, "tool.root_path", ("/a", "/b c")),
        ([], {"ALBUM_SEPARATOR": '" - "'}, "tool.album_separator", " - "),
        ([], {"ALBUM_SEPARATOR": '""'}, "tool.album_separator", ""),
        ([], {"ALBUM_LEVELS": '"2"', "IGNORE": '"Feb"'}, "tool.ignore", ("Feb",)),
        ([], {"IGNORE": '"a:b":"c"'}, "tool.ignore", ("a:b", "c")),
        ([], {"IGNORE_REGEX1": '"a b"'}, "tool.ignore_regex", ("a b",)),
        ([], {"ALBUM_NAME_POST_REGEX1": '"a b" "c"'}, "rewrites", (Rewrite("a b", "c"),)),
        ([], {"UNATTENDED": '"1"'}, "options.unattended", True),
        ([], {"CRON_EXPRESSION": "?", "RUN_IMMEDIATELY": "?", "TZ": "?", "IS_DOCKER": "1"}, "said", Said()),
    ],
)
def test_words_of_the_older_tool(
    tmp_path: Path, argv: list[str], environment: dict[str, str], place: str, expected: object
) -> None:
    (value,) = given(tmp_path, *argv, environment=environment)
    for name in place.split("."):
        value = getattr(value, name)
    assert value == expected


@pytest.mark.parametrize(
    ("toml", "place", "expected"),
    [
        ("album-levels = 2", "album_levels", "2"),
        ("album-levels = -1", "album_levels", "-1"),
        ("album-separator = ''", "album_separator", ""),
        ("sync-mode = 1", "sync_mode", SyncMode.EMPTY_ALBUMS),
        ("sync-mode = '1'", "sync_mode", SyncMode.EMPTY_ALBUMS),
        ("update-album-props-mode = 2", "update_album_props_mode", UpdateMode.SHARING),
        ("album-name-post-regex = ['a', \"'b' 'c'\"]", "album_name_post_regex", ("a", "'b' 'c'")),
    ],
)
def test_the_table(tmp_path: Path, toml: str, place: str, expected: object) -> None:
    (found,) = given(tmp_path, toml=f"[folder-albums]\n{toml}")
    assert getattr(found.tool, place) == expected


@pytest.mark.parametrize(
    ("argv", "environment", "toml", "parts"),
    [
        ([], {"IGNORE_REGEX51": "a"}, "", ["IGNORE_REGEX51", "IGNORE_REGEX1 to IGNORE_REGEX50"]),
        ([], {"PATH_FILTER_REGEX0": "a"}, "", ["PATH_FILTER_REGEX0", "PATH_FILTER_REGEX1 to PATH_FILTER_REGEX50"]),
        ([], {"ALBUM_NAME_POST_REGEX11": "a"}, "", ["ALBUM_NAME_POST_REGEX11", "to ALBUM_NAME_POST_REGEX10"]),
        ([], {"ALBUM_NAME_POST_REGEX1": "'a"}, "", ["a quote is not closed"]),
        ([], {"IGNORE_REGEX1": "'a"}, "", ["IGNORE_REGEX1", "a quote is not closed"]),
        ([], {"LOG_LEVEL": "LOUD"}, "", ["LOG_LEVEL", "'LOUD' is none of CRITICAL, ERROR, WARNING, INFO, DEBUG"]),
        ([], {"FETCH_CHUNK_SIZE": "0"}, "", ["FETCH_CHUNK_SIZE", "must be >= 1"]),
        ([], {"CHUNK_SIZE": "0"}, "", ["CHUNK_SIZE", "must be >= 1"]),
        ([], {"CHUNK_SIZE": "many"}, "", ["CHUNK_SIZE", "whole number"]),
        ([], {"MAX_RETRY_COUNT": "x"}, "", ["MAX_RETRY_COUNT", "whole number"]),
        ([], {"API_TIMEOUT": "0"}, "", ["API_TIMEOUT", "must be > 0"]),
        ([], {"THREADS": "0"}, "", ["THREADS", "must be >= 1"]),
        ([], {"THREADS": "33"}, "", ["THREADS", "must be <= 32"]),
        ([], {"INSECURE": ""}, "", ["INSECURE", "empty"]),
        ([], {"UNATTENDED": "ja"}, "", ["UNATTENDED", "true, false"]),
        (["-t", "text", "--api-key", KEY], {}, "", ["-t", "'text' is none of literal, file"]),
        (["--api-key", ""], {}, "", ["--api-key", "empty"]),
        (["--api-key", KEY, "--api-key", KEY], {}, "", ["accounts 1 and 2 have the same key"]),
        (["--api-key", KEY, "--api-key-file", "key"], {}, "", ["--api-key-file"]),
        (["-t", "file", "--api-key", "none"], {}, "", ["--api-key holds no readable path"]),
        (["/photos", "http://a"], {}, "", ["unexpected argument: /photos, http://a", "ROOT_PATH API_URL API_KEY"]),
        ([KEY], {}, "", [f"unexpected argument: {KEY[:4]}…"]),
        (["/photos", "http://a", KEY, KEY], {}, "", [f"unexpected argument: {KEY[:4]}…"]),
        (["/photos", "http://a", KEY, "--url", "http://b"], {}, "", ["API_URL and --url are both given"]),
        (["-R", "a", "b", "c"], {}, "", ["-R accepts at most 2"]),
        ([], {}, "[folder-albums]\nsync-mode = 5", ["sync-mode in [folder-albums]", "'5' is none of 0, 1, 2"]),
        ([], {}, "[folder-albums]\nalbum-levels = 1.5", ["album-levels in [folder-albums]", "text in quotes"]),
        ([], {}, f"[folder-albums]\napi-key = '{KEY}'", ["unknown key api-key in [folder-albums]", "[server]"]),
    ],
)
def test_wrong_words(tmp_path: Path, argv: list[str], environment: dict[str, str], toml: str, parts: list[str]) -> None:
    (tmp_path / "key").write_text(KEY)
    said = refused(tmp_path, *argv, environment=environment, toml=toml)
    for part in parts:
        assert part in said


@pytest.mark.parametrize(
    ("argv", "environment", "expected"),
    [
        (["/photos", "http://a", KEY], {}, [KEY]),
        (["--api-key", OTHER, "/photos", "http://a", KEY], {}, [KEY, OTHER]),
        (["--api-key", KEY, f"--api-key={OTHER}"], {"API_KEY": "another"}, [KEY, OTHER]),
        (["--api-key", "key", "-t", "file"], {}, [KEY, OTHER]),
        (["/photos", "http://a", "key", "--api-key-type=file"], {}, [KEY, OTHER]),
        ([], {"API_KEY": f"{KEY}:{OTHER}"}, [KEY, OTHER]),
        ([], {"API_KEY": f'"{KEY}:{OTHER}"'}, [KEY, OTHER]),
        ([], {"API_KEY_FILE": '"key"'}, [KEY, OTHER]),
        ([], {"API_KEY_FILE": "key"}, [KEY, OTHER]),
    ],
)
def test_keys(tmp_path: Path, argv: list[str], environment: dict[str, str], expected: list[str]) -> None:
    (tmp_path / "key").write_text(f"{KEY}\n{OTHER}\n")
    found = given(tmp_path, *argv, environment=environment)
    assert [each.connection.required_api_key().reveal() for each in found] == expected
    assert all(each.keys.api_key == () for each in found)
    assert KEY not in repr(found)
    if "/photos" in argv:
        assert {(each.tool.root_path, each.connection.url) for each in found} == {(("/photos",), "http://a")}


def test_each_account_has_its_own_roots_and_options(tmp_path: Path) -> None:
    toml = f"""
    [folder-albums]
    album-levels = 2
    root-path = ["/all"]
    [[account]]
    name = "anna"
    api-key = "{KEY}"
    [account.folder-albums]
    root-path = ["/anna", "/shared"]
    [[account]]
    name = "ben"
    api-key = "{OTHER}"
    [account.folder-albums]
    album_levels = 1
    """
    (tmp_path / "immich-toolkit.toml").write_text(toml)
    invocation = Invocation(surroundings(tmp_path, {}))
    reset = current_invocation.set(invocation)
    anna, ben = _given((), invocation)
    current_invocation.reset(reset)
    assert (anna.tool.root_path, anna.tool.album_levels) == (("/anna", "/shared"), "2")
    assert (ben.tool.root_path, ben.tool.album_levels) == (("/all",), "1")


@pytest.mark.parametrize("flag", ["--album", "--s", "--find", "--comments-and-likes-x", "--album-levelss"])
def test_what_abbreviates_no_single_older_option_is_refused(tmp_path: Path, flag: str) -> None:
    assert "unknown option" in refused(tmp_path, flag, "2", environment=ROOT)


def test_no_option_of_today_is_taken_for_an_abbreviation() -> None:
    known = {name for argument in app().assemble_argument_collection() for name in argument.names}
    assert set(LONG_OPTIONS) - {"--help"} <= known
    for name in known - set(LONG_OPTIONS):
        assert completed(app(), [name]) == [name]


def test_values_and_words_after_two_dashes_are_no_abbreviations() -> None:
    for argv in (["-s", "-", "-a", "2"], ["-u", "--", "--album-level"], ["-i", "album-level"]):
        assert completed(app(), argv) == argv


# --- whole runs -------------------------------------------------------------------------------------------------


@frozen
class House:
    """A server of two users, and a shell."""

    sandbox: Sandbox
    shell: CommandLine
    keys: tuple[str, str]

    def albums(self) -> list[str]:
        return sorted(album.name for album in self.sandbox.state.albums.values())


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    sandbox = Sandbox(Dialect.V2)
    other = sandbox.add_user("Ben", "ben@example.org")
    for owner, folder in ((sandbox.admin.id, "Sea"), (other.id, "Hills")):
        sandbox.add_asset(owner_id=owner, original_path=f"/photos/{folder}/a.jpg", original_file_name="a.jpg")
    with serve(sandbox) as url:
        yield House(sandbox, CommandLine(url, "", tmp_path), (sandbox.admin_key, sandbox.add_key(other.id)))


def test_the_older_command_line(house: House) -> None:
    shell = house.shell.with_environment({})
    done = shell.folder_albums("-u", "/photos", house.shell.url, house.keys[0])
    assert done.code == 0
    assert house.albums() == ["Sea"]
    (warning,) = [line for line in done.err.splitlines() if "Warning" in line]
    assert "API_KEY_FILE" in warning
    assert house.keys[0] not in done.out + done.err


def test_one_wrong_key_among_several(house: House) -> None:
    first, second = house.keys
    environment = {"API_URL": house.shell.url, "ROOT_PATH": "/photos", "API_KEY": f"{first}:{KEY}:{second}"}
    done = house.shell.with_environment(environment).folder_albums("--unattended", "--json")
    assert done.code == ExitCode.ACCESS
    assert house.albums() == ["Hills", "Sea"]
    said = [line for line in done.err.splitlines() if line.startswith("Account")]
    assert said == ["Account 1:", "Account 2:", "Account 3:"]
    assert "immich-folder-albums: account 2: " in done.err
    summaries = [line for line in done.lines() if line["message_type"] == "summary"]
    assert [(line["account"], line["exit_code"]) for line in summaries] == [("1", 0), ("2", 6), ("3", 0)]
    assert all(line["account"] in {"1", "2", "3"} for line in done.lines())
    assert not any(key in done.out + done.err for key in (first, second, KEY))


def test_one_account_is_chosen(house: House) -> None:
    first, second = house.keys
    (house.shell.folder / "second").write_text(second)
    (house.shell.folder / "immich-toolkit.toml").write_text(
        f"""
        [server]
        url = "{house.shell.url}"
        [folder-albums]
        root-path = ["/photos"]
        [[account]]
        name = "Anna"
        api-key = "{first}"
        [[account]]
        name = "Ben"
        api-key-file = "second"
        """
    )
    shell = house.shell.with_environment({})
    done = shell.folder_albums("--account", "Ben", "--apply", "--quiet")
    assert (done.code, done.err) == (0, "")
    assert house.albums() == ["Hills"]
    refused = shell.folder_albums("--save-plan", "plan.json")
    assert refused.code == ExitCode.USAGE
    assert "--account" in refused.err
    assert not (shell.folder / "plan.json").exists()


def test_pages_are_as_small_as_asked_for(house: House) -> None:
    environment = {"API_URL": house.shell.url, "ROOT_PATH": "/photos", "API_KEY": house.keys[0]}
    for number in range(9):
        house.sandbox.add_asset(original_path=f"/photos/Sea/{number}.jpg", original_file_name=f"{number}.jpg")

    def listings(size: str) -> int:
        """Requests for a page of assets in a run."""
        house.sandbox.requests.clear()
        shell = house.shell.with_environment({**environment, "FETCH_CHUNK_SIZE": size})
        assert shell.folder_albums().code == 0
        return sum(request.path.endswith("/search/metadata") for request in house.sandbox.requests)

    assert listings("2") > listings("5000")
