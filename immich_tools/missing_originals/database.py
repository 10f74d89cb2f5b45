"""Reads the assets of all users from Immich's PostgreSQL: the only place that knows its tables. Nothing is ever written to it.

The tables are told apart by what they have, not by a version: a sidecar's path stands in ``asset`` (2.3.1) or ``asset_file`` (3.1.0).

A user that may only read is enough::

    create role toolkit login password '…';
    grant select on asset, asset_file to toolkit;
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import closing
from typing import Any, Final
from uuid import UUID

from immich_tools.errors import ToolkitError, UnsupportedServer, UsageError
from immich_tools.i18n import _
from immich_tools.immich.models import Visibility
from immich_tools.missing_originals.database_failures import not_connected, not_read
from immich_tools.missing_originals.database_options import DatabaseAddress
from immich_tools.missing_originals.records import AssetRecord, Standing, split_path

try:
    import psycopg
    from psycopg import sql
except ImportError:
    raise UsageError(
        _('Reading the database is not installed. Install it, in the folder of the clone, with: pip install ".[db]"')
    ) from None

ROWS_AT_ONCE: Final = 10_000
COLUMNS: Final = (
    "id",
    "ownerId",
    "originalPath",
    "deletedAt",
    "libraryId",
    "visibility",
    "livePhotoVideoId",
    "isOffline",
    "stackId",
)
SIDECAR_COLUMN: Final = "sidecarPath"
FILE_COLUMNS: Final = ("assetId", "type", "path")
_VISIBILITIES: Final = {each.value: each for each in Visibility}

# Ids come as their 16 bytes: as UUID objects or as text they would cost more time and memory than all the rest.
_FIELDS: Final = """
    select uuid_send(asset.id), asset."originalPath", uuid_send(asset."livePhotoVideoId"), uuid_send(asset."stackId"),
        uuid_send(asset."ownerId"), uuid_send(asset."libraryId"), asset.visibility::text, asset."deletedAt" is not null, asset."isOffline",
