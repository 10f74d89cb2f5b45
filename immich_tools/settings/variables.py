"""Reading environment variables: the process's, or those of a file."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from attrs import frozen

from immich_tools.errors import UsageError
from immich_tools.i18n import _
from immich_tools.settings.arguments import FILE_SUFFIX, Found, Option
from immich_tools.settings.declarations import Legacy, Numbered, may_be_empty
from immich_tools.settings.files import Hidden
from immich_tools.settings.values import QUOTES, Separated, read_string, split_list


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
        quote = text[:1]
        is_quoted = quote and quote in QUOTES and quote == text[-1] and text.count(quote) == 2
        return text[1:-1] if is_quoted else text


def values_of(option: Option, variables: Variables, folder: Path) -> Iterator[Found]:
    """What the variables of an option say that is no secret, each of them.

    :param folder: the working folder.
    :raises UsageError: one has a wrong value.
    """
    for entry in option.variables:
        name = entry.variable
        file_name = name + FILE_SUFFIX
        if name in option.in_files and file_name in variables.values:
            refuse_both(name, file_name, variables)
            where = variables.name(file_name)
            yield option.read(
                where, _split(option, where, entry, _text_of_file(variables.text(file_name), where, folder))
            )
        elif name in variables.values:
            where = variables.name(name)
            yield option.read(where, _split(option, where, entry, _text_of(option, name, variables)))
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


def refuse_both(variable: str, other: str, variables: Variables) -> None:
    """:raises UsageError: both variables are set."""
    if variable in variables.values and other in variables.values:
        raise both_set(variables.name(variable), variables.name(other))


def both_set(first: str, second: str) -> UsageError:
    """The error of two places that both hold a value, of which only one may."""
    return UsageError(_("{first} and {second} are both set; set only one of them").format(first=first, second=second))


def contradiction(first: str, second: str) -> UsageError:
    """The error of two variables that say different things."""
    return UsageError(
        _("{first} and {second} contradict each other; set only one of them").format(first=first, second=second)
    )


def _text_of(option: Option, name: str, variables: Variables) -> str:
    """What a variable says of an option.

    In a list of texts quotes say what belongs together, so that those around the whole of it stay: ``"Italy, 2024"`` is one album. Around
    absolute paths they are a compose file's, as in ``"/photos,/scans"``.
    """
    split = option.argument.parameter.env_var_split
    is_list = option.shape.collect is not None and option.shape.element in (str, Path)
    if not is_list or not isinstance(split, Separated):
        return variables.text(name)
    without = variables.text(name)
    are_paths = all(part.strip().startswith("/") for part in without.split(split.separator))
    return without if are_paths else variables.values[name]


def _text_of_file(path: str, where: str, folder: Path) -> str:
    """The one line that a file holds."""
    try:
        text = (folder / read_string(path)).read_text(encoding="utf-8-sig").strip()
    except OSError as error:
        reason = _("cannot read {path}: {reason}").format(path=path, reason=error.strerror or type(error).__name__)
    except ValueError as error:
        reason = _("is not UTF-8 text") if isinstance(error, UnicodeDecodeError) else str(error)
    else:
        if "\n" not in text:
            return text
        reason = _("{path} holds more than one line").format(path=path)
    raise UsageError(f"{where}: {reason}")


def _split(option: Option, where: str, entry: Legacy, text: str) -> list[str]:
    parameter = option.argument.parameter
    # An empty boolean is refused by its own reader, which also tells the words it takes.
    keeps_empty = option.shape.element is bool or parameter.converter is may_be_empty
    try:
        text = entry.convert(text if keeps_empty else read_string(text))
        if option.shape.collect is None:
            return [text]
        split = parameter.env_var_split
        if isinstance(split, Separated):
            return split_list(text, split.separator)
        return list(split(option.argument.hint, text))
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
