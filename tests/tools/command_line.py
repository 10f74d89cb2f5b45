"""The real commands, run in this process as the console scripts run them."""

from __future__ import annotations

import io
import json
import os
import sys
from collections.abc import Callable
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path
from typing import Any, Protocol

import pytest
from attrs import evolve, frozen

from immich_tools import cli
from immich_tools.duplicates import cli as duplicates_cli


@frozen
class Result:
    """How a command ended.

    :ivar out: its result, from stdout.
    :ivar err: what it said to the person, from stderr.
    """

    code: int
    out: str
    err: str

    def lines(self) -> list[dict[str, Any]]:
        """The JSON lines of stdout."""
        return [json.loads(line) for line in self.out.splitlines()]


class Keyboard(Protocol):
    """What a command asks for answers."""

    def readline(self) -> str: ...

    def isatty(self) -> bool: ...


class _Terminal(io.StringIO):
    """A keyboard with somebody at it, as far as a program can tell."""

    def isatty(self) -> bool:
        return True


@frozen
class CommandLine:
    """A shell in an empty folder, with the server's address and a key in its environment.

    :ivar folder: the working folder; configuration and journals stay below it.
    """

    url: str
    key: str
    folder: Path

    def with_key(self, key: str) -> CommandLine:
        """The same shell with another key."""
        return evolve(self, key=key)

    @property
    def journals(self) -> Path:
        """Where the runs leave their journals."""
        return self.folder / "state" / "immich-toolkit" / "runs"

    def duplicates(self, *arguments: str, typed: str | Keyboard = "", terminal: bool = False) -> Result:
        """``immich-duplicates``.

        :param typed: what a person types, or a pipe holds.
        :param terminal: somebody sits there.
        """
        return self._run("immich-duplicates", duplicates_cli.main, arguments, typed, terminal)

    def toolkit(self, *arguments: str, typed: str | Keyboard = "", terminal: bool = False) -> Result:
        """``immich-toolkit``."""
        return self._run("immich-toolkit", cli.main, arguments, typed, terminal)

    def _run(
        self, name: str, main: Callable[[], None], arguments: tuple[str, ...], typed: str | Keyboard, terminal: bool
    ) -> Result:
        out, err = io.StringIO(), io.StringIO()
        with pytest.MonkeyPatch.context() as patch, redirect_stdout(out), redirect_stderr(err):
            for variable in [variable for variable in os.environ if variable.startswith("IMMICH_")]:
                patch.delenv(variable)
            patch.setenv("IMMICH_URL", self.url)
            patch.setenv("IMMICH_API_KEY", self.key)
            patch.setenv("XDG_STATE_HOME", str(self.folder / "state"))
            patch.setenv("XDG_CONFIG_HOME", str(self.folder / "config"))
            patch.chdir(self.folder)
            patch.setattr(sys, "argv", [name, *arguments])
            keyboard = _Terminal(typed) if terminal and isinstance(typed, str) else typed
            patch.setattr(sys, "stdin", io.StringIO(keyboard) if isinstance(keyboard, str) else keyboard)
            with pytest.raises(SystemExit) as ending:
                main()
        code = ending.value.code
        assert isinstance(code, int)
        return Result(int(code), out.getvalue(), err.getvalue())
