"""The key is never shown, whatever goes wrong and wherever it is looked at."""

from __future__ import annotations

import json
import logging
import pickle
import traceback
from collections.abc import Callable
from pathlib import Path
from types import TracebackType

import httpx
import pytest

from immich_tools import Immich
from immich_tools.errors import ToolkitError, UsageError, WriteRefused
from immich_tools.secret import Secret

KEY = "wqZXkeyNeverToBeSeen0123456789"

Server = Callable[[httpx.Request], httpx.Response]


def answering(response: httpx.Response) -> Server:
    return lambda request: response


def failing(error: Exception) -> Server:
    def server(request: httpx.Request) -> httpx.Response:
        raise error

    return server


def echo(request: httpx.Request) -> httpx.Response:
    return httpx.Response(400, json={"message": f"no {request.headers['x-api-key'][:0]}"})


def with_locals(error: BaseException) -> str:
    """Everything a traceback with the values of all variables would show."""
    trace = traceback.TracebackException.from_exception(error, capture_locals=True)
    return "".join(trace.format())


@pytest.mark.parametrize(
    "server",
    [
        answering(httpx.Response(401, json={"message": "Invalid API key"})),
        answering(httpx.Response(403, json={"message": "Missing required permission: tag.read"})),
        answering(httpx.Response(302, headers={"location": "https://elsewhere/"})),
        answering(httpx.Response(200, html="login")),
        answering(httpx.Response(502, html="gone")),
        failing(httpx.ConnectError("refused")),
        failing(httpx.ReadTimeout("slow")),
        failing(RuntimeError("a bug below")),
        failing(KeyboardInterrupt()),  # type: ignore[arg-type]
        echo,
    ],
)
def test_tracebacks(server: Server) -> None:
    immich = Immich.connect("nas", KEY, transport=httpx.MockTransport(server), retry_wait=0)
    with pytest.raises((ToolkitError, RuntimeError, KeyboardInterrupt)) as error:
        _ = immich.me
    assert KEY not in str(error.value)
    assert KEY not in with_locals(error.value)


def test_a_body_that_cannot_be_sent() -> None:
    immich = Immich.connect("nas", KEY, transport=httpx.MockTransport(echo))
    with pytest.raises(TypeError) as error:
        immich.connection.send({"method": "put", "url": "/assets", "json": {"ids": {1, 2}}})
    assert KEY not in with_locals(error.value)


def test_a_refused_write() -> None:
    immich = Immich.connect("nas", KEY, transport=httpx.MockTransport(echo), read_only=True)
    with pytest.raises(WriteRefused) as error:
        immich.assets.trash(["a"])
    assert KEY not in with_locals(error.value)


def test_objects() -> None:
    immich = Immich.connect("nas", KEY, transport=httpx.MockTransport(echo))
    parts = (immich, immich.connection, immich.assets, immich.albums, immich.tags, immich.people, immich.duplicates)
    for part in parts:
        assert KEY not in f"{part} {part!r} {vars(part) if hasattr(part, '__dict__') else ''}"
    with pytest.raises(TypeError):
        pickle.dumps(immich.connection)


