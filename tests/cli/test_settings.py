"""Where options come from, how strictly they are read, and what a command says when they are wrong."""

from __future__ import annotations

import io
import os
import stat
import subprocess
import sys
import traceback
from collections.abc import Mapping, Sequence
from enum import Enum
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal

import pytest
from attrs import Factory, define, frozen
from cyclopts import App, Parameter
from cyclopts.validators import Number
from hypothesis import given
from hypothesis import strategies as st

from immich_tools.errors import ExitCode, GuardTripped, UsageError
from immich_tools.folders import default_journal_folder
from immich_tools.secret import MASK, Secret
from immich_tools.settings import (
    ApplyOptions,
    ConnectionOptions,
    Legacy,
    OutputOptions,
    SourceOptions,
    Surroundings,
    current_invocation,
    load,
    make_app,
    negate,
    protect,
    read_boolean,
    run,
    secret_flag,
)

KEY = "Kq7ZrV0secretsecretsecretsecretsecret42"


class Pair(Enum):
    SKIP = "skip"
    STACK = "stack"


def letters(text: str) -> str:
    return ",".join(text.split(";"))


@frozen(kw_only=True)
class ToolOptions:
    """An example of a tool's options."""

    legacy: ClassVar[tuple[Legacy, ...]] = (
        Legacy("OLD_FORMATS", "--formats", letters),
        Legacy("API_KEY", "--api-key-file"),
        # Means something else to this tool than to the shared options.
        Legacy("IMMICH_SERVER", "--url", "http://{}:2283".format),
    )

    only_pairs: Annotated[bool, Parameter(env_var="IMMICH_ONLY_PAIRS", help="Only pairs.")] = False
    formats: Annotated[tuple[str, ...], Parameter(env_var="FORMATS", help="Formats.")] = ("heic",)
    sizes: Annotated[list[int], Parameter(env_var="SIZES", validator=Number(gte=0), help="Sizes.")] = Factory(list)
    folders: Annotated[
        tuple[Path, ...],
        Parameter(env_var="FOLDERS", env_var_split=lambda _type, text, **_: text.split(":"), help="F."),
    ] = ()
    pairs: Annotated[Pair, Parameter(env_var="PAIRS", help="RAW+JPEG pairs.")] = Pair.SKIP
    order: Annotated[Literal["newest", "oldest"] | None, Parameter(env_var="ORDER", help="Order.")] = None
    password: Annotated[Secret | None, secret_flag("--db-password-file", "DB_PASSWORD", help="Password.")] = None


# Defaults of parameters are made once, here.
SOURCE, CONNECTION, OUTPUT, APPLY, TOOL = (
    SourceOptions(),
    ConnectionOptions(),
    OutputOptions(),
    ApplyOptions(),
    ToolOptions(),
)


@define
class Outcome:
    """What one run of the example command did."""

    code: int
    stderr: str
    stdout: str
    values: dict[str, Any]

    def __getattr__(self, name: str) -> Any:
        for group in self.values.values():
            if hasattr(group, name):
                return getattr(group, name)
        raise AttributeError(name)


def example_app(seen: dict[str, Any]) -> App:
    app = make_app("immich-example", "An example, [server] and all.", table="duplicates")

    @app.default
    def command(
        *,
        source: Annotated[SourceOptions, Parameter(name="*")] = SOURCE,
        connection: Annotated[ConnectionOptions, Parameter(name="*")] = CONNECTION,
        output: Annotated[OutputOptions, Parameter(name="*")] = OUTPUT,
        apply: Annotated[ApplyOptions, Parameter(name="*")] = APPLY,
        tool: Annotated[ToolOptions, Parameter(name="*")] = TOOL,
    ) -> int:
        seen.update(source=source, connection=connection, output=output, apply=apply, tool=tool)
        return ExitCode.DONE

    return app


@pytest.fixture
def here(tmp_path: Path) -> Path:
    """The working folder."""
    folder = tmp_path / "here"
    folder.mkdir()
    return folder


def surroundings(here: Path, environment: Mapping[str, str] | None = None) -> Surroundings:
    return Surroundings(
        environment=environment or {},
        working_folder=here,
        configuration_folder=here.parent / "config",
        state_folder=here.parent / "state",
        stdout=io.StringIO(),
        stderr=io.StringIO(),
    )


def text_of(stream: object) -> str:
    assert isinstance(stream, io.StringIO)
    return stream.getvalue()


def start(
    here: Path,
    argv: Sequence[str] = (),
    environment: Mapping[str, str] | None = None,
    *,
    toml: str = "",
    dotenv: str = "",
) -> Outcome:
    if toml:
        (here / "immich-toolkit.toml").write_text(toml, encoding="utf-8")
    if dotenv:
        (here / ".env").write_text(dotenv, encoding="utf-8")
    world = surroundings(here, environment)
    seen: dict[str, Any] = {}
    code = run(example_app(seen), argv, world)
    return Outcome(code, text_of(world.stderr), text_of(world.stdout), seen)


