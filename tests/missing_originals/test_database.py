"""What is read from a real PostgreSQL with the tables of both versions, and that nothing is written to it."""

from __future__ import annotations

import subprocess
import sys
import time
import unicodedata
from datetime import UTC, datetime
from uuid import UUID

import pytest

from immich_tools.errors import ServerUnreachable, ToolkitError
from immich_tools.immich.models import Visibility
from immich_tools.missing_originals.database import ROWS_AT_ONCE, stream
from immich_tools.missing_originals.records import AssetRecord
from tests.missing_originals.conftest import Database
from tests.missing_originals.tables import Row, fill

ANNA, BEN, LIBRARY, STACK = (UUID(int=number) for number in (10, 11, 20, 30))
TRASHED = datetime(2026, 1, 2, 3, 4, 5, 678901, tzinfo=UTC)
PATHS = (
    '/data/library/anna/2024/it\'s "quoted" \\ back.jpg',
    "/data/library/anna/2024/100%_of_50%%.jpg",
    "/data/library/anna/2024/" + unicodedata.normalize("NFD", "Größe é.jpg"),
    "/data/library/anna/2024/" + unicodedata.normalize("NFC", "Größe é.jpg"),
    "/data/library/anna/2024/家族 👨‍👩‍👧.heic",
    "/data/library/anna/2024/line\nbreak\ttab.jpg",
    "/data/library/anna/2024/'; drop table asset; --.jpg",
    "/data/library/anna/2024/%s %(id)s {} $1.jpg",
    "/data/library/anna/2024/ends with a blank ",
    "upload/library/relative.jpg",
    "no folder.jpg",
    "/top.jpg",
    "/data//double//slash.jpg",
    "/data/library/anna/\ufffd.jpg",
    "",
)


def record(number: int, path: str, **more: object) -> AssetRecord:
    """The record of the row with this number, of Anna's."""
    folder, slash, name = path.rpartition("/")
    facts = {"id": str(UUID(int=number)), "owner_id": str(ANNA), "folder": folder + slash, "name": name, **more}
    return AssetRecord(**facts)  # type: ignore[arg-type]


def test_paths_come_as_they_are(database: Database) -> None:
    database.insert(*(Row(id=UUID(int=number), owner=ANNA, path=path) for number, path in enumerate(PATHS)))
    found = list(stream(database.address))
    assert {each.id: each.path for each in found} == {str(UUID(int=n)): path for n, path in enumerate(PATHS)}
    assert set(found) == {record(number, path) for number, path in enumerate(PATHS)}


def test_every_kind_of_asset_of_every_user(database: Database) -> None:
    still, video = UUID(int=1), UUID(int=2)
    database.insert(
        Row(id=video, owner=ANNA, path="/data/upload/a/1.mov", visibility="hidden"),
        Row(id=still, owner=ANNA, path="/data/upload/a/1.heic", video=video, sidecar="/data/upload/a/1.heic.xmp"),
        Row(id=UUID(int=3), owner=ANNA, path="/data/upload/a/3.jpg", stack=STACK),
        Row(id=UUID(int=4), owner=ANNA, path="/data/upload/a/4.jpg", stack=STACK, visibility="archive"),
        Row(id=UUID(int=5), owner=ANNA, path="/data/upload/a/5.jpg", visibility="locked"),
        Row(id=UUID(int=6), owner=ANNA, path="/data/upload/a/6.jpg", status="trashed", deleted_at=TRASHED),
        Row(id=UUID(int=7), owner=BEN, path="/mnt/b/7.jpg", library=LIBRARY, sidecar="/mnt/b/7.xmp"),
        Row(id=UUID(int=8), owner=BEN, path="/mnt/b/8.jpg", library=LIBRARY, is_offline=True, deleted_at=TRASHED),
    )
    external = {"owner_id": str(BEN), "library_id": str(LIBRARY)}
    assert set(stream(database.address)) == {
        record(1, "/data/upload/a/1.heic", live_photo_video_id=str(video), sidecar_path="/data/upload/a/1.heic.xmp"),
        record(2, "/data/upload/a/1.mov", visibility=Visibility.HIDDEN),
        record(3, "/data/upload/a/3.jpg", stack_id=str(STACK)),
        record(4, "/data/upload/a/4.jpg", stack_id=str(STACK), visibility=Visibility.ARCHIVE),
        record(5, "/data/upload/a/5.jpg", visibility=Visibility.LOCKED),
        record(6, "/data/upload/a/6.jpg", is_trashed=True),
        record(7, "/mnt/b/7.jpg", sidecar_path="/mnt/b/7.xmp", **external),
        record(8, "/mnt/b/8.jpg", is_offline=True, is_trashed=True, **external),
    }


