"""Where the value of an option comes from: flag, environment, ``.env``, ``immich-toolkit.toml``, in this order.

:class:`Sources` is a configuration source for cyclopts. Cyclopts' own ones are not strict enough for tools that
delete: they read an empty variable as a value, "2.5" as the whole number 2 and "none" as "no limit", and they read
``os.environ`` only. So all values of the plain types (bool, int, float, str, Path, Secret and collections of them) are
read here, those of flags too, and handed over as finished Python values; enumerations and types with a converter of
their own are handed over as text.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Final

from attrs import frozen
from cyclopts import App
from cyclopts.argument import ArgumentCollection

from immich_tools.errors import UsageError
from immich_tools.i18n import _
from immich_tools.settings.account import Turn
from immich_tools.settings.accounts import ACCOUNT_FLAG, KEY_FILE_FLAG, KEY_ROWS, Finder, RunForEach
from immich_tools.settings.arguments import FILE_SUFFIX, Declared, Found, Option, options_of
from immich_tools.settings.command_line import move_positionals, take_command_line
from immich_tools.settings.declarations import Positional, negate
from immich_tools.settings.files import CONFIGURATION_FILE, ENVIRONMENT_FILE, read_environment_file
from immich_tools.settings.misspelt import misspelt
from immich_tools.settings.secrets import secret_variable
from immich_tools.settings.summary import SUMMARY_FLAG
from immich_tools.settings.surroundings import Invocation, Surroundings, current_invocation
from immich_tools.settings.tables import Configuration
from immich_tools.settings.values import read_boolean
from immich_tools.settings.variables import Variables, contradiction, one_of, values_of

CONFIGURATION_FLAG: Final = "--config"
ENVIRONMENT_FILE_FLAG: Final = "--env-file"
JSON_FLAG: Final = "--json"
_SAVE_PLAN_FLAG: Final = "--save-plan"


@frozen
class Sources:
    """The configuration source of all commands, for ``App(config=Sources(…))``.

    :param table: the command's table in the configuration file, where the app is the command itself; None where the
        app has commands, whose names then are the tables.
    """

    table: str | None = None

    def __call__(self, app: App, commands: tuple[str, ...], arguments: ArgumentCollection) -> None:
        """Fill what the command line left open, and check what it gave.

        :raises UsageError: naming the flag, variable, or file and key at fault.
        :raises RunForEach: the command is to be run for each of these accounts, and is not yet.
        """
        invocation = current_invocation.get() or Invocation(Surroundings())
        command_table = self.table or (commands[0] if commands else None)
        invocation.command = command_table or ""
        declared = Declared.by(arguments)
        older = declared.legacy(arguments)
        options = list(options_of(arguments, older, command_table, declared.all_of("in_files")))
        by_flag = {option.flag: option for option in options}
        for option in options:
            option.argument.tokens[:] = [token for token in option.argument.tokens if token.source != "env"]
        move_positionals(arguments, [entry for entry in older if isinstance(entry, Positional)], by_flag)
        for option in options:
            take_command_line(option, invocation)
        # Each source may name the file of the next one.
        tiers = [Variables(invocation.surroundings.environment, None)]
        _settle_summary(by_flag, tiers[0], invocation)
        environment_file = _environment_file(by_flag.get(ENVIRONMENT_FILE_FLAG), tiers, invocation)
        if environment_file is not None:
            tiers.append(Variables(read_environment_file(environment_file), environment_file))
        configuration_file = _configuration_file(by_flag.get(CONFIGURATION_FLAG), tiers, invocation)
        configuration = None
        if configuration_file is not None:
            invocation.configuration_file = configuration_file
            configuration = Configuration.read(configuration_file, options, command_table)
        if ACCOUNT_FLAG in by_flag:
            _take_everywhere(by_flag[ACCOUNT_FLAG], tiers, invocation)
            finder = Finder(options, tiers, configuration, declared.all_of("key_lists"), invocation)
            _find_accounts(finder, by_flag[KEY_FILE_FLAG], once_for_each=declared.has("once_for_each"))
        for option in options:
            _take_everywhere(option, tiers, invocation)
        if configuration is not None:
            _take_tables(options, configuration, invocation)
        for option in options:
            _refuse_overruled_dry_run(option, tiers)
        _note(by_flag, invocation)
        quiet = by_flag.get("--quiet")
        if quiet is None or not quiet.is_given or quiet.argument.tokens[-1].implicit_value is not True:
            _warn_of_slips(tiers, _known(options, declared.all_of("key_lists")), invocation)


def _refuse_overruled_dry_run(option: Option, tiers: Sequence[Variables]) -> None:
    """Let a dry run that a variable asks for be overruled by the command line only, not by a variable of another place.

    :raises UsageError: another variable says the opposite.
    """
    if not option.is_given or option.argument.tokens[0].source != "environment":
        return
    token = option.argument.tokens[0]
    home_of = {name: variables for variables in reversed(tiers) for name in variables.values}
    for entry in option.variables:
        variables = home_of.get(entry.variable)
        if entry.convert is not negate or variables is None or token.implicit_value is not True:
            continue
        try:
            is_dry = read_boolean(variables.text(entry.variable))
        except ValueError as error:
            raise UsageError(f"{variables.name(entry.variable)}: {error}") from None
        if is_dry:
            raise contradiction(str(token.keyword), variables.name(entry.variable))


def _known(options: Sequence[Option], key_lists: Sequence[str]) -> frozenset[str]:
    """Names of all variables that mean something to the command."""
    names = {entry.variable for option in options for entry in option.variables}
    names |= {name for option in options for name in option.file_variables()}
    names |= {
        f"{row.variable}{number}" for option in options for row in option.numbered for number in range(row.last + 1)
    }
    names |= {*key_lists, *(name + FILE_SUFFIX for name in key_lists)}
    takes_accounts = any(option.flag == ACCOUNT_FLAG for option in options)
    return frozenset(names | set(KEY_ROWS)) if takes_accounts else frozenset(names)


def _warn_of_slips(tiers: Sequence[Variables], known: frozenset[str], invocation: Invocation) -> None:
    home_of = {name: variables for variables in reversed(tiers) for name in variables.values}
    for name, meant in misspelt(home_of, known):
        if name in invocation.warned_of:
            continue
        invocation.warned_of.add(name)
        with suppress(OSError, ValueError):
            print(
                _("Warning: unknown environment variable {name}; did you mean {meant}?").format(
                    name=home_of[name].name(name), meant=meant
                ),
                file=invocation.surroundings.stderr,
            )


def _take_tables(options: Sequence[Option], configuration: Configuration, invocation: Invocation) -> None:
    of_account = {} if invocation.turn is None else invocation.turn.options
    for tables in (of_account, configuration.tables()):
        for option in options:
            if option.table is not None and option.table in tables:
                tables[option.table].take(option, invocation)


def _note(by_flag: Mapping[str | None, Option], invocation: Invocation) -> None:
    """Keep what the frame needs to know of the options, and check what only it can know."""
    verbose, plan, key = (by_flag.get(flag) for flag in ("--verbose", _SAVE_PLAN_FLAG, KEY_FILE_FLAG))
    if verbose is not None and verbose.is_given:
        invocation.verbose = verbose.argument.tokens[-1].implicit_value is True
    _note_summary(by_flag, invocation)
    invocation.given = frozenset(flag for flag, option in by_flag.items() if flag is not None and option.is_given)
    if not invocation.turns and key is not None and key.is_given:
        invocation.turns = (Turn("1", key.argument.tokens[0].implicit_value),)
    if plan is not None and plan.is_given and invocation.account_name is not None:
        raise UsageError(_("{flag} saves the plan of one account: choose it with --account").format(flag=plan.flag))


def _find_accounts(finder: Finder, key: Option, *, once_for_each: bool) -> None:
    """Find out for whom the command runs.

    :param key: the option of the connection's one key.
    """
    invocation = finder.invocation
    if invocation.turn is not None:
        key.take(Found(invocation.turn.name, invocation.turn.account().key), "account")
    else:
        turns = finder.turns()
        if turns and once_for_each:
            raise RunForEach(turns, finder.warning())
        invocation.turns = turns
        if len(turns) == 1:
            key.take(Found(turns[0].name, turns[0].account().key), "account")
    for option in finder.options:
        if option.is_key_list:
            # They have become accounts; the command itself never sees them.
            option.argument.tokens.clear()


def _settle_summary(by_flag: Mapping[str | None, Option], variables: Variables, invocation: Invocation) -> None:
    # Before anything else that may be wrong: the message about it is to come as JSON and into the file, too.
    for flag in (JSON_FLAG, SUMMARY_FLAG):
        if flag in by_flag:
            _take_variables(by_flag[flag], variables, invocation)
    _note_summary(by_flag, invocation)


def _note_summary(by_flag: Mapping[str | None, Option], invocation: Invocation) -> None:
    json, file = by_flag.get(JSON_FLAG), by_flag.get(SUMMARY_FLAG)
    if json is not None and json.is_given:
        invocation.json = json.argument.tokens[-1].implicit_value is True
    if file is not None and file.is_given:
        invocation.summary_file = str(file.argument.tokens[-1].implicit_value)


def _environment_file(option: Option | None, tiers: Sequence[Variables], invocation: Invocation) -> Path | None:
    folder = invocation.surroundings.working_folder
    chosen = _chosen_path(option, tiers, invocation)
    if chosen is not None:
        return folder / chosen
    # A folder of that name is somebody's virtual environment.
    return folder / ENVIRONMENT_FILE if _is_file(folder / ENVIRONMENT_FILE) else None


def _configuration_file(option: Option | None, tiers: Sequence[Variables], invocation: Invocation) -> Path | None:
    world = invocation.surroundings
    chosen = _chosen_path(option, tiers, invocation)
    if chosen is not None:
        return world.working_folder / chosen
    folders = [folder for folder in (world.working_folder, world.configuration_folder) if folder is not None]
    return next((path for folder in folders if _is_file(path := folder / CONFIGURATION_FILE)), None)


def _chosen_path(option: Option | None, tiers: Sequence[Variables], invocation: Invocation) -> Path | None:
    if option is None:
        return None
    _take_everywhere(option, tiers, invocation)
    return Path(option.argument.tokens[0].implicit_value) if option.is_given else None


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except OSError:
        # A container running as another user may have a home folder that it cannot look into.
        return False


def _take_everywhere(option: Option, tiers: Sequence[Variables], invocation: Invocation) -> None:
    for variables in tiers:
        _take_variables(option, variables, invocation)


def _take_variables(option: Option, variables: Variables, invocation: Invocation) -> None:
    if option.is_given:
        return
    if option.is_secret:
        found = [each for entry in option.variables for each in secret_variable(entry.variable, variables, invocation)]
    else:
        found = list(values_of(option, variables, invocation.surroundings.working_folder))
    agreed = one_of(found)
    if agreed is not None:
        option.take(agreed, "environment")