def refused(outcome: Outcome, *parts: str) -> None:
    """One clear line that names what is wrong, exit 2, no command run."""
    assert outcome.code == ExitCode.USAGE
    assert outcome.stderr.startswith("immich-example: ")
    assert outcome.stderr.count("\n") == 1
    assert "Traceback" not in outcome.stderr
    for part in parts:
        assert part in outcome.stderr
    assert not outcome.values


# --- precedence -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("argv", "environment", "files", "expected"),
    [
        ([], {}, {}, 30.0),
        ([], {}, {"toml": "[server]\ntimeout = 4\n"}, 4.0),
        ([], {}, {"toml": "[server]\ntimeout = 4\n", "dotenv": "IMMICH_TIMEOUT=3"}, 3.0),
        ([], {"IMMICH_TIMEOUT": "2"}, {"toml": "[server]\ntimeout = 4\n", "dotenv": "IMMICH_TIMEOUT=3"}, 2.0),
        (["--timeout", "1"], {"IMMICH_TIMEOUT": "2"}, {"dotenv": "IMMICH_TIMEOUT=3"}, 1.0),
        ([], {"IMMICH_REQUEST_TIMEOUT": "2"}, {"dotenv": "IMMICH_TIMEOUT=3"}, 2.0),
        (["--timeout=1"], {"IMMICH_TIMEOUT": "wrong"}, {}, 1.0),
    ],
)
def test_precedence(
    here: Path, argv: list[str], environment: dict[str, str], files: dict[str, str], expected: float
) -> None:
    outcome = start(here, argv, environment, **files)
    assert outcome.stderr == ""
    assert outcome.timeout == expected


def test_a_flag_switches_off_what_the_environment_switched_on(here: Path) -> None:
    assert start(here, [], {"IMMICH_APPLY": "1"}).apply is True
    assert start(here, ["--no-apply"], {"IMMICH_APPLY": "1"}).apply is False


