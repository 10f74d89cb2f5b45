"""TLS against real servers with certificates made on the spot."""

from __future__ import annotations

import json
import shutil
import ssl
import subprocess
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread

import pytest

from immich_tools import Immich
from immich_tools.errors import ServerUnreachable, UsageError
from immich_tools.immich.client import InsecureConnection
from immich_tools.immich.models import Version

OPENSSL = shutil.which("openssl")


class Handler(BaseHTTPRequestHandler):
    """Answers everything with a version."""

    def do_GET(self) -> None:
        body = json.dumps({"major": 3, "minor": 1, "patch": 0}).encode()
        self.send_response(200)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


@contextmanager
def serving(certificate: Path | None) -> Iterator[int]:
    """Serve on 127.0.0.1, with TLS if there is a certificate; give the port."""
    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        if certificate is not None:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(certificate)
            server.socket = context.wrap_socket(server.socket, server_side=True)
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield server.server_port
        finally:
            server.shutdown()
            thread.join()


def made_certificate(folder: Path, name: str) -> Path:
    """A self-signed certificate for an address, with its key, in one file."""
    if OPENSSL is None:
        pytest.skip("the openssl command is not installed")
    key, certificate = folder / "key.pem", folder / "certificate.pem"
    command = [OPENSSL, "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
    command += ["-keyout", str(key), "-out", str(certificate), "-subj", "/CN=test", "-addext", f"subjectAltName={name}"]
    subprocess.run(command, check=True, capture_output=True)
    whole = folder / "whole.pem"
    whole.write_text(key.read_text() + certificate.read_text())
    return whole


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A certificate for 127.0.0.1."""
    return made_certificate(tmp_path_factory.mktemp("tls"), "IP:127.0.0.1")


def connect(port: int, scheme: str = "https", ca_file: Path | None = None, insecure: bool = False) -> Immich:
    url = f"{scheme}://127.0.0.1:{port}"
    return Immich.connect(url, "key", ca_file=ca_file, insecure=insecure, retry_wait=0, timeout=5)


def test_ones_own_authority(certificate: Path) -> None:
    with serving(certificate) as port, connect(port, ca_file=certificate) as immich:
        assert immich.version == Version(3, 1, 0)


def test_an_unknown_authority(certificate: Path) -> None:
    reason = r"certificate of https://127\.0\.0\.1.*cannot be verified: self.signed certificate\. Name .*IMMICH_CA_FILE"
    refusal = pytest.raises(ServerUnreachable, match=reason)
    with serving(certificate) as port, connect(port) as immich, refusal:
        _ = immich.version


def test_a_certificate_of_another_host(tmp_path: Path) -> None:
    other = made_certificate(tmp_path, "DNS:elsewhere.example")
    reason = r"cannot be verified: .*(mismatch|not valid for) .*127\.0\.0\.1'?\. Use a name"
    refusal = pytest.raises(ServerUnreachable, match=reason)
    with serving(other) as port, connect(port, ca_file=other) as immich, refusal:
        _ = immich.version


def test_certificates_of_the_environment_that_cannot_be_read_are_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    wrong = tmp_path / "wrong.pem"
    wrong.write_text("not a certificate")
    for path in (tmp_path / "missing.pem", wrong):
        monkeypatch.setenv("SSL_CERT_FILE", str(path))
        with pytest.raises(UsageError, match=f"SSL_CERT_FILE={path} cannot be used: "):
            Immich.connect("https://nas", "key")


def test_without_verification_there_is_a_warning(certificate: Path) -> None:
    with serving(certificate) as port:
        with pytest.warns(InsecureConnection):
            immich = connect(port, insecure=True)
        with immich:
            assert immich.version == Version(3, 1, 0)


def test_verification_is_quiet(certificate: Path) -> None:
    with warnings.catch_warnings(), serving(certificate) as port:
        warnings.simplefilter("error")
        connect(port, ca_file=certificate).close()


def test_a_server_without_tls() -> None:
    refusal = pytest.raises(ServerUnreachable, match="does not speak TLS")
    with serving(None) as port, connect(port) as immich, refusal:
        _ = immich.version


def test_nobody_listens() -> None:
    with serving(None) as port:
        pass
    with connect(port, "http") as immich, pytest.raises(ServerUnreachable, match="Connection refused"):
        _ = immich.version


@pytest.mark.parametrize("content", [None, "", "not a certificate"])
def test_a_certificate_file_that_is_none(tmp_path: Path, content: str | None) -> None:
    path = tmp_path / "mine.pem"
    if content is not None:
        path.write_text(content)
    with pytest.raises(UsageError, match=r"mine\.pem cannot be used"):
        Immich.connect("https://nas", "key", ca_file=path)
