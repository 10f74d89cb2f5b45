"""Commands for several users: whose keys there are, whose options count, and how a run for all of them ends."""

from __future__ import annotations

import io
import json
import traceback
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, ClassVar

import pytest
from attrs import Factory, define, frozen
from cyclopts import Parameter

from immich_tools.errors import AccessDenied, ExitCode, GuardTripped, ServerUnreachable, ToolkitError, UsageError
from immich_tools.report.output import Output
from immich_tools.secret import MASK, Secret
from immich_tools.settings import (
    Account,
    AccountOptions,
    ApplyOptions,
    ConnectionOptions,
    EachAccountOptions,
    OutputOptions,
    SourceOptions,
    Surroundings,
    account_in_turn,
    accounts,
    load,
    make_app,
    run,
)
from immich_tools.settings.turns import joint_code

ANNA, BEN, CLEO = (f"{name}secretsecretsecretsecretsecret" for name in ("anna", "ben", "cleo"))
NAMES = {ANNA: "anna", BEN: "ben", CLEO: "cleo"}


@frozen(kw_only=True)
class ToolOptions:
    level: Annotated[int, Parameter(env_var="LEVEL")] = 1
    formats: Annotated[tuple[str, ...], Parameter(env_var="FORMATS")] = ("heic",)


@frozen(kw_only=True)
class Keys(EachAccountOptions):
    key_lists: ClassVar[tuple[str, ...]] = ("API_KEY",)


KEYS, ALL, TOOL, CONNECTION, OUTPUT, APPLY, SOURCE = (
    Keys(),
    AccountOptions(),
    ToolOptions(),
    ConnectionOptions(),
    OutputOptions(),
    ApplyOptions(),
    SourceOptions(),
)


@define
class Ended:
    """How a command ended, and with whose key and which options it was called."""

    code: int = -1
    out: str = ""
    err: str = ""
    keys: list[Secret | None] = Factory(list)
    levels: list[int] = Factory(list)
    turns: list[str | None] = Factory(list)
    accounts: tuple[Account, ...] = ()

    @property
    def names(self) -> list[str]:
        """Whose keys they were."""
        return [NAMES[key.reveal()] for key in self.keys if key is not None]


@define
class World:
    """A folder with configuration files, and what the command does for each user.

    :param deeds: what it returns or raises, by user; 0 for others.
    """

    folder: Path
    deeds: dict[str, ExitCode | BaseException] = Factory(dict)

    def start(
        self,
        *argv: str,
        environment: Mapping[str, str] | None = None,
        toml: str = "",
        dotenv: str = "",
    ) -> Ended:
        """Run the command that is run for each."""
        return self._run(self._each, argv, environment or {}, {"immich-toolkit.toml": toml, ".env": dotenv})

    def start_for_all(self, *argv: str, environment: Mapping[str, str], toml: str) -> Ended:
        """Run the command that gets all accounts at once."""
        return self._run(self._all, argv, environment, {"immich-toolkit.toml": toml})

    def _run(
        self,
        command: Callable[[Ended], Any],
        argv: Sequence[str],
        environment: Mapping[str, str],
        files: Mapping[str, str],
    ) -> Ended:
        for name, text in files.items():
            if text:
                (self.folder / name).write_text(text, encoding="utf-8")
        world = Surroundings(
            environment=environment,
            working_folder=self.folder,
            configuration_folder=self.folder / "config",
            state_folder=self.folder / "state",
            stdout=io.StringIO(),
            stderr=io.StringIO(),
        )
        ended = Ended()
        app = make_app("immich-example", "An example.", table="duplicates")
        app.default(command(ended))
        ended.code = run(app, argv, world)
        assert isinstance(world.stdout, io.StringIO)
        assert isinstance(world.stderr, io.StringIO)
        ended.out, ended.err = world.stdout.getvalue(), world.stderr.getvalue()
        for secret in (ANNA, BEN, CLEO):
            assert secret not in ended.out + ended.err + repr(ended)
        return ended

    def _each(self, ended: Ended) -> Any:
        def each(
            *,
            keys: Annotated[Keys, Parameter(name="*")] = KEYS,
            tool: Annotated[ToolOptions, Parameter(name="*")] = TOOL,
            connection: Annotated[ConnectionOptions, Parameter(name="*")] = CONNECTION,
            apply: Annotated[ApplyOptions, Parameter(name="*")] = APPLY,
            output: Annotated[OutputOptions, Parameter(name="*")] = OUTPUT,
            source: Annotated[SourceOptions, Parameter(name="*")] = SOURCE,
        ) -> int:
            ended.keys.append(connection.api_key)
            ended.levels.append(tool.level)
            ended.turns.append(account_in_turn())
            deed = self.deeds.get(ended.names[-1], ExitCode.DONE) if connection.api_key else ExitCode.DONE
            if isinstance(deed, BaseException):
                raise deed
            return Output(output).ended(deed)

        return each

    def _all(self, ended: Ended) -> Any:
        def together(
            *,
            which: Annotated[AccountOptions, Parameter(name="*")] = ALL,
            tool: Annotated[ToolOptions, Parameter(name="*")] = TOOL,
            connection: Annotated[ConnectionOptions, Parameter(name="*")] = CONNECTION,
            source: Annotated[SourceOptions, Parameter(name="*")] = SOURCE,
        ) -> None:
            ended.accounts = accounts()
            ended.keys.append(connection.api_key)

        return together


