"""Originals as a stream of bytes, in bounded memory; a download that breaks off goes on where it was."""

from __future__ import annotations

import re
import time
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from http import HTTPStatus
from typing import Any, Final

import httpx
from attrs import frozen

from immich_sdk.api.assets import download_asset, get_asset_info
from immich_tools.errors import FileChanged, RequestRefused, ToolkitError
from immich_tools.i18n import _
from immich_tools.immich.connection import Connection
from immich_tools.immich.failures import not_immich, unreachable
from immich_tools.immich.transport import LONGEST_WAIT

_CONTENT_RANGE: Final = re.compile(r"bytes (?:(\d+)-\d+|\*)/(\d+)")
_FILE_GONE: Final = frozenset({HTTPStatus.NOT_FOUND, HTTPStatus.INTERNAL_SERVER_ERROR})
"""What the server answers for the file of an asset that it knows (2.3.1 and 3.1.0)."""
_NO_FILE: Final = frozenset({"text/html", "application/json"})
"""What a proxy sends in place of a file."""


@frozen
class Download:
    """A file that is being downloaded.

    :ivar size: bytes of the whole file, those before the start included; None when a proxy hides it.
    :ivar media_type: what the server says it is, such as ``image/jpeg``; empty when it does not say.
    :ivar pieces: the bytes from the start on, to be read once and before the download is closed. Reading raises `ServerUnreachable`
        when the connection breaks again and again without a byte between, `FileChanged` when the file is another one after a break.
    """

    size: int | None
    media_type: str
    pieces: Iterator[bytes]


@frozen
class Downloads:
    """The files of assets. A motion video is an asset of its own and has its own file."""

    connection: Connection

    @contextmanager
    def open(self, asset_id: str, *, start: int = 0, edited: bool = False) -> Iterator[Download]:
        """Download an asset's file (permission ``asset.download``); a read, so a dry run may too.

        Whoever has read it all compares it with `Asset.sha1`: the server has no digest of edited versions and of external files.

        :param start: bytes that are there already, from an earlier attempt; how many of the file's first are left out.
        :param edited: what Immich's editor made of it, for an asset that `is_edited`; others give their original.
        :raises RequestRefused: there is no such asset, it may not be seen, or its file is gone (says which).
        :raises FileChanged: the file is shorter than `start`.
        """
        transfer = _Transfer(self.connection, asset_id, start, edited=edited)
        try:
            try:
                transfer.connect()
            except RequestRefused as refusal:
                raise refusal if edited else self._explained(asset_id, refusal) from refusal
            yield Download(transfer.size, transfer.media_type, transfer.pieces())
        finally:
            transfer.close()

    def _explained(self, asset_id: str, refusal: RequestRefused) -> RequestRefused:
        """The refusal in better words where the asset is there and its file is not."""
        if refusal.status not in _FILE_GONE:
            return refusal
        try:
            name = str(self.connection.json(get_asset_info._get_kwargs(id=asset_id))["originalFileName"])
        except ToolkitError:
            return refusal
        return RequestRefused(
            _("{name}: its file is gone from the server's disk; see immich-missing-originals").format(name=name),
            status=refusal.status,
            reason=refusal.reason,
            correlation_id=refusal.correlation_id,
        )


class _Transfer:
    """One file on its way, over as many connections as it takes."""

    def __init__(self, connection: Connection, asset_id: str, start: int, *, edited: bool) -> None:
        self._connection = connection
        self._asset_id = asset_id
        self._edited = edited
        self._position = start
        self._to_skip = 0
        self._response: httpx.Response | None = None
        self._identity: tuple[str | None, int | None] | None = None
        self.size: int | None = None
        self.media_type = ""

    def connect(self) -> None:
        """Ask for what is missing."""
        self.close()
        response = self._connection.open(self._operation(), accepted=(HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE,))
        try:
            self._read_headers(response)
        except BaseException:
            response.close()
            raise
        self._response = response

    def close(self) -> None:
        """End the connection, if there is one."""
        if self._response is not None:
            self._response.close()
            self._response = None

    def pieces(self) -> Iterator[bytes]:
        """The bytes from the position on."""
        fruitless = 0
        while self.size is None or self._position < self.size:
            before = self._position
            failure = yield from self._pieces_of_connection()
            if failure is None:
                return
            fruitless = 0 if self._position > before else fruitless + 1
            if fruitless >= self._connection.tries:
                raise failure
            time.sleep(min(self._connection.retry_wait * 2**fruitless, LONGEST_WAIT))
            self.connect()

    def _pieces_of_connection(self) -> Generator[bytes, None, ToolkitError | None]:
        """The bytes that come over the present connection. Returns why they ended too early; None when they did not."""
        assert self._response is not None
        try:
            for piece in self._response.iter_raw():
                wanted = piece[self._to_skip :]
                self._to_skip -= len(piece) - len(wanted)
                self._position += len(wanted)
                if wanted:
                    yield wanted
        except httpx.HTTPError as error:
            return unreachable(error, self._connection.url, self._connection.timeout)
        if self.size is None or self._position >= self.size:
            return None
        early = httpx.RemoteProtocolError(_("the file ended before its end"))
        return unreachable(early, self._connection.url, self._connection.timeout)

    def _read_headers(self, response: httpx.Response) -> None:
        first, size = self._extent(response)
        if size is not None and self._position > size:
            raise self._changed()
        identity = (response.headers.get("etag"), size)
        known = self._identity or identity
        if any(None not in (old, new) and old != new for old, new in zip(known, identity, strict=True)):
            raise self._changed()
        self._identity = known
        self._to_skip = self._position - first
        self.size = size
        self.media_type = response.headers.get("content-type", "").partition(";")[0].strip()
        if response.is_success and self.media_type in _NO_FILE:
            raise not_immich(response.request)

    def _extent(self, response: httpx.Response) -> tuple[int, int | None]:
        """Which byte of the file an answer begins with, and how many the file has; a proxy may ignore what was asked for."""
        if response.status_code == HTTPStatus.OK:
            length = response.headers.get("content-length", "")
            return 0, int(length) if length.isdecimal() else None
        given = _CONTENT_RANGE.fullmatch(response.headers.get("content-range", ""))
        first = None if given is None else int(given[1] or self._position)
        if given is None or first != self._position:
            raise not_immich(response.request)
        return first, int(given[2])

    def _changed(self) -> FileChanged:
        return FileChanged(
            _("The file of asset {id} is another one than when its download began. Start again.").format(
                id=self._asset_id
            )
        )

    def _operation(self) -> dict[str, Any]:
        # Compressed bytes could neither be counted nor continued.
        headers = {"accept-encoding": "identity"}
        if self._position:
            headers["range"] = f"bytes={self._position}-"
        # Query booleans are written in small letters; the base spec does not know this one yet.
        params = {"edited": "true"} if self._edited else {}
        return {**download_asset._get_kwargs(id=self._asset_id), "headers": headers, "params": params}
