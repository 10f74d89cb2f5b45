"""Abbreviated long options: an older command line whose parser took every unique prefix keeps working."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final, TypeVar

from cyclopts import App

Command = TypeVar("Command", bound=Callable[..., Any])

_FLAGS: Final[dict[object, tuple[str, ...]]] = {}


def takes_prefixes_of(*flags: str) -> Callable[[Command], Command]:
    """Let a command take unique prefixes of these long options.

    :param flags: all long options of the older command line: what is a unique prefix depends on them alone.
    """

    def mark(command: Command) -> Command:
        _FLAGS[command] = flags
        return command

    return mark


def completed(app: App, argv: Sequence[str]) -> list[str]:
    """The arguments with every abbreviated option written out; what is not unique stays, to be refused as unknown."""
    _names, apps, _rest = app.parse_commands(argv)
    flags = _FLAGS.get(apps[-1].default_command, ())
    end = argv.index("--") if "--" in argv else len(argv)
    return [*(_completed(word, flags) for word in argv[:end]), *argv[end:]]


def _completed(word: str, flags: Sequence[str]) -> str:
    name, sign, value = word.partition("=")
    if not name.startswith("--") or name in flags:
        return word
    longer = [flag for flag in flags if flag.startswith(name)]
    return f"{longer[0]}{sign}{value}" if len(longer) == 1 else word
