"""The tables of Immich's database that tell of files, as 2.3.1 and 3.1.0 have them, and rows for them."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import psycopg
from attrs import frozen

_COMMON: Final = """
create type asset_visibility_enum as enum ('archive', 'timeline', 'hidden', 'locked');
create type assets_status_enum as enum ('active', 'trashed', 'deleted');
create table asset (
    id uuid primary key default gen_random_uuid(),
    "ownerId" uuid not null,
    type varchar not null default 'IMAGE',
    "originalPath" varchar not null,
    "originalFileName" varchar not null default '',
    "fileCreatedAt" timestamptz not null default now(),
    checksum bytea not null default '\\x00',
    "isFavorite" boolean not null default false,
    "isExternal" boolean not null default false,
    "isOffline" boolean not null default false,
    "libraryId" uuid,
    "livePhotoVideoId" uuid references asset on update cascade on delete set null,
    "deletedAt" timestamptz,
    "stackId" uuid,
    status assets_status_enum not null default 'active',
    visibility asset_visibility_enum not null default 'timeline',
    {more}
);
create index on asset ("livePhotoVideoId");
create table asset_file (
    id uuid primary key default gen_random_uuid(),
    "assetId" uuid not null references asset on update cascade on delete cascade,
    type varchar not null,
    path varchar not null,
    {more_of_files}
);
"""


@frozen
class Schema:
    """The tables of one version.

    :ivar has_sidecar_column: whether a sidecar's path stands in the asset's own row.
    """

    name: str
    statements: str
    has_sidecar_column: bool

    def create(self, connection: psycopg.Connection[Any]) -> None:
        """Create the tables, empty."""
        connection.execute(self.statements.encode())


V2: Final = Schema(
    "2.3.1",
    _COMMON.format(
        more="""
            "deviceAssetId" varchar not null default 'x', "deviceId" varchar not null default 'x', duration varchar,
            "encodedVideoPath" varchar default '', "sidecarPath" varchar
        """,
        more_of_files='unique ("assetId", type)',
    ),
    has_sidecar_column=True,
)
V3: Final = Schema(
    "3.1.0",
    _COMMON.format(
        more='duration integer, width integer, height integer, "isEdited" boolean not null default false',
        more_of_files='"isEdited" boolean not null default false, unique ("assetId", type, "isEdited")',
    ),
    has_sidecar_column=False,
)
SCHEMAS: Final = (V2, V3)


@frozen(kw_only=True)
class Row:
    """What a test says of one asset, in the database's own words."""

    id: UUID
    owner: UUID
    path: str
    library: UUID | None = None
    visibility: str = "timeline"
    status: str = "active"
    deleted_at: datetime | None = None
    is_offline: bool = False
    video: UUID | None = None
    stack: UUID | None = None
    sidecar: str | None = None


def insert(connection: psycopg.Connection[Any], schema: Schema, rows: Iterable[Row]) -> None:
    """Put rows into the tables; every asset also has a preview."""
    for row in rows:
        connection.execute(
            """
            insert into asset (id, "ownerId", "originalPath", "libraryId", "isExternal", visibility, status, "deletedAt",
                "isOffline", "livePhotoVideoId", "stackId")
            values (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)
            """,
            [
                *(row.id, row.owner, row.path, row.library, row.library is not None, row.visibility, row.status),
                *(row.deleted_at, row.is_offline, row.video, row.stack),
            ],
        )
        add_file = 'insert into asset_file ("assetId", type, path) values (%s, %s, %s)'
        connection.execute(add_file, (row.id, "preview", f"/data/thumbs/{row.id}_preview.jpeg"))
        if row.sidecar is not None and schema.has_sidecar_column:
            connection.execute('update asset set "sidecarPath" = %s where id = %s', (row.sidecar, row.id))
        elif row.sidecar is not None:
            connection.execute(add_file, (row.id, "sidecar", row.sidecar))


def fill(connection: psycopg.Connection[Any], count: int, *, folders: int = 500, owners: int = 2) -> None:
    """Put many plain rows into the tables.

    :param folders: over how many folders they spread.
    :param owners: to how many users they belong.
    """
    connection.execute(
        """
        insert into asset ("ownerId", "originalPath")
        select md5('owner' || number %% %(owners)s)::uuid,
            '/data/library/' || number %% %(owners)s || '/2024/' || number %% %(folders)s || '/IMG_' || number || '.jpg'
        from generate_series(1, %(count)s) as number
        """,
        {"count": count, "folders": folders, "owners": owners},
    )
