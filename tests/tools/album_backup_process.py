"""A program that backs up albums until it is killed.

It reads one order a line (JSON: environment, folder, arguments, crash), and for each makes a copy of itself that runs the command. How
that ended (0, or minus the number of a signal) goes to standard output. A crash is a kind and a number:

- ``before`` and ``after``: killed before the N-th request that changes something is sent, and after its answer has come;
- ``disk``: killed at the N-th call of a function that copies, proves or names files.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import threading
from itertools import count
from types import FrameType
from typing import Any

import httpx

from immich_tools.album_backup.cli import main as back_up
from immich_tools.sandbox.core import is_read

FILES = tuple(f"immich_tools/disk/{name}.py" for name in ("copy", "rename", "temporary"))


def die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def die_at_request(moment: str, number: int) -> None:
    """Die before or after a request that changes something."""
    send = httpx.HTTPTransport.handle_request
    numbers = count(1)

    def handle(self: httpx.HTTPTransport, request: httpx.Request) -> httpx.Response:
        is_fatal = not is_read(request.method, request.url.path) and next(numbers) == number
        if is_fatal and moment == "before":
            die()
        response = send(self, request)
        if is_fatal:
            die()
        return response

    httpx.HTTPTransport.handle_request = handle  # type: ignore[method-assign]


def die_at_call(number: int) -> None:
    """Die when a function that deals with files is called."""
    numbers = count(1)

    def trace(frame: FrameType, event: str, _argument: Any) -> None:
        if event == "call" and frame.f_code.co_filename.endswith(FILES) and next(numbers) == number:
            die()

    sys.settrace(trace)
    threading.settrace(trace)


def carry_out(order: dict[str, Any]) -> None:
    for name in [name for name in os.environ if name.startswith("IMMICH_")]:
        del os.environ[name]
    os.environ.update(order["environment"])
    os.chdir(order["folder"])
    sys.argv = ["immich-album-backup", *order["arguments"]]
    sys.stdout = sys.stderr = open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115, PTH123 - open as long as the process lives
    kind, number = order["crash"]
    if kind == "disk":
        die_at_call(number)
    else:
        die_at_request(kind, number)
    back_up()


def main() -> None:
    for line in sys.stdin:
        copy = os.fork()
        if copy == 0:
            try:
                carry_out(json.loads(line))
            except SystemExit as end:
                os._exit(int(end.code or 0))
            finally:
                os._exit(70)
        _pid, status = os.waitpid(copy, 0)
        sys.stdout.write(f"{os.waitstatus_to_exitcode(status)}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