def test_the_real_environment_is_neither_read_nor_changed(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("IMMICH_TIMEOUT", "99")
    monkeypatch.setenv("FOLDERS", "/real")
    before = dict(os.environ)
    outcome = start(here, dotenv="IMMICH_URL=http://dotenv\n")
    assert (outcome.timeout, outcome.url, outcome.folders) == (30.0, "http://dotenv", ())
    assert dict(os.environ) == before


def test_configuration_file_of_the_user(here: Path) -> None:
    folder = here.parent / "config"
    folder.mkdir()
    (folder / "immich-toolkit.toml").write_text('[server]\nurl = "http://user"\n')
    assert start(here).url == "http://user"
    assert start(here, toml='[server]\nurl = "http://here"\n').url == "http://here"


def test_chosen_files(here: Path) -> None:
    (here / "other.toml").write_text('[server]\nurl = "http://other"\n')
    (here / "other.env").write_text("IMMICH_TOOLKIT_CONFIG=other.toml\nIMMICH_ONLY_PAIRS=on\n")
    (here / ".env").write_text("IMMICH_URL=http://not-read\n")
    outcome = start(here, ["--env-file", "other.env"])
    assert (outcome.url, outcome.only_pairs) == ("http://other", True)
    assert start(here, [], {"IMMICH_TOOLKIT_CONFIG": "other.toml"}, dotenv="A=b").url == "http://other"
    refused(start(here, ["--env-file", "none.env"]), "none.env", "No such file")
    refused(start(here, ["--config", "none.toml"]), "none.toml", "No such file")
    refused(start(here, ["--config", ""]), "--config", "empty")


def test_a_folder_called_env_is_ignored(here: Path) -> None:
    (here / ".env").mkdir()
    assert start(here).code == 0
    refused(start(here, ["--env-file", ".env"]), ".env")


# --- single values ----------------------------------------------------------------------------------------------

WORDS = {"true": True, "1": True, "yes": True, "on": True, "false": False, "0": False, "no": False, "off": False}


@given(st.one_of(st.text(), st.sampled_from([*WORDS, "y", "n", "t", "f", "2", "true ", "TrUe", "ON", "nO"])))
def test_booleans(text: str) -> None:
    if text.lower() in WORDS:
        assert read_boolean(text) is WORDS[text.lower()]
        assert negate(text) == ("false" if WORDS[text.lower()] else "true")
    else:
        for read in (read_boolean, negate):
            with pytest.raises(ValueError, match="true, false, 1, 0, yes, no, on, off"):
                read(text)


@pytest.mark.parametrize("word", [*WORDS, "TRUE", "Off", "yEs"])
def test_booleans_from_everywhere(here: Path, word: str) -> None:
    expected = WORDS[word.lower()]
    assert start(here, [], {"IMMICH_INSECURE": word}).insecure is expected
    assert start(here, dotenv=f"IMMICH_INSECURE={word}\n").insecure is expected
    (here / ".env").unlink()
    assert start(here, toml=f'[server]\ninsecure = "{word}"\n').insecure is expected


@pytest.mark.parametrize(("value", "expected"), [("true", True), ("false", False), ("1", True), ("0", False)])
def test_native_booleans(here: Path, value: str, expected: bool) -> None:
    assert start(here, toml=f"[server]\ninsecure = {value}\n").insecure is expected


@pytest.mark.parametrize(
    ("variable", "text", "reason"),
    [
        ("IMMICH_APPLY", "", "true, false, 1, 0, yes, no, on, off"),
        ("IMMICH_APPLY", "y", "true, false, 1, 0, yes, no, on, off"),
        ("IMMICH_DRY_RUN", "", "true, false, 1, 0, yes, no, on, off"),
        ("IMMICH_DRY_RUN", "nope", "true, false, 1, 0, yes, no, on, off"),
        ("IMMICH_DEFINITELY", " true", "true, false"),
        ("IMMICH_URL", "", "unset it"),
        ("IMMICH_CA_FILE", "", "unset it"),
        ("IMMICH_TIMEOUT", "", "unset it"),
        ("IMMICH_TIMEOUT", "5s", "'5s' is not a number"),
        ("IMMICH_TIMEOUT", "nan", "is not a number"),
        ("IMMICH_TIMEOUT", "inf", "is not a number"),
        ("IMMICH_TIMEOUT", "1e999", "is not a number"),
        ("IMMICH_TIMEOUT", "1_0", "is not a number"),
        ("IMMICH_TIMEOUT", "0", "must be > 0"),
        ("IMMICH_REQUEST_TIMEOUT", "-1", "must be > 0"),
        ("IMMICH_CONCURRENCY", "", "unset it"),
        ("IMMICH_CONCURRENCY", "2.5", "is not a whole number"),
        ("IMMICH_CONCURRENCY", "0x4", "is not a whole number"),
        ("IMMICH_CONCURRENCY", "٤", "is not a whole number"),
        ("IMMICH_CONCURRENCY", "0", "must be >= 1"),
        ("IMMICH_CONCURRENCY", "33", "must be <= 32"),
        ("IMMICH_DELETE_BATCH_SIZE", "0", "must be >= 1"),
        ("IMMICH_MAX_REMOVED", "none", "is not a whole number"),
        ("IMMICH_MAX_REMOVED", "9" * 5000, "is not a whole number"),
        ("IMMICH_MAX_RATIO", "1.01", "must be <= 1"),
        ("IMMICH_API_KEY", "", "unset it"),
        ("IMMICH_API_KEY_FILE", "", "unset it"),
        ("IMMICH_API_KEY_FILE", "missing", "IMMICH_API_KEY_FILE holds no readable path"),
        ("IMMICH_API_KEY", "two\nlines", "line break"),
        ("FORMATS", "", "unset it"),
        ("FORMATS", "heic,", "empty element"),
        ("FORMATS", "heic,,jpg", "empty element"),
        ("OLD_FORMATS", "heic;;jpg", "empty element"),
        ("SIZES", "1,x", "'x' is not a whole number"),
        ("SIZES", "1,-1", "must be >= 0"),
        ("PAIRS", "", "unset it"),
        ("PAIRS", "pile", "skip"),
        ("ORDER", "newer", "newest"),
        ("IMMICH_TOOLKIT_CONFIG", "", "unset it"),
        ("IMMICH_TOOLKIT_ENV_FILE", "", "unset it"),
    ],
)
def test_wrong_variables(here: Path, variable: str, text: str, reason: str) -> None:
    refused(start(here, [], {variable: text}), variable, reason)


def test_wrong_variables_of_a_file(here: Path) -> None:
    refused(start(here, dotenv="IMMICH_APPLY="), "IMMICH_APPLY in ", "/.env", "empty")
    refused(start(here, dotenv="IMMICH_APPLY"), "IMMICH_APPLY in ", "/.env", "empty")


@pytest.mark.parametrize(
    ("environment", "name", "expected"),
    [
        ({"IMMICH_URL": "http://a"}, "url", "http://a"),
        ({"IMMICH_SERVER": "host"}, "url", "http://host:2283"),
        ({"IMMICH_DEFINITELY": "yes"}, "permanent", True),
        ({"IMMICH_DELETE_BATCH_SIZE": "50"}, "batch_size", 50),
        ({"IMMICH_CA_FILE": "none"}, "ca_file", Path("none")),
        ({"FORMATS": "heic, jpg"}, "formats", ("heic", "jpg")),
        ({"OLD_FORMATS": "heic;jpg"}, "formats", ("heic", "jpg")),
        ({"SIZES": "3,0"}, "sizes", [3, 0]),
        ({"FOLDERS": "/a,b:/c"}, "folders", (Path("/a,b"), Path("/c"))),
        ({"PAIRS": "stack"}, "pairs", Pair.STACK),
        ({"ORDER": "oldest"}, "order", "oldest"),
        ({"IMMICH_URL": "http://a", "UNRELATED": ""}, "url", "http://a"),
    ],
)
def test_right_variables(here: Path, environment: dict[str, str], name: str, expected: object) -> None:
    outcome = start(here, [], environment)
    assert outcome.stderr == ""
    assert getattr(outcome, name) == expected


@pytest.mark.parametrize(
    ("argv", "name", "expected"),
    [
        (["--formats", "heic", "--formats", "jpg"], "formats", ("heic", "jpg")),
        (["--sizes", "1", "--sizes=2"], "sizes", [1, 2]),
        (["--pairs", "stack"], "pairs", Pair.STACK),
        (["--max-ratio", "0.25"], "max_ratio", 0.25),
        (["--save-plan", "none"], "save_plan", Path("none")),
        (["--url", "null"], "url", "null"),
    ],
)
def test_right_flags(here: Path, argv: list[str], name: str, expected: object) -> None:
    outcome = start(here, argv)
    assert outcome.stderr == ""
    assert getattr(outcome, name) == expected


@pytest.mark.parametrize(
    ("argv", "parts"),
    [
        (["--aply"], ["--aply", "did you mean --apply?"]),
        (["--xyzzy-plugh"], ["--xyzzy-plugh"]),
        (["--timeout"], ["--timeout needs a value"]),
        (["--timeout", "nan"], ["--timeout", "not a number"]),
        (["--timeout", "0"], ["--timeout", "must be > 0"]),
        (["--concurrency", "2.5"], ["--concurrency", "not a whole number"]),
        (["--max-removed", "none"], ["--max-removed", "not a whole number"]),
        (["--url", ""], ["--url", "empty"]),
        (["--apply=maybe"], ["--apply", "true, false"]),
        (["--apply="], ["--apply", "true, false"]),
        (["--apply", "--no-apply"], ["--no-apply", "opposite"]),
        (["--timeout", "1", "--timeout", "2"], ["--timeout", "more than once"]),
        (["http://stray"], ["unexpected argument", "http://stray"]),
        (["--quiet", "--verbose"], ["--quiet and --verbose"]),
        (["--pairs", "pile"], ["pile", "skip"]),
    ],
)
def test_wrong_flags(here: Path, argv: list[str], parts: list[str]) -> None:
    refused(start(here, argv), *parts)


# --- several names of one option --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("argv", "environment", "files", "expected"),
    [
        (["--apply"], {"IMMICH_DRY_RUN": "true"}, {}, True),
        (["--apply"], {}, {"dotenv": "IMMICH_DRY_RUN=true\n"}, True),
        ([], {"IMMICH_DRY_RUN": "true"}, {"dotenv": "IMMICH_APPLY=true\n"}, False),
        ([], {"IMMICH_DRY_RUN": "true"}, {"toml": "[duplicates]\napply = true\n"}, False),
        ([], {}, {"dotenv": "IMMICH_DRY_RUN=true\n", "toml": "[duplicates]\napply = true\n"}, False),
        ([], {"IMMICH_DRY_RUN": "false"}, {"dotenv": "IMMICH_DRY_RUN=true\n"}, True),
        ([], {"IMMICH_APPLY": "true"}, {"dotenv": "IMMICH_DRY_RUN=true\n"}, None),
        ([], {"IMMICH_APPLY": "true", "IMMICH_DRY_RUN": "true"}, {}, None),
        ([], {"IMMICH_APPLY": "true"}, {"dotenv": "IMMICH_DRY_RUN=perhaps\n"}, None),
        ([], {"IMMICH_APPLY": "true"}, {"dotenv": "IMMICH_DRY_RUN=false\n"}, True),
    ],
)
def test_only_the_command_line_overrules_a_dry_run_that_a_variable_asks_for(
    here: Path, argv: list[str], environment: dict[str, str], files: dict[str, str], expected: bool | None
) -> None:
    outcome = start(here, argv, environment, **files)
    if expected is None:
        refused(outcome, "IMMICH_DRY_RUN")
    else:
        assert outcome.apply is expected


