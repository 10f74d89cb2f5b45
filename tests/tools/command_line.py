"""The real commands, run in this process as the console scripts run them."""

from __future__ import annotations

import io
import json
import os
import sys
from collections.abc import Callable, Mapping
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path
from typing import Any, Protocol

import pytest
from attrs import evolve, frozen

from immich_tools import cli, clock
from immich_tools.album_backup import cli as album_backup_cli
from immich_tools.clock import Clock
from immich_tools.duplicates import cli as duplicates_cli
from immich_tools.folder_albums import cli as folder_albums_cli
from immich_tools.missing_originals import cli as missing_originals_cli


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
    :ivar variables: the environment instead of address and key.
    :ivar waits_by: the clock of the server that is asked; None for the computer's.
    """

    url: str
    key: str
    folder: Path
    variables: Mapping[str, str] | None = None
    waits_by: Clock | None = None

    def with_key(self, key: str) -> CommandLine:
        """The same shell with another key."""
        return evolve(self, key=key)

    def with_url(self, url: str) -> CommandLine:
        """The same shell with another address."""
        return evolve(self, url=url)

    def with_environment(self, variables: Mapping[str, str]) -> CommandLine:
        """The same shell with other variables instead of address and key."""
        return evolve(self, variables=variables)

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

    def album_backup(self, *arguments: str, typed: str | Keyboard = "", terminal: bool = False) -> Result:
        """``immich-album-backup``."""
        return self._run("immich-album-backup", album_backup_cli.main, arguments, typed, terminal)

    def folder_albums(self, *arguments: str, typed: str | Keyboard = "", terminal: bool = False) -> Result:
        """``immich-folder-albums``."""
        return self._run("immich-folder-albums", folder_albums_cli.main, arguments, typed, terminal)

    def missing_originals(self, *arguments: str, typed: str | Keyboard = "", terminal: bool = False) -> Result:
        """``immich-missing-originals``."""
        return self._run("immich-missing-originals", missing_originals_cli.main, arguments, typed, terminal)

    def toolkit(self, *arguments: str, typed: str | Keyboard = "", terminal: bool = False) -> Result:
        """``immich-toolkit``."""
        return self._run("immich-toolkit", cli.main, arguments, typed, terminal)

    def _run(
        self, name: str, main: Callable[[], None], arguments: tuple[str, ...], typed: str | Keyboard, terminal: bool
    ) -> Result:
        out, err = io.StringIO(), io.StringIO()
        with (
            pytest.MonkeyPatch.context() as patch,
            redirect_stdout(out),
            redirect_stderr(err),
            clock.replaced(self.waits_by or clock.current()),
        ):
            for variable in [variable for variable in os.environ if variable.startswith("IMMICH_")]:
                patch.delenv(variable)
            for variable, value in self._environment().items():
                patch.setenv(variable, value)
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

    def _environment(self) -> Mapping[str, str]:
        if self.variables is not None:
            return self.variables
        return {"IMMICH_URL": self.url, "IMMICH_API_KEY": self.key}