def test_a_visibility_that_nobody_knows_yet_is_told_as_unknown(database: Database) -> None:
    database.connection.execute("alter type asset_visibility_enum add value 'vault'")
    database.insert(Row(id=UUID(int=1), owner=ANNA, path="/data/1.jpg", visibility="vault"))
    assert [each.visibility for each in stream(database.address)] == [Visibility.UNKNOWN]


def test_two_sidecars_of_one_asset_do_not_make_it_two(database: Database) -> None:
    if database.schema.has_sidecar_column:
        database.connection.execute('alter table asset drop "sidecarPath"')
    row = Row(id=UUID(int=1), owner=ANNA, path="/data/1.jpg")
    database.insert(row)
    database.connection.execute("alter table asset_file alter type type text, add column number int")
    database.connection.execute('alter table asset_file drop constraint if exists "asset_file_assetId_type_key"')
    database.connection.execute(
        'alter table asset_file drop constraint if exists "asset_file_assetId_type_isEdited_key"'
    )
    for path in ("/data/1.xmp", "/data/1.jpg.xmp"):
        database.connection.execute(
            'insert into asset_file ("assetId", type, path) values (%s, %s, %s)', [row.id, "sidecar", path]
        )
    assert [each.sidecar_path for each in stream(database.address)] == ["/data/1.jpg.xmp"]


def test_more_rows_than_are_fetched_at_once(database: Database) -> None:
    count = 2 * ROWS_AT_ONCE + 1
    fill(database.connection, count, folders=7)
    found = list(stream(database.address))
    assert len(found) == len({each.id for each in found}) == len({each.name for each in found}) == count
    # Memory: what many rows have in common is there once.
    assert len({each.folder for each in found}) == len({id(each.folder) for each in found}) == 14
    assert len({each.standing for each in found}) == len({id(each.standing) for each in found}) == 2


def test_all_rows_are_of_one_moment(database: Database) -> None:
    fill(database.connection, 2 * ROWS_AT_ONCE)
    rows = stream(database.address)
    next(rows)
    database.connection.execute("delete from asset")
    fill(database.connection, 10)
    assert sum(1 for _row in rows) == 2 * ROWS_AT_ONCE - 1


def test_what_tries_to_write_is_refused_by_the_database(database: Database) -> None:
    fill(database.connection, 1)
    database.connection.execute(
        b"""
        create table written (moment timestamptz);
        create function write_down() returns boolean language sql volatile as
            'insert into written values (now()) returning true';
        alter table asset rename to real_asset;
        create view asset as select * from real_asset where write_down();
        """
    )
    with pytest.raises(ToolkitError, match="read-only transaction"):
        list(stream(database.address))
    assert database.connection.execute("select * from written").fetchall() == []


def test_going_away_in_the_middle_closes_the_connection(database: Database) -> None:
    fill(database.connection, 2 * ROWS_AT_ONCE)
    rows = stream(database.address)
    next(rows)
    assert database.sessions() == 1
    rows.close()  # type: ignore[attr-defined]
    deadline = time.monotonic() + 20
    while database.sessions() and time.monotonic() < deadline:
        time.sleep(0.01)
    assert database.sessions() == 0


def test_a_connection_that_is_cut_in_the_middle_is_no_short_list(database: Database) -> None:
    fill(database.connection, 2 * ROWS_AT_ONCE)
    rows = stream(database.address)
    next(rows)
    database.connection.execute(
        "select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'immich-toolkit' and datname = %s",
        [database.address.name],
    )
    with pytest.raises(ServerUnreachable, match=r"broke off: .+ Nothing was changed\.$"):
        list(rows)


def test_without_the_client_library_one_line_says_what_to_install() -> None:
    program = (
        "import sys\n"
        "sys.modules['psycopg'] = None\n"
        "from immich_tools.errors import UsageError\n"
        "try:\n    import immich_tools.missing_originals.database\n"
        "except UsageError as error:\n    print(error)\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.startswith("Reading the database is not installed.")
    assert done.stdout.count("\n") == 1