@pytest.mark.parametrize(
    ("environment", "expected"),
    [
        ({"IMMICH_DRY_RUN": "false"}, True),
        ({"IMMICH_DRY_RUN": "TRUE"}, False),
        ({"IMMICH_DRY_RUN": "no", "IMMICH_APPLY": "yes"}, True),
        ({"IMMICH_DRY_RUN": "on", "IMMICH_APPLY": "off"}, False),
    ],
)
def test_dry_run_is_the_opposite_of_apply(here: Path, environment: dict[str, str], expected: bool) -> None:
    assert start(here, [], environment).apply is expected


@pytest.mark.parametrize(
    ("environment", "names"),
    [
        ({"IMMICH_DRY_RUN": "true", "IMMICH_APPLY": "true"}, ["IMMICH_DRY_RUN", "IMMICH_APPLY"]),
        ({"IMMICH_TIMEOUT": "1", "IMMICH_REQUEST_TIMEOUT": "2"}, ["IMMICH_TIMEOUT", "IMMICH_REQUEST_TIMEOUT"]),
        ({"FORMATS": "a", "OLD_FORMATS": "b"}, ["FORMATS", "OLD_FORMATS"]),
        ({"IMMICH_API_KEY": KEY, "API_KEY": "other"}, ["IMMICH_API_KEY", "API_KEY"]),
        ({"IMMICH_API_KEY": KEY, "IMMICH_API_KEY_FILE": "file"}, ["IMMICH_API_KEY", "IMMICH_API_KEY_FILE"]),
        ({"DB_PASSWORD": "a", "DB_PASSWORD_FILE": "a"}, ["DB_PASSWORD", "DB_PASSWORD_FILE"]),
    ],
)
def test_contradictions(here: Path, environment: dict[str, str], names: list[str]) -> None:
    outcome = start(here, [], environment)
    refused(outcome, *names)
    assert KEY not in outcome.stderr