"""
_SIDECAR_IN_ASSET: Final = sql.SQL(_FIELDS + 'asset."sidecarPath" from asset')
# An asset has one sidecar; should a later version know several, each asset must still come once.
_SIDECAR_IN_FILE: Final = sql.SQL(
    _FIELDS
    + """
        sidecar.path from asset left join (
            select "assetId", min(path) as path from asset_file where type::text = 'sidecar' group by "assetId"
        ) as sidecar on sidecar."assetId" = asset.id
    """
)


def stream(address: DatabaseAddress) -> Iterator[AssetRecord]:
    """Read every asset of every user, trashed, locked and external ones included, in no particular order.

    All rows are of one moment, and only some thousands of them are in memory at a time; the connection is closed when the last one was
    taken, or the iterator is. Unlike the API, this leaves nothing out unseen: whoever gets to the end has all.

    :raises ServerUnreachable: no connection, none that is as secure as asked for, or no answer in time.
    :raises AccessDenied: the user or the password is wrong, or may not read the tables.
    :raises UnsupportedServer: the tables are not those of a supported Immich.
    :raises UsageError: there is no such database, or no asset in it.
    """
    failure: ToolkitError
    try:
        connection = _connect(address)
    except psycopg.Error as error:
        failure = not_connected(str(error), address)
    else:
        try:
            with closing(connection):
                yield from _read(connection, address)
            return
        except psycopg.Error as error:
            failure = not_read(error.sqlstate, error.diag.message_primary or str(error), address)
    # Raised outside the handlers: the frames of the database library hold the password and must not become the context.
    raise failure


def _connect(address: DatabaseAddress) -> psycopg.Connection[tuple[Any, ...]]:
    connection = psycopg.connect(
        host=address.host,
        port=address.port,
        dbname=address.name,
        user=address.user,
        password=None if address.password is None else address.password.reveal(),
        sslmode=address.tls.value,
        sslrootcert=None if address.ca_file is None else str(address.ca_file),
        connect_timeout=address.connect_timeout,
        # The database's own timeout is of no use when its host vanishes.
        keepalives_idle=10,
        keepalives_interval=10,
        keepalives_count=3,
        client_encoding="UTF8",
        application_name="immich-toolkit",
    )
    connection.read_only = True
    connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
    # A connection pooler in between may give each statement to another session.
    connection.prepare_threshold = None
    return connection


def _read(connection: psycopg.Connection[tuple[Any, ...]], address: DatabaseAddress) -> Iterator[AssetRecord]:
    milliseconds = max(1, round(1000 * address.timeout))
    connection.execute(
        # All rows will be read: without the second setting the plan would be the one that gives the first tenth soonest.
        "select set_config('statement_timeout', %s, true), set_config('cursor_tuple_fraction', '1', true)",
        [f"{milliseconds}ms"],
    )
    query = _query(connection, address)
    make_record = _RecordMaker()
    count = 0
    with connection.cursor("assets", row_factory=lambda _cursor: make_record) as cursor:
        cursor.itersize = ROWS_AT_ONCE
        cursor.execute(query, binary=True)
        for record in cursor:
            count += 1
            yield record
    if count == 0:
        raise UsageError(
            _(
                "The database {address} holds no asset at all. Is it the one that Immich uses? Nothing was changed."
            ).format(address=address)
        )


def _query(connection: psycopg.Connection[tuple[Any, ...]], address: DatabaseAddress) -> sql.SQL:
    columns = _columns(connection, "asset")
    if not columns:
        raise UnsupportedServer(
            _(
                "The database {address} has no table 'asset' that the user {user} can see. Is it the one that Immich 2.3 or later uses?"
            ).format(address=address, user=address.user)
        )
    _need(COLUMNS, columns, "asset", address)
    if SIDECAR_COLUMN in columns:
        return _SIDECAR_IN_ASSET
    _need(FILE_COLUMNS, _columns(connection, "asset_file"), "asset_file", address)
    return _SIDECAR_IN_FILE


def _columns(connection: psycopg.Connection[tuple[Any, ...]], table: str) -> frozenset[str]:
    # Not information_schema: that hides what the user may not read, which then would look missing.
    rows = connection.execute(
        "select attname from pg_attribute where attrelid = to_regclass(%s) and attnum > 0 and not attisdropped", [table]
    )
    return frozenset(name for (name,) in rows)


def _need(wanted: Sequence[str], columns: frozenset[str], table: str, address: DatabaseAddress) -> None:
    missing = [name for name in wanted if name not in columns]
    if missing:
        raise UnsupportedServer(
            _("The table '{table}' of the database {address} lacks {columns}: no supported version of Immich.").format(
                table=table, address=address, columns=", ".join(missing)
            )
        )


class _RecordMaker:
    """Makes records out of rows; what many of them share is kept once."""

    def __init__(self) -> None:
        self._standings: dict[tuple[object, ...], Standing] = {}
        self._folders: dict[str, str] = {}

    def __call__(self, row: Sequence[Any]) -> AssetRecord:
        """The record of one row of `_FIELDS` and a sidecar."""
        identity, path, video, stack, owner, library, visibility, is_trashed, is_offline, sidecar = row
        key = (owner, library, visibility, is_trashed, is_offline)
        standing = self._standings.get(key)
        if standing is None:
            standing = self._standings[key] = Standing(
                owner_id=str(UUID(bytes=owner)),
                library_id=None if library is None else str(UUID(bytes=library)),
                visibility=_VISIBILITIES.get(visibility, Visibility.UNKNOWN),
                is_trashed=is_trashed,
                is_offline=is_offline,
            )
        folder, name = split_path(path)
        folder = self._folders.setdefault(folder, folder)
        return AssetRecord.packed(
            identity, standing, folder=folder, name=name, video=video, stack=stack, sidecar_path=sidecar
        )
