"""Reading environment variables: the process's, or those of a file."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from attrs import frozen

from immich_tools.errors import UsageError
from immich_tools.i18n import _
from immich_tools.settings.arguments import Found, Option
from immich_tools.settings.declarations import Legacy, Numbered, may_be_empty
from immich_tools.settings.files import Hidden
from immich_tools.settings.values import read_string, split_list


@frozen
class Variables:
    """Environment variables.

    :param path: the file they stand in; None for the process's own.
    """

    values: Hidden[str]
    path: Path | None

    def name(self, variable: str) -> str:
        """How a message names one of them."""
        return variable if self.path is None else _("{name} in {path}").format(name=variable, path=self.path)

    def text(self, variable: str) -> str:
        """What one of them says.

        A list in a compose file (``- ROOT_PATH="/photos"``) leaves the quotes around a value in it, and they are not meant.
        """
        text = self.values[variable]
        return text[1:-1] if text.count('"') == 2 and text[0] == text[-1] == '"' else text


def no_tokens(annotation: object, text: str, *, delimiter: str | None = None) -> list[str]:
    """Keeps cyclopts from binding an environment variable itself: it does so before any configuration source."""
    return []


def values_of(option: Option, variables: Variables) -> Iterator[Found]:
    """What the variables of an option say that is no secret, each of them.

    :raises UsageError: one has a wrong value.
    """
    for entry in option.variables:
        if entry.variable in variables.values:
            where = variables.name(entry.variable)
            yield option.read(where, _split(option, where, entry, variables.text(entry.variable)))
    for row in option.numbered:
        texts = _row(row, variables)
        if texts:
            yield option.read(variables.name(f"{row.variable}1…{row.last}"), texts)


def one_of(found: Sequence[Found]) -> Found | None:
    """What several variables agree on.

    :raises UsageError: they do not.
    """
    for other in found[1:]:
        if not other.agrees_with(found[0]):
            raise contradiction(found[0].where, other.where)
    return found[0] if found else None


def contradiction(first: str, second: str) -> UsageError:
    """The error of two variables that say different things."""
    return UsageError(
        _("{first} and {second} contradict each other; set only one of them").format(first=first, second=second)
    )


def _split(option: Option, where: str, entry: Legacy, text: str) -> list[str]:
    parameter = option.argument.parameter
    # An empty boolean is refused by its own reader, which also tells the words it takes.
    keeps_empty = option.shape.element is bool or parameter.converter is may_be_empty
    try:
        text = entry.convert(text if keeps_empty else read_string(text))
        if option.shape.collect is None:
            return [text]
        if parameter.env_var_split is no_tokens:
            return split_list(text)
        return list(parameter.env_var_split(option.argument.hint, text))
    except ValueError as error:
        raise UsageError(f"{where}: {error}") from None


def _row(row: Numbered, variables: Variables) -> list[str]:
    """The entries of numbered variables, in the order of their numbers."""
    texts: dict[int, str] = {}
    for name in variables.values:
        match = re.fullmatch(re.escape(row.variable) + "([0-9]+)", name, re.ASCII)
        if match is None:
            continue
        number = int(match[1]) if len(match[1]) <= len(str(row.last)) else row.last + 1
        if not 1 <= number <= row.last or match[1] != str(number):
            raise UsageError(
                _("{name}: there are only {first} to {last}").format(
                    name=variables.name(name), first=f"{row.variable}1", last=f"{row.variable}{row.last}"
                )
            )
        try:
            texts[number] = row.convert(read_string(variables.text(name)))
        except ValueError as error:
            raise UsageError(f"{variables.name(name)}: {error}") from None
    return [texts[number] for number in sorted(texts)]