def test_a_table_of_older_names_must_fit_the_command(here: Path) -> None:
    @frozen(kw_only=True)
    class Wrong:
        legacy: ClassVar[tuple[Legacy, ...]] = (Legacy("OLD", "--missing"),)
        flag: bool = False

    with pytest.raises(ValueError, match="--missing"):
        load(Wrong, surroundings(here))


def test_an_extended_options_class_keeps_the_older_names(here: Path) -> None:
    @frozen(kw_only=True)
    class Extended(ApplyOptions):
        legacy: ClassVar[tuple[Legacy, ...]] = (Legacy("OLD_BATCH", "--batch-size"),)

    options = load(Extended, surroundings(here, {"IMMICH_DRY_RUN": "no", "OLD_BATCH": "7"}))
    assert (options.apply, options.batch_size) == (True, 7)


# --- secrets ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("argv", "environment", "toml"),
    [
        ([], {"IMMICH_API_KEY": KEY}, ""),
        ([], {"API_KEY": KEY}, ""),
        ([], {"IMMICH_API_KEY_FILE": "key"}, ""),
        ([], {"API_KEY_FILE": "key"}, ""),
        (["--api-key-file", "key"], {"IMMICH_API_KEY": "other"}, ""),
        ([], {}, f'[server]\napi_key = "{KEY}"\n'),
        ([], {}, f'[server]\napi-key = "{KEY}"\n'),
        ([], {}, '[server]\napi_key_file = "key"\n'),
    ],
)
def test_ways_of_giving_a_key(here: Path, argv: list[str], environment: dict[str, str], toml: str) -> None:
    (here / "key").write_text(f"{KEY}\n")
    outcome = start(here, argv, environment, toml=toml)
    assert outcome.stderr == ""
    assert outcome.api_key == Secret(KEY)
    assert outcome.values["connection"].required_api_key().reveal() == KEY
    assert KEY not in repr(outcome.values)


def test_a_key_in_a_dotenv_file(here: Path) -> None:
    assert start(here, dotenv=f"IMMICH_API_KEY='{KEY}'\n").api_key == Secret(KEY)


@pytest.mark.parametrize(
    "argv",
    [["--api-key", KEY], [f"--api-key={KEY}"], [f"-k{KEY}"], [KEY], ["--api-key-file", "gone", KEY], ["--", KEY]],
)
def test_a_key_on_the_command_line_is_refused_and_not_repeated(here: Path, argv: list[str]) -> None:
    outcome = start(here, argv)
    assert outcome.code == ExitCode.USAGE
    assert KEY not in outcome.stderr
    if argv[0].startswith("--api-key"):
        assert "--api-key-file" in outcome.stderr


LEAKY_FILES = [
    ("", f"IMMICH_API_KEY={KEY}\nIMMICH_API_KEY_FILE=key\n"),
    ("", f"IMMICH_API_KEY={KEY}\nthis is not a variable\n"),
    ("", f"IMMICH_API_KEY='{KEY}\n"),
    ("", f"IMMICH_API_KEY={KEY}\nIMMICH_APPLY=maybe\n"),
    ("", f"IMMICH_API_KEY={KEY}\nAPI_KEY=x{KEY}\n"),
    (f'[server]\napi_key = "{KEY}"\napi_key_file = "key"\n', ""),
    (f'[server]\napi_key = "{KEY}"\nunknown = 1\n', ""),
    (f'[server]\napi_key = "{KEY}"\ntimeout = "fast"\n', ""),
    (f'[server]\napi_key = ["{KEY}"]\n', ""),
    (f'[server]\napi_key = "{KEY}\n', ""),
    (f'[server]\napi_key = "{KEY}"\n[sever]\n', ""),
    (f'[server]\napi_key = "{KEY}\\n{KEY}"\n', ""),
    (f'[server]\napi_key = "{KEY}"\napi-key = "{KEY}"\n', ""),
    (f'api_key = "{KEY}"\n', ""),
]


@pytest.mark.parametrize(("toml", "dotenv"), LEAKY_FILES)
def test_no_error_shows_a_secret(here: Path, toml: str, dotenv: str) -> None:
    outcome = start(here, ["--verbose"], toml=toml, dotenv=dotenv)
    refused(outcome)
    assert KEY not in outcome.stderr


