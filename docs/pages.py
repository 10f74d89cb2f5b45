"""What the generated pages have in common: the commands and their options as a person reads of them, and files that are kept up to date."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from cyclopts import App
from cyclopts.argument import Argument, ArgumentCollection

from immich_tools.settings.values import typed


def commands(app: App) -> list[str]:
    """Names of the app's own commands and of the commands within these, sorted."""
    names = sorted(name for name in app if not name.startswith("-"))
    return [each for name in names for each in (name, *(f"{name} {inner}" for inner in commands(app[name])))]


def command_of(app: App, name: str) -> App:
    """The command of a name, which may be one within another: ``runs set-aside``."""
    for word in name.split():
        app = app[word]
    return app


def arguments_of(app: App, name: str) -> ArgumentCollection:
    """All that one command takes."""
    # A command taken out of its app would not know the app's own rules for flags.
    return command_of(app, name).assemble_argument_collection(default_parameter=app.default_parameter)


def shown(app: App, name: str) -> Iterator[Argument]:
    """The arguments of a command that a person can give."""
    for argument in arguments_of(app, name):
        if argument.parse and argument.show and not argument.children:
            yield argument


def default(argument: Argument) -> str:
    """The default as a person would type it; empty when there is none."""
    value: Any = argument.field_info.default
    return "" if value is argument.field_info.empty or value is None else typed(value)


def row(cells: Iterable[str]) -> str:
    """A row of a table."""
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


def keep(pages: Mapping[Path, str], *, only_check: bool) -> int:
    """Write pages, or compare them with what is there.

    :param only_check: write nothing.
    :return: the exit code: 1 where a page is not what it should be.
    """
    code = 0
    for path, text in pages.items():
        if not only_check:
            path.write_text(text, encoding="utf-8")
        elif not path.is_file() or path.read_text(encoding="utf-8") != text:
            print(f"{path} is not up to date: run 'make docs'", file=sys.stderr)
            code = 1
    return code
