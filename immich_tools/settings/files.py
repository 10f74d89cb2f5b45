"""Reading ``.env`` and ``immich-toolkit.toml`` strictly: a line that cannot be understood is an error, not skipped."""

from __future__ import annotations

import io
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import Any, Final, TypeVar, final

from dotenv.parser import Binding, parse_stream

from immich_tools.errors import UsageError
from immich_tools.i18n import _
from immich_tools.secret import HiddenText

CONFIGURATION_FILE: Final = "immich-toolkit.toml"
ENVIRONMENT_FILE: Final = ".env"

COMMANDS: Final = (
    "doctor",
    "duplicates",
    "folder-albums",
    "missing-originals",
    "album-backup",
    "faceless-album",
    "apply",
    "runs",
    "undo",
    "resume",
    "demo",
    "sandbox",
    "web",
    "schedule",
    "health",
)
"""Commands of ``immich-toolkit``; each may have a table of its name in the configuration file."""

RESERVED_TABLES: Final = ("account", "job")
"""Arrays of tables that are read elsewhere."""

SERVER_TABLE: Final = "server"
"""The table of the connection options, shared by all commands."""


Value = TypeVar("Value")


@final
class Hidden(Mapping[str, Value]):
    """A mapping whose repr shows no value: any of them may be a secret, and a traceback may show local variables."""

    __slots__ = ("__values",)

    def __init__(self, values: Mapping[str, Value]) -> None:
        self.__values = dict(values)

    def __getitem__(self, name: str) -> Value:
        return self.__values[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self.__values)

    def __len__(self) -> int:
        return len(self.__values)

    def __repr__(self) -> str:
        return f"<{len(self)} hidden values>"


def read_environment_file(path: Path) -> Hidden[str]:
    """The variables of a ``.env`` file.

    Values are taken as written: ``$NAME`` is not replaced. The last one of equal names counts.

    :raises UsageError: when the file cannot be read or a line cannot be understood; no value is shown.
    """
    text = _read_text(path)
    bad_line = _first_bad_line(text)
    if bad_line is not None:
        raise UsageError(_("{path}: line {line} is not of the form NAME=VALUE").format(path=path, line=bad_line))
    # "NAME" without "=" is read as "NAME=": empty, which is an error where the name means something.
    return Hidden({binding.key: binding.value or "" for binding in _bindings(text) if binding.key is not None})


def _bindings(text: HiddenText) -> Iterator[Binding]:
    return parse_stream(io.StringIO(text.reveal()))


def _first_bad_line(text: HiddenText) -> int | None:
    # dotenv_values() only logs a line that it cannot parse and goes on without it; the parser below it tells.
    return next((binding.original.line for binding in _bindings(text) if binding.error), None)


def read_configuration_file(path: Path) -> Hidden[Any]:
    """The content of a configuration file, its table names checked; tables within it are `Hidden` as well.

    :raises UsageError: when the file cannot be read, is not TOML, or has a table that no command knows.
    """
    text = _read_text(path)
    try:
        content: Hidden[Any] = _hidden(tomllib.loads(text.reveal()))
    except tomllib.TOMLDecodeError as error:
        reason = str(error)
    else:
        _check_tables(path, content)
        return content
    # Raised outside the handler: the parser's frames hold the whole file.
    raise UsageError(_("{path} is not valid TOML: {reason}").format(path=path, reason=reason))


def _hidden(value: Any) -> Any:
    """A value of the file with every table in it hidden."""
    if isinstance(value, dict):
        return Hidden({name: _hidden(part) for name, part in value.items()})
    return [_hidden(part) for part in value] if isinstance(value, list) else value


def _check_tables(path: Path, content: Hidden[Any]) -> None:
    known = (SERVER_TABLE, *COMMANDS, *RESERVED_TABLES)
    for name in content:
        is_table = isinstance(content[name], Hidden)
        if name not in known:
            if is_table or isinstance(content[name], list):
                message = _("{path}: unknown table [{name}]{hint}")
            else:
                message = _("{path}: key {name} stands outside of any table{hint}")
            raise UsageError(message.format(path=path, name=name, hint=nearest_hint(name, known)))
        if not is_table and name not in RESERVED_TABLES:
            raise UsageError(_("{path}: {name} must be a table: [{name}]").format(path=path, name=name))


def nearest_hint(name: str, known: Iterable[str]) -> str:
    """ "; did you mean …?" with the nearest known name, or nothing."""
    nearest = get_close_matches(name, known, n=1)
    return _("; did you mean {nearest}?").format(nearest=nearest[0]) if nearest else ""


def _read_text(path: Path) -> HiddenText:
    try:
        return HiddenText(path.read_text(encoding="utf-8-sig"))
    except OSError as error:
        reason = error.strerror or type(error).__name__
    except UnicodeDecodeError as error:
        reason = _("not UTF-8 text (byte {position})").format(position=error.start)
    raise UsageError(_("cannot read {path}: {reason}").format(path=path, reason=reason))