@pytest.fixture
def world(tmp_path: Path) -> World:
    for name, text in {
        "anna": ANNA + "\n",
        "ben": f"{BEN}\r\n",
        "both": f"{ANNA}\n {BEN} \n",
        "gap": f"{ANNA}\n\n{BEN}\n",
        "empty": "\n",
    }.items():
        (tmp_path / name).write_text(text, newline="")
    (tmp_path / "latin").write_bytes(b"\xe9")
    return World(tmp_path)


FAMILY = f"""
[[account]]
name = "anna"
api-key = "{ANNA}"
[account.duplicates]
level = 2

[[account]]
name = "ben"
api_key_file = "ben"
[account.folder-albums]
anything = "is that command's affair"
"""


def refused(ended: Ended, *parts: str) -> None:
    """One clear line, exit 2, and the command was called for nobody."""
    assert ended.code == ExitCode.USAGE, ended.err
    assert ended.err.startswith("immich-example: ")
    assert ended.err.count("\n") == 1
    for part in parts:
        assert part in ended.err
    assert not ended.keys


# --- whose keys -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("argv", "environment", "files", "expected"),
    [
        ([], {}, {}, []),
        ([], {"API_KEY": ANNA}, {}, ["anna"]),
        ([], {"API_KEY": f"{BEN}:{ANNA}"}, {}, ["ben", "anna"]),
        ([], {"API_KEY_FILE": "ben:anna"}, {}, ["ben", "anna"]),
        ([], {"API_KEY_FILE": "both"}, {}, ["anna", "ben"]),
        ([], {"IMMICH_API_KEY": ANNA}, {}, ["anna"]),
        ([], {"IMMICH_API_KEY_FILE": "ben"}, {}, ["ben"]),
        ([], {"IMMICH_API_KEY": ANNA, "API_KEY": ANNA}, {}, ["anna"]),
        ([], {"IMMICH_API_KEYS": f"x@y.z:{BEN}, anna:{ANNA}"}, {}, ["ben", "anna"]),
        ([], {"API_KEYS": f"{BEN},{ANNA}"}, {}, ["ben", "anna"]),
        ([], {"API_KEYS": f"{BEN},{ANNA}", "IMMICH_API_KEY": CLEO}, {}, ["ben", "anna"]),
        ([], {"API_KEY": ANNA}, {"dotenv": f"API_KEY={BEN}"}, ["anna"]),
        ([], {}, {"dotenv": f"API_KEY={BEN}:{ANNA}"}, ["ben", "anna"]),
        ([], {}, {"toml": FAMILY}, ["anna", "ben"]),
        ([], {}, {"toml": FAMILY + f'[server]\napi-key = "{CLEO}"'}, ["anna", "ben"]),
        ([], {}, {"toml": f'[server]\napi-key = "{CLEO}"'}, ["cleo"]),
        (["--account", "ben"], {}, {"toml": FAMILY}, ["ben"]),
        (["--account", "ben", "--account=anna"], {}, {"toml": FAMILY}, ["anna", "ben"]),
        ([], {"IMMICH_ACCOUNT": "ben"}, {"toml": FAMILY}, ["ben"]),
        ([], {"IMMICH_ACCOUNT": "ben, anna"}, {"toml": FAMILY}, ["anna", "ben"]),
        (["--account", "ben"], {"IMMICH_API_KEY": CLEO}, {"toml": FAMILY}, ["ben"]),
        (["--account", "2"], {"API_KEY": f"{BEN}:{ANNA}"}, {}, ["anna"]),
        (["--account", "x@y.z"], {"IMMICH_API_KEYS": f"x@y.z:{BEN},anna:{ANNA}"}, {}, ["ben"]),
        (["--api-key-file", "ben"], {"IMMICH_API_KEY": CLEO}, {"toml": FAMILY}, ["ben"]),
        (["--api-key-file", "ben"], {"IMMICH_ACCOUNT": "anna"}, {"toml": FAMILY}, ["ben"]),
    ],
)
def test_whose_keys(
    world: World, argv: list[str], environment: dict[str, str], files: dict[str, str], expected: list[str]
) -> None:
    ended = world.start(*argv, environment=environment, **files)
    assert (ended.code, ended.err) == (0, "")
    assert ended.names == expected


