"""Requests and answers as the sandbox core sees them, independent of how they travel."""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

from attrs import evolve, field, frozen
from attrs.validators import instance_of

PIECE: Final = 256 * 1024


def _lower_names(headers: Mapping[str, str]) -> dict[str, str]:
    return {name.lower(): value for name, value in headers.items()}


@frozen
class Request:
    """One HTTP request. `path` begins with `/api`; header names are lower case; `query` keeps the last of repeated names
    and `query_lists` all of them."""

    method: str
    path: str
    query: Mapping[str, str] = field(factory=dict)
    query_lists: Mapping[str, list[str]] = field(factory=dict)
    headers: Mapping[str, str] = field(factory=dict, converter=_lower_names)
    body: bytes = field(default=b"", validator=instance_of(bytes))


@frozen
class Response:
    """One HTTP answer. A `file` is sent instead of `body`: from `file_range[0]` up to and excluding `file_range[1]`. With
    `is_cut` the connection breaks after the first half of it."""

    status: int
    headers: Mapping[str, str] = field(factory=dict)
    body: bytes = b""
    file: Path | None = None
    file_range: tuple[int, int] | None = None
    is_cut: bool = False

    def with_headers(self, more: Mapping[str, str]) -> "Response":
        """The same answer with further headers."""
        return evolve(self, headers={**self.headers, **more})

    @property
    def length(self) -> int:
        """Bytes of the body."""
        if self.file is None:
            return len(self.body)
        start, stop = self.file_range or (0, self.file.stat().st_size)
        return stop - start

    def content(self) -> bytes:
        """The whole body, read from the file when there is one."""
        return b"".join(self.pieces(self.length))

    def pieces(self, stop: int) -> Iterator[bytes]:
        """The body up to and excluding a position, piece by piece."""
        if self.file is None:
            yield from (self.body[start : min(start + PIECE, stop)] for start in range(0, stop, PIECE))
            return
        with self.file.open("rb") as stream:
            stream.seek((self.file_range or (0, 0))[0])
            while stop > 0 and (piece := stream.read(min(PIECE, stop))):
                stop -= len(piece)
                yield piece


JSON_TYPE: Final = "application/json; charset=utf-8"
NO_CONTENT: Final = Response(204)


def json_response(value: object, status: int = 200) -> Response:
    """An answer with a JSON body, written as compactly as the real server writes it."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    return Response(status, {"content-type": JSON_TYPE}, text.encode())


class ConnectionFailed(Exception):
    """The connection broke instead of an answer arriving; raised by the core, translated by the adapters.

    `was_refused` tells that there was no connection at all."""

    def __init__(self, *, was_refused: bool) -> None:
        super().__init__("connection broken by the sandbox")
        self.was_refused = was_refused
