"""Writes docs/migration/*.md: what each variable and flag of the older tools is here, from the commands themselves.

python docs/migration_pages.py            writes them
python docs/migration_pages.py --check    fails if one is not up to date
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Collection, Iterator
from enum import Enum
from pathlib import Path
from typing import Any, Final

from attrs import frozen
from cyclopts import App, Token
from cyclopts.argument import Argument
from cyclopts.validators import Number

from docs.older import OlderTool, Setting, older_tools
from docs.pages import arguments_of, commands, default, keep, row
from immich_tools.cli import toolkit_app
from immich_tools.errors import UsageError
from immich_tools.secret import Secret
from immich_tools.settings.accounts import ACCOUNT_FLAG, KEY_FILE_FLAG, KEY_ROWS, KEYS_FLAG
from immich_tools.settings.arguments import FILE_SUFFIX, Declared, Option, options_of
from immich_tools.settings.declarations import Positional
from immich_tools.settings.values import Separated

KINDS: Final[dict[object, str]] = {
    bool: "yes or no",
    int: "a whole number",
    float: "a number",
    Path: "a path",
    Secret: "the secret itself; with `_FILE` behind the name, the path of a file that holds it",
}
"""What the plain types take."""
_TOLD_DEFAULT: Final = re.compile(r"\(default: ([^)]*)\)")


@frozen
class Reading:
    """How a command takes a setting of an older tool.

    :ivar option: what it sets.
    :ivar flag: what a person gives instead of the variable.
    :ivar separator: between several values; None where there is but one.
    :ivar entry: what one value is, where that is not what the option takes.
    :ivar refused: words that are refused although they are among those of the option's kind.
    """

    option: Option
    flag: str
    separator: str | None
    entry: str = ""
    refused: tuple[str, ...] = ()

    @property
    def accepts(self) -> str:
        """What it takes, for a person."""
        one = self.entry or _one(self.option, self.refused)
        return one if self.separator is None else f"{one}; several, separated by `{self.separator}`"

    @property
    def default(self) -> str:
        """What holds where nothing is given; empty where there is nothing. Some options leave it to their help to say that."""
        told = _TOLD_DEFAULT.search(self.option.argument.parameter.help or "")
        return default(self.option.argument) or (told[1] if told else "")


@frozen
class Command:
    """A command with what its options say of older names."""

    options: tuple[Option, ...]
    positionals: tuple[Positional, ...]
    key_lists: tuple[str, ...]

    @classmethod
    def of(cls, app: App, name: str) -> Command:
        """The command of that name."""
        arguments = arguments_of(app, name)
        declared = Declared.by(arguments)
        older = declared.legacy(arguments)
        return cls(
            tuple(options_of(arguments, older, name)),
            tuple(entry for entry in older if isinstance(entry, Positional)),
            declared.all_of("key_lists"),
        )

    def flags(self, option: Option) -> frozenset[str]:
        """All by which an option is given, names of arguments without one among them."""
        unnamed = {entry.parameter for entry in self.positionals if entry.option == option.flag}
        return frozenset({*option.argument.names, *unnamed})

    def reading(self, setting: Setting) -> Reading | None:
        """How it takes a setting; None where it does not."""
        keys = self._keys(setting.name)
        if keys is not None:
            return keys
        option = self._flagged(setting.name) if setting.is_flag else self._called(setting.name)
        if option is None:
            return None
        is_numbered = any(setting.name == f"{entry.variable}1" for entry in option.numbered)
        separator = None if is_numbered else _separator(option)
        return Reading(option, option.flag or option.argument.name, separator, refused=setting.refuses)

    def _keys(self, variable: str) -> Reading | None:
        """How it takes keys, where a variable may hold several: these become accounts."""
        one, several, account = (self._flagged(flag) for flag in (KEY_FILE_FLAG, KEYS_FLAG, ACCOUNT_FLAG))
        if variable in self.key_lists and several is not None:
            return Reading(several, KEYS_FLAG, ":", "a key")
        if variable.removesuffix(FILE_SUFFIX) in self.key_lists and one is not None:
            return Reading(one, KEY_FILE_FLAG, ":", "the path of a file with a key in each line")
        if variable in KEY_ROWS and account is not None and one is not None:
            return Reading(one, KEY_FILE_FLAG, ",", "`USER:KEY`, or a key")
        return None

    def older_names(self) -> Iterator[str]:
        """The variables that it reads under the names that older tools gave them."""
        for option in self.options:
            current = (option.argument.parameter.env_var or ())[:1]
            yield from (entry.variable for entry in option.variables if entry.variable not in current)
            yield from (f"{entry.variable}1" for entry in option.numbered)
        yield from self.key_lists

    def _flagged(self, flag: str) -> Option | None:
        return next((option for option in self.options if flag in option.argument.names), None)

    def _called(self, variable: str) -> Option | None:
        for option in self.options:
            names = {entry.variable for entry in option.variables} | {f"{each.variable}1" for each in option.numbered}
            if variable in names:
                return option
        return None


def _one(option: Option, refused: Collection[str]) -> str:
    """What one value of an option may be."""
    parameter = option.argument.parameter
    element: Any = option.shape.element
    if isinstance(element, type) and issubclass(element, Enum):
        choices = [choice for choice in element if choice.value not in refused and _takes(parameter.converter, choice)]
        return ", ".join(f"`{choice.value}`" for choice in choices)
    bounds = [bound for each in _validators(option.argument) for bound in _bounds(each)]
    return ", ".join([KINDS.get(element, "a text"), *bounds])


def _takes(converter: Any, choice: Enum) -> bool:
    """Whether a converter lets a choice pass; some options take fewer than there are."""
    try:
        return converter is None or converter(type(choice), [Token(value=str(choice.value))]) is choice
    except UsageError:
        return False


def _validators(argument: Argument) -> Iterator[Number]:
    validators: Any = argument.parameter.validator or ()
    for each in validators if isinstance(validators, tuple) else (validators,):
        if isinstance(each, Number):
            yield each


def _bounds(number: Number) -> Iterator[str]:
    for words, bound in (("at least", number.gte), ("more than", number.gt), ("at most", number.lte)):
        if bound is not None:
            yield f"{words} {bound:g}"


def _separator(option: Option) -> str | None:
    """What stands between the values of a variable that holds several."""
    if option.shape.collect is None:
        return None
    split: Callable[..., list[str]] = option.argument.parameter.env_var_split
    if isinstance(split, Separated):
        return split.separator
    return "," if split(option.argument.hint, "a,b") == ["a", "b"] else None


def page(app: App, tool: OlderTool) -> str:
    """The page of one older tool."""
    lines = [
        f"# From {tool.name} to `immich-toolkit {tool.command}`",
        "",
        f"Generated by `python docs/migration_pages.py` from `{tool.command}.toml` and the command itself; do not edit. What holds for all",
        "tools is in [the overview](README.md); every option of today is in [the reference](../reference.md).",
        "",
        tool.about.strip(),
        "",
        "## Variable by variable",
        "",
        row(("there", "what it did", "default there", "here", "takes here", "default here", "what differs")),
        "|" + "---|" * 7,
        *(row(cells(app, tool, setting)) for setting in tool.settings),
    ]
    return "\n".join(lines) + "\n"


def cells(app: App, tool: OlderTool, setting: Setting) -> tuple[str, ...]:
    """One setting as the cells of the table."""
    names = " ".join(f"`{name}`" for name in (setting.name, *setting.flags))
    before = (names, setting.meant, setting.before or "none")
    command = setting.command or tool.command
    reading = Command.of(app, command).reading(setting) if command in commands(app) else None
    if reading is None:
        return (*before, "–", "", "", setting.instead)
    here = f"`{reading.flag}`" if setting.command is None else f"`immich-toolkit {command}` `{reading.flag}`"
    return (*before, here, reading.accepts, _told(reading.default), " ".join(_differences(setting)))


def _told(default: str) -> str:
    if not default:
        return "none"
    return default if default.strip() else "a blank"


def _differences(setting: Setting) -> Iterator[str]:
    if setting.differs:
        yield setting.differs
    examples = [f"`{setting.name}={value}` is `{flags}`" for value, flags in setting.means.items()]
    if examples:
        yield "; ".join(examples) + "."
    refused = ["an empty value" if not value else f"`{value}`" for value in setting.refuses]
    if refused:
        yield f"Refused: {', '.join(refused)}."


def pages() -> dict[Path, str]:
    """The pages of the older tools whose command is there."""
    app = toolkit_app()
    return {tool.page: page(app, tool) for tool in older_tools() if tool.command in commands(app)}


if __name__ == "__main__":
    sys.exit(keep(pages(), only_check="--check" in sys.argv[1:]))