@pytest.mark.parametrize(
    ("argv", "environment", "parts"),
    [
        ([], {"API_KEY": ""}, ["API_KEY", "entry 1", "empty"]),
        ([], {"API_KEY": f"{ANNA}:"}, ["API_KEY", "entry 2", "empty"]),
        ([], {"API_KEY": f"{ANNA}::{BEN}"}, ["API_KEY", "entry 2", "empty"]),
        ([], {"API_KEY": f"{ANNA}:{BEN}\n{CLEO}"}, ["API_KEY", "entry 2", "line break"]),
        ([], {"API_KEY": f"{ANNA}:{ANNA}"}, ["accounts 1 and 2 have the same key"]),
        ([], {"API_KEY": ANNA, "API_KEY_FILE": "ben"}, ["API_KEY and API_KEY_FILE are both set"]),
        ([], {"API_KEY": ANNA, "IMMICH_API_KEY": BEN}, ["API_KEY and IMMICH_API_KEY contradict each other"]),
        ([], {"API_KEY_FILE": ""}, ["API_KEY_FILE", "empty"]),
        ([], {"API_KEY_FILE": "none"}, ["API_KEY_FILE holds no readable path", "Then set API_KEY."]),
        ([], {"API_KEY_FILE": "gap"}, ["API_KEY_FILE", "gap", "line 2", "empty"]),
        ([], {"API_KEY_FILE": "empty"}, ["API_KEY_FILE", "line 1", "empty"]),
        ([], {"API_KEY_FILE": "latin"}, ["API_KEY_FILE", "latin", "UTF-8"]),
        ([], {"IMMICH_API_KEYS": f"anna:{ANNA},"}, ["IMMICH_API_KEYS", "entry 2", "empty"]),
        ([], {"IMMICH_API_KEYS": f"anna:{ANNA},anna:{BEN}"}, ["two accounts are called anna"]),
        ([], {"IMMICH_API_KEYS": "anna:"}, ["IMMICH_API_KEYS", "entry 1", "empty"]),
        ([], {"IMMICH_API_KEYS": ANNA, "API_KEYS": BEN}, ["IMMICH_API_KEYS and API_KEYS contradict each other"]),
        (["--account", "cleo"], {}, ["--account cleo", "known are: none"]),
        (["--account", "cleo"], {"API_KEY": f"{ANNA}:{BEN}"}, ["--account cleo", "known are: 1, 2"]),
        (["--account", ""], {}, ["--account", "empty"]),
        (["--api-key-file", "none"], {}, ["--api-key-file holds no readable path", "Then set IMMICH_API_KEY."]),
        (["--save-plan", "plan.json"], {"API_KEY": f"{ANNA}:{BEN}"}, ["--save-plan", "--account"]),
        (["--level", "high"], {"API_KEY": f"{ANNA}:{BEN}"}, ["--level", "whole number"]),
        ([], {"API_KEY": f"{ANNA}:{BEN}", "LEVEL": "high"}, ["LEVEL", "whole number"]),
    ],
)
def test_wrong_keys(world: World, argv: list[str], environment: dict[str, str], parts: list[str]) -> None:
    refused(world.start(*argv, environment=environment), *parts)


