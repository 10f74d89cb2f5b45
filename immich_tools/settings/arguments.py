"""The options of the command at hand: cyclopts' arguments with what the sources of values need to know of them."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any, Final

from attrs import frozen
from cyclopts import Token
from cyclopts.argument import Argument, ArgumentCollection
from cyclopts.utils import UNSET

from immich_tools.errors import UsageError
from immich_tools.i18n import _
from immich_tools.secret import Secret
from immich_tools.settings.declarations import Legacy, Numbered, Positional, may_be_empty
from immich_tools.settings.values import READERS, Shape

FILE_SUFFIX: Final = "_FILE"


@frozen
class Option:
    """One option.

    :param variables: that hold its value.
    :param numbered: rows of variables that hold one entry each.
    :param table: its table in the configuration file; None where it has no place there.
    :param in_files: those of its variables whose value may also stand in the file that ``NAME_FILE`` names. A secret's always may.
    """

    argument: Argument
    shape: Shape
    variables: tuple[Legacy, ...]
    numbered: tuple[Numbered, ...]
    table: str | None
    in_files: frozenset[str] = frozenset()

    @property
    def flag(self) -> str | None:
        """Its long name; None for an argument without a name."""
        return next((name for name in self.argument.parameter.name or () if name.startswith("--")), None)

    @property
    def is_secret(self) -> bool:
        """Whether its value must never be shown."""
        return self.shape.element is Secret

    @property
    def holder(self) -> str:
        """What holds the secret itself, where the flag names its file: a variable."""
        return self.variables[0].variable if self.variables else str(self.flag).removesuffix("-file")

    def file_variables(self) -> Iterator[str]:
        """Names of the variables that name a file with its value."""
        for entry in self.variables:
            if self.is_secret or entry.variable in self.in_files:
                yield entry.variable + FILE_SUFFIX

    @property
    def is_key_list(self) -> bool:
        """Whether it takes keys themselves; these are for the frame, see `settings.accounts`."""
        return self.is_secret and self.shape.collect is not None

    @property
    def is_given(self) -> bool:
        """Whether a value was found."""
        return bool(self.argument.tokens)

    def key_names(self) -> tuple[str, ...]:
        """Its keys in the configuration file; a secret has two: the text, then the file."""
        if self.flag is None or self.is_key_list:
            return ()
        name = self.flag.removeprefix("--")
        return (name.removesuffix("-file"), name) if self.is_secret else (name,)

    def take(self, found: Found, source: str) -> None:
        """Hand a value over to cyclopts."""
        tokens = self.argument.tokens
        tokens.clear()
        if found.value is UNSET:
            for index, text in enumerate(found.texts):
                self.argument.append(Token(keyword=found.where, value=text, source=source, index=index))
        else:
            self.argument.append(Token(keyword=found.where, source=source, implicit_value=found.value))

    def read(self, where: str, texts: Sequence[str]) -> Found:
        """The value that texts mean.

        :param where: how messages name the place.
        :raises UsageError: they mean none.
        """
        converter = self.argument.parameter.converter
        reader = READERS.get(self.shape.element)
        if reader is None or converter is not None:
            if not all(texts) and converter is not may_be_empty:
                raise UsageError(_("{where}: is empty; give it a value or unset it").format(where=where))
            return Found(where, texts=tuple(texts))
        try:
            values = [reader(text) for text in texts]
        except ValueError as error:
            raise UsageError(f"{where}: {error}") from None
        return Found(where, values[0] if self.shape.collect is None else self.shape.collect(values))


@frozen
class Found:
    """A value and the name under which it was found; ``texts`` are what cyclopts converts itself."""

    where: str
    value: object = UNSET
    texts: tuple[str, ...] = ()

    def agrees_with(self, other: Found) -> bool:
        """Whether both say the same."""
        return self.value == other.value and self.texts == other.texts


@frozen
class Declared:
    """What the options classes of a command say beside their fields."""

    classes: tuple[type, ...]

    @classmethod
    def by(cls, arguments: ArgumentCollection) -> Declared:
        """What those of a command say; an options class that extends another one adds to it instead of hiding it."""
        groups = [argument.resolved_hint for argument in arguments if argument.children and not argument.keys]
        return cls(tuple(base for group in groups for base in getattr(group, "__mro__", ())))

    def legacy(self, arguments: ArgumentCollection) -> tuple[Legacy | Numbered | Positional, ...]:
        """The tables of older names.

        :raises ValueError: one names an option that the command does not have.
        """
        older = self.all_of("legacy")
        flags = {name for argument in arguments for name in argument.parameter.name or ()}
        for entry in older:
            if entry.option not in flags:
                raise ValueError(f"the table of older names has {entry.option}, which this command does not have")
        return older

    def all_of(self, name: str) -> tuple[Any, ...]:
        """The entries of a class variable in all classes."""
        return tuple(entry for each in self.classes for entry in vars(each).get(name, ()))

    def has(self, name: str) -> bool:
        """Whether a class variable is there and true."""
        return any(vars(each).get(name) for each in self.classes)


def options_of(
    arguments: ArgumentCollection,
    older: Sequence[Legacy | Numbered | Positional],
    command_table: str | None,
    in_files: Collection[str] = (),
) -> Iterator[Option]:
    """The options of a command.

    :param older: tables of older names, see `Declared`.
    :param command_table: where those stand in the configuration file that have no table of their own.
    :param in_files: variables that have a ``_FILE`` form though they hold no secret.
    """
    groups = [argument for argument in arguments if argument.children and not argument.keys]
    group_of = {id(leaf): group.resolved_hint for group in groups for leaf in group.children_recursive}
    renamed = [entry for entry in older if isinstance(entry, Legacy)]
    for argument in arguments:
        if argument.children or not argument.parse or not argument.parameter.name:
            continue
        names = argument.parameter.env_var or ()
        taken_over = {entry.variable for entry in renamed if entry.option not in argument.parameter.name}
        variables = {name: Legacy(name, argument.name) for name in names if name not in taken_over}
        variables |= {entry.variable: entry for entry in renamed if entry.option in argument.parameter.name}
        shape = Shape.of(argument.resolved_hint)
        if shape.element is Secret:
            variables = {name: entry for name, entry in variables.items() if not _is_file_form(name, variables)}
        numbered = tuple(
            entry for entry in older if isinstance(entry, Numbered) and entry.option in argument.parameter.name
        )
        table = getattr(group_of.get(id(argument)), "toml_table", command_table)
        yield Option(
            argument, shape, tuple(variables.values()), numbered, table, frozenset(in_files) & variables.keys()
        )


def _is_file_form(name: str, names: Mapping[str, Legacy]) -> bool:
    return name.endswith(FILE_SUFFIX) and name.removesuffix(FILE_SUFFIX) in names