@pytest.mark.parametrize(("toml", "dotenv"), LEAKY_FILES)
def test_no_traceback_with_locals_shows_a_secret(here: Path, toml: str, dotenv: str) -> None:
    (here / "immich-toolkit.toml").write_text(toml)
    (here / ".env").write_text(dotenv)
    world = surroundings(here, {"OTHER_PASSWORD": KEY})
    with pytest.raises(UsageError) as caught:
        load(ConnectionAndTool, world, table="duplicates")
    own_frames = traceback.TracebackException.from_exception(caught.value, capture_locals=True)
    # The frame of this test holds the files' text itself.
    own_frames.stack.pop(0)
    assert KEY not in "".join(own_frames.format())


@frozen(kw_only=True)
class ConnectionAndTool(ConnectionOptions):
    apply: Annotated[bool, Parameter(env_var="IMMICH_APPLY")] = False
    legacy: ClassVar[tuple[Legacy, ...]] = (Legacy("API_KEY", "--api-key-file"),)


def test_help_shows_every_variable_and_no_secret(here: Path) -> None:
    outcome = start(here, ["--help"], {"IMMICH_API_KEY": KEY, "COLUMNS": "80"}, dotenv=f"DB_PASSWORD={KEY}\n")
    assert outcome.code == 0
    assert KEY not in outcome.stdout
    shown = "".join(line.strip("│ ") + " " for line in outcome.stdout.splitlines())
    assert "An example, [server] and all." in shown
    for variable in (
        *("IMMICH_URL", "IMMICH_SERVER", "IMMICH_API_KEY", "IMMICH_API_KEY_FILE", "IMMICH_CA_FILE", "IMMICH_INSECURE"),
        *("IMMICH_TIMEOUT", "IMMICH_REQUEST_TIMEOUT", "IMMICH_CONCURRENCY", "IMMICH_FORCE_VERSION", "IMMICH_JSON"),
        *("IMMICH_QUIET", "IMMICH_VERBOSE", "IMMICH_LOG_FILE", "IMMICH_APPLY", "IMMICH_DRY_RUN", "IMMICH_PERMANENT"),
        *("IMMICH_DEFINITELY", "IMMICH_MAX_REMOVED", "IMMICH_MAX_RATIO", "IMMICH_BATCH_SIZE", "IMMICH_SAVE_PLAN"),
        *("IMMICH_DELETE_BATCH_SIZE", "IMMICH_JOURNAL_FOLDER", "IMMICH_EXIT_CODE", "IMMICH_TOOLKIT_CONFIG"),
        "IMMICH_TOOLKIT_ENV_FILE",
    ):
        assert variable in shown
    assert "--api-key " not in shown
    assert "--empty-" not in shown


def test_every_shared_flag_has_a_variable() -> None:
    app = example_app({})
    for argument in app.assemble_argument_collection():
        if not argument.children:
            assert argument.parameter.env_var, argument.name
            assert argument.parameter.help, argument.name


# --- .env -------------------------------------------------------------------------------------------------------


def test_dotenv_values_are_taken_as_written(here: Path) -> None:
    outcome = start(
        here,
        environment={"HOME": "/root"},
        dotenv="# a comment\nexport IMMICH_URL='http://$HOME'\n\nIMMICH_CA_FILE=\"a b\" # comment\nFORMATS=${HOME},x\n",
    )
    assert outcome.stderr == ""
    assert (outcome.url, outcome.ca_file, outcome.formats) == ("http://$HOME", Path("a b"), ("${HOME}", "x"))


@pytest.mark.parametrize(
    ("content", "parts"),
    [
        (b"A=1\nnot a variable\n", ["line 2", "NAME=VALUE"]),
        (b"A='open\n", ["line 1"]),
        (b"A=\xff\n", ["UTF-8"]),
    ],
)
def test_unreadable_dotenv(here: Path, content: bytes, parts: list[str]) -> None:
    (here / ".env").write_bytes(content)
    refused(start(here), ".env", *parts)


def test_dotenv_with_byte_order_mark(here: Path) -> None:
    (here / ".env").write_bytes(b"\xef\xbb\xbfIMMICH_URL=http://bom\r\n")
    assert start(here).url == "http://bom"


# --- TOML -------------------------------------------------------------------------------------------------------


def test_configuration_file(here: Path) -> None:
    outcome = start(
        here,
        toml="""
        [server]
        url = "http://a"
        timeout = 2
        force-version = true
        [duplicates]
        only_pairs = "yes"
        formats = ["heic", "a,b"]
        sizes = [1, 2]
        max-ratio = 0.5
        pairs = "stack"
        db_password = "x"
        [folder-albums]
        anything = "is that command's affair"
        [[account]]
        url = "http://b"
        [[job]]
        tool = "duplicates"
        """,
    )
    assert outcome.stderr == ""
    assert (outcome.url, outcome.timeout, outcome.force_version) == ("http://a", 2.0, True)
    assert (outcome.only_pairs, outcome.formats, outcome.sizes) == (True, ("heic", "a,b"), [1, 2])
    assert (outcome.max_ratio, outcome.pairs, outcome.password) == (0.5, Pair.STACK, Secret("x"))


