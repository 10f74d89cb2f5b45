"""What a command sees of the world: environment, folders, streams. Passed in, so that nothing reads global state."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Mapping
from contextvars import ContextVar
from pathlib import Path
from typing import Any, Final, TextIO

from attrs import define, field, frozen

from immich_tools.errors import ExitCode
from immich_tools.folders import default_configuration_folder, default_state_folder
from immich_tools.secret import Secret
from immich_tools.settings.account import Turn
from immich_tools.settings.files import Hidden


def _hide(environment: Mapping[str, str]) -> Hidden[str]:
    return Hidden(environment)


def _working_folder() -> Path:
    try:
        return Path.cwd()
    except OSError:
        # Somebody removed it, or it cannot be entered: there are no files in it then.
        return Path()


@frozen(kw_only=True)
class Surroundings:
    """The world around one invocation; the defaults are the process's own.

    :param environment: environment variables; never modified.
    :param working_folder: where ``.env`` and ``immich-toolkit.toml`` are looked for first.
    :param configuration_folder: where ``immich-toolkit.toml`` is looked for next; None for nowhere.
    :param state_folder: where crash reports go; asking for it raises UsageError where nobody knows which that is.
    :param stdout: help and version; also what is flushed at the end.
    :param stderr: messages.
    """

    environment: Hidden[str] = field(factory=lambda: os.environ, converter=_hide)
    working_folder: Path = field(factory=_working_folder)
    configuration_folder: Path | None = field(factory=default_configuration_folder)
    _state_folder: Path | None = None
    stdout: TextIO = field(factory=lambda: sys.stdout)
    stderr: TextIO = field(factory=lambda: sys.stderr)

    @property
    def state_folder(self) -> Path:
        """Where crash reports go.

        :raises UsageError: see `folders.default_state_folder`.
        """
        return default_state_folder() if self._state_folder is None else self._state_folder


@define
class Invocation:
    """One run of a command: what it was given and what its errors need to know.

    :param surroundings: the world around it.
    :param secrets: every secret read so far, to be kept out of messages.
    :param verbose: whether tracebacks may be shown.
    :param json: whether the result is JSON lines, whose last is a summary also when an error ends the command.
    :param summarized: whether that summary has been printed.
    :param summary_file: the file to which the summary is to be written at the end, as it was given.
    :param summaries: how its parts have ended so far: several accounts, or several plans that were carried out.
    :param given: flags of the options that got a value from anywhere.
    :param configuration_file: the configuration file in effect.
    :param turns: the accounts that the configuration names.
    :param turn: the account for which a command runs that is run for each.
    :param warned_of: variables that look like slips, and of which that has been said.
    :param command: name of the command, once it is known.
    :param hearers: options that want to know how it ends (`settings.ending`), each with the account that it was given for.
    :param complain: says an error that a person can act on, and returns its exit code; None outside of a command.
    """

    surroundings: Surroundings
    secrets: list[Secret] = field(factory=list)
    verbose: bool = False
    json: bool = False
    summarized: bool = False
    summary_file: str | None = None
    summaries: list[Mapping[str, Any]] = field(factory=list)
    given: frozenset[str] = frozenset()
    configuration_file: Path | None = None
    turns: tuple[Turn, ...] = ()
    turn: Turn | None = None
    warned_of: set[str] = field(factory=set)
    command: str = ""
    hearers: list[tuple[object, str | None]] = field(factory=list)
    complain: Callable[[str, ExitCode], int] | None = None

    @property
    def account_name(self) -> str | None:
        """Whose turn it is, where there are several accounts."""
        return self.turn.name if self.turn is not None and self.turn.is_one_of_several else None

    def with_account(self, line: Mapping[str, Any]) -> Mapping[str, Any]:
        """A JSON line that also tells whose it is, where there are several accounts."""
        return line if self.account_name is None else {**line, "account": self.account_name}


current_invocation: Final[ContextVar[Invocation | None]] = ContextVar("current_invocation", default=None)
"""The invocation that :func:`run` has begun: cyclopts hands a configuration source no place for arguments of a call."""


def protect(secret: Secret) -> Secret:
    """Keep a secret out of the messages of the command that is running.

    The secrets of options are protected already; this is for those that a command reads elsewhere.

    :return: the same secret.
    """
    invocation = current_invocation.get()
    if invocation is not None:
        invocation.secrets.append(secret)
    return secret