def test_logs(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    transport = httpx.MockTransport(answering(httpx.Response(502)))
    immich = Immich.connect("http://nas:2283", KEY, transport=transport, retry_wait=0)
    with pytest.raises(ToolkitError):
        _ = immich.version
    assert caplog.records
    assert KEY not in caplog.text


@pytest.mark.parametrize("key", ["", "   ", "käy", "key\nkey", "key\x00"])
def test_a_key_that_is_none(key: str) -> None:
    with pytest.raises(UsageError) as error:
        Immich.connect("nas", key)
    assert "key is empty or holds characters" in str(error.value)
    assert not key.strip() or key not in str(error.value)


def test_arguments_that_are_refused() -> None:
    key = Secret(KEY)
    refused: list[Callable[[str], object]] = [
        lambda text: Immich.connect("", text),
        lambda text: Immich.connect("nas", text, ca_file=Path("missing")),
        lambda text: Immich.connect("nas", f"{text}\n\x00"),
    ]
    for connect in refused:
        with pytest.raises(UsageError) as error:
            connect(key.reveal())
        # The caller's own frames, which held the text first, are not the library's.
        frames = with_locals(error.value.with_traceback(last_frames(error.value)))
        assert KEY not in frames


def last_frames(error: BaseException) -> TracebackType | None:
    """The frames of the library."""
    trace = error.__traceback__
    while trace is not None and trace.tb_frame.f_code.co_filename == __file__:
        trace = trace.tb_next
    return trace


def test_blanks_around_a_key_do_not_count() -> None:
    def server(request: httpx.Request) -> httpx.Response:
        return httpx.Response(200, json={"major": 3, "minor": 1, "patch": len(request.headers["x-api-key"])})

    for key in (f" {KEY}\n", Secret(f"{KEY} ")):
        assert Immich.connect("nas", key, transport=httpx.MockTransport(server)).version.patch == len(KEY)


def test_the_key_follows_no_redirect() -> None:
    hosts: list[str] = []

    def server(request: httpx.Request) -> httpx.Response:
        hosts.append(request.url.host)
        return httpx.Response(301, headers={"location": "https://elsewhere.example/api/server/version"})

    with pytest.raises(ToolkitError, match=r"https://elsewhere\.example: use that"):
        _ = Immich.connect("nas", KEY, transport=httpx.MockTransport(server)).version
    assert hosts == ["nas"]


ENVIRONMENT_NAMES = ("IMMICH_URL", "IMMICH_API_KEY", "IMMICH_API_KEY_FILE", "IMMICH_SERVER")


@pytest.fixture
def empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working folder without configuration, and no user's one either."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "none"))
    for name in ENVIRONMENT_NAMES:
        monkeypatch.delenv(name, raising=False)
    return tmp_path


def test_from_the_environment(empty_folder: Path) -> None:
    immich = Immich.from_env(
        {
            "IMMICH_URL": "nas:2283",
            "IMMICH_API_KEY": KEY,
            "IMMICH_TIMEOUT": "7.5",
            "IMMICH_CONCURRENCY": "2",
            "IMMICH_FORCE_VERSION": "yes",
        },
        read_only=True,
    )
    assert immich.url == "http://nas:2283/api"
    assert (immich.connection.timeout, immich.connection.concurrency) == (7.5, 2)
    assert immich.force_version
    assert immich.connection.read_only
    assert KEY not in repr(immich)


def test_from_files(empty_folder: Path) -> None:
    (empty_folder / "key").write_text(f"{KEY}\n")
    (empty_folder / ".env").write_text("IMMICH_URL=http://from-file:2283\nIMMICH_API_KEY_FILE=key\n")
    assert Immich.from_env({}).url == "http://from-file:2283/api"


@pytest.mark.parametrize(
    ("environment", "words"),
    [
        ({}, "IMMICH_URL"),
        ({"IMMICH_URL": "nas"}, "IMMICH_API_KEY"),
        ({"IMMICH_URL": "", "IMMICH_API_KEY": KEY}, "IMMICH_URL"),
        ({"IMMICH_URL": "nas", "IMMICH_API_KEY": ""}, "IMMICH_API_KEY"),
        ({"IMMICH_URL": "nas", "IMMICH_API_KEY_FILE": "missing"}, "holds no readable path"),
        ({"IMMICH_URL": "nas", "IMMICH_API_KEY": KEY, "IMMICH_TIMEOUT": "soon"}, "IMMICH_TIMEOUT"),
        ({"IMMICH_URL": "nas", "IMMICH_API_KEY": KEY, "IMMICH_INSECURE": ""}, "IMMICH_INSECURE"),
        ({"IMMICH_URL": "nas", "IMMICH_API_KEY": KEY, "IMMICH_CA_FILE": "missing.pem"}, "missing.pem"),
        ({"IMMICH_URL": KEY * 2, "IMMICH_API_KEY": "nas"}, "looks like an API key"),
    ],
)
def test_a_wrong_environment(empty_folder: Path, environment: dict[str, str], words: str) -> None:
    with pytest.raises(UsageError, match=words) as error:
        Immich.from_env(environment)
    assert KEY not in str(error.value)
    assert KEY not in json.dumps(error.value.args)