@pytest.mark.parametrize(
    ("toml", "parts"),
    [
        ("[server]\nurll = 'x'", ["unknown key urll", "[server]", "did you mean url?"]),
        ("[server]\nonly_pairs = true", ["only-pairs", "[server]", "it belongs to [duplicates]"]),
        ("[duplicates]\nurl = 'x'", ["url", "[duplicates]", "it belongs to [server]"]),
        ("[duplicates]\nconfig = 'x'", ["unknown key config"]),
        ("[duplicates]\nonly_pairs = true\nonly-pairs = true", ["[duplicates]", "only-pairs twice"]),
        ("[duplicate]\n", ["unknown table [duplicate]", "did you mean duplicates?"]),
        ("[[jobs]]\n", ["unknown table [jobs]", "did you mean job?"]),
        ("url = 'x'\n", ["url", "outside of any table"]),
        ("server = 'x'\n", ["server must be a table"]),
        ("[server]\nurl = \n", ["not valid TOML", "line 2"]),
        ("[server]\ntimeout = '5'", ["timeout in [server]", "number without quotes"]),
        ("[server]\ntimeout = true", ["timeout in [server]", "number without quotes"]),
        ("[server]\ntimeout = nan", ["timeout in [server]", "not a number"]),
        ("[server]\ntimeout = 0", ["timeout in [server]", "must be > 0"]),
        ("[server]\nconcurrency = 2.0", ["concurrency in [server]", "whole number"]),
        ("[server]\nconcurrency = true", ["concurrency in [server]", "whole number"]),
        ("[server]\nurl = 5", ["url in [server]", "text in quotes"]),
        ("[server]\nurl = ''", ["url in [server]", "empty"]),
        ("[server]\nurl = {a = 1}", ["url in [server]", "text in quotes"]),
        ("[server]\nurl = 2026-01-01", ["url in [server]", "text in quotes"]),
        ("[server]\ninsecure = 2", ["insecure in [server]", "true or false"]),
        ("[server]\ninsecure = ''", ["insecure in [server]", "true, false, 1, 0"]),
        ("[server]\ninsecure = 'sure'", ["insecure in [server]", "true, false, 1, 0"]),
        ("[server]\napi_key = ''", ["api-key in [server]", "empty"]),
        ("[server]\napi_key_file = 1", ["api-key-file in [server]", "text in quotes"]),
        ("[duplicates]\nformats = 'heic,jpg'", ["formats in [duplicates]", "list"]),
        ("[duplicates]\nformats = ['heic', '']", ["formats in [duplicates]", "empty"]),
        ("[duplicates]\nsizes = ['1']", ["sizes in [duplicates]", "whole number"]),
        ("[duplicates]\npairs = 'pile'", ["pairs in [duplicates]", "skip"]),
    ],
)
def test_wrong_configuration_files(here: Path, toml: str, parts: list[str]) -> None:
    refused(start(here, toml=toml), str(here / "immich-toolkit.toml"), *parts)


def test_commands_have_their_tables(here: Path) -> None:
    seen: list[ConnectionOptions | bool] = []
    app = make_app("immich-toolkit", "All tools.")

    @app.command(name="duplicates")
    def duplicates(
        *,
        tool: Annotated[ToolOnly, Parameter(name="*")] = ToolOnly(),
        connection: Annotated[ConnectionOptions, Parameter(name="*")] = CONNECTION,
    ) -> None:
        seen.extend((connection, tool.only_pairs))

    @app.command(name="runs")
    def runs(*plans: Path) -> None:
        seen.append(plans == (Path("a"), Path("none")))

    (here / "immich-toolkit.toml").write_text('[server]\nurl = "http://a"\n[duplicates]\nonly-pairs = true\n')
    assert run(app, ["duplicates"], surroundings(here)) == 0
    assert run(app, ["runs", "a", "none"], surroundings(here)) == 0
    assert seen == [ConnectionOptions(url="http://a"), True, True]
    world = surroundings(here)
    assert run(app, ["duplicatse"], world) == ExitCode.USAGE
    assert 'Did you mean "duplicates"?' in text_of(world.stderr)


@frozen(kw_only=True)
class ToolOnly:
    only_pairs: bool = False


# --- the shared groups ------------------------------------------------------------------------------------------


def test_missing_address_and_key() -> None:
    with pytest.raises(UsageError, match=r"IMMICH_URL.*--url"):
        ConnectionOptions().required_url()
    with pytest.raises(UsageError, match=r"IMMICH_API_KEY.*--api-key-file"):
        ConnectionOptions().required_api_key()
    assert ConnectionOptions(url="http://a").required_url() == "http://a"


def test_journals(tmp_path: Path) -> None:
    assert ApplyOptions(journal_folder=tmp_path).journals() == tmp_path
    assert ApplyOptions().journals().name == "runs"
    assert ApplyOptions().journals() == default_journal_folder(), "where undo looks for them"