def test_a_variable_beside_accounts_is_never_guessed_about(world: World) -> None:
    ended = world.start(environment={"IMMICH_API_KEY": CLEO}, toml=FAMILY)
    refused(ended, "IMMICH_API_KEY and the accounts of", "immich-toolkit.toml", "--account")
    refused(world.start(dotenv=f"API_KEY={CLEO}"), "API_KEY in ", ".env and the accounts of", "--account")


ONE = f'[[account]]\nname = "anna"\napi-key = "{ANNA}"\n'


@pytest.mark.parametrize(
    ("toml", "parts"),
    [
        ("[account]\nname = 'anna'", ["must be written as [[account]]"]),
        ("account = ['anna']", ["must be written as [[account]]"]),
        (f'[[account]]\napi-key = "{ANNA}"', ["[[account]] number 1 needs a name"]),
        (ONE + f'[[account]]\nname = " "\napi-key = "{BEN}"', ["[[account]] number 2 needs a name"]),
        (ONE + f'[[account]]\nname = 5\napi-key = "{BEN}"', ["[[account]] number 2 needs a name"]),
        (ONE + ONE.replace(ANNA, BEN), ["two accounts are called anna"]),
        (ONE + ONE.replace('"anna"', '"ben"'), ["accounts anna and ben have the same key"]),
        ("[[account]]\nname = 'anna'", ["[[account]] anna", "needs an api-key or an api-key-file"]),
        (ONE + 'api-key-file = "anna"', ["api-key in [[account]] anna", "are both set"]),
        (ONE + f'api_key = "{BEN}"', ["[[account]] anna has api-key twice"]),
        (ONE + f'apikey = "{BEN}"', ["unknown key apikey in [[account]] anna", "did you mean api-key?"]),
        (ONE + "[account.duplicate]\n", ["unknown key duplicate in [[account]] anna", "did you mean duplicates?"]),
        (ONE + "duplicates = 3", ["[account.duplicates] of account anna must be a table"]),
        (ONE + "[account.duplicates]\nlevl = 3", ["unknown key levl in [account.duplicates] of account anna", "level"]),
        (ONE + "[account.duplicates]\nurl = 'x'", ["url in [account.duplicates]", "it belongs to [server]"]),
        (ONE + "[account.duplicates]\naccount = ['x']", ["unknown key account in [account.duplicates]"]),
        ("[[account]]\nname = 'anna'\napi-key = 5", ["api-key in [[account]] anna", "text in quotes"]),
        ("[[account]]\nname = 'anna'\napi-key = ''", ["api-key in [[account]] anna", "empty"]),
        (
            "[[account]]\nname = 'anna'\napi-key-file = 'none'",
            ["api-key-file in [[account]] anna", "holds no readable path"],
        ),
        (
            ONE + "[account.duplicates]\nlevel = '3'",
            ["level in [account.duplicates] of account anna", "without quotes"],
        ),
        (FAMILY + "[duplicates]\nlevl = 3", ["unknown key levl in [duplicates]"]),
    ],
)
def test_wrong_accounts(world: World, toml: str, parts: list[str]) -> None:
    refused(
        world.start(toml=toml), *parts, str(world.folder / "immich-toolkit.toml") if "same key" not in parts[0] else ""
    )


@pytest.mark.parametrize(
    ("environment", "toml"),
    [
        ({"API_KEYS": f"{ANNA},{BEN}\n{CLEO}"}, ""),
        ({"API_KEY": f"{ANNA}:{BEN}\n{CLEO}"}, ""),
        ({"IMMICH_API_KEYS": f"x:{ANNA},x:{BEN}"}, ""),
        ({}, ONE + f'api_key = "{BEN}"'),
        ({}, ONE + f'apikey = "{BEN}"'),
        ({}, ONE + f'[account.duplicates]\npassword = "{BEN}"'),
        ({"IMMICH_API_KEY": CLEO}, FAMILY),
        ({"IMMICH_API_KEYS": f"anna:{ANNA}", "API_KEYS": f"anna:{BEN}"}, ""),
    ],
)
def test_no_traceback_with_locals_shows_a_key(world: World, environment: dict[str, str], toml: str) -> None:
    (world.folder / "immich-toolkit.toml").write_text(toml)
    around = Surroundings(environment=environment, working_folder=world.folder, configuration_folder=world.folder)
    with pytest.raises(UsageError) as caught:
        load(All, around, table="duplicates")
    frames = traceback.TracebackException.from_exception(caught.value, capture_locals=True)
    # The frame of this test holds the texts themselves.
    frames.stack.pop(0)
    shown = "".join(frames.format())
    assert "accounts.py" in shown or "tables.py" in shown
    assert not any(key in shown for key in (ANNA, BEN, CLEO))


