"""Serving a sandbox on 127.0.0.1, for other processes and for browsers."""

import asyncio
import signal
import socket
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import Thread
from types import FrameType
from typing import Any

import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol

from immich_tools.sandbox.asgi import TRANSPORT_KEY
from immich_tools.sandbox.dialect import Dialect
from immich_tools.sandbox.large import large_library
from immich_tools.sandbox.sample import sample_library
from immich_tools.sandbox.sandbox import Sandbox

_START_SECONDS = 10.0


class _CuttableProtocol(H11Protocol):
    """Hands its transport to the application, so that a fault can cut the connection without an answer."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self.app_state = {**self.app_state, TRANSPORT_KEY: transport}


def _server(sandbox: Sandbox) -> uvicorn.Server:
    app: Any = sandbox.app
    config = uvicorn.Config(
        app,
        log_level="warning",
        access_log=False,
        lifespan="off",
        http=_CuttableProtocol,
        date_header=False,
        server_header=False,
    )
    return uvicorn.Server(config)


def _listen(port: int) -> socket.socket:
    # Only for sockets that name their protocol does asyncio switch Nagle's algorithm off, which would cost 40 ms an answer.
    listening = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind(("127.0.0.1", port))
        # From here on connections wait instead of being refused while the server starts.
        listening.listen()
    except OSError:
        listening.close()
        raise
    return listening


@contextmanager
def serve(sandbox: Sandbox, port: int = 0) -> Iterator[str]:
    """Serve in a thread while the block runs; yields the URL. Port 0 takes a free one.

    Raises:
        OSError: the port is taken.
    """
    with _listen(port) as listening:
        server = _server(sandbox)
        thread = Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True)
        thread.start()
        deadline = time.monotonic() + _START_SECONDS
        while not server.started and thread.is_alive() and time.monotonic() < deadline:
            time.sleep(0.005)
        try:
            yield f"http://127.0.0.1:{listening.getsockname()[1]}"
        finally:
            server.should_exit = True
            thread.join(_START_SECONDS)


def serve_forever(
    dialect: Dialect, *, port: int = 0, assets: int = 0, sample: bool = False, folder: Path | None = None
) -> None:
    """Make a sandbox, print its URL and key on standard output, and serve it until interrupted.

    `assets` fills it with that many synthetic assets, `sample` with the sample library. With a `folder` the originals are
    kept there, and so is the state: it is read when the sandbox starts and written when it ends."""
    if folder is not None and Sandbox.is_saved(folder):
        sandbox = Sandbox.load(folder)
    else:
        sandbox = Sandbox(dialect, folder=folder)
        if sample:
            sample_library(sandbox)
        if assets:
            large_library(sandbox, assets)
    with _listen(port) as listening:
        url = f"http://127.0.0.1:{listening.getsockname()[1]}"
        sys.stdout.write(f"IMMICH_URL={url}\nIMMICH_API_KEY={sandbox.admin_key}\n")
        sys.stdout.flush()
        # The server hands a signal on to the former handler when it has shut down; ours leaves time to save.
        signal.signal(signal.SIGTERM, _interrupt)
        with suppress(KeyboardInterrupt):
            _server(sandbox).run(sockets=[listening])
    if folder is not None:
        sandbox.save()


def _interrupt(number: int, frame: FrameType | None) -> None:
    raise KeyboardInterrupt
