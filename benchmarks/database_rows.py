"""What reading a million assets from PostgreSQL costs in time and memory, against the least that any program must spend on the same rows.

Run with `python benchmarks/database_rows.py [--rows N]`. The database is a real one out of a wheel; each way to read it is measured in a
process of its own, so that memory is what such a process needs from its start to its end.
"""

from __future__ import annotations

import argparse
import os
import resource
import subprocess
import sys
import time
from collections.abc import Callable
from typing import Final

import psycopg

from immich_tools.missing_originals import database
from immich_tools.missing_originals.database_options import DatabaseAddress, DatabaseOptions
from immich_tools.settings import load
from immich_tools.settings.application import patient_collector
from tests.missing_originals.postgres import PASSWORD, running_postgres
from tests.missing_originals.tables import V3

# Uploads as Immich names them, in 65,536 folders for each of four users: every third a live photo's still and every third its video,
# every tenth with a sidecar.
ROWS: Final = """
insert into asset (id, "ownerId", "originalPath", visibility, "livePhotoVideoId")
select md5('asset' || number)::uuid, md5('owner' || number % 4)::uuid,
    '/usr/src/app/upload/upload/' || md5('owner' || number % 4)::uuid || '/' || substr(md5('name' || number), 1, 2)
        || '/' || substr(md5('name' || number), 3, 2) || '/' || md5('name' || number)::uuid || '.heic',
    case when number % 3 = 0 then 'hidden' else 'timeline' end::asset_visibility_enum,
    case when number % 3 = 1 then md5('asset' || number - 1)::uuid end
from generate_series(0, {count} - 1) as number
"""
SIDECARS: Final = """
insert into asset_file ("assetId", type, path)
select id, 'preview', '/usr/src/app/upload/thumbs/' || id || '_preview.jpeg' from asset
union all
select id, 'sidecar', "originalPath" || '.xmp' from asset where get_byte(uuid_send(id), 0) < 26
"""
COPY: Final = """
copy (
    select asset.id, "ownerId", "originalPath", "deletedAt", "libraryId", visibility, "livePhotoVideoId", "isOffline", "stackId", file.path
    from asset left join asset_file as file on file."assetId" = asset.id and file.type = 'sidecar'
) to stdout (format binary)
"""


def read_records(address: DatabaseAddress) -> int:
    """The way the tool does it; all are kept."""
    with patient_collector():  # as in every command
        return len(list(database.stream(address)))


def connect(address: DatabaseAddress) -> psycopg.Connection[tuple[object, ...]]:
    """A plain connection."""
    return psycopg.connect(
        host=address.host, port=address.port, dbname=address.name, user=address.user, password=os.environ["DB_PASSWORD"]
    )


def copy_bytes(address: DatabaseAddress) -> int:
    """The least there is: the rows as bytes, which are thrown away."""
    with connect(address) as connection, connection.cursor() as cursor, cursor.copy(COPY) as copy:
        for _piece in copy:
            pass
        return 0


def fetch_tuples(address: DatabaseAddress) -> int:
    """Three columns fetched at once and kept, as the simplest program does."""
    with connect(address) as connection:
        return len(connection.execute('select id, "ownerId", "originalPath" from asset').fetchall())


WAYS: Final[dict[str, Callable[[DatabaseAddress], int]]] = {
    "copy": copy_bytes,
    "fetchall": fetch_tuples,
    "records": read_records,
}


def measure(way: str) -> None:
    """Read once, in this process, and print seconds and megabytes."""
    address = load(DatabaseOptions).address()
    started = time.perf_counter()
    WAYS[way](address)
    seconds = time.perf_counter() - started
    print(seconds, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)


def main() -> None:
    """Make the rows and compare."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--way", choices=WAYS)
    arguments = parser.parse_args()
    if arguments.way is not None:
        measure(arguments.way)
        return
    with running_postgres() as server:
        with server.connect() as connection:
            V3.create(connection)
            connection.execute(b"alter table asset disable trigger all")
            connection.execute(ROWS.format(count=arguments.rows).encode())
            connection.execute(SIDECARS.encode())
            connection.execute(b"vacuum analyze")
        address = server.address()
        environment = {
            **os.environ,
            "DB_HOSTNAME": address.host,
            "DB_PORT": str(address.port),
            "DB_DATABASE_NAME": address.name,
            "DB_PASSWORD": PASSWORD,
        }
        baseline = 0.0
        for way in WAYS:
            command = [sys.executable, __file__, "--way", way]
            done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
            seconds, megabytes = (float(figure) for figure in done.stdout.split())
            baseline = baseline or seconds
            print(f"{way:>8}: {seconds:5.1f} s, {seconds / baseline:4.1f} times copy, peak {megabytes:4.0f} MB")


if __name__ == "__main__":
    main()
