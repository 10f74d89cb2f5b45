"""TLS before a PostgreSQL whose wheel has none: what stands between takes the encryption off."""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Final

SSL_REQUEST: Final = bytes.fromhex("0000000804d2162f")


@contextmanager
def tls_before(port: int, context: ssl.SSLContext) -> Iterator[int]:
    """Listen on another port of this computer for clients that want TLS, and pass on to `port` what they send.

    :param context: has the certificate to show.
    """
    with socket.create_server(("127.0.0.1", 0)) as listener:
        threading.Thread(target=_accept, args=(listener, port, context), daemon=True).start()
        try:
            yield int(listener.getsockname()[1])
        finally:
            # Wakes the thread, which a mere close does not.
            listener.shutdown(socket.SHUT_RDWR)


def _accept(listener: socket.socket, port: int, context: ssl.SSLContext) -> None:
    with suppress(OSError):
        while True:
            client, _address = listener.accept()
            threading.Thread(target=_serve, args=(client, port, context), daemon=True).start()


def _serve(client: socket.socket, port: int, context: ssl.SSLContext) -> None:
    # Whoever does not like the certificate goes away in the middle.
    with suppress(OSError), client:
        assert client.recv(len(SSL_REQUEST)) == SSL_REQUEST
        client.sendall(b"S")
        with (
            context.wrap_socket(client, server_side=True) as safe,
            socket.create_connection(("127.0.0.1", port)) as plain,
        ):
            threading.Thread(target=_pass_on, args=(plain, safe), daemon=True).start()
            _pass_on(safe, plain)


def _pass_on(source: socket.socket, target: socket.socket) -> None:
    with suppress(OSError):
        while piece := source.recv(65536):
            target.sendall(piece)
        target.shutdown(socket.SHUT_WR)