def test_load_without_a_command_line(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    options = load(ConnectionOptions, surroundings(here, {"IMMICH_URL": "http://a", "IMMICH_API_KEY": KEY}))
    assert options == ConnectionOptions(url="http://a", api_key=Secret(KEY))
    with pytest.raises(UsageError, match=r"IMMICH_TIMEOUT: 0\.0 must be > 0"):
        load(ConnectionOptions, surroundings(here, {"IMMICH_TIMEOUT": "0"}))
    monkeypatch.chdir(here)
    monkeypatch.setenv("IMMICH_URL", "http://process")
    assert load(ConnectionOptions).url == "http://process"


# --- errors and exit codes --------------------------------------------------------------------------------------


class Boom:
    """Something a command may do when it is run."""

    def __init__(self, error: BaseException | None = None, result: Any = None) -> None:
        self.app = make_app("immich-example", "Example.")
        self.app.default(self.command)
        self.error = error
        self.result = result

    def command(
        self,
        *,
        connection: Annotated[ConnectionOptions, Parameter(name="*")] = CONNECTION,
        output: Annotated[OutputOptions, Parameter(name="*")] = OUTPUT,
    ) -> Any:
        if self.error is not None:
            raise self.error
        return self.result


@pytest.mark.parametrize(
    ("error", "code", "message"),
    [
        (UsageError("no such plan"), 2, "immich-example: no such plan\n"),
        (GuardTripped("too many"), 4, "immich-example: too many\n"),
        (GuardTripped(f"the key {KEY}"), 4, f"immich-example: the key {MASK}\n"),
        (KeyboardInterrupt(), 130, "immich-example: interrupted\n"),
        (BrokenPipeError(), 141, ""),
        (SystemExit(3), 3, ""),
        (SystemExit(), 0, ""),
    ],
)
def test_errors_become_exit_codes(here: Path, error: BaseException, code: int, message: str) -> None:
    world = surroundings(here, {"IMMICH_API_KEY": KEY})
    assert run(Boom(error).app, [], world) == code
    assert text_of(world.stderr) == message
    assert not world.state_folder.exists()


@pytest.mark.parametrize(("result", "code"), [(None, 0), (ExitCode.WORK_FOUND, 10), (3, 3)])
def test_results_become_exit_codes(here: Path, result: Any, code: int) -> None:
    assert run(Boom(result=result).app, [], surroundings(here)) == code


@pytest.mark.parametrize("verbose", [False, True])
def test_a_bug_is_reported_and_written_down(here: Path, verbose: bool) -> None:
    world = surroundings(here, {"IMMICH_API_KEY": KEY, "IMMICH_VERBOSE": str(verbose)})
    assert run(Boom(LookupError(f"lost {KEY}")).app, [], world) == ExitCode.UNEXPECTED
    (report,) = world.state_folder.glob("crashes/*.txt")
    shown = text_of(world.stderr)
    assert shown.splitlines()[-1] == f"immich-example: this is a bug (LookupError); details are in {report}"
    assert ("Traceback" in shown) is verbose
    assert f"LookupError: lost {MASK}" in report.read_text()
    assert KEY not in shown + report.read_text()
    assert stat.S_IMODE(report.stat().st_mode) == 0o600


def test_a_bug_where_nothing_can_be_written(here: Path) -> None:
    (here.parent / "state").write_text("in the way")
    world = surroundings(here)
    assert run(Boom(LookupError("lost")).app, [], world) == ExitCode.UNEXPECTED
    assert "this is a bug (LookupError); run it again with --verbose" in text_of(world.stderr)


def test_a_result_that_is_no_exit_code_is_a_bug(here: Path) -> None:
    assert run(Boom(result="done").app, [], surroundings(here)) == ExitCode.UNEXPECTED


def test_secrets_read_by_a_command_are_protected_too(here: Path) -> None:
    app = make_app("immich-example", "Example.")

    @app.default
    def command() -> None:
        protect(Secret("first-account"))
        load(ConnectionOptions, surroundings(here, {"IMMICH_API_KEY": KEY}))
        raise GuardTripped(f"first-account and {KEY}")

    world = surroundings(here)
    assert run(app, [], world) == ExitCode.STOPPED
    assert text_of(world.stderr) == f"immich-example: {MASK} and {MASK}\n"
    assert current_invocation.get() is None
    assert protect(Secret("outside of a command")).reveal() == "outside of a command"


def test_a_closed_pipe_is_quiet(tmp_path: Path) -> None:
    code = (
        "import sys\n"
        "from immich_tools.settings import make_app, run\n"
        "app = make_app('immich-example', 'Example.')\n"
        "@app.default\n"
        "def command() -> None:\n"
        "    sys.stdin.read()\n"
        "    print('x' * 10)\n"
        "sys.exit(run(app, []))\n"
    )
    read, write = os.pipe()
    os.close(read)
    done = subprocess.run(
        [sys.executable, "-c", code],
        stdin=subprocess.DEVNULL,
        stdout=write,
        stderr=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path), "XDG_STATE_HOME": str(tmp_path)},
        cwd=tmp_path,
        check=False,
    )
    os.close(write)
    assert (done.returncode, done.stderr) == (141, b"")


def test_version(here: Path) -> None:
    assert start(here, ["--version"]).stdout.startswith("immich-example ")