@frozen(kw_only=True)
class All(ConnectionOptions):
    key_lists: ClassVar[tuple[str, ...]] = ("API_KEY",)
    account: Annotated[tuple[str, ...], Parameter(env_var="IMMICH_ACCOUNT")] = ()


# --- whose options ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("argv", "environment", "files", "expected"),
    [
        ([], {}, {"toml": FAMILY}, [2, 1]),
        ([], {}, {"toml": FAMILY + "[duplicates]\nlevel = 7"}, [2, 7]),
        ([], {}, {"toml": FAMILY, "dotenv": "LEVEL=8"}, [8, 8]),
        ([], {"LEVEL": "9"}, {"toml": FAMILY, "dotenv": "LEVEL=8"}, [9, 9]),
        (["--level", "10"], {"LEVEL": "9"}, {"toml": FAMILY}, [10, 10]),
        (["--account", "ben"], {}, {"toml": FAMILY}, [1]),
    ],
)
def test_precedence(
    world: World, argv: list[str], environment: dict[str, str], files: dict[str, str], expected: list[int]
) -> None:
    assert world.start(*argv, environment=environment, **files).levels == expected


# --- how it ends ------------------------------------------------------------------------------------------------

DONE, WORK, FAILED, ACCESS, UNREACHABLE, STOPPED = (
    ExitCode.DONE,
    ExitCode.WORK_FOUND,
    ExitCode.CHANGES_FAILED,
    ExitCode.ACCESS,
    ExitCode.UNREACHABLE,
    ExitCode.STOPPED,
)


@pytest.mark.parametrize(
    ("codes", "expected"),
    [
        ([DONE], DONE),
        ([ACCESS], ACCESS),
        ([DONE, DONE], DONE),
        ([DONE, ACCESS], ACCESS),
        ([ACCESS, DONE, ACCESS], ACCESS),
        ([ACCESS, UNREACHABLE], FAILED),
        ([STOPPED, DONE, UNREACHABLE], FAILED),
        ([DONE, WORK], WORK),
        ([WORK, ACCESS], ACCESS),
    ],
)
def test_joint_exit_code(codes: list[int], expected: int) -> None:
    assert joint_code(codes) == joint_code(codes[::-1]) == expected


@pytest.mark.parametrize(
    ("deed", "code"),
    [
        (AccessDenied(f"the key {ANNA} is wrong"), ExitCode.ACCESS),
        (ServerUnreachable("no answer"), ExitCode.UNREACHABLE),
        (GuardTripped("too many"), ExitCode.STOPPED),
        (UsageError("no root"), ExitCode.USAGE),
        (SystemExit(6), ExitCode.ACCESS),
        (ExitCode.CHANGES_FAILED, ExitCode.CHANGES_FAILED),
    ],
)
def test_one_failure_does_not_stop_the_others(world: World, deed: ExitCode | BaseException, code: int) -> None:
    world.deeds = {"anna": deed}
    ended = world.start(toml=FAMILY)
    assert (ended.code, ended.names) == (code, ["anna", "ben"])
    if isinstance(deed, ToolkitError):
        assert ended.err == f"immich-example: account anna: {str(deed).replace(ANNA, MASK)}\n"


def test_a_key_that_cannot_be_read_does_not_stop_the_others(world: World) -> None:
    ended = world.start(toml=FAMILY.replace('"ben"', '"gone"') + '[[account]]\nname = "c"\napi-key-file = "empty"')
    assert (ended.code, ended.names) == (ExitCode.USAGE, ["anna"])
    assert [line.split(":")[1] for line in ended.err.splitlines()] == [" account gone", " account c"]
    ended = world.start(environment={"API_KEY_FILE": "none:ben"}, toml=" ")
    assert (ended.code, ended.names) == (ExitCode.USAGE, ["ben"])
    assert "account 1: API_KEY_FILE holds no readable path" in ended.err


