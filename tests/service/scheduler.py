"""``immich-toolkit schedule`` as a process of its own, beside a pretended server."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from uuid import UUID

from attrs import define, frozen

from immich_tools.sandbox import Sandbox

PATIENCE = 60.0
"""Seconds after which a process is taken to hang."""


def add_pairs(sandbox: Sandbox, count: int) -> None:
    """Give the library pairs of duplicates, of which the worse one has a description to be carried over."""
    for number in range(count):
        for copy in range(2):
            sandbox.add_asset(
                original_file_name=f"IMG_{number}_{copy}.jpg",
                duplicate_id=str(UUID(int=number, version=4)),
                description=f"words {number}" if copy else "",
                file_size=2000 - copy,
            )


@define
class Process:
    """A command that runs.

    :ivar said: the file that its stderr goes to.
    """

    process: subprocess.Popen[bytes]
    said: Path
    written: Path

    def wait_for(self, *texts: str) -> None:
        """Come back when it has said all of these."""
        end = time.monotonic() + PATIENCE
        while not all(text in self.err for text in texts):
            assert self.process.poll() is None, self.err
            assert time.monotonic() < end, self.err
            time.sleep(0.01)

    def stop(self, kind: signal.Signals = signal.SIGTERM) -> int:
        """End it; returns its exit code."""
        self.process.send_signal(kind)
        return self.process.wait(PATIENCE)

    @property
    def err(self) -> str:
        """What it has said on stderr so far."""
        return self.said.read_text()

    @property
    def out(self) -> str:
        """What it has written to stdout so far."""
        return self.written.read_text()


@frozen
class Desk:
    """A folder in which commands run, with the address and a key of a server in their environment."""

    folder: Path
    environment: Mapping[str, str]

    @contextmanager
    def start(self, *arguments: str, **variables: str) -> Iterator[Process]:
        """Start ``immich-toolkit``; it is killed at the end if it still runs.

        :param variables: more environment.
        """
        number = len(list(self.folder.glob("*.err")))
        said, written = self.folder / f"{number}.err", self.folder / f"{number}.out"
        with said.open("wb") as err, written.open("wb") as out:
            process = subprocess.Popen(
                self._words(arguments), cwd=self.folder, env={**self.environment, **variables}, stdout=out, stderr=err
            )
        try:
            yield Process(process, said, written)
        finally:
            process.kill()
            process.wait()

    def run(self, *arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
        """Run ``immich-toolkit`` to its end."""
        return subprocess.run(
            self._words(arguments),
            cwd=self.folder,
            env={**self.environment, **variables},
            capture_output=True,
            text=True,
            check=False,
            timeout=PATIENCE,
        )

    def configure(self, text: str) -> None:
        """Write the configuration file."""
        (self.folder / "immich-toolkit.toml").write_text(text, encoding="utf-8")

    def _words(self, arguments: Sequence[str]) -> list[str]:
        return [sys.executable, "-m", "immich_tools", *arguments]


def desk(folder: Path, url: str, key: str) -> Desk:
    """A desk in an empty folder."""
    kept = {name: os.environ[name] for name in ("PATH", "LANG", "VIRTUAL_ENV") if name in os.environ}
    return Desk(
        folder,
        {
            **kept,
            "HOME": str(folder),
            "XDG_STATE_HOME": str(folder / "state"),
            "XDG_CONFIG_HOME": str(folder / "config"),
            "PYTHONPATH": os.pathsep.join(sys.path),
            "IMMICH_URL": url,
            "IMMICH_API_KEY": key,
            "TZ": "Europe/Berlin",
        },
    )
