"""The real command in a process of its own, with the streams a shell can give it."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from attrs import frozen

from immich_tools.sandbox import Dialect, Sandbox
from immich_tools.sandbox.serve import serve

GROUP = "0d05d92f-6759-4c82-887a-f98f9e5b1f5b"
FULL = Path("/dev/full")


@frozen
class Ended:
    """How a command ended."""

    code: int
    out: str
    err: str


@frozen
class Shell:
    """Runs ``immich-toolkit`` through ``sh`` against one server.

    :ivar sandbox: the server.
    :ivar folder: the working folder, in which everything stays.
    """

    sandbox: Sandbox
    url: str
    folder: Path

    def run(self, arguments: str, *, environment: Mapping[str, str] | None = None) -> Ended:
        """Run it; redirections and pipes may follow the arguments. The code is that of the command, also before a pipe."""
        code = self.folder / "code"
        command, pipe, reader = arguments.partition(" | ")
        toolkit = f'"{sys.executable}" -c "from immich_tools.cli import main; main()"'
        done = subprocess.run(
            ["sh", "-c", f"{{ {toolkit} {command}; echo $? > code; }}{pipe}{reader}"],
            cwd=self.folder,
            env={
                "PATH": os.environ["PATH"],
                "PYTHONPATH": os.pathsep.join(sys.path),
                "HOME": str(self.folder),
                "PYTHONUTF8": "0",
                "PYTHONIOENCODING": "utf-8",
                "IMMICH_URL": self.url,
                "IMMICH_API_KEY": self.sandbox.admin_key,
                "IMMICH_JOURNAL_FOLDER": str(self.folder / "runs"),
                **(environment or {}),
            },
            capture_output=True,
            check=False,
            timeout=60,
        )
        out, err = (stream.decode(errors="backslashreplace") for stream in (done.stdout, done.stderr))
        assert "Traceback" not in err
        assert self.sandbox.admin_key not in out + err
        return Ended(int(code.read_text()), out, err)


@contextmanager
def shell(folder: Path, *, groups: int = 1, album: str = "Été", name: str = "IMG") -> Iterator[Shell]:
    """A shell beside a server that has pairs of duplicates, the worse copies in an album."""
    sandbox = Sandbox(Dialect.V2)
    worse = []
    for number in range(groups):
        for size in (1000, 2000):
            asset_id = sandbox.add_asset(
                owner_id=sandbox.admin.id,
                original_file_name=f"{name}_{number}_{size}.jpg",
                file_size=size,
                duplicate_id=f"{number:08x}{GROUP[8:]}",
            )
            if size == 1000:
                worse.append(asset_id)
    sandbox.add_album(album, asset_ids=worse)
    with serve(sandbox) as url:
        yield Shell(sandbox, url, folder)