def test_an_option_of_one_account_that_is_wrong_does_not_stop_the_others(world: World) -> None:
    ended = world.start(toml=FAMILY.replace("level = 2", "level = 2.5"))
    assert (ended.code, ended.names) == (ExitCode.USAGE, ["ben"])
    assert ended.err.startswith("immich-example: account anna: level in [account.duplicates]")


@pytest.mark.parametrize(("error", "code"), [(KeyboardInterrupt(), 130), (LookupError("lost"), 1)])
def test_an_interruption_or_a_bug_ends_everything(world: World, error: BaseException, code: int) -> None:
    world.deeds = {"anna": error}
    ended = world.start(toml=FAMILY)
    assert (ended.code, ended.names) == (code, ["anna"])


def test_a_command_knows_whose_turn_it_is_only_among_several(world: World) -> None:
    assert world.start(toml=FAMILY).turns == ["anna", "ben"]
    assert world.start("--account", "ben").turns == [None]
    assert account_in_turn() is None


def test_one_account_is_reported_on_without_its_name(world: World) -> None:
    world.deeds = {"anna": AccessDenied("no")}
    ended = world.start(toml=ONE)
    assert (ended.code, ended.err) == (ExitCode.ACCESS, "immich-example: no\n")


def test_a_plan_of_one_account_is_saved(world: World) -> None:
    assert world.start("--account", "ben", "--save-plan", "plan.json", toml=FAMILY).code == 0


def test_json_lines_tell_whose_they_are(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    world.deeds = {"anna": AccessDenied("no")}
    ended = world.start("--json", toml=FAMILY)
    lines = [json.loads(line) for line in (ended.out + capsys.readouterr().out).splitlines()]
    assert [(line["account"], line["exit_code"]) for line in lines] == [("anna", 6), ("ben", 0)]
    assert world.start("--json", "--level", "x").out.count("\n") == 1
    world.start("--json", "--account", "ben")
    assert "account" not in json.loads(capsys.readouterr().out)


# --- all at once ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("argv", "environment", "toml", "expected"),
    [
        ([], {"IMMICH_API_KEYS": f"id-1:{ANNA},b@c.d:{BEN}"}, "", [("id-1", ANNA), ("b@c.d", BEN)]),
        ([], {"API_KEYS": f"{ANNA} , {BEN}"}, "", [("1", ANNA), ("2", BEN)]),
        ([], {"IMMICH_API_KEY": ANNA}, "", [("1", ANNA)]),
        (["--api-key-file", "ben"], {"IMMICH_API_KEYS": ANNA}, "", [("1", BEN)]),
        ([], {}, f'[server]\napi-key = "{CLEO}"', [("1", CLEO)]),
        ([], {}, FAMILY, [("anna", ANNA), ("ben", BEN)]),
        (["--account", "ben"], {}, FAMILY, [("ben", BEN)]),
    ],
)
def test_all_accounts_at_once(
    world: World, argv: Sequence[str], environment: dict[str, str], toml: str, expected: list[tuple[str, str]]
) -> None:
    ended = world.start_for_all(*argv, environment=environment, toml=toml)
    assert (ended.code, ended.err) == (0, "")
    assert ended.accounts == tuple(Account(name, Secret(key)) for name, key in expected)
    if len(expected) == 1:
        assert ended.keys == [ended.accounts[0].key], "the connection is that of the only account"


@pytest.mark.parametrize(
    ("environment", "toml", "parts"),
    [
        ({}, "", ["no API key", "IMMICH_API_KEYS"]),
        ({}, FAMILY.replace('"ben"', '"gone"'), ["api-key-file in [[account]] gone", "holds no readable path"]),
        ({"KEY": ANNA}, "", ["no API key"]),
        ({"API_KEYS": ","}, "", ["API_KEYS", "empty"]),
    ],
)
def test_all_accounts_must_be_usable(world: World, environment: dict[str, str], toml: str, parts: list[str]) -> None:
    refused(world.start_for_all(environment=environment, toml=toml), *parts)


def test_accounts_outside_of_a_command() -> None:
    with pytest.raises(UsageError, match="no API key"):
        accounts()
