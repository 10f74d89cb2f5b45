"""Where the value of an option comes from: flag, environment, ``.env``, ``immich-toolkit.toml``, in this order.

:class:`Sources` is a configuration source for cyclopts. Cyclopts' own ones are not strict enough for tools that
delete: they read an empty variable as a value, "2.5" as the whole number 2 and "none" as "no limit", and they read
``os.environ`` only. So all values of the plain types (bool, int, float, str, Path, Secret and collections of them) are
read here, those of flags too, and handed over as finished Python values; enumerations and types with a converter of
their own are handed over as text.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from attrs import frozen
from cyclopts import App, Parameter, Token
from cyclopts.argument import Argument, ArgumentCollection
from cyclopts.utils import UNSET

from immich_tools.errors import UsageError
from immich_tools.i18n import _
from immich_tools.secret import Secret
from immich_tools.settings.files import (
    CONFIGURATION_FILE,
    ENVIRONMENT_FILE,
    Hidden,
    nearest_hint,
    read_configuration_file,
    read_environment_file,
)
from immich_tools.settings.surroundings import Invocation, Surroundings, current_invocation
from immich_tools.settings.values import READERS, Legacy, Shape, read_string, split_list, text_of_native

CONFIGURATION_FLAG: Final = "--config"
ENVIRONMENT_FILE_FLAG: Final = "--env-file"
JSON_FLAG: Final = "--json"
FILE_SUFFIX: Final = "_FILE"


def no_tokens(annotation: object, text: str, *, delimiter: str | None = None) -> list[str]:
    """Keeps cyclopts from binding an environment variable itself: it does so before any configuration source."""
    return []


def secret_flag(flag: str, *variables: str, help: str) -> Parameter:
    """The parameter of a ``Secret | None`` option.

    The flag takes the path of a file, because a process list shows arguments. Each variable is accepted as ``VAR``
    (the secret) and as ``VAR_FILE`` (a path); the configuration file takes the flag's name, with and without ``-file``.

    :param flag: must end in ``-file``, such as ``--api-key-file``.
    :param variables: environment variables that hold the secret.
    :param help: the help text.
    """
    if not flag.endswith("-file"):
        raise ValueError(f"{flag}: the flag of a secret takes a file and says so in its name: …-file")
    return Parameter(
        name=flag,
        env_var=tuple(name for variable in variables for name in (variable, variable + FILE_SUFFIX)),
        help=help,
        metavar="PATH",
        accepts_keys=False,
        converter=_secret_from_tokens,
    )


def _secret_from_tokens(annotation: object, tokens: Sequence[Token]) -> Secret:
    # Only reached in an app without Sources; there, too, the flag's value is a path and never the secret.
    return Secret.from_file(Path(tokens[0].value))


@frozen
class _Option:
    """One option of the command at hand, as cyclopts' argument with what this module needs to know of it."""

    argument: Argument
    shape: Shape
    variables: tuple[Legacy, ...]
    table: str | None

    @property
    def flag(self) -> str | None:
        return next((name for name in self.argument.parameter.name or () if name.startswith("--")), None)

    @property
    def is_secret(self) -> bool:
        return self.shape.element is Secret

    @property
    def is_given(self) -> bool:
        return bool(self.argument.tokens)

    def key_names(self) -> tuple[str, ...]:
        """Its keys in the configuration file; a secret has two: the text, then the file."""
        if self.flag is None:
            return ()
        name = self.flag.removeprefix("--")
        return (name.removesuffix("-file"), name) if self.is_secret else (name,)


@frozen
class _Found:
    """A value and the name under which it was found; ``texts`` are what cyclopts converts itself."""

    where: str
    value: object = UNSET
    texts: tuple[str, ...] = ()

    def agrees_with(self, other: _Found) -> bool:
        return self.value == other.value and self.texts == other.texts

    def hand_over(self, argument: Argument, source: str) -> None:
        argument.tokens.clear()
        if self.value is UNSET:
            for index, text in enumerate(self.texts):
                argument.append(Token(keyword=self.where, value=text, source=source, index=index))
        else:
            argument.append(Token(keyword=self.where, source=source, implicit_value=self.value))


@frozen
class _Variables:
    """Environment variables: the process's, or those of a file."""

    values: Hidden[str]
    path: Path | None

    def name(self, variable: str) -> str:
        """How a message names one of them."""
        return variable if self.path is None else _("{name} in {path}").format(name=variable, path=self.path)


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
        """
        invocation = current_invocation.get() or Invocation(Surroundings())
        command_table = self.table or (commands[0] if commands else None)
        options = list(_options(arguments, command_table))
        for option in options:
            option.argument.tokens[:] = [token for token in option.argument.tokens if token.source != "env"]
            _take_command_line(option, invocation)
        by_flag = {option.flag: option for option in options}
        # Each source may name the file of the next one.
        tiers = [_Variables(invocation.surroundings.environment, None)]
        _settle_json(by_flag.get(JSON_FLAG), tiers[0], invocation)
        environment_file = _environment_file(by_flag.get(ENVIRONMENT_FILE_FLAG), tiers, invocation)
        if environment_file is not None:
            tiers.append(_Variables(read_environment_file(environment_file), environment_file))
        configuration_file = _configuration_file(by_flag.get(CONFIGURATION_FLAG), tiers, invocation)
        for option in options:
            for variables in tiers:
                _take_variables(option, variables, invocation)
        if configuration_file is not None:
            tables = _checked_tables(configuration_file, options, command_table)
            for option in options:
                if option.table is not None and option.table in tables:
                    _take_table(option, tables[option.table], configuration_file, invocation)
        verbose = by_flag.get("--verbose")
        if verbose is not None and verbose.is_given:
            invocation.verbose = verbose.argument.tokens[-1].implicit_value is True
        _note_json(by_flag.get(JSON_FLAG), invocation)


def _settle_json(option: _Option | None, variables: _Variables, invocation: Invocation) -> None:
    # Before anything else that may be wrong: the message about it is to come as JSON, too.
    if option is not None:
        _take_variables(option, variables, invocation)
        _note_json(option, invocation)


def _note_json(option: _Option | None, invocation: Invocation) -> None:
    if option is not None and option.is_given:
        invocation.json = option.argument.tokens[-1].implicit_value is True


def _options(arguments: ArgumentCollection, command_table: str | None) -> Iterator[_Option]:
    groups = [argument for argument in arguments if argument.children and not argument.keys]
    group_of = {id(leaf): group.resolved_hint for group in groups for leaf in group.children_recursive}
    # Along the bases, so that an options class that extends another one adds to its table instead of hiding it.
    classes = [base for group in groups for base in getattr(group.resolved_hint, "__mro__", ())]
    older = [entry for base in classes for entry in vars(base).get("legacy", ())]
    flags = {name for argument in arguments for name in argument.parameter.name or ()}
    for entry in older:
        if entry.option not in flags:
            raise ValueError(f"the table of older variables names {entry.option}, which this command does not have")
    for argument in arguments:
        if argument.children or not argument.parse or not argument.parameter.name:
            continue
        names = argument.parameter.env_var or ()
        taken_over = {entry.variable for entry in older if entry.option not in argument.parameter.name}
        variables = {name: Legacy(name, argument.name) for name in names if name not in taken_over}
        variables |= {entry.variable: entry for entry in older if entry.option in argument.parameter.name}
        shape = Shape.of(argument.resolved_hint)
        if shape.element is Secret:
            variables = {name: entry for name, entry in variables.items() if not _is_file_form(name, variables)}
        table = getattr(group_of.get(id(argument)), "toml_table", command_table)
        yield _Option(argument, shape, tuple(variables.values()), table)


def _is_file_form(name: str, names: Mapping[str, Legacy]) -> bool:
    return name.endswith(FILE_SUFFIX) and name.removesuffix(FILE_SUFFIX) in names


def _take_command_line(option: _Option, invocation: Invocation) -> None:
    tokens = option.argument.tokens
    if not tokens or any(token.implicit_value is not UNSET or token.keys for token in tokens):
        return
    where = tokens[0].keyword or option.argument.name
    if option.is_secret:
        found = _Found(where, _secret_of_file(tokens[0].value, where, invocation))
    else:
        found = _read(option, where, [token.value for token in tokens])
    found.hand_over(option.argument, "cli")


def _environment_file(option: _Option | None, tiers: list[_Variables], invocation: Invocation) -> Path | None:
    folder = invocation.surroundings.working_folder
    chosen = _chosen_path(option, tiers, invocation)
    if chosen is not None:
        return folder / chosen
    # A folder of that name is somebody's virtual environment.
    return folder / ENVIRONMENT_FILE if _is_file(folder / ENVIRONMENT_FILE) else None


def _configuration_file(option: _Option | None, tiers: list[_Variables], invocation: Invocation) -> Path | None:
    world = invocation.surroundings
    chosen = _chosen_path(option, tiers, invocation)
    if chosen is not None:
        return world.working_folder / chosen
    candidates = (folder / CONFIGURATION_FILE for folder in (world.working_folder, world.configuration_folder))
    return next((path for path in candidates if _is_file(path)), None)


def _chosen_path(option: _Option | None, tiers: list[_Variables], invocation: Invocation) -> Path | None:
    if option is None:
        return None
    for variables in tiers:
        _take_variables(option, variables, invocation)
    return Path(option.argument.tokens[0].implicit_value) if option.is_given else None


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except OSError:
        # A container running as another user may have a home folder that it cannot look into.
        return False


def _take_variables(option: _Option, variables: _Variables, invocation: Invocation) -> None:
    if option.is_given:
        return
    found: list[_Found] = []
    for entry in option.variables:
        where = variables.name(entry.variable)
        if option.is_secret:
            found.extend(_secret_variable(entry.variable, variables, invocation))
        elif entry.variable in variables.values:
            found.append(_read(option, where, _split(option, where, entry, variables.values[entry.variable])))
    for other in found[1:]:
        if not other.agrees_with(found[0]):
            raise UsageError(
                _("{first} and {second} contradict each other; set only one of them").format(
                    first=found[0].where, second=other.where
                )
            )
    if found:
        found[0].hand_over(option.argument, "environment")


def _split(option: _Option, where: str, entry: Legacy, text: str) -> list[str]:
    with_separator = option.argument.parameter.env_var_split
    try:
        # An empty boolean is refused by its own reader, which also tells the words it takes.
        text = entry.convert(text if option.shape.element is bool else read_string(text))
        if option.shape.collect is None:
            return [text]
        return split_list(text) if with_separator is no_tokens else list(with_separator(option.argument.hint, text))
    except ValueError as error:
        raise UsageError(f"{where}: {error}") from None


def _secret_variable(variable: str, variables: _Variables, invocation: Invocation) -> Iterator[_Found]:
    file_variable = variable + FILE_SUFFIX
    if variable in variables.values and file_variable in variables.values:
        raise UsageError(
            _("{first} and {second} are both set; set only one of them").format(
                first=variables.name(variable), second=variables.name(file_variable)
            )
        )
    if variable in variables.values:
        where = variables.name(variable)
        yield _Found(where, _secret_of(variables.values, variable, where, invocation))
    if file_variable in variables.values:
        where = variables.name(file_variable)
        yield _Found(where, _secret_of_file(variables.values[file_variable], where, invocation))


def _secret_of(values: Hidden[Any], name: str, where: str, invocation: Invocation) -> Secret:
    # The plain text is never bound to a name here: a traceback may show local variables.
    if not isinstance(values[name], str):
        raise UsageError(_("{where}: needs a text in quotes").format(where=where))
    if not values[name]:
        raise UsageError(_("{where}: is empty; give it a value or unset it").format(where=where))
    try:
        secret = Secret(values[name])
    except ValueError as error:
        raise UsageError(f"{where}: {error}") from None
    invocation.secrets.append(secret)
    return secret


def _secret_of_file(path: str, where: str, invocation: Invocation) -> Secret:
    if not path:
        raise UsageError(_("{where}: is empty; give it a value or unset it").format(where=where))
    try:
        secret = Secret.from_file(invocation.surroundings.working_folder / path)
    except UsageError as error:
        raise UsageError(f"{where}: {error}") from None
    invocation.secrets.append(secret)
    return secret


def _read(option: _Option, where: str, texts: Sequence[str]) -> _Found:
    reader = READERS.get(option.shape.element)
    if reader is None or option.argument.parameter.converter is not None:
        if not all(texts):
            raise UsageError(_("{where}: is empty; give it a value or unset it").format(where=where))
        return _Found(where, texts=tuple(texts))
    try:
        values = [reader(text) for text in texts]
    except ValueError as error:
        raise UsageError(f"{where}: {error}") from None
    return _Found(where, values[0] if option.shape.collect is None else option.shape.collect(values))


def _checked_tables(path: Path, options: Sequence[_Option], command_table: str | None) -> dict[str, Hidden[Any]]:
    """The tables this command reads, with ``-`` for ``_`` in their keys, all keys known."""
    content = read_configuration_file(path)
    keys_of: dict[str, list[str]] = {} if command_table is None else {command_table: []}
    for option in options:
        if option.table is not None:
            keys_of.setdefault(option.table, []).extend(option.key_names())
    tables: dict[str, Hidden[Any]] = {}
    for table in content:
        if table not in keys_of:
            continue
        keys = [key.replace("_", "-") for key in content[table]]
        for key in keys:
            if keys.count(key) > 1:
                raise UsageError(_("{path}: [{table}] has {key} twice").format(path=path, table=table, key=key))
            if key not in keys_of[table]:
                home = next((other for other, known in keys_of.items() if key in known), None)
                hint = nearest_hint(key, keys_of[table])
                if home is not None:
                    hint = _("; it belongs to [{table}]").format(table=home)
                raise UsageError(
                    _("{path}: unknown key {key} in [{table}]{hint}").format(path=path, key=key, table=table, hint=hint)
                )
        tables[table] = Hidden({key.replace("_", "-"): value for key, value in content[table].items()})
    return tables


def _take_table(option: _Option, table: Hidden[Any], path: Path, invocation: Invocation) -> None:
    def where(key: str) -> str:
        return _("{key} in [{table}] of {path}").format(key=key, table=option.table, path=path)

    given = [key for key in option.key_names() if key in table]
    if option.is_given or not given:
        return
    if len(given) > 1:
        raise UsageError(
            _("{first} and {second} are both set; set only one of them").format(
                first=where(given[0]), second=where(given[1])
            )
        )
    key = given[0]
    if option.is_secret:
        is_file = key.endswith("-file")
        if is_file and not isinstance(table[key], str):
            raise UsageError(_("{where}: needs a text in quotes").format(where=where(key)))
        secret = (
            _secret_of_file(table[key], where(key), invocation)
            if is_file
            else _secret_of(table, key, where(key), invocation)
        )
        found = _Found(where(key), secret)
    else:
        found = _read(option, where(key), _texts_of_native(option, table[key], where(key)))
    found.hand_over(option.argument, "configuration file")


def _texts_of_native(option: _Option, value: object, where: str) -> list[str]:
    try:
        if option.shape.collect is None:
            return [text_of_native(value, option.shape.element)]
        if not isinstance(value, list):
            raise ValueError(_("needs a list: [ … ]"))
        return [text_of_native(element, option.shape.element) for element in value]
    except ValueError as error:
        raise UsageError(f"{where}: {error}") from None


__all__ = ["CONFIGURATION_FLAG", "ENVIRONMENT_FILE_FLAG", "JSON_FLAG", "Sources", "no_tokens", "secret_flag"]
